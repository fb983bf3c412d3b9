//! The clauses of [`UserStore`] and [`SettingsStore`], one sentence each, over real files.

mod failures;
mod sharing;

use std::future::{Future, poll_fn};

use sqlx::{SqlitePool, sqlite::SqlitePoolOptions};
use tempfile::TempDir;

use super::SqliteStore;
use crate::{
    OrgId, Requirement, SettingsStore, Timestamp, UserId, UserStore,
    audit::{Actor, Event, EventKind, Origin, Purpose},
    policy::Epoch,
    store::{Change, OrgSummary, Stored, Swap, UserSummary},
};

const FILE: &str = "countersign.sqlite";

fn org() -> OrgId {
    OrgId::from(7_u64)
}

fn user(id: &str) -> UserId {
    UserId::new(id).unwrap()
}

fn stored(revision: u64) -> Stored {
    Stored { revision, record: vec![0xff, 0, 1, u8::try_from(revision % 251).unwrap()] }
}

fn event(of: &UserId) -> Event {
    Event {
        at: Timestamp::from_unix(1_000),
        org: org(),
        user: Some(of.clone()),
        by: Actor::User(of.clone()),
        kind: EventKind::CodeAccepted { purpose: Purpose::LogIn },
        seen_from: Origin::new(&"192.0.2.7"),
        checked_in_from: None,
    }
}

async fn swap(store: &SqliteStore, of: &UserId, expected: u64) -> Result<Swap, super::SqliteError> {
    let (org, next, summary, events) =
        (&org(), &stored(expected + 1), &UserSummary::default(), &[event(of), event(of)]);
    store.swap_user(of, Change { org, expected, next, summary, events, ends_sessions: false }).await
}

async fn swap_settings(store: &SqliteStore, expected: u64) -> Result<Swap, super::SqliteError> {
    let (org, next, events) = (&org(), &stored(expected + 1), &[]);
    let (epoch, chosen_in) = (Epoch::FIRST.next([9; 8], Timestamp::from_unix(0)), Some(Epoch::FIRST));
    let summary = &OrgSummary { requirement: Requirement::On, epoch, chosen_in };
    store.swap_settings(Change { org, expected, next, summary, events, ends_sessions: false }).await
}

async fn revision(store: &SqliteStore, of: &UserId) -> u64 {
    store.load_user(&org(), of).await.unwrap().map_or(0, |stored| stored.revision)
}

async fn count_events(store: &SqliteStore) -> usize {
    store.events(&org(), None, 100_000).await.unwrap().len()
}

async fn open(folder: &TempDir) -> SqliteStore {
    SqliteStore::open(folder.path().join(FILE)).await.unwrap()
}

