//! The tables, and how tables of an older version are brought up to date.

use sqlx::{AssertSqlSafe, PgConnection, PgPool};

use super::{PostgresError, names::Names};

/// The steps from an empty database to today's tables. A released step is never edited; a change is a further step. Its
/// statements may run twice, and the last one moves the version on from the step before, and only from there.
const STEPS: [&str; 1] = [include_str!("schema/1.sql")];
const KNOWN: u64 = STEPS.len() as u64;

/// How often to start again if another process migrates at the same time. Each time that process has got further.
const TRIES: u32 = 64;

/// Returns all steps, for hosts with migrations of their own.
pub(super) fn sql(names: &Names) -> String {
    names.fill(&STEPS.concat())
}

/// Runs the steps that this database has not seen.
///
/// It takes no lock, since not every server that speaks PostgreSQL's protocol has one. It runs in no transaction, since
/// not every such server accepts several definitions in one. Several processes may run at once: every statement can be
/// repeated, and the next process continues where one died.
pub(super) async fn migrate(pool: &PgPool, names: &Names) -> Result<(), PostgresError> {
    let mut connection = pool.acquire().await?;
    let mut tries_left = TRIES;
    loop {
        tries_left -= 1;
        match walk(&mut connection, names).await {
            Err(error) if tries_left > 0 && somebody_else_did_it(&error) => {}
            walked => return walked,
        }
    }
}

async fn walk(connection: &mut PgConnection, names: &Names) -> Result<(), PostgresError> {
    let found = version(connection, names).await?;
    if found > KNOWN {
        return Err(PostgresError::NewerSchema { found, known: KNOWN });
    }
    if found < KNOWN {
        make_schema(connection, names).await?;
    }
    for (number, step) in (1..).zip(STEPS) {
        if number > found {
            for statement in names.fill(step).split_inclusive(";\n") {
                sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut *connection).await?;
            }
        }
    }
    Ok(())
}

/// Creates the schema if it is missing: `IF NOT EXISTS` needs the right to create one even if it exists.
async fn make_schema(connection: &mut PgConnection, names: &Names) -> Result<(), PostgresError> {
    const EXISTS: &str = "SELECT count(*) FROM pg_catalog.pg_namespace WHERE nspname = $1";
    let Some(schema) = names.schema() else { return Ok(()) };
    let found: i64 = sqlx::query_scalar(EXISTS).bind(schema).fetch_one(&mut *connection).await?;
    if found == 0 {
        let create = format!("CREATE SCHEMA IF NOT EXISTS \"{schema}\"");
        sqlx::raw_sql(AssertSqlSafe(create)).execute(connection).await?;
    }
    Ok(())
}

/// Recognizes that another process did the same. `IF NOT EXISTS` does not look and create in one step: of two at once,
/// the second runs into the catalog's own unique index after the first has committed. The next try finds it done.
fn somebody_else_did_it(error: &PostgresError) -> bool {
    match error {
        PostgresError::Conflict(_) => true,
        PostgresError::Other(sqlx::Error::Database(of_postgres)) => {
            // unique_violation, duplicate_table, duplicate_object, duplicate_schema; "tuple concurrently updated" has
            // no code of its own.
            matches!(of_postgres.code().as_deref(), Some("23505" | "42P07" | "42710" | "42P06"))
                || of_postgres.message().starts_with("tuple concurrently")
        }
        _ => false,
    }
}

/// Checks that the tables are those that this version knows.
pub(super) async fn require_known(pool: &PgPool, names: &Names) -> Result<(), PostgresError> {
    match version(&mut *pool.acquire().await?, names).await? {
        KNOWN => Ok(()),
        found if found > KNOWN => Err(PostgresError::NewerSchema { found, known: KNOWN }),
        found => Err(PostgresError::OlderSchema { found, known: KNOWN }),
    }
}

/// Returns the version of the tables; 0 if none is recorded.
async fn version(connection: &mut PgConnection, names: &Names) -> Result<u64, PostgresError> {
    let select = AssertSqlSafe(names.fill("SELECT version FROM {schema} WHERE id = 1"));
    match sqlx::query_scalar::<_, i64>(select).fetch_optional(connection).await.map_err(PostgresError::from) {
        Ok(Some(version)) => u64::try_from(version)
            .map_err(|source| PostgresError::Damaged(sqlx::Error::Decode(source.into()))),
        Ok(None) | Err(PostgresError::MissingTable(_)) => Ok(0),
        Err(error) => Err(error),
    }
}
