//! What must be true at the login form.

use std::collections::BTreeSet;

use countersign::{Gate, Refusal, Timestamp, tokens::Means};

use super::{APART, Bound, DAY, HARD_STOP, Held, Judged, Lost, Oracle, Row, claim};
use crate::proofs::command::USERS;

impl Oracle {
    /// R4, R5, R8, R16: where the password leads.
    pub fn checked_in(
        &mut self,
        user: usize,
        gate: &Gate,
        device: Option<&Held<()>>,
        now: Timestamp,
    ) -> Judged {
        let (id, account) = (USERS[user], &self.accounts[user]);
        let has_factor = account.bound.is_some();
        match gate {
            Gate::Open(pass) if pass.means() == Means::RememberedDevice => {
                let device =
                    device.ok_or_else(|| Lost(format!("R4: {id} came in by a device that was not shown")))?;
                claim!(
                    has_factor && self.asks(user),
                    "R6: {id}'s device counts though no authenticator does"
                );
                claim!(device.user == user, "R7: {id} came in by a device of {}", USERS[device.user]);
                claim!(
                    device.born >= account.ended.max(account.devices_ended),
                    "R7, R14: {id} came in by a device that was ended"
                );
                claim!(self.counts(device.epoch), "R6: {id}'s device is of an earlier epoch");
                claim!(self.remembers, "R14: {id} came in by a device though none is remembered");
                claim!(!account.is_known, "R16: {id}'s device counts though the password is known");
                self.saw("devices");
            }
            Gate::Open(pass) => {
                claim!(!self.asks(user), "R4: {id} walked in");
                claim!(pass.means() != Means::Code, "R4: {id} has a pass by a code that nobody typed");
            }
            Gate::AskCode(_) => {
                claim!(
                    self.may_ask(user) && (has_factor || account.imported.is_some()),
                    "R6: {id} was asked for a code"
                );
            }
            Gate::Enroll(_) | Gate::EnrollBy { .. } => {
                claim!(self.is_internal(user) && self.is_on, "R5: {id} was sent to enroll");
                claim!(!has_factor, "R6, R8: {id} was sent to enroll over a live authenticator");
                claim!(!account.is_known, "R16: {id} was sent to enroll with a known password");
                claim!(
                    !self.by_invitation || account.has_time || self.gives_time,
                    "R16: {id} enrolls without an invitation"
                );
                if let Gate::EnrollBy { by, .. } = gate {
                    let account = &mut self.accounts[user];
                    account.has_time = true;
                    account.had_time = true;
                    let told = *account.first_told.get_or_insert(now);
                    let most = told.as_unix() + 90 * DAY + APART;
                    claim!(
                        by.as_unix() <= most,
                        "R16: {id} has time until {by}, more than 90 days after {told}"
                    );
                    self.saw("grace");
                }
            }
            Gate::AskInvitation(_) => {
                // Whose time to enroll is over needs one, too.
                let may_be_asked = account.needs_invitation_perhaps
                    || account.had_time
                    || self.by_invitation
                    || account.is_uncertain;
                claim!(self.is_on && !has_factor && may_be_asked, "{id} needs an invitation");
            }
            Gate::Blocked => {
                claim!(self.may_ask(user), "R5: {id} is blocked where nobody is asked");
                claim!(
                    account.is_blocked() || account.is_uncertain,
                    "R3: {id} is blocked without wrong codes"
                );
                self.accounts[user].needs_invitation_perhaps = true;
            }
        }
        Ok(())
    }

    /// R8, R10, R16: a QR code is shown.
    pub fn shown(
        &mut self,
        user: usize,
        key: &str,
        is_new: bool,
        ticket: &Held<()>,
        now: Timestamp,
    ) -> Judged {
        let id = USERS[user];
        claim!(
            self.is_on || self.is_offered || ticket.session > 0,
            "R5: {id} sees a QR code where none is wanted"
        );
        let account = &mut self.accounts[user];
        claim!(
            account.bound.as_ref().is_none_or(|bound| bound.key != key),
            "R9: {id}'s live secret is shown"
        );
        if is_new {
            account.qr_codes.push(now);
            let hour = now.as_unix().saturating_sub(3_600);
            let recent = account.qr_codes.iter().filter(|at| at.as_unix() > hour).count();
            claim!(recent <= 40, "R10: {id} was shown {recent} QR codes within an hour");
        }
        Ok(())
    }

    /// R1, R4: a code was accepted.
    pub fn accepted(&mut self, user: usize, key: &str, step: u64) -> Judged {
        let id = USERS[user];
        let consumed = self.consumed.entry(key.to_owned()).or_default();
        claim!(
            consumed.iter().all(|before| *before < step),
            "R1: a code of {id} was accepted for step {step} after {consumed:?}"
        );
        consumed.insert(step);
        claim!(self.is_internal(user), "R5: a code was accepted of a customer");
        let account = &mut self.accounts[user];
        claim!(
            !account.is_blocked() || account.is_uncertain,
            "R2: a code of {id} was accepted while they were blocked"
        );
        account.clear(Row::Codes);
        self.saw("codes");
        Ok(())
    }

