//! The portal's users: who they are and what they may be.

mod roster;

use countersign::{BoxError, Directory, OrgId, Person, Role, UserId};
use sqlx::{FromRow, Row, SqliteConnection, SqlitePool, sqlite::SqliteRow};

use crate::{app::NewPassword, passwords::Passwords};

#[derive(Clone, Debug)]
pub(crate) struct User {
    number: i64,
    pub(crate) org: OrgId,
    pub(crate) login: String,
    pub(crate) name: String,
    pub(crate) role: Role,
}

impl User {
    pub(crate) fn id(&self) -> UserId {
        self.number.into()
    }
}

/// An unknown role is an error, and so is an org without a name: nobody gets in with one.
impl FromRow<'_, SqliteRow> for User {
    fn from_row(row: &SqliteRow) -> sqlx::Result<Self> {
        let org = OrgId::new(row.try_get::<String, _>("org_id")?);
        let role = row.try_get::<&str, _>("role")?.parse();
        Ok(Self {
            number: row.try_get("id")?,
            org: org.map_err(|error| sqlx::Error::Decode(error.into()))?,
            login: row.try_get("login")?,
            name: row.try_get("name")?,
            role: role.map_err(|error: countersign::UnknownRole| sqlx::Error::Decode(error.into()))?,
        })
    }
}

#[derive(Clone)]
pub(crate) struct People {
    pool: SqlitePool,
    passwords: Passwords,
}

/// This is all that the library asks of the portal's users table. It asks at every call: users whose role changes here have
/// the new one at their next click.
impl Directory for People {
    type Error = BoxError;

    async fn find(&self, org: &OrgId, user: &UserId) -> Result<Option<Person>, BoxError> {
        let user = self.by_id(user).await?.filter(|user| user.org == *org);
        Ok(user.map(User::person))
    }
}

impl People {
    pub(crate) fn new(pool: SqlitePool, passwords: Passwords) -> Self {
        Self { pool, passwords }
    }

    pub(crate) async fn by_id(&self, id: &UserId) -> sqlx::Result<Option<User>> {
        // Ids are numbers here. Nobody has any other.
        let Ok(number) = id.as_str().parse::<i64>() else { return Ok(None) };
        sqlx::query_as("SELECT * FROM portal_users WHERE id = ?")
            .bind(number)
            .fetch_optional(&self.pool)
            .await
    }

    pub(crate) async fn by_login(&self, login: &str) -> sqlx::Result<Option<User>> {
        sqlx::query_as("SELECT * FROM portal_users WHERE login = ?")
            .bind(login)
            .fetch_optional(&self.pool)
            .await
    }

    pub(crate) async fn master_admins(&self, org: &OrgId) -> sqlx::Result<Vec<User>> {
        sqlx::query_as("SELECT * FROM portal_users WHERE org_id = ? AND role = ? ORDER BY id")
            .bind(org.as_str())
            .bind(Role::MasterAdmin.as_str())
            .fetch_all(&self.pool)
            .await
    }

    /// Returns the user with this login name and this password. An unknown user takes as long as a wrong password.
    pub(crate) async fn authenticate(&self, login: &str, password: &str) -> Result<Option<User>, BoxError> {
        #[derive(FromRow)]
        struct Found {
            #[sqlx(flatten)]
            user: User,
            password_hash: String,
        }
        let select = sqlx::query_as("SELECT * FROM portal_users WHERE login = ?").bind(login.trim());
        let found: Option<Found> = select.fetch_optional(&self.pool).await?;
        let hash = found.as_ref().map(|found| found.password_hash.as_str());
        let right = self.passwords.verify(password, hash).await?;
        Ok(found.filter(|_| right).map(|found| found.user))
    }

    /// Sets the password, and ends every session of the user in the same transaction. It also notes there what the library
    /// has to hear.
    pub(crate) async fn set_password(
        &self,
        user: &User,
        password: &str,
        new: NewPassword,
    ) -> Result<(), BoxError> {
        let hash = self.passwords.hash(password).await?;
        let mut both = self.pool.begin().await?;
        sqlx::query("UPDATE portal_users SET password_hash = ?, password_news = ? WHERE id = ?")
            .bind(hash)
            .bind(new.as_str())
            .bind(user.number)
            .execute(&mut *both)
            .await?;
        sqlx::query("DELETE FROM portal_sessions WHERE user_id = ?")
            .bind(user.id().as_str())
            .execute(&mut *both)
            .await?;
        Ok(both.commit().await?)
    }

    /// Returns what the library has not heard of yet.
    pub(crate) async fn news_of(&self, user: &User) -> Result<Option<NewPassword>, BoxError> {
        let news = sqlx::query_scalar("SELECT password_news FROM portal_users WHERE id = ?");
        let news: Option<Option<String>> = news.bind(user.number).fetch_optional(&self.pool).await?;
        match news.flatten().as_deref() {
            None => Ok(None),
            Some("verified") => Ok(Some(NewPassword::Verified)),
            Some("old-password-only") => Ok(Some(NewPassword::WithOldPasswordOnly)),
            Some(other) => Err(format!("{other} is no way to set a password").into()),
        }
    }

    /// Notes that the library has heard of it. If another password was set meanwhile, that is still to be told.
    pub(crate) async fn told_of(&self, user: &User, news: NewPassword) -> Result<(), BoxError> {
        sqlx::query("UPDATE portal_users SET password_news = NULL WHERE id = ? AND password_news = ?")
            .bind(user.number)
            .bind(news.as_str())
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    pub(crate) async fn anybody(&self) -> sqlx::Result<bool> {
        sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM portal_users)").fetch_one(&self.pool).await
    }

    pub(crate) async fn add(
        &self,
        connection: &mut SqliteConnection,
        org: &OrgId,
        login: &str,
        name: &str,
        role: Role,
        password: &str,
    ) -> Result<User, BoxError> {
        let insert = "INSERT INTO portal_users (org_id, login, name, role, password_hash)
                      VALUES (?, ?, ?, ?, ?) RETURNING *";
        let hash = self.passwords.hash(password).await?;
        let new =
            sqlx::query_as(insert).bind(org.as_str()).bind(login).bind(name).bind(role.as_str()).bind(hash);
        Ok(new.fetch_one(connection).await?)
    }
}
