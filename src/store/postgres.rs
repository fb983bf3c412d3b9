//! A store in PostgreSQL, or in a server that speaks its protocol: records, settings, summaries and the audit trail in
//! tables beside the host's own.
//!
//! Every write is one conditional statement, which is a transaction by itself. It needs no sequence, lock, trigger or
//! function, so distributed servers can run it. This file knows nothing of what a record means.

mod error;
mod names;
mod server;
mod statements;
mod schema;
mod hands;
mod opening;
mod summaries;
mod trail;
mod outbox;
mod records;
mod uncommitted;
#[cfg(test)]
mod tests;

use std::{num::NonZeroU64, time::Duration};

use sqlx::{
    Connection as _, PgPool, PgTransaction, Postgres, Row as _, SqlStr,
    error::UnexpectedNullError,
    postgres::{PgArguments, PgPoolOptions, PgRow},
    query::Query,
};
use tokio::time::timeout;

pub use self::{error::PostgresError, names::InvalidTableName, opening::Opening, uncommitted::Uncommitted};
use self::{hands::Hands, statements::Statements};
use super::{
    Change, Erasure, HeadCount, Notice, NoticeId, OrgSummary, Outbox, Records, RecordsRequest, SettingsStore,
    Stored, Swap, UserStore, UserSummary,
    logged::{EventId, LoggedEvent},
};
use crate::{
    time::Timestamp,
    who::{OrgId, UserId},
};

type Statement<'q> = Query<'q, Postgres, PgArguments>;

/// A store that keeps records, settings, summaries and events in PostgreSQL.
///
/// Clones share one pool, so a host can give one to [`TwoFactor`](crate::TwoFactor) and list [`events`](Self::events)
/// with another.
///
/// It works inside a tokio runtime that has its timer on. Anywhere else it fails with [`PostgresError::OffRuntime`].
///
/// A host may read the plain columns in its own SQL. A user is enrolled *now* if `countersign_users.enrolled_epoch`
/// equals the `epoch` of their org in `countersign_settings`.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use countersign::store::postgres::PostgresStore;
///
/// let pool = PostgresStore::pool_options().connect("postgres://portal@db.example/portal").await?;
/// let store = PostgresStore::new(pool).await?; // or over(pool), to say more
/// # Ok(()) }
/// ```
///
/// # The server and the pool
///
/// * *Always the primary.* A standby is refused, when the store is opened and at every load: if a pool's server was
///   demoted, the pool would read the past. Use no read replicas, and no balancer that spreads reads.
/// * *`synchronous_commit`* must be at least `on`, and `fsync` on; [`new`](Self::new) refuses less. With asynchronous
///   replication a failover loses the last commits, although the primary acknowledged them: a spent code is valid again
///   for its minute. If that is too much, name a synchronous standby (`synchronous_standby_names`).
/// * *No cancels.* If a commit that waits for a synchronous standby is cancelled (`pg_cancel_backend`, a proxy's query
///   timeout), it reports success for a write that a failover then loses. This store never sends a cancel. It waits for
///   [its patience](Opening::with_patience), closes the connection and reports that it does not know.
///   `statement_timeout` is harmless: it does not cover the commit.
/// * *[`pool_options`](Self::pool_options)*, or the same in a pool of your own:
///   * `test_before_acquire(false)`, since a ping before each statement doubles its round trips;
///   * an `acquire_timeout` of a few seconds instead of thirty, so that a server that is down is soon an error;
///   * `max_connections` as the server can bear, at least four: a verification reads on two connections at once, and a
///     third may still be on its way back. (sqlx also pings connections that come back. Under load this store hands
///     connections on without the pool, and leaves a quarter of them to others.)
/// * *Prepared statements*: sqlx keeps 100 for each connection (`statement_cache_capacity`), of which this store needs
///   a dozen. Some poolers hand out connections by transaction and do not know prepared statements (PgBouncer before
///   1.21). Behind one, set it to 0, at the price of another round trip for each statement.
#[derive(Clone, Debug)]
pub struct PostgresStore {
    hands: Hands,
    patience: Duration,
    statements: Statements,
}

