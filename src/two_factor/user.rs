//! What the host itself reports and asks of one user. No act on anybody's behalf.

use std::fmt;

use crate::{
    account::{Account, Decision, Terms},
    audit::Actor,
    driver::{Core, Trace},
    error::{Error, ErrorKind},
    report,
    seal::Generation,
    time::Timestamp,
    two_factor::{
        keys::{self, SealedAnew},
        leaving::{self, CarryOver, Forgotten},
    },
    who::{OrgId, Person, Role, UserId},
};

/// What the host reports and asks of one user. From [`TwoFactor::user`](crate::TwoFactor::user).
#[derive(Clone, Copy)]
#[must_use = "a handle does nothing by itself"]
pub struct User<'a> {
    core: &'a Core,
    org: &'a OrgId,
    id: &'a UserId,
}

impl<'a> User<'a> {
    pub(super) fn new(core: &'a Core, org: &'a OrgId, id: &'a UserId) -> Self {
        Self { core, org, id }
    }

    /// Reports that the user has a new password, set without the old one alone: by a link sent to their mailbox, at the
    /// desk, after a code.
    ///
    /// Ends everything that was handed out for them: sessions, tickets, a pending QR code, remembered devices. After a
    /// block this is what says that nobody else knows the password any more, so that the account may be reset plainly.
    /// Their authenticator stays, and so do the wrong codes that were counted. It reaches everybody who has a record,
    /// whatever the directory says of them now. For a customer without one nothing is written: end their sessions in the
    /// host.
    ///
    /// # Errors
    /// [`UnknownUser`](crate::ErrorKind::UnknownUser) if there is neither a user nor a record, [`Unavailable`](crate::ErrorKind::Unavailable),
    /// [`Unreadable`](crate::ErrorKind::Unreadable), [`Contended`](crate::ErrorKind::Contended),
    /// [`OutcomeUnknown`](crate::ErrorKind::OutcomeUnknown). All but the first mean that it may not have happened: try
    /// again.
    pub async fn password_changed(self) -> Result<(), Error> {
        self.end(Account::password_changed).await
    }

    /// Ends everything that was handed out for the user: sessions, tickets, a pending QR code, remembered devices. Their
    /// authenticator stays. What is known of their password stays as it is: if it was changed, call
    /// [`password_changed`](Self::password_changed) instead.
    ///
    /// # Errors
    /// Those of [`password_changed`](Self::password_changed).
    pub async fn end_sessions(self) -> Result<(), Error> {
        self.end(Account::end_sessions).await
    }

    /// Returns who can reset this user if they are locked out: the Master Admins of the org who are enrolled in the
    /// current epoch and not blocked, themselves not among them; at most 100. If there are none, only the vendor's
    /// [`Support`](crate::admin::Support) can.
    ///
    /// No pass is asked for, as whoever needs this has none. Show it to somebody whose password was right, and to nobody
    /// else: strangers have no business with the names of admins.
    ///
    /// # Errors
    /// [`NoRoster`](crate::ErrorKind::NoRoster), [`Unavailable`](crate::ErrorKind::Unavailable) and
    /// [`Unreadable`](crate::ErrorKind::Unreadable).
    pub async fn who_can_help(self) -> Result<Vec<Person>, Error> {
        report::helpers(self.core, self.org, self.id).await
    }

    /// Forgets the user: nothing is kept of them but events without their name, address and notes. Works for whoever has
    /// left the directory, and on records that do not open.
    ///
    /// First their record is replaced by an empty one in a generation of its own, so that nothing that was handed out for
    /// them opens anything, even if somebody else gets their id. Then, with [`erasure`](crate::Builder::erasure), their
    /// events and notices are erased: in the trail a pseudonym stays. If it fails in between, call it again.
    /// [`Org::prune`](crate::Org::prune) removes the empty record later.
    ///
    /// # Errors
    /// [`Unavailable`](crate::ErrorKind::Unavailable), [`Contended`](crate::ErrorKind::Contended),
    /// [`OutcomeUnknown`](crate::ErrorKind::OutcomeUnknown).
    pub async fn forget(self) -> Result<Forgotten, Error> {
        leaving::forget(self.core, self.org, self.id).await
    }

    /// Carries the account over to another id of the same org, whose user is internal: a user was renamed, or two accounts
    /// become one. The authenticator, wrong codes and blocks, what is known of the password and a probation go with it;
    /// everything that was handed out is void.
    ///
    /// If it fails in between, the old id opens nothing and the new one nothing yet: call it again.
    ///
    /// # Errors
    /// [`Unavailable`](crate::ErrorKind::Unavailable), [`Unreadable`](crate::ErrorKind::Unreadable),
    /// [`Contended`](crate::ErrorKind::Contended), [`OutcomeUnknown`](crate::ErrorKind::OutcomeUnknown).
    pub async fn carry_over(self, to: &UserId) -> Result<CarryOver, Error> {
        leaving::carry_over(self.core, self.org, self.id, to).await
    }

    /// Seals the user's record under the active key. [`Org::reseal`](crate::Org::reseal) does it for all; this is for a host
    /// whose store does not [list](crate::Builder::records) its records.
    ///
    /// # Errors
    /// [`Unavailable`](crate::ErrorKind::Unavailable), [`Contended`](crate::ErrorKind::Contended),
    /// [`OutcomeUnknown`](crate::ErrorKind::OutcomeUnknown).
    pub async fn reseal(self) -> Result<SealedAnew, Error> {
        keys::reseal_user(self.core, self.org, self.id).await
    }

    /// Ends what was handed out for whoever has a record, whatever the directory says of them now.
    async fn end(self, end: impl Fn(Account, Generation, Timestamp) -> Decision<()>) -> Result<(), Error> {
        let found = self.core.find(self.org, self.id).await?;
        let role = found.as_ref().map(|person| person.role);
        let person = found.unwrap_or_else(|| Person::new(self.org.clone(), self.id.clone(), Role::Internal));
        let has_record = self.core.head(&self.core.place(&person)).await?.is_some();
        match role {
            None if !has_record => Err(Error::new(ErrorKind::UnknownUser, "looking up a user")),
            // Nothing is written for a customer who has no record (R5).
            Some(Role::Customer) if !has_record => Ok(()),
            _ => self.write_end(&person, end).await,
        }
    }

    async fn write_end(
        self,
        person: &Person,
        end: impl Fn(Account, Generation, Timestamp) -> Decision<()>,
    ) -> Result<(), Error> {
        let end = |account, terms: Terms<'_>| Ok(end(account, Generation(self.core.draw()?), terms.now));
        self.core.decide(person, &Trace::of(Actor::Host), end).await.map(|decided| decided.reply)
    }
}

impl fmt::Debug for User<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("User").field("org", self.org).field("id", self.id).finish_non_exhaustive()
    }
}
