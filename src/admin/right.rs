//! The right to act: a pass, or the vendor's word. It is read again for each act (R13).

use crate::{
    account::{Account, Decision, Terms},
    admin::{Admin, authority},
    audit::{Act, Actor, Denied, Operator},
    driver::{Before, Holder, Stop, Trace},
    error::Error,
    policy::{Policy, Requirement},
    time::Timestamp,
    tokens::Pass,
    verdict::ActRefusal,
    who::{Person, UserId},
};

/// The right by which somebody administers.
#[derive(Clone)]
pub(crate) enum Right<'a> {
    MasterAdmin(&'a Pass),
    Operator(Operator),
}

/// What an act asks of a Master Admin besides the role.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Proof {
    RoleAlone,
    /// A fresh code, if the policy asks the actor for codes.
    FreshCode,
}

/// The internal user who acts, as the directory and the store know them at this moment.
pub(super) struct InternalActor<'a> {
    pub(super) person: Person,
    before: Before,
    pass: &'a Pass,
}

impl InternalActor<'_> {
    pub(super) fn code(&self) -> Code {
        let Before { policy, now, .. } = &self.before;
        if self.pass.session.shows_fresh_code(policy, *now) { Code::Fresh } else { Code::NotShown }
    }

    pub(super) fn requirement(&self) -> Requirement {
        self.before.policy.requirement
    }

    pub(super) fn shows(&self, proof: Proof) -> Result<(), ActRefusal> {
        let Before { policy, now, .. } = &self.before;
        let is_asked = proof == Proof::FreshCode && self.before.account().is_asked(policy);
        if is_asked && !self.pass.session.shows_fresh_code(policy, *now) {
            return Err(ActRefusal::FreshCodeNeeded);
        }
        // Also where no code is asked for: a recovery was, once.
        if proof == Proof::FreshCode {
            self.before.account().is_trusted(*now)?;
        }
        Ok(())
    }
}

/// The target of an act, and what its actor has shown.
pub(super) struct Target {
    pub(super) person: Person,
    code: Code,
}

/// Whether who acts has shown a fresh code, asked for or not. The vendor's right is worth one.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Code {
    Fresh,
    NotShown,
}

impl Code {
    /// Refuses what would weaken an account that has a factor, where its actor has shown none (R13). An org that requires
    /// nothing may have users who chose one. It is decided on the record that is about to be changed.
    pub(super) fn is_enough_for(self, account: &Account, policy: &Policy) -> Result<(), ActRefusal> {
        match self {
            Self::NotShown if account.has_factor(policy) => Err(ActRefusal::FreshCodeNeeded),
            Self::Fresh | Self::NotShown => Ok(()),
        }
    }
}

impl Target {
    pub(super) fn of(person: Person, actor: Option<&InternalActor<'_>>) -> Self {
        Self { person, code: actor.map_or(Code::Fresh, InternalActor::code) }
    }

    /// Returns it for a look, which takes no code.
    pub(super) fn looked_at(self) -> Self {
        Self { code: Code::Fresh, ..self }
    }

    pub(super) fn may_be_changed(&self, account: &Account, policy: &Policy) -> Result<(), ActRefusal> {
        self.code.is_enough_for(account, policy)
    }
}

impl<'a> Admin<'a> {
    /// Returns who acts, with the role read again; `None` is the vendor's operator, who is no user.
    pub(super) async fn actor(&self) -> Result<Option<InternalActor<'a>>, Stop<ActRefusal>> {
        let Right::MasterAdmin(pass) = self.right else { return Ok(None) };
        match self.core().holder(&pass.session).await? {
            None => Err(ActRefusal::SessionOver.into()),
            // A customer is refused without a trace on their record: nothing is ever written for them (R5).
            Some(Holder { before: None, .. }) => Err(ActRefusal::Denied(Denied::NotMasterAdmin).into()),
            Some(Holder { person, before: Some(before) }) => Ok(Some(InternalActor { person, before, pass })),
        }
    }

    /// Returns the target of an act, if the actor may do it. An attempt without authority is recorded.
    pub(super) async fn target(
        &self,
        user: &UserId,
        act: Act,
        proof: Proof,
    ) -> Result<Target, Stop<ActRefusal>> {
        let actor = self.actor().await?;
        let found = self.core().find(&self.org, user).await?;
        let Some(actor) = actor else {
            let person = authority::may_be_reset(found).map_err(ActRefusal::Denied)?;
            return Ok(Target::of(person, None));
        };
        match authority::may_touch(&actor.person, found) {
            Err(why) => Err(self.deny(&actor, act, why, Some(user)).await?.into()),
            Ok(person) => {
                actor.shows(proof)?;
                Ok(Target::of(person, Some(&actor)))
            }
        }
    }

    /// Changes the account of a user, if the actor may: by their role, by their code, and by what the account itself asks
    /// for, which is decided on the record that is about to be changed (R13).
    pub(super) async fn change<T>(
        &self,
        user: &UserId,
        act: Act,
        change: impl Fn(Account, Terms<'_>) -> Result<Decision<Result<T, ActRefusal>>, Error>,
    ) -> Result<T, Stop<ActRefusal>> {
        let target = self.target(user, act, Proof::FreshCode).await?;
        let decide = |account: Account, terms: Terms<'_>| match target.may_be_changed(&account, terms.policy)
        {
            Ok(()) => change(account, terms),
            Err(refusal) => Ok(Decision::reply(Err(refusal))),
        };
        Ok(self.core().judge(&target.person, &self.trace(), decide).await?.reply)
    }

    /// Returns the policy and time by which a report judges, if the actor may read one.
    pub(super) async fn reader(&self) -> Result<(Policy, Timestamp), Stop<ActRefusal>> {
        let Some(actor) = self.actor().await? else {
            return Ok((self.core().policy(&self.org).await?.record, self.core().clock.now()));
        };
        if let Err(why) = authority::must_be_master_admin(&actor.person) {
            return Err(self.deny(&actor, Act::Report, why, None).await?.into());
        }
        Ok((actor.before.policy, actor.before.now))
    }

    /// Records a refusal on the actor's own record (R10), with the user at whom the act was aimed, and returns it.
    pub(super) async fn deny(
        &self,
        actor: &InternalActor<'_>,
        act: Act,
        why: Denied,
        target: Option<&UserId>,
    ) -> Result<ActRefusal, Error> {
        let record =
            |account: Account, terms: Terms<'_>| Ok(account.record_refused(act, why, target, terms.now));
        self.core().decide(&actor.person, &self.trace(), record).await?;
        Ok(ActRefusal::Denied(why))
    }

    pub(super) fn trace(&self) -> Trace {
        match &self.right {
            Right::MasterAdmin(pass) => Trace::of_pass(pass),
            Right::Operator(operator) => Trace::of(Actor::Operator(operator.clone())),
        }
    }
}
