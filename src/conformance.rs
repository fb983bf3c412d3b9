//! Does a store keep its contract? A suite for stores of a host's own.
//!
//! Each numbered clause of [`UserStore`] that can be seen from outside is tried, on fresh ids, and nothing is ever
//! deleted: the suite may run against any database that is not in production. It needs no runtime of its own, only
//! somebody who drives the future.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), countersign::conformance::Broken> {
//! use countersign::{MemoryStore, OrgId, UserId, conformance};
//!
//! let store = MemoryStore::new();
//! let mut next = 0_i64;
//! let mut fresh = || { next += 1; next };
//! conformance::user_store(&store, || (OrgId::from(1_i64), UserId::from(fresh()))).await?;
//! conformance::settings_store(&store, || OrgId::from(fresh())).await?;
//! # Ok(()) }
//! ```
//!
//! An [`Outbox`](crate::store::Outbox) has a suite of its own, [`outbox`], and a [`Roster`](crate::Roster) has
//! [`roster`].
//!
//! What it cannot see:
//!
//! * whether what was `Done` survives a crash or a failover (clause 5);
//! * whether other servers read it at once (clause 7), unless it is given one: [`Suite::also_through`];
//! * whether the events arrive (clauses 2 and 6), unless it is told how to count them: [`Suite::counting_events`];
//! * races that the store decides within one poll of its future. Those in a database, or between its own reads and
//!   writes, it does see: 64 racers are held up at random wherever they wait.

mod race;
mod records;
mod roster;
mod outbox;

use std::{fmt, pin::Pin};

pub use self::{
    outbox::outbox,
    records::{Settings, Users},
    roster::roster,
};
use self::{
    race::{Dice, race},
    records::{Key, Records},
};
use crate::{
    audit::{Actor, Event, EventKind},
    error::BoxError,
    store::{SettingsStore, Stored, Swap, UserStore},
    time::Timestamp,
    who::{OrgId, UserId},
};

/// A clause that a store does not keep.
#[derive(Debug)]
pub struct Broken {
    clause: &'static str,
    how: String,
    source: Option<BoxError>,
}

impl Broken {
    /// The clause, by its number and name at [`UserStore`], or at [`Roster`](crate::Roster).
    pub fn clause(&self) -> &str {
        self.clause
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "clause {}: {}", self.clause, self.how)
    }
}

impl std::error::Error for Broken {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

const READ: &str = "1 (what was written is read)";
const ATOMIC: &str = "2 (one atomic step)";
const ONE: &str = "3 (one of many)";
const NOTHING: &str = "4 (nothing comes from nothing)";
const STALE: &str = "6 (stale changed nothing)";
const CURRENT: &str = "7 (reads are current)";
const FAILURE: &str = "8 (failure is an error)";

/// Runs the suite against a store of users' records, on ids that were never used before.
///
/// # Errors
/// [`Broken`] names the first clause that is not kept, in a sentence.
pub async fn user_store<S: UserStore>(
    store: &S,
    fresh: impl FnMut() -> (OrgId, UserId),
) -> Result<(), Broken> {
    Suite::of_users(store, fresh).run().await
}

/// Runs the suite against a store of orgs' settings, on ids that were never used before.
///
/// # Errors
/// [`Broken`] names the first clause that is not kept, in a sentence.
pub async fn settings_store<S: SettingsStore>(store: &S, fresh: impl FnMut() -> OrgId) -> Result<(), Broken> {
    Suite::of_settings(store, fresh).run().await
}

type Counting<'a> =
    Box<dyn Fn(&OrgId) -> Pin<Box<dyn Future<Output = Result<u64, BoxError>> + Send + 'a>> + 'a>;

/// The suite, and what it may be given to see more.
pub struct Suite<'a, T> {
    through: Vec<T>,
    fresh: Box<dyn FnMut() -> Key + 'a>,
    count_events: Option<Counting<'a>>,
    dice: Dice,
}

