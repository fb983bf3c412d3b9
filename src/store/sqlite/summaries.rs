//! What is true of users, in plain columns, for lists and reports.

use std::collections::HashMap;

use sqlx::{FromRow, Row as _, SqlitePool, sqlite::SqliteRow};

use super::{SqliteError, connect};
use crate::{
    policy::Epoch,
    store::UserSummary,
    time::Timestamp,
    who::{OrgId, UserId},
};

/// Reads the columns of `countersign_users` by their names, for a host that joins them to its own table. In an outer
/// join, first ask whether there is a `revision`: if not, nothing was ever written.
impl FromRow<'_, SqliteRow> for UserSummary {
    fn from_row(row: &SqliteRow) -> sqlx::Result<Self> {
        let epoch = |column: &str| {
            let text = row.try_get::<Option<&str>, _>(column)?;
            let damaged = |source| sqlx::Error::ColumnDecode { index: column.to_owned(), source };
            text.map(str::parse::<Epoch>).transpose().map_err(|error| damaged(error.into()))
        };
        let at = |column| {
            let seconds: Option<u64> = row.try_get(column)?;
            Ok::<_, sqlx::Error>(seconds.map(Timestamp::from_unix))
        };
        Ok(Self {
            enrolled_epoch: epoch("enrolled_epoch")?,
            enrolled_since: at("enrolled_since")?,
            last_used: at("last_used")?,
            pending_until: at("pending_until")?,
            waiting_until: at("waiting_until")?,
            blocked_since: at("blocked_since")?,
            probation_until: at("probation_until")?,
            chosen_under: row.try_get("chosen_under")?,
            imported_epoch: epoch("imported_epoch")?,
            wrong_in_a_row: row.try_get("wrong_in_a_row")?,
            due_epoch: epoch("due_epoch")?,
            due_told: at("due_told")?,
            due_by: at("due_by")?,
            invited_epoch: epoch("invited_epoch")?,
            invited_until: at("invited_until")?,
        })
    }
}

pub(super) async fn of(
    pool: &SqlitePool,
    org: &OrgId,
    users: &[&UserId],
) -> Result<Vec<Option<UserSummary>>, SqliteError> {
    // One parameter for any number of users: SQLite limits the number of parameters.
    const SELECT: &str = "
        SELECT *
        FROM countersign_users WHERE org_id = ?1 AND user_id IN (SELECT value FROM json_each(?2))";
    let select = sqlx::query(SELECT).bind(org.as_str()).bind(json(users));
    let found = select.try_map(|row: SqliteRow| Ok((row.try_get("user_id")?, UserSummary::from_row(&row)?)));
    let found: HashMap<String, UserSummary> =
        found.fetch_all(connect::readers(pool)?).await?.into_iter().collect();
    Ok(users.iter().map(|user| found.get(user.as_str()).cloned()).collect())
}

/// Writes the ids as a JSON array of strings. They have no control characters, so only two characters need escaping
/// (RFC 8259 §7).
fn json(users: &[&UserId]) -> String {
    let quoted = |user: &&UserId| format!("\"{}\"", user.as_str().replace('\\', "\\\\").replace('"', "\\\""));
    format!("[{}]", users.iter().map(quoted).collect::<Vec<_>>().join(","))
}
