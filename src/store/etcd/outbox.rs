//! The notices that wait to be told.

use etcd_client::{GetOptions, KeyValue, Txn, TxnOp};

use super::{EtcdError, keys::Keys, lines, nodes::Nodes, revision, seconds, trail};
use crate::{
    audit::{Audience, Event},
    store::{
        logged::{EventId, Position},
        outbox::{Notice, NoticeId},
    },
    who::{OrgId, UserId},
};

/// The largest number of notices in one answer, for the same reason as in the trail.
const IN_ONE_ANSWER: u32 = 500;
/// The largest number of notices removed at once: a transaction has at most 128 operations (`--max-txn-ops`).
const IN_ONE_TRANSACTION: usize = 100;

/// Returns the puts of the notices of a write's events, in addition to those of the trail.
pub(super) fn puts(
    keys: &Keys,
    org: &OrgId,
    user: Option<&UserId>,
    of_write: u64,
    events: &[Event],
) -> Result<Vec<TxnOp>, EtcdError> {
    let of_write = revision(of_write)?;
    let put = |(place, event): (i64, &Event)| match event.audience() {
        Audience::Nobody => None,
        audience => {
            let key = keys.notice(org, seconds(event.at), user, of_write, place);
            Some(TxnOp::put(key, trail::written(event).with("audience", Some(audience.as_str())), None))
        }
    };
    Ok((0..).zip(events).filter_map(put).collect())
}

pub(super) async fn page(
    nodes: &Nodes,
    keys: &Keys,
    after: Option<&NoticeId>,
    limit: u32,
) -> Result<Vec<Notice>, EtcdError> {
    let outbox = keys.outbox();
    // It ends where the last byte of the prefix, the slash, is followed by another one in the order of bytes.
    let end = outbox.trim_end_matches('/').to_owned() + "0";
    let mut from = match after {
        None => outbox.clone(),
        Some(id) => key(keys, id)? + "\0",
    };
    let (mut page, mut left) = (Vec::new(), limit);
    while left > 0 {
        let wanted = left.min(IN_ONE_ANSWER);
        let options = GetOptions::new().with_range(end.as_str()).with_limit(i64::from(wanted));
        let answer = nodes.get(&from, Some(options)).await?;
        for kv in answer.kvs() {
            page.push(read(keys, kv)?);
        }
        let (Some(last), true) = (answer.kvs().last(), answer.more()) else { break };
        from = String::from_utf8_lossy(last.key()).into_owned() + "\0";
        left -= wanted;
    }
    Ok(page)
}

pub(super) fn read(keys: &Keys, kv: &KeyValue) -> Result<Notice, EtcdError> {
    let damaged = || EtcdError::Damaged { key: String::from_utf8_lossy(kv.key()).into_owned() };
    let place = kv.key_str().ok().and_then(|key| keys.notice_in(key));
    let (org, position) = place.ok_or_else(damaged)?;
    let lines = kv.value_str().map_err(|_| damaged())?;
    let audience = lines::value(lines, "audience").and_then(|word| word.parse().ok());
    let event = trail::read_lines(lines, EventId(position)).ok_or_else(damaged)?;
    Ok(Notice::new(org, audience.ok_or_else(damaged)?, event))
}

pub(super) async fn acknowledge(nodes: &Nodes, keys: &Keys, told: &[NoticeId]) -> Result<(), EtcdError> {
    for some in told.chunks(IN_ONE_TRANSACTION) {
        let mut deletes: Vec<TxnOp> = Vec::new();
        let mut named: Vec<String> = some.iter().map(|id| key(keys, id)).collect::<Result<_, _>>()?;
        // etcd accepts no transaction that names a key twice.
        named.sort();
        named.dedup();
        deletes.extend(named.into_iter().map(|key| TxnOp::delete(key, None)));
        nodes.transact(Txn::new().and_then(deletes)).await?;
    }
    Ok(())
}

fn key(keys: &Keys, id: &NoticeId) -> Result<String, EtcdError> {
    match &id.event {
        EventId(Position::Write { at, user, revision, place }) => {
            Ok(keys.notice(&id.org, *at, user.as_ref(), *revision, *place))
        }
        EventId(Position::Number(_)) => Err(EtcdError::ForeignEventId),
    }
}
