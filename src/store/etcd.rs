//! A store in etcd: records, settings, summaries and the audit trail under a prefix of etcd's keys.
//!
//! Every write is one transaction: it compares the revision that the stored record begins with, and puts record,
//! summary and events. This file knows nothing of what a record means.

mod error;
mod lines;
mod nodes;
mod keys;
mod summaries;
mod trail;
mod outbox;

use std::time::Duration;

use etcd_client::{Compare, CompareOp, ConnectOptions, Txn, TxnOp};

pub use self::{error::EtcdError, keys::InvalidPrefix};
use self::{keys::Keys, lines::Lines, nodes::Nodes};
use super::{
    Change, Notice, NoticeId, OrgSummary, Outbox, SettingsStore, Stored, Swap, UserStore, UserSummary,
    logged::{EventId, LoggedEvent},
};
use crate::{
    audit::Event,
    time::Timestamp,
    who::{OrgId, UserId},
};

/// Keeps records, settings, summaries and events in etcd.
///
/// Clones share their connections, so a host can hand one to [`TwoFactor`](crate::TwoFactor) and list
/// [`events`](Self::events) with another.
///
/// It works inside a tokio runtime that has its timer on. Called anywhere else, it answers [`EtcdError::OffRuntime`].
///
/// ```
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use countersign::store::etcd::EtcdStore;
///
/// let nodes = ["http://10.0.0.1:2379", "http://10.0.0.2:2379", "http://10.0.0.3:2379"];
/// let store = EtcdStore::new(nodes, &EtcdStore::options(), "portal/countersign")?; // connects when it is first needed
/// # Ok(()) }
/// ```
///
/// # Nodes
///
/// Name every node of the cluster. All calls go to one of them until it fails, then to the next. A *read* that failed
/// is tried on each of the others, once, and all reads are linearizable: a node that was cut off from the others has
/// no answer, rather than an old one. A *transaction* is sent once and never again: what became of it, the library finds
/// out. (Hence one connection for each node, instead of one [`Client`](etcd_client::Client) for all: that one spreads
/// calls over the nodes as it likes, those that are down among them.)
///
/// The client repeats a call by itself in one case, when it is given a user and
/// [`with_auto_token_refresh`](ConnectOptions::with_auto_token_refresh): etcd refused it at the door, before anything
/// was proposed to the cluster, since the token had expired.
///
/// # Keys and values
///
/// | key, after the prefix | value |
/// | --- | --- |
/// | `/users/ORG/USER`, `/settings/ORG` | 8 bytes of revision, the most significant first, and the sealed record |
/// | `/user-summaries/ORG/USER`, `/settings-summaries/ORG` | what is true after the last change, to list and count by |
/// | `/events/ORG/TIME/USER/REVISION/PLACE` | an event of the trail, filed under the record whose change it tells of; `USER` is `~` for settings. `TIME`, `REVISION` and `PLACE` count down, in 16 hexadecimal digits: the newest come first |
/// | `/outbox/ORG/TIME/USER/REVISION/PLACE` | the same, with its `audience`, until it was told; here the numbers count up |
///
/// In `ORG` and `USER` everything is percent-encoded (`%2F`) that is a slash, a percent sign, a tilde, a blank or not ASCII, so
/// that no two orgs or users ever share a key. Summaries and events are lines of text, `name=value`; what is not so has
/// no line. Of a user: `enrolled-epoch`, `enrolled-since`, `last-used`, `pending-until`, `waiting-until`, `blocked-since` (in Unix
/// seconds); of an org: `requirement`, `epoch`. A user is enrolled *now* when his `enrolled-epoch` equals the `epoch` of
/// his org.
///
/// # Why the comparison holds
///
/// etcd compares values as strings of bytes. One that begins with the revision *n* is greater than *n* alone, and less
/// than *n* + 1 alone: two comparisons tell exactly whether *n* is stored. (etcd's own count of a key's puts, its
/// `version`, begins anew when an operator deletes a key and puts it back, or copies all of them to another cluster. The
/// revision in the value goes with the record.) Nothing old is ever asked for, so that compaction does not matter.
#[derive(Clone, Debug)]
pub struct EtcdStore {
    nodes: Nodes,
    keys: Keys,
}