impl<T> fmt::Debug for Suite<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Suite").field("stores", &self.through.len()).finish_non_exhaustive()
    }
}

impl<'a, S: UserStore> Suite<'a, Users<'a, S>> {
    /// The suite for a store of users' records. `fresh` makes ids that were never used before.
    pub fn of_users(store: &'a S, mut fresh: impl FnMut() -> (OrgId, UserId) + 'a) -> Self {
        let fresh = move || {
            let (org, user) = fresh();
            Key { org, user: Some(user) }
        };
        Self { through: vec![Users(store)], fresh: Box::new(fresh), count_events: None, dice: Dice::new() }
    }

    /// Another way to the same records: a second pool, a second server, the store opened anew.
    #[must_use]
    pub fn also_through(mut self, store: &'a S) -> Self {
        self.through.push(Users(store));
        self
    }
}

impl<'a, S: SettingsStore> Suite<'a, Settings<'a, S>> {
    /// The suite for a store of settings. `fresh` makes ids that were never used before.
    pub fn of_settings(store: &'a S, mut fresh: impl FnMut() -> OrgId + 'a) -> Self {
        let fresh = move || Key { org: fresh(), user: None };
        Self { through: vec![Settings(store)], fresh: Box::new(fresh), count_events: None, dice: Dice::new() }
    }

    /// Another way to the same settings: a second pool, a second server, the store opened anew.
    #[must_use]
    pub fn also_through(mut self, store: &'a S) -> Self {
        self.through.push(Settings(store));
        self
    }
}

