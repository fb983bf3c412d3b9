//! The suite for stores, tested itself: sound stores pass, and every broken one is caught by the clause it breaks.

mod outbox;
mod roster;
mod whole;

use std::{
    collections::BTreeMap,
    sync::{
        Mutex,
        atomic::{AtomicI64, Ordering},
    },
};

use countersign::{
    BoxError, MemoryStore, OrgId, SettingsStore, UserId, UserStore,
    conformance::{self, Broken, Suite},
    store::{Change, OrgSummary, Stored, Swap, UserSummary},
};

/// Ids that nobody used before: among them some with every kind of character.
async fn fresh() -> Result<(OrgId, UserId), BoxError> {
    static NEXT: AtomicI64 = AtomicI64::new(0);
    let n = NEXT.fetch_add(1, Ordering::SeqCst);
    let odd = ["", "'; drop table users; --", "\"\\%_", "größe/straße", "用户", "👩‍👩‍👧", " ", "a\u{301}"];
    let tail = odd[usize::try_from(n).unwrap() % odd.len()];
    Ok((OrgId::new(format!("org {n}{tail}"))?, UserId::new(format!("user {n}{tail}"))?))
}

async fn fresh_org() -> Result<OrgId, BoxError> {
    Ok(fresh().await?.0)
}

async fn in_memory(store: &MemoryStore) -> Result<(), Broken> {
    let counting = async |org: &OrgId| -> Result<u64, BoxError> {
        let events = store.events();
        Ok(events.iter().filter(|event| event.org == *org).count() as u64)
    };
    Suite::of_users(store, fresh).counting_events(counting).run().await?;
    Suite::of_settings(store, fresh_org).counting_events(counting).run().await
}

#[tokio::test]
async fn the_store_in_memory_keeps_the_contract() {
    in_memory(&MemoryStore::new()).await.unwrap();
}

#[cfg(feature = "sqlite")]
#[tokio::test]
async fn the_store_in_sqlite_keeps_the_contract_in_two_pools_on_one_file() {
    use countersign::store::sqlite::SqliteStore;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.sqlite");
    let (one, two) = (SqliteStore::open(&path).await.unwrap(), SqliteStore::open(&path).await.unwrap());
    let counting = async |org: &OrgId| -> Result<u64, BoxError> {
        Ok(one.events(org, None, 100_000).await?.len() as u64)
    };
    Suite::of_users(&one, fresh).also_through(&two).counting_events(counting).run().await.unwrap();
    let settings = Suite::of_settings(&one, fresh_org).also_through(&two).counting_events(counting);
    settings.run().await.unwrap();
}

#[cfg(feature = "postgres")]
#[tokio::test]
async fn the_store_in_postgres_keeps_the_contract_in_two_pools_on_one_server() {
    let Some(schema) = crate::stores::postgres::Schema::fresh().await else { return };
    let (one, two) = (schema.store().await, schema.store().await);
    let counting = async |org: &OrgId| -> Result<u64, BoxError> {
        Ok(one.events(org, None, 100_000).await?.len() as u64)
    };
    Suite::of_users(&one, fresh).also_through(&two).counting_events(counting).run().await.unwrap();
    let settings = Suite::of_settings(&one, fresh_org).also_through(&two).counting_events(counting);
    settings.run().await.unwrap();
}

#[cfg(feature = "etcd")]
#[tokio::test]
async fn the_store_in_etcd_keeps_the_contract_through_two_clients() {
    let Some(private) = crate::stores::etcd::Private::or_skip() else { return };
    let (one, two) = (private.store.clone(), private.another_client());
    let counting = async |org: &OrgId| -> Result<u64, BoxError> {
        Ok(one.events(org, None, 100_000).await?.len() as u64)
    };
    Suite::of_users(&one, fresh).also_through(&two).counting_events(counting).run().await.unwrap();
    let settings = Suite::of_settings(&one, fresh_org).also_through(&two).counting_events(counting);
    settings.run().await.unwrap();
}

/// The ways in which stores go wrong.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Flaw {
    IgnoresExpected,
    UpsertsOverNothing,
    CreatesTwice,
    TruncatesRecords,
    PadsRecords,
    MixesUsers,
    MixesOrgs,
    ReadsThenWrites,
    CachesReads,
    LosesEvents,
    WritesEventsOfStaleSwaps,
    SaysDoneOnZeroRows,
    SaysStaleOnFailure,
    ForgetsRevisions,
    LosesEventsOfLaterSwaps,
}

type Rows = BTreeMap<(String, String), Stored>;

