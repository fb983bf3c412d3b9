//! A store around a store that counts how often it is asked.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use countersign::{
    OrgId, SettingsStore, UserId, UserStore,
    store::{Change, OrgSummary, Stored, Swap, UserSummary},
};

/// How often a store was asked to read and to write.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Calls {
    pub(crate) loads: u64,
    pub(crate) swaps: u64,
}

/// Clones share the store and the counts.
#[derive(Debug)]
pub(crate) struct Counted<S>(Arc<Inner<S>>);

#[derive(Debug)]
struct Inner<S> {
    store: S,
    loads: AtomicU64,
    swaps: AtomicU64,
}

impl<S> Clone for Counted<S> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<S> Counted<S> {
    pub(crate) fn new(store: S) -> Self {
        Self(Arc::new(Inner { store, loads: AtomicU64::new(0), swaps: AtomicU64::new(0) }))
    }

    pub(crate) fn store(&self) -> &S {
        &self.0.store
    }

    /// Since the last time it was asked for them.
    pub(crate) fn take_calls(&self) -> Calls {
        let take = |count: &AtomicU64| count.swap(0, Ordering::Relaxed);
        Calls { loads: take(&self.0.loads), swaps: take(&self.0.swaps) }
    }
}

impl<S: UserStore> UserStore for Counted<S> {
    type Error = S::Error;

    async fn load_user(&self, org: &OrgId, user: &UserId) -> Result<Option<Stored>, S::Error> {
        self.0.loads.fetch_add(1, Ordering::Relaxed);
        self.0.store.load_user(org, user).await
    }

    async fn swap_user(&self, user: &UserId, change: Change<'_, UserSummary>) -> Result<Swap, S::Error> {
        self.0.swaps.fetch_add(1, Ordering::Relaxed);
        self.0.store.swap_user(user, change).await
    }
}

impl<S: SettingsStore> SettingsStore for Counted<S> {
    type Error = S::Error;

    async fn load_settings(&self, org: &OrgId) -> Result<Option<Stored>, S::Error> {
        self.0.loads.fetch_add(1, Ordering::Relaxed);
        self.0.store.load_settings(org).await
    }

    async fn swap_settings(&self, change: Change<'_, OrgSummary>) -> Result<Swap, S::Error> {
        self.0.swaps.fetch_add(1, Ordering::Relaxed);
        self.0.store.swap_settings(change).await
    }
}
