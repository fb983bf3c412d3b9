//! Resetting many users: one after the other, each with an answer of their own. An interrupted run can be resumed.

mod outcome;
mod targets;

use std::fmt;

pub use self::{
    outcome::{Outcome, ResetOutcome},
    targets::Targets,
};
use crate::{
    account::{Account, Decision, Found},
    admin::{
        Admin, accounts, authority,
        right::{InternalActor, Proof, Right},
    },
    audit::{Act, Denied, Password},
    driver::{Stop, verdict},
    error::Error,
    time::Timestamp,
    tokens::Pass,
    verdict::{ActRefusal, Verdict},
    who::{Person, UserId},
};

/// A run that resets many users, each in a write and with an event of their own.
///
/// *Authority* is checked again for each (R13). A Master Admin who is demoted, reset or signed out in the middle stops
/// there, and so does one whose code grows old. [`resume_with`](Self::resume_with) a fresh pass.
///
/// *Interrupted*, a run is started again with the same users and the [`begun_at`](Self::begun_at) of the first one
/// ([`resume_from`](Self::resume_from)). Users who were reset by then have nothing to reset, and users who have started
/// to enroll again since are left alone. No journal is needed, as every record knows when it was enrolled.
#[must_use = "nobody is reset before `next` is called"]
pub struct BulkReset<'a> {
    admin: Admin<'a>,
    targets: Targets,
    /// The current user. They stay so if a call is dropped in the middle, and come again at the next call.
    current: Option<UserId>,
    begun_at: Timestamp,
    is_dry: bool,
    password: Password,
}

impl<'a> BulkReset<'a> {
    pub(super) fn new(admin: Admin<'a>, targets: Targets, password: Password) -> Self {
        let begun_at = admin.core().clock.now();
        Self { admin, targets, current: None, begun_at, is_dry: false, password }
    }

    /// Makes the run dry: it only tells what would happen to each user. Nobody is reset and nothing is written, not
    /// even an event. This needs the role, and no fresh code.
    pub fn dry_run(mut self) -> Self {
        self.is_dry = true;
        self
    }

    /// Resumes a run started at `begun_at`, possibly by another process.
    pub fn resume_from(mut self, begun_at: Timestamp) -> Self {
        self.begun_at = begun_at;
        self
    }

    /// Returns when this run was started. Keep it, to resume the run if it is interrupted.
    pub fn begun_at(&self) -> Timestamp {
        self.begun_at
    }

    /// Continues with another pass of the same org, after a run that stopped at
    /// [`FreshCodeNeeded`](ActRefusal::FreshCodeNeeded).
    pub fn resume_with(&mut self, pass: &'a Pass) {
        self.admin.right = Right::MasterAdmin(pass);
    }

    /// Resets the next user, and returns the outcome; `None` after the last.
    ///
    /// # Refusals
    /// They are about the actor: nobody was reset by this call, and the next call begins with the same user.
    /// [`SessionOver`](ActRefusal::SessionOver), [`Denied`](ActRefusal::Denied), and, unless the run is dry,
    /// [`FreshCodeNeeded`](ActRefusal::FreshCodeNeeded).
    ///
    /// # Errors
    /// What concerns one user is an [`Outcome`]. An error concerns the roster, the settings or the Master Admin's own
    /// record, and so the whole run: [`NoRoster`](crate::ErrorKind::NoRoster),
    /// [`Unavailable`](crate::ErrorKind::Unavailable) and [`Unreadable`](crate::ErrorKind::Unreadable). The next call
    /// tries again.
    pub async fn next(&mut self) -> Result<Verdict<Option<ResetOutcome>, ActRefusal>, Error> {
        verdict(self.step().await)
    }

    async fn step(&mut self) -> Result<Option<ResetOutcome>, Stop<ActRefusal>> {
        let actor = self.actor().await?;
        let Some(user) = self.upcoming(actor.as_ref()).await? else { return Ok(None) };
        let outcome = self.reset(actor.as_ref(), &user).await.unwrap_or_else(Outcome::Failed);
        self.current = None;
        Ok(Some(ResetOutcome { user, outcome }))
    }