impl PostgresStore {
    /// Opens the store in a pool that the host has already, and creates its tables or brings them up to date.
    ///
    /// # Errors
    /// * [`PostgresError::Standby`] and [`PostgresError::NotDurable`] if the server cannot keep the contract.
    /// * [`PostgresError::NewerSchema`] if a newer version of this library made the tables.
    /// * Any other [`PostgresError`] from creating them.
    pub async fn new(pool: PgPool) -> Result<Self, PostgresError> {
        let opening = Self::over(pool);
        opening.migrate().await?;
        opening.open().await
    }

    /// Starts opening the store step by step: for tables in a schema or under a prefix, or for a role that may create
    /// none.
    pub fn over(pool: PgPool) -> Opening {
        Opening::new(pool)
    }

    /// Returns the options that this store recommends for its pool.
    ///
    /// Those are at most 32 connections, five seconds to wait for a free one, and a ping only for connections that were
    /// not used for that long.
    ///
    /// sqlx pings before each use, which doubles the time of a statement. Without any ping, a restart of the server
    /// would leave one dead connection after the other to be handed out.
    pub fn pool_options() -> PgPoolOptions {
        const A_WHILE: Duration = Duration::from_secs(5);
        let options = PgPoolOptions::new().max_connections(32).acquire_timeout(A_WHILE);
        options.test_before_acquire(false).before_acquire(|connection, about| {
            Box::pin(async move {
                if about.idle_for > A_WHILE {
                    connection.ping().await?;
                }
                Ok(true)
            })
        })
    }

    /// Returns the pool, for the host's own queries.
    pub fn pool(&self) -> &PgPool {
        self.hands.pool()
    }

    /// Returns what happened in an org, newest first: at most `limit` events. The order is by the clocks of the
    /// processes that decided it. With `before`, only events after that one in this order are returned. To get the next
    /// page, pass the id of the last event of this one.
    ///
    /// # Errors
    /// [`PostgresError`] if the database cannot be read, or if `before` is from another kind of store.
    pub async fn events(
        &self,
        org: &OrgId,
        before: Option<&EventId>,
        limit: u32,
    ) -> Result<Vec<LoggedEvent>, PostgresError> {
        trail::page(self, org, before, limit).await
    }

