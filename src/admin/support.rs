//! The vendor's support desk: helps where no Master Admin can.

use std::convert::Infallible;

use crate::{
    audit::{Actor, Denied, Operator, Reason},
    driver::Trace,
    error::Error,
    policy::Requirement,
    two_factor::TwoFactor,
    verdict::{Refusal, Verdict},
    who::{OrgId, Person, Role, UserId},
};

/// What the vendor's support may do, in any org, with its name and a reason on record.
///
/// A type of its own, so that a portal which never makes one cannot be talked into using it: make it in the
/// tool of the support desk, whose operators you authenticate by other means.
///
/// A reset forces a new enrollment. Nothing here lets anybody past the code.
#[derive(Clone, Debug)]
pub struct Support {
    pub(crate) two_factor: TwoFactor,
    pub(crate) operator: Operator,
}

impl Support {
    /// The support desk, in the person of this operator.
    pub fn new(two_factor: &TwoFactor, operator: Operator) -> Self {
        Self { two_factor: two_factor.clone(), operator }
    }

    /// Takes the second factor off a user, who must enroll again: the way back for a sole Master Admin who is
    /// locked out. Works also when what is stored for him cannot be opened any more.
    ///
    /// # Errors
    /// [`ErrorKind::UnknownUser`](crate::ErrorKind::UnknownUser), and those of
    /// [`TwoFactor::reset`](crate::TwoFactor::reset).
    pub async fn reset(&self, org: &OrgId, user: &UserId, reason: &Reason) -> Result<Verdict<()>, Error> {
        let core = &*self.two_factor.0;
        match self.internal(org, user).await? {
            Ok(target) => Ok(core.reset(&target, &self.trace(), Some(reason)).await?.into()),
            Err(why) => Ok(Verdict::Refused(Refusal::Denied(why))),
        }
    }

    /// Lifts the waiting or the block of a user. His authenticator stays, his sessions end. Whoever blocked the account
    /// knows its password all the same: have it changed.
    ///
    /// # Errors
    /// Those of [`reset`](Self::reset), and [`ErrorKind::Unreadable`](crate::ErrorKind::Unreadable) if the user's
    /// record does not open.
    pub async fn unlock(&self, org: &OrgId, user: &UserId, reason: &Reason) -> Result<Verdict<()>, Error> {
        let core = &*self.two_factor.0;
        match self.internal(org, user).await? {
            Ok(target) => core.unlock(&target, &self.trace(), Some(reason)).await.map(Verdict::Granted),
            Err(why) => Ok(Verdict::Refused(Refusal::Denied(why))),
        }
    }

    /// Sets an org's requirement: mandates it, lifts that again, or switches it on and off like a Master Admin.
    ///
    /// # Errors
    /// Those of [`TwoFactor::require`](crate::TwoFactor::require).
    pub async fn require(&self, org: &OrgId, to: Requirement, reason: &Reason) -> Result<(), Error> {
        let anything = |_| Ok::<(), Infallible>(());
        let core = &*self.two_factor.0;
        match core.switch(org, &self.trace(), to, Some(reason), anything).await? {
            Ok(()) => Ok(()),
        }
    }

    /// Customers have nothing to reset, and nothing is ever written for them (R5).
    pub(crate) async fn internal(&self, org: &OrgId, user: &UserId) -> Result<Result<Person, Denied>, Error> {
        let person = self.two_factor.0.known(org, user).await?;
        Ok(if person.role == Role::Customer { Err(Denied::Customer) } else { Ok(person) })
    }

    pub(crate) fn trace(&self) -> Trace {
        Trace::of(Actor::Operator(self.operator.clone()))
    }
}
