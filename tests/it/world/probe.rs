//! A store around a store, which can be slowed down and made to fail, and counts its calls.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use countersign::{
    BoxError, OrgId, SecureRandom, SettingsStore, TwoFactor, UserId, UserStore,
    store::{Change, OrgSummary, Stored, Swap, UserSummary},
};

use super::user;
/// What happens to a store's next call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    LoadUser,
    LoadSettings,
    /// The write fails, and did not happen.
    SwapBefore,
    /// The write of an org's settings finds that somebody else was faster.
    SettingsStale,
    /// The write fails although it happened: the reply was lost.
    SwapAfter,
    /// The write fails although it happened, and so does every later call.
    SwapAfterAndDown,
    /// The write fails and did not happen, but another did: the [overtaker](Controls::overtake_with) ends the user's
    /// trust in its place.
    SwapBeforeAndOvertaken,
    /// The write fails although it happened, and the [overtaker](Controls::overtake_with) ends the user's trust
    /// before it can be read back.
    SwapAfterAndOvertaken,
}

/// The knobs of a [`Probe`], and what it counted.
#[derive(Default)]
pub struct Controls {
    latency: AtomicU64,
    /// What happens at the next calls, in this order.
    faults: Mutex<VecDeque<Fault>>,
    is_down: AtomicBool,
    overtaker: Mutex<Option<TwoFactor>>,
    /// Whose record was damaged, as long as it has this revision.
    pub(super) damaged: Mutex<Option<(UserId, u64)>>,
    /// Whose record is served in the place of another user's.
    swapped_rows: Mutex<Option<(UserId, UserId)>>,
    /// What every read of settings shows, as a replica would that has fallen behind.
    stale_settings: Mutex<Option<Stored>>,
    always_stale: AtomicBool,
    /// How many more users' records are written before the store is down.
    writes_left: Mutex<Option<usize>>,
    pub user_loads: AtomicUsize,
    pub settings_loads: AtomicUsize,
    pub swaps: AtomicUsize,
}

impl Controls {
    /// Every call takes about this long, at random between nothing and twice as much, and yields in between.
    pub fn slow_down(&self, about: Duration) {
        self.latency.store(u64::try_from(about.as_micros()).unwrap(), Ordering::SeqCst);
    }

    pub fn fail_next(&self, fault: Fault) {
        self.faults.lock().unwrap().push_back(fault);
    }

    /// Whether all faults have happened that were ordered.
    pub fn are_done(&self) -> bool {
        self.faults.lock().unwrap().is_empty()
    }

    pub fn go_down(&self, down: bool) {
        self.is_down.store(down, Ordering::SeqCst);
    }

    /// The store goes down once so many users' records have been written.
    pub fn go_down_after(&self, writes: usize) {
        *self.writes_left.lock().unwrap() = Some(writes).filter(|writes| *writes > 0);
        self.go_down(writes == 0);
    }

    fn count_down(&self) {
        let mut left = self.writes_left.lock().unwrap();
        *left = left.map(|writes| writes - 1);
        if *left == Some(0) {
            *left = None;
            self.go_down(true);
        }
    }

    pub fn overtake_with(&self, somebody_else: &TwoFactor) {
        *self.overtaker.lock().unwrap() = Some(somebody_else.clone());
    }

    /// How often the store was called, for whatever.
    pub fn calls(&self) -> usize {
        [&self.user_loads, &self.settings_loads, &self.swaps].iter().map(|n| n.load(Ordering::SeqCst)).sum()
    }

    /// From now on `row` is read where `instead_of` is asked for.
    pub fn serve_as(&self, instead_of: &str, row: &str) {
        *self.swapped_rows.lock().unwrap() = Some((user(instead_of), user(row)));
    }

    pub fn serve_settings(&self, stale: Option<Stored>) {
        *self.stale_settings.lock().unwrap() = stale;
    }

    /// Every write of a user's record finds that somebody else was faster.
    pub fn always_stale(&self, stale: bool) {
        self.always_stale.store(stale, Ordering::SeqCst);
    }

    fn takes(&self, fault: Fault) -> bool {
        let mut faults = self.faults.lock().unwrap();
        let hit = faults.front() == Some(&fault);
        if hit {
            faults.pop_front();
        }
        hit
    }

    /// The overtaker's turn.
    async fn overtake(&self, org: &OrgId, user: &UserId) -> Result<(), BoxError> {
        let somebody_else = self.overtaker.lock().unwrap().take().unwrap();
        Ok(somebody_else.user(org, user).password_changed().await?)
    }

