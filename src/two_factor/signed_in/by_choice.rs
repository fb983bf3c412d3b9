//! Enrolling when nobody has to, and withdrawing again.

use crate::{
    account::{Account, Standing, Terms},
    audit::Purpose,
    driver::{Core, Stop, Trace},
    error::{Error, ErrorKind},
    seal::Generation,
    tokens::{Pass, Ticket},
    two_factor::request::FirstFactor,
    verdict::ActRefusal,
};

pub(super) async fn enroll(
    core: &Core,
    pass: &Pass,
    first_factor: FirstFactor,
) -> Result<Ticket, Stop<ActRefusal>> {
    let FirstFactor { org, user, seen_from, device: _, begun_at } = first_factor;
    let (person, before) = core.internal_holder(&pass.session, ActRefusal::NotOffered).await?;
    // Compared by the id in the directory's spelling: a host may spell it in more than one way.
    let named = core.known(&org, &user).await?;
    if (named.org, named.id) != (person.org.clone(), person.id.clone()) {
        return Err(ActRefusal::SessionOver.into());
    }
    if before.account().has_newer_password(begun_at) {
        return Err(Error::new(ErrorKind::PasswordMoved, "starting an enrollment").into());
    }
    match before.account().standing(before.terms(core)) {
        Standing::Blocked | Standing::Outdated => Err(ActRefusal::Blocked.into()),
        Standing::Enrolled | Standing::Imported => Err(ActRefusal::AlreadyEnrolled.into()),
        Standing::NotRequired if !before.policy.takes_codes() => Err(ActRefusal::NotOffered.into()),
        Standing::NotRequired | Standing::NotEnrolled | Standing::Grace { .. } | Standing::Uninvited => {
            Ok(core.ticket(&person, &before.trust(), Purpose::Enroll, before.now, None, seen_from)?)
        }
    }
}

pub(super) async fn withdraw(core: &Core, pass: &Pass) -> Result<(), Stop<ActRefusal>> {
    let session = &pass.session;
    let (person, _) = core.internal_holder(session, ActRefusal::NotOffered).await?;
    let withdraw = |account: Account, terms: Terms<'_>| {
        let fresh = session.shows_fresh_code(terms.policy, terms.now);
        Ok(account.withdraw(session.generation, fresh, Generation(core.draw()?), terms))
    };
    core.judge(&person, &Trace::of_pass(pass), withdraw).await?;
    Ok(())
}
