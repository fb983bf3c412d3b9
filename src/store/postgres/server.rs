//! What a server must guarantee: it is the primary, and what it acknowledges is on disk.

use sqlx::PgPool;

use super::PostgresError;

/// Whether a server can tell that it is a standby.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standbys {
    Tell,
    AreUnknown,
}

/// Refuses a server that says that it is a standby.
pub(super) async fn require_primary(pool: &PgPool) -> Result<Standbys, PostgresError> {
    let in_recovery = sqlx::query_scalar::<_, bool>("SELECT pg_is_in_recovery()").fetch_one(pool).await;
    match if_it_knows(in_recovery)? {
        Some(true) => Err(PostgresError::Standby),
        Some(false) => Ok(Standbys::Tell),
        None => Ok(Standbys::AreUnknown),
    }
}

/// Refuses a session whose commits a crash, or a failover to the synchronous standby, may undo.
pub(super) async fn require_durable(pool: &PgPool) -> Result<(), PostgresError> {
    const SETTINGS: &str =
        "SELECT current_setting('fsync', true), current_setting('synchronous_commit', true),
        current_setting('synchronous_standby_names', true)";
    let settings =
        sqlx::query_as::<_, (Option<String>, Option<String>, Option<String>)>(SETTINGS).fetch_one(pool).await;
    let Some((fsync, synchronous_commit, standbys)) = if_it_knows(settings)? else { return Ok(()) };
    let has_standbys = standbys.is_some_and(|names| !names.is_empty());
    let lost_by_a_crash = fsync.as_deref() == Some("off") || synchronous_commit.as_deref() == Some("off");
    let lost_by_a_failover = has_standbys && synchronous_commit.as_deref() == Some("local");
    if lost_by_a_crash || lost_by_a_failover {
        let told = |setting: Option<String>| setting.unwrap_or_else(|| "unknown".to_owned());
        let (fsync, synchronous_commit) = (told(fsync), told(synchronous_commit));
        return Err(PostgresError::NotDurable { fsync, synchronous_commit });
    }
    Ok(())
}

/// Ignores errors of servers that speak the protocol but know neither the function nor the setting. They have other
/// means, for which their own documents vouch.
fn if_it_knows<T>(answer: Result<T, sqlx::Error>) -> Result<Option<T>, PostgresError> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        // undefined_function, undefined_object, feature_not_supported
        Err(sqlx::Error::Database(error))
            if matches!(error.code().as_deref(), Some("42883" | "42704" | "0A000")) =>
        {
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}
