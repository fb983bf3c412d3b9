//! Does a store keep its contract? A suite for stores of your own.
//!
//! It tries each numbered clause of [`UserStore`] that can be seen from outside, on fresh ids, and never deletes
//! anything: the suite may run against any database that is not in production. It needs no runtime of its own, only an
//! executor that drives the future.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), countersign::conformance::Broken> {
//! use countersign::{MemoryStore, OrgId, UserId, conformance};
//!
//! let store = MemoryStore::new();
//! let mut last = 0_i64;
//! let mut next = || { last += 1; last };
//! conformance::user_store(&store, async || Ok((OrgId::from(next()), UserId::from(next())))).await?;
//! conformance::settings_store(&store, async || Ok(OrgId::from(next()))).await?;
//! # Ok(()) }
//! ```
//!
//! An [`Outbox`](crate::store::Outbox) has a suite of its own, [`outbox`]; a [`Roster`](crate::Roster) has [`roster`],
//! [`Records`](crate::store::Records) have [`records()`], and [`Erasure`](crate::store::Erasure) has [`erasure`].
//!
//! # Fresh ids
//!
//! An id is fresh if no record was ever written for it. If records are columns of a table that exists already, the id's
//! row has to exist: let `fresh` insert it, as the tests of `examples/own_store.rs` do. If the insert fails, the suite
//! ends with its error.
//!
//! | suite | asks `fresh` for at most |
//! | --- | --- |
//! | [`user_store`], [`Suite::of_users`] | 23 users, of two orgs or more |
//! | [`settings_store`], [`Suite::of_settings`] | 23 orgs |
//! | [`outbox`] | 31 users, of one org or several |
//! | [`records()`] | 8 users, of two orgs |
//! | [`erasure`] | 3 users, of two orgs |
//! | [`roster`] | nothing: it takes an org of at least 12 people |
//!
//! # What it cannot see
//!
//! * whether what was `Done` survives a crash or a failover (clause 5);
//! * whether other servers read it at once (clause 7), unless it is given one: [`Suite::also_through`];
//! * whether the events arrive (clauses 2 and 6), unless it is told how to count them: [`Suite::counting_events`];
//! * whether a write creates rows in a table of the host (clause 4), unless it is given an id without a row:
//!   [`Suite::refusing`];
//! * races that the store decides within one poll of its future. It does see races in a database, or between the
//!   store's own reads and writes: 64 racers are held up at random wherever they wait.

mod clauses;
mod race;
mod records;
mod lent;
mod asking;
mod trials;
mod roster;
mod outbox;
mod whole;

use std::fmt;

use self::{
    lent::{Count, Fresh, OfOrgs, OfUsers},
    race::Dice,
    records::{Key, Records},
};
pub use self::{
    outbox::outbox,
    records::{SettingsRecords, UserRecords},
    roster::roster,
    whole::{erasure, records},
};
use crate::{
    error::BoxError,
    store::{SettingsStore, UserStore},
    who::{OrgId, UserId},
};

/// The clause that a store does not keep, or why the suite could not find out.
#[derive(Debug)]
pub struct Broken {
    clause: Option<&'static str>,
    how: String,
    source: Option<BoxError>,
}

impl Broken {
    /// Returns the clause, by its number and name at [`UserStore`] or [`Roster`](crate::Roster). `None` if the store
    /// did not fail, but what the suite was given: the ids, or the count of events.
    pub fn clause(&self) -> Option<&str> {
        self.clause
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.clause {
            Some(clause) => write!(f, "clause {clause}: {}", self.how),
            None => write!(f, "the suite cannot go on: {}", self.how),
        }
    }
}

impl std::error::Error for Broken {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

/// Runs the suite against a store of users' records. `fresh` makes at most 23 [ids](self#fresh-ids).
///
/// # Errors
/// [`Broken`] names the first clause that is not kept, in a sentence.
pub async fn user_store<S: UserStore>(
    store: &S,
    fresh: impl AsyncFnMut() -> Result<(OrgId, UserId), BoxError>,
) -> Result<(), Broken> {
    Suite::of_users(store, fresh).run().await
}

/// Runs the suite against a store of orgs' settings. `fresh` makes at most 23 [ids](self#fresh-ids).
///
/// # Errors
/// [`Broken`] names the first clause that is not kept, in a sentence.
pub async fn settings_store<S: SettingsStore>(
    store: &S,
    fresh: impl AsyncFnMut() -> Result<OrgId, BoxError>,
) -> Result<(), Broken> {
    Suite::of_settings(store, fresh).run().await
}

/// The suite, and what it can be given to see more.
pub struct Suite<'a, T> {
    through: Vec<T>,
    fresh: Box<dyn Fresh + 'a>,
    given: Vec<Key>,
    nobody: Option<Key>,
    count_events: Option<Box<dyn Count + 'a>>,
    dice: Dice,
}

