//! The suites for what a store holds as a whole, tested themselves: sound stores pass, and every broken one is caught by the
//! clause it breaks.

use std::sync::Mutex;

use countersign::{
    BoxError, MemoryStore, OrgId, UserId, UserStore, conformance,
    store::{
        Change, Erasure, HeadCount, Heads, LoggedEvent, Notice, NoticeId, Outbox, Records, RecordsRequest,
        Stored, Swap, UserSummary,
    },
};

use super::fresh;

/// So many users of one org, and then one of another.
fn of_one_org(number: usize) -> impl AsyncFnMut() -> Result<(OrgId, UserId), BoxError> {
    let (mut first, mut made) = (None, 0);
    async move || {
        let (org, user) = fresh().await?;
        made += 1;
        let org = if made <= number { first.get_or_insert(org).clone() } else { org };
        Ok((org, user))
    }
}

fn in_memory(store: &MemoryStore, org: &OrgId) -> Vec<LoggedEvent> {
    let events = store.events().into_iter().filter(|event| event.org == *org);
    let logged = events.map(|event| {
        // Of no matter here: any position will do.
        let id = "0".parse().unwrap();
        let text = event.kind.to_string();
        let mut logged =
            LoggedEvent::new(id, event.at, event.kind.name().to_owned(), text, event.by.kind().to_owned());
        logged.user = event.user.as_ref().map(|user| user.as_str().to_owned());
        logged.by_name = event.by.name().map(str::to_owned);
        logged.seen_from = event.seen_from.as_ref().map(|origin| origin.as_str().to_owned());
        logged.checked_in_from = event.checked_in_from.as_ref().map(|origin| origin.as_str().to_owned());
        logged
    });
    logged.collect()
}

#[tokio::test]
async fn the_store_in_memory_lists_and_erases() {
    let store = MemoryStore::new();
    conformance::records(&store, of_one_org(7)).await.unwrap();
    conformance::erasure(&store, of_one_org(2), async |org| Ok(in_memory(&store, org))).await.unwrap();
}

#[cfg(feature = "sqlite")]
#[tokio::test]
async fn the_store_in_sqlite_lists_and_erases() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.sqlite");
    let store = countersign::store::sqlite::SqliteStore::open(path).await.unwrap();
    conformance::records(&store, of_one_org(7)).await.unwrap();
    let trail = async |org: &OrgId| Ok(store.events(org, None, 1_000).await?);
    conformance::erasure(&store, of_one_org(2), trail).await.unwrap();
}

#[cfg(feature = "postgres")]
#[tokio::test]
async fn the_store_in_postgres_lists_and_erases() {
    let Some(store) = crate::stores::postgres::store().await else { return };
    conformance::records(&store, of_one_org(7)).await.unwrap();
    let trail = async |org: &OrgId| Ok(store.events(org, None, 1_000).await?);
    conformance::erasure(&store, of_one_org(2), trail).await.unwrap();
}

#[cfg(feature = "etcd")]
#[tokio::test]
async fn the_store_in_etcd_lists_and_erases() {
    let Some(private) = crate::stores::etcd::Private::or_skip() else { return };
    let store = &private.store;
    conformance::records(store, of_one_org(7)).await.unwrap();
    let trail = async |org: &OrgId| Ok(store.events(org, None, 1_000).await?);
    conformance::erasure(store, of_one_org(2), trail).await.unwrap();
}

/// The ways in which they go wrong.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Flaw {
    CountsOtherOrgs,
    CountsByTheFirstByte,
    ListsNobodyTwiceAsLong,
    IgnoresTheHeads,
    IgnoresTheLimit,
    BeginsAnew,
    ErasesNothing,
    KeepsNotices,
    ErasesTheOrg,
    ErasesEverywhere,
    RemovesWhatever,
    RemovesNothing,
    LeavesTheOrg,
    Fails,
}

struct Flawed {
    store: MemoryStore,
    flaw: Flaw,
    /// The notices of somebody who should be forgotten.
    kept: Mutex<Vec<Notice>>,
}

impl Flawed {
    fn new(flaw: Flaw) -> Self {
        Self { store: MemoryStore::new(), flaw, kept: Mutex::default() }
    }
}

impl UserStore for Flawed {
    type Error = BoxError;

    async fn load_user(&self, org: &OrgId, user: &UserId) -> Result<Option<Stored>, BoxError> {
        Ok(self.store.load_user(org, user).await?)
    }

    async fn swap_user(&self, user: &UserId, change: Change<'_, UserSummary>) -> Result<Swap, BoxError> {
        Ok(self.store.swap_user(user, change).await?)
    }
}

impl Outbox for Flawed {
    type Error = BoxError;

    async fn waiting(&self, after: Option<&NoticeId>, limit: u32) -> Result<Vec<Notice>, BoxError> {
        let mut waiting = self.store.waiting(after, limit).await?;
        if after.is_none() {
            waiting.extend(self.kept.lock().unwrap().iter().cloned());
        }
        Ok(waiting)
    }