    /// Returns what was last written about each of these users, in the same order; `None` if nothing ever was.
    ///
    /// This is for a [`Roster`](crate::Roster) whose people are in another database. If they are in this one, join
    /// `countersign_users`, whose columns [`UserSummary`] reads from a row (`sqlx::FromRow`).
    ///
    /// # Errors
    /// [`PostgresError`] if the database cannot be read.
    pub async fn summaries<'u>(
        &self,
        org: &OrgId,
        users: impl IntoIterator<Item = &'u UserId>,
    ) -> Result<Vec<Option<UserSummary>>, PostgresError> {
        let users: Vec<&UserId> = users.into_iter().collect();
        summaries::of(self, org, &users).await
    }

    /// Performs the swap of [`UserStore`] in a transaction of the host. So a host can write a row of its own in the
    /// same commit. Nothing is done before [`Uncommitted::commit`].
    ///
    /// ```no_run
    /// use countersign::{OrgId, UserId, UserStore, store::{Change, Stored, Swap, UserSummary, postgres::{PostgresError, PostgresStore}}};
    ///
    /// /// The store, and the host's sessions beside it: they end in the same commit as the user's generation.
    /// struct Users(PostgresStore);
    ///
    /// impl UserStore for Users {
    ///     type Error = PostgresError;
    ///
    ///     async fn load_user(&self, org: &OrgId, user: &UserId) -> Result<Option<Stored>, PostgresError> {
    ///         self.0.load_user(org, user).await
    ///     }
    ///
    ///     async fn swap_user(&self, user: &UserId, change: Change<'_, UserSummary>) -> Result<Swap, PostgresError> {
    ///         if !change.ends_sessions {
    ///             return self.0.swap_user(user, change).await;
    ///         }
    ///         let org = change.org;
    ///         let mut transaction = self.0.pool().begin().await?;
    ///         let swapped = self.0.swap_user_in(&mut transaction, user, change).await?;
    ///         if swapped.is_written() {
    ///             sqlx::query("DELETE FROM sessions WHERE org_id = $1 AND user_id = $2")
    ///                 .bind(org.as_str())
    ///                 .bind(user.as_str())
    ///                 .execute(&mut *transaction)
    ///                 .await?;
    ///         }
    ///         swapped.commit(transaction).await
    ///     }
    /// }
    /// ```
    ///
    /// # Errors
    /// [`PostgresError`] if the database fails. The transaction can then only be rolled back.
    pub async fn swap_user_in(
        &self,
        transaction: &mut PgTransaction<'_>,
        user: &UserId,
        change: Change<'_, UserSummary>,
    ) -> Result<Uncommitted, PostgresError> {
        let written = self.user_write(user, &change)?.execute(&mut **transaction).await;
        uncommitted::after(written.map(|done| done.rows_affected()).map_err(PostgresError::from))
    }

    fn user_write<'q>(
        &self,
        user: &'q UserId,
        change: &Change<'q, UserSummary>,
    ) -> Result<Statement<'q>, PostgresError> {
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
        let write = sqlx::query(self.statements.users().upon(change.expected, !change.events.is_empty()))
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
            .bind(chosen_under.map(i64::from))
            .bind(imported_epoch.map(|epoch| epoch.to_string()))
            .bind(i64::from(*wrong_in_a_row))
            .bind(due_epoch.map(|epoch| epoch.to_string()))
            .bind(due_told.map(seconds))
            .bind(due_by.map(seconds))
            .bind(invited_epoch.map(|epoch| epoch.to_string()))
            .bind(invited_until.map(seconds));
        Ok(trail::bind(bind_expected(write, change.expected)?, change.events))
    }

    fn settings_write<'q>(&self, change: &Change<'q, OrgSummary>) -> Result<Statement<'q>, PostgresError> {
        let OrgSummary { requirement, epoch, chosen_in } = change.summary;
        let write = sqlx::query(self.statements.settings().upon(change.expected, !change.events.is_empty()))
            .bind(change.org.as_str())
            .bind(revision(change.next.revision)?)
            .bind(change.next.record.as_slice())
            .bind(requirement.as_str())
            .bind(epoch.to_string())
            .bind(chosen_in.map(|epoch| epoch.to_string()));
        Ok(trail::bind(bind_expected(write, change.expected)?, change.events))
    }

    async fn load(&self, select: SqlStr, ids: [Option<&str>; 2]) -> Result<Option<Stored>, PostgresError> {
        let select = ids.into_iter().flatten().fold(sqlx::query(select), Query::bind);
        let rows = self.fetch(select).await?;
        let Some(row) = rows.first() else {
            // There is always one row: it says whether the server is a standby.
            return Err(sqlx::Error::RowNotFound.into());
        };
        if row.try_get("is_standby")? {
            return Err(PostgresError::Standby);
        }
        if !row.try_get::<bool, _>("is_written")? {
            return Ok(None);
        }
        // What this store never writes is an error, and not "never written".
        let revision: Option<i64> = row.try_get("revision")?;
        let revision = revision.and_then(|revision| NonZeroU64::new(revision.try_into().ok()?));
        let record: Option<Vec<u8>> = row.try_get("record")?;
        match (revision, record) {
            (Some(revision), Some(record)) if !record.is_empty() => {
                Ok(Some(Stored { revision: revision.get(), record }))
            }
            _ => Err(sqlx::Error::Decode(UnexpectedNullError.into()).into()),
        }
    }

    async fn fetch(&self, select: Statement<'_>) -> Result<Vec<PgRow>, PostgresError> {
        let mut hand = self.hands.take().await?;
        let answer = timeout(self.patience, select.fetch_all(hand.connection())).await;
        hand.give_back(answer)
    }

    /// Performs one conditional write, which affects one row or none.
    ///
    /// The server says how many before it commits, and only then whether it did; `execute` waits for that too. A
    /// transaction that was rolled back because of another one (`40001`, `40P01`) is stale: nothing was written, and
    /// the next read shows what was in the way.
    async fn swap(&self, write: Statement<'_>) -> Result<Swap, PostgresError> {
        let mut hand = self.hands.take().await?;
        let answer = timeout(self.patience, write.execute(hand.connection())).await;
        match hand.give_back(answer) {
            Ok(done) if done.rows_affected() == 1 => Ok(Swap::Done),
            Ok(_) | Err(PostgresError::Conflict(_)) => Ok(Swap::Stale),
            Err(error) => Err(error),
        }
    }
}

