//! Writes that share a commit: they are answered after it, they fail together when it fails, and nobody else.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use sqlx::{Sqlite, Transaction, sqlite::SqlitePoolOptions};
use tempfile::TempDir;
use tokio::{
    runtime::{Builder, Runtime},
    task::{JoinSet, yield_now},
};

use super::{FILE, count_events, event, open, org, revision, stored, swap, swap_settings, user};
use crate::{
    UserId, UserStore,
    store::{
        Change, Stored, Swap, UserSummary,
        sqlite::{SqliteError, SqliteStore},
    },
};

/// Has the write lock, so that all who come wait and become one group.
async fn hold(other: &SqliteStore) -> Transaction<'_, Sqlite> {
    other.pool().begin_with("BEGIN IMMEDIATE").await.unwrap()
}

/// Until all tasks of this test have come as far as they can.
async fn let_all_go_as_far_as_they_can() {
    for _ in 0..100 {
        yield_now().await;
    }
}

/// Fails a test that would otherwise hang.
async fn in_the_end<T>(it_comes: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(60), it_comes).await.unwrap()
}

/// Those of a group, in the order in which they come.
#[derive(Default)]
struct Group(JoinSet<(UserId, Result<Swap, SqliteError>)>);

impl Group {
    fn joined_by(&mut self, store: &SqliteStore, of: &str, expected: u64) {
        let (store, of) = (store.clone(), user(of));
        self.0.spawn(async move {
            let swapped = swap(&store, &of, expected).await;
            (of, swapped)
        });
    }

    async fn of_six(store: &SqliteStore) -> Self {
        let mut group = Self::default();
        for of in ["ann", "ben", "cem", "dot", "eve", "fay"] {
            group.joined_by(store, of, 0);
        }
        let_all_go_as_far_as_they_can().await;
        group
    }

    async fn answers(self) -> Vec<Result<Swap, SqliteError>> {
        self.0.join_all().await.into_iter().map(|(_, swapped)| swapped).collect()
    }
}

/// A store that counts its commits, and lets none through before so many were tried.
struct Commits {
    store: SqliteStore,
    seen: Arc<AtomicU64>,
    refused_below: Arc<AtomicU64>,
}

impl Commits {
    async fn of(path: &Path) -> Self {
        let (seen, refused_below) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
        let hooked = (Arc::clone(&seen), Arc::clone(&refused_below));
        let pool = SqlitePoolOptions::new().after_connect(move |connection, _| {
            let (seen, refused_below) = hooked.clone();
            let allowed = move || seen.fetch_add(1, Ordering::SeqCst) >= refused_below.load(Ordering::SeqCst);
            Box::pin(async move {
                connection.lock_handle().await?.set_commit_hook(allowed);
                Ok(())
            })
        });
        let pool = pool.connect_with(SqliteStore::options(path));
        let store = SqliteStore::new(pool.await.unwrap()).await.unwrap();
        seen.store(0, Ordering::SeqCst);
        Self { store, seen, refused_below }
    }
}

