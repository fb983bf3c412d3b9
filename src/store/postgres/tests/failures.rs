//! What cannot be written is an error that says why. What may have been written is one too.

use std::{path::Path, process::Command, time::Duration};

use sqlx::{PgPool, PgTransaction, postgres::PgConnectOptions};
use tempfile::TempDir;

use super::{Schema, count_events, org, revision, run, stored, swap, swap_settings, user};
use crate::{
    SettingsStore as _, UserStore as _,
    store::{
        Change, Swap, UserSummary,
        postgres::{PostgresError, PostgresStore},
    },
};

/// Somebody who holds ann's row.
async fn holder(pool: &PgPool) -> PgTransaction<'static> {
    let mut holder = pool.begin().await.unwrap();
    let lock = sqlx::query("UPDATE countersign_users SET blocked_since = 1 WHERE user_id = 'ann'");
    assert_eq!(lock.execute(&mut *holder).await.unwrap().rows_affected(), 1);
    holder
}

#[tokio::test]
async fn a_server_that_gives_up_is_an_error_and_nothing_changes() {
    let Some(schema) = Schema::fresh().await else { return };
    let (store, ann) = (schema.store().await, user("ann"));
    assert_eq!(swap(&store, &ann, 0).await.unwrap(), Swap::Done);
    let holder = holder(store.pool()).await;
    for setting in ["statement_timeout", "lock_timeout"] {
        let impatient = PostgresStore::new(schema.pool(&[(setting, "100")]).await).await.unwrap();
        let refused = swap(&impatient, &ann, 1).await;
        assert!(matches!(refused, Err(PostgresError::GaveUp(_))), "{refused:?}");
    }
    holder.rollback().await.unwrap();
    assert_eq!((revision(&store, &ann).await, count_events(&store).await), (1, 2));
}

/// The answer did not come in time, and the write came after: it was not cancelled.
#[tokio::test]
async fn a_write_that_was_not_waited_for_goes_on() {
    let Some(schema) = Schema::fresh().await else { return };
    let (store, ann) = (schema.store().await, user("ann"));
    assert_eq!(swap(&store, &ann, 0).await.unwrap(), Swap::Done);
    let holder = holder(store.pool()).await;
    let opening = PostgresStore::over(schema.pool(&[]).await).with_patience(Duration::from_millis(100));
    let impatient = opening.open().await.unwrap();
    let late = swap(&impatient, &ann, 1).await;
    assert!(matches!(late, Err(PostgresError::TimedOut)), "{late:?}");
    holder.commit().await.unwrap();
    // Whoever writes next waits for the one that goes on.
    assert_eq!(swap(&store, &ann, 1).await.unwrap(), Swap::Stale);
    assert_eq!((revision(&impatient, &ann).await, count_events(&store).await), (2, 4));
}

#[tokio::test]
async fn a_transaction_that_is_given_up_for_another_is_stale() {
    let Some(schema) = Schema::fresh().await else { return };
    let ann = user("ann");
    let pool = schema.pool(&[("default_transaction_isolation", "serializable")]).await;
    let store = PostgresStore::new(pool).await.unwrap();
    assert_eq!(swap(&store, &ann, 0).await.unwrap(), Swap::Done);
    let holder = holder(store.pool()).await;
    let racing = tokio::spawn({
        let (store, ann) = (store.clone(), ann.clone());
        async move { swap(&store, &ann, 1).await }
    });
    let waits = "SELECT count(*) FROM pg_locks WHERE NOT granted AND pid IN
        (SELECT pid FROM pg_stat_activity WHERE query LIKE '%countersign_users SET revision%')";
    let somebody_else = schema.pool(&[]).await;
    while sqlx::query_scalar::<_, i64>(waits).fetch_one(&somebody_else).await.unwrap() == 0 {}
    holder.commit().await.unwrap();
    // The row has changed, though its revision has not: the server says 40001.
    assert_eq!(racing.await.unwrap().unwrap(), Swap::Stale);
    assert_eq!((revision(&store, &ann).await, count_events(&store).await), (1, 2));
    assert_eq!(swap(&store, &ann, 1).await.unwrap(), Swap::Done);
}

