//! What a host implements: a directory of its users, and a place for one sealed record per user and per org.
//!
//! A store keeps bytes and compares a revision. It never sees a secret, a code or a clock, and decides nothing. All
//! promises of the library rest on one conditional write, kept as the numbered clauses below say.

pub(crate) mod erased;
mod logged;
mod outbox;
mod roster;
mod records;
mod memory;
#[cfg(any(feature = "etcd", feature = "postgres", feature = "sqlite"))]
mod runtime;
#[cfg(feature = "sqlite")]
pub mod sqlite;
#[cfg(feature = "postgres")]
pub mod postgres;
#[cfg(feature = "etcd")]
pub mod etcd;

use std::{future::Future, sync::Arc};

pub use logged::{EventId, InvalidEventId, LoggedEvent};
pub use memory::MemoryStore;
pub use outbox::{Delivery, Notice, NoticeId, Outbox, Round, tell_waiting};
pub use records::{Erasure, HeadCount, Heads, RecordHead, Records, RecordsRequest};
#[cfg(feature = "conformance")]
pub(crate) use roster::Alike;
pub(crate) use roster::MOST_IN_A_PAGE;
pub use roster::{Listed, PageRequest, Roster, RosterGroup};

use crate::{
    audit::Event,
    error::BoxError,
    policy::{Epoch, Requirement},
    time::Timestamp,
    who::{OrgId, Person, UserId},
};

/// Who is who, from the host's own users table.
///
/// It is asked at every call, so that a user who was demoted a moment ago is demoted already. Answer from the table
/// itself, not from a cache.
///
/// 1. `Ok(None)` means that there is no such user in this org. "I could not look" is an `Err`.
/// 2. The person belongs to the org that was asked for. (The library refuses one that does not.)
/// 3. The person's id is always spelled the same, whatever spelling was asked for: records are filed under it.
/// 4. A role in the host's table that [`Role`](crate::Role) lacks is an `Err`, never a `Customer`.
/// 5. An id that comes back to somebody else is a new person. Either ids are never given again, or
///    [`User::forget`](crate::User::forget) is called before: otherwise the next bearer has the authenticator, and the
///    sessions, of the one before.
pub trait Directory: Send + Sync + 'static {
    /// The error when the host cannot look a user up.
    type Error: Into<BoxError> + Send;

    /// Finds a user of an org.
    fn find(
        &self,
        org: &OrgId,
        user: &UserId,
    ) -> impl Future<Output = Result<Option<Person>, Self::Error>> + Send;

    /// Tells whether there is such an org. The vendor mandates codes for none that the host does not know: a misspelled id
    /// would otherwise be a decision that nobody notices. By default the host [cannot tell](Known::CannotTell).
    fn knows(&self, org: &OrgId) -> impl Future<Output = Result<Known, Self::Error>> + Send {
        let _ = org;
        async { Ok(Known::CannotTell) }
    }
}

/// Whether there is an org.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// There is.
    Yes,
    /// There is none.
    No,
    /// The host has no list of its orgs.
    CannotTell,
}

