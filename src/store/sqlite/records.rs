//! The records as a whole: counted and listed by their first bytes, and what is erased of somebody who left.

use sqlx::{Row as _, SqlitePool, sqlite::SqliteRow};

use super::{
    SqliteError, Swap, connect, revision,
    writer::{Statement, Write, Writer},
};
use crate::{
    store::records::{HeadCount, RecordHead, RecordsRequest},
    who::{OrgId, UserId},
};

pub(super) async fn count(pool: &SqlitePool, org: &OrgId) -> Result<Vec<HeadCount>, SqliteError> {
    const SELECT: &str = "
        SELECT substr(record, 1, 5) AS head, count(*) AS records
        FROM countersign_users WHERE org_id = ?1 GROUP BY 1";
    let counts = sqlx::query(SELECT).bind(org.as_str()).try_map(|row: SqliteRow| {
        let (head, records): (Vec<u8>, _) = (row.try_get("head")?, row.try_get("records")?);
        Ok(HeadCount { head: RecordHead::of(&head), records })
    });
    Ok(counts.fetch_all(connect::readers(pool)?).await?)
}

pub(super) async fn page(pool: &SqlitePool, wanted: RecordsRequest<'_>) -> Result<Vec<UserId>, SqliteError> {
    // One parameter for any number of heads. ?4 says how they are meant: all, these, or others.
    const SELECT: &str = "
        SELECT user_id FROM countersign_users
        WHERE org_id = ?1 AND user_id > ?2
            AND (?4 = 0 OR (hex(substr(record, 1, 5)) IN (SELECT value FROM json_each(?3))) = (?4 = 1))
        ORDER BY user_id LIMIT ?5";
    let (heads, meant) = wanted.heads.as_list();
    let hex = |head: &RecordHead| {
        let number = head.as_bytes().iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
        format!("\"{number:010X}\"")
    };
    let heads = format!("[{}]", heads.iter().map(hex).collect::<Vec<_>>().join(","));
    let page = sqlx::query(SELECT)
        .bind(wanted.org.as_str())
        .bind(wanted.after.map_or("", UserId::as_str))
        .bind(heads)
        .bind(meant)
        .bind(wanted.limit);
    let read = |row: SqliteRow| {
        UserId::new(row.try_get::<&str, _>("user_id")?).map_err(|error| sqlx::Error::Decode(error.into()))
    };
    Ok(page.try_map(read).fetch_all(connect::readers(pool)?).await?)
}

pub(super) async fn erase(
    writer: &Writer,
    org: &OrgId,
    user: &UserId,
    pseudonym: &UserId,
) -> Result<(), SqliteError> {
    // An attempt that was aimed at them stands on another user's record, and names them in its sentence.
    const AIMED_AT: &str = "
        UPDATE countersign_events SET text = kind
        WHERE org_id = ?1 AND kind = 'act-refused' AND instr(text, '(' || ?2 || ')') > 0";
    const CONCERNS: &str = "
        UPDATE countersign_events SET text = kind, user_id = ?3
        WHERE org_id = ?1 AND user_id = ?2";
    const ACTED: &str = "
        UPDATE countersign_events SET by_name = ?2
        WHERE org_id = ?1 AND by_kind = 'user' AND by_name = ?3";
    const ADDRESSES: &str = "
        UPDATE countersign_events SET seen_from = NULL, checked_in_from = NULL
        WHERE org_id = ?1 AND (user_id = ?2 OR by_kind = 'user' AND by_name = ?2)";
    const NOTICES: &str = "
        DELETE FROM countersign_outbox
        WHERE org_id = ?1 AND (user_id = ?2 OR by_kind = 'user' AND by_name = ?2)";
    let (org, user, pseudonym) = (org.as_str(), user.as_str(), pseudonym.as_str());
    // The addresses first: afterwards nothing says whose they were.
    for statement in [
        sqlx::query(NOTICES).bind(org).bind(user),
        sqlx::query(ADDRESSES).bind(org).bind(user),
        sqlx::query(AIMED_AT).bind(org).bind(user),
        sqlx::query(ACTED).bind(org).bind(pseudonym).bind(user),
        sqlx::query(CONCERNS).bind(org).bind(user).bind(pseudonym),
    ] {
        // Stale means that there was nothing to erase.
        let _ = writer.write(Write { decides: Statement::of(statement)?, follows: Vec::new() }).await?;
    }
    Ok(())
}

pub(super) async fn erase_org(writer: &Writer, org: &OrgId) -> Result<(), SqliteError> {
    for delete in [
        "DELETE FROM countersign_outbox WHERE org_id = ?1",
        "DELETE FROM countersign_events WHERE org_id = ?1",
    ] {
        let decides = Statement::of(sqlx::query(delete).bind(org.as_str()))?;
        let _ = writer.write(Write { decides, follows: Vec::new() }).await?;
    }
    Ok(())
}

pub(super) async fn remove(
    writer: &Writer,
    org: &OrgId,
    user: &UserId,
    seen: u64,
) -> Result<Swap, SqliteError> {
    const DELETE: &str = "DELETE FROM countersign_users WHERE org_id = ?1 AND user_id = ?2 AND revision = ?3";
    let delete = sqlx::query(DELETE).bind(org.as_str()).bind(user.as_str()).bind(revision(seen)?);
    writer.write(Write { decides: Statement::of(delete)?, follows: Vec::new() }).await
}
