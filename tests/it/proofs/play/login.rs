//! At the login form: passwords, QR codes, codes, recovery codes, invitations.

use countersign::{
    Attempt, DeviceToken, FirstFactor, Gate, Refusal, Role, Ticket, Verdict,
    tokens::{Means, RecoveryCodes},
};

use super::{
    super::{
        command::{CUSTOMER, Hand, Typed, USERS},
        gains::{Gain, Situation},
        oracle::{Bound, Held, Judged, Row, claim},
    },
    Play, code_at, failed, pick,
};
use crate::world::{ACME, org, user};

impl Play {
    pub(super) async fn check_in(
        &mut self,
        hand: Hand,
        account: usize,
        server: usize,
        device: Option<Held<DeviceToken>>,
    ) -> Judged<Option<&'static str>> {
        if !self.pockets[&hand].passwords.contains(&account) {
            return Ok(None);
        }
        let mut first_factor = FirstFactor::accepted(&org(ACME), &user(USERS[account]));
        if let Some(device) = &device {
            first_factor = first_factor.on_device(device.thing.expose());
        }
        let calls = self.world.controls.calls();
        let gate = self.servers[server].check_in(first_factor).await.map_err(failed)?;
        let is_customer = self.oracle.accounts[account].role == Role::Customer;
        // Whoever was internal before may have a record.
        if USERS[account] == CUSTOMER {
            claim!(
                is_customer && self.world.controls.calls() == calls,
                "R5: the store was asked about {CUSTOMER}"
            );
        }
        let now = self.now();
        self.oracle.checked_in(account, &gate, device.as_ref().map(Held::of).as_ref(), now)?;
        let kind = gate.name();
        match gate {
            Gate::Open(pass) => {
                let from = self.handed_out(account, None, Some(pass.means()));
                self.is_in(hand, &pass, from).await?;
            }
            Gate::EnrollBy { pass, ticket, .. } => {
                let gained = self.is_theft(hand, account).then_some(Situation::InTime);
                let from = Held { gained, ..self.handed_out(account, None, Some(pass.means())) };
                self.is_in(hand, &pass, from).await?;
                let held = self.handed_out(account, Some(0), None).with(ticket);
                self.pocket(hand).tickets.insert(0, held);
            }
            Gate::AskCode(ticket) | Gate::Enroll(ticket) | Gate::AskInvitation(ticket) => {
                let held = self.handed_out(account, Some(0), None).with(ticket);
                self.pocket(hand).tickets.insert(0, held);
            }
            Gate::Blocked => {}
        }
        Ok(Some(kind))
    }

    pub(super) async fn setup(
        &mut self,
        hand: Hand,
        server: usize,
        ticket: &Held<Ticket>,
    ) -> Judged<Option<String>> {
        let Verdict::Granted(setup) = self.servers[server].setup(&ticket.thing).await.map_err(failed)? else {
            return Ok(None);
        };
        let shown = (ticket.user, setup.key().to_owned());
        let is_new = !self.pockets.values().any(|pocket| pocket.keys.contains(&shown));
        let now = self.now();
        self.oracle.shown(ticket.user, setup.key(), is_new, &ticket.of(), now)?;
        let keys = &mut self.pocket(hand).keys;
        keys.retain(|key| *key != shown);
        keys.insert(0, shown);
        Ok(Some(setup.key().to_owned()))
    }

    /// The code, and its step.
    pub(super) fn code_of(&self, key: &str, off: i64) -> (String, u64) {
        let step = (self.now().as_unix() / 30).saturating_add_signed(off);
        (code_at(key, step), step)
    }

    /// A code that no step near now has.
    pub(super) fn wrong_code(&self, key: &str) -> String {
        let step = self.now().as_unix() / 30;
        // No code of the past is one either, so that the clock may be set back.
        let near: Vec<String> = (step - 12..=step + 6).map(|step| code_at(key, step)).collect();
        (0..30).map(|n| format!("{n:06}")).find(|code| !near.contains(code)).unwrap()
    }

    pub(super) fn typed(&self, hand: Hand, account: usize, typed: Typed) -> Option<(String, String, u64)> {
        let keys: Vec<String> = self.pockets[&hand]
            .keys
            .iter()
            .filter(|(of, _)| *of == account)
            .map(|(_, key)| key.clone())
            .collect();
        match typed {
            Typed::Of { key, off } => {
                let key = pick(&keys, key)?;
                let (code, step) = self.code_of(&key, off);
                Some((key, code, step))
            }
            Typed::Wrong => {
                let bound = self.oracle.accounts[account].bound.as_ref().map(|bound| bound.key.clone());
                let key = bound.or_else(|| keys.first().cloned())?;
                let code = self.wrong_code(&key);
                Some((key, code, 0))
            }
        }
    }

    pub(super) async fn confirm(
        &mut self,
        hand: Hand,
        server: usize,
        ticket: &Held<Ticket>,
        key: &str,
        code: &str,
        step: u64,
    ) -> Judged<bool> {
        let account = ticket.user;
        match self.servers[server].confirm(Attempt::new(&ticket.thing, code)).await.map_err(failed)? {
            Verdict::Granted(enrolled) => {
                let thief = self.is_theft(hand, account);
                let invited = self.invited.iter().any(|text| text == ticket.thing.expose());
                let gained = ticket.gained.unwrap_or_else(|| self.oracle.situation(account));
                self.oracle.bound(account, key, &ticket.of(), invited, thief)?;
                self.oracle.accepted(account, key, step)?;
                if thief {
                    self.oracle.reaches(account, Gain::Binds, Some(gained));
                }
                if let Some(codes) = &enrolled.recovery_codes {
                    self.shows_codes(hand, account, codes);
                }
                let from = Held {
                    gained: thief.then_some(gained),
                    ..self.handed_out(account, None, Some(Means::Code))
                };
                self.is_in(hand, &enrolled.pass, from).await?;
                Ok(true)
            }
            Verdict::Refused(refusal) => {
                let counts_apart = self.oracle.accounts[account].had_time;
                self.refused(ticket, Row::Codes, &refusal, Some((key, step)), counts_apart)?;
                Ok(false)
            }
        }
    }

    pub(super) async fn verify(
        &mut self,
        hand: Hand,
        server: usize,
        ticket: &Held<Ticket>,
        key: &str,
        code: &str,
        step: u64,
    ) -> Judged<bool> {
        let account = ticket.user;
        match self.servers[server].verify(Attempt::new(&ticket.thing, code)).await.map_err(failed)? {
            Verdict::Granted(pass) => {
                let situation = self.oracle.situation(account);
                let truth = &mut self.oracle.accounts[account];
                if truth.bound.is_none() && truth.imported.as_deref() == Some(key) {
                    truth.bound = Some(Bound { key: key.to_owned(), taken: None, after_recovery: false });
                    truth.imported = None;
                }
                let bound = truth.bound.as_ref().map(|bound| bound.key.as_str());
                claim!(
                    bound == Some(key),
                    "R4, R8: {} got in with a code of another authenticator",
                    USERS[account]
                );
                claim!(pass.means() == Means::Code, "R4: a code gave {:?}", pass.means());
                self.oracle.accepted(account, key, step)?;
                let session = Some(ticket.session).filter(|session| *session > 0);
                let thief = self.is_theft(hand, account);
                let from = Held {
                    gained: thief.then(|| ticket.gained.unwrap_or(situation)),
                    ..self.handed_out(account, session, Some(Means::Code))
                };
                self.is_in(hand, &pass, from).await?;
                Ok(true)
            }
            Verdict::Refused(refusal) => {
                self.refused(ticket, Row::Codes, &refusal, Some((key, step)), false)?;
                Ok(false)
            }
        }
    }

    fn refused(
        &mut self,
        ticket: &Held<Ticket>,
        row: Row,
        refusal: &Refusal,
        typed: Option<(&str, u64)>,
        counts_apart: bool,
    ) -> Judged {
        self.oracle.refused(ticket.user, row, refusal, typed, ticket.session > 0, counts_apart)
    }

    /// The recovery codes of this account that a hand has, newest first.
    pub(super) fn sheet(&self, hand: Hand, account: usize) -> Vec<String> {
        let codes = self.pockets[&hand].codes.iter();
        codes.filter(|(of, _)| *of == account).map(|(_, code)| code.clone()).collect()
    }

    pub(super) fn shows_codes(&mut self, hand: Hand, account: usize, codes: &RecoveryCodes) {
        let codes: Vec<String> = codes.expose().lines().map(str::to_owned).collect();
        self.oracle.shows_codes(account, &codes);
        self.pocket(hand).codes.splice(..0, codes.into_iter().map(|code| (account, code)));
    }

    pub(super) async fn recover(&mut self, hand: Hand, ticket: &Held<Ticket>, code: &str) -> Judged<bool> {
        let account = ticket.user;
        match self.servers[0].recover(Attempt::new(&ticket.thing, code)).await.map_err(failed)? {
            Verdict::Granted(recovered) => {
                let now = self.now();
                let situation = self.oracle.situation(account);
                self.oracle.recovered(account, code, recovered.left, now)?;
                let thief = self.is_theft(hand, account);
                let from = Held {
                    gained: thief.then_some(situation),
                    ..self.handed_out(account, None, Some(Means::RecoveryCode))
                };
                self.is_in(hand, &recovered.pass, from).await?;
                Ok(true)
            }
            Verdict::Refused(refusal) => {
                let counted = matches!(refusal, Refusal::WrongCode { .. });
                let good = self.oracle.accounts[account].good_codes.contains(code);
                claim!(!(counted && good), "R1: a good recovery code of {} was called wrong", USERS[account]);
                self.refused(ticket, Row::RecoveryCodes, &refusal, None, false)?;
                Ok(false)
            }
        }
    }

    pub(super) async fn accept(
        &mut self,
        hand: Hand,
        ticket: &Held<Ticket>,
        invitation: &str,
    ) -> Judged<Option<Held<Ticket>>> {
        let account = ticket.user;
        match self.servers[0].accept(Attempt::new(&ticket.thing, invitation)).await.map_err(failed)? {
            Verdict::Granted(let_through) => {
                let truth = &mut self.oracle.accounts[account];
                claim!(
                    truth.invitation.as_deref() == Some(invitation),
                    "R1: an invitation of {} was taken that is not the last one",
                    USERS[account]
                );
                self.invited.push(let_through.expose().to_owned());
                let gained = self.is_theft(hand, account).then(|| self.oracle.situation(account));
                let held = Held { gained, ..ticket.of() }.with(let_through);
                self.pocket(hand).tickets.insert(0, held.clone());
                Ok(Some(held))
            }
            Verdict::Refused(refusal) => {
                let counts_apart = matches!(refusal, Refusal::WrongCode { .. } | Refusal::Blocked);
                self.refused(ticket, Row::Codes, &refusal, None, counts_apart)?;
                Ok(None)
            }
        }
    }
}
