//! Taking an invitation.

use crate::{
    account::{Account, Terms},
    driver::Trace,
    error::Error,
    tokens::{Ticket, TicketClaims, TicketId},
    two_factor::{TwoFactor, request::Attempt},
    verdict::{Refusal, Verdict},
};

impl TwoFactor {
    /// Takes an invitation from a user who needs one to enroll, typed at the page to which
    /// [`Gate::AskInvitation`](crate::Gate::AskInvitation) or [`Refusal::InvitationNeeded`] led. The ticket that it
    /// gives takes the place of the one in hand, for [`setup`](Self::setup) and [`confirm`](Self::confirm).
    ///
    /// A wrong one counts like a wrong code. A right one is spent by the enrollment.
    ///
    /// # Errors
    /// Those of [`verify`](Self::verify).
    pub async fn accept(&self, attempt: Attempt<'_>) -> Result<Verdict<Ticket>, Error> {
        let core = &*self.0;
        let Some((claims, person)) = core.bearer(attempt.ticket).await? else {
            return Ok(Verdict::Refused(Refusal::TicketVoid));
        };
        let trace = Trace::of_bearer(&claims, attempt.seen_from);
        let accept = |account: Account, terms: Terms<'_>| Ok(account.accept(&claims, attempt.code, terms));
        match core.decide(&person, &trace, accept).await?.reply {
            Err(refusal) => Ok(Verdict::Refused(refusal)),
            Ok(invitation) => {
                // No new lifetime: the password is as old as it was.
                let id = core.draw().map(TicketId)?;
                core.seal(&TicketClaims { id, invitation: Some(invitation), ..claims }).map(Verdict::Granted)
            }
        }
    }
}