impl EtcdStore {
    /// The store on the cluster of these nodes (`http://…` or `https://…`), under this prefix of its keys, which must
    /// be the store's alone. Nothing is connected yet.
    ///
    /// # Errors
    /// [`EtcdError::NoNode`] when there is none, [`EtcdError::InvalidPrefix`] when the prefix cannot be one.
    pub fn new<E: Into<String>>(
        nodes: impl IntoIterator<Item = E>,
        options: &ConnectOptions,
        prefix: &str,
    ) -> Result<Self, EtcdError> {
        Ok(Self { nodes: Nodes::new(nodes, options)?, keys: Keys::new(prefix)? })
    }

    /// How this store connects to a node. For a host that adds TLS and a user.
    ///
    /// A connection that is not made within two seconds, or silent for three after a ping, is given up: otherwise a
    /// node that vanished without a word would be waited for by the rules of TCP, which takes minutes. A node that
    /// knows of no leader says so at once. An expired token is renewed.
    pub fn options() -> ConnectOptions {
        ConnectOptions::new()
            .with_connect_timeout(Duration::from_secs(2))
            // While something is asked only, and not more often than etcd forgives by default (5 s).
            .with_keep_alive(Duration::from_secs(6), Duration::from_secs(3))
            .with_keep_alive_while_idle(false)
            .with_require_leader(true)
            .with_auto_token_refresh(true)
    }

    /// The same store with another bound on how long one node is waited for. The default is three seconds, so that a
    /// read that has three nodes to ask takes nine at the most.
    ///
    /// ```
    /// # use countersign::store::etcd::{EtcdError, EtcdStore};
    /// # fn main() -> Result<(), EtcdError> {
    /// use std::time::Duration;
    /// let store = EtcdStore::new(["http://127.0.0.1:2379"], &EtcdStore::options(), "portal")?
    ///     .with_patience(Duration::from_secs(1));
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn with_patience(self, patience: Duration) -> Self {
        Self { nodes: self.nodes.with_patience(patience), ..self }
    }

    /// What happened in an org, newest first by the clocks of those who decided it: at most `limit` events, those that
    /// come after `before` in that order if it is given. The next page begins with the id of the last event of this one.
    ///
    /// # Errors
    /// [`EtcdError`] when no node can be read, or when `before` is of another kind of store.
    pub async fn events(
        &self,
        org: &OrgId,
        before: Option<&EventId>,
        limit: u32,
    ) -> Result<Vec<LoggedEvent>, EtcdError> {
        trail::page(&self.nodes, &self.keys, org, before, limit).await
    }

    /// What was last written of each of these users, in the same order; `None` where nothing ever was. For a
    /// [`Roster`](crate::Roster) whose people are in another database.
    ///
    /// # Errors
    /// [`EtcdError`] when no node cannot be read.
    pub async fn summaries<'u>(
        &self,
        org: &OrgId,
        users: impl IntoIterator<Item = &'u UserId>,
    ) -> Result<Vec<Option<UserSummary>>, EtcdError> {
        let users: Vec<&UserId> = users.into_iter().collect();
        summaries::of(&self.nodes, &self.keys, org, &users).await
    }

    async fn load(&self, key: String) -> Result<Option<Stored>, EtcdError> {
        let read = self.nodes.get(&key, None).await?;
        let Some(kv) = read.kvs().first() else { return Ok(None) };
        match kv.value().split_first_chunk() {
            Some((revision, record)) if *revision != [0; 8] && !record.is_empty() => {
                Ok(Some(Stored { revision: u64::from_be_bytes(*revision), record: record.to_vec() }))
            }
            _ => Err(EtcdError::Damaged { key }),
        }
    }

    /// The one conditional write, for users and settings alike.
    async fn swap(&self, write: Write<'_>) -> Result<Swap, EtcdError> {
        let Write { owner: (org, user), key, summary, expected, next, events } = write;
        let mut value = revision(next.revision)?.to_be_bytes().to_vec();
        value.extend_from_slice(&next.record);
        let mut puts = vec![TxnOp::put(key.as_str(), value, None), TxnOp::put(summary.0, summary.1, None)];
        puts.extend(trail::puts(&self.keys, org, user, next.revision, events)?);
        puts.extend(outbox::puts(&self.keys, org, user, next.revision, events)?);
        let transaction = Txn::new().when(upon(&key, expected)?).and_then(puts);
        let swapped = self.nodes.transact(transaction).await?;
        Ok(if swapped.succeeded() { Swap::Done } else { Swap::Stale })
    }
}

