//! What [`SqliteStore`] takes for a database, and what it refuses.

mod processes;

use std::path::Path;

use countersign::{
    OrgId, SettingsStore as _, UserId, UserStore as _,
    store::{
        Change, Outbox as _, Stored, Swap, UserSummary,
        sqlite::{SqliteError, SqliteStore},
    },
};
use sqlx::{
    SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use tempfile::TempDir;
use tokio::runtime::Builder;

use crate::world::off_the_runtime;

async fn pool(options: SqliteConnectOptions) -> SqlitePool {
    SqlitePoolOptions::new().max_connections(1).connect_with(options).await.expect("a local file opens")
}

/// What a host gets that does not ask for anything: `journal_mode = DELETE`, `synchronous = FULL`.
fn sqlx_defaults(folder: &TempDir) -> SqliteConnectOptions {
    SqliteConnectOptions::new().filename(folder.path().join("host.sqlite")).create_if_missing(true)
}

async fn versions(store: &SqliteStore) -> Vec<i64> {
    let versions = sqlx::query_scalar("SELECT version FROM countersign_schema");
    versions.fetch_all(store.pool()).await.expect("the table is there")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_that_start_at_once_on_a_new_file_make_its_tables_once() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("new.sqlite");
    let opening: Vec<_> = (0..16).map(|_| tokio::spawn(SqliteStore::open(path.clone()))).collect();
    for store in opening {
        assert_eq!(versions(&store.await.unwrap().unwrap()).await, [1]);
    }

    let mut pools = Vec::new();
    for _ in 0..16 {
        pools.push(pool(SqliteStore::options(folder.path().join("of_the_host.sqlite"))).await);
    }
    let starting: Vec<_> = pools.into_iter().map(|pool| tokio::spawn(SqliteStore::new(pool))).collect();
    for store in starting {
        assert_eq!(versions(&store.await.unwrap().unwrap()).await, [1]);
    }
}

#[tokio::test]
async fn a_file_that_the_host_is_writing_to_is_opened_when_it_has_finished() {
    let folder = TempDir::new().unwrap();
    let host = pool(sqlx_defaults(&folder)).await;
    let writing = host.begin_with("BEGIN IMMEDIATE").await.unwrap();
    let finish_after_a_while = async {
        for _ in 0..20_000 {
            tokio::task::yield_now().await;
        }
        writing.rollback().await.unwrap();
    };
    let (store, ()) =
        tokio::join!(SqliteStore::open(folder.path().join("host.sqlite")), finish_after_a_while);
    assert_eq!(versions(&store.unwrap()).await, [1]);
}

#[tokio::test]
async fn a_pool_whose_commits_a_power_cut_may_undo_is_refused() {
    use SqliteJournalMode::{Delete, Memory, Off, Persist, Truncate, Wal};
    use SqliteSynchronous::{Extra, Full, Normal};
    let refused = [(Wal, Normal), (Delete, Full), (Truncate, Normal), (Memory, Extra), (Off, Extra)];
    for (journal_mode, synchronous) in refused {
        let folder = TempDir::new().unwrap();
        let options = sqlx_defaults(&folder).journal_mode(journal_mode).synchronous(synchronous);
        let refused = SqliteStore::new(pool(options).await).await;
        assert!(matches!(refused, Err(SqliteError::NotDurable { .. })), "{journal_mode:?} {synchronous:?}");
    }
    for (journal_mode, synchronous) in [(Wal, Full), (Delete, Extra), (Truncate, Full), (Persist, Full)] {
        let folder = TempDir::new().unwrap();
        let options = sqlx_defaults(&folder).journal_mode(journal_mode).synchronous(synchronous);
        let store = SqliteStore::new(pool(options).await).await;
        assert!(store.is_ok(), "{journal_mode:?} {synchronous:?}: {store:?}");
    }
}

#[tokio::test]
async fn the_refusal_of_a_pool_says_what_to_do() {
    let folder = TempDir::new().unwrap();
    let host = pool(sqlx_defaults(&folder)).await;
    let refused = SqliteStore::new(host.clone()).await.unwrap_err();
    assert_eq!(
        refused.to_string(),
        "commits would not survive a power cut (journal_mode = delete, synchronous = 2): \
         open the same file by itself beside the host's pool with SqliteStore::open, \
         or make the pool with SqliteStore::options (WAL, synchronous = FULL)",
    );

    let file = folder.path().join("host.sqlite");
    let beside = SqliteStore::open(&file).await.unwrap();
    sqlx::raw_sql("CREATE TABLE users (id INTEGER); INSERT INTO users VALUES (7)")
        .execute(&host)
        .await
        .unwrap();
    let users: i64 = sqlx::query_scalar("SELECT id FROM users").fetch_one(beside.pool()).await.unwrap();
    assert_eq!(users, 7, "the store reads what the host's pool wrote into the same file");
    let inside = SqliteStore::new(pool(SqliteStore::options(&file)).await).await.unwrap();
    assert_eq!(versions(&inside).await, [1]);
}

/// R4: what cannot be asked is an error, and no panic in a host's login.
#[test]
fn off_a_tokio_runtime_it_says_where_to_call_it() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("new.sqlite");
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let (store, pool) = runtime.block_on(async {
        let store = SqliteStore::in_memory().await.unwrap();
        (store.clone(), store.pool().clone())
    });
    let (org, ann) = (OrgId::from(7_u64), UserId::new("ann").unwrap());

    let answers = [
        off_the_runtime(SqliteStore::open(&file)).err(),
        off_the_runtime(SqliteStore::in_memory()).err(),
        off_the_runtime(SqliteStore::new(pool)).err(),
        off_the_runtime(store.load_user(&org, &ann)).err(),
        off_the_runtime(store.load_settings(&org)).err(),
        off_the_runtime(store.events(&org, None, 9)).err(),
        off_the_runtime(store.summaries(&org, [&ann])).err(),
        off_the_runtime(store.waiting(None, 9)).err(),
    ];
    for (call, answer) in answers.into_iter().enumerate() {
        assert!(matches!(answer, Some(SqliteError::OffRuntime)), "call {call}: {answer:?}");
    }
    assert!(!file.exists(), "nothing was done");
    assert_eq!(
        SqliteError::OffRuntime.to_string(),
        "called off a tokio runtime: make the store and call it inside the host's runtime \
         (#[tokio::main], Runtime::block_on or Handle::block_on)",
    );
    // As the message says, from a thread that is not the runtime's.
    assert_eq!(runtime.handle().block_on(store.load_user(&org, &ann)).unwrap(), None);
}

