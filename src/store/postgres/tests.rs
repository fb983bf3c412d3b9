//! The clauses of [`UserStore`] and [`SettingsStore`], one sentence each, over a real server: the one whose URL is in
//! `COUNTERSIGN_POSTGRES`. Without it these tests pass, unless `CI=true`.

mod failures;
mod off_runtime;
mod told;
mod together;

use std::{
    env,
    future::{Future, poll_fn},
    task::Poll,
};

use sqlx::{AssertSqlSafe, Connection as _, PgConnection, PgPool, postgres::PgConnectOptions};

use super::{PostgresError, PostgresStore};
use crate::{
    OrgId, OsRandom, Requirement, SecureRandom as _, SettingsStore, Timestamp, UserId, UserStore,
    audit::{Actor, Event, EventKind, Origin, Purpose},
    policy::Epoch,
    store::{Change, EventId, LoggedEvent, OrgSummary, Stored, Swap, UserSummary},
};

/// A schema that nobody else uses.
struct Schema(PgConnectOptions);

impl Schema {
    async fn fresh() -> Option<Self> {
        let url = env::var("COUNTERSIGN_POSTGRES").ok();
        assert!(
            url.is_some() || env::var("CI").as_deref() != Ok("true"),
            "tests/servers/postgres starts a server"
        );
        let options: PgConnectOptions = url?.parse().unwrap();
        let mut dice = [0; 8];
        OsRandom.fill(&mut dice).unwrap();
        let name = format!("test_{:016x}", u64::from_be_bytes(dice));
        let mut connection = PgConnection::connect_with(&options).await.unwrap();
        sqlx::raw_sql(AssertSqlSafe(format!("CREATE SCHEMA {name}"))).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        Some(Self(options.options([("search_path", &name)])))
    }

    async fn pool(&self, settings: &[(&str, &str)]) -> PgPool {
        let options = self.0.clone().options(settings.iter().copied());
        PostgresStore::pool_options().max_connections(4).connect_with(options).await.unwrap()
    }

    async fn store(&self) -> PostgresStore {
        PostgresStore::new(self.pool(&[]).await).await.unwrap()
    }
}

/// Runs the SQL of somebody else who has the database.
async fn run(pool: &PgPool, sql: &'static str) {
    sqlx::raw_sql(sql).execute(pool).await.unwrap();
}

fn org() -> OrgId {
    OrgId::from(7_u64)
}

fn user(id: &str) -> UserId {
    UserId::new(id).unwrap()
}

fn stored(revision: u64) -> Stored {
    Stored { revision, record: vec![0xff, 0, 1, u8::try_from(revision % 251).unwrap()] }
}

fn event(of: &UserId, at: u64) -> Event {
    Event {
        at: Timestamp::from_unix(at),
        org: org(),
        user: Some(of.clone()),
        by: Actor::User(of.clone()),
        kind: EventKind::CodeAccepted { purpose: Purpose::LogIn },
        seen_from: Origin::new(&"192.0.2.7"),
        checked_in_from: None,
    }
}

async fn swap(store: &PostgresStore, of: &UserId, expected: u64) -> Result<Swap, PostgresError> {
    let at = 1_000 + expected;
    let (org, next, summary, events) =
        (&org(), &stored(expected + 1), &UserSummary::default(), &[event(of, at), event(of, at)]);
    store.swap_user(of, Change { org, expected, next, summary, events, ends_sessions: false }).await
}

async fn swap_settings(store: &PostgresStore, expected: u64) -> Result<Swap, PostgresError> {
    let (org, next, events) = (&org(), &stored(expected + 1), &[]);
    let (epoch, chosen_in) = (Epoch::FIRST.next([9; 8], Timestamp::from_unix(0)), Some(Epoch::FIRST));
    let summary = &OrgSummary { requirement: Requirement::On, epoch, chosen_in };
    store.swap_settings(Change { org, expected, next, summary, events, ends_sessions: false }).await
}

async fn revision(store: &PostgresStore, of: &UserId) -> u64 {
    store.load_user(&org(), of).await.unwrap().map_or(0, |stored| stored.revision)
}

async fn count_events(store: &PostgresStore) -> usize {
    store.events(&org(), None, 100_000).await.unwrap().len()
}

#[tokio::test]
async fn what_was_written_is_read_byte_for_byte_through_another_pool() {
    let Some(schema) = Schema::fresh().await else { return };
    let (store, ann, org) = (schema.store().await, user("ann"), org());
    let every_byte = Stored { revision: 1, record: (0..=u8::MAX).cycle().take(60_000).collect() };
    let summary = &UserSummary {
        enrolled_epoch: Some(Epoch::FIRST.next([1; 8], Timestamp::from_unix(0))),
        enrolled_since: Some(Timestamp::from_unix(5)),
        waiting_until: Some(Timestamp::from_unix(u64::MAX)),
        ..UserSummary::default()
    };
    let (next, events) = (&every_byte, &[event(&ann, 1_000)]);
    let change = Change { org: &org, expected: 0, next, summary, events, ends_sessions: false };
    assert_eq!(store.swap_user(&ann, change).await.unwrap(), Swap::Done);
    assert_eq!(swap_settings(&store, 0).await.unwrap(), Swap::Done);

    let store = schema.store().await;
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

#[tokio::test]
async fn stale_changes_nothing() {
    let Some(schema) = Schema::fresh().await else { return };
    let (store, ann) = (schema.store().await, user("ann"));
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

/// At every isolation level: where the server gives up on a transaction for another one, that is stale.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_of_many_racers_in_two_pools_wins_each_revision() {
    for isolation in ["read committed", "repeatable read", "serializable"] {
        let Some(schema) = Schema::fresh().await else { return };
        let settings = [("default_transaction_isolation", isolation)];
        let mut stores = Vec::new();
        for _ in 0..2 {
            stores.push(PostgresStore::new(schema.pool(&settings).await).await.unwrap());
        }
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
            assert_eq!(done, 1, "of those that expected {expected} ({isolation})");
        }
        assert_eq!(count_events(&stores[0]).await, 2 * 3, "the losers left none");
    }
}

