//! Remembered devices: on them a user is not asked for a code after his password.

use std::fmt;

use super::{
    Core, TwoFactor,
    deciding::{Decided, Holder, Trace, Trust},
};
use crate::{
    account::{Account, Forgotten, Terms},
    authority,
    device::{Device, DeviceClaims, DeviceId, DeviceToken, RememberedDevice},
    error::{Error, ErrorKind},
    event::{Act, Origin},
    pass::{Means, Pass},
    verdict::{Refusal, Verdict},
    who::{Person, UserId},
};

impl TwoFactor {
    /// Remembers the device that a user is at who has just shown a code, if his org
    /// [allows it](crate::Settings::with_remember_devices): until the day that the answer tells, or until it is
    /// forgotten, his password is enough on it. The `name` is shown when devices are listed, and stands in the trail;
    /// of a longer one the first 128 bytes.
    ///
    /// A user has at most eight. One more, and the one goes whose time would have ended first.
    ///
    /// # Errors
    /// Those of [`resume`](Self::resume), [`ErrorKind::Contended`] and [`ErrorKind::OutcomeUnknown`]: the code will
    /// be asked for.
    pub async fn remember_device(
        &self,
        pass: &Pass,
        name: impl fmt::Display,
    ) -> Result<Verdict<RememberedDevice>, Error> {
        let core = &*self.0;
        let Some(Holder { person, before }) = core.holder(&pass.session).await? else {
            return Ok(Verdict::Refused(Refusal::SessionOver));
        };
        // A customer is asked for no code on any device.
        let Some(before) = before else { return Ok(Verdict::Refused(Refusal::EnrollFirst)) };
        if let Err(refusal) = before.account().may_prove(before.terms(core)) {
            return Ok(Verdict::Refused(refusal));
        }
        if !pass.session.shows_fresh_code(&before.policy, before.now) {
            return Ok(Verdict::Refused(Refusal::FreshCodeNeeded));
        }
        let name = Origin::of_device(&name);
        let (id, generation) = (DeviceId(core.draw()?), pass.session.generation);
        let remember =
            |account: Account, terms: Terms<'_>| Ok(account.remember(generation, id, name.clone(), terms));
        let Decided { reply, policy, .. } = core.decide(&person, &Trace::of_pass(pass), remember).await?;
        let expires_at = match reply {
            Ok(expires_at) => expires_at,
            Err(refusal) => return Ok(Verdict::Refused(refusal)),
        };
        let claims = DeviceClaims { id, org: person.org, user: person.id, generation, epoch: policy.epoch };
        let sealing = |source| Error::from_source(ErrorKind::Unavailable, "sealing a device's token", source);
        let token = claims.seal(&core.keyring, &*core.random).map_err(sealing)?;
        Ok(Verdict::Granted(RememberedDevice { token, expires_at }))
    }

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

impl Core {
    /// A pass for a user whose first factor was just accepted on a remembered device; `None` if the code must be
    /// asked for.
    pub(super) async fn enter_on(
        &self,
        person: &Person,
        device: &DeviceToken,
        trace: &Trace,
    ) -> Result<Option<Pass>, Error> {
        let Some(claims) = DeviceClaims::open(device, &self.keyring) else { return Ok(None) };
        if claims.org != person.org || claims.user != person.id {
            return Ok(None);
        }
        let enter = |account: Account, terms: Terms<'_>| Ok(account.enter_on(&claims, terms));
        let Decided { reply, policy, now, witness } = self.decide(person, trace, enter).await?;
        let Some(generation) = reply else { return Ok(None) };
        let trust = Trust { generation, policy };
        self.pass(person, trust, Means::RememberedDevice, now, None, witness).map(Some)
    }
}
