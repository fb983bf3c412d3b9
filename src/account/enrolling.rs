//! Enrolling and replacing: a secret is drawn and shown, and becomes live once it has shown its first code.

use super::{
    Account, Answer, Decision, Drawings, Guesses, Let, Live, Miss, Notice, Pending, Recovery, Shown, Spent,
    Terms, hints::FirstCode,
};
use crate::{
    audit::{EventKind, Purpose},
    otp::{Check, Match, Secret},
    seal::Generation,
    tokens::{AuthenticatorId, Drawn, RecoveryCodes, TicketClaims},
    verdict::{Hint, Refusal},
};

/// How many superseded tickets are remembered. Of more than that within the lifetime of a ticket, the first are forgotten.
const MOST_SUPERSEDED: usize = 16;

impl Account {
    /// Shows the QR code of this ticket, and draws it first if there is none (R8, R9). Every tab of one ticket sees the
    /// same secret, and never one that another ticket drew. So many are drawn within an hour and no more (R10).
    pub(crate) fn setup(mut self, ticket: &TicketClaims, drawn: Secret, terms: Terms<'_>) -> Answer<Shown> {
        let admitted = self.admit(ticket, &[Purpose::Enroll, Purpose::Replace], terms);
        if let Err(refusal) = admitted.and_then(|()| self.admit_to_enroll(ticket, terms)) {
            return Decision::reply(Err(refusal));
        }
        if self.is_blocked(terms) {
            return Decision::reply(Err(Refusal::Blocked));
        }
        let (mut events, mut superseded) = (Vec::new(), Vec::new());
        if let Some(pending) = self.pending.take().filter(|pending| pending.is_alive(terms)) {
            if pending.ticket == ticket.id {
                return Decision::reply(Ok(pending.shown()));
            }
            // The latest check-in wins. Two that came at about the same time, perhaps at two servers, have no order but
            // that in which they got here; what was superseded stays so, so that they do not take turns.
            let is_older = ticket.issued_at.is_surely_before(pending.ticket_issued_at);
            if is_older || pending.superseded.contains(&ticket.id) {
                return Decision::reply(Err(Refusal::TicketVoid));
            }
            superseded = pending.superseded;
            superseded.push(pending.ticket);
            superseded.drain(..superseded.len().saturating_sub(MOST_SUPERSEDED));
        }
        self.drawings = match self.drawings.and_another(terms.now) {
            Ok(drawings) => drawings,
            Err(until) => return Decision::reply(Err(Refusal::Wait { until })),
        };
        // Its owner is told, and not more often than once an hour.
        if !superseded.is_empty() && self.notes(Notice::Superseded, terms.now) {
            events.push(EventKind::EnrollmentSuperseded);
        }
        events.push(match ticket.purpose {
            Purpose::Replace => EventKind::ReplacementStarted,
            _ => EventKind::EnrollmentStarted,
        });
        let pending = Pending {
            secret: drawn,
            totp: terms.codes.totp,
            ticket: ticket.id,
            ticket_issued_at: ticket.issued_at,
            drawn_at: terms.now,
            superseded,
            expires_at: terms.now.after(terms.settings().pending_lifetime()),
            guesses: Guesses::default(),
        };
        let shown = pending.shown();
        self.pending = Some(pending);
        Decision::write(self, events, Ok(shown))
    }

