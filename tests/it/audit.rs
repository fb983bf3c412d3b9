//! Who hears of what, and what nobody ever hears.

mod listening;
mod outbox;
mod secrecy;
