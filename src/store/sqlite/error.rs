//! Errors of SQLite, told apart by what the operator of the portal can do about them.

use std::sync::Arc;

use super::super::runtime::OFF_RUNTIME;

/// A failure of the database, or of the store's tables in it.
///
/// A transaction that failed was rolled back, and nothing of it was written. Only a disk that breaks during a commit
/// ([`Other`](Self::Other)), or a writer that ended in the middle ([`Stopped`](Self::Stopped)), leaves that open.
///
/// The driver's error is shared, because writes that share a commit fail together.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SqliteError {
    /// Another connection held the database for longer than the busy timeout. Trying again later is safe.
    #[error("the database is locked by another connection; try again later")]
    Locked(#[source] Arc<sqlx::Error>),
    /// The disk is full, or the database has reached its page limit. Make room.
    #[error("the disk is full, or the database has reached its page limit; make room")]
    Full(#[source] Arc<sqlx::Error>),
    /// The file, its folder or the disk may not be written to.
    #[error("the database is read-only")]
    ReadOnly(#[source] Arc<sqlx::Error>),
    /// The file could not be opened or created: a missing folder, or a lack of permission.
    #[error("the database file cannot be opened; check the folder and the permissions")]
    CannotOpen(#[source] Arc<sqlx::Error>),
    /// The file is damaged or no database, or a row has what this store never writes. Restore a backup.
    #[error("the database is damaged, or no database; restore a backup")]
    Damaged(#[source] Arc<sqlx::Error>),
    /// A table of the store was removed after the store was made.
    #[error("a table of the store is missing")]
    MissingTable(#[source] Arc<sqlx::Error>),
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
    /// A power cut could undo the pool's commits: a spent code would be valid again. [Open](super::SqliteStore::open)
    /// the same file separately beside the pool, or make the pool with [`options`](super::SqliteStore::options).
    #[error(
        "commits would not survive a power cut (journal_mode = {journal_mode}, synchronous = {synchronous}): \
         open the same file by itself beside the host's pool with SqliteStore::open, \
         or make the pool with SqliteStore::options (WAL, synchronous = FULL)"
    )]
    NotDurable {
        /// SQLite's journal mode.
        journal_mode: String,
        /// SQLite's `synchronous`: 0 off, 1 normal, 2 full, 3 extra.
        synchronous: i64,
    },
    /// The store was made or read outside a tokio runtime, without which its pool does not work. Nothing was done. Make
    /// the call in an `async fn` under `#[tokio::main]`, or with `Runtime::block_on` or `Handle::block_on`.
    #[error("{OFF_RUNTIME}")]
    OffRuntime,
    /// The revision is above 2⁶³ − 1, the largest that SQLite stores.
    #[error("the revision {0} is beyond what SQLite can store")]
    RevisionOutOfRange(u64),
    /// The task that writes has ended: the pool was closed, or the runtime on which the store was made shut down. It is
    /// not known whether a write that was under way happened.
    #[error("the store's writer has ended, with its pool or its runtime")]
    Stopped,
    /// The id of an event is from another kind of store.
    #[error("the event's id is from another kind of store")]
    ForeignEventId,
    /// Any other error of the driver.
    #[error(transparent)]
    Other(Arc<sqlx::Error>),
}

impl From<sqlx::Error> for SqliteError {
    fn from(error: sqlx::Error) -> Self {
        let error = Arc::new(error);
        let of_sqlite = match &*error {
            // There should always be one row: the one with the version of the tables.
            sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) | sqlx::Error::RowNotFound => {
                return Self::Damaged(error);
            }
            sqlx::Error::Database(of_sqlite) => of_sqlite,
            _ => return Self::Other(error),
        };
        let code: i32 = of_sqlite.code().and_then(|code| code.parse().ok()).unwrap_or_default();
        // The low byte is the primary result code: <https://www.sqlite.org/rescode.html>
        match code & 0xff {
            5 | 6 => Self::Locked(error),
            8 => Self::ReadOnly(error),
            11 | 26 => Self::Damaged(error),
            13 => Self::Full(error),
            14 => Self::CannotOpen(error),
            // The general error has no code for it.
            1 if of_sqlite.message().starts_with("no such table") => Self::MissingTable(error),
            _ => Self::Other(error),
        }
    }
}
