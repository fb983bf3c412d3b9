//! A store in etcd: records, settings, summaries and the audit trail under a prefix of etcd's keys.
//!
//! Every write is one transaction. It compares the revision at the beginning of the stored record, and puts the record,
//! the summary and the events. This file knows nothing of what a record means.

mod error;
mod lines;
mod nodes;
mod keys;
mod summaries;
mod trail;
mod outbox;
mod records;

use std::time::Duration;

use etcd_client::{Compare, CompareOp, ConnectOptions, Txn, TxnOp};

pub use self::{error::EtcdError, keys::InvalidPrefix};
use self::{keys::Keys, lines::Lines, nodes::Nodes};
use super::{
    Change, Erasure, HeadCount, Notice, NoticeId, OrgSummary, Outbox, Records, RecordsRequest, SettingsStore,
    Stored, Swap, UserStore, UserSummary,
    logged::{EventId, LoggedEvent},
};
use crate::{
    audit::Event,
    time::Timestamp,
    who::{OrgId, UserId},
};

/// A store that keeps records, settings, summaries and events in etcd.
///
/// Clones share their connections, so a host can give one to [`TwoFactor`](crate::TwoFactor) and list
/// [`events`](Self::events) with another.
///
/// It works inside a tokio runtime that has its timer on. Anywhere else it fails with [`EtcdError::OffRuntime`].
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
/// is tried once on each of the others. All reads are linearizable: a node that was cut off from the others has no
/// answer, rather than an old one.
///
/// A *transaction* is sent once and never again; the library finds out what became of it. (That is why there is one
/// connection for each node. One [`Client`](etcd_client::Client) for all spreads calls over the nodes as it likes,
/// including those that are down.)
///
/// The client repeats a call by itself in one case only, with a user and
/// [`with_auto_token_refresh`](ConnectOptions::with_auto_token_refresh): when etcd refused the call because the token
/// had expired, before anything was proposed to the cluster.
///
/// # Keys and values
///
/// | key, after the prefix | value |
/// | --- | --- |
/// | `/users/ORG/USER`, `/settings/ORG` | 8 bytes of revision, the most significant first, and the sealed record |
/// | `/user-summaries/ORG/USER`, `/settings-summaries/ORG` | what is true after the last change, for lists and counts |
/// | `/events/ORG/TIME/USER/REVISION/PLACE` | an event of the trail, filed under the record that changed; `USER` is `~` for settings. `TIME`, `REVISION` and `PLACE` count down, in 16 hexadecimal digits: the newest come first |
/// | `/outbox/ORG/TIME/USER/REVISION/PLACE` | the same, with its `audience`, until it was told; here the numbers count up |
///
/// In `ORG` and `USER`, slashes, percent signs, tildes, blanks and everything that is not ASCII are percent-encoded
/// (`%2F`), so that no two orgs or users ever share a key. Summaries and events are lines of text, `name=value`; an
/// absent fact has no line. Users have those of [`UserSummary`], orgs those of [`OrgSummary`], with hyphens; times are in
/// Unix seconds. A user is enrolled *now* if their `enrolled-epoch` is the `epoch` of their org, or its `chosen-in`.
///
/// # Why the comparison holds
///
/// etcd compares values as strings of bytes. A value that begins with the revision *n* is greater than *n* alone, and
/// less than *n* + 1 alone, so two comparisons tell exactly whether *n* is stored. (etcd's own count of a key's puts,
/// its `version`, restarts when an operator deletes a key and puts it back, or copies all of them to another cluster.
/// The revision in the value goes with the record.) Nothing old is ever asked for, so compaction does not matter.
#[derive(Clone, Debug)]
pub struct EtcdStore {
    nodes: Nodes,
    keys: Keys,
}

impl EtcdStore {
    /// Creates the store on the cluster of these nodes (`http://…` or `https://…`), under this prefix of its keys,
    /// which no other program may use. It does not connect yet.
    ///
    /// # Errors
    /// [`EtcdError::NoNode`] if no node is named, [`EtcdError::InvalidPrefix`] if the prefix cannot be one.
    pub fn new<E: Into<String>>(
        nodes: impl IntoIterator<Item = E>,
        options: &ConnectOptions,
        prefix: &str,
    ) -> Result<Self, EtcdError> {
        Ok(Self { nodes: Nodes::new(nodes, options)?, keys: Keys::new(prefix)? })
    }

