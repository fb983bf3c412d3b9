//! What goes wrong in PostgreSQL, told apart by what the operator of the portal can do about it.

use super::super::runtime::OFF_RUNTIME;

/// A failure of the server, of the way to it, or of the store's tables in it.
///
/// What a server *answered* with an error was rolled back, and nothing of it was written. Where no answer came
/// ([`TimedOut`](Self::TimedOut), [`Unavailable`](Self::Unavailable)) the write may have happened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PostgresError {
    /// The server cannot be reached, has no room for us, or went away before it answered. A swap may have happened.
    #[error("the database is not available")]
    Unavailable(#[source] sqlx::Error),
    /// No answer came in time. A swap may have happened, or may yet happen: the server was not told to give it up.
    #[error("the database did not answer in time")]
    TimedOut,
    /// The server gave up by itself: `statement_timeout`, `lock_timeout`, or somebody cancelled. Nothing was written.
    #[error("the database gave up on a statement")]
    GaveUp(#[source] sqlx::Error),
    /// Another transaction was in the way (`40001`, `40P01`), and this one was rolled back. A swap of the store's own
    /// is then [`Stale`](crate::Swap::Stale); in a transaction of the host's, roll back and say the same.
    #[error("another transaction was in the way")]
    Conflict(#[source] sqlx::Error),
    /// The server is a standby. What it shows may be of the past: connect to the primary.
    #[error("the database is a standby, whose reads may be stale: connect to the primary")]
    Standby,
    /// The server, the role or the session may only read.
    #[error("the database is read-only")]
    ReadOnly(#[source] sqlx::Error),
    /// A commit may be lost that was acknowledged: a spent code would be good again.
    #[error(
        "commits may be lost (fsync = {fsync}, synchronous_commit = {synchronous_commit}): \
         switch both on, or say with Opening::durable_all_the_same why not"
    )]
    NotDurable {
        /// What the server says that its `fsync` is.
        fsync: String,
        /// What the session says that its `synchronous_commit` is.
        synchronous_commit: String,
    },
    /// A table of the store is not there, or not where the schema and prefix say.
    #[error("a table of the store is missing")]
    MissingTable(#[source] sqlx::Error),
    /// The tables are those of an older version, or were not made yet. Run [`Opening::migrate`](super::Opening::migrate).
    #[error("the tables have version {found}, and this version of countersign needs {known}: migrate them")]
    OlderSchema {
        /// The version of the tables; 0 if none is recorded.
        found: u64,
        /// The version that is needed here.
        known: u64,
    },
    /// A newer version of this library has been here. Deploy that one or a later one.
    #[error("the tables have version {found}, and this version of countersign knows them up to {known}")]
    NewerSchema {
        /// The version of the tables.
        found: u64,
        /// The highest version that is known here.
        known: u64,
    },
    /// A row has what this store never writes, or the server finds its own files damaged. Restore a backup.
    #[error("the database is damaged")]
    Damaged(#[source] sqlx::Error),
    /// The call came from outside a tokio runtime, without which the pool does not work. Nothing was done. Call it in an
    /// `async fn` under `#[tokio::main]`, or with `Runtime::block_on` or `Handle::block_on`.
    #[error("{OFF_RUNTIME}")]
    OffRuntime,
    /// PostgreSQL counts to 2⁶³ − 1.
    #[error("the revision {0} is beyond what PostgreSQL can store")]
    RevisionOutOfRange(u64),
    /// The id of an event that another kind of store gave.
    #[error("the event is of another store")]
    ForeignEventId,
    /// Anything else; the driver says what.
    #[error(transparent)]
    Other(sqlx::Error),
}

impl From<sqlx::Error> for PostgresError {
    fn from(error: sqlx::Error) -> Self {
        use sqlx::Error::{
            ColumnDecode, ColumnNotFound, Database, Decode, Io, PoolClosed, PoolTimedOut, Protocol,
            RowNotFound, Tls,
        };
        let code = match &error {
            // One row is always there, or should be: the one with the version of the tables.
            ColumnDecode { .. } | ColumnNotFound(_) | Decode(_) | RowNotFound => return Self::Damaged(error),
            Io(_) | Tls(_) | Protocol(_) | PoolTimedOut | PoolClosed => return Self::Unavailable(error),
            Database(of_postgres) => of_postgres.code().unwrap_or_default(),
            _ => return Self::Other(error),
        };
        // <https://www.postgresql.org/docs/current/errcodes-appendix.html>
        match &*code {
            "40001" | "40P01" => Self::Conflict(error),
            "25006" => Self::ReadOnly(error),
            "42P01" | "3F000" => Self::MissingTable(error),
            "57014" | "55P03" | "25P03" | "25P04" => Self::GaveUp(error),
            "XX001" | "XX002" => Self::Damaged(error),
            // No connection (08), no resources (53), shutting down or starting up (57P), a broken disk (58).
            code if ["08", "53", "57P", "58"].iter().any(|class| code.starts_with(class)) => {
                Self::Unavailable(error)
            }
            _ => Self::Other(error),
        }
    }
}
