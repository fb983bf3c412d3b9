//! What is true of users, in plain columns, for lists and reports.

use std::collections::HashMap;

use sqlx::{FromRow, Row as _, postgres::PgRow};

use super::{PostgresError, PostgresStore};
use crate::{
    policy::Epoch,
    store::UserSummary,
    time::Timestamp,
    who::{OrgId, UserId},
};

/// Reads the columns of `countersign_users` by their names, for a host that joins them to its own table. In an outer
/// join, first ask whether there is a `revision`: if not, nothing was ever written.
impl FromRow<'_, PgRow> for UserSummary {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        let epoch = |column| {
            let epoch = row.try_get::<Option<&str>, _>(column)?.map(str::parse::<Epoch>).transpose();
            epoch.map_err(|source| sqlx::Error::Decode(source.into()))
        };
        let number = |column| {
            let number = row.try_get::<Option<i64>, _>(column)?.map(u64::try_from).transpose();
            number.map_err(|source| sqlx::Error::Decode(source.into()))
        };
        let at = |column| Ok::<_, sqlx::Error>(number(column)?.map(Timestamp::from_unix));
        let count = |column| {
            let count = number(column)?.map(u32::try_from).transpose();
            count.map_err(|source| sqlx::Error::Decode(source.into()))
        };
        Ok(Self {
            enrolled_epoch: epoch("enrolled_epoch")?,
            enrolled_since: at("enrolled_since")?,
            last_used: at("last_used")?,
            pending_until: at("pending_until")?,
            waiting_until: at("waiting_until")?,
            blocked_since: at("blocked_since")?,
            probation_until: at("probation_until")?,
            chosen_under: count("chosen_under")?,
            imported_epoch: epoch("imported_epoch")?,
            wrong_in_a_row: count("wrong_in_a_row")?.unwrap_or(0),
            due_epoch: epoch("due_epoch")?,
            due_told: at("due_told")?,
            due_by: at("due_by")?,
            invited_epoch: epoch("invited_epoch")?,
            invited_until: at("invited_until")?,
        })
    }
}

pub(super) async fn of(
    store: &PostgresStore,
    org: &OrgId,
    users: &[&UserId],
) -> Result<Vec<Option<UserSummary>>, PostgresError> {
    let ids: Vec<&str> = users.iter().map(|user| user.as_str()).collect();
    let rows = store.fetch(sqlx::query(store.statements.summaries()).bind(org.as_str()).bind(ids)).await?;
    let found = rows.iter().map(|row| Ok((row.try_get("user_id")?, UserSummary::from_row(row)?)));
    let found: HashMap<&str, UserSummary> = found.collect::<sqlx::Result<_>>()?;
    Ok(users.iter().map(|user| found.get(user.as_str()).cloned()).collect())
}