/// Clause 5: the server counts the row first and fails at the commit.
#[tokio::test]
async fn what_fails_at_the_commit_was_not_done() {
    let Some(schema) = Schema::fresh().await else { return };
    let store = schema.store().await;
    run(
        store.pool(),
        "CREATE TABLE hosts_users (id text PRIMARY KEY);
         ALTER TABLE countersign_users ADD FOREIGN KEY (user_id) REFERENCES hosts_users DEFERRABLE INITIALLY DEFERRED",
    )
    .await;
    let refused = swap(&store, &user("ann"), 0).await;
    assert!(matches!(refused, Err(PostgresError::Other(_))), "{refused:?}");
    assert_eq!((revision(&store, &user("ann")).await, count_events(&store).await), (0, 0));
}

#[tokio::test]
async fn a_session_that_may_only_read_is_an_error_and_nothing_changes() {
    let Some(schema) = Schema::fresh().await else { return };
    assert_eq!(swap(&schema.store().await, &user("ann"), 0).await.unwrap(), Swap::Done);
    let pool = schema.pool(&[("default_transaction_read_only", "on")]).await;
    let reader = PostgresStore::over(pool).open().await.unwrap();
    for refused in [swap(&reader, &user("ann"), 1).await, swap_settings(&reader, 0).await] {
        assert!(matches!(refused, Err(PostgresError::ReadOnly(_))), "{refused:?}");
    }
    assert_eq!(reader.load_user(&org(), &user("ann")).await.unwrap(), Some(stored(1)));
    assert_eq!(count_events(&reader).await, 2);
}

#[tokio::test]
async fn a_missing_table_is_an_error_and_not_a_user_who_was_never_written() {
    let Some(schema) = Schema::fresh().await else { return };
    let store = schema.store().await;
    run(store.pool(), "DROP TABLE countersign_users, countersign_settings, countersign_events").await;
    let load = store.load_user(&org(), &user("ann")).await;
    assert!(matches!(load, Err(PostgresError::MissingTable(_))), "{load:?}");
    let load = store.load_settings(&org()).await;
    assert!(matches!(load, Err(PostgresError::MissingTable(_))), "{load:?}");
    for refused in [swap(&store, &user("ann"), 0).await, swap_settings(&store, 0).await] {
        assert!(matches!(refused, Err(PostgresError::MissingTable(_))), "{refused:?}");
    }
    let page = store.events(&org(), None, 20).await;
    assert!(matches!(page, Err(PostgresError::MissingTable(_))), "{page:?}");
}

#[tokio::test]
async fn a_trail_that_takes_no_events_takes_no_change_either() {
    let Some(schema) = Schema::fresh().await else { return };
    let store = schema.store().await;
    run(store.pool(), "ALTER TABLE countersign_events ADD CHECK (place < 2)").await;
    let refused = swap(&store, &user("ann"), 0).await;
    assert!(matches!(refused, Err(PostgresError::Other(_))), "{refused:?}");
    assert_eq!((revision(&store, &user("ann")).await, count_events(&store).await), (0, 0));
}

#[tokio::test]
async fn what_this_store_never_writes_is_damage_and_not_a_default() {
    let Some(schema) = Schema::fresh().await else { return };
    let store = schema.store().await;
    run(
        store.pool(),
        "DROP TABLE countersign_users;
         CREATE TABLE countersign_users (org_id text, user_id text, revision bigint, record bytea);
         INSERT INTO countersign_users VALUES
            ('7', 'negative', -1, '\\x01'), ('7', 'zero', 0, '\\x01'), ('7', 'bare', 1, NULL), ('7', 'empty', 1, ''),
            ('7', 'none', NULL, '\\x01')",
    )
    .await;
    for id in ["negative", "zero", "bare", "empty", "none"] {
        let load = store.load_user(&org(), &user(id)).await;
        assert!(matches!(load, Err(PostgresError::Damaged(_))), "{id}: {load:?}");
    }
}

#[tokio::test]
async fn a_revision_that_postgres_cannot_count_to_is_refused() {
    let Some(schema) = Schema::fresh().await else { return };
    let store = schema.store().await;
    for (expected, next) in [(0, 1 << 63), (u64::MAX, 1)] {
        let (ann, org, next, summary) = (user("ann"), &org(), &stored(next), &UserSummary::default());
        let change = Change { org, expected, next, summary, events: &[], ends_sessions: false };
        let refused = store.swap_user(&ann, change).await;
        assert!(matches!(refused, Err(PostgresError::RevisionOutOfRange(_))), "{refused:?}");
    }
    assert_eq!(revision(&store, &user("ann")).await, 0);
}