    /// R8: another authenticator is bound to the account.
    pub fn bound(&mut self, user: usize, key: &str, ticket: &Held<()>, invited: bool, thief: bool) -> Judged {
        let id = USERS[user];
        let is_asked = self.asks(user);
        let situation = self.situation(user);
        let account = &mut self.accounts[user];
        let is_replacement = ticket.session > 0 && account.bound.is_some();
        claim!(
            account.bound.is_none() || is_replacement,
            "R8: {id} enrolled over a live authenticator by the password alone"
        );
        claim!(
            !account.is_known || is_replacement || invited,
            "R16: {id} enrolled with a known password and no invitation"
        );
        claim!(
            !self.by_invitation
                || !is_asked
                || is_replacement
                || invited
                || account.has_time
                || self.gives_time,
            "R16: {id} enrolled without an invitation where one is asked for"
        );
        let after_recovery = ticket.means == Some(Means::RecoveryCode)
            || account.bound.as_ref().is_some_and(|bound| bound.after_recovery && bound.taken.is_some());
        account.bound = Some(Bound {
            key: key.to_owned(),
            taken: thief.then(|| ticket.gained.unwrap_or(situation)),
            after_recovery,
        });
        account.imported = None;
        account.needs_invitation_perhaps = account.is_known;
        // A replacement leaves the sheet as it is, and what was guessed at it.
        if !is_replacement {
            account.clear(Row::RecoveryCodes);
        }
        account.devices_ended = self.handed_out + 1;
        self.saw("enrollments");
        Ok(())
    }

    pub fn shows_codes(&mut self, user: usize, codes: &[String]) {
        self.accounts[user].good_codes = codes.iter().cloned().collect();
    }

    /// R1, R13: a recovery code let somebody in.
    pub fn recovered(&mut self, user: usize, code: &str, left: u32, now: Timestamp) -> Judged {
        let id = USERS[user];
        claim!(self.asks(user), "R4: {id} recovered where no code is asked");
        let number = self.handed_out + 1;
        let account = &mut self.accounts[user];
        claim!(account.bound.is_some(), "R4: {id} recovered what they have not");
        claim!(
            account.good_codes.remove(code),
            "R1: {id} got in with a recovery code that was spent or void"
        );
        claim!(
            account.good_codes.len() == left as usize,
            "R1: {id} has {left} recovery codes left and not {}",
            account.good_codes.len()
        );
        account.clear(Row::RecoveryCodes);
        let until = now.after(std::time::Duration::from_secs(DAY));
        account.probation_until = account.probation_until.max(Some(until));
        account.ended = number;
        account.devices_ended = number;
        self.saw("recoveries");
        Ok(())
    }

    /// R2, R15, R16: a code was refused.
    pub fn refused(
        &mut self,
        user: usize,
        of: Row,
        refusal: &Refusal,
        typed: Option<(&str, u64)>,
        by_session: bool,
        counts_apart: bool,
    ) -> Judged {
        let id = USERS[user];
        let is_last =
            typed.is_some_and(|(key, step)| self.consumed.get(key).and_then(BTreeSet::last) == Some(&step));
        let account = &mut self.accounts[user];
        let before = account.row(of);
        let (uncertain, was_blocked) = (account.is_uncertain || counts_apart, account.is_blocked());
        let mut counted = false;
        match *refusal {
            Refusal::AlreadyUsed { left, .. } if is_last => {
                claim!(uncertain || left == HARD_STOP - before, "R15: {left} left for {id} after {before}");
            }
            Refusal::WrongCode { left, .. } | Refusal::AlreadyUsed { left, .. } => {
                claim!(
                    uncertain || left + before + 1 == HARD_STOP,
                    "R2: {left} left for {id} after {before} and one"
                );
                counted = true;
            }
            Refusal::Blocked if was_blocked => {}
            Refusal::Blocked => {
                claim!(uncertain || before + 1 == HARD_STOP, "R2, R3: {id} is blocked after {before}");
                counted = true;
            }
            Refusal::Malformed => return Err(Lost("R11: every code here is one".to_owned())),
            _ => {}
        }
        if counts_apart {
            account.is_uncertain = true;
            account.needs_invitation_perhaps = true;
            return Ok(());
        }
        if counted {
            let row = (before + 1).min(HARD_STOP);
            account.rows.insert(of, row);
            if !by_session {
                account.guessed_with_password.insert(of);
            }
            // The row may be shorter than we think, but then nobody is blocked yet.
            let is_over =
                row == HARD_STOP && matches!(refusal, Refusal::Blocked | Refusal::WrongCode { left: 0, .. });
            if is_over && account.guessed_with_password.contains(&of) {
                account.is_known |= !uncertain;
                account.needs_invitation_perhaps = true;
                account.has_time &= uncertain;
                account.devices_ended = self.handed_out + 1;
                self.saw("blocks");
            }
        }
        Ok(())
    }
}
