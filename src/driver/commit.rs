//! Loading and conditionally writing one record, and what to believe if a write fails in the middle.

use std::panic::{self, AssertUnwindSafe};

use crate::{
    account::Account,
    audit::Event,
    driver::{
        Core,
        record::{self, Record, WriteId},
    },
    error::{BoxError, Error, ErrorKind},
    policy::Policy,
    random,
    seal::{Context, Head, Kind},
    store::{
        Change, OrgSummary, Stored, Swap, UserSummary,
        erased::{AnyStore, Boxed},
    },
    tokens::Witness,
    who::{OrgId, UserId},
};

/// Where one record is stored: a user's or an org's.
pub(crate) trait Place: Sync {
    type Kept: Record + Sync;
    fn org(&self) -> &OrgId;
    fn load(&self) -> Boxed<'_, Option<Stored>>;
    fn swap<'a>(&'a self, change: Change<'a, <Self::Kept as Record>::Summary>) -> Boxed<'a, Swap>;
    /// Returns what the record is sealed for: its kind, its owner and its revision, so that it opens nowhere else.
    fn context(&self, revision: u64) -> Context;
}

pub(crate) struct UserPlace<'a> {
    pub(crate) store: &'a dyn AnyStore,
    pub(crate) org: &'a OrgId,
    pub(crate) user: &'a UserId,
}

impl Place for UserPlace<'_> {
    type Kept = Account;

    fn org(&self) -> &OrgId {
        self.org
    }

    fn load(&self) -> Boxed<'_, Option<Stored>> {
        self.store.load_user(self.org, self.user)
    }

    fn swap<'a>(&'a self, change: Change<'a, UserSummary>) -> Boxed<'a, Swap> {
        self.store.swap_user(self.user, change)
    }

    fn context(&self, revision: u64) -> Context {
        let (org, user) = (self.org.as_str().as_bytes(), self.user.as_str().as_bytes());
        Context::of(Kind::UserRecord).and(org).and(user).and(&revision.to_be_bytes())
    }
}

pub(crate) struct OrgPlace<'a> {
    pub(crate) store: &'a dyn AnyStore,
    pub(crate) org: &'a OrgId,
}

impl Place for OrgPlace<'_> {
    type Kept = Policy;

    fn org(&self) -> &OrgId {
        self.org
    }

    fn load(&self) -> Boxed<'_, Option<Stored>> {
        self.store.load_settings(self.org)
    }

    fn swap<'a>(&'a self, change: Change<'a, OrgSummary>) -> Boxed<'a, Swap> {
        self.store.swap_settings(change)
    }

    fn context(&self, revision: u64) -> Context {
        Context::of(Kind::OrgSettings).and(self.org.as_str().as_bytes()).and(&revision.to_be_bytes())
    }
}

/// A record as it was read. One that was never written has revision 0.
pub(crate) struct Loaded<R> {
    pub(crate) record: R,
    pub(crate) revision: u64,
    /// Whether it is sealed under the key that would seal it now.
    pub(crate) under_active_key: bool,
}

/// What is to be written, and under what condition.
pub(crate) struct Proposal<'a, R> {
    /// The revision that was read.
    pub(crate) upon: u64,
    pub(crate) next: &'a R,
    pub(crate) events: &'a [Event],
    pub(crate) ends_sessions: bool,
}

/// An impossible answer of a store, usually one over a table of the host, whose rows exist before any record does.
#[derive(Debug, thiserror::Error)]
enum StoreMistake {
    #[error(
        "the store answered with revision 0: was this row ever written? \
         A store answers `None` until the first write, even where the row itself exists"
    )]
    RevisionZero,
    #[error(
        "the store answered with revision {0} and an empty record: was this row ever written? \
         If it was not, the store has to answer `None`; if it was, its record has been lost"
    )]
    EmptyRecord(u64),
    #[error(
        "the store says that nothing was ever written, and that a write which expects just that is stale. \
         Does the user's or the org's row exist, and does its revision compare equal to 0 until the first write? \
         NULL does not"
    )]
    NeverFirst,
}

/// Returns the error after every try was stale. `upon` is the revision that was last read.
pub(crate) fn contended(doing: &'static str, upon: u64) -> Error {
    match upon {
        // After somebody else has written, it is not 0 any more.
        0 => Error::from_source(ErrorKind::Contended, doing, StoreMistake::NeverFirst),
        _ => Error::new(ErrorKind::Contended, doing),
    }
}

impl Core {
    /// Reads a record; `default_policy` or an empty account if it was never written.
    pub(crate) async fn load<P: Place>(
        &self,
        place: &P,
        default_policy: P::Kept,
    ) -> Result<Loaded<P::Kept>, Error> {
        match self.load_sealed(place).await? {
            None => Ok(Loaded { record: default_policy, revision: 0, under_active_key: true }),
            Some(stored) => {
                let unreadable =
                    |source| Error::from_source(ErrorKind::Unreadable, "opening a record", source);
                let (record, _) = self.unseal(place, &stored).map_err(unreadable)?;
                let under_active_key = self.keyring.is_sealed_under_active(&stored.record);
                Ok(Loaded { record, revision: stored.revision, under_active_key })
            }
        }
    }

