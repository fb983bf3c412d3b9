//! Withdrawing an authenticator that was enrolled by choice.

use super::{Account, Answer, Decision, Terms};
use crate::{audit::EventKind, seal::Generation, verdict::ActRefusal};

impl Account {
    /// Removes the authenticator of a user. Their session, of `generation`, must show a code of just now (R8). The
    /// guesses stay: a user who enrolls again continues the same row (R2).
    pub(crate) fn withdraw(
        mut self,
        generation: Generation,
        shows_fresh_code: bool,
        next: Generation,
        terms: Terms<'_>,
    ) -> Answer<(), ActRefusal> {
        let refusal = if self.generation != generation {
            Some(ActRefusal::SessionOver)
        } else if terms.policy.requirement.asks() {
            Some(ActRefusal::CodesRequired)
        } else if let Err(refusal) = self.may_prove(terms) {
            Some(refusal)
        } else {
            (!shows_fresh_code).then_some(ActRefusal::FreshCodeNeeded)
        };
        if let Some(refusal) = refusal {
            return Decision::reply(Err(refusal));
        }
        (self.live, self.was_taken_off) = (None, true);
        self.move_to(next);
        Decision::write_and_end_sessions(self, EventKind::Withdrawn, Ok(()))
    }
}
