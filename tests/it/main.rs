//! The tests of the library, in one binary: it builds once and starts once.
#![allow(unreachable_pub, reason = "the modules of this binary share their helpers with `pub`")]
#![allow(clippy::unwrap_used, reason = "in a test a panic is an answer")]

mod engine;
mod login;
mod admin;
mod audit;
mod proofs;
mod stores;
mod examples;
mod house;
mod tools;
mod world;
