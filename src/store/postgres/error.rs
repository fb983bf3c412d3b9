//! Errors of PostgreSQL, told apart by what the operator of the portal can do about them.

use super::super::runtime::OFF_RUNTIME;

/// A failure of the server, of the connection to it, or of the store's tables in it.
///
/// If the server *answered* with an error, it rolled back and nothing was written. If no answer came
/// ([`TimedOut`](Self::TimedOut), [`Unavailable`](Self::Unavailable)), the write may have happened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PostgresError {
    /// The server cannot be reached, has no room for us, or went away before it answered. A swap may have happened.
    #[error("the database is not available")]
    Unavailable(#[source] sqlx::Error),
    /// No answer came in time. A swap may have happened, or may still happen: the server was not told to cancel it.
    #[error("the database did not answer in time")]
    TimedOut,
    /// The server cancelled the statement: `statement_timeout`, `lock_timeout`, or an operator. Nothing was written.
    #[error("the database cancelled a statement")]
    GaveUp(#[source] sqlx::Error),
    /// Another transaction was in the way (`40001`, `40P01`), and this one was rolled back. A swap of the store's own
    /// is then [`Stale`](crate::store::Swap::Stale). In a transaction of the host, roll back and return `Stale`.
    #[error("another transaction was in the way")]
    Conflict(#[source] sqlx::Error),
    /// The server is a standby, which may show the past. Connect to the primary.
    #[error("the database is a standby, whose reads may be stale; connect to the primary")]
    Standby,
    /// The server, the role or the session is read-only.
    #[error("the database is read-only")]
    ReadOnly(#[source] sqlx::Error),
    /// An acknowledged commit may be lost: a spent code would be valid again.
    #[error(
        "commits may be lost (fsync = {fsync}, synchronous_commit = {synchronous_commit}): \
         switch both on, or say with Opening::durable_all_the_same why not"
    )]
    NotDurable {
        /// The server's `fsync`.
        fsync: String,
        /// The session's `synchronous_commit`.
        synchronous_commit: String,
    },
    /// A table of the store is missing, or not where the schema and prefix say.
    #[error("a table of the store is missing; check the schema and the prefix")]
    MissingTable(#[source] sqlx::Error),
    /// The tables are of an older version, or were not created yet. Run [`Opening::migrate`](super::Opening::migrate).
    #[error("the tables have version {found}, and this version of countersign needs {known}; migrate them")]
    OlderSchema {
        /// The version of the tables; 0 if none is recorded.
        found: u64,
        /// The version that is needed here.
        known: u64,
    },
    /// The tables were made by a newer version of this library. Deploy that version or a later one.
    #[error(
        "the tables have version {found}, and this version of countersign knows them up to {known}; deploy a newer one"
    )]
    NewerSchema {
        /// The version of the tables.
        found: u64,
        /// The highest version that is known here.
        known: u64,
    },
    /// A row has what this store never writes, or the server finds its own files damaged. Restore a backup.
    #[error("the database is damaged; restore a backup")]
    Damaged(#[source] sqlx::Error),
    /// The call came from outside a tokio runtime, without which the pool does not work. Nothing was done. Make the
    /// call in an `async fn` under `#[tokio::main]`, or with `Runtime::block_on` or `Handle::block_on`.
    #[error("{OFF_RUNTIME}")]
    OffRuntime,
    /// The revision is above 2⁶³ − 1, the largest that PostgreSQL stores.
    #[error("the revision {0} is beyond what PostgreSQL can store")]
    RevisionOutOfRange(u64),
    /// The id of an event is from another kind of store.
    #[error("the event's id is from another kind of store")]
    ForeignEventId,
    /// Any other error of the driver.
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
            // There should always be one row: the one with the version of the tables.
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