    /// Returns the revision of a record, which may be unreadable; 0 if it was never written.
    pub(crate) async fn revision<P: Place>(&self, place: &P) -> Result<u64, Error> {
        Ok(self.load_sealed(place).await?.map_or(0, |stored| stored.revision))
    }

    /// Returns the head of a record: `None` if it was never written, and `Some(None)` if it is nothing of ours.
    #[allow(clippy::option_option, reason = "nothing there, nothing of ours, a head: three outcomes")]
    pub(crate) async fn head<P: Place>(&self, place: &P) -> Result<Option<Option<Head>>, Error> {
        Ok(self.load_sealed(place).await?.map(|stored| Head::of(&stored.record)))
    }

    pub(super) async fn load_sealed<P: Place>(&self, place: &P) -> Result<Option<Stored>, Error> {
        let unavailable = |source| Error::from_source(ErrorKind::Unavailable, "reading a record", source);
        match place.load().await.map_err(unavailable)? {
            // Zero means "never written" everywhere, so a row with revision 0 is not one of ours.
            Some(stored) if stored.revision == 0 => {
                Err(Error::from_source(ErrorKind::Unreadable, "reading a record", StoreMistake::RevisionZero))
            }
            stored => Ok(stored),
        }
    }

    pub(super) fn unseal<P: Place>(
        &self,
        place: &P,
        stored: &Stored,
    ) -> Result<(P::Kept, WriteId), BoxError> {
        if stored.record.is_empty() {
            return Err(StoreMistake::EmptyRecord(stored.revision).into());
        }
        let plain = self.keyring.open(place.context(stored.revision), &stored.record)?;
        Ok(record::from_bytes(&plain)?)
    }

    /// Writes a record if the one that was read is still there. `None` means that it is not: read again.
    ///
    /// An error of the store says nothing about whether the write happened. The reply may have been lost on its way, or
    /// a failover may still undo what a read shows. So the record is read back, and our own write in it counts only
    /// once a further conditional write upon it was acknowledged. Nothing is ever repeated blindly.
    pub(crate) async fn write<P: Place>(
        &self,
        place: &P,
        proposal: &Proposal<'_, P::Kept>,
    ) -> Result<Option<Witness>, Error> {
        let id = self.draw().map(WriteId)?;
        let outcome = match self.swap(place, proposal, id).await? {
            Ok(outcome) => outcome,
            Err(source) => {
                let unknown =
                    |source| Error::from_source(ErrorKind::OutcomeUnknown, "writing a record", source);
                let written = proposal.upon + 1;
                if !self.shows(place, written, id).await {
                    return Err(unknown(source));
                }
                let seal_it_in =
                    Proposal { upon: written, next: proposal.next, events: &[], ends_sessions: false };
                let another = self.draw().map(WriteId)?;
                match self.swap(place, &seal_it_in, another).await? {
                    Ok(Swap::Done) => Swap::Done,
                    Ok(Swap::Stale) | Err(_) => return Err(unknown(source)),
                }
            }
        };
        Ok(match outcome {
            Swap::Done => {
                self.tell(proposal.events);
                Some(Witness::write_acknowledged())
            }
            Swap::Stale => None,
        })
    }

    /// Tells the listeners what was just acknowledged. It has happened whatever they do: their panics must not turn the
    /// answer into an error (R4), and none of them keeps the others from hearing.
    fn tell(&self, events: &[Event]) {
        for event in events {
            for listener in &self.listeners {
                let _ = panic::catch_unwind(AssertUnwindSafe(|| listener.hear(event)));
            }
        }
    }

    /// Returns whether the store now shows the write `id` at this revision.
    async fn shows<P: Place>(&self, place: &P, revision: u64, id: WriteId) -> bool {
        match place.load().await {
            Ok(Some(stored)) if stored.revision == revision => {
                self.unseal(place, &stored).is_ok_and(|(_, found)| found == id)
            }
            _ => false,
        }
    }

    async fn swap<P: Place>(
        &self,
        place: &P,
        proposal: &Proposal<'_, P::Kept>,
        id: WriteId,
    ) -> Result<Result<Swap, BoxError>, Error> {
        let revision = proposal.upon.checked_add(1);
        let revision = revision.ok_or_else(|| Error::new(ErrorKind::Unreadable, "numbering a write"))?;
        let plain = record::to_bytes(proposal.next, id);
        let context = place.context(revision).in_format(proposal.next.format());
        let record = self
            .keyring
            .seal(context, plain, &*self.random)
            .map_err(|source| Error::from_source(ErrorKind::Unavailable, "sealing a record", source))?;
        let next = Stored { revision, record };
        let change = Change {
            org: place.org(),
            expected: proposal.upon,
            next: &next,
            summary: &proposal.next.summary(),
            events: proposal.events,
            ends_sessions: proposal.ends_sessions,
        };
        Ok(place.swap(change).await)
    }

    /// Draws fresh random bytes.
    pub(crate) fn draw<const N: usize>(&self) -> Result<[u8; N], Error> {
        random::draw(&*self.random)
            .map_err(|source| Error::from_source(ErrorKind::Unavailable, "drawing random bytes", source))
    }
}
