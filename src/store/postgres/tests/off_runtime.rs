//! What is said where no tokio runtime is. No server is asked, and none is needed.

use std::{
    pin::pin,
    task::{Context, Poll, Waker},
    time::Duration,
};

use tokio::runtime::Runtime;

use super::{
    super::{Hands, Statements, names::Names, server::Standbys},
    *,
};

/// Asks once, as an executor does that knows nothing of tokio. It would not have to wait.
fn refused<T>(call: impl Future<Output = Result<T, PostgresError>>) -> bool {
    let answer = pin!(call).poll(&mut Context::from_waker(Waker::noop()));
    matches!(answer, Poll::Ready(Err(PostgresError::OffRuntime)))
}

#[test]
fn off_a_tokio_runtime_it_is_neither_opened_nor_asked() {
    let runtime = Runtime::new().unwrap();
    let (to_open, pool) = runtime.block_on(async {
        let nowhere = || PostgresStore::pool_options().connect_lazy("postgres://127.0.0.1:1/none").unwrap();
        (nowhere(), nowhere())
    });
    assert!(refused(PostgresStore::new(to_open.clone())));
    assert!(refused(PostgresStore::over(to_open.clone()).migrate()));
    assert!(refused(PostgresStore::over(to_open).open()));

    let statements = Statements::new(&Names::default(), Standbys::Tell);
    let opened = PostgresStore { hands: Hands::of(pool), patience: Duration::from_secs(1), statements };
    let (org, ann) = (org(), UserId::new("ann").unwrap());
    let (next, summary) = (Stored { revision: 1, record: vec![9] }, UserSummary::default());
    let change =
        Change { org: &org, expected: 0, next: &next, summary: &summary, events: &[], ends_sessions: false };
    assert!(refused(opened.load_user(&org, &ann)));
    assert!(refused(opened.swap_user(&ann, change)));
    assert!(refused(opened.load_settings(&org)));
    assert!(refused(opened.events(&org, None, 9)));
}
