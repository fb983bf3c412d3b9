//! A store in memory: for tests, demonstrations and single-process tools. It forgets everything with the process.

use std::{
    collections::BTreeMap,
    convert::Infallible,
    sync::{Mutex, MutexGuard, PoisonError},
};

use super::{
    Change, Erasure, EventId, HeadCount, LoggedEvent, Notice, NoticeId, OrgSummary, Outbox, RecordHead,
    Records, RecordsRequest, SettingsStore, Stored, Swap, UserStore, UserSummary,
};
use crate::{
    audit::Event,
    who::{OrgId, UserId},
};

/// A store that keeps records, settings, summaries and events in memory.
///
/// ```
/// use countersign::MemoryStore;
/// let store = MemoryStore::new();
/// assert!(store.events().is_empty());
/// ```
#[derive(Debug, Default)]
pub struct MemoryStore {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    users: BTreeMap<(OrgId, UserId), (Stored, UserSummary)>,
    settings: BTreeMap<OrgId, (Stored, OrgSummary)>,
    log: Log,
}

/// What happened, and who is still to be told of it.
#[derive(Debug, Default)]
struct Log {
    events: Vec<Event>,
    outbox: BTreeMap<i64, Notice>,
}

impl Inner {
    fn records_of(&self, org: &OrgId) -> impl Iterator<Item = (&UserId, &[u8])> {
        let of_org = self.users.iter().filter(move |((of, _), _)| of == org);
        of_org.map(|((_, user), (stored, _))| (user, stored.record.as_slice()))
    }
}

impl Log {
    fn append(&mut self, event: &Event) {
        let number = i64::try_from(self.events.len()).expect("memory ends before the numbers do");
        self.outbox.extend(Notice::of(event, EventId::numbered(number)).map(|notice| (number, notice)));
        self.events.push(event.clone());
    }
}

impl MemoryStore {
    /// Creates an empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns everything that happened, in order.
    pub fn events(&self) -> Vec<Event> {
        self.lock().log.events.clone()
    }

    /// Returns the summary of a user, or `None` if nothing was ever written for them.
    pub fn user_summary(&self, org: &OrgId, user: &UserId) -> Option<UserSummary> {
        self.lock().users.get(&(org.clone(), user.clone())).map(|(_, summary)| summary.clone())
    }

    /// Returns the summaries of many users, in the same order, for a [`Roster`](crate::Roster).
    pub fn summaries<'u>(
        &self,
        org: &OrgId,
        users: impl IntoIterator<Item = &'u UserId>,
    ) -> Vec<Option<UserSummary>> {
        users.into_iter().map(|user| self.user_summary(org, user)).collect()
    }

    /// Returns the summary of an org, or `None` if its settings were never written.
    pub fn org_summary(&self, org: &OrgId) -> Option<OrgSummary> {
        self.lock().settings.get(org).map(|(_, summary)| summary.clone())
    }

    /// Locks the content. A panic of another holder cannot have left a change half done: every change below is decided
    /// before the first field is touched.
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Performs the one conditional write, for users and settings alike.
fn swap<K: Ord, S: Clone>(
    rows: &mut BTreeMap<K, (Stored, S)>,
    log: &mut Log,
    key: K,
    change: &Change<'_, S>,
) -> Swap {
    let revision = rows.get(&key).map_or(0, |(stored, _)| stored.revision);
    if revision != change.expected {
        return Swap::Stale;
    }
    rows.insert(key, (change.next.clone(), change.summary.clone()));
    change.events.iter().for_each(|event| log.append(event));
    Swap::Done
}

impl UserStore for MemoryStore {
    type Error = Infallible;

    async fn load_user(&self, org: &OrgId, user: &UserId) -> Result<Option<Stored>, Infallible> {
        Ok(self.lock().users.get(&(org.clone(), user.clone())).map(|(stored, _)| stored.clone()))
    }

