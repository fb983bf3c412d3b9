//! A user's own recovery codes: drawing new ones, and counting those that are left.

use crate::{
    account::{Account, Terms},
    driver::{Core, Stop, Trace},
    tokens::{Pass, RecoveryCodes, RecoveryCodesLeft},
    verdict::ActRefusal,
};

pub(super) async fn renew(core: &Core, pass: &Pass) -> Result<RecoveryCodes, Stop<ActRefusal>> {
    let session = &pass.session;
    let (person, before) = core.internal_holder(session, ActRefusal::EnrollFirst).await?;
    let terms = before.terms(core);
    before.account().may_prove(terms)?;
    if !session.shows_fresh_code(terms.policy, terms.now) {
        return Err(ActRefusal::FreshCodeNeeded.into());
    }
    // Checked again for what is about to be overwritten: a reset may have come in between.
    let renew = |account: Account, terms: Terms<'_>| {
        Ok(account.renew_recovery_codes(session.generation, core.recovery_codes()?, terms))
    };
    Ok(core.judge(&person, &Trace::of_pass(pass), renew).await?.reply)
}

pub(super) async fn acknowledge(core: &Core, pass: &Pass) -> Result<(), Stop<ActRefusal>> {
    let (person, _) = core.internal_holder(&pass.session, ActRefusal::EnrollFirst).await?;
    let generation = pass.session.generation;
    let acknowledge =
        |account: Account, terms: Terms<'_>| Ok(account.acknowledge_recovery_codes(generation, terms));
    core.judge(&person, &Trace::of_pass(pass), acknowledge).await?;
    Ok(())
}

pub(super) async fn left(core: &Core, pass: &Pass) -> Result<RecoveryCodesLeft, Stop<ActRefusal>> {
    let (_, before) = core.internal_holder(&pass.session, ActRefusal::EnrollFirst).await?;
    Ok(before.account().recovery_codes_left(before.terms(core))?)
}