/// A write goes through the task, which is at home on the runtime, wherever it is handed in.
#[test]
fn a_write_from_off_the_runtime_is_written() {
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let store = runtime.block_on(SqliteStore::in_memory()).unwrap();
    let (org, ann) = (OrgId::from(7_u64), UserId::new("ann").unwrap());
    let (next, summary) = (Stored { revision: 1, record: vec![9] }, UserSummary::default());
    let swapped = off_the_runtime(store.swap_user(&ann, Change::new(&org, 0, &next, &summary, &[])));
    assert_eq!(swapped.unwrap(), Swap::Done);
    assert_eq!(runtime.block_on(store.load_user(&org, &ann)).unwrap(), Some(next));
}

#[test]
#[should_panic(expected = "Call `enable_time` on the runtime builder")]
fn on_a_runtime_without_a_timer_tokio_panics_and_says_how_to_switch_it_on() {
    let runtime = Builder::new_current_thread().build().unwrap();
    let _ = runtime.block_on(SqliteStore::in_memory());
}

#[tokio::test]
async fn a_database_in_memory_promises_nothing_and_is_taken() {
    let options = SqliteConnectOptions::new().filename(":memory:");
    assert_eq!(versions(&SqliteStore::new(pool(options).await).await.unwrap()).await, [1]);
}