/// One sealed record per user: two columns of the host, or a ready-made adapter.
///
/// Users are told apart by org and id together, byte by byte. These clauses also hold for [`SettingsStore`]:
///
/// 1. **What was written is read.** After a swap was `Done`, a load returns exactly its revision and its bytes, until
///    the next swap is done: no truncation, no padding, no expiry, no default.
/// 2. **One atomic step.** The comparison, the record, the summary and the events become visible and durable together
///    or not at all.
/// 3. **One of many.** Of several swaps that expect the same revision, at most one is `Done`. All others are `Stale`,
///    in any process and on any server. Reading first and writing later is not enough: the comparison belongs in the
///    write (`… where revision = expected`).
/// 4. **Nothing comes from nothing.** `expected` 0 means "never written", and is `Stale` if there is a record. Any
///    other number is `Stale` if there is none. A row of the host that exists already is not a record: until the first
///    swap is `Done`, a load of it is `None`. For a user who has no row there, a swap creates none: it is `Stale`, or
///    an error.
/// 5. **`Done` means durable.** It is returned after the commit, and what it reports survives a crash and a failover.
/// 6. **`Stale` changed nothing**, including events.
/// 7. **Reads are current.** A load that starts after a swap was `Done` sees it, on every server: read the primary.
/// 8. **Failure is an `Err`.** A store that could not do its work returns neither `Stale` nor `None`. An `Err` from a
///    swap may hide a write that happened; the library finds out.
///
/// The example is a store over a table that a host has already, with the SQL it would use. `examples/own_store.rs` is
/// all of it in SQLite, to be copied, with [the suite for stores](crate::manual::own_store) as its test.
///
/// ```
/// use std::{collections::BTreeMap, convert::Infallible, sync::Mutex};
///
/// use countersign::{OrgId, UserId, UserStore, audit::Event, store::{Change, Stored, Swap, UserSummary}};
///
/// /// A row of the users table. A user who was never written has revision 0, and no record.
/// struct Row {
///     email: String,
///     revision: u64,
///     record: Vec<u8>,
/// }
///
/// struct Tables {
///     users: BTreeMap<(OrgId, UserId), Row>,
///     events: Vec<Event>,
/// }
///
/// struct Portal(Mutex<Tables>);
///
/// impl UserStore for Portal {
///     type Error = Infallible;
///
///     async fn load_user(&self, org: &OrgId, user: &UserId) -> Result<Option<Stored>, Infallible> {
///         // select revision, record from users where org_id = … and id = … and revision > 0
///         let tables = self.0.lock().unwrap();
///         let row = tables.users.get(&(org.clone(), user.clone())).filter(|row| row.revision > 0);
///         Ok(row.map(|row| Stored { revision: row.revision, record: row.record.clone() }))
///     }
///
///     async fn swap_user(&self, user: &UserId, change: Change<'_, UserSummary>) -> Result<Swap, Infallible> {
///         // One transaction, in which the comparison belongs to the write:
///         // update users set revision = …, record = … where org_id = … and id = … and revision = [expected]
///         let tables = &mut *self.0.lock().unwrap();
///         let row = tables.users.get_mut(&(change.org.clone(), user.clone()));
///         let Some(row) = row.filter(|row| row.revision == change.expected) else {
///             return Ok(Swap::Stale); // another revision, or no such user
///         };
///         row.revision = change.next.revision;
///         row.record.clone_from(&change.next.record);
///         tables.events.extend_from_slice(change.events); // insert into events …
///         Ok(Swap::Done)
///     }
/// }
/// ```
pub trait UserStore: Send + Sync + 'static {
    /// The error of the store.
    type Error: Into<BoxError> + Send;

    /// Reads a user's record; `None` if it was never written, even if the user's row exists.
    fn load_user(
        &self,
        org: &OrgId,
        user: &UserId,
    ) -> impl Future<Output = Result<Option<Stored>, Self::Error>> + Send;

    /// Writes `change.next` and its summary, and appends `change.events`, if the stored revision still is
    /// `change.expected`.
    fn swap_user(
        &self,
        user: &UserId,
        change: Change<'_, UserSummary>,
    ) -> impl Future<Output = Result<Swap, Self::Error>> + Send;
}

/// One sealed record of settings per org. The clauses of [`UserStore`] hold for it.
pub trait SettingsStore: Send + Sync + 'static {
    /// The error of the store.
    type Error: Into<BoxError> + Send;

    /// Reads an org's record; `None` if it was never written, even if the org's row exists.
    fn load_settings(&self, org: &OrgId) -> impl Future<Output = Result<Option<Stored>, Self::Error>> + Send;

    /// Writes `change.next` and its summary, and appends `change.events`, if the stored revision still is
    /// `change.expected`.
    fn swap_settings(
        &self,
        change: Change<'_, OrgSummary>,
    ) -> impl Future<Output = Result<Swap, Self::Error>> + Send;
}

/// A record as it is stored: sealed bytes that nobody else can read, and the revision that the library gave it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// 1 for the first write, and one more with each. Never 0: what was never written is `None`, not a `Stored`.
    pub revision: u64,
    /// The sealed bytes. Never empty, and well below 64 KiB.
    pub record: Vec<u8>,
}

/// A conditional write.
#[derive(Debug)]
#[non_exhaustive]
pub struct Change<'a, S> {
    /// The org.
    pub org: &'a OrgId,
    /// The revision that must be stored now; 0 means that no record may be stored.
    pub expected: u64,
    /// What to store.
    pub next: &'a Stored,
    /// What a host may keep beside it in plain columns.
    pub summary: &'a S,
    /// What to append to the audit trail, in this order.
    pub events: &'a [Event],
    /// Whether all sessions of the user are void from now on. A host that keeps sessions in the same database may
    /// delete them in the same transaction. Otherwise [`resume`](crate::TwoFactor::resume) refuses them. Always `false`
    /// for settings.
    pub ends_sessions: bool,
}

