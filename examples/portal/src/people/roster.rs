//! Everybody in the org, with the library's summary of each: the portal's own table, joined to the library's. It is for
//! lists and reports; nothing is decided by it.

use std::collections::HashMap;

use countersign::{
    BoxError, OrgId, Person, Roster, Timestamp,
    store::{Listed, PageRequest, RosterGroup, UserSummary},
};
use sqlx::{FromRow, QueryBuilder, Row, sqlite::SqliteRow};

use super::{People, User};

impl Roster for People {
    type Error = BoxError;

    async fn page(&self, wanted: PageRequest<'_>) -> Result<Vec<Listed>, BoxError> {
        // Ids are numbers here, in the order of numbers. Nobody comes after any other text.
        let after = match wanted.after.map(|user| user.as_str().parse::<i64>()) {
            None => 0,
            Some(Ok(number)) => number,
            Some(Err(_)) => return Ok(Vec::new()),
        };
        let mut select = QueryBuilder::new(
            "SELECT people.*, account.revision, account.enrolled_epoch, account.enrolled_since, account.last_used,
                    account.pending_until, account.waiting_until, account.blocked_since,
                    account.probation_until, account.chosen_under, account.imported_epoch, account.wrong_in_a_row,
                    account.due_epoch, account.due_told, account.due_by, account.invited_epoch, account.invited_until
             FROM portal_users AS people
             LEFT JOIN countersign_users AS account
                    ON account.org_id = people.org_id AND account.user_id = CAST(people.id AS TEXT)
             WHERE people.org_id = ",
        );
        select.push_bind(wanted.org.as_str().to_owned()).push(" AND people.id > ").push_bind(after);
        if let Some(role) = wanted.role {
            select.push(" AND people.role = ").push_bind(role.as_str());
        }
        select.push(" ORDER BY people.id LIMIT ").push_bind(wanted.limit);
        let rows = select.build().fetch_all(&self.pool).await?;
        rows.iter()
            .map(|row| Ok(Listed { person: User::from_row(row)?.person(), summary: summary(row)? }))
            .collect()
    }

    /// One query, for ten people or a hundred thousand.
    async fn groups(&self, org: &OrgId, now: Timestamp) -> Result<Vec<RosterGroup>, BoxError> {
        let select = sqlx::query(
            "SELECT people.role, count(*) AS people, max(account.revision) AS revision, account.enrolled_epoch,
                    max(account.enrolled_since) AS enrolled_since, max(account.last_used) AS last_used,
                    max(account.pending_until) AS pending_until, max(account.waiting_until) AS waiting_until,
                    max(account.blocked_since) AS blocked_since, max(account.probation_until) AS probation_until,
                    account.chosen_under, account.imported_epoch, account.wrong_in_a_row,
                    max(account.due_epoch) AS due_epoch, max(account.due_told) AS due_told, max(account.due_by) AS due_by,
                    max(account.invited_epoch) AS invited_epoch, max(account.invited_until) AS invited_until
             FROM portal_users AS people
             LEFT JOIN countersign_users AS account
                    ON account.org_id = people.org_id AND account.user_id = CAST(people.id AS TEXT)
             WHERE people.org_id = ?1
             GROUP BY people.role, account.revision IS NULL, account.enrolled_epoch, account.chosen_under,
                      account.imported_epoch, account.wrong_in_a_row, account.blocked_since IS NULL,
                      account.waiting_until > ?2, account.pending_until > ?2",
        );
        let select = select.bind(org.as_str()).bind(now.as_unix().cast_signed());
        let rows = select.fetch_all(&self.pool).await?;
        let group = |row: &SqliteRow| {
            Ok(RosterGroup {
                role: row.try_get::<&str, _>("role")?.parse()?,
                summary: summary(row)?,
                people: row.try_get("people")?,
            })
        };
        rows.iter().map(group).collect()
    }
}

/// `None` where nothing was ever written.
fn summary(row: &SqliteRow) -> sqlx::Result<Option<UserSummary>> {
    let revision: Option<i64> = row.try_get("revision")?;
    revision.map(|_| UserSummary::from_row(row)).transpose()
}

impl User {
    /// The authenticator app shows the login name below the portal's.
    pub(super) fn person(self) -> Person {
        Person::new(self.org.clone(), self.id(), self.role).account_name(self.login)
    }
}

impl People {
    /// Returns the names of these users, by their ids.
    pub(crate) async fn names<'u>(
        &self,
        users: impl IntoIterator<Item = &'u str>,
    ) -> sqlx::Result<HashMap<String, String>> {
        // As one parameter: a list of numbers in JSON.
        let numbers = users.into_iter().filter_map(|id| id.parse::<i64>().ok()).map(|id| id.to_string());
        let numbers = format!("[{}]", numbers.collect::<Vec<_>>().join(","));
        let select =
            "SELECT CAST(id AS TEXT), name FROM portal_users WHERE id IN (SELECT value FROM json_each(?))";
        Ok(sqlx::query_as(select).bind(numbers).fetch_all(&self.pool).await?.into_iter().collect())
    }
}
