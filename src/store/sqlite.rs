//! A store in SQLite: records, settings, summaries and the audit trail in a file of their own, or beside the host's
//! tables.
//!
//! Every write is one conditional statement and its events, inside a `BEGIN IMMEDIATE` transaction. So SQLite's own
//! write lock lets one of many win, across any number of processes. This file knows nothing of what a record means, and
//! leaves it to `writer.rs` how writes share transactions.

mod error;
mod connect;
mod schema;
mod writer;
mod summaries;
mod trail;
mod outbox;
mod records;
#[cfg(test)]
mod tests;

use std::{num::NonZeroU64, path::Path};

use sqlx::{
    Row as _, Sqlite, SqlitePool,
    error::UnexpectedNullError,
    query::Query,
    sqlite::{SqliteArguments, SqliteConnectOptions, SqlitePoolOptions},
};

pub use self::error::SqliteError;
use self::writer::{Statement, Write, Writer};
use super::{
    Change, Erasure, EventId, HeadCount, LoggedEvent, Notice, NoticeId, OrgSummary, Outbox, Records,
    RecordsRequest, SettingsStore, Stored, Swap, UserStore, UserSummary,
};
use crate::{
    audit::Event,
    time::Timestamp,
    who::{OrgId, UserId},
};

type Sql<'q> = Query<'q, Sqlite, SqliteArguments>;

/// A store that keeps records, settings, summaries and events in SQLite.
///
/// * **Make it inside the tokio runtime that serves requests**: in an `async fn` under `#[tokio::main]`, or with
///   `Runtime::block_on` or `Handle::block_on`. Made or read anywhere else, it fails with [`SqliteError::OffRuntime`].
///   The runtime needs its timer (`enable_time` or `enable_all`); without it tokio panics and says so.
/// * **Beside a pool of the host**, [`open`](Self::open) the same file separately. The pool may be of any kind, except
///   with `synchronous = OFF`: a power cut could then damage the whole file. To share one pool, make it with
///   [`options`](Self::options) and pass it to [`new`](Self::new), which refuses a pool that could lose a commit.
///
/// It creates its own tables, all named `countersign_…`, and brings older ones up to date when it is made. Clones share
/// one pool and one writer, so a host can give one to [`TwoFactor`](crate::TwoFactor) and list [`events`](Self::events)
/// with another.
///
/// # How it writes
///
/// A commit that survives a power cut waits for the disk, and SQLite lets one connection write at a time. So one task
/// has one connection and does all the writing: it takes the waiting writes, at most 256, commits them together and
/// then answers each. A single write is committed alone and at once. Writes that arrive while a group is being written
/// join it. A write that fails by its own fault fails alone; if the commit fails, all of the group fail. Reads use the
/// other connections of the pool, and see everything that was answered before.
///
/// The task runs on the tokio runtime on which the store was made, which must be kept alive and running. If the task is
/// gone, writes are refused with [`SqliteError::Stopped`]. It ends when the last clone is dropped, after the writes
/// already handed in, or when the pool is closed; `store.pool().close().await` returns when it has ended.
///
/// Several processes may share one file. Each has its own task, and they give way to each other.
///
/// # Beside the host's tables
///
/// A host may read the plain columns in its own SQL. A user is enrolled *now* if `countersign_users.enrolled_epoch`
/// is the `epoch` of their org in `countersign_settings`, or its `chosen_in`.
///
/// ```
/// use countersign::{OrgId, store::sqlite::SqliteStore};
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let store = SqliteStore::in_memory().await?; // or open("/var/lib/portal/countersign.sqlite")
/// assert!(store.events(&OrgId::from(7_i64), None, 20).await?.is_empty());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct SqliteStore {
    pool: SqlitePool,
    writer: Writer,
}

