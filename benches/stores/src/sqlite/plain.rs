//! The other side: what most portals do. An ordinary pool, and for each write a transaction of its own, with the same
//! promise as ours (write-ahead log, `synchronous = FULL`) and the same tables.

use std::path::Path;

use countersign::{
    OrgId, UserId, UserStore,
    audit::Event,
    store::{Change, Stored, Swap, UserSummary, sqlite::SqliteStore},
};
use sqlx::{Row as _, SqlitePool, sqlite::SqlitePoolOptions};

#[derive(Clone, Debug)]
pub(crate) struct Plain(SqlitePool);

impl Plain {
    pub(crate) async fn open(path: &Path) -> Result<Self, sqlx::Error> {
        Ok(Self(SqlitePoolOptions::new().connect_with(SqliteStore::options(path)).await?))
    }
}

impl UserStore for Plain {
    type Error = sqlx::Error;

    async fn load_user(&self, org: &OrgId, user: &UserId) -> Result<Option<Stored>, sqlx::Error> {
        let select = "SELECT revision, record FROM countersign_users WHERE org_id = ?1 AND user_id = ?2";
        let row = sqlx::query(select).bind(org.as_str()).bind(user.as_str()).fetch_optional(&self.0).await?;
        row.map(|row| Ok(Stored { revision: row.try_get("revision")?, record: row.try_get("record")? }))
            .transpose()
    }

    async fn swap_user(&self, user: &UserId, change: Change<'_, UserSummary>) -> Result<Swap, sqlx::Error> {
        let update = "UPDATE countersign_users SET revision = ?3, record = ?4, enrolled_epoch = ?5 \
                      WHERE org_id = ?1 AND user_id = ?2 AND revision = ?6";
        let mut transaction = self.0.begin_with("BEGIN IMMEDIATE").await?;
        let written = sqlx::query(update)
            .bind(change.org.as_str())
            .bind(user.as_str())
            .bind(change.next.revision.cast_signed())
            .bind(&change.next.record)
            .bind(change.summary.enrolled_epoch.map(|epoch| epoch.to_string()))
            .bind(change.expected.cast_signed())
            .execute(&mut *transaction)
            .await?;
        if written.rows_affected() == 0 {
            transaction.rollback().await?;
            return Ok(Swap::Stale);
        }
        for event in change.events {
            append(&mut transaction, event).await?;
        }
        transaction.commit().await?;
        Ok(Swap::Done)
    }
}

async fn append(connection: &mut sqlx::SqliteConnection, event: &Event) -> Result<(), sqlx::Error> {
    let insert = "INSERT INTO countersign_events (at, org_id, user_id, kind, text, by_kind, by_name, seen_from) \
                  VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    sqlx::query(insert)
        .bind(event.at.as_unix().cast_signed())
        .bind(event.org.as_str())
        .bind(event.user.as_ref().map(UserId::as_str))
        .bind(event.kind.name())
        .bind(event.kind.to_string())
        .bind(event.by.kind())
        .bind(event.by.name())
        .bind(event.seen_from.as_ref().map(ToString::to_string))
        .execute(connection)
        .await?;
    Ok(())
}