/// A store with one flaw.
struct Flawed {
    flaw: Flaw,
    rows: Mutex<Rows>,
    cache: Mutex<Rows>,
    events: Mutex<Vec<String>>,
    calls: AtomicI64,
}

impl Flawed {
    fn new(flaw: Flaw) -> Self {
        Self {
            flaw,
            rows: Mutex::default(),
            cache: Mutex::default(),
            events: Mutex::default(),
            calls: AtomicI64::new(0),
        }
    }

    fn has(&self, flaw: Flaw) -> bool {
        self.flaw == flaw
    }

    fn key(&self, org: &OrgId, user: &UserId) -> (String, String) {
        let org = if self.has(Flaw::MixesOrgs) { "" } else { org.as_str() };
        let user = if self.has(Flaw::MixesUsers) { "" } else { user.as_str() };
        (org.to_owned(), user.to_owned())
    }

    fn revision(&self, key: &(String, String)) -> u64 {
        self.rows.lock().unwrap().get(key).map_or(0, |stored| stored.revision)
    }

    fn may(&self, revision: u64, expected: u64) -> bool {
        match self.flaw {
            Flaw::IgnoresExpected => true,
            Flaw::UpsertsOverNothing if revision == 0 => true,
            Flaw::CreatesTwice if expected == 0 => true,
            _ => revision == expected,
        }
    }
}

impl UserStore for Flawed {
    type Error = BoxError;

    async fn load_user(&self, org: &OrgId, user: &UserId) -> Result<Option<Stored>, BoxError> {
        let key = self.key(org, user);
        if self.has(Flaw::CachesReads) {
            let mut cache = self.cache.lock().unwrap();
            if let Some(cached) = cache.get(&key) {
                return Ok(Some(cached.clone()));
            }
            let read = self.rows.lock().unwrap().get(&key).cloned();
            cache.extend(read.clone().map(|stored| (key, stored)));
            return Ok(read);
        }
        let mut read = self.rows.lock().unwrap().get(&key).cloned();
        if let (Flaw::ForgetsRevisions, Some(stored)) = (self.flaw, &mut read) {
            stored.revision = 1;
        }
        Ok(read)
    }

    async fn swap_user(&self, user: &UserId, change: Change<'_, UserSummary>) -> Result<Swap, BoxError> {
        let key = self.key(change.org, user);
        if self.has(Flaw::SaysStaleOnFailure) && self.calls.fetch_add(1, Ordering::SeqCst) % 5 == 4 {
            return Ok(Swap::Stale);
        }
        let may = self.may(self.revision(&key), change.expected);
        if self.has(Flaw::ReadsThenWrites) {
            // What a database call between the two would be.
            tokio::task::yield_now().await;
        }
        let mut events = self.events.lock().unwrap();
        let told = change.events.iter().map(|event| event.org.as_str().to_owned());
        if !may {
            if self.has(Flaw::WritesEventsOfStaleSwaps) {
                events.extend(told);
            }
            return Ok(if self.has(Flaw::SaysDoneOnZeroRows) { Swap::Done } else { Swap::Stale });
        }
        let mut next = change.next.clone();
        match self.flaw {
            Flaw::TruncatesRecords => next.record.truncate(4096),
            Flaw::PadsRecords => next.record.resize(next.record.len().max(16), 0),
            _ => {}
        }
        self.rows.lock().unwrap().insert(key, next);
        match self.flaw {
            Flaw::LosesEvents => {}
            Flaw::LosesEventsOfLaterSwaps if change.expected > 0 => {}
            _ => events.extend(told),
        }
        Ok(Swap::Done)
    }
}

/// A sound store with no flaw but that its settings go where its users' records are: for the twin suite.
struct AsSettings(Flawed);

impl SettingsStore for AsSettings {
    type Error = BoxError;

    async fn load_settings(&self, org: &OrgId) -> Result<Option<Stored>, BoxError> {
        self.0.load_user(org, &UserId::from(0_i64)).await
    }

    async fn swap_settings(&self, change: Change<'_, OrgSummary>) -> Result<Swap, BoxError> {
        let expected = change.expected;
        let key = self.0.key(change.org, &UserId::from(0_i64));
        if !self.0.may(self.0.revision(&key), expected) {
            return Ok(Swap::Stale);
        }
        self.0.rows.lock().unwrap().insert(key, change.next.clone());
        Ok(Swap::Done)
    }
}

