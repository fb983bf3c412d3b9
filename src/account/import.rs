//! Authenticators of another system: taken over once they have shown one right code.

use super::{Account, Answer, Decision, Guesses, Imported, Let, Live, Miss, Recovery, Spent, Terms};
use crate::{
    audit::{EventKind, Purpose, Reason},
    otp::{Check, Code, Match, Secret, Totp},
    policy::Policy,
    seal::Generation,
    tokens::{AuthenticatorId, TicketClaims},
    verdict::{ActRefusal, Import, Refusal},
};

impl Account {
    /// Returns the imported authenticator, if it is to be taken over. That is only so if codes are required, so that it
    /// does not get in the way of a user who enrolls by choice before.
    pub(super) fn imported(&self, policy: &Policy) -> Option<&Imported> {
        self.waiting(policy).filter(|_| policy.requirement.asks())
    }

    fn waiting(&self, policy: &Policy) -> Option<&Imported> {
        self.imported.as_ref().filter(|imported| policy.counts(imported.epoch))
    }

    /// Imports a key of another system. It lets nobody in and asks nobody before it has shown one right code.
    ///
    /// Refused if there ever was an authenticator. A list may be imported again after a phone was stolen and the
    /// account reset or its authenticator replaced; that must not bring the old one back (R7, R8).
    pub(crate) fn import(
        mut self,
        secret: Secret,
        totp: Totp,
        reason: &Reason,
        terms: Terms<'_>,
    ) -> Answer<Import, ActRefusal> {
        let same = |other: &Secret, of: Totp| of == totp && other.is(&secret);
        if let Some(live) = &self.live {
            let is_same = same(&live.secret, live.totp);
            return Decision::reply(if is_same {
                Ok(Import::AlreadyThere)
            } else {
                Err(ActRefusal::TooLateToImport)
            });
        }
        if self.was_taken_off {
            return Decision::reply(Err(ActRefusal::TooLateToImport));
        }
        if let Some(waiting) = self.waiting(terms.policy) {
            // Whose key is whose cannot be told here: neither of two replaces the other.
            let is_same = same(&waiting.secret, waiting.totp);
            return Decision::reply(if is_same {
                Ok(Import::AlreadyThere)
            } else {
                Err(ActRefusal::AnotherKeyWaits)
            });
        }
        self.imported = Some(Imported { secret, totp, epoch: terms.policy.epoch, at: terms.now });
        // A user who was about to enroll shows the code of the imported authenticator instead.
        self.pending = None;
        Decision::write(self, vec![EventKind::Imported { reason: reason.clone() }], Ok(Import::Done))
    }

    /// Takes the first code of an imported authenticator, which then becomes live (R1, R2).
    pub(crate) fn take_over(
        mut self,
        ticket: &TicketClaims,
        code: &str,
        (id, next): (AuthenticatorId, Generation),
        terms: Terms<'_>,
    ) -> Answer<Let<()>> {
        if let Err(refusal) = self.admit_first(ticket, &[Purpose::TakeOver], terms) {
            return Decision::reply(Err(refusal));
        }
        if let Some(locked) = self.locked(terms) {
            return self.keep_out(locked, terms);
        }
        let Some(imported) = self.imported.take().filter(|imported| terms.policy.counts(imported.epoch))
        else {
            return Decision::reply(Err(Refusal::TicketVoid));
        };
        let Ok(code) = Code::parse(code, imported.totp.digits()) else {
            return Decision::reply(Err(Refusal::Malformed));
        };
        match imported.totp.check(&imported.secret, code, terms.now, terms.codes.window, None) {
            Check::Right(Match { step, offset, .. }) => {
                self.live = Some(Live {
                    id,
                    secret: imported.secret,
                    totp: imported.totp,
                    epoch: terms.policy.epoch,
                    chosen: terms.policy.choice(),
                    told_unasked: false,
                    since: terms.now,
                    consumed: step,
                    drift: terms.codes.followed(offset),
                    last_used: terms.now,
                    // The user draws recovery codes later: the page that asked for this code has no place for them.
                    recovery: Recovery::default(),
                });
                self.guesses = Guesses::default();
                self.joining = self.joining.after_enrolling();
                self.move_to(next);
                self.confirmed = Some(Spent::of(ticket));
                let event = EventKind::Enrolled { epoch: terms.policy.epoch };
                Decision::write_and_end_sessions(self, event, Ok(Let { generation: next, with: () }))
            }
            Check::Used | Check::Wrong => {
                let hint = imported.hint(code, terms);
                self.imported = Some(imported);
                self.count(ticket.purpose, Miss::Wrong(hint), terms)
            }
        }
    }
}