/// Clauses 5, 7 and 8, with a server that is stopped, comes back, and comes back as a standby.
#[tokio::test]
async fn a_server_that_goes_away_is_an_error_and_a_standby_in_its_place_too() {
    if Schema::fresh().await.is_none() {
        return;
    }
    let server = Server::new();
    let (pool, ann) = (PostgresStore::pool_options().connect(&server.start()).await.unwrap(), user("ann"));
    let store = PostgresStore::new(pool.clone()).await.unwrap();
    assert_eq!(swap(&store, &ann, 0).await.unwrap(), Swap::Done);
    server.stop();
    for gone in [swap(&store, &ann, 1).await.map(drop), store.load_user(&org(), &ann).await.map(drop)] {
        assert!(matches!(gone, Err(PostgresError::Unavailable(_))), "{gone:?}");
    }

    server.start();
    assert_eq!(until_it_answers(&store).await.unwrap(), 1, "what was done is durable");
    assert_eq!(swap(&store, &ann, 1).await.unwrap(), Swap::Done);
    server.stop();

    server.become_standby();
    server.start();
    let read = until_it_answers(&store).await;
    assert!(matches!(read, Err(PostgresError::Standby)), "{read:?}");
    let nobody = store.load_user(&org(), &user("nobody")).await;
    assert!(matches!(nobody, Err(PostgresError::Standby)), "{nobody:?}");
    let refused = swap(&store, &ann, 2).await;
    assert!(matches!(refused, Err(PostgresError::ReadOnly(_))), "{refused:?}");
    let refused = PostgresStore::over(pool).open().await;
    assert!(matches!(refused, Err(PostgresError::Standby)), "{refused:?}");
}

/// Clause 5: what the standby has not got may be lost by a failover, so nobody hears that it is done. It may be, later.
#[tokio::test]
async fn a_commit_that_waits_for_a_standby_is_not_said_to_be_done() {
    if Schema::fresh().await.is_none() {
        return;
    }
    let server = Server::new();
    let options: PgConnectOptions = server.start_with(&["synchronous_standby_names=away"]).parse().unwrap();
    let local = options.clone().options([("synchronous_commit", "local")]);
    let local = PostgresStore::over(PostgresStore::pool_options().connect_with(local).await.unwrap());
    local.migrate().await.unwrap();
    let refused = local.clone().open().await;
    assert!(matches!(refused, Err(PostgresError::NotDurable { .. })), "{refused:?}");
    let careless = local.durable_all_the_same().open().await.unwrap();
    assert_eq!(swap(&careless, &user("ann"), 0).await.unwrap(), Swap::Done);

    let pool = PostgresStore::pool_options().connect_with(options).await.unwrap();
    let store = PostgresStore::over(pool).with_patience(Duration::from_millis(300)).open().await.unwrap();
    let waits = swap(&store, &user("ann"), 1).await;
    assert!(matches!(waits, Err(PostgresError::TimedOut)), "{waits:?}");
    assert_eq!(revision(&store, &user("ann")).await, 1, "nobody sees it either");
}

/// Every connection that was idle when the server stopped fails once.
async fn until_it_answers(store: &PostgresStore) -> Result<u64, PostgresError> {
    let mut tries_left = 40;
    loop {
        tries_left -= 1;
        match store.load_user(&org(), &user("ann")).await {
            Err(PostgresError::Unavailable(_)) if tries_left > 0 => {}
            read => return read.map(|stored| stored.unwrap().revision),
        }
    }
}

/// A server of the test's own, which can be stopped.
struct Server(TempDir);

impl Server {
    fn new() -> Self {
        // Its owner, who is not root, must get there.
        Self(tempfile::tempdir_in("/tmp").unwrap())
    }

    fn run(&self, what: &str, settings: &[&str]) -> String {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/servers/postgres");
        let output = Command::new(script).arg(what).arg(self.0.path()).args(settings).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    fn start(&self) -> String {
        self.start_with(&[])
    }

    fn start_with(&self, settings: &[&str]) -> String {
        self.run("start", settings)
    }

    fn stop(&self) {
        self.run("stop", &[]);
    }

    fn become_standby(&self) {
        std::fs::write(self.0.path().join("data/standby.signal"), "").unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = Command::new("tests/servers/postgres").arg("stop").arg(self.0.path()).output();
    }
}
