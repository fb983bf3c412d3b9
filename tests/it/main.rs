//! The tests of the library, in one binary: it builds once and starts once.
#![allow(unreachable_pub, reason = "the modules of this binary share their helpers with `pub`")]

mod engine;
mod races;
#[cfg(feature = "sqlite")]
mod sqlite;
mod edges;
mod faults;
mod stories;
mod tools;
mod world;