#[tokio::test]
async fn tables_of_a_newer_version_are_refused_and_left_alone() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("newer.sqlite");
    let store = SqliteStore::open(&path).await.unwrap();
    sqlx::raw_sql("UPDATE countersign_schema SET version = 2").execute(store.pool()).await.unwrap();
    let refused = SqliteStore::open(&path).await.unwrap_err();
    assert!(matches!(refused, SqliteError::NewerSchema { found: 2, known: 1, .. }), "{refused:?}");
    assert_eq!(versions(&store).await, [2]);
}

#[tokio::test]
async fn a_version_that_nobody_can_have_written_is_damage() {
    for sql in ["DELETE FROM countersign_schema", "UPDATE countersign_schema SET version = -1"] {
        let store = SqliteStore::in_memory().await.unwrap();
        sqlx::raw_sql(sql).execute(store.pool()).await.unwrap();
        let refused = SqliteStore::new(store.pool().clone()).await;
        assert!(matches!(refused, Err(SqliteError::Damaged(_))), "{sql}: {refused:?}");
    }
}

#[tokio::test]
async fn half_of_our_tables_is_not_taken_for_an_empty_database() {
    let store = SqliteStore::in_memory().await.unwrap();
    sqlx::raw_sql("DROP TABLE countersign_schema").execute(store.pool()).await.unwrap();
    let refused = SqliteStore::new(store.pool().clone()).await.unwrap_err();
    assert_eq!(
        refused.to_string(),
        "error returned from database: (code: 1) table countersign_users already exists",
    );
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused_and_left_alone() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("letter.txt");
    let letter = "Dear database, ".repeat(400);
    std::fs::write(&path, &letter).unwrap();
    let refused = SqliteStore::open(&path).await;
    assert!(matches!(refused, Err(SqliteError::Damaged(_))), "{refused:?}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), letter);
}

#[tokio::test]
async fn a_missing_folder_is_an_error() {
    let folder = TempDir::new().unwrap();
    let refused = SqliteStore::open(folder.path().join("missing").join("new.sqlite")).await;
    assert!(matches!(refused, Err(SqliteError::CannotOpen(_))), "{refused:?}");
}

#[tokio::test]
async fn a_trail_that_is_gone_is_not_an_empty_one() {
    let store = SqliteStore::in_memory().await.unwrap();
    sqlx::raw_sql("DROP TABLE countersign_events").execute(store.pool()).await.unwrap();
    let page = store.events(&OrgId::from(7_u64), None, 20).await;
    assert!(matches!(page, Err(SqliteError::MissingTable(_))), "{page:?}");
}

#[test]
fn a_path_is_a_path_whatever_it_spells() {
    for path in [":memory:", "file:other.sqlite?mode=memory"] {
        assert_eq!(SqliteStore::options(path).get_filename(), Path::new(".").join(path));
    }
    assert_eq!(SqliteStore::options("/var/portal.sqlite").get_filename(), Path::new("/var/portal.sqlite"));
}

#[cfg(unix)]
#[tokio::test]
async fn a_new_file_is_its_owners_alone_and_an_old_one_stays_as_it_is() {
    use std::{fs, os::unix::fs::PermissionsExt as _};
    let folder = TempDir::new().unwrap();
    let mode = |name: &str| fs::metadata(folder.path().join(name)).unwrap().permissions().mode() & 0o777;

    let store = SqliteStore::open(folder.path().join("new.sqlite")).await.unwrap();
    assert_eq!([mode("new.sqlite"), mode("new.sqlite-wal"), mode("new.sqlite-shm")], [0o600; 3]);
    drop(store);

    fs::set_permissions(folder.path().join("new.sqlite"), fs::Permissions::from_mode(0o640)).unwrap();
    let _store = SqliteStore::open(folder.path().join("new.sqlite")).await.unwrap();
    assert_eq!(mode("new.sqlite"), 0o640);
}
