//! The audit trail: events go in with the change that caused them, and come out in pages.

use sqlx::{Row as _, SqlitePool, sqlite::SqliteRow};

use super::{SqliteError, connect, seconds, writer::Statement};
use crate::{
    audit::{Event, Origin},
    store::logged::{EventId, LoggedEvent, Position},
    time::Timestamp,
    who::{OrgId, UserId},
};

pub(super) fn read(row: &SqliteRow) -> Result<LoggedEvent, sqlx::Error> {
    Ok(LoggedEvent {
        id: EventId(Position::Number(row.try_get("id")?)),
        at: Timestamp::from_unix(row.try_get("at")?),
        user: row.try_get("user_id")?,
        kind: row.try_get("kind")?,
        text: row.try_get("text")?,
        by_kind: row.try_get("by_kind")?,
        by_name: row.try_get("by_name")?,
        seen_from: row.try_get("seen_from")?,
        checked_in_from: row.try_get("checked_in_from")?,
    })
}

pub(super) fn append(event: &Event) -> Result<Statement, SqliteError> {
    const INSERT: &str = "
        INSERT INTO countersign_events
            (at, org_id, user_id, kind, text, by_kind, by_name, seen_from, checked_in_from)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
    let insert = sqlx::query(INSERT)
        .bind(seconds(event.at))
        .bind(event.org.as_str())
        .bind(event.user.as_ref().map(UserId::as_str))
        .bind(event.kind.name())
        .bind(event.kind.to_string())
        .bind(event.by.kind())
        .bind(event.by.name())
        .bind(event.seen_from.as_ref().map(Origin::as_str))
        .bind(event.checked_in_from.as_ref().map(Origin::as_str));
    Statement::of(insert)
}

pub(super) async fn page(
    pool: &SqlitePool,
    org: &OrgId,
    before: Option<&EventId>,
    limit: u32,
) -> Result<Vec<LoggedEvent>, SqliteError> {
    const SELECT: &str = "
        SELECT id, at, user_id, kind, text, by_kind, by_name, seen_from, checked_in_from
        FROM countersign_events
        WHERE org_id = ?1 AND id < ?2
        ORDER BY id DESC LIMIT ?3";
    let before = match before {
        None => i64::MAX,
        Some(EventId(Position::Number(number))) => *number,
        Some(EventId(Position::Write { .. })) => return Err(SqliteError::ForeignEventId),
    };
    let page = sqlx::query(SELECT).bind(org.as_str()).bind(before).bind(limit);
    Ok(page.try_map(|row| read(&row)).fetch_all(connect::readers(pool)?).await?)
}
