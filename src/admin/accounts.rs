//! Administration: what a Master Admin does with his pass (R13), and what the vendor's support does without one.

use crate::{
    account::{Account, Decision, Terms},
    admin::authority,
    audit::{Act, Denied, EventKind, Reason, Remedy},
    driver::{Before, Core, Holder, Loaded, Proposal, TRIES, Trace, contended},
    error::{Error, ErrorKind},
    policy::{InForce, Policy, Requirement, Settings},
    seal::Generation,
    time::Timestamp,
    tokens::Pass,
    two_factor::TwoFactor,
    verdict::{Refusal, Verdict},
    who::{OrgId, Person, UserId},
};

impl TwoFactor {
    /// Tells what is in force in an org.
    ///
    /// # Errors
    /// [`ErrorKind::Unavailable`] and [`ErrorKind::Unreadable`].
    pub async fn settings(&self, org: &OrgId) -> Result<InForce, Error> {
        let Loaded { record: Policy { requirement, epoch, settings }, revision } = self.0.policy(org).await?;
        Ok(InForce { requirement, epoch, settings, revision })
    }

    /// Switches the requirement of the Master Admin's own org on or off. It applies from everybody's next login,
    /// the Master Admin's included; what becomes of those that are running the org's settings say
    /// ([`Settings::running_sessions`](crate::Settings::running_sessions)). From off to on begins a new epoch, in which
    /// everybody enrolls anew; switching on what is on changes nothing.
    ///
    /// Say on that page how many Master Admins there are, which [`counts`](Self::counts) tells, and warn below two: nobody
    /// but the vendor's support can help a sole one who loses his phone.
    ///
    /// # Errors
    /// Those of [`reset`](Self::reset).
    pub async fn require(&self, pass: &Pass, to: Requirement) -> Result<Verdict<()>, Error> {
        let core = &*self.0;
        let trace = Trace::of_pass(pass);
        let actor = match core.actor(pass).await? {
            Ok(actor) => actor,
            Err(refusal) => return Ok(Verdict::Refused(refusal)),
        };
        let may = |now| authority::may_switch(&actor.person, now, to);
        if let Err(why) = may(actor.requirement()) {
            return core.deny(&actor, &trace, Act::Require, why).await.map(Verdict::Refused);
        }
        if actor.needs_fresh_code(pass) {
            return Ok(Verdict::Refused(Refusal::FreshCodeNeeded));
        }
        // Asked again upon what is about to be overwritten: the vendor may have mandated it just now.
        match core.switch(pass.org(), &trace, to, None, may).await? {
            Ok(()) => Ok(Verdict::Granted(())),
            Err(why) => core.deny(&actor, &trace, Act::Require, why).await.map(Verdict::Refused),
        }
    }

    /// Takes the second factor off another internal user of the Master Admin's org, who must enroll again at his
    /// next login. Everything that was handed out for that user is void, and nobody else is touched (R7). Works
    /// also when what is stored for him cannot be opened any more.
    ///
    /// One whose account was blocked, be it unlocked since, or who was reset to be [invited](Self::reset_and_invite), is
    /// refused with [`Refusal::PasswordKnown`]: whoever else knows his password could enroll before him. Once the host has
    /// [told](Self::end_trust) that it was changed, he is reset like others.
    ///
    /// # Errors
    /// [`ErrorKind::Unavailable`], [`ErrorKind::Unreadable`] (of the Master Admin's own record, or of the
    /// settings), [`ErrorKind::Contended`] and [`ErrorKind::OutcomeUnknown`]: look at the user's state, or do it
    /// again.
    pub async fn reset(&self, pass: &Pass, user: &UserId) -> Result<Verdict<()>, Error> {
        let core = &*self.0;
        match core.target(pass, user, Act::Reset).await? {
            Err(refusal) => Ok(Verdict::Refused(refusal)),
            Ok(target) => Ok(core.reset(&target, &Trace::of_pass(pass), None).await?.into()),
        }
    }

    /// Lifts the waiting or the block of another internal user of the Master Admin's org. His authenticator
    /// stays, his sessions end. Whoever blocked the account knows its password all the same: have it changed.
    ///
    /// # Errors
    /// Those of [`reset`](Self::reset), and [`ErrorKind::Unreadable`] if the user's record does not open.
    pub async fn unlock(&self, pass: &Pass, user: &UserId) -> Result<Verdict<()>, Error> {
        let core = &*self.0;
        match core.target(pass, user, Act::Unlock).await? {
            Err(refusal) => Ok(Verdict::Refused(refusal)),
            Ok(target) => core.unlock(&target, &Trace::of_pass(pass), None).await.map(Verdict::Granted),
        }
    }
}

/// A pass that still holds, of somebody who is about to administer.
pub(crate) struct InternalActor {
    pub(crate) person: Person,
    pub(crate) before: Before,
}

impl InternalActor {
    fn requirement(&self) -> Requirement {
        self.before.policy.requirement
    }

    /// Whether the act has to wait for a code (R13).
    pub(crate) fn needs_fresh_code(&self, pass: &Pass) -> bool {
        let Before { policy, now, .. } = &self.before;
        self.before.account().is_asked(policy) && !pass.session.shows_fresh_code(policy, *now)
    }
}

