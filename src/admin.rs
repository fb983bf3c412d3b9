//! Administration: one set of acts, by a Master Admin's pass or by the vendor's right.
//!
//! What the two may do is written once. Who acts, and by what right, is a value, read anew for each act (R13).

mod authority;
mod right;
mod requirement;
mod settings;
mod epoch;
mod accounts;
mod joining;
mod devices;
mod reading;
mod managed_user;
mod bulk;
mod key_list;
mod import;
mod support;

use std::fmt;

use self::right::Right;
pub use self::{
    bulk::{BulkReset, Outcome, ResetOutcome, Targets},
    epoch::NewEpoch,
    key_list::{Entry, InvalidKeyList, InvalidLine, Line, key_list},
    managed_user::ManagedUser,
    support::Support,
};
pub use crate::{
    account::{InvalidRunId, RunId},
    report::{Counts, CsvLine, Report, ReportRow, Status, UnknownStatus},
    two_factor::{CarryOver, Forgotten, KeyCount, KeyUse, Reseal, Resealed, SealedAnew, SealedUnder},
    verdict::Import,
};
use crate::{
    audit::{Password, Reason},
    driver::{Core, verdict},
    error::Error,
    policy::{Epoch, Requirement, Settings},
    tokens::Pass,
    two_factor::TwoFactor,
    verdict::{ActRefusal, Verdict},
    who::{OrgId, UserId},
};

/// What a Master Admin may do in their own org, and the vendor's support in any. From
/// [`TwoFactor::admin`](crate::TwoFactor::admin) or [`Support::in_org`].
///
/// The handle proves nothing: each act reads the actor's session, role and, where the policy asks for codes, a fresh code
/// again (R13). Every act of a Master Admin is refused with [`SessionOver`](ActRefusal::SessionOver) if the session has
/// ended, and with [`Denied`](ActRefusal::Denied) without authority, which is recorded on their own record. The acts that
/// change something are refused with [`FreshCodeNeeded`](ActRefusal::FreshCodeNeeded) until
/// [`SignedIn::step_up`](crate::SignedIn::step_up) brings a code. The operator is refused none of these three.
///
/// Every act fails with [`Unavailable`](crate::ErrorKind::Unavailable) and [`Unreadable`](crate::ErrorKind::Unreadable) if
/// what decides cannot be read. Those that change something also fail with [`Contended`](crate::ErrorKind::Contended) and
/// [`OutcomeUnknown`](crate::ErrorKind::OutcomeUnknown): look at the state, or do it again.
#[derive(Clone)]
#[must_use = "a handle does nothing by itself"]
pub struct Admin<'a> {
    two_factor: TwoFactor,
    right: Right<'a>,
    org: OrgId,
    reason: Option<Reason>,
}

impl TwoFactor {
    /// Returns what the bearer of a pass may do as a Master Admin of their org.
    pub fn admin<'a>(&self, pass: &'a Pass) -> Admin<'a> {
        Admin {
            two_factor: self.clone(),
            right: Right::MasterAdmin(pass),
            org: pass.org().clone(),
            reason: None,
        }
    }
}

impl<'a> Admin<'a> {
    /// Gives a reason for what is done with this handle, for the audit trail. The vendor always gives one.
    pub fn because(mut self, reason: Reason) -> Self {
        self.reason = Some(reason);
        self
    }