#[tokio::test]
async fn what_was_written_is_read_byte_for_byte_after_reopening() {
    let folder = TempDir::new().unwrap();
    let (ann, org) = (user("ann"), org());
    let every_byte = Stored { revision: 1, record: (0..=u8::MAX).cycle().take(60_000).collect() };
    {
        let store = open(&folder).await;
        let summary = &UserSummary {
            enrolled_epoch: Some(Epoch::FIRST.next([1; 8], Timestamp::from_unix(0))),
            enrolled_since: Some(Timestamp::from_unix(5)),
            waiting_until: Some(Timestamp::from_unix(u64::MAX)),
            ..UserSummary::default()
        };
        let (org, next, events) = (&org, &every_byte, &[event(&ann)]);
        let change = Change { org, expected: 0, next, summary, events, ends_sessions: false };
        assert_eq!(store.swap_user(&ann, change).await.unwrap(), Swap::Done);
        assert_eq!(swap_settings(&store, 0).await.unwrap(), Swap::Done);
        store.pool().close().await;
    }
    let store = open(&folder).await;
    let read = store.load_user(&org, &ann).await.unwrap();
    assert!(read == Some(every_byte), "60,000 bytes are not worth printing");
    assert_eq!(store.load_settings(&org).await.unwrap(), Some(stored(1)));
    assert_eq!(store.load_user(&org, &user("nobody")).await.unwrap(), None);
    assert_eq!(store.load_settings(&OrgId::from(8_u64)).await.unwrap(), None);

    let columns: (Option<String>, Option<i64>, Option<i64>, Option<i64>) = sqlx::query_as(
        "SELECT enrolled_epoch, enrolled_since, pending_until, waiting_until FROM countersign_users",
    )
    .fetch_one(store.pool())
    .await
    .unwrap();
    assert_eq!(columns, (Some("1-0101010101010101".to_owned()), Some(5), None, Some(i64::MAX)));

    let [logged] = &store.events(&org, None, 9).await.unwrap()[..] else { panic!("one event") };
    assert_eq!((logged.at, logged.user.as_deref()), (Timestamp::from_unix(1_000), Some("ann")));
    assert_eq!((&*logged.kind, &*logged.text), ("code-accepted", "a code was accepted (log-in)"));
    assert_eq!((&*logged.by_kind, logged.by_name.as_deref()), ("user", Some("ann")));
    assert_eq!((logged.seen_from.as_deref(), logged.checked_in_from.as_deref()), (Some("192.0.2.7"), None));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_of_many_racers_in_two_pools_wins_each_revision() {
    let folder = TempDir::new().unwrap();
    let stores = [open(&folder).await, open(&folder).await];
    for expected in 0..3 {
        let racers: Vec<_> = (0..64)
            .map(|racer| {
                let store = stores[racer % 2].clone();
                tokio::spawn(async move { swap(&store, &user("ann"), expected).await.unwrap() })
            })
            .collect();
        let mut done = 0;
        for racer in racers {
            done += u32::from(racer.await.unwrap() == Swap::Done);
        }
        assert_eq!(done, 1, "of those that expected {expected}");
    }
    assert_eq!(count_events(&stores[0]).await, 2 * 3, "the losers left none");
}

#[tokio::test]
async fn stale_changes_nothing() {
    let store = SqliteStore::in_memory().await.unwrap();
    let ann = user("ann");
    assert_eq!(swap(&store, &ann, 1).await.unwrap(), Swap::Stale, "nothing is there to follow");
    assert_eq!(swap(&store, &ann, 0).await.unwrap(), Swap::Done);
    for wrong in [0, 2, 99] {
        assert_eq!(swap(&store, &ann, wrong).await.unwrap(), Swap::Stale);
    }
    assert_eq!(store.load_user(&org(), &ann).await.unwrap(), Some(stored(1)));
    assert_eq!(count_events(&store).await, 2);

    assert_eq!(swap_settings(&store, 1).await.unwrap(), Swap::Stale);
    assert_eq!(swap_settings(&store, 0).await.unwrap(), Swap::Done);
    assert_eq!(swap_settings(&store, 0).await.unwrap(), Swap::Stale);
    assert_eq!(swap_settings(&store, 1).await.unwrap(), Swap::Done);
    assert_eq!(store.load_settings(&org()).await.unwrap(), Some(stored(2)));
}

#[tokio::test]
async fn a_load_sees_what_another_pool_has_just_written() {
    let folder = TempDir::new().unwrap();
    let (here, there) = (open(&folder).await, open(&folder).await);
    for expected in 0..20 {
        let (writer, reader) = if expected % 2 == 0 { (&here, &there) } else { (&there, &here) };
        assert_eq!(swap(writer, &user("ann"), expected).await.unwrap(), Swap::Done);
        assert_eq!(revision(reader, &user("ann")).await, expected + 1);
    }
}

#[tokio::test]
async fn ids_are_told_apart_byte_by_byte() {
    let store = SqliteStore::in_memory().await.unwrap();
    let (long, longer) = ("x".repeat(254), "x".repeat(255));
    let ids = [
        "ann",
        "Ann",
        "ann ",
        " ann",
        "7",
        "07",
        "7.0",
        "NULL",
        "'",
        "''",
        "\"",
        "%",
        "a_n",
        "?1",
        "\\",
        "🦀",
        "👩‍🚀",
        "\u{e9}",
        "e\u{301}",
        "'; DROP TABLE countersign_users; --",
        &long,
        &longer,
    ];
    for (id, writes) in ids.iter().zip(1..) {
        for expected in 0..writes {
            assert_eq!(swap(&store, &user(id), expected).await.unwrap(), Swap::Done, "{id}");
        }
    }
    for (id, writes) in ids.iter().zip(1..) {
        assert_eq!(revision(&store, &user(id)).await, writes, "{id}");
    }
    assert_eq!(store.load_user(&OrgId::new("7 ").unwrap(), &user("ann")).await.unwrap(), None);
}

#[tokio::test]
async fn events_come_in_pages_newest_first_and_of_one_org() {
    let store = SqliteStore::in_memory().await.unwrap();
    for id in ["ann", "ben", "cem"] {
        assert_eq!(swap(&store, &user(id), 0).await.unwrap(), Swap::Done);
    }
    let users =
        |page: &[crate::store::LoggedEvent]| page.iter().filter_map(|e| e.user.clone()).collect::<Vec<_>>();
    let newest = store.events(&org(), None, 3).await.unwrap();
    assert_eq!(users(&newest), ["cem", "cem", "ben"]);
    let older = store.events(&org(), Some(&newest[2].id), 30).await.unwrap();
    assert_eq!(users(&older), ["ben", "ann", "ann"]);
    assert_eq!(store.events(&org(), Some(&older[2].id), 30).await.unwrap(), []);
    assert_eq!(store.events(&OrgId::from(8_u64), None, 30).await.unwrap(), []);
}

/// Polls a write so often and then drops it, as a server does with a request whose browser went away.
async fn abandon(write: impl Future<Output = Result<Swap, super::SqliteError>>, after_polls: u32) {
    let (mut write, mut polls_left) = (Box::pin(write), after_polls);
    poll_fn(|context| {
        if polls_left == 0 || write.as_mut().poll(context).is_ready() {
            return std::task::Poll::Ready(());
        }
        polls_left -= 1;
        std::task::Poll::Pending
    })
    .await;
}

#[tokio::test]
async fn a_write_that_is_abandoned_happened_as_a_whole_or_not_at_all() {
    let folder = TempDir::new().unwrap();
    let one_connection = SqlitePoolOptions::new().max_connections(1);
    let pool: SqlitePool =
        one_connection.connect_with(SqliteStore::options(folder.path().join(FILE))).await.unwrap();
    let stores = [SqliteStore::new(pool).await.unwrap(), SqliteStore::in_memory().await.unwrap()];
    for store in stores {
        let ann = user("ann");
        let mut abandoned_writes_that_happened = 0;
        for polls in (0..20).cycle().take(60) {
            let before = revision(&store, &ann).await;
            abandon(swap(&store, &ann, before), polls).await;
            // Writes are done in the order in which they came, so this one waits for the abandoned one.
            let _ = swap_settings(&store, 99).await.unwrap();
            let after = revision(&store, &ann).await;
            abandoned_writes_that_happened += after - before;
            assert_eq!(
                swap(&store, &ann, after).await.unwrap(),
                Swap::Done,
                "the connection is fit for the next"
            );
            assert_eq!(count_events(&store).await as u64, 2 * (after + 1));
        }
        assert!((1..60).contains(&abandoned_writes_that_happened), "both were seen");
    }
}
