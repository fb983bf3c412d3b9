//! What a store is opened over, and what is refused.

use countersign::{
    OrgId, UserId, UserStore as _,
    store::postgres::{PostgresError, PostgresStore},
};
use sqlx::{AssertSqlSafe, PgPool};

use super::Schema;

async fn run(pool: &PgPool, sql: &str) {
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(pool).await.unwrap();
}

async fn versions(pool: &PgPool) -> Vec<i64> {
    sqlx::query_scalar("SELECT version FROM countersign_schema").fetch_all(pool).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn twelve_that_migrate_at_once_make_the_tables_once() {
    for _ in 0..4 {
        let Some(schema) = Schema::fresh().await else { return };
        let mut pools = Vec::new();
        for _ in 0..12 {
            pools.push(schema.pool().await);
        }
        let starting: Vec<_> = pools.into_iter().map(|pool| tokio::spawn(PostgresStore::new(pool))).collect();
        for store in starting {
            assert_eq!(versions(store.await.unwrap().unwrap().pool()).await, [1]);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn twelve_that_migrate_at_once_make_a_schema_once() {
    let Some(schema) = Schema::fresh().await else { return };
    let pool = schema.pool().await;
    let name: String =
        sqlx::query_scalar("SELECT current_schema() || '_too'").fetch_one(&pool).await.unwrap();
    let starting: Vec<_> = (0..12)
        .map(|_| {
            let opening =
                PostgresStore::over(pool.clone()).in_schema(&name).unwrap().with_prefix("two_").unwrap();
            tokio::spawn(async move {
                opening.migrate().await?;
                opening.open().await
            })
        })
        .collect();
    for store in starting {
        let store = store.await.unwrap().unwrap();
        assert_eq!(store.load_user(&OrgId::from(7_u64), &UserId::from(1_u64)).await.unwrap(), None);
    }
    run(&pool, &format!("SELECT record FROM {name}.two_users")).await;
}

#[tokio::test]
async fn the_printed_schema_is_the_migrated_one_and_does_no_harm_twice() {
    let Some(schema) = Schema::fresh().await else { return };
    let pool = schema.pool().await;
    let opening = PostgresStore::over(pool.clone());
    let early = opening.clone().open().await.unwrap_err();
    assert!(matches!(early, PostgresError::OlderSchema { found: 0, known: 1, .. }), "{early:?}");
    run(&pool, &opening.schema_sql()).await;
    run(&pool, &opening.schema_sql()).await;
    opening.migrate().await.unwrap();
    opening.open().await.unwrap();
    assert_eq!(versions(&pool).await, [1]);
}

#[tokio::test]
async fn a_migrator_that_died_on_the_way_is_followed_by_one_that_goes_on() {
    let Some(schema) = Schema::fresh().await else { return };
    let pool = schema.pool().await;
    PostgresStore::new(pool.clone()).await.unwrap();
    run(&pool, "DROP TABLE countersign_events; DELETE FROM countersign_schema").await;
    PostgresStore::new(pool.clone()).await.unwrap();
    assert_eq!(versions(&pool).await, [1]);
}

#[tokio::test]
async fn tables_of_a_newer_version_are_refused_and_left_alone() {
    let Some(schema) = Schema::fresh().await else { return };
    let pool = schema.store().await.pool().clone();
    run(&pool, "UPDATE countersign_schema SET version = 2").await;
    for refused in [PostgresStore::new(pool.clone()).await, PostgresStore::over(pool.clone()).open().await] {
        assert!(matches!(refused, Err(PostgresError::NewerSchema { found: 2, known: 1, .. })), "{refused:?}");
    }
    assert_eq!(versions(&pool).await, [2]);
}

#[tokio::test]
async fn a_version_that_nobody_can_have_written_is_damage() {
    let Some(schema) = Schema::fresh().await else { return };
    let pool = schema.store().await.pool().clone();
    run(&pool, "UPDATE countersign_schema SET version = -1").await;
    let refused = PostgresStore::new(pool).await;
    assert!(matches!(refused, Err(PostgresError::Damaged(_))), "{refused:?}");
}

#[tokio::test]
async fn sessions_whose_commits_a_crash_may_undo_are_refused_unless_the_host_knows_better() {
    let Some(schema) = Schema::fresh().await else { return };
    let pool = schema.pool_with(&[("synchronous_commit", "off")]).await;
    let refused = PostgresStore::new(pool.clone()).await.unwrap_err();
    assert_eq!(
        refused.to_string(),
        "commits may be lost (fsync = on, synchronous_commit = off): \
         switch both on, or say with Opening::durable_all_the_same why not",
    );
    PostgresStore::over(pool).durable_all_the_same().open().await.unwrap();
    // With no standby to wait for, these differ in name only.
    for enough in ["local", "remote_write", "on", "remote_apply"] {
        let pool = schema.pool_with(&[("synchronous_commit", enough)]).await;
        PostgresStore::new(pool).await.unwrap();
    }
}

#[tokio::test]
async fn who_may_only_read_makes_no_tables() {
    let Some(schema) = Schema::fresh().await else { return };
    let pool = schema.pool_with(&[("default_transaction_read_only", "on")]).await;
    let refused = PostgresStore::new(pool).await;
    assert!(matches!(refused, Err(PostgresError::ReadOnly(_))), "{refused:?}");
}

#[tokio::test]
async fn two_prefixes_in_one_database_are_two_stores() {
    let Some(schema) = Schema::fresh().await else { return };
    let pool = schema.pool().await;
    for prefix in ["one_", "two_"] {
        let opening = PostgresStore::over(pool.clone()).with_prefix(prefix).unwrap();
        opening.migrate().await.unwrap();
        opening.open().await.unwrap();
    }
    run(&pool, "DROP TABLE one_users").await;
    run(&pool, "SELECT record FROM two_users").await;
}