    /// Takes the first code of a pending secret, which then becomes live and replaces any other. An enrollment comes
    /// with recovery codes. A replacement keeps the existing ones, since nobody lost them.
    pub(crate) fn confirm(
        mut self,
        ticket: &TicketClaims,
        code: &str,
        (id, next): (AuthenticatorId, Generation),
        drawn: Drawn,
        terms: Terms<'_>,
    ) -> Answer<Let<Option<RecoveryCodes>>> {
        let admitted = self.admit_first(ticket, &[Purpose::Enroll, Purpose::Replace], terms);
        if let Err(refusal) = admitted.and_then(|()| self.admit_to_enroll(ticket, terms)) {
            return Decision::reply(Err(refusal));
        }
        if let Some(locked) = self.locked(terms) {
            return self.keep_out(locked, terms);
        }
        let counts_here = self.has_time(ticket, terms);
        let (pending, code) = match self.pending.take() {
            Some(pending) if pending.is_alive(terms) && pending.ticket == ticket.id => {
                match FirstCode::parse(code, pending.totp.digits()) {
                    Some(code) => (pending, code),
                    None => return Decision::reply(Err(Refusal::Malformed)),
                }
            }
            Some(pending) if pending.is_alive(terms) => return Decision::reply(Err(Refusal::TicketVoid)),
            _ => return Decision::reply(Err(Refusal::SetupExpired)),
        };
        let checked = match code {
            FirstCode::AsAsked(code) => {
                pending.totp.check(&pending.secret, code, terms.now, terms.codes.window, None)
            }
            FirstCode::Six(_) => Check::Wrong,
        };
        match checked {
            Check::Right(Match { step, offset, .. }) => {
                let replaced = self.live.take().filter(|_| ticket.purpose == Purpose::Replace);
                let (recovery, shown) = match replaced {
                    Some(replaced) => (replaced.recovery, None),
                    None => (Recovery { codes: drawn.kept, ..Recovery::default() }, Some(drawn.shown)),
                };
                self.live = Some(Live {
                    id,
                    secret: pending.secret,
                    totp: pending.totp,
                    epoch: terms.policy.epoch,
                    chosen: terms.policy.choice(),
                    told_unasked: false,
                    since: terms.now,
                    last_used: terms.now,
                    consumed: step,
                    drift: terms.codes.followed(offset),
                    recovery,
                });
                self.imported = None;
                self.guesses = Guesses::default();
                self.joining = self.joining.after_enrolling();
                self.drawings = Drawings::default();
                self.move_to(next);
                self.confirmed = Some(Spent::of(ticket));
                let event = match ticket.purpose {
                    Purpose::Replace => EventKind::Replaced,
                    _ => EventKind::Enrolled { epoch: terms.policy.epoch },
                };
                Decision::write_and_end_sessions(self, event, Ok(Let { generation: next, with: shown }))
            }
            Check::Used | Check::Wrong => {
                let hint = pending.hint(code, terms);
                if counts_here {
                    return self.count_against(pending, hint, terms);
                }
                self.pending = Some(pending);
                self.count(ticket.purpose, Miss::Wrong(hint), terms)
            }
        }
    }

    /// Counts a wrong first code of somebody who has time to enroll, and gets in without one. They are not kept out for
    /// it: the end of the row costs them the QR code, and they scan another.
    fn count_against<T>(mut self, mut pending: Pending, hint: Option<Hint>, terms: Terms<'_>) -> Answer<T> {
        let row = pending.guesses.and_another(true, terms.settings(), terms.now);
        let (left, wait_until) = (row.left(terms.settings()), row.wait_until());
        let mut events = vec![EventKind::CodeRefused {
            purpose: Purpose::Enroll,
            already_used: false,
            in_a_row: row.in_a_row,
            wait: row.wait.map(|wait| wait.lasts),
        }];
        if left == 0 {
            events.push(EventKind::EnrollmentVoided);
            return Decision::write(self, events, Err(Refusal::SetupExpired));
        }
        pending.guesses = row;
        self.pending = Some(pending);
        Decision::write(self, events, Err(Refusal::WrongCode { left, wait_until, hint }))
    }

    /// Returns the row in which wrong first codes of this ticket count, if it is not the account's.
    pub(super) fn pending_row(&self, ticket: &TicketClaims, terms: Terms<'_>) -> Option<&Guesses> {
        let pending = self.pending.as_ref().filter(|pending| pending.ticket == ticket.id)?;
        self.has_time(ticket, terms).then_some(&pending.guesses)
    }

    /// Forgets the pending secret that this ticket drew. A live one stays as it is (R8).
    pub(crate) fn cancel(mut self, ticket: &TicketClaims, terms: Terms<'_>) -> Answer<()> {
        if let Err(refusal) = self.admit(ticket, &[Purpose::Enroll, Purpose::Replace], terms) {
            return Decision::reply(Err(refusal));
        }
        if self.pending.take_if(|pending| pending.ticket == ticket.id).is_none() {
            return Decision::reply(Ok(()));
        }
        let event = match ticket.purpose {
            Purpose::Replace => EventKind::ReplacementCancelled,
            _ => EventKind::EnrollmentCancelled,
        };
        Decision::write(self, vec![event], Ok(()))
    }
}
