//! The audit trail: events go in with the change that caused them, and come out in pages.

use sqlx::{Row as _, SqlitePool, sqlite::SqliteRow};

use super::{SqliteError, seconds, writer::Statement};
use crate::{
    event::{Event, Origin},
    time::Timestamp,
    who::{OrgId, UserId},
};

/// An event as it stands in the table: words and sentences, to be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LoggedEvent {
    /// Higher than the id of any event that was written before.
    pub id: i64,
    /// When, by the clock of the process that decided it.
    pub at: Timestamp,
    /// Whose account it concerns; `None` for the org's settings.
    pub user: Option<String>,
    /// The stable word for what happened: [`EventKind::name`](crate::EventKind::name).
    pub kind: String,
    /// What happened, as a sentence.
    pub text: String,
    /// `user`, `operator` or `host`: [`Actor::kind`](crate::Actor::kind).
    pub by_kind: String,
    /// Which user or operator did it.
    pub by_name: Option<String>,
    /// Where the request came from that caused it.
    pub seen_from: Option<String>,
    /// Where the check-in came from whose ticket was used.
    pub checked_in_from: Option<String>,
}

impl LoggedEvent {
    fn read(row: &SqliteRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.try_get("id")?,
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
    before: Option<i64>,
    limit: u32,
) -> Result<Vec<LoggedEvent>, SqliteError> {
    const SELECT: &str = "
        SELECT id, at, user_id, kind, text, by_kind, by_name, seen_from, checked_in_from
        FROM countersign_events
        WHERE org_id = ?1 AND id < ?2
        ORDER BY id DESC LIMIT ?3";
    let page = sqlx::query(SELECT).bind(org.as_str()).bind(before.unwrap_or(i64::MAX)).bind(limit);
    Ok(page.try_map(|row| LoggedEvent::read(&row)).fetch_all(pool).await?)
}