async fn verdict(flaw: Flaw) -> Broken {
    let store = Flawed::new(flaw);
    let counting = async |org: &OrgId| {
        let events = store.events.lock().unwrap();
        Ok(events.iter().filter(|of| *of == org.as_str()).count() as u64)
    };
    let run = Suite::of_users(&store, fresh).counting_events(counting).run().await;
    run.expect_err(&format!("{flaw:?} was not caught"))
}

#[tokio::test]
async fn every_broken_store_is_caught_by_the_clause_it_breaks() {
    for (flaw, clause) in [
        (Flaw::IgnoresExpected, "4"),
        (Flaw::UpsertsOverNothing, "4"),
        (Flaw::CreatesTwice, "4"),
        (Flaw::TruncatesRecords, "1"),
        (Flaw::PadsRecords, "1"),
        (Flaw::MixesUsers, "1"),
        (Flaw::MixesOrgs, "1"),
        (Flaw::ReadsThenWrites, "3"),
        (Flaw::CachesReads, "1"),
        (Flaw::LosesEvents, "2"),
        (Flaw::LosesEventsOfLaterSwaps, "2"),
        (Flaw::WritesEventsOfStaleSwaps, "6"),
        (Flaw::SaysDoneOnZeroRows, "4"),
        (Flaw::SaysStaleOnFailure, "4"),
        (Flaw::ForgetsRevisions, "1"),
    ] {
        let broken = verdict(flaw).await;
        assert!(broken.clause().unwrap().starts_with(clause), "{flaw:?}: {broken}");
        assert!(broken.to_string().len() > 20, "{flaw:?} is told in a sentence");
    }
}

#[tokio::test]
async fn the_twin_for_settings_catches_them_too() {
    let sound = AsSettings(Flawed::new(Flaw::LosesEvents));
    conformance::settings_store(&sound, fresh_org).await.unwrap();
    let broken = AsSettings(Flawed::new(Flaw::IgnoresExpected));
    let broken = conformance::settings_store(&broken, fresh_org).await.unwrap_err();
    assert!(broken.clause().unwrap().starts_with('4'), "{broken}");
}

/// So many that a host may have to insert for it, as the docs say.
#[tokio::test]
async fn each_suite_asks_for_as_many_ids_as_its_docs_say() {
    let (store, asked) = (MemoryStore::new(), AtomicI64::new(0));
    let counted_user = async || {
        asked.fetch_add(1, Ordering::SeqCst);
        fresh().await
    };
    let no_events = async |_: &OrgId| -> Result<u64, BoxError> { Err("not counted".into()) };
    let _ = Suite::of_users(&store, counted_user).counting_events(no_events).run().await.unwrap_err();
    asked.store(0, Ordering::SeqCst);

    let counting = async |org: &OrgId| -> Result<u64, BoxError> {
        Ok(store.events().iter().filter(|event| event.org == *org).count() as u64)
    };
    Suite::of_users(&store, counted_user).counting_events(counting).run().await.unwrap();
    assert_eq!(asked.swap(0, Ordering::SeqCst), 23);
    let counted_org = async || Ok(counted_user().await?.0);
    Suite::of_settings(&store, counted_org).counting_events(counting).run().await.unwrap();
    assert_eq!(asked.swap(0, Ordering::SeqCst), 23);
    conformance::outbox(&store, counted_user).await.unwrap();
    assert_eq!(asked.swap(0, Ordering::SeqCst), 31);
}

/// What is lent to the suite and fails is not taken for a flaw of the store.
#[tokio::test]
async fn ids_that_cannot_be_made_or_come_twice_end_the_suite_with_the_reason() {
    let store = MemoryStore::new();
    let run = conformance::user_store(&store, async || Err("no such table: users".into()));
    let ended = run.await.unwrap_err();
    assert_eq!(ended.clause(), None);
    assert_eq!(ended.to_string(), "the suite cannot go on: `fresh` failed: no such table: users");
    assert_eq!(std::error::Error::source(&ended).unwrap().to_string(), "no such table: users");

    let acme = (OrgId::new("acme").unwrap(), UserId::new("ann").unwrap());
    let ended = conformance::user_store(&store, async || Ok(acme.clone())).await.unwrap_err();
    assert_eq!(ended.clause(), None);
    assert!(ended.to_string().contains("it gave user \"ann\" of org \"acme\" twice"), "{ended}");

    let uncounted = async |_: &OrgId| -> Result<u64, BoxError> { Err("no such table: events".into()) };
    let ended = Suite::of_users(&store, fresh).counting_events(uncounted).run().await.unwrap_err();
    assert_eq!(ended.clause(), None);
    assert!(ended.to_string().ends_with("counting the events failed: no such table: events"), "{ended}");
}
