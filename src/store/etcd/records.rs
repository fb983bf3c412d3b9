//! The records as a whole: counted and listed by their first bytes, and what is erased of somebody who left.

use std::collections::BTreeMap;

use etcd_client::{DeleteOptions, GetOptions, KeyValue, Txn, TxnOp};

use super::{
    EtcdError,
    keys::{self, Keys},
    nodes::Nodes,
    outbox, trail, upon,
};
use crate::{
    store::{
        LoggedEvent, Swap,
        logged::{EventId, Position},
        records::{HeadCount, RecordHead, RecordsRequest},
    },
    who::{OrgId, UserId},
};

/// The largest number of records in one answer: with the largest records that there are, they stay below the 4 MiB at which
/// gRPC refuses an answer.
const IN_ONE_ANSWER: i64 = 200;
/// The largest number of events rewritten at once: each is deleted and put, and a transaction has at most 128 operations.
const IN_ONE_TRANSACTION: usize = 50;

pub(super) async fn count(nodes: &Nodes, keys: &Keys, org: &OrgId) -> Result<Vec<HeadCount>, EtcdError> {
    let mut counts = BTreeMap::<Option<RecordHead>, u64>::new();
    let mut walk = Walk::over(keys.users(org));
    while let Some(some) = walk.next(nodes).await? {
        for kv in some {
            *counts.entry(head(&kv)).or_default() += 1;
        }
    }
    Ok(counts.into_iter().map(|(head, records)| HeadCount { head, records }).collect())
}

pub(super) async fn page(
    nodes: &Nodes,
    keys: &Keys,
    wanted: RecordsRequest<'_>,
) -> Result<Vec<UserId>, EtcdError> {
    let mut walk = Walk::over(keys.users(wanted.org));
    if let Some(after) = wanted.after {
        walk.from = keys.user(wanted.org, after) + "\0";
    }
    let limit = usize::try_from(wanted.limit).unwrap_or(usize::MAX);
    let mut page = Vec::new();
    while let Some(some) = walk.next(nodes).await? {
        for kv in some.iter().filter(|kv| wanted.heads.want(head(kv))) {
            let user = kv.key_str().ok().and_then(|key| keys.user_in(wanted.org, key));
            page.push(user.ok_or_else(|| damaged(kv))?);
            if page.len() == limit {
                return Ok(page);
            }
        }
    }
    Ok(page)
}

/// Returns the head of a record, which comes after 8 bytes of revision.
fn head(kv: &KeyValue) -> Option<RecordHead> {
    RecordHead::of(kv.value().get(8..)?)
}

pub(super) async fn erase(
    nodes: &Nodes,
    keys: &Keys,
    org: &OrgId,
    user: &UserId,
    pseudonym: &UserId,
) -> Result<(), EtcdError> {
    let mut walk = Walk::over(keys.notices(org));
    while let Some(some) = walk.next(nodes).await? {
        let mut deletes = Vec::new();
        for kv in &some {
            let notice = outbox::read(keys, kv)?;
            if concerns(&notice.event, user) || is_by(&notice.event, user) {
                deletes.push(vec![TxnOp::delete(kv.key(), None)]);
            }
        }
        transact(nodes, deletes).await?;
    }
    let trail = keys.trail(org);
    let mut walk = Walk::over(trail.clone());
    while let Some(some) = walk.next(nodes).await? {
        let mut rewrites = Vec::new();
        for kv in &some {
            let event = trail::read(&trail, kv)?;
            if let Some((key, event)) = without(user, event, pseudonym) {
                let key = trail.clone() + &key;
                let mut rewrite = vec![TxnOp::put(key.as_str(), trail::written_again(&event), None)];
                if key.as_bytes() != kv.key() {
                    rewrite.push(TxnOp::delete(kv.key(), None));
                }
                rewrites.push(rewrite);
            }
        }
        transact(nodes, rewrites).await?;
    }
    Ok(())
}

