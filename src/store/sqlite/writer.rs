//! The one task that writes, so that many writes share the price of one commit.
//!
//! A commit that survives a power cut waits for the disk, and only one connection may write at a time. So all writes of
//! a store go through one task with one connection. It takes the waiting writes, writes them in one transaction,
//! commits, and only then answers each. It never waits for more to come: a single write is committed alone.
//!
//! This file knows how to share a commit, and how to share the database with other processes. It refuses to know what a
//! statement means: the first statement of a write decides, and the others belong to it.

use std::time::Duration;

use sqlx::{
    Connection as _, Execute as _, SqlStr, Sqlite, SqliteConnection, SqlitePool, pool::PoolConnection,
    query::Query, sqlite::SqliteArguments,
};
use tokio::sync::{mpsc, oneshot};

use super::{SqliteError, Swap, connect};

/// The largest number of writes that share a commit. More would save little, and make the first of them wait longer.
const MOST: usize = 256;

/// How long to wait before asking again for the write lock, which SQLite gives to the first to ask once it is free.
/// SQLite's own way to wait is to sleep up to a tenth of a second, and a process that sleeps long is overtaken again
/// and again by another one with much to write.
const PAUSE: Duration = Duration::from_millis(1);

/// How long the lock is left to others now and then: long enough that one that asks at every [`PAUSE`] finds it free.
const COURTESY: Duration = Duration::from_millis(2);

/// The number of groups without a break after which the lock is left to others, which cannot be seen while they wait.
const GROUPS_ALONE: u32 = 32;

/// The number of groups after each of which the lock is left to others, since they were last seen to have it.
const GROUPS_SHARED: u32 = 16;

/// A statement with its values, which can be run again.
#[derive(Debug)]
pub(super) struct Statement {
    sql: SqlStr,
    values: SqliteArguments,
}

impl Statement {
    pub(super) fn of(mut query: Query<'_, Sqlite, SqliteArguments>) -> Result<Self, SqliteError> {
        let values = query.take_arguments().map_err(sqlx::Error::Encode)?.unwrap_or_default();
        Ok(Self { sql: query.sql(), values })
    }

    /// Returns how many rows it changed.
    async fn run(&self, connection: &mut SqliteConnection) -> Result<u64, SqliteError> {
        let query = sqlx::query_with(self.sql.clone(), self.values.clone());
        Ok(query.execute(connection).await?.rows_affected())
    }
}

/// What is written as a whole or not at all.
#[derive(Debug)]
pub(super) struct Write {
    /// Changes one row, or none if the write is stale.
    pub(super) decides: Statement,
    /// Runs if it is not stale.
    pub(super) follows: Vec<Statement>,
}

impl Write {
    async fn run(&self, connection: &mut SqliteConnection) -> Result<Swap, SqliteError> {
        if self.decides.run(connection).await? == 0 {
            return Ok(Swap::Stale);
        }
        for statement in &self.follows {
            statement.run(connection).await?;
        }
        Ok(Swap::Done)
    }
}

#[derive(Debug)]
struct Waiting {
    write: Write,
    answer: oneshot::Sender<Result<Swap, SqliteError>>,
}

impl Waiting {
    /// Answers. The caller may have gone away, which does not matter.
    fn answer(self, answer: Result<Swap, SqliteError>) {
        let _ = self.answer.send(answer);
    }
}

/// Passes writes to the task, in the order in which they come. The task ends with the last clone.
#[derive(Clone, Debug)]
pub(super) struct Writer(mpsc::Sender<Waiting>);

impl Writer {
    /// Starts the task on the caller's runtime.
    pub(super) async fn start(pool: SqlitePool) -> Result<Self, SqliteError> {
        let (writer, waiting) = mpsc::channel(MOST);
        // The readers need one too.
        let keeps = pool.options().get_max_connections() > 1;
        let mut task = Task { pool, waiting, keeps, kept: None, attempts: 1, alone: 0, shared: 0 };
        if keeps {
            task.kept = Some(task.connection().await?);
        }
        tokio::spawn(task.run());
        Ok(Self(writer))
    }

    /// Returns when the write is committed, or was found stale.
    pub(super) async fn write(&self, write: Write) -> Result<Swap, SqliteError> {
        let (answer, answered) = oneshot::channel();
        self.0.send(Waiting { write, answer }).await.map_err(|_| SqliteError::Stopped)?;
        answered.await.map_err(|_| SqliteError::Stopped)?
    }
}

/// Why a group was not written. In any case nothing of it is there, unless the disk broke during the commit.
enum Failure {
    /// The transaction could not begin, or not be committed.
    OfAll(SqliteError),
    /// A statement failed, which need not be the fault of the others.
    OfOne(SqliteError),
}

struct Task {
    pool: SqlitePool,
    waiting: mpsc::Receiver<Waiting>,
    /// Whether the connection is kept, or given back to the pool after each group.
    keeps: bool,
    kept: Option<PoolConnection<Sqlite>>,
    /// How often to ask for the write lock.
    attempts: u32,
    /// Groups since the lock was last left to others.
    alone: u32,
    /// Groups for which others are still assumed to want it.
    shared: u32,
}

