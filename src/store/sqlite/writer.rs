//! The one task that writes, so that many writes share the price of one commit.
//!
//! A commit that survives a power cut waits for the disk, and only one connection may write at a time. So all writes
//! of a store go through one task with one connection, which takes whatever waits, writes it in one transaction,
//! commits, and only then answers each. It never waits for more to come: a write that comes alone is committed alone.
//!
//! This file knows how to share a commit, and how to share the database with other processes. What a statement means
//! it refuses to know: the first of a write decides, and the others belong to it.

use std::time::Duration;

use sqlx::{
    Connection as _, Execute as _, SqlStr, Sqlite, SqliteConnection, SqlitePool, pool::PoolConnection,
    query::Query, sqlite::SqliteArguments,
};
use tokio::sync::{mpsc, oneshot};

use super::{SqliteError, Swap, connect};

/// The most writes that share a commit. More would save little, and make the first of them wait longer.
const MOST: usize = 256;

/// How long to wait before asking again for the write lock, which SQLite hands to whoever asks first when it is free.
/// Its own way to wait is to sleep up to a tenth of a second, and whoever sleeps long is overtaken again and again by
/// another process that has much to write.
const PAUSE: Duration = Duration::from_millis(1);

/// How long the lock is left to others now and then: long enough that one who asks at every [`PAUSE`] finds it free.
const COURTESY: Duration = Duration::from_millis(2);

/// After how many groups without a break the lock is left to others, of whom nothing can be seen while they wait.
const GROUPS_ALONE: u32 = 32;

/// For how many groups it is left to them after each one, since they were last seen to have it.
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
    /// What goes with it if it is not.
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
    /// Whoever asked may have gone away, which concerns nobody else.
    fn answer(self, answer: Result<Swap, SqliteError>) {
        let _ = self.answer.send(answer);
    }
}

/// Hands writes to the task, in the order in which they come. The task ends with its last clone.
#[derive(Clone, Debug)]
pub(super) struct Writer(mpsc::Sender<Waiting>);

impl Writer {
    /// Starts the task on the runtime of whoever calls.
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

/// Why a group was not written. Either way nothing of it is there, unless the disk broke during the commit.
enum Failure {
    /// It could not begin, or not be committed.
    OfAll(SqliteError),
    /// A statement failed, which need not be the others' fault.
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
    /// Groups for which others are still taken to want it.
    shared: u32,
}

impl Task {
    /// Until nobody can hand in a write any more, or the pool is closed.
    async fn run(mut self) {
        let mut closed = self.pool.close_event();
        while let Ok(Some(first)) = closed.do_until(self.waiting.recv()).await {
            let served = self.serve(first).await;
            self.make_way(served).await;
        }
        if let Some(mut connection) = self.kept {
            // Whoever closes a file last writes its log into it, but of two that close it at once neither is the last.
            // When this cannot be done it is left to whoever opens the file next; what was acknowledged is durable.
            let _ = sqlx::raw_sql("PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut *connection).await;
            let _ = connection.close().await;
        }
    }

    /// Writes and answers those who wait, and returns how many.
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

    /// Whose statement failed cannot be told from a transaction that SQLite gave up as a whole, as it does when the
    /// disk is full. So the group was rolled back, and each of it is tried by itself: nobody fails for another. That
    /// is rare enough to be cheaper than a savepoint around every write.
    async fn serve_one_by_one(&mut self, group: Vec<Waiting>) {
        let mut left = group.into_iter();
        while let Some(next) = left.next() {
            let mut alone = vec![next];
            match self.write(&mut alone, 1).await {
                Ok(swaps) => answer_each(alone, swaps),
                Err(Failure::OfOne(error)) => answer_all(alone, &error),
                // The others would wait as long for the same.
                Err(Failure::OfAll(error)) => answer_all(alone.into_iter().chain(left.by_ref()), &error),
            }
        }
    }

    /// Writes a group in one transaction. While it does, those who come join the group, up to `most`.
    async fn write(&mut self, group: &mut Vec<Waiting>, most: usize) -> Result<Vec<Swap>, Failure> {
        let mut connection = self.connection().await.map_err(Failure::OfAll)?;
        let swaps = self.write_on(&mut connection, group, most).await;
        // After a failure it may be broken, or in a transaction that sqlx still counts and SQLite has ended: then it
        // is closed when it is dropped. What was queued to roll it back is done before it answers.
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
                    // It fails when SQLite has rolled back by itself.
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
            // The pool never sees it again: it has no patience left.
            connection.close_on_drop();
            let patience = connect::take_patience(&mut connection).await?;
            self.attempts =
                1 + u32::try_from(patience.as_millis() / PAUSE.as_millis()).unwrap_or(u32::MAX - 1);
        }
        Ok(connection)
    }

    /// SQLite's write lock is not fair, and a task with much to write would have it again before another process knows
    /// that it was free. So it stays away for a moment: after every group while others are known to want it, now and
    /// then if they are not. Who writes one at a time leaves gaps enough.
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