impl SqliteStore {
    /// Opens the store in this file, which is created if it is missing.
    ///
    /// On Unix a new file is readable by its owner only, elsewhere as the folder's permissions say. The file must be on
    /// a local disk; SQLite's write-ahead log does not work over a network.
    ///
    /// # Errors
    /// [`SqliteError`] if the file cannot be opened or created, is no database or belongs to a newer version, or if
    /// there is no tokio runtime.
    ///
    /// # Panics
    /// If the runtime's timer is off, like every method that makes or reads a store.
    pub async fn open(path: impl AsRef<Path>) -> Result<Self, SqliteError> {
        connect::require_runtime()?;
        connect::first_contact(path.as_ref()).await?;
        // One connection for the writer and three for readers. There is no server that could hang up on them.
        let pool = SqlitePoolOptions::new().max_connections(4).test_before_acquire(false);
        Self::new(pool.connect_with(Self::options(path)).await?).await
    }

    /// Creates a store in memory, for tests and demonstrations. It is gone with its last clone.
    ///
    /// # Errors
    /// [`SqliteError`] if there is no tokio runtime, or if SQLite fails, as it may if memory is short.
    pub async fn in_memory() -> Result<Self, SqliteError> {
        connect::require_runtime()?;
        // Every connection to `:memory:` is a database of its own. So there is one, and it is never replaced: not for
        // its age, and not, as sqlx does, when a caller goes away while it is tested before use.
        let one_for_good = SqlitePoolOptions::new()
            .max_connections(1)
            .idle_timeout(None)
            .max_lifetime(None)
            .test_before_acquire(false);
        Self::new(one_for_good.connect_with(SqliteConnectOptions::new().filename(":memory:")).await?).await
    }

    /// Opens the store in a pool that the host has already, beside its own tables.
    ///
    /// [`Swap::Done`] is a promise that survives a power cut, so a pool is refused if its commits may not: use WAL with
    /// `synchronous = FULL`, as [`options`](Self::options) does. To keep a pool as it is, [open](Self::open) the same
    /// file separately. Databases in memory are exempt, but take care that all connections of such a pool see the same
    /// one, and that it is never left without any.
    ///
    /// The writer takes one connection of the pool for itself, permanently. Give the pool at least two more, for
    /// readers and for the host's own queries: `max_connections` 3 or above. A pool of a single connection works, too:
    /// the writer borrows it for each group, and readers wait meanwhile.
    ///
    /// The pool's busy timeout is the writer's patience. If the host holds the write lock for longer, writes of that
    /// time fail with [`SqliteError::Locked`]. Do not hold it while you wait for this store: it would wait for you.
    ///
    /// # Errors
    /// * [`SqliteError::NotDurable`] if its commits may not survive a power cut.
    /// * [`SqliteError::NewerSchema`] if a newer version of this library made the tables.
    /// * [`SqliteError::OffRuntime`] if there is no tokio runtime.
    /// * Any other [`SqliteError`] from creating the tables.
    pub async fn new(pool: SqlitePool) -> Result<Self, SqliteError> {
        connect::require_runtime()?;
        connect::require_durable(&pool).await?;
        schema::migrate(&mut *connect::at_rest(&pool).await?).await?;
        let writer = Writer::start(pool.clone()).await?;
        Ok(Self { pool, writer })
    }

    /// Returns how this store connects to a file, for hosts that make their own pool.
    ///
    /// That is with a write-ahead log and `synchronous = FULL`. It waits five seconds for the write lock, and creates a
    /// missing file.
    pub fn options(path: impl AsRef<Path>) -> SqliteConnectOptions {
        connect::options(path.as_ref())
    }

    /// Returns the pool, for the host's own queries.
    pub fn pool(&self) -> &SqlitePool {
        &self.pool
    }

    /// Returns what happened in an org, newest first: at most `limit` events, and only those before `before` if it is
    /// given. To get the next page, pass the id of the last event of this one.
    ///
    /// # Errors
    /// [`SqliteError`] if the database cannot be read, or if `before` is from another kind of store.
    pub async fn events(
        &self,
        org: &OrgId,
        before: Option<&EventId>,
        limit: u32,
    ) -> Result<Vec<LoggedEvent>, SqliteError> {
        trail::page(&self.pool, org, before, limit).await
    }

