//! Connections whose commits last: how a file is opened, and what the host's pool must guarantee.

use std::{path::Path, time::Duration};

use sqlx::{
    ConnectOptions as _, Connection as _, Sqlite, SqliteConnection, SqlitePool,
    pool::PoolConnection,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};

use super::{super::runtime, SqliteError};

/// How every writing transaction begins: with the right to write. A transaction that reads first and asks for the right
/// later can be refused at once (`SQLITE_BUSY_SNAPSHOT`), without waiting for the busy timeout.
pub(super) const BEGIN: &str = "BEGIN IMMEDIATE";

/// How long to wait for the write lock. A write of ours takes milliseconds.
const PATIENCE: Duration = Duration::from_secs(5);

/// Requires a runtime: the pool waits for a connection by tokio's clock, and panics if there is none.
pub(super) fn require_runtime() -> Result<(), SqliteError> {
    runtime::require(SqliteError::OffRuntime)
}

/// Returns the connections to read on.
pub(super) fn readers(pool: &SqlitePool) -> Result<&SqlitePool, SqliteError> {
    require_runtime()?;
    Ok(pool)
}

pub(super) fn options(path: &Path) -> SqliteConnectOptions {
    before_wal(path).journal_mode(SqliteJournalMode::Wal)
}

fn before_wal(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        // A path is a path: with a folder before it, SQLite sees neither `:memory:` nor a `file:` URI in it.
        .filename(Path::new(".").join(path))
        .create_if_missing(true)
        .busy_timeout(PATIENCE)
        .synchronous(SqliteSynchronous::Full)
        // Apple's fsync leaves the data in the drive's cache. This asks for the one that does not.
        .pragma("fullfsync", "ON")
}

/// Creates a missing file, for its owner only, and switches it to the write-ahead log, which it then keeps.
pub(super) async fn first_contact(path: &Path) -> Result<(), SqliteError> {
    let missing = !path.exists();
    let mut connection = before_wal(path).connect().await?;
    if missing {
        only_for_its_owner(path).map_err(sqlx::Error::Io)?;
    }
    switch_to_wal(&mut connection).await?;
    Ok(connection.close().await?)
}

/// Changes the mode by path, after SQLite created the file, and never by a file handle of our own. Closing one would
/// drop all locks that this process holds on the file (POSIX), including SQLite's. Log files inherit the mode.
#[cfg(unix)]
fn only_for_its_owner(path: &Path) -> std::io::Result<()> {
    use std::{fs, os::unix::fs::PermissionsExt as _};
    fs::set_permissions(path, fs::Permissions::from_mode(0o600))
}

/// Does nothing: elsewhere the folder's access list says who may read.
#[cfg(not(unix))]
fn only_for_its_owner(_: &Path) -> std::io::Result<()> {
    Ok(())
}

/// Switches the journal. SQLite asks for the right to write this while it already reads. Waiting for it could deadlock,
/// so whatever the busy timeout, it is refused at once if another connection is about to write: the host, or another
/// process that makes the same switch. Then queue as any writer does, for which SQLite waits, and look again.
async fn switch_to_wal(connection: &mut SqliteConnection) -> Result<(), SqliteError> {
    let mut attempts_left = 5;
    loop {
        attempts_left -= 1;
        let switched = sqlx::raw_sql("PRAGMA journal_mode = WAL").execute(&mut *connection).await;
        match switched.map_err(SqliteError::from) {
            Err(SqliteError::Locked(_)) if attempts_left > 0 => {
                sqlx::raw_sql("BEGIN IMMEDIATE; COMMIT").execute(&mut *connection).await?;
            }
            switched => return switched.map(drop),
        }
    }
}

/// Refuses a pool whose commits a power cut may undo.
pub(super) async fn require_durable(pool: &SqlitePool) -> Result<(), SqliteError> {
    // <https://www.sqlite.org/pragma.html#pragma_synchronous>
    const FULL: i64 = 2;
    const EXTRA: i64 = 3;

    let mut connection = pool.acquire().await?;
    let file: String = sqlx::query_scalar("SELECT file FROM pragma_database_list WHERE name = 'main'")
        .fetch_one(&mut *connection)
        .await?;
    let journal_mode: String = sqlx::query_scalar("PRAGMA journal_mode").fetch_one(&mut *connection).await?;
    let synchronous: i64 = sqlx::query_scalar("PRAGMA synchronous").fetch_one(&mut *connection).await?;

    let durable = match journal_mode.as_str() {
        "wal" | "truncate" | "persist" => synchronous >= FULL,
        // Here a commit is the removal of the journal. Only EXTRA syncs the folder; without that, the journal may be
        // back after a power cut, and undo the commit.
        "delete" => synchronous >= EXTRA,
        // "memory" and "off" cannot undo half a write after a crash; "off" cannot even roll back.
        _ => false,
    };
    let in_memory = file.is_empty();
    if durable || in_memory { Ok(()) } else { Err(SqliteError::NotDurable { journal_mode, synchronous }) }
}

/// Sets a connection's busy timeout to zero and returns what it was. The write lock is then asked for, and not waited
/// for.
///
/// This is done with a write-ahead log only, with which the lock is the only thing to wait for. With other journals a
/// commit also waits for the readers, and that is left to SQLite.
pub(super) async fn take_patience(connection: &mut SqliteConnection) -> Result<Duration, SqliteError> {
    let journal_mode: String = sqlx::query_scalar("PRAGMA journal_mode").fetch_one(&mut *connection).await?;
    if journal_mode != "wal" {
        return Ok(Duration::ZERO);
    }
    let milliseconds: u32 = sqlx::query_scalar("PRAGMA busy_timeout").fetch_one(&mut *connection).await?;
    sqlx::raw_sql("PRAGMA busy_timeout = 0").execute(connection).await?;
    Ok(Duration::from_millis(milliseconds.into()))
}

/// Returns a connection that is in no transaction.
///
/// If the disk is full, SQLite may end a transaction by itself. sqlx does not notice, keeps counting it, and never
/// again begins another on that connection. So such a connection is replaced.
pub(super) async fn at_rest(pool: &SqlitePool) -> Result<PoolConnection<Sqlite>, SqliteError> {
    loop {
        let connection = pool.acquire().await?;
        if !connection.is_in_transaction() {
            return Ok(connection);
        }
        connection.close().await?;
    }
}
