//! What cannot be written is an error that says why, and leaves everything as it was.

use std::{error::Error, process::Command, time::Duration};

use sqlx::{
    SqlitePool,
    sqlite::{SqliteConnectOptions, SqlitePoolOptions},
};
use tempfile::TempDir;

use super::{FILE, count_events, open, org, revision, stored, swap, swap_settings, user};
use crate::{
    SettingsStore, UserStore,
    store::{
        Change, Swap, UserSummary,
        sqlite::{SqliteError, SqliteStore},
    },
};

async fn store(options: SqliteConnectOptions) -> SqliteStore {
    let pool = SqlitePoolOptions::new().max_connections(2).connect_with(options).await.unwrap();
    SqliteStore::new(pool).await.unwrap()
}

/// Runs the SQL of somebody else who has the database.
async fn run(pool: &SqlitePool, sql: &'static str) {
    sqlx::raw_sql(sql).execute(pool).await.unwrap();
}

#[tokio::test]
async fn a_locked_database_is_named_as_the_cause_and_nothing_changes() {
    let folder = TempDir::new().unwrap();
    let options = SqliteStore::options(folder.path().join(FILE)).busy_timeout(Duration::ZERO);
    let impatient = store(options).await;
    assert_eq!(swap(&impatient, &user("ann"), 0).await.unwrap(), Swap::Done);

    let other = open(&folder).await;
    let mut holder = other.pool().begin_with("BEGIN IMMEDIATE").await.unwrap();
    sqlx::raw_sql("DELETE FROM countersign_users").execute(&mut *holder).await.unwrap();
    let refused = swap(&impatient, &user("ann"), 1).await.unwrap_err();
    assert!(matches!(refused, SqliteError::Locked(_)), "{refused:?}");
    assert_eq!(refused.to_string(), "the database is locked by another connection; try again later");
    assert!(refused.source().is_some());
    assert_eq!(revision(&impatient, &user("ann")).await, 1, "readers do not wait for a writer");

    holder.rollback().await.unwrap();
    assert_eq!(swap(&impatient, &user("ann"), 1).await.unwrap(), Swap::Done);
    assert_eq!(count_events(&impatient).await, 4);
}

#[tokio::test]
async fn a_database_that_may_not_be_written_is_an_error_and_nothing_changes() {
    let folder = TempDir::new().unwrap();
    let writer = open(&folder).await;
    assert_eq!(swap(&writer, &user("ann"), 0).await.unwrap(), Swap::Done);

    let reader = store(SqliteStore::options(folder.path().join(FILE)).read_only(true)).await;
    for refused in [swap(&reader, &user("ann"), 1).await, swap_settings(&reader, 0).await] {
        assert!(matches!(refused, Err(SqliteError::ReadOnly(_))), "{refused:?}");
    }
    assert_eq!(reader.load_user(&org(), &user("ann")).await.unwrap(), Some(stored(1)));
    assert_eq!(count_events(&reader).await, 2);
}

/// Writes until there is no room left, makes room, and goes on.
async fn survives_a_lack_of_room(store: &SqliteStore, make_room: impl AsyncFnOnce()) {
    let (ann, mut written) = (user("ann"), 0);
    let refused = loop {
        match swap(store, &ann, written).await {
            Ok(Swap::Done) => written += 1,
            Ok(Swap::Stale) => panic!("nobody else writes"),
            Err(refused) => break refused,
        }
    };
    assert!(matches!(refused, SqliteError::Full(_)), "{refused:?}");
    assert!(written > 0, "there was some room at first");
    // Several times, so that every connection of the pool has failed once.
    for _ in 0..8 {
        let (ben, cem) = (user("ben"), user("cem"));
        let refused = tokio::join!(swap(store, &ann, written), swap(store, &ben, 0), swap(store, &cem, 0));
        for refused in [refused.0, refused.1, refused.2] {
            assert!(matches!(refused, Err(SqliteError::Full(_))), "{refused:?}");
        }
    }
    assert_eq!([revision(store, &user("ben")).await, revision(store, &user("cem")).await], [0, 0]);
    assert_eq!(store.load_user(&org(), &ann).await.unwrap(), Some(stored(written)));
    assert_eq!(count_events(store).await as u64, 2 * written);

    make_room().await;
    assert_eq!(swap(store, &ann, written).await.unwrap(), Swap::Done);
    assert_eq!(count_events(store).await as u64, 2 * written + 2);
}

#[tokio::test]
async fn a_full_database_is_an_error_loses_nothing_and_goes_on_when_there_is_room() {
    let folder = TempDir::new().unwrap();
    let store = store(SqliteStore::options(folder.path().join(FILE)).pragma("max_page_count", "30")).await;
    run(store.pool(), "CREATE TABLE ballast AS SELECT zeroblob(40000)").await;
    survives_a_lack_of_room(&store, async || run(store.pool(), "DROP TABLE ballast").await).await;
}

