//! An enrollment or a replacement: the invitation if one is needed, the QR code, the first code.

use crate::{
    account::{Account, Terms},
    driver::{Core, Stop, Trace},
    error::{Error, ErrorKind},
    otp::{LabelRules, Secret},
    tokens::{Means, Ticket, TicketClaims, TicketId},
    two_factor::{
        login::{Bearer, let_in, new_names},
        pages::{Enrolled, Setup},
        request::{Attempt, Visit},
    },
    verdict::Refusal,
};

pub(super) async fn accept(core: &Core, attempt: Attempt<'_>) -> Result<Ticket, Stop<Refusal>> {
    let (claims, person) = core.bearer(attempt.ticket).await?;
    let trace = Trace::of_bearer(&claims, attempt.seen_from);
    let accept = |account: Account, terms: Terms<'_>| Ok(account.accept(&claims, attempt.code, terms));
    let invitation = Some(core.judge(&person, &trace, accept).await?.reply);
    // No new lifetime: the password was typed when the first ticket was made.
    let id = core.draw().map(TicketId)?;
    Ok(core.seal(&TicketClaims { id, invitation, ..claims })?)
}

pub(super) async fn setup(core: &Core, visit: Visit<'_>) -> Result<Setup, Stop<Refusal>> {
    let Visit { ticket, seen_from } = visit;
    let (claims, person) = core.bearer(ticket).await?;
    // A name that is long, or that only a few apps get wrong, keeps nobody from enrolling.
    let label = LabelRules::FORGIVING.label(&core.issuer, &person.account);
    let label =
        label.map_err(|source| Error::from_source(ErrorKind::UnusableName, "drawing a QR code", source))?;
    let trace = Trace::of_bearer(&claims, seen_from);
    let draw = |account: Account, terms: Terms<'_>| {
        let drawn = Secret::draw(&*core.random)
            .map_err(|source| Error::from_source(ErrorKind::Unavailable, "drawing a secret", source))?;
        Ok(account.setup(&claims, drawn, terms))
    };
    let shown = core.judge(&person, &trace, draw).await?.reply;
    let expires_at = shown.expires_at.min(claims.expires_at);
    let setup = Setup::new(label, &shown, expires_at);
    Ok(setup.map_err(|source| Error::from_source(ErrorKind::UnusableName, "drawing a QR code", source))?)
}

pub(super) async fn confirm(core: &Core, attempt: Attempt<'_>) -> Result<Enrolled, Stop<Refusal>> {
    let judge = |account: Account, (claims, _): Bearer<'_>, code: &str, terms: Terms<'_>| {
        Ok(account.confirm(claims, code, new_names(core)?, core.recovery_codes()?, terms))
    };
    let (pass, recovery_codes) = let_in(core, attempt, Means::Code, judge).await?;
    Ok(Enrolled { pass, recovery_codes })
}

pub(super) async fn cancel(core: &Core, visit: Visit<'_>) -> Result<(), Stop<Refusal>> {
    let Visit { ticket, seen_from } = visit;
    let (claims, person) = core.bearer(ticket).await?;
    let trace = Trace::of_bearer(&claims, seen_from);
    let cancel = |account: Account, terms: Terms<'_>| Ok(account.cancel(&claims, terms));
    core.judge(&person, &trace, cancel).await?;
    Ok(())
}