    /// Returns what was last written about each of these users, in the same order; `None` if nothing ever was.
    ///
    /// This is for a [`Roster`](crate::Roster) whose people are in another database. If they are in this one, join
    /// `countersign_users`, whose columns [`UserSummary`] reads from a row (`sqlx::FromRow`).
    ///
    /// # Errors
    /// [`SqliteError`] if the database cannot be read.
    pub async fn summaries<'u>(
        &self,
        org: &OrgId,
        users: impl IntoIterator<Item = &'u UserId>,
    ) -> Result<Vec<Option<UserSummary>>, SqliteError> {
        let users: Vec<&UserId> = users.into_iter().collect();
        summaries::of(&self.pool, org, &users).await
    }

    async fn load(&self, select: Sql<'_>) -> Result<Option<Stored>, SqliteError> {
        let Some(row) = select.fetch_optional(connect::readers(&self.pool)?).await? else { return Ok(None) };
        // What this store never writes is an error, and not "never written": a revision below 1 does not decode, and a
        // missing record, which sqlx reads as one without bytes, is refused here.
        let revision: NonZeroU64 = row.try_get("revision")?;
        let record: Vec<u8> = row.try_get("record")?;
        if record.is_empty() {
            let (index, source) = ("record".to_owned(), UnexpectedNullError.into());
            return Err(sqlx::Error::ColumnDecode { index, source }.into());
        }
        Ok(Some(Stored { revision: revision.get(), record }))
    }

    /// Performs the one conditional write, for users and settings alike: `write` changes one row, or none.
    async fn swap(&self, write: Sql<'_>, events: &[Event]) -> Result<Swap, SqliteError> {
        let mut follows = Vec::new();
        for event in events {
            follows.push(trail::append(event)?);
            if let Some(notice) = outbox::append(event) {
                follows.push(notice?);
            }
        }
        self.writer.write(Write { decides: Statement::of(write)?, follows }).await
    }
}

impl UserStore for SqliteStore {
    type Error = SqliteError;

    async fn load_user(&self, org: &OrgId, user: &UserId) -> Result<Option<Stored>, SqliteError> {
        const SELECT: &str =
            "SELECT revision, record FROM countersign_users WHERE org_id = ?1 AND user_id = ?2";
        self.load(sqlx::query(SELECT).bind(org.as_str()).bind(user.as_str())).await
    }

    async fn swap_user(&self, user: &UserId, change: Change<'_, UserSummary>) -> Result<Swap, SqliteError> {
        const FIRST: &str = "
            INSERT INTO countersign_users (org_id, user_id, revision, record,
                enrolled_epoch, enrolled_since, last_used, pending_until, waiting_until, blocked_since,
                probation_until, chosen_under, imported_epoch, wrong_in_a_row, due_epoch, due_told, due_by,
                invited_epoch, invited_until)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19)
            ON CONFLICT (org_id, user_id) DO NOTHING";
        const LATER: &str = "
            UPDATE countersign_users SET revision = ?3, record = ?4,
                enrolled_epoch = ?5, enrolled_since = ?6, last_used = ?7, pending_until = ?8, waiting_until = ?9,
                blocked_since = ?10, probation_until = ?11, chosen_under = ?12, imported_epoch = ?13,
                wrong_in_a_row = ?14, due_epoch = ?15, due_told = ?16, due_by = ?17, invited_epoch = ?18,
                invited_until = ?19
            WHERE org_id = ?1 AND user_id = ?2 AND revision = ?20";
        let UserSummary {
            enrolled_epoch,
            enrolled_since,
            last_used,
            pending_until,
            waiting_until,
            blocked_since,
            probation_until,
            chosen_under,
            imported_epoch,
            wrong_in_a_row,
            due_epoch,
            due_told,
            due_by,
            invited_epoch,
            invited_until,
        } = change.summary;
        let write = sqlx::query(if change.expected == 0 { FIRST } else { LATER })
            .bind(change.org.as_str())
            .bind(user.as_str())
            .bind(revision(change.next.revision)?)
            .bind(change.next.record.as_slice())
            .bind(enrolled_epoch.map(|epoch| epoch.to_string()))
            .bind(enrolled_since.map(seconds))
            .bind(last_used.map(seconds))
            .bind(pending_until.map(seconds))
            .bind(waiting_until.map(seconds))
            .bind(blocked_since.map(seconds))
            .bind(probation_until.map(seconds))
            .bind(*chosen_under)
            .bind(imported_epoch.map(|epoch| epoch.to_string()))
            .bind(wrong_in_a_row)
            .bind(due_epoch.map(|epoch| epoch.to_string()))
            .bind(due_told.map(seconds))
            .bind(due_by.map(seconds))
            .bind(invited_epoch.map(|epoch| epoch.to_string()))
            .bind(invited_until.map(seconds))
            .bind(revision(change.expected)?);
        self.swap(write, change.events).await
    }
}

