//! What [`SqliteStore`] takes for a database, and what it refuses.

mod processes;

use std::path::Path;

use countersign::{
    OrgId,
    store::sqlite::{SqliteError, SqliteStore},
};
use sqlx::{
    SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use tempfile::TempDir;

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
    let refused = SqliteStore::new(pool(sqlx_defaults(&folder)).await).await.unwrap_err();
    assert_eq!(
        refused.to_string(),
        "commits would not survive a power cut (journal_mode = delete, synchronous = 2): \
         use WAL with synchronous = FULL, as SqliteStore::options does",
    );
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