    /// Returns who acts, at this moment; `None` is an operator.
    async fn actor(&self) -> Result<Option<InternalActor<'a>>, Stop<ActRefusal>> {
        if let Right::MasterAdmin(pass) = self.admin.right
            && *pass.org() != self.admin.org
        {
            return Err(ActRefusal::Denied(Denied::NotInThisOrg).into());
        }
        let Some(actor) = self.admin.actor().await? else { return Ok(None) };
        if let Err(why) = authority::must_be_master_admin(&actor.person) {
            return Err(ActRefusal::Denied(self.deny(&actor, why).await?).into());
        }
        if !self.is_dry {
            actor.shows(Proof::FreshCode)?;
        }
        Ok(Some(actor))
    }

    /// Refuses, and records it on the actor's own record (R10), unless the run is dry.
    async fn deny(&self, actor: &InternalActor<'_>, why: Denied) -> Result<Denied, Error> {
        if !self.is_dry {
            self.admin.deny(actor, Act::Reset, why).await?;
        }
        Ok(why)
    }

    /// Returns the current user, or else the next one. With "everybody", the Master Admin who acts is left out.
    async fn upcoming(&mut self, actor: Option<&InternalActor<'_>>) -> Result<Option<UserId>, Error> {
        while self.current.is_none() {
            let next = self.targets.next(self.admin.core(), &self.admin.org).await?;
            let Some(user) = next else { return Ok(None) };
            let acts = actor.is_some_and(|actor| actor.person.id == user);
            self.current = Some(user).filter(|_| self.targets.is_named() || !acts);
        }
        Ok(self.current.clone())
    }

    async fn reset(&self, actor: Option<&InternalActor<'_>>, user: &UserId) -> Result<Outcome, Error> {
        let found = self.admin.core().find(&self.admin.org, user).await?;
        let may = match actor {
            None => authority::may_be_reset(found),
            Some(actor) => authority::may_touch(&actor.person, found),
        };
        match (may, actor) {
            (Ok(target), _) => self.reset_if_due(&target).await,
            (Err(why), Some(actor)) => self.deny(actor, why).await.map(Outcome::Denied),
            (Err(why), None) => Ok(Outcome::Denied(why)),
        }
    }

    /// Resets an account like a single reset, if it has something to reset from before the run.
    async fn reset_if_due(&self, target: &Person) -> Result<Outcome, Error> {
        let settings = accounts::settings_or_first(self.admin.core(), &target.org).await?;
        let Self { begun_at, is_dry, password, .. } = *self;
        let reset = |account: Option<Account>, next, _| {
            // What cannot be read can still be reset.
            let found =
                account.as_ref().map_or(Found::ToReset, |account| account.found_by_run(begun_at, &settings));
            Ok(match found {
                Found::Nothing => Decision::reply(Outcome::NothingToReset),
                Found::BegunAnew => Decision::reply(Outcome::EnrollsAnew),
                Found::PasswordKnown if password == Password::AsBefore => {
                    Decision::reply(Outcome::PasswordKnown)
                }
                Found::PasswordKnown | Found::ToReset if is_dry => Decision::reply(Outcome::WouldReset),
                Found::PasswordKnown | Found::ToReset => {
                    let reset = Account::reset(account, password, &settings, next, self.admin.reason.clone());
                    reset.map(|answer| answer.map_or(Outcome::PasswordKnown, |()| Outcome::Reset))
                }
            })
        };
        accounts::overwrite(&self.admin, target, reset).await
    }
}

impl fmt::Debug for BulkReset<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BulkReset")
            .field("org", &self.admin.org)
            .field("begun_at", &self.begun_at)
            .field("is_dry", &self.is_dry)
            .finish_non_exhaustive()
    }
}