#[cfg(feature = "conformance")]
impl<'a, S> Change<'a, S> {
    /// Creates a change as the library does, to test or measure a store.
    pub fn new(org: &'a OrgId, expected: u64, next: &'a Stored, summary: &'a S, events: &'a [Event]) -> Self {
        Self { org, expected, next, summary, events, ends_sessions: false }
    }
}

/// The outcome of a conditional write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a stale write did not happen"]
pub enum Swap {
    /// It is written, durably.
    Done,
    /// The stored revision was another one. Nothing was changed.
    Stale,
}

/// What is true of a user's account after a change: facts for lists and counts. Decisions never read them.
///
/// The reader decides whether an enrollment counts: it does if its epoch is one of the two that do
/// ([`OrgSummary::epoch`], [`OrgSummary::chosen_in`]).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct UserSummary {
    /// The epoch in which an authenticator was enrolled, if one was.
    pub enrolled_epoch: Option<Epoch>,
    /// When it was enrolled.
    pub enrolled_since: Option<Timestamp>,
    /// When a code of it was last accepted: the one that enrolled it, one of a login, or one of a step-up.
    pub last_used: Option<Timestamp>,
    /// Until when a QR code that was shown can be confirmed.
    pub pending_until: Option<Timestamp>,
    /// Until when no code is looked at.
    pub waiting_until: Option<Timestamp>,
    /// Since when no code is looked at until somebody unlocks or resets the account.
    pub blocked_since: Option<Timestamp>,
    /// Until when they administer nothing, after a recovery.
    pub probation_until: Option<Timestamp>,
    /// If they enrolled by choice: how often the org had taken that choice back before.
    pub chosen_under: Option<u32>,
    /// The epoch in which a key of another system was imported that waits for its first code, if one was.
    pub imported_epoch: Option<Epoch>,
    /// How many wrong codes have been counted in a row: in the row that is longest.
    pub wrong_in_a_row: u32,
    /// The epoch in which they were given time to enroll, if they were.
    pub due_epoch: Option<Epoch>,
    /// When they were told so, if the org gives that time to everybody; `None` if it was given to them by name.
    pub due_told: Option<Timestamp>,
    /// When that time ends, as they were told.
    pub due_by: Option<Timestamp>,
    /// The epoch in which they were invited to enroll, if they were.
    pub invited_epoch: Option<Epoch>,
    /// When that invitation expires.
    pub invited_until: Option<Timestamp>,
}

/// What is true of an org's settings after a change.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OrgSummary {
    /// Whether codes are required.
    pub requirement: Requirement,
    /// The current epoch.
    pub epoch: Epoch,
    /// The *off* before it, if that counts as well: whoever chose an authenticator in it still has it.
    pub chosen_in: Option<Epoch>,
}

impl<T: Directory> Directory for Arc<T> {
    type Error = T::Error;

    fn find(
        &self,
        org: &OrgId,
        user: &UserId,
    ) -> impl Future<Output = Result<Option<Person>, Self::Error>> + Send {
        T::find(self, org, user)
    }

    fn knows(&self, org: &OrgId) -> impl Future<Output = Result<Known, Self::Error>> + Send {
        T::knows(self, org)
    }
}

impl<T: UserStore> UserStore for Arc<T> {
    type Error = T::Error;

    fn load_user(
        &self,
        org: &OrgId,
        user: &UserId,
    ) -> impl Future<Output = Result<Option<Stored>, Self::Error>> + Send {
        T::load_user(self, org, user)
    }

    fn swap_user(
        &self,
        user: &UserId,
        change: Change<'_, UserSummary>,
    ) -> impl Future<Output = Result<Swap, Self::Error>> + Send {
        T::swap_user(self, user, change)
    }
}

impl<T: SettingsStore> SettingsStore for Arc<T> {
    type Error = T::Error;

    fn load_settings(&self, org: &OrgId) -> impl Future<Output = Result<Option<Stored>, Self::Error>> + Send {
        T::load_settings(self, org)
    }

    fn swap_settings(
        &self,
        change: Change<'_, OrgSummary>,
    ) -> impl Future<Output = Result<Swap, Self::Error>> + Send {
        T::swap_settings(self, change)
    }
}
