//! Remembered devices: on them a user is not asked for a code after his password.

use std::fmt;

use crate::{
    account::{Account, Terms},
    audit::Origin,
    driver::{Core, Decided, Holder, Trace, Trust},
    error::{Error, ErrorKind},
    tokens::{DeviceClaims, DeviceId, DeviceToken, Means, Pass, RememberedDevice},
    two_factor::TwoFactor,
    verdict::{Refusal, Verdict},
    who::Person,
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
}

impl Core {
    /// A pass for a user whose first factor was just accepted on a remembered device; `None` if the code must be
    /// asked for.
    pub(crate) async fn enter_on(
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
