//! Who may enroll when: grace and invitations.

use crate::{
    account::{Account, Terms},
    admin::support::Support,
    audit::{Act, EventKind, Reason, Remedy},
    driver::{Core, Trace},
    error::{Error, ErrorKind},
    policy::Days,
    time::Timestamp,
    tokens::{Invitation, InvitationCode, Pass, TicketId},
    two_factor::TwoFactor,
    verdict::{Refusal, Verdict},
    who::{OrgId, Person, UserId},
};

impl TwoFactor {
    /// Invites another internal user of the Master Admin's org to enroll, once and within 24 hours: the way for those
    /// whose grace is over, and for all where the org's settings ask for it. An earlier invitation is void.
    ///
    /// It may be made before the requirement is switched on. Where invitations are asked for from the start, that is how
    /// the Master Admins themselves get in: one invites the other; a sole one is invited by the vendor's
    /// [`Support`].
    ///
    /// A refusal is [`Refusal::AlreadyEnrolled`], besides those of every administrative act.
    ///
    /// # Errors
    /// Those of [`unlock`](Self::unlock).
    pub async fn invite(&self, pass: &Pass, user: &UserId) -> Result<Verdict<Invitation>, Error> {
        match self.0.target(pass, user, Act::Invite).await? {
            Err(refusal) => Ok(Verdict::Refused(refusal)),
            Ok(target) => self.0.invite(&target, &Trace::of_pass(pass), None).await,
        }
    }

    /// Gives another internal user of the Master Admin's org so many days from now to enroll, where the org's settings
    /// give time at all, and if that is more than he has. Tells until when.
    ///
    /// A refusal is [`Refusal::AlreadyEnrolled`] or [`Refusal::NotOffered`], besides those of every administrative act.
    ///
    /// # Errors
    /// Those of [`unlock`](Self::unlock).
    pub async fn extend(&self, pass: &Pass, user: &UserId, days: Days) -> Result<Verdict<Timestamp>, Error> {
        let core = &*self.0;
        let target = match core.target(pass, user, Act::Extend).await? {
            Err(refusal) => return Ok(Verdict::Refused(refusal)),
            Ok(target) => target,
        };
        let extend = |account: Account, terms: Terms<'_>| Ok(account.extend(days, terms));
        let decided = core.decide(&target, &Trace::of_pass(pass), extend).await?;
        Ok(decided.reply.into())
    }

    /// [Resets](Self::reset) a user whose account was blocked, and states that his password has been changed since:
    /// whoever had guessed it is out. Change it first.
    ///
    /// # Errors
    /// Those of [`reset`](Self::reset).
    pub async fn reset_with_new_password(&self, pass: &Pass, user: &UserId) -> Result<Verdict<()>, Error> {
        match self.0.target(pass, user, Act::Reset).await? {
            Err(refusal) => Ok(Verdict::Refused(refusal)),
            Ok(target) => self
                .0
                .reset_with_new_password(&target, &Trace::of_pass(pass), None)
                .await
                .map(Verdict::Granted),
        }
    }

    /// [Resets](Self::reset) a user, blocked or not, who then enrolls with the invitation only: whoever else knows his
    /// password gets nowhere with it.
    ///
    /// # Errors
    /// Those of [`reset`](Self::reset).
    pub async fn reset_and_invite(&self, pass: &Pass, user: &UserId) -> Result<Verdict<Invitation>, Error> {
        match self.0.target(pass, user, Act::Reset).await? {
            Err(refusal) => Ok(Verdict::Refused(refusal)),
            Ok(target) => {
                self.0.reset_and_invite(&target, &Trace::of_pass(pass), None).await.map(Verdict::Granted)
            }
        }
    }
}

impl Support {
    /// Invites a user to enroll, as [`TwoFactor::invite`] does.
    ///
    /// # Errors
    /// Those of [`unlock`](Self::unlock).
    pub async fn invite(
        &self,
        org: &OrgId,
        user: &UserId,
        reason: &Reason,
    ) -> Result<Verdict<Invitation>, Error> {
        match self.internal(org, user).await? {
            Err(why) => Ok(Verdict::Refused(Refusal::Denied(why))),
            Ok(target) => self.two_factor.0.invite(&target, &self.trace(), Some(reason)).await,
        }
    }

    /// [Resets](Self::reset) a user whose account was blocked and whose password has been changed since.
    ///
    /// # Errors
    /// Those of [`reset`](Self::reset).
    pub async fn reset_with_new_password(
        &self,
        org: &OrgId,
        user: &UserId,
        reason: &Reason,
    ) -> Result<Verdict<()>, Error> {
        let core = &*self.two_factor.0;
        match self.internal(org, user).await? {
            Err(why) => Ok(Verdict::Refused(Refusal::Denied(why))),
            Ok(target) => {
                core.reset_with_new_password(&target, &self.trace(), Some(reason)).await.map(Verdict::Granted)
            }
        }
    }

    /// [Resets](Self::reset) a user, blocked or not, who then enrolls with the invitation only.
    ///
    /// # Errors
    /// Those of [`reset`](Self::reset).
    pub async fn reset_and_invite(
        &self,
        org: &OrgId,
        user: &UserId,
        reason: &Reason,
    ) -> Result<Verdict<Invitation>, Error> {
        let core = &*self.two_factor.0;
        match self.internal(org, user).await? {
            Err(why) => Ok(Verdict::Refused(Refusal::Denied(why))),
            Ok(target) => {
                core.reset_and_invite(&target, &self.trace(), Some(reason)).await.map(Verdict::Granted)
            }
        }
    }
}

impl Core {
    async fn invite(
        &self,
        target: &Person,
        trace: &Trace,
        reason: Option<&Reason>,
    ) -> Result<Verdict<Invitation>, Error> {
        let invite = |account: Account, terms: Terms<'_>| {
            Ok(account.invite(self.draw().map(TicketId)?, self.invitation()?, reason.cloned(), terms))
        };
        Ok(self.decide(target, trace, invite).await?.reply.into())
    }

    async fn reset_with_new_password(
        &self,
        target: &Person,
        trace: &Trace,
        reason: Option<&Reason>,
    ) -> Result<(), Error> {
        let event = EventKind::Reset { remedy: Remedy::NewPassword, reason: reason.cloned() };
        let reset = |_: Option<Account>, next, _| Ok(Account::reset(next, event.clone()));
        self.overwrite(target, trace, reset).await
    }

    async fn reset_and_invite(
        &self,
        target: &Person,
        trace: &Trace,
        reason: Option<&Reason>,
    ) -> Result<Invitation, Error> {
        let event = EventKind::Reset { remedy: Remedy::Invitation, reason: reason.cloned() };
        let reset = |_: Option<Account>, next, now| {
            let (id, code) = (self.draw().map(TicketId)?, self.invitation()?);
            Ok(Account::reset_and_invite(next, id, code, now, event.clone()))
        };
        self.overwrite(target, trace, reset).await
    }

    fn invitation(&self) -> Result<InvitationCode, Error> {
        InvitationCode::draw(&*self.random)
            .map_err(|source| Error::from_source(ErrorKind::Unavailable, "drawing an invitation", source))
    }
}