    /// The latency of a real store, so that races have something to race in.
    async fn pause(&self) -> Result<(), BoxError> {
        let about = self.latency.load(Ordering::SeqCst);
        if about > 0 {
            let mut dice = [0; 4];
            countersign::OsRandom.fill(&mut dice)?;
            for _ in 0..dice[0] % 4 {
                tokio::task::yield_now().await;
            }
            let share = u64::from(u16::from_be_bytes([dice[1], dice[2]]));
            tokio::time::sleep(Duration::from_micros(2 * about * share / u64::from(u16::MAX))).await;
        }
        if self.is_down.load(Ordering::SeqCst) { Err("the store is down".into()) } else { Ok(()) }
    }
}

/// A store around a store, which can be slowed down and made to fail, and counts its calls.
pub struct Probe<S> {
    store: S,
    controls: Arc<Controls>,
}

impl<S> Probe<S> {
    pub fn around(store: S, controls: Arc<Controls>) -> Self {
        Self { store, controls }
    }
}

impl<S: UserStore + SettingsStore> UserStore for Probe<S> {
    type Error = BoxError;

    async fn load_user(&self, org: &OrgId, user: &UserId) -> Result<Option<Stored>, BoxError> {
        self.controls.user_loads.fetch_add(1, Ordering::SeqCst);
        self.controls.pause().await?;
        if self.controls.takes(Fault::LoadUser) {
            return Err("the load failed".into());
        }
        let row = match &*self.controls.swapped_rows.lock().unwrap() {
            Some((instead_of, row)) if instead_of == user => row.clone(),
            _ => user.clone(),
        };
        let mut loaded = self.store.load_user(org, &row).await.map_err(Into::into)?;
        if let Some(stored) = &mut loaded
            && *self.controls.damaged.lock().unwrap() == Some((user.clone(), stored.revision))
        {
            let middle = stored.record.len() / 2;
            stored.record[middle] ^= 1;
        }
        self.controls.pause().await?;
        Ok(loaded)
    }

    async fn swap_user(&self, user: &UserId, change: Change<'_, UserSummary>) -> Result<Swap, BoxError> {
        self.controls.swaps.fetch_add(1, Ordering::SeqCst);
        self.controls.pause().await?;
        if self.controls.takes(Fault::SwapBefore) {
            return Err("the write failed".into());
        }
        if self.controls.always_stale.load(Ordering::SeqCst) {
            return Ok(Swap::Stale);
        }
        // A host that hears of events knows as much as one that stores them.
        let is_told = change.events.iter().any(|event| event.kind.ends_sessions());
        assert!(change.events.is_empty() || is_told == change.ends_sessions, "{:?}", change.events);
        let org = change.org.clone();
        if self.controls.takes(Fault::SwapBeforeAndOvertaken) {
            self.controls.overtake(&org, user).await?;
            return Err("the write failed".into());
        }
        let swapped = self.store.swap_user(user, change).await.map_err(Into::into)?;
        self.controls.pause().await?;
        self.controls.count_down();
        if self.controls.takes(Fault::SwapAfter) {
            return Err("the reply was lost".into());
        }
        if self.controls.takes(Fault::SwapAfterAndDown) {
            self.controls.go_down(true);
            return Err("the reply was lost".into());
        }
        if self.controls.takes(Fault::SwapAfterAndOvertaken) {
            self.controls.overtake(&org, user).await?;
            return Err("the reply was lost".into());
        }
        Ok(swapped)
    }
}

impl<S: UserStore + SettingsStore> SettingsStore for Probe<S> {
    type Error = BoxError;

    async fn load_settings(&self, org: &OrgId) -> Result<Option<Stored>, BoxError> {
        self.controls.settings_loads.fetch_add(1, Ordering::SeqCst);
        self.controls.pause().await?;
        if self.controls.takes(Fault::LoadSettings) {
            return Err("the load failed".into());
        }
        if let Some(stale) = &*self.controls.stale_settings.lock().unwrap() {
            return Ok(Some(stale.clone()));
        }
        let loaded = self.store.load_settings(org).await.map_err(Into::into);
        self.controls.pause().await?;
        loaded
    }

    async fn swap_settings(&self, change: Change<'_, OrgSummary>) -> Result<Swap, BoxError> {
        self.controls.swaps.fetch_add(1, Ordering::SeqCst);
        self.controls.pause().await?;
        if self.controls.takes(Fault::SwapBefore) {
            return Err("the write failed".into());
        }
        if self.controls.takes(Fault::SettingsStale) {
            return Ok(Swap::Stale);
        }
        let swapped = self.store.swap_settings(change).await.map_err(Into::into)?;
        self.controls.pause().await?;
        if self.controls.takes(Fault::SwapAfterAndDown) {
            self.controls.go_down(true);
            return Err("the reply was lost".into());
        }
        if self.controls.takes(Fault::SwapAfter) { Err("the reply was lost".into()) } else { Ok(swapped) }
    }
}
