//! The second step of a login: the methods that a host calls, in the order in which it meets them.
//!
//! Each is a short body; how it is done is in the files below, as functions over the driver's `Core`. What admins do is
//! not known here.

mod request;
mod pages;
mod builder;
mod login;
mod enrolling;
mod signed_in;
mod keys;
mod leaving;
mod user;
mod org;

use std::{fmt, sync::Arc};

pub use self::{
    builder::{BuildError, Builder},
    keys::{KeyCount, KeyUse, Reseal, Resealed, SealedAnew, SealedUnder},
    leaving::{CarryOver, Forgotten},
    org::Org,
    pages::{Enrolled, Prompt, Recovered, Setup},
    request::{Attempt, FirstFactor, Visit},
    signed_in::SignedIn,
    user::User,
};
use crate::{
    driver::{Core, verdict},
    error::Error,
    seal::Keyring,
    store::{Directory, SettingsStore, UserStore},
    tokens::{Pass, Stamp, Ticket},
    verdict::{Gate, SignOut, Verdict},
    who::{OrgId, UserId},
};

/// The second login step of a portal.
///
/// Make one at the start and share it: it is cheap to clone, and works from any number of tasks, processes and servers on
/// one store. [`check_in`](Self::check_in) decides where a user goes after the password. [`setup`](Self::setup) and
/// [`confirm`](Self::confirm) enroll them, [`verify`](Self::verify) takes their codes, and [`resume`](Self::resume) checks
/// their session at each later request. The rest is on handles: [`signed_in`](Self::signed_in) for what users do
/// themselves, [`admin`](Self::admin) for Master Admins, [`user`](Self::user) and [`org`](Self::org) for the host's own
/// jobs.
#[derive(Clone)]
pub struct TwoFactor(pub(crate) Arc<Core>);

impl TwoFactor {
    /// Starts building a `TwoFactor`: who is who, where records are kept, and the keys that seal them.
    pub fn builder(
        directory: impl Directory,
        store: impl UserStore + SettingsStore,
        keyring: Keyring,
    ) -> Builder {
        Builder::new(directory, store, keyring)
    }

    /// Decides the next step after the first factor.
    ///
    /// Writes only when a grace period starts or a remembered device is used. For a customer nothing is read but the
    /// directory.
    ///
    /// # Errors
    /// Nobody gets in on an error.
    ///
    /// * [`UnknownUser`](crate::ErrorKind::UnknownUser) if the directory has no such user in the org.
    /// * [`PasswordMoved`](crate::ErrorKind::PasswordMoved) if a new password was reported while the old one was being
    ///   [checked](FirstFactor::begun_at): ask for it again.
    /// * [`Unavailable`](crate::ErrorKind::Unavailable) and [`Unreadable`](crate::ErrorKind::Unreadable) if what decides
    ///   cannot be read.
    /// * [`Contended`](crate::ErrorKind::Contended) and [`OutcomeUnknown`](crate::ErrorKind::OutcomeUnknown) if it has to
    ///   write and cannot.
    pub async fn check_in(&self, first_factor: FirstFactor) -> Result<Gate, Error> {
        login::check_in(&self.0, first_factor).await
    }

    /// Returns what a page may say before a code is typed: how many digits it has, how many tries are left, and until when
    /// none is looked at, which may still be from an earlier login. Writes and counts nothing.
    ///
    /// # Refusals
    /// [`TicketVoid`](crate::Refusal::TicketVoid), also if the directory no longer has the user, and
    /// [`Blocked`](crate::Refusal::Blocked).
    ///
    /// # Errors
    /// [`Unavailable`](crate::ErrorKind::Unavailable) and [`Unreadable`](crate::ErrorKind::Unreadable).
    pub async fn prompt(&self, ticket: &Ticket) -> Result<Verdict<Prompt>, Error> {
        verdict(login::prompt(&self.0, ticket).await)
    }

    /// Takes an invitation, typed at the page to which [`Gate::AskInvitation`] or
    /// [`InvitationNeeded`](crate::Refusal::InvitationNeeded) led. The ticket that it returns replaces the one in hand,
    /// for [`setup`](Self::setup) and [`confirm`](Self::confirm).
    ///
    /// A wrong invitation counts like a wrong code. A right one is spent by the enrollment.
    ///
    /// # Refusals
    /// * [`Malformed`](crate::Refusal::Malformed): the text is no invitation; not counted.
    /// * [`WrongCode`](crate::Refusal::WrongCode): counted.
    /// * [`InvitationVoid`](crate::Refusal::InvitationVoid): expired or superseded; not counted.
    /// * [`Wait`](crate::Refusal::Wait), [`Blocked`](crate::Refusal::Blocked): not looked at.
    /// * [`TicketVoid`](crate::Refusal::TicketVoid).
    ///
    /// # Errors
    /// [`Unavailable`](crate::ErrorKind::Unavailable), [`Unreadable`](crate::ErrorKind::Unreadable),
    /// [`Contended`](crate::ErrorKind::Contended) and [`OutcomeUnknown`](crate::ErrorKind::OutcomeUnknown): show the form
    /// again.
    pub async fn accept(&self, attempt: Attempt<'_>) -> Result<Verdict<Ticket>, Error> {
        verdict(enrolling::accept(&self.0, attempt).await)
    }

