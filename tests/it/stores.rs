//! Stores: the suite that tries them, and what is true of one alone.

mod conformance;
mod own_table;
#[cfg(feature = "sqlite")]
pub mod sqlite;
#[cfg(feature = "postgres")]
pub mod postgres;
#[cfg(feature = "etcd")]
pub mod etcd;