/// What a swap writes, and upon what.
struct Write<'a> {
    owner: (&'a OrgId, Option<&'a UserId>),
    key: String,
    summary: (String, Lines),
    expected: u64,
    next: &'a Stored,
    events: &'a [Event],
}

impl UserStore for EtcdStore {
    type Error = EtcdError;

    async fn load_user(&self, org: &OrgId, user: &UserId) -> Result<Option<Stored>, EtcdError> {
        self.load(self.keys.user(org, user)).await
    }

    async fn swap_user(&self, user: &UserId, change: Change<'_, UserSummary>) -> Result<Swap, EtcdError> {
        let Change { org, expected, next, events, .. } = change;
        let summary = (self.keys.user_summary(org, user), summaries::written(change.summary));
        let key = self.keys.user(org, user);
        self.swap(Write { owner: (org, Some(user)), key, summary, expected, next, events }).await
    }
}

impl SettingsStore for EtcdStore {
    type Error = EtcdError;

    async fn load_settings(&self, org: &OrgId) -> Result<Option<Stored>, EtcdError> {
        self.load(self.keys.settings(org)).await
    }

    async fn swap_settings(&self, change: Change<'_, OrgSummary>) -> Result<Swap, EtcdError> {
        let Change { org, expected, next, events, .. } = change;
        let OrgSummary { requirement, epoch } = change.summary;
        let summary =
            Lines::default().with("requirement", Some(requirement.as_str())).with("epoch", Some(epoch));
        let (key, summary) = (self.keys.settings(org), (self.keys.settings_summary(org), summary));
        self.swap(Write { owner: (org, None), key, summary, expected, next, events }).await
    }
}

impl Outbox for EtcdStore {
    type Error = EtcdError;

    async fn waiting(&self, after: Option<&NoticeId>, limit: u32) -> Result<Vec<Notice>, EtcdError> {
        outbox::page(&self.nodes, &self.keys, after, limit).await
    }

    async fn acknowledge(&self, told: &[NoticeId]) -> Result<(), EtcdError> {
        outbox::acknowledge(&self.nodes, &self.keys, told).await
    }
}

/// What must be true of a record's key for it to have this revision; of a missing one every comparison of values is
/// false, and only it was never created.
fn upon(key: &str, expected: u64) -> Result<Vec<Compare>, EtcdError> {
    if expected == 0 {
        return Ok(vec![Compare::create_revision(key, CompareOp::Equal, 0)]);
    }
    let following = expected.checked_add(1).ok_or(EtcdError::RevisionOutOfRange(expected))?;
    Ok(vec![
        Compare::value(key, CompareOp::Greater, expected.to_be_bytes()),
        Compare::value(key, CompareOp::Less, following.to_be_bytes()),
    ])
}

/// A revision decides who wins, so it is exact or it is refused: 0 means that nothing is there, and the ids of events
/// count to 2⁶³ − 1.
fn revision(revision: u64) -> Result<i64, EtcdError> {
    match i64::try_from(revision) {
        Ok(counted) if counted > 0 => Ok(counted),
        _ => Err(EtcdError::RevisionOutOfRange(revision)),
    }
}

/// A point in time puts events in an order, so the end of time will do for what lies beyond it.
fn seconds(at: Timestamp) -> i64 {
    i64::try_from(at.as_unix()).unwrap_or(i64::MAX)
}
