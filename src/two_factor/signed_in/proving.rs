//! Proving oneself again: before something sensitive, or to replace the authenticator.

use crate::{
    audit::Purpose,
    driver::{Core, Stop},
    tokens::{Continued, Pass, Ticket},
    verdict::ActRefusal,
};

/// Makes a ticket with which a signed-in user proves themselves again.
pub(super) async fn prove(core: &Core, pass: &Pass, purpose: Purpose) -> Result<Ticket, Stop<ActRefusal>> {
    let session = &pass.session;
    let (person, before) = core.internal_holder(session, ActRefusal::EnrollFirst).await?;
    let terms = before.terms(core);
    before.account().may_prove(terms)?;
    if purpose == Purpose::Replace && !session.may_replace(terms.policy, terms.now) {
        return Err(ActRefusal::FreshCodeNeeded.into());
    }
    let continues =
        Some(Continued { id: session.id, begun_at: session.begun_at, ends_at: session.expires_at });
    let ticket =
        core.ticket(&person, &before.trust(), purpose, before.now, continues, pass.seen_from.clone());
    Ok(ticket?)
}
