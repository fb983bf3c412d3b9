//! Remembered devices, as users see their own and Master Admins those of others.

use crate::{
    account::{Account, Forgotten, Terms},
    admin::authority,
    audit::Act,
    driver::{Holder, Trace},
    error::Error,
    tokens::{Device, DeviceId, Pass},
    two_factor::TwoFactor,
    verdict::{Refusal, Verdict},
    who::{Person, UserId},
};

impl TwoFactor {
    /// The devices of a user on which he is not asked for a code, the oldest first: his own, or for a Master Admin those
    /// of another internal user of his org.
    ///
    /// # Errors
    /// Those of [`resume`](Self::resume).
    pub async fn devices(&self, pass: &Pass, user: &UserId) -> Result<Verdict<Vec<Device>>, Error> {
        let core = &*self.0;
        let owner = match self.owner(pass, user, Wanted::ToLook).await? {
            Verdict::Granted(owner) => owner,
            Verdict::Refused(refusal) => return Ok(Verdict::Refused(refusal)),
        };
        let before = core.before(&owner).await?;
        Ok(Verdict::Granted(before.account().remembered(before.terms(core))))
    }

    /// Forgets a device: the code is asked for on it again. Users forget their own, Master Admins also those of other
    /// internal users of their org. That it is not remembered (any more) is as good.
    ///
    /// Sessions that are running on it go on. To end them as well, as when it was stolen, call
    /// [`end_trust`](Self::end_trust), which forgets all devices.
    ///
    /// # Errors
    /// Those of [`reset`](Self::reset).
    pub async fn forget_device(
        &self,
        pass: &Pass,
        user: &UserId,
        device: &DeviceId,
    ) -> Result<Verdict<()>, Error> {
        self.forget(pass, user, Forgotten::One(*device)).await
    }

    /// Forgets all devices of a user, like [`forget_device`](Self::forget_device).
    ///
    /// # Errors
    /// Those of [`reset`](Self::reset).
    pub async fn forget_devices(&self, pass: &Pass, user: &UserId) -> Result<Verdict<()>, Error> {
        self.forget(pass, user, Forgotten::All).await
    }

    async fn forget(&self, pass: &Pass, user: &UserId, which: Forgotten) -> Result<Verdict<()>, Error> {
        let owner = match self.owner(pass, user, Wanted::ToForget).await? {
            Verdict::Granted(owner) => owner,
            Verdict::Refused(refusal) => return Ok(Verdict::Refused(refusal)),
        };
        let forget = |account: Account, _: Terms<'_>| Ok(account.forget(which));
        self.0.decide(&owner, &Trace::of_pass(pass), forget).await?;
        Ok(Verdict::Granted(()))
    }

    /// Whose devices these are, if the bearer of this pass has any business with them.
    async fn owner(&self, pass: &Pass, user: &UserId, wanted: Wanted) -> Result<Verdict<Person>, Error> {
        let core = &*self.0;
        let found = core.find(pass.org(), user).await?;
        if found.as_ref().is_some_and(|found| found.id == *pass.user()) {
            return Ok(match core.holder(&pass.session).await? {
                None => Verdict::Refused(Refusal::SessionOver),
                Some(Holder { before: None, .. }) => Verdict::Refused(Refusal::EnrollFirst),
                // To ask for more codes than before takes no proof.
                Some(Holder { person, .. }) => Verdict::Granted(person),
            });
        }
        let actor = match core.actor(pass).await? {
            Ok(actor) => actor,
            Err(refusal) => return Ok(Verdict::Refused(refusal)),
        };
        match authority::may_touch(&actor.person, found) {
            Err(why) => {
                let refusal = core.deny(&actor, &Trace::of_pass(pass), Act::ManageDevices, why).await?;
                Ok(Verdict::Refused(refusal))
            }
            Ok(_) if wanted == Wanted::ToForget && actor.needs_fresh_code(pass) => {
                Ok(Verdict::Refused(Refusal::FreshCodeNeeded))
            }
            Ok(owner) => Ok(Verdict::Granted(owner)),
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Wanted {
    ToLook,
    ToForget,
}