impl SettingsStore for SqliteStore {
    type Error = SqliteError;

    async fn load_settings(&self, org: &OrgId) -> Result<Option<Stored>, SqliteError> {
        const SELECT: &str = "SELECT revision, record FROM countersign_settings WHERE org_id = ?1";
        self.load(sqlx::query(SELECT).bind(org.as_str())).await
    }

    async fn swap_settings(&self, change: Change<'_, OrgSummary>) -> Result<Swap, SqliteError> {
        const FIRST: &str = "
            INSERT INTO countersign_settings (org_id, revision, record, requirement, epoch, chosen_in)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6)
            ON CONFLICT (org_id) DO NOTHING";
        const LATER: &str = "
            UPDATE countersign_settings SET revision = ?2, record = ?3, requirement = ?4, epoch = ?5, chosen_in = ?6
            WHERE org_id = ?1 AND revision = ?7";
        let OrgSummary { requirement, epoch, chosen_in } = change.summary;
        let write = sqlx::query(if change.expected == 0 { FIRST } else { LATER })
            .bind(change.org.as_str())
            .bind(revision(change.next.revision)?)
            .bind(change.next.record.as_slice())
            .bind(requirement.as_str())
            .bind(epoch.to_string())
            .bind(chosen_in.map(|epoch| epoch.to_string()))
            .bind(revision(change.expected)?);
        self.swap(write, change.events).await
    }
}

impl Records for SqliteStore {
    type Error = SqliteError;

    async fn count(&self, org: &OrgId) -> Result<Vec<HeadCount>, SqliteError> {
        records::count(&self.pool, org).await
    }

    async fn page(&self, wanted: RecordsRequest<'_>) -> Result<Vec<UserId>, SqliteError> {
        records::page(&self.pool, wanted).await
    }
}

impl Erasure for SqliteStore {
    type Error = SqliteError;

    async fn erase(&self, org: &OrgId, user: &UserId, pseudonym: &UserId) -> Result<(), SqliteError> {
        records::erase(&self.writer, org, user, pseudonym).await
    }

    async fn erase_org(&self, org: &OrgId) -> Result<(), SqliteError> {
        records::erase_org(&self.writer, org).await
    }

    async fn remove(&self, org: &OrgId, user: &UserId, revision: u64) -> Result<Swap, SqliteError> {
        records::remove(&self.writer, org, user, revision).await
    }
}

impl Outbox for SqliteStore {
    type Error = SqliteError;

    async fn waiting(&self, after: Option<&NoticeId>, limit: u32) -> Result<Vec<Notice>, SqliteError> {
        outbox::page(&self.pool, after, limit).await
    }

    async fn acknowledge(&self, told: &[NoticeId]) -> Result<(), SqliteError> {
        outbox::acknowledge(&self.writer, told).await
    }
}

/// Converts a revision. It decides who wins, so it is exact or refused.
fn revision(revision: u64) -> Result<i64, SqliteError> {
    i64::try_from(revision).map_err(|_| SqliteError::RevisionOutOfRange(revision))
}

/// Converts a time, which is only shown. Times after the largest number become the largest number.
fn seconds(at: Timestamp) -> i64 {
    i64::try_from(at.as_unix()).unwrap_or(i64::MAX)
}
