//! A swap in a transaction of the host, which is not done before that transaction is.

use sqlx::PgTransaction;

use super::PostgresError;
use crate::store::Swap;

/// The outcome so far of a swap in the host's transaction. It becomes a [`Swap`] with the commit, and not before.
#[derive(Debug)]
#[must_use = "nothing is done before the commit"]
pub struct Uncommitted {
    outcome: Outcome,
}

#[derive(Debug)]
enum Outcome {
    Written,
    Stale,
}

impl Uncommitted {
    /// Returns whether the record is written if the transaction commits. If not, another write was faster: write
    /// nothing more, and let [`commit`](Self::commit) return so.
    pub fn is_written(&self) -> bool {
        matches!(self.outcome, Outcome::Written)
    }

    /// Commits the transaction in which the swap was made, and returns the outcome. A stale one is rolled back, with
    /// everything else that the host wrote in it.
    ///
    /// The transaction must come from [`PgPool::begin`](sqlx::PgPool::begin). A nested one does not compile: its commit
    /// decides nothing, since the outer one may still undo it.
    ///
    /// ```compile_fail,E0597
    /// # use sqlx::Connection as _;
    /// # use countersign::store::{Swap, postgres::{PostgresError, Uncommitted}};
    /// # async fn example(pool: sqlx::PgPool, swapped: Uncommitted) -> Result<Swap, PostgresError> {
    /// let mut outer = pool.begin().await?;
    /// let inner = outer.begin().await?;
    /// swapped.commit(inner).await
    /// # }
    /// ```
    ///
    /// # Errors
    /// The error of the commit. The outcome is then unknown unless the error says otherwise.
    pub async fn commit(self, mut transaction: PgTransaction<'static>) -> Result<Swap, PostgresError> {
        if let Outcome::Stale = self.outcome {
            transaction.rollback().await?;
            return Ok(Swap::Stale);
        }
        // PostgreSQL answers COMMIT with success if a statement before it failed, and rolls back. It then refuses any
        // other statement.
        sqlx::query("SELECT 1").execute(&mut *transaction).await?;
        match transaction.commit().await.map_err(PostgresError::from) {
            Ok(()) => Ok(Swap::Done),
            Err(PostgresError::Conflict(_)) => Ok(Swap::Stale),
            Err(error) => Err(error),
        }
    }
}

pub(super) fn after(written: Result<u64, PostgresError>) -> Result<Uncommitted, PostgresError> {
    let outcome = match written {
        Ok(0) | Err(PostgresError::Conflict(_)) => Outcome::Stale,
        Ok(_) => Outcome::Written,
        Err(error) => return Err(error),
    };
    Ok(Uncommitted { outcome })
}