#[tokio::test]
async fn a_full_disk_is_an_error_loses_nothing_and_goes_on_when_there_is_room() {
    let Some(disk) = SmallDisk::mount() else { return };
    let store = open(&disk.0).await;
    let ballast = disk.0.path().join("ballast");
    std::fs::write(&ballast, vec![0; 40_000]).unwrap();
    survives_a_lack_of_room(&store, async || std::fs::remove_file(&ballast).unwrap()).await;
    store.pool().close().await;
}

#[tokio::test]
async fn a_missing_table_is_an_error_and_not_a_user_who_was_never_written() {
    let store = SqliteStore::in_memory().await.unwrap();
    run(store.pool(), "DROP TABLE countersign_users; DROP TABLE countersign_settings").await;
    let load = store.load_user(&org(), &user("ann")).await;
    assert!(matches!(load, Err(SqliteError::MissingTable(_))), "{load:?}");
    let load = store.load_settings(&org()).await;
    assert!(matches!(load, Err(SqliteError::MissingTable(_))), "{load:?}");
    for refused in [swap(&store, &user("ann"), 0).await, swap_settings(&store, 0).await] {
        assert!(matches!(refused, Err(SqliteError::MissingTable(_))), "{refused:?}");
    }
}

#[tokio::test]
async fn a_trail_that_takes_no_events_takes_no_change_either() {
    let store = SqliteStore::in_memory().await.unwrap();
    run(store.pool(), "DROP TABLE countersign_events").await;
    let refused = swap(&store, &user("ann"), 0).await;
    assert!(matches!(refused, Err(SqliteError::MissingTable(_))), "{refused:?}");
    assert_eq!(revision(&store, &user("ann")).await, 0);
}

#[tokio::test]
async fn what_this_store_never_writes_is_damage_and_not_a_default() {
    let store = SqliteStore::in_memory().await.unwrap();
    run(
        store.pool(),
        "DROP TABLE countersign_users;
         CREATE TABLE countersign_users (org_id, user_id, revision, record);
         INSERT INTO countersign_users VALUES
            ('7', 'negative', -1, x'01'), ('7', 'zero', 0, x'01'), ('7', 'none', NULL, x'01'),
            ('7', 'word', 'one', x'01'), ('7', 'bare', 1, NULL)",
    )
    .await;
    for id in ["negative", "zero", "none", "word", "bare"] {
        let load = store.load_user(&org(), &user(id)).await;
        assert!(matches!(load, Err(SqliteError::Damaged(_))), "{id}: {load:?}");
    }
}

#[tokio::test]
async fn a_damaged_page_is_an_error_for_readers_and_writers() {
    for (table, opens) in [("countersign_schema", false), ("countersign_users", true)] {
        let folder = TempDir::new().unwrap();
        let store = open(&folder).await;
        assert_eq!(swap(&store, &user("ann"), 0).await.unwrap(), Swap::Done);
        let select = sqlx::query_scalar("SELECT rootpage FROM sqlite_schema WHERE name = ?1").bind(table);
        let page: u32 = select.fetch_one(store.pool()).await.unwrap();
        store.pool().close().await;

        let (path, at) = (folder.path().join(FILE), 4096 * (page as usize - 1));
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[at..at + 4096].fill(0xa5);
        std::fs::write(&path, &bytes).unwrap();
        let opened = SqliteStore::open(&path).await;
        if !opens {
            assert!(matches!(opened, Err(SqliteError::Damaged(_))), "{opened:?}");
            continue;
        }
        let store = opened.unwrap();
        let load = store.load_user(&org(), &user("ann")).await;
        assert!(matches!(load, Err(SqliteError::Damaged(_))), "{load:?}");
        for (of, expected) in [("ann", 1), ("ben", 0)] {
            let swapped = swap(&store, &user(of), expected).await;
            assert!(matches!(swapped, Err(SqliteError::Damaged(_))), "{swapped:?}");
        }
        assert_eq!(swap_settings(&store, 0).await.unwrap(), Swap::Done, "what is not damaged works");
        assert_eq!(count_events(&store).await, 2);
    }
}

#[tokio::test]
async fn a_revision_that_sqlite_cannot_count_to_is_refused() {
    let store = SqliteStore::in_memory().await.unwrap();
    for (expected, next) in [(0, 1 << 63), (u64::MAX, 1)] {
        let (ann, org, next, summary) = (user("ann"), &org(), &stored(next), &UserSummary::default());
        let change = Change { org, expected, next, summary, events: &[], ends_sessions: false };
        let refused = store.swap_user(&ann, change).await;
        assert!(matches!(refused, Err(SqliteError::RevisionOutOfRange(_))), "{refused:?}");
    }
    assert_eq!(revision(&store, &user("ann")).await, 0);
}

/// A disk of a quarter of a megabyte, for as long as the test runs.
struct SmallDisk(TempDir);

impl SmallDisk {
    /// `None` where this process may not mount one.
    fn mount() -> Option<Self> {
        let folder = TempDir::new().unwrap();
        let mount = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=256k", "tmpfs"])
            .arg(folder.path())
            .output();
        mount.is_ok_and(|mount| mount.status.success()).then_some(Self(folder))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        assert!(Command::new("umount").arg("--lazy").arg(self.0.path()).status().unwrap().success());
    }
}
