//! The host's own table, beside the library's: who is who, in pages with what the store was told of them.

use countersign::{
    BoxError, Directory, OrgId, Person, Role, Roster, Timestamp, UserId,
    store::{Listed, PageRequest, RosterGroup, UserSummary},
};
use sqlx::{FromRow, QueryBuilder, Row, SqlitePool, sqlite::SqliteRow};

use crate::portal::{admin, org};

#[derive(Clone, Debug)]
pub(crate) struct People {
    pool: SqlitePool,
}

/// An id as long as an e-mail address or a UUID is.
pub(crate) fn id(number: u64) -> UserId {
    UserId::new(format!("user-{number:08}@portal.example")).expect("a short text is an id")
}

const SUMMARY: &str = "account.enrolled_epoch, account.enrolled_since, account.last_used, \
                       account.pending_until, account.waiting_until, account.blocked_since,
                       account.probation_until, account.chosen_under, account.imported_epoch,
                       account.wrong_in_a_row, account.due_epoch, account.due_told, account.due_by,
                       account.invited_epoch, account.invited_until, account.revision";

impl People {
    /// Opens a table that is there already.
    pub(crate) fn over(pool: SqlitePool) -> Self {
        Self { pool }
    }

    /// Creates internal users, one in a thousand of them a Master Admin, and the admin who measures.
    pub(crate) async fn populate(pool: SqlitePool, users: u64) -> Result<Self, BoxError> {
        let mut transaction = pool.begin().await?;
        sqlx::query(
            "CREATE TABLE people (org_id TEXT, id TEXT, role TEXT, PRIMARY KEY (org_id, id)) WITHOUT ROWID",
        )
        .execute(&mut *transaction)
        .await?;
        sqlx::query("CREATE INDEX people_of_role ON people (org_id, role, id)")
            .execute(&mut *transaction)
            .await?;
        let everybody = (0..users).map(|number| {
            let is_admin = number % 1_000 == 1;
            (id(number), if is_admin { Role::MasterAdmin } else { Role::Internal })
        });
        for (id, role) in everybody.chain([(admin(), Role::MasterAdmin)]) {
            sqlx::query("INSERT INTO people VALUES (?, ?, ?)")
                .bind(org().as_str())
                .bind(id.as_str())
                .bind(role.as_str())
                .execute(&mut *transaction)
                .await?;
        }
        transaction.commit().await?;
        Ok(Self { pool })
    }

    pub(crate) async fn close(self) {
        self.pool.close().await;
    }
}

impl Directory for People {
    type Error = BoxError;

    async fn find(&self, org: &OrgId, user: &UserId) -> Result<Option<Person>, BoxError> {
        let select = sqlx::query("SELECT id, role FROM people WHERE org_id = ? AND id = ?");
        let row = select.bind(org.as_str()).bind(user.as_str()).fetch_optional(&self.pool).await?;
        row.map(|row| person(org, &row)).transpose()
    }
}

impl Roster for People {
    type Error = BoxError;

    async fn page(&self, wanted: PageRequest<'_>) -> Result<Vec<Listed>, BoxError> {
        let mut select = QueryBuilder::new("SELECT people.id, people.role, ");
        select.push(SUMMARY).push(
            " FROM people LEFT JOIN countersign_users AS account
                     ON account.org_id = people.org_id AND account.user_id = people.id
             WHERE people.org_id = ",
        );
        select.push_bind(wanted.org.as_str().to_owned());
        if let Some(role) = wanted.role {
            select.push(" AND people.role = ").push_bind(role.as_str());
        }
        if let Some(after) = wanted.after {
            select.push(" AND people.id > ").push_bind(after.as_str().to_owned());
        }
        select.push(" ORDER BY people.id LIMIT ").push_bind(wanted.limit);
        let rows = select.build().fetch_all(&self.pool).await?;
        rows.iter()
            .map(|row| Ok(Listed { person: person(wanted.org, row)?, summary: summary(row)? }))
            .collect()
    }

    async fn groups(&self, org: &OrgId, now: Timestamp) -> Result<Vec<RosterGroup>, BoxError> {
        let select = sqlx::query(
            "SELECT people.role, count(*) AS people, max(account.revision) AS revision, account.enrolled_epoch,
                    max(account.enrolled_since) AS enrolled_since, max(account.last_used) AS last_used,
                    max(account.pending_until) AS pending_until, max(account.waiting_until) AS waiting_until,
                    max(account.blocked_since) AS blocked_since, max(account.probation_until) AS probation_until,
                    account.chosen_under, account.imported_epoch, account.wrong_in_a_row,
                    max(account.due_epoch) AS due_epoch, max(account.due_told) AS due_told, max(account.due_by) AS due_by,
                    max(account.invited_epoch) AS invited_epoch, max(account.invited_until) AS invited_until
             FROM people LEFT JOIN countersign_users AS account
                    ON account.org_id = people.org_id AND account.user_id = people.id
             WHERE people.org_id = ?1
             GROUP BY people.role, account.revision IS NULL, account.enrolled_epoch, account.chosen_under,
                      account.imported_epoch, account.wrong_in_a_row, account.blocked_since IS NULL,
                      account.waiting_until > ?2, account.pending_until > ?2",
        );
        let select = select.bind(org.as_str()).bind(now.as_unix().cast_signed());
        let group = |row: &SqliteRow| {
            let role = row.try_get::<&str, _>("role")?.parse()?;
            Ok(RosterGroup { role, summary: summary(row)?, people: row.try_get("people")? })
        };
        select.fetch_all(&self.pool).await?.iter().map(group).collect()
    }
}

fn person(org: &OrgId, row: &SqliteRow) -> Result<Person, BoxError> {
    let role = row.try_get::<&str, _>("role")?.parse()?;
    Ok(Person::new(org.clone(), UserId::new(row.try_get::<&str, _>("id")?)?, role))
}

/// `None` where nothing was ever written.
fn summary(row: &SqliteRow) -> sqlx::Result<Option<UserSummary>> {
    let revision: Option<i64> = row.try_get("revision")?;
    revision.map(|_| UserSummary::from_row(row)).transpose()
}