    /// Returns what a user needs to set up their authenticator. Draws the secret at the first call, and shows the same
    /// one at every further call with the same ticket.
    ///
    /// # Refusals
    /// * [`TicketVoid`](crate::Refusal::TicketVoid), also when a later check-in has drawn a secret of its own.
    /// * [`InvitationNeeded`](crate::Refusal::InvitationNeeded): [`accept`](Self::accept) one first.
    ///   [`InvitationVoid`](crate::Refusal::InvitationVoid): the one that was accepted is not valid any more.
    /// * [`Wait`](crate::Refusal::Wait): 20 were drawn within the hour.
    /// * [`Blocked`](crate::Refusal::Blocked).
    ///
    /// # Errors
    /// [`Unavailable`](crate::ErrorKind::Unavailable), [`Unreadable`](crate::ErrorKind::Unreadable),
    /// [`Contended`](crate::ErrorKind::Contended) and [`OutcomeUnknown`](crate::ErrorKind::OutcomeUnknown): show the page
    /// again. [`UnusableName`](crate::ErrorKind::UnusableName) if the account name cannot be in a QR code.
    pub async fn setup(&self, visit: impl Into<Visit<'_>>) -> Result<Verdict<Setup>, Error> {
        verdict(enrolling::setup(&self.0, visit.into()).await)
    }

    /// Takes the first code of an authenticator that was just set up, and lets the user in.
    ///
    /// # Refusals
    /// * [`Malformed`](crate::Refusal::Malformed): the text is no code; not counted.
    /// * [`WrongCode`](crate::Refusal::WrongCode): counted.
    /// * [`Wait`](crate::Refusal::Wait), [`Blocked`](crate::Refusal::Blocked): not looked at.
    /// * [`SetupExpired`](crate::Refusal::SetupExpired): call [`setup`](Self::setup) again.
    /// * [`AlreadyDone`](crate::Refusal::AlreadyDone): this form has enrolled the authenticator before.
    /// * [`InvitationNeeded`](crate::Refusal::InvitationNeeded), [`InvitationVoid`](crate::Refusal::InvitationVoid),
    ///   [`TicketVoid`](crate::Refusal::TicketVoid).
    ///
    /// # Errors
    /// [`Unavailable`](crate::ErrorKind::Unavailable), [`Unreadable`](crate::ErrorKind::Unreadable),
    /// [`Contended`](crate::ErrorKind::Contended), and [`OutcomeUnknown`](crate::ErrorKind::OutcomeUnknown): the
    /// enrollment may have happened, and the user signs in again. They
    /// [renew](SignedIn::renew_recovery_codes) recovery codes that nobody saw.
    pub async fn confirm(&self, attempt: Attempt<'_>) -> Result<Verdict<Enrolled>, Error> {
        verdict(enrolling::confirm(&self.0, attempt).await)
    }

    /// Cancels the enrollment pending under this ticket: nobody can confirm its QR code any more. An enrolled
    /// authenticator works as before. Drop the ticket afterwards.
    ///
    /// # Refusals
    /// [`TicketVoid`](crate::Refusal::TicketVoid).
    ///
    /// # Errors
    /// [`Unavailable`](crate::ErrorKind::Unavailable), [`Unreadable`](crate::ErrorKind::Unreadable),
    /// [`Contended`](crate::ErrorKind::Contended) and [`OutcomeUnknown`](crate::ErrorKind::OutcomeUnknown). Whatever
    /// happened, the QR code is void when it expires.
    pub async fn cancel(&self, visit: impl Into<Visit<'_>>) -> Result<Verdict<()>, Error> {
        verdict(enrolling::cancel(&self.0, visit.into()).await)
    }

    /// Takes a code of the enrolled authenticator, or the first one of an imported one, and lets the user in. With the
    /// ticket of [`SignedIn::step_up`], renews the proof of a user who is signed in.
    ///
    /// Replace the stamp that the session has, if it has one, by that of the pass.
    ///
    /// # Refusals
    /// * [`Malformed`](crate::Refusal::Malformed): the text is no code; not counted.
    /// * [`WrongCode`](crate::Refusal::WrongCode): counted. [`AlreadyUsed`](crate::Refusal::AlreadyUsed): counted, unless it
    ///   is the code that was used last.
    /// * [`ClockMovedBack`](crate::Refusal::ClockMovedBack): no code can be right before that time; not counted.
    /// * [`AlreadyDone`](crate::Refusal::AlreadyDone): this form has enrolled an imported authenticator before.
    /// * [`Wait`](crate::Refusal::Wait), [`Blocked`](crate::Refusal::Blocked): not looked at.
    /// * [`TicketVoid`](crate::Refusal::TicketVoid).
    ///
    /// # Errors
    /// [`Unavailable`](crate::ErrorKind::Unavailable), [`Unreadable`](crate::ErrorKind::Unreadable),
    /// [`Contended`](crate::ErrorKind::Contended) and [`OutcomeUnknown`](crate::ErrorKind::OutcomeUnknown): show the form
    /// again and ask for the next code.
    pub async fn verify(&self, attempt: Attempt<'_>) -> Result<Verdict<Pass>, Error> {
        verdict(login::verify(&self.0, attempt).await)
    }

