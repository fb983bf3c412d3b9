//! The audit trail: events go in with the change that caused them, and come out in pages.

use sqlx::{Row as _, postgres::PgRow};

use super::{PostgresError, PostgresStore, Statement, seconds};
use crate::{
    audit::{Event, Origin},
    store::logged::{EventId, LoggedEvent, Position},
    time::Timestamp,
    who::{OrgId, UserId},
};

/// Binds the events as one array for each column. They are filed under the record that changed.
pub(super) fn bind<'q>(statement: Statement<'q>, events: &'q [Event]) -> Statement<'q> {
    fn column<'q, T>(events: &'q [Event], of: impl Fn(&'q Event) -> T) -> Vec<T> {
        events.iter().map(of).collect()
    }
    if events.is_empty() {
        return statement;
    }
    statement
        .bind(column(events, |event| seconds(event.at)))
        .bind(column(events, |event| event.kind.name()))
        .bind(column(events, |event| event.kind.to_string()))
        .bind(column(events, |event| event.by.kind()))
        .bind(column(events, |event| event.by.name()))
        .bind(column(events, |event| event.seen_from.as_ref().map(Origin::as_str)))
        .bind(column(events, |event| event.checked_in_from.as_ref().map(Origin::as_str)))
        .bind(column(events, |event| event.audience().as_str()))
}

pub(super) async fn page(
    store: &PostgresStore,
    org: &OrgId,
    before: Option<&EventId>,
    limit: u32,
) -> Result<Vec<LoggedEvent>, PostgresError> {
    let page = match before {
        None => sqlx::query(store.statements.newest_events()).bind(org.as_str()).bind(i64::from(limit)),
        Some(EventId(Position::Write { at, user, revision, place })) => {
            let user = user.as_ref().map_or("", UserId::as_str);
            let older = sqlx::query(store.statements.older_events());
            older.bind(org.as_str()).bind(i64::from(limit)).bind(at).bind(user).bind(revision).bind(place)
        }
        Some(EventId(Position::Number(_))) => return Err(PostgresError::ForeignEventId),
    };
    let rows = store.fetch(page).await?;
    Ok(rows.iter().map(read).collect::<Result<_, _>>()?)
}

pub(super) fn read(row: &PgRow) -> Result<LoggedEvent, sqlx::Error> {
    let at: i64 = row.try_get("at")?;
    let user: Option<UserId> = match row.try_get("user_id")? {
        "" => None,
        id => Some(UserId::new(id).map_err(|source| sqlx::Error::Decode(source.into()))?),
    };
    Ok(LoggedEvent {
        at: Timestamp::from_unix(u64::try_from(at).map_err(|source| sqlx::Error::Decode(source.into()))?),
        user: user.as_ref().map(|user| user.as_str().to_owned()),
        id: EventId(Position::Write {
            at,
            user,
            revision: row.try_get("revision")?,
            place: row.try_get("place")?,
        }),
        kind: row.try_get("kind")?,
        text: row.try_get("text")?,
        by_kind: row.try_get("by_kind")?,
        by_name: row.try_get("by_name")?,
        seen_from: row.try_get("seen_from")?,
        checked_in_from: row.try_get("checked_in_from")?,
    })
}