    async fn acknowledge(&self, told: &[NoticeId]) -> Result<(), BoxError> {
        Ok(self.store.acknowledge(told).await?)
    }
}

impl Records for Flawed {
    type Error = BoxError;

    async fn count(&self, org: &OrgId) -> Result<Vec<HeadCount>, BoxError> {
        let counted = self.store.count(org).await?;
        Ok(match self.flaw {
            Flaw::Fails => return Err("no".into()),
            Flaw::CountsOtherOrgs => {
                let more = HeadCount { head: None, records: 1 };
                counted.into_iter().chain([more]).collect()
            }
            Flaw::CountsByTheFirstByte => {
                let records = counted.iter().map(|count| count.records).sum();
                vec![HeadCount { records, ..counted[0] }]
            }
            _ => counted,
        })
    }

    async fn page(&self, mut wanted: RecordsRequest<'_>) -> Result<Vec<UserId>, BoxError> {
        match self.flaw {
            Flaw::IgnoresTheHeads => wanted.heads = Heads::All,
            Flaw::IgnoresTheLimit => wanted.limit = 1_000,
            Flaw::BeginsAnew => wanted.after = None,
            _ => {}
        }
        let mut page = self.store.page(wanted).await?;
        if self.flaw == Flaw::ListsNobodyTwiceAsLong && page.len() > 1 {
            page.pop();
            page.push(page[0].clone());
        }
        Ok(page)
    }
}

impl Erasure for Flawed {
    type Error = BoxError;

    async fn erase(&self, org: &OrgId, user: &UserId, pseudonym: &UserId) -> Result<(), BoxError> {
        match self.flaw {
            Flaw::Fails => return Err("no".into()),
            Flaw::ErasesNothing => return Ok(()),
            Flaw::KeepsNotices => {
                let waiting = self.store.waiting(None, 1_000).await?;
                self.kept.lock().unwrap().extend(waiting);
            }
            Flaw::ErasesTheOrg => return Ok(self.store.erase_org(org).await?),
            Flaw::ErasesEverywhere => {
                for event in self.store.events() {
                    if event.org != *org {
                        self.store.erase_org(&event.org).await?;
                    }
                }
            }
            _ => {}
        }
        Ok(self.store.erase(org, user, pseudonym).await?)
    }

    async fn erase_org(&self, org: &OrgId) -> Result<(), BoxError> {
        if self.flaw != Flaw::LeavesTheOrg {
            self.store.erase_org(org).await?;
        }
        Ok(())
    }

    async fn remove(&self, org: &OrgId, user: &UserId, revision: u64) -> Result<Swap, BoxError> {
        let there = self.store.load_user(org, user).await?.map_or(0, |stored| stored.revision);
        match self.flaw {
            Flaw::RemovesWhatever => Ok(self.store.remove(org, user, there).await?),
            Flaw::RemovesNothing => Ok(if there == revision { Swap::Done } else { Swap::Stale }),
            _ => Ok(self.store.remove(org, user, revision).await?),
        }
    }
}

#[tokio::test]
async fn every_broken_one_is_caught_by_the_clause_it_breaks() {
    for (flaw, clause) in [
        (Flaw::CountsOtherOrgs, "1 (all of them)"),
        (Flaw::CountsByTheFirstByte, "2 (by their first five bytes)"),
        (Flaw::ListsNobodyTwiceAsLong, "1 (all of them)"),
        (Flaw::IgnoresTheHeads, "2 (by their first five bytes)"),
        (Flaw::IgnoresTheLimit, "4 (no longer than asked for)"),
        (Flaw::BeginsAnew, "3 (from where the last page ended)"),
        (Flaw::Fails, "5 (failure is an error)"),
    ] {
        let store = Flawed::new(flaw);
        let broken = conformance::records(&store, of_one_org(7)).await.unwrap_err();
        assert_eq!(broken.clause(), Some(clause), "{flaw:?}: {broken}");
    }
    for (flaw, clause) in [
        (Flaw::ErasesNothing, "1 (events stay, without the person)"),
        (Flaw::ErasesTheOrg, "1 (events stay, without the person)"),
        (Flaw::KeepsNotices, "2 (notices go)"),
        (Flaw::ErasesEverywhere, "3 (nobody else is touched)"),
        (Flaw::LeavesTheOrg, "5 (of an org nothing is left)"),
        (Flaw::RemovesWhatever, "6 (a record is removed only if it is the one that was seen)"),
        (Flaw::RemovesNothing, "6 (a record is removed only if it is the one that was seen)"),
        (Flaw::Fails, "7 (failure is an error)"),
    ] {
        let store = Flawed::new(flaw);
        let trail = async |org: &OrgId| Ok(in_memory(&store.store, org));
        let broken = conformance::erasure(&store, of_one_org(2), trail).await.unwrap_err();
        assert_eq!(broken.clause(), Some(clause), "{flaw:?}: {broken}");
    }
}