    /// Returns what may be done to one internal user of the org.
    pub fn user(&self, user: &UserId) -> ManagedUser<'a> {
        ManagedUser::new(self.clone(), user.clone())
    }

    /// Sets the org's requirement. Master Admins switch it on and off; the vendor also mandates it, and lifts that again.
    ///
    /// It applies from everybody's next login, the Master Admin's included. What becomes of running sessions, the org's
    /// settings say ([`Settings::running_sessions`]). Off and on each begin a new epoch. Switched on, everybody enrolls
    /// again but those who had chosen an authenticator since the org was last switched off; switched off, nobody is asked
    /// any more who does not choose to be. Switching on what is on changes nothing.
    ///
    /// Show on that page how many Master Admins there are ([`counts`](Self::counts)), and warn below two: nobody but the
    /// vendor's support can help a sole one who loses their phone.
    ///
    /// # Refusals
    /// [`Denied`](ActRefusal::Denied) with [`Mandated`](crate::audit::Denied::Mandated) to Master Admins, where the vendor
    /// mandates it, and those of every act: see [`Admin`].
    ///
    /// # Errors
    /// See [`Admin`].
    pub async fn require(&self, to: Requirement) -> Result<Verdict<(), ActRefusal>, Error> {
        verdict(requirement::require(self, to).await)
    }

    /// Changes the org's settings. They hold from then on, for everybody.
    ///
    /// What is stricter holds at once: shorter sessions, fewer days to enroll or on a remembered device, a lower hard stop,
    /// what is asked of sessions and of administration. What is looser holds for what is handed out from then on. No epoch
    /// begins: whoever is enrolled stays so.
    ///
    /// `seen` is the [`revision`](crate::policy::OrgPolicy::revision) that the page was showing. If somebody decided
    /// something in between, this is refused, so that of two admins neither undoes unknowingly what the other has done.
    ///
    /// ```
    /// # use countersign::{Error, Pass, TwoFactor, Verdict, policy::OrgPolicy};
    /// # async fn page(two_factor: &TwoFactor, pass: &Pass) -> Result<(), Error> {
    /// // The page shows what is in force, and keeps its revision in the form …
    /// let OrgPolicy { settings, revision, .. } = two_factor.org(pass.org()).policy().await?;
    /// // … and what comes back is validated before it gets here.
    /// let Ok(stricter) = settings.with_hard_stop(5) else { return Ok(()) };
    /// match two_factor.admin(pass).change_settings(revision, stricter).await? {
    ///     Verdict::Granted(()) => { /* they hold */ }
    ///     Verdict::Refused(refusal) => { /* a code is needed, or look again */ }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Refusals
    /// [`SettingsMoved`](ActRefusal::SettingsMoved), and those of every act: see [`Admin`].
    ///
    /// # Errors
    /// See [`Admin`].
    pub async fn change_settings(&self, seen: u64, to: Settings) -> Result<Verdict<(), ActRefusal>, Error> {
        verdict(settings::change(self, seen, to).await)
    }

    /// Begins a new epoch, in which everybody enrolls again, as after off and on, without a moment in between in which a
    /// password alone opens a session. This is for incidents: many keys may be known, or nobody knows which.
    ///
    /// Nobody gets time to enroll, and no volunteer keeps what they chose. It is decided on the epoch that was seen and on no
    /// other: sent twice, or again after an unknown outcome, it begins once. Master Admins begin at most three a day, and
    /// all of them are told. Returns the new epoch.
    ///
    /// ```
    /// # use countersign::{Error, Pass, TwoFactor, Verdict};
    /// # async fn page(two_factor: &TwoFactor, pass: &Pass) -> Result<(), Error> {
    /// use countersign::admin::NewEpoch;
    ///
    /// // The page shows what is in force, and keeps its epoch in the form …
    /// let seen = two_factor.org(pass.org()).policy().await?.epoch;
    /// // … and what comes back is parsed before it gets here.
    /// match two_factor.admin(pass).begin_epoch(NewEpoch::after(seen).ending_sessions()).await? {
    ///     Verdict::Granted(_) => { /* everybody signs in again and enrolls, you among them */ }
    ///     Verdict::Refused(refusal) => { /* a code is needed, or it has begun already */ }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Refusals
    /// * [`SettingsMoved`](ActRefusal::SettingsMoved): it is another epoch by now.
    /// * [`NobodyCouldInvite`](ActRefusal::NobodyCouldInvite): to Master Admins, if enrolling would need an invitation.
    /// * [`TooManyEpochs`](ActRefusal::TooManyEpochs).
    /// * Those of every act: see [`Admin`].
    ///
    /// # Errors
    /// See [`Admin`].
    pub async fn begin_epoch(&self, new: NewEpoch) -> Result<Verdict<Epoch, ActRefusal>, Error> {
        verdict(epoch::begin(self, new).await)
    }

    /// Starts resetting many internal users of the org. Nothing happens before [`next`](BulkReset::next) is called, and
    /// then to one after the other. With [`Password::Changed`] you state that the passwords of all of them have been
    /// changed; then users are also reset whose password somebody else is known to have known.
    ///
    /// ```
    /// # async fn lost_bus(two_factor: &countersign::TwoFactor, pass: &countersign::Pass, users: Vec<countersign::UserId>)
    /// # -> Result<(), countersign::Error> {
    /// use countersign::{Verdict, admin::Targets, audit::Password};
    ///
    /// let mut run = two_factor.admin(pass).reset_many(Targets::these(users), Password::AsBefore).dry_run();
    /// loop {
    ///     match run.next().await? {
    ///         Verdict::Granted(Some(one)) => println!("{}: {}", one.user, one.outcome),
    ///         Verdict::Granted(None) => return Ok(()),
    ///         Verdict::Refused(refusal) => return Ok(println!("stopped: {refusal}")),
    ///     }
    /// }
    /// # }
    /// ```
    pub fn reset_many(&self, targets: Targets, password: Password) -> BulkReset<'a> {
        BulkReset::new(self.clone(), targets, password)
    }

    /// Starts a report on everybody in the org: page after page of who is enrolled, since when, and who is not. Needs a
    /// [`roster`](crate::Builder::roster).
    ///
    /// It asks for the role, and for no fresh code: it changes nothing, and admins who type a code for every list learn to
    /// type codes wherever they are asked.
    ///
    /// ```
    /// # async fn file(two_factor: &countersign::TwoFactor, pass: &countersign::Pass) -> Result<String, countersign::Error> {
    /// use countersign::{Verdict, admin::{CsvLine, Status}};
    ///
    /// let mut report = match two_factor.admin(pass).report().await? {
    ///     Verdict::Granted(report) => report.of_status(Status::NotEnrolled),
    ///     Verdict::Refused(refusal) => return Ok(refusal.to_string()),
    /// };
    /// let mut file = CsvLine::HEAD.to_string();
    /// loop {
    ///     let page = report.next_page(500).await?; // send each on its way, and memory stays flat
    ///     if page.is_empty() {
    ///         return Ok(file);
    ///     }
    ///     file.extend(page.iter().map(|row| row.csv().to_string()));
    /// }
    /// # }
    /// ```
    ///
    /// # Refusals
    /// Those of every act but [`FreshCodeNeeded`](ActRefusal::FreshCodeNeeded): see [`Admin`].
    ///
    /// # Errors
    /// [`NoRoster`](crate::ErrorKind::NoRoster); see [`Admin`].
    pub async fn report(&self) -> Result<Verdict<Report, ActRefusal>, Error> {
        verdict(reading::report(self).await)
    }

    /// Returns how many people there are in the org, by status, and how many Master Admins. Needs a
    /// [`roster`](crate::Builder::roster); no record is read for it where the host's roster can count by itself.
    ///
    /// # Refusals
    /// Those of [`report`](Self::report).
    ///
    /// # Errors
    /// Those of [`report`](Self::report).
    pub async fn counts(&self) -> Result<Verdict<Counts, ActRefusal>, Error> {
        verdict(reading::counts(self).await)
    }

    fn core(&self) -> &Core {
        &self.two_factor.0
    }
}

impl fmt::Debug for Admin<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Admin").field("org", &self.org).field("reason", &self.reason).finish_non_exhaustive()
    }
}