    /// Takes a recovery code instead of the app's, with the ticket of [`check_in`](Self::check_in), and lets the user in.
    ///
    /// Each works once. Everything that was handed out before is void. The authenticator stays, and its codes go on
    /// working until the user [replaces](SignedIn::replace) it, for which this pass is enough while it is new.
    ///
    /// Wrong ones count in a row of their own, under the same ceiling as wrong codes of the app. While one of the two
    /// rows is waiting or blocked, neither kind of code is looked at.
    ///
    /// ```
    /// # use countersign::{Attempt, Error, Pass, Recovered, Ticket, TwoFactor, Verdict};
    /// # async fn page(two_factor: &TwoFactor, ticket: &Ticket, typed: &str) -> Result<Option<Pass>, Error> {
    /// Ok(match two_factor.recover(Attempt::new(ticket, typed)).await? {
    ///     Verdict::Granted(Recovered { pass, left, .. }) => {
    ///         println!("signed in; recovery codes left: {left}");
    ///         Some(pass)
    ///     }
    ///     Verdict::Refused(refusal) => {
    ///         println!("{refusal}");
    ///         None
    ///     }
    /// })
    /// # }
    /// ```
    ///
    /// # Refusals
    /// Those of [`verify`](Self::verify) but [`AlreadyUsed`](crate::Refusal::AlreadyUsed), as a used recovery code is a
    /// wrong one, and [`ClockMovedBack`](crate::Refusal::ClockMovedBack), from which it is a way out.
    ///
    /// # Errors
    /// Those of [`verify`](Self::verify). After [`OutcomeUnknown`](crate::ErrorKind::OutcomeUnknown) this code may be used
    /// up.
    pub async fn recover(&self, attempt: Attempt<'_>) -> Result<Verdict<Recovered>, Error> {
        verdict(login::recover(&self.0, attempt).await)
    }

    /// Checks the stamp of a session against the account, the directory and the policy of this moment; `None` means that
    /// the session is over. Call it at every request.
    ///
    /// # Errors
    /// [`Unavailable`](crate::ErrorKind::Unavailable) and [`Unreadable`](crate::ErrorKind::Unreadable).
    pub async fn resume(&self, stamp: &Stamp) -> Result<Option<Pass>, Error> {
        login::resume(&self.0, stamp).await
    }

    /// Ends the session of this stamp, and no other: none of its stamps holds any more, on any server, whoever has a copy.
    /// Call it when a user signs out, and drop the stamp whatever it answers.
    ///
    /// The account remembers at most 32 sessions that were signed out and would not have expired yet. One more ends all
    /// sessions of the user.
    ///
    /// Nothing is written for customers (R5), whose sessions are the host's to end: keep theirs on the server, and forget
    /// it there.
    ///
    /// # Errors
    /// [`Unavailable`](crate::ErrorKind::Unavailable), [`Unreadable`](crate::ErrorKind::Unreadable),
    /// [`Contended`](crate::ErrorKind::Contended) and [`OutcomeUnknown`](crate::ErrorKind::OutcomeUnknown): the stamp may
    /// still hold. Try again.
    pub async fn sign_out(&self, stamp: &Stamp) -> Result<SignOut, Error> {
        login::sign_out(&self.0, stamp).await
    }

    /// Returns what the bearer of a pass does for themselves: prove themselves again, replace their authenticator, manage
    /// their devices and recovery codes.
    pub fn signed_in<'a>(&'a self, pass: &'a Pass) -> SignedIn<'a> {
        SignedIn::new(&self.0, pass)
    }

    /// Returns what the host itself reports and asks of one user: a changed password, ended sessions, who can help.
    pub fn user<'a>(&'a self, org: &'a OrgId, user: &'a UserId) -> User<'a> {
        User::new(&self.0, org, user)
    }

    /// Returns what the host's own jobs and desks read of an org.
    pub fn org<'a>(&'a self, org: &'a OrgId) -> Org<'a> {
        Org::new(&self.0, org)
    }
}

impl fmt::Debug for TwoFactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TwoFactor")
            .field("deployment", &self.0.deployment)
            .field("issuer", &self.0.issuer)
            .field("code_rules", &self.0.codes)
            .field("keyring", &self.0.keyring)
            .finish_non_exhaustive()
    }
}