    /// Returns how this store connects to a node, for a host that adds TLS and a user.
    ///
    /// It gives up a connection that is not made within two seconds, or that is silent for three seconds after a ping.
    /// Otherwise TCP would wait minutes for a node that vanished without a word. A node that knows no leader says so at
    /// once. An expired token is renewed.
    pub fn options() -> ConnectOptions {
        ConnectOptions::new()
            .with_connect_timeout(Duration::from_secs(2))
            // Only while a call is waiting, and not more often than etcd allows by default (5 s).
            .with_keep_alive(Duration::from_secs(6), Duration::from_secs(3))
            .with_keep_alive_while_idle(false)
            .with_require_leader(true)
            .with_auto_token_refresh(true)
    }

    /// Sets how long to wait for one node. The default is three seconds, so a read that has three nodes to ask takes at
    /// most nine.
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

    /// Returns what happened in an org, newest first: at most `limit` events. The order is by the clocks of the
    /// processes that decided it. With `before`, only events after that one in this order are returned. To get the next
    /// page, pass the id of the last event of this one.
    ///
    /// # Errors
    /// [`EtcdError`] if no node can be read, or if `before` is from another kind of store.
    pub async fn events(
        &self,
        org: &OrgId,
        before: Option<&EventId>,
        limit: u32,
    ) -> Result<Vec<LoggedEvent>, EtcdError> {
        trail::page(&self.nodes, &self.keys, org, before, limit).await
    }

    /// Returns what was last written about each of these users, in the same order; `None` if nothing ever was. For a
    /// [`Roster`](crate::Roster) whose people are in another database.
    ///
    /// # Errors
    /// [`EtcdError`] if no node can be read.
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

    /// Performs the one conditional write, for users and settings alike.
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

/// What a swap writes, and what it expects.
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
        let OrgSummary { requirement, epoch, chosen_in } = change.summary;
        let summary = Lines::default()
            .with("requirement", Some(requirement.as_str()))
            .with("epoch", Some(epoch))
            .with("chosen-in", chosen_in.as_ref());
        let (key, summary) = (self.keys.settings(org), (self.keys.settings_summary(org), summary));
        self.swap(Write { owner: (org, None), key, summary, expected, next, events }).await
    }
}

impl Records for EtcdStore {
    type Error = EtcdError;

    async fn count(&self, org: &OrgId) -> Result<Vec<HeadCount>, EtcdError> {
        records::count(&self.nodes, &self.keys, org).await
    }

    async fn page(&self, wanted: RecordsRequest<'_>) -> Result<Vec<UserId>, EtcdError> {
        records::page(&self.nodes, &self.keys, wanted).await
    }
}

impl Erasure for EtcdStore {
    type Error = EtcdError;

    async fn erase(&self, org: &OrgId, user: &UserId, pseudonym: &UserId) -> Result<(), EtcdError> {
        records::erase(&self.nodes, &self.keys, org, user, pseudonym).await
    }

    async fn erase_org(&self, org: &OrgId) -> Result<(), EtcdError> {
        records::erase_org(&self.nodes, &self.keys, org).await
    }

    async fn remove(&self, org: &OrgId, user: &UserId, revision: u64) -> Result<Swap, EtcdError> {
        records::remove(&self.nodes, &self.keys, org, user, revision).await
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

/// Returns what must be true of a record's key for it to have this revision. For a missing key every comparison of
/// values is false, and only its creation revision shows that it is missing.
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

/// Converts a revision. It decides who wins, so it is exact or refused: 0 means that nothing is there, and the ids of
/// events count to 2⁶³ − 1.
fn revision(revision: u64) -> Result<i64, EtcdError> {
    match i64::try_from(revision) {
        Ok(counted) if counted > 0 => Ok(counted),
        _ => Err(EtcdError::RevisionOutOfRange(revision)),
    }
}

/// Converts a time, which orders events. Times after the largest number become the largest number.
fn seconds(at: Timestamp) -> i64 {
    i64::try_from(at.as_unix()).unwrap_or(i64::MAX)
}
