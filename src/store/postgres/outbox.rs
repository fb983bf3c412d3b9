//! The notices that wait to be told.

use sqlx::{Row as _, postgres::PgRow};

use super::{PostgresError, PostgresStore, trail};
use crate::{
    audit::Audience,
    store::{
        logged::{EventId, Position},
        outbox::{Notice, NoticeId},
    },
    who::{OrgId, UserId},
};

pub(super) async fn page(
    store: &PostgresStore,
    after: Option<&NoticeId>,
    limit: u32,
) -> Result<Vec<Notice>, PostgresError> {
    let limit = i64::from(limit);
    let page = match after {
        None => sqlx::query(store.statements.first_notices()).bind(limit),
        Some(id) => {
            let Row { org, at, user, revision, place } = Row::of(id)?;
            let further = sqlx::query(store.statements.further_notices()).bind(limit);
            further.bind(org).bind(at).bind(user).bind(revision).bind(place)
        }
    };
    let rows = store.fetch(page).await?;
    Ok(rows.iter().map(read).collect::<Result<_, _>>()?)
}

fn read(row: &PgRow) -> Result<Notice, sqlx::Error> {
    let org = OrgId::new(row.try_get::<String, _>("org_id")?);
    let audience: Result<Audience, _> = row.try_get::<&str, _>("audience")?.parse();
    Ok(Notice::new(
        org.map_err(|error| sqlx::Error::Decode(error.into()))?,
        audience.map_err(|error| sqlx::Error::Decode(error.into()))?,
        trail::read(row)?,
    ))
}

pub(super) async fn acknowledge(store: &PostgresStore, told: &[NoticeId]) -> Result<(), PostgresError> {
    fn column<'a, T>(rows: &[Row<'a>], of: impl Fn(&Row<'a>) -> T) -> Vec<T> {
        rows.iter().map(of).collect()
    }
    if told.is_empty() {
        return Ok(());
    }
    let rows: Vec<Row<'_>> = told.iter().map(Row::of).collect::<Result<_, _>>()?;
    let delete = sqlx::query(store.statements.acknowledge())
        .bind(column(&rows, |row| row.org))
        .bind(column(&rows, |row| row.at))
        .bind(column(&rows, |row| row.user))
        .bind(column(&rows, |row| row.revision))
        .bind(column(&rows, |row| row.place));
    store.fetch(delete).await.map(drop)
}

/// The key of a row of the outbox, which is that of the event in the trail.
struct Row<'a> {
    org: &'a str,
    at: i64,
    user: &'a str,
    revision: i64,
    place: i64,
}

impl<'a> Row<'a> {
    fn of(id: &'a NoticeId) -> Result<Self, PostgresError> {
        match &id.event {
            EventId(Position::Write { at, user, revision, place }) => Ok(Self {
                org: id.org.as_str(),
                at: *at,
                user: user.as_ref().map_or("", UserId::as_str),
                revision: *revision,
                place: *place,
            }),
            EventId(Position::Number(_)) => Err(PostgresError::ForeignEventId),
        }
    }
}
