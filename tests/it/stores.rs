//! Stores: the suite that tries them, what is true of one alone, and the manual's runbooks on a real database.

mod conformance;
mod own_table;
#[cfg(feature = "sqlite")]
pub mod sqlite;
#[cfg(feature = "postgres")]
pub mod postgres;
#[cfg(feature = "etcd")]
pub mod etcd;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod runbooks;
