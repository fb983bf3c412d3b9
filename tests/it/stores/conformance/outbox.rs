//! The suite for outboxes, tested itself: sound ones pass, and every broken one is caught by the clause it breaks.

use std::sync::Mutex;

use countersign::{
    BoxError, MemoryStore, OrgId, Timestamp, UserId, UserStore,
    audit::Audience,
    conformance,
    store::{Change, Notice, NoticeId, Outbox, Stored, Swap, UserSummary},
};

use super::fresh;

/// With users of an org each, and with users of one org, where others' notices wait already.
async fn keeps_the_contract(store: &(impl UserStore + Outbox)) {
    conformance::outbox(store, fresh).await.unwrap();
    let (org, _) = fresh().await.unwrap();
    conformance::outbox(store, async || Ok((org.clone(), fresh().await?.1))).await.unwrap();
}

#[tokio::test]
async fn the_outbox_in_memory_keeps_the_contract() {
    keeps_the_contract(&MemoryStore::new()).await;
}

#[cfg(feature = "sqlite")]
#[tokio::test]
async fn the_outbox_in_sqlite_keeps_the_contract() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.sqlite");
    let store = countersign::store::sqlite::SqliteStore::open(path).await.unwrap();
    keeps_the_contract(&store).await;
}

#[cfg(feature = "postgres")]
#[tokio::test]
async fn the_outbox_in_postgres_keeps_the_contract() {
    let Some(store) = crate::stores::postgres::store().await else { return };
    keeps_the_contract(&store).await;
}

#[cfg(feature = "etcd")]
#[tokio::test]
async fn the_outbox_in_etcd_keeps_the_contract() {
    let Some(private) = crate::stores::etcd::Private::or_skip() else { return };
    keeps_the_contract(&private.store).await;
}

/// The ways in which outboxes go wrong.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Flaw {
    LosesNotices,
    TellsOfStaleSwaps,
    TellsEverybody,
    ForgetsWhatWasRead,
    AcknowledgesNothing,
    AcknowledgesTheWholeOrg,
    /// The naive cursor: what is earlier than the last that was told counts as told.
    RemembersATime,
    IgnoresTheLimit,
    IgnoresWhereToGoOn,
}

/// An outbox with one flaw.
struct Flawed {
    flaw: Flaw,
    store: MemoryStore,
    told_until: Mutex<Timestamp>,
}

impl UserStore for Flawed {
    type Error = BoxError;

    async fn load_user(&self, org: &OrgId, user: &UserId) -> Result<Option<Stored>, BoxError> {
        Ok(self.store.load_user(org, user).await?)
    }

    async fn swap_user(&self, user: &UserId, change: Change<'_, UserSummary>) -> Result<Swap, BoxError> {
        let (org, next, summary, events) = (change.org, change.next, change.summary, change.events);
        let swapped = self.store.swap_user(user, change).await?;
        match (self.flaw, swapped) {
            (Flaw::LosesNotices, _) => {
                let waiting = self.store.waiting(None, 1_000).await?;
                let ids: Vec<NoticeId> = waiting.into_iter().map(|notice| notice.id).collect();
                self.store.acknowledge(&ids).await?;
            }
            (Flaw::TellsOfStaleSwaps, Swap::Stale) => {
                // Somebody who is not there keeps the events.
                let nobody = UserId::new(format!("nobody {}", self.store.events().len()))?;
                let _ = self.store.swap_user(&nobody, Change::new(org, 0, next, summary, events)).await?;
            }
            _ => {}
        }
        Ok(swapped)
    }
}

impl Outbox for Flawed {
    type Error = BoxError;

    async fn waiting(&self, after: Option<&NoticeId>, limit: u32) -> Result<Vec<Notice>, BoxError> {
        let after = after.filter(|_| self.flaw != Flaw::IgnoresWhereToGoOn);
        let limit = if self.flaw == Flaw::IgnoresTheLimit { 1_000 } else { limit };
        let mut waiting = self.store.waiting(after, limit).await?;
        match self.flaw {
            Flaw::ForgetsWhatWasRead => {
                let ids: Vec<NoticeId> = waiting.iter().map(|notice| notice.id.clone()).collect();
                self.store.acknowledge(&ids).await?;
            }
            Flaw::TellsEverybody => {
                for notice in &mut waiting {
                    notice.audience = Audience::UserAndMasterAdmins;
                }
            }
            Flaw::RemembersATime => {
                let until = *self.told_until.lock().unwrap();
                waiting.retain(|notice| notice.event.at > until);
            }
            _ => {}
        }
        Ok(waiting)
    }

    async fn acknowledge(&self, told: &[NoticeId]) -> Result<(), BoxError> {
        let all = self.store.waiting(None, 10_000).await?;
        let mut told = told.to_vec();
        match self.flaw {
            Flaw::AcknowledgesNothing => return Ok(()),
            Flaw::AcknowledgesTheWholeOrg => {
                let orgs: Vec<OrgId> = told.iter().map(|id| id.org.clone()).collect();
                told = all.into_iter().map(|notice| notice.id).filter(|id| orgs.contains(&id.org)).collect();
            }
            Flaw::RemembersATime => {
                let mut until = self.told_until.lock().unwrap();
                let times =
                    all.iter().filter(|notice| told.contains(&notice.id)).map(|notice| notice.event.at);
                *until = times.fold(*until, Ord::max);
            }
            _ => {}
        }
        Ok(self.store.acknowledge(&told).await?)
    }
}

#[tokio::test]
async fn every_broken_outbox_is_caught_by_the_clause_it_breaks() {
    for (flaw, clause) in [
        (Flaw::LosesNotices, "1"),
        (Flaw::TellsOfStaleSwaps, "1"),
        (Flaw::TellsEverybody, "1"),
        (Flaw::ForgetsWhatWasRead, "1"),
        (Flaw::AcknowledgesNothing, "3"),
        (Flaw::AcknowledgesTheWholeOrg, "3"),
        (Flaw::RemembersATime, "4"),
        (Flaw::IgnoresTheLimit, "4"),
        (Flaw::IgnoresWhereToGoOn, "4"),
    ] {
        let flawed = || {
            let told_until = Mutex::new(Timestamp::from_unix(0));
            Flawed { flaw, store: MemoryStore::new(), told_until }
        };
        let (org, _) = fresh().await.unwrap();
        for run in [
            conformance::outbox(&flawed(), fresh).await,
            conformance::outbox(&flawed(), async || Ok((org.clone(), fresh().await?.1))).await,
        ] {
            let broken = run.expect_err(&format!("{flaw:?} was not caught"));
            assert!(broken.clause().unwrap().starts_with(clause), "{flaw:?}: {broken}");
        }
    }
}
