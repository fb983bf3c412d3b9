//! Resetting many users: one after the other, each with an answer of their own. An interrupted run can be resumed.

mod outcome;
mod targets;

use std::fmt;

pub use self::{
    outcome::{Outcome, ResetOutcome},
    targets::Targets,
};
use crate::{
    account::{Account, Decision, Found, RunId, Terms},
    admin::{
        Admin, accounts, authority,
        right::{InternalActor, Proof, Right, Target},
    },
    audit::{Act, Denied, Password},
    driver::{Stop, verdict},
    error::Error,
    tokens::Pass,
    verdict::{ActRefusal, Verdict},
    who::UserId,
};

/// A run that resets many users, each in a write and with an event of their own.
///
/// *Authority* is checked again for each (R13). A Master Admin who is demoted, reset or signed out in the middle stops
/// there, and so does one whose code grows old. [`resume_with`](Self::resume_with) a fresh pass.
///
/// *Interrupted*, a run is started again with the same users and its [id](Self::in_run). What it has reset names it,
/// and is left alone, whatever was enrolled since; nothing else spares anybody. No journal is needed.
#[must_use = "nobody is reset before `next` is called"]
pub struct BulkReset<'a> {
    admin: Admin<'a>,
    targets: Targets,
    /// The current user. They stay so if a call is dropped in the middle, and come again at the next call.
    current: Option<UserId>,
    /// Drawn with the first user who is reset, or given by whoever started it.
    run: Option<RunId>,
    is_dry: bool,
    password: Password,
}

impl<'a> BulkReset<'a> {
    pub(super) fn new(admin: Admin<'a>, targets: Targets, password: Password) -> Self {
        Self { admin, targets, current: None, run: None, is_dry: false, password }
    }

    /// Makes the run dry: it only tells what would happen to each user. Nobody is reset and nothing is written, not
    /// even an event. This needs the role, and no fresh code.
    pub fn dry_run(mut self) -> Self {
        self.is_dry = true;
        self
    }

    /// Makes it the run with this id: one that was interrupted, possibly in another process, or a new one for which the id
    /// was [drawn](RunId::draw) before.
    pub fn in_run(mut self, run: RunId) -> Self {
        self.run = Some(run);
        self
    }

    /// Returns the id of this run. One that was given none draws it with the first user; a dry one has none.
    pub fn run(&self) -> Option<RunId> {
        self.run
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
        if self.run.is_none() && !self.is_dry {
            self.run = Some(RunId(self.admin.core().draw()?));
        }
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
            return Err(ActRefusal::Denied(self.deny(&actor, why, None).await?).into());
        }
        if !self.is_dry {
            actor.shows(Proof::FreshCode)?;
        }
        Ok(Some(actor))
    }

    /// Refuses, and records it on the actor's own record (R10), unless the run is dry.
    async fn deny(
        &self,
        actor: &InternalActor<'_>,
        why: Denied,
        target: Option<&UserId>,
    ) -> Result<Denied, Error> {
        if !self.is_dry {
            self.admin.deny(actor, Act::Reset, why, target).await?;
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
            (Ok(person), _) => self.reset_if_due(Target::of(person, actor)).await,
            (Err(why), Some(actor)) => self.deny(actor, why, Some(user)).await.map(Outcome::Denied),
            (Err(why), None) => Ok(Outcome::Denied(why)),
        }
    }

    /// Resets an account like a single reset, if it has something to reset and this run has not reset it yet.
    async fn reset_if_due(&self, target: Target) -> Result<Outcome, Error> {
        let Self { run, is_dry, password, .. } = *self;
        // Who only looks changes nothing.
        let target = if is_dry { target.looked_at() } else { target };
        let reset = |account: Option<Account>, next, terms: Terms<'_>| {
            let settings = &terms.policy.settings;
            // What cannot be read can still be reset.
            let found = account.as_ref().map_or(Found::ToReset, |account| account.found_by(run, settings));
            Ok(match found {
                Found::Nothing => Decision::reply(Ok(Outcome::NothingToReset)),
                Found::ResetBefore => Decision::reply(Ok(Outcome::ResetBefore)),
                Found::PasswordKnown if password == Password::AsBefore => {
                    Decision::reply(Ok(Outcome::PasswordKnown))
                }
                Found::PasswordKnown | Found::ToReset if is_dry => Decision::reply(Ok(Outcome::WouldReset)),
                Found::PasswordKnown | Found::ToReset => {
                    let reason = self.admin.reason.clone();
                    let reset = Account::reset(account, password, run, next, reason, terms);
                    reset.map(|answer| answer.map(|()| Outcome::Reset))
                }
            })
        };
        match accounts::overwrite(&self.admin, &target, reset).await {
            Ok(outcome) => Ok(outcome),
            Err(Stop::Refused(ActRefusal::PasswordKnown)) => Ok(Outcome::PasswordKnown),
            Err(Stop::Refused(_)) => Ok(Outcome::FreshCodeNeeded),
            Err(Stop::Failed(error)) => Err(error),
        }
    }
}

impl fmt::Debug for BulkReset<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BulkReset")
            .field("org", &self.admin.org)
            .field("run", &self.run)
            .field("is_dry", &self.is_dry)
            .finish_non_exhaustive()
    }
}
