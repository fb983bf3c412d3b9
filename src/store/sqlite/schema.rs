//! The tables, and how tables of an older version are brought up to date.

use sqlx::{Connection as _, SqliteConnection};

use super::{SqliteError, connect};

/// The steps from an empty database to today's tables. Each ends with its own number in `countersign_schema`. A
/// released step is never edited; a change is a further step.
const STEPS: [&str; 1] = [include_str!("schema/1.sql")];
const KNOWN: u64 = STEPS.len() as u64;

/// Runs the steps that this database has not seen.
///
/// They run in one transaction that has the write lock from its beginning. Of several processes that start at the same
/// time, one runs them and the others find them done. A process that dies on the way leaves nothing behind.
pub(super) async fn migrate(connection: &mut SqliteConnection) -> Result<(), SqliteError> {
    let mut transaction = connection.begin_with(connect::BEGIN).await?;
    let found = version(&mut transaction).await?;
    if found > KNOWN {
        return Err(SqliteError::NewerSchema { found, known: KNOWN });
    }
    for (number, step) in (1..).zip(STEPS) {
        if number > found {
            sqlx::raw_sql(step).execute(&mut *transaction).await?;
        }
    }
    Ok(transaction.commit().await?)
}

async fn version(connection: &mut SqliteConnection) -> Result<u64, SqliteError> {
    const EXISTS: &str =
        "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'countersign_schema'";
    let tables: i64 = sqlx::query_scalar(EXISTS).fetch_one(&mut *connection).await?;
    if tables == 0 {
        return Ok(0);
    }
    Ok(sqlx::query_scalar("SELECT version FROM countersign_schema").fetch_one(connection).await?)
}