impl<T> fmt::Debug for Suite<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Suite").field("stores", &self.through.len()).finish_non_exhaustive()
    }
}

impl<'a, S: UserStore> Suite<'a, UserRecords<'a, S>> {
    /// Creates the suite for a store of users' records. `fresh` makes at most 23 [ids](self#fresh-ids).
    pub fn of_users(
        store: &'a S,
        fresh: impl AsyncFnMut() -> Result<(OrgId, UserId), BoxError> + 'a,
    ) -> Self {
        Self::of(UserRecords(store), OfUsers(fresh))
    }

    /// Adds another way to the same records: a second pool, a second server, or the store opened again.
    #[must_use]
    pub fn also_through(self, store: &'a S) -> Self {
        self.and_through(UserRecords(store))
    }

    /// Names ids for which the host's own table has no row, and for which no write may create one.
    #[must_use]
    pub fn refusing(self, org: OrgId, user: UserId) -> Self {
        Self { nobody: Some(Key { org, user: Some(user) }), ..self }
    }
}

impl<'a, S: SettingsStore> Suite<'a, SettingsRecords<'a, S>> {
    /// Creates the suite for a store of settings. `fresh` makes at most 23 [ids](self#fresh-ids).
    pub fn of_settings(store: &'a S, fresh: impl AsyncFnMut() -> Result<OrgId, BoxError> + 'a) -> Self {
        Self::of(SettingsRecords(store), OfOrgs(fresh))
    }

    /// Adds another way to the same settings: a second pool, a second server, or the store opened again.
    #[must_use]
    pub fn also_through(self, store: &'a S) -> Self {
        self.and_through(SettingsRecords(store))
    }

    /// Names an org for which the host's own table has no row, and for which no write may create one.
    #[must_use]
    pub fn refusing(self, org: OrgId) -> Self {
        Self { nobody: Some(Key { org, user: None }), ..self }
    }
}

impl<'a, T: Records> Suite<'a, T> {
    fn of(records: T, fresh: impl Fresh + 'a) -> Self {
        let (given, nobody, count_events) = (Vec::new(), None, None);
        let (through, fresh) = (vec![records], Box::new(fresh));
        Self { through, fresh, given, nobody, count_events, dice: Dice::new() }
    }

    fn and_through(mut self, records: T) -> Self {
        self.through.push(records);
        self
    }

    /// Sets how to count the events of an org in the trail, so that the suite sees whether those of a swap arrive.
    #[must_use]
    pub fn counting_events(self, count: impl AsyncFn(&OrgId) -> Result<u64, BoxError> + 'a) -> Self {
        Self { count_events: Some(Box::new(count)), ..self }
    }

    /// Tries every clause.
    ///
    /// # Errors
    /// [`Broken`] names the first clause that is not kept, in a sentence.
    pub async fn run(mut self) -> Result<(), Broken> {
        self.nothing_comes_from_nothing().await?;
        self.nobody_is_made_up().await?;
        self.what_was_written_is_read().await?;
        self.stale_changed_nothing().await?;
        self.events_come_with_their_swap().await?;
        self.records_do_not_mix().await?;
        self.reads_are_current().await?;
        self.one_of_many(0).await?;
        self.one_of_many(1).await?;
        Ok(())
    }
}

fn broken<T>(clause: &'static str, how: impl Into<String>) -> Result<T, Broken> {
    Err(Broken { clause: Some(clause), how: how.into(), source: None })
}

/// Reports that a call of the store failed that should have worked. Each contract has a clause that says what that is.
fn failed(clause: &'static str, what: &str, error: impl Into<BoxError>) -> Broken {
    let source = error.into();
    Broken { clause: Some(clause), how: format!("{what}: {source}"), source: Some(source) }
}

/// Reports that something the suite was lent failed, and not the store.
fn lent_failed(what: &str, source: BoxError) -> Broken {
    Broken { clause: None, how: format!("{what}: {source}"), source: Some(source) }
}
