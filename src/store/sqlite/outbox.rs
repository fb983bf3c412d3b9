//! The notices that wait to be told.

use sqlx::{Row as _, SqlitePool, sqlite::SqliteRow};

use super::{
    SqliteError, connect, trail,
    writer::{Statement, Write, Writer},
};
use crate::{
    audit::{Audience, Event},
    store::{
        logged::{EventId, Position},
        outbox::{Notice, NoticeId},
    },
    who::OrgId,
};

/// Runs right after the insert of the event itself, whose number it takes.
pub(super) fn append(event: &Event) -> Option<Result<Statement, SqliteError>> {
    const INSERT: &str = "
        INSERT INTO countersign_outbox
            (id, audience, at, org_id, user_id, kind, text, by_kind, by_name, seen_from, checked_in_from)
        SELECT id, ?1, at, org_id, user_id, kind, text, by_kind, by_name, seen_from, checked_in_from
        FROM countersign_events WHERE id = last_insert_rowid()";
    match event.audience() {
        Audience::Nobody => None,
        audience => Some(Statement::of(sqlx::query(INSERT).bind(audience.as_str()))),
    }
}

pub(super) async fn page(
    pool: &SqlitePool,
    after: Option<&NoticeId>,
    limit: u32,
) -> Result<Vec<Notice>, SqliteError> {
    const SELECT: &str = "
        SELECT id, audience, at, org_id, user_id, kind, text, by_kind, by_name, seen_from, checked_in_from
        FROM countersign_outbox
        WHERE id > ?1
        ORDER BY id LIMIT ?2";
    let after = after.map_or(Ok(i64::MIN), number)?;
    let page = sqlx::query(SELECT).bind(after).bind(limit);
    Ok(page.try_map(|row| read(&row)).fetch_all(connect::readers(pool)?).await?)
}

fn read(row: &SqliteRow) -> Result<Notice, sqlx::Error> {
    let org = OrgId::new(row.try_get::<String, _>("org_id")?);
    let audience: Result<Audience, _> = row.try_get::<&str, _>("audience")?.parse();
    Ok(Notice::new(
        org.map_err(|error| sqlx::Error::Decode(error.into()))?,
        audience.map_err(|error| sqlx::Error::Decode(error.into()))?,
        trail::read(row)?,
    ))
}

/// Removes all in one statement, so that they share a commit.
pub(super) async fn acknowledge(writer: &Writer, told: &[NoticeId]) -> Result<(), SqliteError> {
    const DELETE: &str = "DELETE FROM countersign_outbox WHERE id IN (SELECT value FROM json_each(?1))";
    let numbers: Result<Vec<String>, _> = told.iter().map(|id| number(id).map(|n| n.to_string())).collect();
    let delete = sqlx::query(DELETE).bind(format!("[{}]", numbers?.join(",")));
    // Stale means that none of them was there any more, which is success.
    let _ = writer.write(Write { decides: Statement::of(delete)?, follows: Vec::new() }).await?;
    Ok(())
}

fn number(id: &NoticeId) -> Result<i64, SqliteError> {
    match id.event {
        EventId(Position::Number(number)) => Ok(number),
        EventId(Position::Write { .. }) => Err(SqliteError::ForeignEventId),
    }
}