impl Task {
    /// Runs until nobody can hand in a write any more, or the pool is closed.
    async fn run(mut self) {
        let mut closed = self.pool.close_event();
        while let Ok(Some(first)) = closed.do_until(self.waiting.recv()).await {
            let served = self.serve(first).await;
            self.make_way(served).await;
        }
        if let Some(mut connection) = self.kept {
            // The last to close a file writes its log into it, but of two that close it at once neither is the last. If
            // this cannot be done, the next to open the file does it; what was acknowledged is durable.
            let _ = sqlx::raw_sql("PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut *connection).await;
            let _ = connection.close().await;
        }
    }

    /// Writes and answers the waiting writes, and returns how many there were.
    async fn serve(&mut self, first: Waiting) -> usize {
        let mut group = vec![first];
        let swaps = self.write(&mut group, MOST).await;
        let served = group.len();
        match swaps {
            Ok(swaps) => answer_each(group, swaps),
            Err(Failure::OfOne(_)) if group.len() > 1 => self.serve_one_by_one(group).await,
            Err(Failure::OfOne(error) | Failure::OfAll(error)) => answer_all(group, &error),
        }
        served
    }

    /// Tries each write of a failed group by itself, so that none fails because of another. A failed statement looks
    /// the same as a transaction that SQLite gave up as a whole, as it does if the disk is full, so the group was
    /// rolled back. That is rare enough to be cheaper than a savepoint around every write.
    async fn serve_one_by_one(&mut self, group: Vec<Waiting>) {
        let mut left = group.into_iter();
        while let Some(next) = left.next() {
            let mut alone = vec![next];
            match self.write(&mut alone, 1).await {
                Ok(swaps) => answer_each(alone, swaps),
                Err(Failure::OfOne(error)) => answer_all(alone, &error),
                // The others would wait as long for the same error.
                Err(Failure::OfAll(error)) => answer_all(alone.into_iter().chain(left.by_ref()), &error),
            }
        }
    }

    /// Writes a group in one transaction. Writes that arrive meanwhile join the group, up to `most`.
    async fn write(&mut self, group: &mut Vec<Waiting>, most: usize) -> Result<Vec<Swap>, Failure> {
        let mut connection = self.connection().await.map_err(Failure::OfAll)?;
        let swaps = self.write_on(&mut connection, group, most).await;
        // After a failure the connection may be broken, or in a transaction that sqlx still counts and SQLite has
        // ended. Then it is closed when it is dropped. What was queued to roll it back is done before the ping is
        // answered.
        let fit = swaps.is_ok() || connection.ping().await.is_ok() && !connection.is_in_transaction();
        self.kept = Some(connection).filter(|_| self.keeps && fit);
        swaps
    }

    async fn write_on(
        &mut self,
        connection: &mut SqliteConnection,
        group: &mut Vec<Waiting>,
        most: usize,
    ) -> Result<Vec<Swap>, Failure> {
        let mut attempts_left = self.attempts;
        let mut transaction = loop {
            attempts_left -= 1;
            match connection.begin_with(connect::BEGIN).await.map_err(SqliteError::from) {
                Ok(transaction) => break transaction,
                Err(SqliteError::Locked(_)) if attempts_left > 0 => {
                    self.shared = GROUPS_SHARED;
                    tokio::time::sleep(PAUSE).await;
                }
                Err(error) => return Err(Failure::OfAll(error)),
            }
        };
        let mut swaps = Vec::new();
        while let Some(Waiting { write, .. }) = group.get(swaps.len()) {
            match write.run(&mut transaction).await {
                Ok(swap) => swaps.push(swap),
                Err(error) => {
                    // This fails if SQLite has rolled back by itself.
                    let _ = transaction.rollback().await;
                    return Err(Failure::OfOne(error));
                }
            }
            if swaps.len() == group.len() && group.len() < most {
                group.extend(self.waiting.try_recv().ok());
            }
        }
        transaction.commit().await.map_err(|error| Failure::OfAll(error.into()))?;
        Ok(swaps)
    }

    async fn connection(&mut self) -> Result<PoolConnection<Sqlite>, SqliteError> {
        if let Some(kept) = self.kept.take() {
            return Ok(kept);
        }
        let mut connection = connect::at_rest(&self.pool).await?;
        if self.keeps {
            // The pool never gets it back: it has no busy timeout left.
            connection.close_on_drop();
            let patience = connect::take_patience(&mut connection).await?;
            self.attempts =
                1 + u32::try_from(patience.as_millis() / PAUSE.as_millis()).unwrap_or(u32::MAX - 1);
        }
        Ok(connection)
    }

    /// Leaves the write lock to others for a moment. SQLite's lock is not fair: a task with much to write would have it
    /// again before another process notices that it was free. The pause comes after every group while others are known
    /// to want the lock, and now and then if they are not. A task that writes one at a time leaves enough gaps anyway.
    async fn make_way(&mut self, served: usize) {
        self.alone += u32::from(served > 1);
        if self.shared > 0 || self.alone >= GROUPS_ALONE {
            self.alone = 0;
            self.shared = self.shared.saturating_sub(1);
            tokio::time::sleep(COURTESY).await;
        }
    }
}

fn answer_each(group: Vec<Waiting>, swaps: Vec<Swap>) {
    for (waiting, swap) in group.into_iter().zip(swaps) {
        waiting.answer(Ok(swap));
    }
}

fn answer_all(group: impl IntoIterator<Item = Waiting>, error: &SqliteError) {
    for waiting in group {
        waiting.answer(Err(error.clone()));
    }
}
