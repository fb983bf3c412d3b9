//! The records as a whole: counted and listed by their first bytes, and what is erased of somebody who left.

use sqlx::Row as _;

use super::{PostgresError, PostgresStore, revision};
use crate::{
    store::{
        Swap,
        records::{HeadCount, RecordHead, RecordsRequest},
    },
    who::{OrgId, UserId},
};

pub(super) async fn count(store: &PostgresStore, org: &OrgId) -> Result<Vec<HeadCount>, PostgresError> {
    let rows = store.fetch(sqlx::query(store.statements.count_records()).bind(org.as_str())).await?;
    let counts = rows.iter().map(|row| {
        let (head, records): (Option<&[u8]>, i64) = (row.try_get("head")?, row.try_get("records")?);
        let records = u64::try_from(records).map_err(|source| sqlx::Error::Decode(source.into()))?;
        Ok(HeadCount { head: head.and_then(RecordHead::of), records })
    });
    Ok(counts.collect::<sqlx::Result<_>>()?)
}

pub(super) async fn page(
    store: &PostgresStore,
    wanted: RecordsRequest<'_>,
) -> Result<Vec<UserId>, PostgresError> {
    let (heads, meant) = wanted.heads.as_list();
    let heads: Vec<&[u8]> = heads.iter().map(|head| head.as_bytes().as_slice()).collect();
    let page = sqlx::query(store.statements.list_records())
        .bind(wanted.org.as_str())
        .bind(wanted.after.map_or("", UserId::as_str))
        .bind(heads)
        .bind(meant)
        .bind(i64::from(wanted.limit));
    let rows = store.fetch(page).await?;
    let users = rows.iter().map(|row| {
        UserId::new(row.try_get::<&str, _>("user_id")?).map_err(|source| sqlx::Error::Decode(source.into()))
    });
    Ok(users.collect::<sqlx::Result<_>>()?)
}

pub(super) async fn erase(
    store: &PostgresStore,
    org: &OrgId,
    user: &UserId,
    pseudonym: &UserId,
) -> Result<(), PostgresError> {
    let erase = sqlx::query(store.statements.erase());
    store.fetch(erase.bind(org.as_str()).bind(user.as_str()).bind(pseudonym.as_str())).await.map(drop)
}

pub(super) async fn erase_org(store: &PostgresStore, org: &OrgId) -> Result<(), PostgresError> {
    store.fetch(sqlx::query(store.statements.erase_org()).bind(org.as_str())).await.map(drop)
}

pub(super) async fn remove(
    store: &PostgresStore,
    org: &OrgId,
    user: &UserId,
    seen: u64,
) -> Result<Swap, PostgresError> {
    let remove = sqlx::query(store.statements.remove_record());
    store.swap(remove.bind(org.as_str()).bind(user.as_str()).bind(revision(seen)?)).await
}
