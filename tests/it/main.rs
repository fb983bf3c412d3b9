//! The tests of the library, in one binary: it builds once and starts once.
#![allow(unreachable_pub, reason = "the modules of this binary share their helpers with `pub`")]
#![allow(clippy::unwrap_used, reason = "in a test a panic is an answer")]

mod engine;
mod stories;
mod conformance;
mod report;
mod bulk;
mod edges;
mod hints;
mod import;
mod key_list;
mod races;
mod recovery;
mod faults;
mod own_table;
mod listening;
mod outbox;
mod secrecy;
mod settings;
mod by_choice;
mod joining;
mod devices;
mod names;
mod model;
#[cfg(feature = "sqlite")]
mod sqlite;
#[cfg(feature = "sqlite")]
mod support_desk;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "etcd")]
mod etcd;
mod examples;
mod house;
mod tools;
mod world;
