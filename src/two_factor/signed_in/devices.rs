//! The devices on which a user is not asked for a code: remembering one, and managing one's own.

use crate::{
    account::{Account, Forgotten, Terms},
    audit::Origin,
    driver::{Core, Decided, Stop, Trace},
    tokens::{Device, DeviceClaims, DeviceId, Pass, RememberedDevice},
    verdict::ActRefusal,
};

pub(super) async fn remember(
    core: &Core,
    pass: &Pass,
    name: Origin,
) -> Result<RememberedDevice, Stop<ActRefusal>> {
    // A customer is asked for no code on any device.
    let (person, before) = core.internal_holder(&pass.session, ActRefusal::EnrollFirst).await?;
    before.account().may_prove(before.terms(core))?;
    if !pass.session.shows_fresh_code(&before.policy, before.now) {
        return Err(ActRefusal::FreshCodeNeeded.into());
    }
    let (id, generation) = (DeviceId(core.draw()?), pass.session.generation);
    let remember =
        |account: Account, terms: Terms<'_>| Ok(account.remember(generation, id, name.clone(), terms));
    let Decided { reply: expires_at, policy, .. } =
        core.judge(&person, &Trace::of_pass(pass), remember).await?;
    let claims = DeviceClaims { id, org: person.org, user: person.id, generation, epoch: policy.epoch };
    Ok(RememberedDevice { token: core.seal(&claims)?, expires_at })
}

pub(super) async fn list(core: &Core, pass: &Pass) -> Result<Vec<Device>, Stop<ActRefusal>> {
    let (_, before) = core.internal_holder(&pass.session, ActRefusal::EnrollFirst).await?;
    Ok(before.account().remembered(before.terms(core)))
}

/// Forgets devices. This takes no proof, since more codes are asked for afterwards.
pub(super) async fn forget(core: &Core, pass: &Pass, which: Forgotten) -> Result<(), Stop<ActRefusal>> {
    let (owner, _) = core.internal_holder(&pass.session, ActRefusal::EnrollFirst).await?;
    let forget = |account: Account, _: Terms<'_>| Ok(account.forget(which, None));
    core.decide(&owner, &Trace::of_pass(pass), forget).await?;
    Ok(())
}
