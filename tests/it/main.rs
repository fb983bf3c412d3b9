//! The tests of the library, in one binary: it builds once and starts once.
#![allow(unreachable_pub, reason = "the modules of this binary share their helpers with `pub`")]

mod engine;
#[cfg(feature = "sqlite")]
mod sqlite;
mod stories;
mod world;
