//! What waits to be told, where transactions commit in another order than they began in.

use std::future::ready;

use super::{Schema, event, org, stored, user};
use crate::{
    UserStore,
    audit::{Event, EventKind},
    store::{Change, Delivery, Swap, UserSummary, postgres::PostgresStore, tell_waiting},
};

async fn round(store: &PostgresStore) -> Vec<(String, u64)> {
    let mut told = Vec::new();
    let tell = |notice: crate::store::Notice| {
        told.push((notice.event.user.unwrap(), notice.event.at.as_unix()));
        ready(Delivery::Done)
    };
    tell_waiting(store, tell).await.unwrap();
    told
}

/// The bug of all mailers that remember how far they have read: a transaction that began before what was told already,
/// and commits after it, is never seen.
#[tokio::test]
async fn a_transaction_that_commits_late_is_told_too() {
    let Some(schema) = Schema::fresh().await else { return };
    let store = schema.store().await;
    let (org, summary, next) = (org(), UserSummary::default(), stored(1));
    let blocked = |id: &str, at| {
        [Event { kind: EventKind::Blocked { password_is_known: true }, ..event(&user(id), at) }]
    };
    let (early, late) = (blocked("ann", 1_000), blocked("ian", 2_000));
    let change = |events| Change {
        org: &org,
        expected: 0,
        next: &next,
        summary: &summary,
        events,
        ends_sessions: false,
    };
    let mut open = store.pool().begin().await.unwrap();
    let swapped = store.swap_user_in(&mut open, &user("ann"), change(&early)).await.unwrap();
    assert_eq!(store.swap_user(&user("ian"), change(&late)).await.unwrap(), Swap::Done);
    // Not what is not committed, which may yet come to nothing.
    assert_eq!(round(&store).await, [("ian".to_owned(), 2_000)]);
    assert_eq!(swapped.commit(open).await.unwrap(), Swap::Done);
    assert_eq!(round(&store).await, [("ann".to_owned(), 1_000)]);
    assert_eq!(round(&store).await, []);
}

#[tokio::test]
async fn a_transaction_that_is_rolled_back_leaves_nothing_to_tell() {
    let Some(schema) = Schema::fresh().await else { return };
    let store = schema.store().await;
    let (org, summary, next) = (org(), UserSummary::default(), stored(1));
    let events =
        [Event { kind: EventKind::Blocked { password_is_known: true }, ..event(&user("ann"), 1_000) }];
    let change = Change {
        org: &org,
        expected: 0,
        next: &next,
        summary: &summary,
        events: &events,
        ends_sessions: false,
    };
    let mut open = store.pool().begin().await.unwrap();
    let swapped = store.swap_user_in(&mut open, &user("ann"), change).await.unwrap();
    assert!(swapped.is_written());
    open.rollback().await.unwrap();
    assert_eq!(round(&store).await, []);
}
