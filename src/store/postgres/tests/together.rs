//! Swaps in a transaction of the host's: nothing is done before the commit.

use sqlx::PgTransaction;

use super::{Schema, count_events, event, org, revision, run, stored, swap, user};
use crate::{
    UserStore as _,
    store::{
        Change, Swap, UserSummary,
        postgres::{PostgresError, PostgresStore, Uncommitted},
    },
};

async fn with_a_table_of_the_hosts() -> Option<PostgresStore> {
    let store = Schema::fresh().await?.store().await;
    run(store.pool(), "CREATE TABLE sessions (id bigint PRIMARY KEY)").await;
    Some(store)
}

async fn swap_in(store: &PostgresStore, transaction: &mut PgTransaction<'_>, expected: u64) -> Uncommitted {
    let ann = user("ann");
    let (org, next, summary, events) =
        (&org(), &stored(expected + 1), &UserSummary::default(), &[event(&ann, 9), event(&ann, 9)]);
    let change = Change { org, expected, next, summary, events, ends_sessions: true };
    store.swap_user_in(transaction, &ann, change).await.unwrap()
}

async fn write(transaction: &mut PgTransaction<'_>, sql: &'static str) -> Result<(), sqlx::Error> {
    sqlx::query(sql).execute(&mut **transaction).await.map(drop)
}

const INSERT: &str = "INSERT INTO sessions (id) VALUES (1)";

async fn state(store: &PostgresStore) -> (u64, usize, i64) {
    let sessions = sqlx::query_scalar("SELECT count(*) FROM sessions").fetch_one(store.pool()).await.unwrap();
    (revision(store, &user("ann")).await, count_events(store).await, sessions)
}

#[tokio::test]
async fn a_swap_and_the_hosts_own_row_become_visible_together_with_the_commit() {
    let Some(store) = with_a_table_of_the_hosts().await else { return };
    let mut transaction = store.pool().begin().await.unwrap();
    let swapped = swap_in(&store, &mut transaction, 0).await;
    assert!(swapped.is_written());
    write(&mut transaction, INSERT).await.unwrap();
    assert_eq!(state(&store).await, (0, 0, 0));
    assert_eq!(swapped.commit(transaction).await.unwrap(), Swap::Done);
    assert_eq!(state(&store).await, (1, 2, 1));
}

#[tokio::test]
async fn a_transaction_that_is_dropped_did_nothing() {
    let Some(store) = with_a_table_of_the_hosts().await else { return };
    let mut transaction = store.pool().begin().await.unwrap();
    let swapped = swap_in(&store, &mut transaction, 0).await;
    write(&mut transaction, INSERT).await.unwrap();
    drop((swapped, transaction));
    assert_eq!(state(&store).await, (0, 0, 0));
    assert_eq!(swap(&store, &user("ann"), 0).await.unwrap(), Swap::Done);
}

#[tokio::test]
async fn a_stale_swap_takes_the_hosts_own_row_back() {
    let Some(store) = with_a_table_of_the_hosts().await else { return };
    assert_eq!(swap(&store, &user("ann"), 0).await.unwrap(), Swap::Done);
    let mut transaction = store.pool().begin().await.unwrap();
    write(&mut transaction, INSERT).await.unwrap();
    let swapped = swap_in(&store, &mut transaction, 0).await;
    assert!(!swapped.is_written());
    assert_eq!(swapped.commit(transaction).await.unwrap(), Swap::Stale);
    assert_eq!(state(&store).await, (1, 2, 0));
}

/// PostgreSQL says yes to the COMMIT of a failed transaction, and rolls it back.
#[tokio::test]
async fn a_failure_of_the_host_that_it_overlooks_is_no_success() {
    let Some(store) = with_a_table_of_the_hosts().await else { return };
    let mut transaction = store.pool().begin().await.unwrap();
    let swapped = swap_in(&store, &mut transaction, 0).await;
    write(&mut transaction, "INSERT INTO sessions (id) VALUES (NULL)").await.unwrap_err();
    let committed = swapped.commit(transaction).await;
    assert!(matches!(committed, Err(PostgresError::Other(_))), "{committed:?}");
    assert_eq!(state(&store).await, (0, 0, 0));
}

#[tokio::test]
async fn a_commit_that_stood_in_the_way_of_another_is_stale() {
    let Some(store) = with_a_table_of_the_hosts().await else { return };
    assert_eq!(swap(&store, &user("ann"), 0).await.unwrap(), Swap::Done);
    let mut transaction = store.pool().begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ").await.unwrap();
    assert_eq!(sqlx::query("SELECT 1 FROM sessions").fetch_all(&mut *transaction).await.unwrap().len(), 0);
    assert_eq!(swap(&store, &user("ann"), 1).await.unwrap(), Swap::Done);
    let swapped = swap_in(&store, &mut transaction, 1).await;
    assert!(!swapped.is_written());
    assert_eq!(swapped.commit(transaction).await.unwrap(), Swap::Stale);
    assert_eq!(state(&store).await, (2, 4, 0));
    assert!(store.load_user(&org(), &user("ann")).await.unwrap().is_some());
}