#[tokio::test]
async fn a_group_shares_one_commit_and_each_gets_its_own_answer() {
    let folder = TempDir::new().unwrap();
    let Commits { store, seen, .. } = Commits::of(&folder.path().join(FILE)).await;
    let other = open(&folder).await;
    let lock = hold(&other).await;
    let mut group = Group::default();
    // The first of two for the same revision wins.
    for (of, expected) in [("ann", 0), ("ann", 0), ("ben", 1), ("ben", 0), ("ben", 1), ("cem", 0), ("cem", 7)]
    {
        group.joined_by(&store, of, expected);
        let_all_go_as_far_as_they_can().await;
    }
    lock.rollback().await.unwrap();
    let done = group.answers().await.into_iter().filter(|swapped| *swapped.as_ref().unwrap() == Swap::Done);
    assert_eq!(done.count(), 4);
    for (of, at) in [("ann", 1), ("ben", 2), ("cem", 1)] {
        assert_eq!(revision(&store, &user(of)).await, at, "{of}");
    }
    assert_eq!(count_events(&store).await, 2 * 4, "the stale ones left none");
    assert_eq!(seen.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_commit_that_fails_fails_for_the_whole_group_and_leaves_nothing() {
    let folder = TempDir::new().unwrap();
    let Commits { store, refused_below, .. } = Commits::of(&folder.path().join(FILE)).await;
    let other = open(&folder).await;
    refused_below.store(1, Ordering::SeqCst);
    let lock = hold(&other).await;
    let group = Group::of_six(&store).await;
    lock.rollback().await.unwrap();
    for answer in group.answers().await {
        assert!(matches!(answer, Err(SqliteError::Other(_))), "{answer:?}");
    }
    assert_eq!(revision(&other, &user("ann")).await, 0);
    assert_eq!(count_events(&other).await, 0);
    for answer in Group::of_six(&store).await.answers().await {
        assert_eq!(answer.unwrap(), Swap::Done, "the next commit goes through");
    }
    assert_eq!(count_events(&other).await, 2 * 6);
}

#[tokio::test]
async fn nobody_fails_for_anothers_fault() {
    let folder = TempDir::new().unwrap();
    let (store, other) = (open(&folder).await, open(&folder).await);
    let lock = hold(&other).await;
    let mut group = Group::of_six(&store).await;
    let faulty = store.clone();
    group.0.spawn(async move {
        // The table takes no empty record, which the library never writes.
        let (guy, org, next) = (user("guy"), &org(), &Stored { revision: 1, record: Vec::new() });
        let (summary, events) = (&UserSummary::default(), &[event(&guy)]);
        let change = Change { org, expected: 0, next, summary, events, ends_sessions: false };
        let swapped = faulty.swap_user(&guy, change).await;
        (guy, swapped)
    });
    let_all_go_as_far_as_they_can().await;
    group.joined_by(&store, "hal", 0);
    let_all_go_as_far_as_they_can().await;
    lock.rollback().await.unwrap();
    for (of, swapped) in group.0.join_all().await {
        if of == user("guy") {
            assert!(matches!(swapped, Err(SqliteError::Other(_))), "{swapped:?}");
        } else {
            assert_eq!(swapped.unwrap(), Swap::Done, "{of:?}");
        }
    }
    assert_eq!(count_events(&store).await, 2 * 7);
    assert_eq!(revision(&store, &user("guy")).await, 0);
}

#[tokio::test]
async fn a_write_whose_events_are_refused_is_not_written_either_and_spoils_nobodys() {
    let folder = TempDir::new().unwrap();
    let (store, other) = (open(&folder).await, open(&folder).await);
    let trigger = "CREATE TRIGGER picky BEFORE INSERT ON countersign_events WHEN NEW.user_id = 'cem' \
                   AND (SELECT count(*) FROM countersign_events WHERE user_id = 'cem') = 1 \
                   BEGIN SELECT RAISE(ABORT, 'one event of cem is enough'); END";
    sqlx::raw_sql(trigger).execute(other.pool()).await.unwrap();
    let lock = hold(&other).await;
    let group = Group::of_six(&store).await;
    lock.rollback().await.unwrap();
    for (of, swapped) in group.0.join_all().await {
        assert_eq!(swapped.is_err(), of == user("cem"), "{of:?}: {swapped:?}");
        assert_eq!(revision(&store, &of).await, u64::from(of != user("cem")));
    }
    assert_eq!(count_events(&store).await, 2 * 5);
}

#[tokio::test]
async fn a_lock_that_is_held_too_long_fails_the_whole_group() {
    let folder = TempDir::new().unwrap();
    let other = open(&folder).await;
    let patient_for_a_moment =
        SqliteStore::options(folder.path().join(FILE)).busy_timeout(Duration::from_millis(5));
    let pool = SqlitePoolOptions::new().max_connections(2).connect_with(patient_for_a_moment).await.unwrap();
    let store = SqliteStore::new(pool).await.unwrap();
    let lock = hold(&other).await;
    for answer in Group::of_six(&store).await.answers().await {
        assert!(matches!(answer, Err(SqliteError::Locked(_))), "{answer:?}");
    }
    lock.rollback().await.unwrap();
    for answer in Group::of_six(&store).await.answers().await {
        assert_eq!(answer.unwrap(), Swap::Done);
    }
    assert_eq!(count_events(&store).await, 2 * 6);
}

#[tokio::test]
async fn those_who_go_away_disturb_nobody_who_waits_with_them() {
    let folder = TempDir::new().unwrap();
    let (store, other) = (open(&folder).await, open(&folder).await);
    let lock = hold(&other).await;
    let mut gone = Group::of_six(&store).await;
    let mut stays = Group::default();
    stays.joined_by(&store, "ian", 0);
    let_all_go_as_far_as_they_can().await;
    gone.0.abort_all();
    while gone.0.join_next().await.is_some() {}
    stays.joined_by(&store, "joe", 0);
    let_all_go_as_far_as_they_can().await;
    lock.rollback().await.unwrap();
    for answer in stays.answers().await {
        assert_eq!(answer.unwrap(), Swap::Done);
    }
    let mut written = 2;
    for of in ["ann", "ben", "cem", "dot", "eve", "fay"] {
        written += usize::try_from(revision(&store, &user(of)).await).unwrap();
    }
    assert_eq!(count_events(&store).await, 2 * written, "each happened as a whole or not at all");
}

#[tokio::test]
async fn more_than_fit_into_one_group_are_all_served() {
    let folder = TempDir::new().unwrap();
    let Commits { store, seen, .. } = Commits::of(&folder.path().join(FILE)).await;
    let other = open(&folder).await;
    let lock = hold(&other).await;
    let mut group = Group::default();
    for number in 0..1000 {
        group.joined_by(&store, &format!("user {number}"), 0);
    }
    let_all_go_as_far_as_they_can().await;
    lock.rollback().await.unwrap();
    for answer in group.answers().await {
        assert_eq!(answer.unwrap(), Swap::Done);
    }
    assert_eq!(count_events(&store).await, 2 * 1000);
    let commits = seen.load(Ordering::SeqCst);
    assert!((4..100).contains(&commits), "{commits} commits of at most 256 writes each");
}

#[tokio::test]
async fn what_was_handed_in_is_written_after_the_last_clone_is_gone_and_then_the_writer_ends() {
    let folder = TempDir::new().unwrap();
    let other = open(&folder).await;
    let store = open(&folder).await;
    let lock = hold(&other).await;
    let mut group = Group::of_six(&store).await;
    group.0.abort_all();
    while group.0.join_next().await.is_some() {}
    let pool = store.pool().clone();
    drop(store);
    lock.rollback().await.unwrap();
    in_the_end(async {
        while count_events(&other).await < 2 * 6 || pool.size() as usize > pool.num_idle() {
            yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_closed_pool_has_closed_the_writer_too() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder).await;
    assert_eq!(swap(&store, &user("ann"), 0).await.unwrap(), Swap::Done);
    in_the_end(store.pool().close()).await;
    let log = std::fs::metadata(folder.path().join(format!("{FILE}-wal")));
    assert!(log.map_or(0, |log| log.len()) == 0, "the log is in the file");
    let refused = swap(&store, &user("ann"), 1).await;
    assert!(matches!(refused, Err(SqliteError::Stopped)), "{refused:?}");
}

fn runtime() -> Runtime {
    Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
}

#[test]
fn when_its_runtime_ends_a_store_refuses_and_never_hangs() {
    let folder = TempDir::new().unwrap();
    let (ends, stays) = (runtime(), runtime());
    let store = ends.block_on(open(&folder));
    let other = stays.block_on(open(&folder));
    stays.block_on(async {
        assert_eq!(swap(&store, &user("ann"), 0).await.unwrap(), Swap::Done);
        let lock = hold(&other).await;
        let group = Group::of_six(&store).await;
        ends.shutdown_background();
        for answer in group.answers().await {
            assert!(matches!(answer, Err(SqliteError::Stopped)), "{answer:?}");
        }
        lock.rollback().await.unwrap();
        let refused = swap(&store, &user("ann"), 1).await;
        assert!(matches!(refused, Err(SqliteError::Stopped)), "{refused:?}");
        assert_eq!(store.load_user(&org(), &user("ann")).await.unwrap(), Some(stored(1)));
        assert_eq!(swap(&other, &user("ann"), 1).await.unwrap(), Swap::Done, "it left no lock behind");
        assert_eq!(count_events(&other).await, 2 * 2);
    });
}

#[tokio::test]
async fn a_pool_of_one_connection_serves_writers_and_readers() {
    let folder = TempDir::new().unwrap();
    let one = SqlitePoolOptions::new().max_connections(1);
    let pool = one.connect_with(SqliteStore::options(folder.path().join(FILE))).await.unwrap();
    let store = SqliteStore::new(pool).await.unwrap();
    for answer in Group::of_six(&store).await.answers().await {
        assert_eq!(answer.unwrap(), Swap::Done);
    }
    assert_eq!(swap_settings(&store, 0).await.unwrap(), Swap::Done);
    assert_eq!(count_events(&store).await, 2 * 6);
}