    async fn swap_user(&self, user: &UserId, change: Change<'_, UserSummary>) -> Result<Swap, Infallible> {
        let Inner { users, log, .. } = &mut *self.lock();
        Ok(swap(users, log, (change.org.clone(), user.clone()), &change))
    }
}

impl SettingsStore for MemoryStore {
    type Error = Infallible;

    async fn load_settings(&self, org: &OrgId) -> Result<Option<Stored>, Infallible> {
        Ok(self.lock().settings.get(org).map(|(stored, _)| stored.clone()))
    }

    async fn swap_settings(&self, change: Change<'_, OrgSummary>) -> Result<Swap, Infallible> {
        let Inner { settings, log, .. } = &mut *self.lock();
        Ok(swap(settings, log, change.org.clone(), &change))
    }
}

impl Records for MemoryStore {
    type Error = Infallible;

    async fn count(&self, org: &OrgId) -> Result<Vec<HeadCount>, Infallible> {
        let mut counts = BTreeMap::<Option<RecordHead>, u64>::new();
        for (_, record) in self.lock().records_of(org) {
            *counts.entry(RecordHead::of(record)).or_default() += 1;
        }
        Ok(counts.into_iter().map(|(head, records)| HeadCount { head, records }).collect())
    }

    async fn page(&self, wanted: RecordsRequest<'_>) -> Result<Vec<UserId>, Infallible> {
        let inner = self.lock();
        let users = inner.records_of(wanted.org).filter(|(user, record)| {
            wanted.after.is_none_or(|after| after < *user) && wanted.heads.want(RecordHead::of(record))
        });
        let limit = usize::try_from(wanted.limit).unwrap_or(usize::MAX);
        Ok(users.map(|(user, _)| user.clone()).take(limit).collect())
    }
}

impl Erasure for MemoryStore {
    type Error = Infallible;

    async fn erase(&self, org: &OrgId, user: &UserId, pseudonym: &UserId) -> Result<(), Infallible> {
        let Inner { log, .. } = &mut *self.lock();
        for event in log.events.iter_mut().filter(|event| event.org == *org) {
            event.erase(user, pseudonym);
        }
        let is_theirs = |event: &LoggedEvent| {
            let is_by = event.by_kind == "user" && event.by_name.as_deref() == Some(user.as_str());
            is_by || event.user.as_deref() == Some(user.as_str())
        };
        log.outbox.retain(|_, notice| notice.id.org != *org || !is_theirs(&notice.event));
        Ok(())
    }

    async fn erase_org(&self, org: &OrgId) -> Result<(), Infallible> {
        let Inner { log, .. } = &mut *self.lock();
        log.outbox.retain(|_, notice| notice.id.org != *org);
        log.events.retain(|event| event.org != *org);
        Ok(())
    }

    async fn remove(&self, org: &OrgId, user: &UserId, revision: u64) -> Result<Swap, Infallible> {
        let key = (org.clone(), user.clone());
        let Inner { users, .. } = &mut *self.lock();
        Ok(match users.get(&key) {
            Some((stored, _)) if stored.revision == revision => {
                users.remove(&key);
                Swap::Done
            }
            _ => Swap::Stale,
        })
    }
}

impl Outbox for MemoryStore {
    type Error = Infallible;

    async fn waiting(&self, after: Option<&NoticeId>, limit: u32) -> Result<Vec<Notice>, Infallible> {
        let after = after.and_then(|id| id.event.number());
        let inner = self.lock();
        let further =
            inner.log.outbox.iter().filter(|(number, _)| after.is_none_or(|after| **number > after));
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        Ok(further.take(limit).map(|(_, notice)| notice.clone()).collect())
    }

    async fn acknowledge(&self, told: &[NoticeId]) -> Result<(), Infallible> {
        let mut inner = self.lock();
        for number in told.iter().filter_map(|id| id.event.number()) {
            inner.log.outbox.remove(&number);
        }
        Ok(())
    }
}
