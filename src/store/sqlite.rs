//! A store in SQLite: records, settings, summaries and the audit trail in a file of their own, or beside the host's
//! tables.
//!
//! Every write is one conditional statement and its events, inside a `BEGIN IMMEDIATE` transaction, so that SQLite's
//! own write lock makes one of many win, in however many processes. This file knows nothing of what a record means,
//! and leaves it to `writer.rs` how writes share transactions.

mod error;
mod connect;
mod schema;
mod writer;
mod summaries;
mod trail;
mod outbox;
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
    Change, EventId, LoggedEvent, Notice, NoticeId, OrgSummary, Outbox, SettingsStore, Stored, Swap,
    UserStore, UserSummary,
};
use crate::{
    audit::Event,
    time::Timestamp,
    who::{OrgId, UserId},
};

type Sql<'q> = Query<'q, Sqlite, SqliteArguments>;

/// Keeps records, settings, summaries and events in SQLite.
///
/// * **Make it inside the tokio runtime that serves requests**: in an `async fn` under `#[tokio::main]`, or with
///   `Runtime::block_on` or `Handle::block_on`. Made or read anywhere else, it answers [`SqliteError::OffRuntime`]. The
///   runtime needs its timer (`enable_time` or `enable_all`); without it tokio panics and says so.
/// * **Beside a pool of the host's**, [`open`](Self::open) the same file by itself. The pool may be of any kind, but not
///   with `synchronous = OFF`: a power cut could then damage the whole file. To share one pool, make it with
///   [`options`](Self::options) and pass it to [`new`](Self::new), which refuses a pool that could lose a commit.
///
/// It makes its own tables, all named `countersign_…`, and brings older ones up to date when it is made. Clones
/// share one pool and one writer, so a host can hand one to [`TwoFactor`](crate::TwoFactor) and list
/// [`events`](Self::events) with another.
///
/// # How it writes
///
/// A commit that outlives a power cut waits for the disk, and SQLite lets one connection write at a time. So one task
/// has one connection and does all the writing: it takes what waits, at most 256 writes, commits them together and
/// then answers each. A write that comes alone is committed alone and at once, and who comes while a group is being
/// written joins it. One that fails by its own fault fails alone; when the commit fails, it fails for all of the
/// group. Reads go past the task, over the other connections of the pool, and see whatever was answered before.
///
/// The task runs on the tokio runtime on which the store was made, which must be kept alive and running. If the task is
/// gone, writes are refused with [`SqliteError::Stopped`]. It ends when the last clone is dropped, after it wrote what was handed in, or when the
/// pool is closed; `store.pool().close().await` returns when it has ended.
///
/// Several processes may share one file. Each has its own task, and they make way for each other.
///
/// # Beside the host's tables
///
/// A host may read the plain columns in its own SQL. A user is enrolled *now* when
/// `countersign_users.enrolled_epoch` equals the `epoch` of his org in `countersign_settings`.
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
    /// The store in this file, which is made if it is missing: on Unix readable by its owner only, elsewhere as the
    /// folder's permissions say. The file must be on a local disk; SQLite's write-ahead log does not work over a
    /// network.
    ///
    /// # Errors
    /// [`SqliteError`] when the file cannot be opened or made, is no database, or belongs to a newer version, or
    /// when no tokio runtime is here.
    ///
    /// # Panics
    /// When the runtime's timer is off, as do all that make or read a store.
    pub async fn open(path: impl AsRef<Path>) -> Result<Self, SqliteError> {
        connect::require_runtime()?;
        connect::first_contact(path.as_ref()).await?;
        // One connection for the writer and three for readers. There is no server that could hang up on them.
        let pool = SqlitePoolOptions::new().max_connections(4).test_before_acquire(false);
        Self::new(pool.connect_with(Self::options(path)).await?).await
    }

    /// A store in memory, for tests and demonstrations. It is gone with its last clone.
    ///
    /// # Errors
    /// [`SqliteError`] when no tokio runtime is here, or when SQLite fails, as it may when memory is short.
    pub async fn in_memory() -> Result<Self, SqliteError> {
        connect::require_runtime()?;
        // Every connection to `:memory:` is a database of its own. So there is one, and it is never replaced: not
        // for its age, and not, as sqlx does, when a caller goes away while it is tested before use.
        let one_for_good = SqlitePoolOptions::new()
            .max_connections(1)
            .idle_timeout(None)
            .max_lifetime(None)
            .test_before_acquire(false);
        Self::new(one_for_good.connect_with(SqliteConnectOptions::new().filename(":memory:")).await?).await
    }

    /// The store in a pool that the host has already, beside its own tables.
    ///
    /// [`Swap::Done`] is a promise that outlives a power cut, so a pool is refused whose commits may not: use WAL
    /// with `synchronous = FULL`, as [`options`](Self::options) does. A host that wants to keep its pool as it is
    /// [opens](Self::open) the same file by itself instead. Databases in memory are exempt, but take care that all
    /// connections of such a pool see the same one and that it is never left without any.
    ///
    /// The writer takes one connection of the pool for itself, for good. Let the pool have at least two more, for
    /// readers and for the host's own queries: `max_connections` 3 or above. A pool of a single connection works, too:
    /// there the writer borrows it for each group, and readers wait meanwhile.
    ///
    /// The pool's busy timeout is the writer's patience. When the host holds the write lock for longer, writes of that
    /// time fail with [`SqliteError::Locked`]. Do not hold it while you wait for this store: it would wait for you.
    ///
    /// # Errors
    /// [`SqliteError::NotDurable`] as said above, [`SqliteError::NewerSchema`] when a newer version of this library
    /// made the tables, [`SqliteError::OffRuntime`] when no tokio runtime is here, or whatever goes wrong when the
    /// tables are made.
    pub async fn new(pool: SqlitePool) -> Result<Self, SqliteError> {
        connect::require_runtime()?;
        connect::require_durable(&pool).await?;
        schema::migrate(&mut *connect::at_rest(&pool).await?).await?;
        let writer = Writer::start(pool.clone()).await?;
        Ok(Self { pool, writer })
    }

    /// How this store connects to a file: write-ahead log, `synchronous = FULL`, five seconds of patience with
    /// whoever holds the write lock, and a file that is made if it is missing. For hosts that make their own pool.
    pub fn options(path: impl AsRef<Path>) -> SqliteConnectOptions {
        connect::options(path.as_ref())
    }

    /// The pool, for the host's own queries.
    pub fn pool(&self) -> &SqlitePool {
        &self.pool
    }

    /// What happened in an org, newest first: at most `limit` events, those before `before` if it is given. The
    /// next page begins before the last event of this one.
    ///
    /// # Errors
    /// [`SqliteError`] when the database cannot be read, or when `before` is of another kind of store.
    pub async fn events(
        &self,
        org: &OrgId,
        before: Option<&EventId>,
        limit: u32,
    ) -> Result<Vec<LoggedEvent>, SqliteError> {
        trail::page(&self.pool, org, before, limit).await
    }

    /// What was last written of each of these users, in the same order; `None` where nothing ever was. For a
    /// [`Roster`](crate::Roster) whose people are in another database; one whose people are in this one joins `countersign_users`,
    /// whose columns [`UserSummary`] reads from a row (`sqlx::FromRow`).
    ///
    /// # Errors
    /// [`SqliteError`] when the database cannot be read.
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
        // What this store never writes is an error, and not "never written": a revision below 1 does not decode,
        // and a missing record, which sqlx reads as one without bytes, is refused here.
        let revision: NonZeroU64 = row.try_get("revision")?;
        let record: Vec<u8> = row.try_get("record")?;
        if record.is_empty() {
            let (index, source) = ("record".to_owned(), UnexpectedNullError.into());
            return Err(sqlx::Error::ColumnDecode { index, source }.into());
        }
        Ok(Some(Stored { revision: revision.get(), record }))
    }

    /// The one conditional write, for users and settings alike: `write` changes one row, or none.
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
                enrolled_epoch, enrolled_since, last_used, pending_until, waiting_until, blocked_since)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
            ON CONFLICT (org_id, user_id) DO NOTHING";
        const LATER: &str = "
            UPDATE countersign_users SET revision = ?3, record = ?4,
                enrolled_epoch = ?5, enrolled_since = ?6, last_used = ?7, pending_until = ?8, waiting_until = ?9,
                blocked_since = ?10
            WHERE org_id = ?1 AND user_id = ?2 AND revision = ?11";
        let UserSummary {
            enrolled_epoch,
            enrolled_since,
            last_used,
            pending_until,
            waiting_until,
            blocked_since,
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
            INSERT INTO countersign_settings (org_id, revision, record, requirement, epoch)
            VALUES (?1, ?2, ?3, ?4, ?5)
            ON CONFLICT (org_id) DO NOTHING";
        const LATER: &str = "
            UPDATE countersign_settings SET revision = ?2, record = ?3, requirement = ?4, epoch = ?5
            WHERE org_id = ?1 AND revision = ?6";
        let OrgSummary { requirement, epoch } = change.summary;
        let write = sqlx::query(if change.expected == 0 { FIRST } else { LATER })
            .bind(change.org.as_str())
            .bind(revision(change.next.revision)?)
            .bind(change.next.record.as_slice())
            .bind(requirement.as_str())
            .bind(epoch.to_string())
            .bind(revision(change.expected)?);
        self.swap(write, change.events).await
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

/// A revision decides who wins, so it is exact or it is refused.
fn revision(revision: u64) -> Result<i64, SqliteError> {
    i64::try_from(revision).map_err(|_| SqliteError::RevisionOutOfRange(revision))
}

/// A point in time is there to be shown, so the end of time will do for what lies beyond it.
fn seconds(at: Timestamp) -> i64 {
    i64::try_from(at.as_unix()).unwrap_or(i64::MAX)
}
