//! Who uses a connection next. Under load connections are passed on directly and not through the pool, which pings each
//! connection that comes back: a second round trip for every statement.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicUsize, Ordering},
};

use sqlx::{PgConnection, PgPool, Postgres, pool::PoolConnection};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::error::Elapsed,
};

use super::{super::runtime, PostgresError};

/// The number of statements after which a connection goes back to the pool, which may want to close it for its age.
const MOST_IN_A_ROW: u32 = 1_000;

/// The turns at the connections. Clones share them.
#[derive(Clone, Debug)]
pub(super) struct Hands(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    pool: PgPool,
    /// As many turns as the pool has connections, except for a quarter that is left to other users of the pool.
    turns: Arc<Semaphore>,
    waiting: AtomicUsize,
    /// Connections on their way to waiting calls. If none waits, the next one to give one back returns them to the
    /// pool.
    between_hands: Mutex<Vec<Held>>,
}

#[derive(Debug)]
struct Held {
    connection: PoolConnection<Postgres>,
    in_a_row: u32,
}

/// A connection for one statement. If it is dropped in the middle of it, it goes back to the pool, which waits for the
/// rest of the answer before it lends it again.
#[derive(Debug)]
pub(super) struct Hand {
    shared: Arc<Shared>,
    held: Held,
    _turn: OwnedSemaphorePermit,
}

/// Counts a waiting call, and stops counting it when it is dropped.
struct Waiting<'a>(&'a AtomicUsize);

impl Waiting<'_> {
    fn at(count: &AtomicUsize) -> Waiting<'_> {
        count.fetch_add(1, Ordering::SeqCst);
        Waiting(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Hands {
    pub(super) fn of(pool: PgPool) -> Self {
        let connections = pool.options().get_max_connections();
        let turns = usize::try_from(connections - connections / 4).unwrap_or(usize::MAX).clamp(1, 1 << 16);
        let (turns, waiting, between_hands) =
            (Arc::new(Semaphore::new(turns)), AtomicUsize::new(0), Mutex::default());
        Self(Arc::new(Shared { pool, turns, waiting, between_hands }))
    }

    pub(super) fn pool(&self) -> &PgPool {
        &self.0.pool
    }

    pub(super) async fn take(&self) -> Result<Hand, PostgresError> {
        runtime::require(PostgresError::OffRuntime)?;
        let shared = Arc::clone(&self.0);
        let patience = shared.pool.options().get_acquire_timeout();
        let waiting = Waiting::at(&shared.waiting);
        let turn = tokio::time::timeout(patience, Arc::clone(&shared.turns).acquire_owned()).await;
        drop(waiting);
        let Ok(Ok(turn)) = turn else { return Err(sqlx::Error::PoolTimedOut.into()) };
        let handed_over = shared.between_hands().pop();
        let held = match handed_over {
            Some(held) => held,
            None => Held { connection: shared.pool.acquire().await?, in_a_row: 0 },
        };
        Ok(Hand { shared, held, _turn: turn })
    }
}

impl Shared {
    fn between_hands(&self) -> std::sync::MutexGuard<'_, Vec<Held>> {
        self.between_hands.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Hand {
    pub(super) fn connection(&mut self) -> &mut PgConnection {
        &mut self.held.connection
    }

    /// Passes the connection on to the next call, if it is fit for that, and returns the result.
    ///
    /// A connection that still owes an answer is closed: the next call would have to wait for that answer first.
    pub(super) fn give_back<T>(
        self,
        answer: Result<Result<T, sqlx::Error>, Elapsed>,
    ) -> Result<T, PostgresError> {
        let Self { shared, mut held, _turn } = self;
        held.in_a_row += 1;
        let mut between_hands = shared.between_hands();
        let somebody_waits = shared.waiting.load(Ordering::SeqCst) > 0;
        if !somebody_waits {
            // The calls that they were meant for have gone away.
            between_hands.clear();
        }
        match answer {
            Ok(Ok(answer)) => {
                if somebody_waits && held.in_a_row < MOST_IN_A_ROW {
                    between_hands.push(held);
                }
                Ok(answer)
            }
            // The pool finds out whether it still works.
            Ok(Err(error)) => Err(error.into()),
            Err(_) => {
                held.connection.close_on_drop();
                Err(PostgresError::TimedOut)
            }
        }
    }
}
