//! What the host itself reports and asks of one user. No act on anybody's behalf.

use std::fmt;

use crate::{
    account::{Account, Decision},
    audit::Actor,
    driver::{Core, Trace},
    error::Error,
    report,
    seal::Generation,
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
    /// Their authenticator stays, and so do the wrong codes that were counted. For a customer nothing is written: end
    /// their sessions in the host.
    ///
    /// # Errors
    /// [`UnknownUser`](crate::ErrorKind::UnknownUser), [`Unavailable`](crate::ErrorKind::Unavailable),
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

    async fn end(self, end: impl Fn(Account, Generation) -> Decision<()>) -> Result<(), Error> {
        let person = self.core.known(self.org, self.id).await?;
        if person.role == Role::Customer {
            return Ok(());
        }
        let end = |account, _: crate::account::Terms<'_>| Ok(end(account, Generation(self.core.draw()?)));
        self.core.decide(&person, &Trace::of(Actor::Host), end).await.map(|decided| decided.reply)
    }
}

impl fmt::Debug for User<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("User").field("org", self.org).field("id", self.id).finish_non_exhaustive()
    }
}