fn concerns(event: &LoggedEvent, user: &UserId) -> bool {
    event.user.as_deref() == Some(user.as_str())
}

fn is_by(event: &LoggedEvent, user: &UserId) -> bool {
    event.by_kind == "user" && event.by_name.as_deref() == Some(user.as_str())
}

/// Returns an event without the user, and its key in the trail; `None` if it has nothing of them.
fn without(user: &UserId, mut event: LoggedEvent, pseudonym: &UserId) -> Option<(String, LoggedEvent)> {
    let EventId(Position::Write { at, user: filed_under, revision, place }) = event.id.clone() else {
        return None;
    };
    let (concerns, is_by) = (concerns(&event, user), is_by(&event, user));
    // An attempt that was aimed at them stands on another user's record, and names them in its sentence.
    let aimed_at = event.kind == "act-refused" && event.text.contains(&format!("({})", user.as_str()));
    if !concerns && !is_by && !aimed_at {
        return None;
    }
    if concerns || aimed_at {
        event.text.clone_from(&event.kind);
    }
    if is_by {
        event.by_name = Some(pseudonym.as_str().to_owned());
    }
    if concerns || is_by {
        (event.seen_from, event.checked_in_from) = (None, None);
    }
    let filed_under = if concerns {
        event.user = Some(pseudonym.as_str().to_owned());
        Some(pseudonym)
    } else {
        filed_under.as_ref()
    };
    Some((keys::of_event(at, filed_under, revision, place), event))
}

/// Sends the operations, so that those of one event stay together.
async fn transact(nodes: &Nodes, operations: Vec<Vec<TxnOp>>) -> Result<(), EtcdError> {
    for some in operations.chunks(IN_ONE_TRANSACTION) {
        nodes.transact(Txn::new().and_then(some.concat())).await?;
    }
    Ok(())
}

pub(super) async fn erase_org(nodes: &Nodes, keys: &Keys, org: &OrgId) -> Result<(), EtcdError> {
    for prefix in [keys.notices(org), keys.trail(org)] {
        let all = DeleteOptions::new().with_range(Walk::over(prefix.clone()).end);
        nodes.transact(Txn::new().and_then([TxnOp::delete(prefix, Some(all))])).await?;
    }
    Ok(())
}

pub(super) async fn remove(
    nodes: &Nodes,
    keys: &Keys,
    org: &OrgId,
    user: &UserId,
    seen: u64,
) -> Result<Swap, EtcdError> {
    let (key, summary) = (keys.user(org, user), keys.user_summary(org, user));
    let deletes = vec![TxnOp::delete(key.as_str(), None), TxnOp::delete(summary, None)];
    let removed = nodes.transact(Txn::new().when(upon(&key, seen)?).and_then(deletes)).await?;
    Ok(if removed.succeeded() { Swap::Done } else { Swap::Stale })
}

/// A walk over all keys with a prefix, page by page.
struct Walk {
    from: String,
    end: String,
    is_over: bool,
}

impl Walk {
    fn over(prefix: String) -> Self {
        // It ends where the last byte of the prefix, the slash, is followed by another one in the order of bytes.
        let end = prefix.trim_end_matches('/').to_owned() + "0";
        Self { from: prefix, end, is_over: false }
    }

    async fn next(&mut self, nodes: &Nodes) -> Result<Option<Vec<KeyValue>>, EtcdError> {
        if self.is_over {
            return Ok(None);
        }
        let options = GetOptions::new().with_range(self.end.as_str()).with_limit(IN_ONE_ANSWER);
        let mut answer = nodes.get(&self.from, Some(options)).await?;
        self.is_over = !answer.more();
        if let Some(last) = answer.kvs().last() {
            self.from = String::from_utf8_lossy(last.key()).into_owned() + "\0";
        }
        Ok(Some(answer.take_kvs()))
    }
}

fn damaged(kv: &KeyValue) -> EtcdError {
    EtcdError::Damaged { key: String::from_utf8_lossy(kv.key()).into_owned() }
}