impl Core {
    /// Who acts, with his role read anew.
    pub(crate) async fn actor(&self, pass: &Pass) -> Result<Result<InternalActor, Refusal>, Error> {
        Ok(match self.holder(&pass.session).await? {
            None => Err(Refusal::SessionOver),
            // A customer is refused without a trace on his record: nothing is ever written for him (R5).
            Some(Holder { before: None, .. }) => Err(Refusal::Denied(Denied::NotMasterAdmin)),
            Some(Holder { person, before: Some(before) }) => Ok(InternalActor { person, before }),
        })
    }

    /// The user whom a Master Admin is about to do something to, if he may, with a code of just now where the policy asks
    /// for one (R13). An attempt without authority is recorded.
    pub(crate) async fn target(
        &self,
        pass: &Pass,
        user: &UserId,
        act: Act,
    ) -> Result<Result<Person, Refusal>, Error> {
        let actor = match self.actor(pass).await? {
            Ok(actor) => actor,
            Err(refusal) => return Ok(Err(refusal)),
        };
        match authority::may_touch(&actor.person, self.find(pass.org(), user).await?) {
            Err(why) => self.deny(&actor, &Trace::of_pass(pass), act, why).await.map(Err),
            Ok(_) if actor.needs_fresh_code(pass) => Ok(Err(Refusal::FreshCodeNeeded)),
            Ok(target) => Ok(Ok(target)),
        }
    }

    /// Refuses, and records it on the actor's own record (R10).
    pub(crate) async fn deny(
        &self,
        actor: &InternalActor,
        trace: &Trace,
        act: Act,
        why: Denied,
    ) -> Result<Refusal, Error> {
        let record = |account: Account, terms: Terms<'_>| Ok(account.record_refused(act, why, terms.now));
        self.decide(&actor.person, trace, record).await?;
        Ok(Refusal::Denied(why))
    }

    /// Switches an org's requirement, if `may` says so of the one that holds at that moment.
    pub(crate) async fn switch<D>(
        &self,
        org: &OrgId,
        trace: &Trace,
        to: Requirement,
        reason: Option<&Reason>,
        may: impl Fn(Requirement) -> Result<(), D>,
    ) -> Result<Result<(), D>, Error> {
        let place = self.org_place(org);
        let mut upon = 0;
        for _ in 0..TRIES {
            let policy = self.policy(org).await?;
            upon = policy.revision;
            let from = policy.record.requirement;
            if let Err(why) = may(from) {
                return Ok(Err(why));
            }
            let Some(next) = policy.record.switched(to, self.draw()?) else {
                return Ok(Ok(()));
            };
            let kind = EventKind::RequirementChanged {
                from,
                to,
                epoch: next.epoch,
                sessions: next.settings.running_sessions(),
                reason: reason.cloned(),
            };
            let events = [trace.event(self.clock.now(), org, None, kind)];
            let proposal = Proposal { upon, next: &next, events: &events, ends_sessions: false };
            if self.write(&place, &proposal).await?.is_some() {
                return Ok(Ok(()));
            }
        }
        Err(contended("writing an org's settings", upon))
    }

    /// Resets an account, be it readable or not; but not one whose password is known to somebody.
    pub(crate) async fn reset(
        &self,
        target: &Person,
        trace: &Trace,
        reason: Option<&Reason>,
    ) -> Result<Result<(), Refusal>, Error> {
        let event = EventKind::Reset { remedy: Remedy::None, reason: reason.cloned() };
        let settings = self.settings_or_first(&target.org).await?;
        let reset = |account: Option<Account>, next, _| {
            Ok(Account::reset_unless_known(account, &settings, next, event.clone()))
        };
        self.overwrite(target, trace, reset).await
    }

    /// By which settings an account is blocked. Lost keys are no reason not to reset it: then these do not open either.
    pub(crate) async fn settings_or_first(&self, org: &OrgId) -> Result<Settings, Error> {
        match self.policy(org).await {
            Err(error) if error.kind() == ErrorKind::Unreadable => Ok(self.at_first.settings),
            policy => Ok(policy?.record.settings),
        }
    }

    /// Writes what `reset` makes over an account; `None` is one that cannot be read.
    pub(crate) async fn overwrite<R>(
        &self,
        target: &Person,
        trace: &Trace,
        reset: impl Fn(Option<Account>, Generation, Timestamp) -> Result<Decision<R>, Error>,
    ) -> Result<R, Error> {
        let place = self.place(target);
        let mut upon = 0;
        for _ in 0..TRIES {
            let account;
            (account, upon) = match self.load(&place, Account::never_written()).await {
                Ok(Loaded { record, revision }) => (Some(record), revision),
                Err(error) if error.kind() == ErrorKind::Unreadable => (None, self.revision(&place).await?),
                Err(error) => return Err(error),
            };
            let now = self.clock.now();
            let Decision { write, reply } = reset(account, Generation(self.draw()?), now)?;
            let Some(write) = write else { return Ok(reply) };
            if self.write_account(target, upon, write, trace, now).await?.is_some() {
                return Ok(reply);
            }
        }
        Err(contended("writing a record", upon))
    }

    pub(crate) async fn unlock(
        &self,
        target: &Person,
        trace: &Trace,
        reason: Option<&Reason>,
    ) -> Result<(), Error> {
        let unlock = |account: Account, _: Terms<'_>| {
            let event = EventKind::Unlocked { reason: reason.cloned() };
            Ok(account.unlock(Generation(self.draw()?), event))
        };
        self.decide(target, trace, unlock).await.map(|decided| decided.reply)
    }
}