impl<'a, T: Records> Suite<'a, T> {
    /// How many events of an org there are in the trail, so that the suite sees whether those of a swap arrive.
    #[must_use]
    pub fn counting_events<F>(mut self, count: impl Fn(OrgId) -> F + 'a) -> Self
    where
        F: Future<Output = Result<u64, BoxError>> + Send + 'a,
    {
        self.count_events = Some(Box::new(move |org| Box::pin(count(org.clone()))));
        self
    }

    /// Tries every clause.
    ///
    /// # Errors
    /// [`Broken`] names the first one that is not kept, in a sentence.
    pub async fn run(mut self) -> Result<(), Broken> {
        self.nothing_comes_from_nothing().await?;
        self.what_was_written_is_read().await?;
        self.stale_changed_nothing().await?;
        self.events_come_with_their_swap().await?;
        self.records_do_not_mix().await?;
        self.reads_are_current().await?;
        self.one_of_many(0).await?;
        self.one_of_many(1).await?;
        Ok(())
    }

    fn store(&self) -> &T {
        &self.through[0]
    }

    async fn nothing_comes_from_nothing(&mut self) -> Result<(), Broken> {
        let key = (self.fresh)();
        if self.load(&key).await?.is_some() {
            return broken(NOTHING, "ids that should be fresh have a record already");
        }
        for expected in [1, 2, 1_000, i64::MAX.unsigned_abs() - 1] {
            let swapped = self.swap(&key, expected, &bytes(expected, 40), &[]).await?;
            if swapped == Swap::Done || self.load(&key).await?.is_some() {
                return broken(
                    NOTHING,
                    format!("a swap that expects revision {expected} wrote where nothing was"),
                );
            }
        }
        self.must_swap(&key, 0, &bytes(0, 40), NOTHING).await?;
        if self.swap(&key, 0, &bytes(1, 40), &[]).await? == Swap::Done {
            return broken(
                NOTHING,
                "a swap that expects that nothing is there was done although something was",
            );
        }
        self.must_show(&key, 1, &bytes(0, 40), NOTHING).await
    }

    async fn what_was_written_is_read(&mut self) -> Result<(), Broken> {
        let key = (self.fresh)();
        let lengths = (1..=300).chain((9..=16).flat_map(|power| {
            let length = 1_usize << power;
            [length - 1, length, length + 1]
        }));
        let mut revision = 0;
        for length in lengths.filter(|length| *length <= 64 * 1024) {
            let record = bytes(revision, length);
            self.must_swap(&key, revision, &record, READ).await?;
            revision += 1;
            self.must_show(&key, revision, &record, READ).await?;
        }
        // All zeros, all ones, and what looks like text and is none.
        for record in [vec![0; 100], vec![0xff; 100], b"\xc3\x28 '); drop table \0 \r\n%s".to_vec()] {
            self.must_swap(&key, revision, &record, READ).await?;
            revision += 1;
            self.must_show(&key, revision, &record, READ).await?;
        }
        Ok(())
    }

    async fn stale_changed_nothing(&mut self) -> Result<(), Broken> {
        let key = (self.fresh)();
        self.must_swap(&key, 0, &bytes(0, 40), STALE).await?;
        self.must_swap(&key, 1, &bytes(1, 40), STALE).await?;
        for expected in [0, 1, 3, 4, 1_000] {
            if self.swap(&key, expected, &bytes(9, 40), &[]).await? == Swap::Done {
                let how = format!("a swap that expects revision {expected} was done upon revision 2");
                return broken(ONE, how);
            }
            self.must_show(&key, 2, &bytes(1, 40), STALE).await?;
        }
        Ok(())
    }

    async fn events_come_with_their_swap(&mut self) -> Result<(), Broken> {
        if self.count_events.is_none() {
            return Ok(());
        }
        let key = (self.fresh)();
        let before = self.events(&key.org).await?;
        let two = [event(&key), event(&key)];
        if self.swap(&key, 0, &bytes(0, 40), &two).await? != Swap::Done {
            return broken(NOTHING, "the first swap of a fresh id was stale");
        }
        if self.events(&key.org).await? != before + 2 {
            return broken(
                ATOMIC,
                "two events were handed in with a swap that was done, and not two are there",
            );
        }
        let _ = self.swap(&key, 7, &bytes(1, 40), &two).await?;
        if self.events(&key.org).await? != before + 2 {
            return broken(STALE, "a stale swap left events");
        }
        Ok(())
    }

    async fn records_do_not_mix(&mut self) -> Result<(), Broken> {
        let (one, two) = ((self.fresh)(), (self.fresh)());
        // Also one user's id in another's org: ids are told apart by both together.
        let crossed =
            [Key { user: two.user.clone(), ..one.clone() }, Key { user: one.user.clone(), ..two.clone() }];
        let mut keys = vec![one, two];
        for key in crossed {
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
        for (n, key) in (0_u64..).zip(&keys) {
            self.must_swap(key, 0, &bytes(n, 60), READ).await?;
        }
        // One of them goes on; the others stay what they were.
        self.must_swap(&keys[1], 1, &bytes(99, 60), READ).await?;
        for (n, key) in (0_u64..).zip(&keys) {
            let (revision, record) = if n == 1 { (2, bytes(99, 60)) } else { (1, bytes(n, 60)) };
            self.must_show(key, revision, &record, READ).await?;
        }
        Ok(())
    }

    /// What was done through one way is read through every other at once.
    async fn reads_are_current(&mut self) -> Result<(), Broken> {
        let key = (self.fresh)();
        for revision in 0..32 {
            let writer = &self.through[self.dice.below(self.through.len())];
            let record = bytes(revision, 50);
            let swapped = writer.try_swap(&key, revision, &record, &[]).await.map_err(failed)?;
            if swapped != Swap::Done {
                return broken(
                    CURRENT,
                    format!("a swap through another way was not seen: stale at {revision}"),
                );
            }
            for reader in &self.through {
                let read = reader.load(&key).await.map_err(failed)?;
                if read.is_none_or(|stored| stored.revision != revision + 1 || stored.record != record) {
                    return broken(
                        CURRENT,
                        format!("revision {} was done and is not what is read", revision + 1),
                    );
                }
            }
        }
        Ok(())
    }

    /// 64 racers swap upon one revision, each held up at random wherever it waits.
    async fn one_of_many(&mut self, upon: u64) -> Result<(), Broken> {
        for _ in 0..8 {
            let key = (self.fresh)();
            for revision in 0..upon {
                self.must_swap(&key, revision, &bytes(revision, 40), ONE).await?;
            }
            let records: Vec<Vec<u8>> = (0..64).map(|n| bytes(1_000 + n, 40)).collect();
            let events = [event(&key)];
            let before = if self.count_events.is_some() { self.events(&key.org).await? } else { 0 };
            let (through, key_of_all, events_of_all) = (&self.through, &key, &events);
            let racers = records.iter().enumerate().map(|(n, record)| async move {
                // Reading first, as the library does, so that every racer has seen the same.
                let store = &through[n % through.len()];
                store.load(key_of_all).await?;
                store.try_swap(key_of_all, upon, record, events_of_all).await
            });
            let swaps = race(&mut self.dice, racers.collect()).await;
            let mut winners = Vec::new();
            for (swapped, record) in swaps.into_iter().zip(&records) {
                if swapped.map_err(failed)? == Swap::Done {
                    winners.push(record);
                }
            }
            let [winner] = winners[..] else {
                let how = format!("of 64 swaps upon revision {upon} at once, {} were done", winners.len());
                return broken(ONE, how);
            };
            self.must_show(&key, upon + 1, winner, ONE).await?;
            if self.count_events.is_some() && self.events(&key.org).await? != before + 1 {
                return broken(STALE, "of 64 swaps at once one was done, and not one event is there");
            }
        }
        Ok(())
    }

    async fn load(&self, key: &Key) -> Result<Option<Stored>, Broken> {
        self.store().load(key).await.map_err(failed)
    }

    async fn swap(&self, key: &Key, expected: u64, record: &[u8], events: &[Event]) -> Result<Swap, Broken> {
        self.store().try_swap(key, expected, record, events).await.map_err(failed)
    }

    async fn events(&self, org: &OrgId) -> Result<u64, Broken> {
        match &self.count_events {
            Some(count) => count(org).await.map_err(failed),
            None => Ok(0),
        }
    }

    async fn must_swap(
        &self,
        key: &Key,
        expected: u64,
        record: &[u8],
        clause: &'static str,
    ) -> Result<(), Broken> {
        match self.swap(key, expected, record, &[]).await? {
            Swap::Done => Ok(()),
            Swap::Stale => {
                broken(clause, format!("a swap upon revision {expected}, which is the stored one, was stale"))
            }
        }
    }

    async fn must_show(
        &self,
        key: &Key,
        revision: u64,
        record: &[u8],
        clause: &'static str,
    ) -> Result<(), Broken> {
        match self.load(key).await? {
            None => broken(clause, format!("revision {revision} was done, and nothing is there")),
            Some(read) if read.revision != revision => {
                broken(clause, format!("revision {revision} was done, and {} is read", read.revision))
            }
            Some(read) if read.record != record => broken(
                clause,
                format!(
                    "{} bytes were done, and {} bytes, not the same, are read",
                    record.len(),
                    read.record.len()
                ),
            ),
            Some(_) => Ok(()),
        }
    }
}

fn broken<T>(clause: &'static str, how: impl Into<String>) -> Result<T, Broken> {
    Err(Broken { clause, how: how.into(), source: None })
}

/// An error in a call that should have worked. The suite cannot go on, and says why.
fn failed(source: BoxError) -> Broken {
    Broken { clause: FAILURE, how: format!("a call failed: {source}"), source: Some(source) }
}

/// Bytes that differ with `seed` and look like nothing.
fn bytes(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    (0..length)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_le_bytes()[0]
        })
        .collect()
}

fn event(key: &Key) -> Event {
    Event {
        at: Timestamp::from_unix(1_800_000_000),
        org: key.org.clone(),
        user: key.user.clone(),
        by: Actor::Host,
        kind: EventKind::TrustEnded,
        seen_from: None,
        checked_in_from: None,
    }
}