#[tokio::test]
async fn ids_are_told_apart_byte_by_byte() {
    let Some(schema) = Schema::fresh().await else { return };
    let store = schema.store().await;
    let (long, longer) = ("x".repeat(254), "x".repeat(255));
    let ids = [
        "ann",
        "Ann",
        "ann ",
        " ann",
        "7",
        "07",
        "NULL",
        "'",
        "''",
        "\"",
        "%",
        "$1",
        "\\",
        "🦀",
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
    let Some(schema) = Schema::fresh().await else { return };
    let store = schema.store().await;
    for (id, expected) in [("cem", 0), ("ann", 0), ("ben", 0), ("ann", 1), ("ann", 2)] {
        assert_eq!(swap(&store, &user(id), expected).await.unwrap(), Swap::Done);
    }
    let all = store.events(&org(), None, 30).await.unwrap();
    let users = |page: &[LoggedEvent]| page.iter().filter_map(|e| e.user.clone()).collect::<Vec<_>>();
    assert_eq!(users(&all), ["ann", "ann", "ann", "ann", "cem", "cem", "ben", "ben", "ann", "ann"]);
    for length in 1..=10 {
        let (mut read, mut before) = (Vec::new(), None::<EventId>);
        loop {
            let page = store.events(&org(), before.as_ref(), length).await.unwrap();
            let Some(last) = page.last() else { break };
            // As it comes back out of a URL.
            before = Some(last.id.to_string().parse().unwrap());
            read.extend(page);
        }
        assert_eq!(read, all, "in pages of {length}");
    }
    assert_eq!(store.events(&OrgId::from(8_u64), None, 30).await.unwrap(), []);
    let foreign = store.events(&org(), Some(&"5".parse().unwrap()), 30).await;
    assert!(matches!(foreign, Err(PostgresError::ForeignEventId)), "{foreign:?}");
}

/// Polls a write so often and then drops it, as a server does with a request whose browser went away.
async fn abandon(write: impl Future<Output = Result<Swap, PostgresError>>, after_polls: u32) {
    let (mut write, mut polls_left) = (Box::pin(write), after_polls);
    poll_fn(|context| {
        if polls_left == 0 || write.as_mut().poll(context).is_ready() {
            return Poll::Ready(());
        }
        polls_left -= 1;
        Poll::Pending
    })
    .await;
}

#[tokio::test]
async fn a_write_that_is_abandoned_happened_as_a_whole_or_not_at_all() {
    let Some(schema) = Schema::fresh().await else { return };
    let (store, ann) = (schema.store().await, user("ann"));
    let mut abandoned_writes_that_happened = 0;
    for polls in (0..12).cycle().take(60) {
        let before = revision(&store, &ann).await;
        abandon(swap(&store, &ann, before), polls).await;
        // One that is still under way is seen by a writer, who waits for it, and not by a reader.
        let mut after = revision(&store, &ann).await;
        if swap(&store, &ann, after).await.unwrap() == Swap::Stale {
            after = revision(&store, &ann).await;
            assert_eq!(swap(&store, &ann, after).await.unwrap(), Swap::Done);
        }
        abandoned_writes_that_happened += after - before;
        assert_eq!(count_events(&store).await as u64, 2 * (after + 1));
    }
    assert!((1..60).contains(&abandoned_writes_that_happened), "both were seen");
}

/// Under load connections go from hand to hand. None is lost on the way, whoever goes away.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_crowd_leaves_every_connection_in_the_pool() {
    let Some(schema) = Schema::fresh().await else { return };
    let store = schema.store().await;
    let crowd: Vec<_> = (0..200)
        .map(|n| {
            let store = store.clone();
            tokio::spawn(async move {
                for polls in 0..10 {
                    abandon(swap(&store, &user(&format!("user {n}")), polls), u32::try_from(polls).unwrap())
                        .await;
                    let _ = revision(&store, &user("ann")).await;
                }
            })
        })
        .collect();
    for one in crowd {
        one.await.unwrap();
    }
    let mut tries_left = 100_000;
    while store.pool().num_idle() < usize::try_from(store.pool().size()).unwrap() {
        tries_left -= 1;
        assert!(tries_left > 0, "{} of {} are idle", store.pool().num_idle(), store.pool().size());
        // Whoever gives one back sends home what nobody came for.
        let _ = revision(&store, &user("ann")).await;
    }
}
