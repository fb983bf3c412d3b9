//! The audit trail: events go in with the change that caused them, and come out in pages.

use etcd_client::{GetOptions, KeyValue, TxnOp};

use super::{
    EtcdError,
    keys::{self, Keys},
    lines::{self, Lines},
    nodes::Nodes,
    revision, seconds,
};
use crate::{
    audit::{Event, Origin},
    store::logged::{EventId, LoggedEvent, Position},
    time::Timestamp,
    who::{OrgId, UserId},
};

/// The largest number of events in one answer. Even with the longest names there are, they stay below the 4 MiB at
/// which gRPC refuses an answer.
const IN_ONE_ANSWER: u32 = 500;

/// Returns the puts of a write's events. They are filed under the record that changed.
pub(super) fn puts(
    keys: &Keys,
    org: &OrgId,
    user: Option<&UserId>,
    of_write: u64,
    events: &[Event],
) -> Result<Vec<TxnOp>, EtcdError> {
    let (trail, of_write) = (keys.trail(org), revision(of_write)?);
    let put = |(place, event): (i64, &Event)| {
        let key = trail.clone() + &keys::of_event(seconds(event.at), user, of_write, place);
        TxnOp::put(key, written(event), None)
    };
    Ok((0..).zip(events).map(put).collect())
}

pub(super) fn written(event: &Event) -> Lines {
    Lines::default()
        .with("at", Some(event.at))
        .with("user", event.user.as_ref())
        .with("kind", Some(event.kind.name()))
        .with("text", Some(&event.kind))
        .with("by-kind", Some(event.by.kind()))
        .with("by-name", event.by.name())
        .with("seen-from", event.seen_from.as_ref().map(Origin::as_str))
        .with("checked-in-from", event.checked_in_from.as_ref().map(Origin::as_str))
}

/// Writes an event anew that was read.
pub(super) fn written_again(event: &LoggedEvent) -> Lines {
    Lines::default()
        .with("at", Some(event.at))
        .with("user", event.user.as_ref())
        .with("kind", Some(&event.kind))
        .with("text", Some(&event.text))
        .with("by-kind", Some(&event.by_kind))
        .with("by-name", event.by_name.as_ref())
        .with("seen-from", event.seen_from.as_ref())
        .with("checked-in-from", event.checked_in_from.as_ref())
}

pub(super) async fn page(
    nodes: &Nodes,
    keys: &Keys,
    org: &OrgId,
    before: Option<&EventId>,
    limit: u32,
) -> Result<Vec<LoggedEvent>, EtcdError> {
    let trail = keys.trail(org);
    // It ends where the last byte of the prefix, the slash, is followed by another one in the order of bytes.
    let end = trail.trim_end_matches('/').to_owned() + "0";
    let mut from = match before {
        None => trail.clone(),
        Some(EventId(Position::Write { at, user, revision, place })) => {
            after(&trail, &keys::of_event(*at, user.as_ref(), *revision, *place))
        }
        Some(EventId(Position::Number(_))) => return Err(EtcdError::ForeignEventId),
    };
    let mut page = Vec::new();
    let mut left = limit;
    while left > 0 {
        let wanted = left.min(IN_ONE_ANSWER);
        let options = GetOptions::new().with_range(end.as_str()).with_limit(i64::from(wanted));
        let answer = nodes.get(&from, Some(options)).await?;
        for kv in answer.kvs() {
            page.push(read(&trail, kv)?);
        }
        let (Some(last), true) = (answer.kvs().last(), answer.more()) else { break };
        from = after("", &String::from_utf8_lossy(last.key()));
        left -= wanted;
    }
    Ok(page)
}

/// Returns the first key that could come after this one.
fn after(trail: &str, key: &str) -> String {
    format!("{trail}{key}\0")
}

pub(super) fn read(trail: &str, kv: &KeyValue) -> Result<LoggedEvent, EtcdError> {
    let damaged = || EtcdError::Damaged { key: String::from_utf8_lossy(kv.key()).into_owned() };
    let position = kv.key_str().ok().and_then(|key| keys::position_in(key.strip_prefix(trail)?));
    let lines = kv.value_str().map_err(|_| damaged())?;
    read_lines(lines, EventId(position.ok_or_else(damaged)?)).ok_or_else(damaged)
}

/// Reads what [`written`] wrote.
pub(super) fn read_lines(lines: &str, id: EventId) -> Option<LoggedEvent> {
    let fact = |name| lines::value(lines, name).map(str::to_owned);
    Some(LoggedEvent {
        id,
        at: Timestamp::from_unix(fact("at")?.parse().ok()?),
        user: fact("user"),
        kind: fact("kind")?,
        text: fact("text")?,
        by_kind: fact("by-kind")?,
        by_name: fact("by-name"),
        seen_from: fact("seen-from"),
        checked_in_from: fact("checked-in-from"),
    })
}