impl UserStore for PostgresStore {
    type Error = PostgresError;

    async fn load_user(&self, org: &OrgId, user: &UserId) -> Result<Option<Stored>, PostgresError> {
        self.load(self.statements.load_user(), [Some(org.as_str()), Some(user.as_str())]).await
    }

    async fn swap_user(&self, user: &UserId, change: Change<'_, UserSummary>) -> Result<Swap, PostgresError> {
        self.swap(self.user_write(user, &change)?).await
    }
}

impl SettingsStore for PostgresStore {
    type Error = PostgresError;

    async fn load_settings(&self, org: &OrgId) -> Result<Option<Stored>, PostgresError> {
        self.load(self.statements.load_settings(), [Some(org.as_str()), None]).await
    }

    async fn swap_settings(&self, change: Change<'_, OrgSummary>) -> Result<Swap, PostgresError> {
        self.swap(self.settings_write(&change)?).await
    }
}

impl Records for PostgresStore {
    type Error = PostgresError;

    async fn count(&self, org: &OrgId) -> Result<Vec<HeadCount>, PostgresError> {
        records::count(self, org).await
    }

    async fn page(&self, wanted: RecordsRequest<'_>) -> Result<Vec<UserId>, PostgresError> {
        records::page(self, wanted).await
    }
}

impl Erasure for PostgresStore {
    type Error = PostgresError;

    async fn erase(&self, org: &OrgId, user: &UserId, pseudonym: &UserId) -> Result<(), PostgresError> {
        records::erase(self, org, user, pseudonym).await
    }

    async fn erase_org(&self, org: &OrgId) -> Result<(), PostgresError> {
        records::erase_org(self, org).await
    }

    async fn remove(&self, org: &OrgId, user: &UserId, revision: u64) -> Result<Swap, PostgresError> {
        records::remove(self, org, user, revision).await
    }
}

impl Outbox for PostgresStore {
    type Error = PostgresError;

    async fn waiting(&self, after: Option<&NoticeId>, limit: u32) -> Result<Vec<Notice>, PostgresError> {
        outbox::page(self, after, limit).await
    }

    async fn acknowledge(&self, told: &[NoticeId]) -> Result<(), PostgresError> {
        outbox::acknowledge(self, told).await
    }
}

/// Binds the expected revision. The first write expects nothing, and its statement has no parameter for it.
fn bind_expected(write: Statement<'_>, expected: u64) -> Result<Statement<'_>, PostgresError> {
    Ok(if expected == 0 { write } else { write.bind(revision(expected)?) })
}

/// Converts a revision. It decides who wins, so it is exact or refused.
fn revision(revision: u64) -> Result<i64, PostgresError> {
    i64::try_from(revision).map_err(|_| PostgresError::RevisionOutOfRange(revision))
}

/// Converts a time, which is only shown. Times after the largest number become the largest number.
fn seconds(at: Timestamp) -> i64 {
    i64::try_from(at.as_unix()).unwrap_or(i64::MAX)
}
