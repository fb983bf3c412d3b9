//! Recovery codes: they belong to the enrollment, and wrong guesses at them are counted in a row of their own.

use super::{Account, Answer, Decision, Guesses, Let, Live, Locked, Terms};
use crate::{
    audit::{EventKind, Purpose},
    seal::Generation,
    time::Timestamp,
    tokens::{Drawn, KeptCodes, Paper, PaperCode, RecoveryCodes, RecoveryCodesLeft, TicketClaims},
    verdict::{ActRefusal, Refusal},
    who::Role,
};

/// The recovery codes of an enrolled authenticator. They are stored in it, and so end with it.
#[derive(Debug, Default)]
pub(crate) struct Recovery {
    pub(crate) codes: KeptCodes,
    /// Whether their user has said that they have them.
    pub(crate) acknowledged: bool,
    /// The wrong guesses at a recovery code, under the same ceiling (NIST SP 800-63B-4 §3.2.2).
    pub(crate) guesses: Guesses,
}

impl Account {
    /// Takes a recovery code instead of the app's (R1, R2, R3). Everything handed out before is void: a user who needs
    /// one has lost something, and someone may have found it. The authenticator stays, and the account is on probation.
    pub(crate) fn recover(
        mut self,
        ticket: &TicketClaims,
        code: &str,
        role: Role,
        next: Generation,
        terms: Terms<'_>,
    ) -> Answer<Let<u32>> {
        if let Err(refusal) = self.admit(ticket, &[Purpose::LogIn], terms) {
            return Decision::reply(Err(refusal));
        }
        if let Some(locked) = self.locked(terms) {
            return self.keep_out(locked, terms);
        }
        let Some(live) = self.live.as_mut() else {
            return Decision::reply(Err(Refusal::TicketVoid));
        };
        let Ok(code) = PaperCode::parse_as(Paper::RecoveryCode, code) else {
            return Decision::reply(Err(Refusal::Malformed));
        };
        let Recovery { codes, guesses, .. } = &mut live.recovery;
        if codes.take(&code).is_some() {
            let left = codes.left();
            *guesses = Guesses::default();
            self.move_to(next);
            let used = EventKind::RecoveryUsed { left, role, until: self.begin_probation(terms) };
            return Decision::write_and_end_sessions(self, used, Ok(Let { generation: next, with: left }));
        }
        *guesses = guesses.and_another(true, terms.settings(), terms.now);
        let (left, wait_until) = (guesses.left(terms.settings()), guesses.wait_until());
        let wait = guesses.wait.map(|wait| wait.lasts);
        let mut events = vec![EventKind::RecoveryRefused { in_a_row: guesses.in_a_row, wait }];
        if left == 0 {
            events.push(self.block(terms));
            return Decision::write(self, events, Err(Refusal::Blocked));
        }
        Decision::write(self, events, Err(Refusal::WrongCode { left, wait_until, hint: None }))
    }

    /// Replaces the recovery codes by new ones; none of the old ones works any more. `of` is the generation of the
    /// session in which they were asked for.
    pub(crate) fn renew_recovery_codes(
        mut self,
        of: Generation,
        drawn: Drawn,
        terms: Terms<'_>,
    ) -> Answer<RecoveryCodes, ActRefusal> {
        if of != self.generation {
            return Decision::reply(Err(ActRefusal::SessionOver));
        }
        if let Err(refusal) = self.may_prove(terms).and_then(|()| self.is_trusted(terms.now)) {
            return Decision::reply(Err(refusal));
        }
        let Some(live) = self.live.as_mut() else {
            return Decision::reply(Err(ActRefusal::EnrollFirst));
        };
        // The row continues: new codes are no reason to restart the count (R2).
        live.recovery.codes = drawn.kept;
        live.recovery.acknowledged = false;
        Decision::write(self, vec![EventKind::RecoveryCodesRenewed], Ok(drawn.shown))
    }

    /// Notes that the user has the codes that were shown last. `of` is the generation of the session in which they say so.
    pub(crate) fn acknowledge_recovery_codes(
        mut self,
        of: Generation,
        terms: Terms<'_>,
    ) -> Answer<(), ActRefusal> {
        if of != self.generation {
            return Decision::reply(Err(ActRefusal::SessionOver));
        }
        if let Err(refusal) = self.recovery_codes_left(terms) {
            return Decision::reply(Err(refusal));
        }
        match self.live.as_mut().map(|live| &mut live.recovery) {
            Some(recovery) if !recovery.acknowledged => {
                recovery.acknowledged = true;
                Decision::write(self, vec![EventKind::RecoveryCodesAcknowledged], Ok(()))
            }
            _ => Decision::reply(Ok(())),
        }
    }

    /// Returns how many recovery codes the user has left, if they have an authenticator that counts.
    pub(crate) fn recovery_codes_left(&self, terms: Terms<'_>) -> Result<RecoveryCodesLeft, ActRefusal> {
        match self.enrolled(terms.policy) {
            Some(Live { recovery: Recovery { codes, acknowledged, .. }, .. })
                if self.is_asked(terms.policy) =>
            {
                Ok(RecoveryCodesLeft { count: codes.left(), acknowledged: *acknowledged })
            }
            _ => Err(ActRefusal::EnrollFirst),
        }
    }

    /// Returns whether no code of any kind is looked at: guesses in one row close the other one too (R2).
    pub(super) fn is_blocked(&self, terms: Terms<'_>) -> bool {
        self.rows().any(|row| row.is_blocked(terms.settings()))
    }

    pub(super) fn locked(&self, terms: Terms<'_>) -> Option<Locked> {
        self.waiting_rows().filter_map(|row| row.locked(terms.settings(), terms.now)).max()
    }

    /// Restarts the waits that began later than now, and returns when the last of all ends.
    pub(super) fn wait_anew(&mut self, now: Timestamp) -> Timestamp {
        self.rows_mut().map(|row| row.wait_anew(now)).max().unwrap_or(now)
    }

    /// Returns when the wait ends that ends last.
    pub(crate) fn waiting_until(&self) -> Option<Timestamp> {
        self.rows().filter_map(Guesses::wait_until).max()
    }

    /// Returns how long the longest row is.
    pub(crate) fn wrong_in_a_row(&self) -> u32 {
        self.rows().map(|row| row.in_a_row).max().unwrap_or(0)
    }

    /// Returns when the first block began.
    pub(crate) fn blocked_since(&self) -> Option<Timestamp> {
        self.rows().filter_map(|row| row.blocked_since).min()
    }

    /// Lifts waits and blocks of either kind.
    pub(super) fn forgive(&mut self) {
        for row in self.rows_mut() {
            *row = Guesses::default();
        }
    }

    /// Returns the rows that can make somebody wait: also that of a pending secret, which blocks nobody at its end.
    pub(super) fn waiting_rows(&self) -> impl Iterator<Item = &Guesses> {
        self.rows().chain(self.pending.as_ref().map(|pending| &pending.guesses))
    }

    /// Returns all of them.
    pub(super) fn rows_mut(&mut self) -> impl Iterator<Item = &mut Guesses> {
        let recovery = self.live.as_mut().map(|live| &mut live.recovery.guesses);
        let pending = self.pending.as_mut().map(|pending| &mut pending.guesses);
        [Some(&mut self.guesses), recovery, pending].into_iter().flatten()
    }

    pub(super) fn rows(&self) -> impl Iterator<Item = &Guesses> {
        [Some(&self.guesses), self.live.as_ref().map(|live| &live.recovery.guesses)].into_iter().flatten()
    }
}
