//! What an owner does in several steps.

use std::time::Duration;

use countersign::Ticket;

use super::{
    super::{
        command::{Command, Hand},
        oracle::{Held, Judged},
    },
    Play,
};

impl Play {
    /// Signs in as one does who has everything that it takes.
    pub(super) async fn sign_in(&mut self, hand: Hand, server: usize) -> Judged {
        let account = hand.account();
        // Nobody types the code that they have just used.
        self.world.step();
        let device = self.pockets[&hand].devices.first().cloned();
        let Some(gate) = self.check_in(hand, account, server, device).await? else { return Ok(()) };
        match gate {
            "ask-code" => {
                let ticket = self.pockets[&hand].tickets[0].clone();
                let keys = self.keys(hand, account);
                for key in keys.iter().take(2) {
                    let (code, step) = self.code_of(key, 0);
                    if self.verify(hand, server, &ticket, key, &code, step).await? {
                        break;
                    }
                }
            }
            "enroll" | "enroll-by" => {
                let ticket = self.pockets[&hand].tickets[0].clone();
                self.enroll_by(hand, server, &ticket).await?;
            }
            "ask-invitation" => {
                let ticket = self.pockets[&hand].tickets[0].clone();
                let invitation =
                    self.pockets[&hand].invitations.iter().find(|(of, _)| *of == account).cloned();
                if let Some((_, invitation)) = invitation
                    && let Some(ticket) = self.accept(hand, &ticket, &invitation).await?
                {
                    self.enroll_by(hand, server, &ticket).await?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Types wrong codes, at the login or at an enrollment, and waits as told.
    pub(super) async fn guess_until_blocked(&mut self, hand: Hand) -> Judged {
        let account = hand.account();
        for _ in 0..11 {
            let asked = self.check_in(hand, account, 0, None).await?;
            let ticket = match asked {
                Some("ask-code" | "enroll") => self.pockets[&hand].tickets[0].clone(),
                _ => return Ok(()),
            };
            let truth = &self.oracle.accounts[account];
            let bound =
                truth.bound.as_ref().map(|bound| bound.key.clone()).or_else(|| truth.imported.clone());
            if let Some(key) = bound {
                let code = self.wrong_code(&key);
                self.verify(hand, 0, &ticket, &key, &code, 0).await?;
            } else if let Some(key) = self.setup(hand, 0, &ticket).await? {
                let code = self.wrong_code(&key);
                self.confirm(hand, 0, &ticket, &key, &code, 0).await?;
            }
            self.world.clock.advance(Duration::from_secs(3_000));
        }
        Ok(())
    }

    /// Has one QR code drawn after the other, and none confirmed.
    pub(super) async fn draw_qr_codes(&mut self, hand: Hand) -> Judged {
        for _ in 0..45 {
            if self.check_in(hand, hand.account(), 0, None).await? != Some("enroll") {
                return Ok(());
            }
            let ticket = self.pockets[&hand].tickets[0].clone();
            self.setup(hand, 0, &ticket).await?;
        }
        Ok(())
    }

    /// Signs in with a recovery code, and replaces the authenticator.
    pub(super) async fn lose_the_phone(&mut self, hand: Hand) -> Judged {
        let account = hand.account();
        if self.check_in(hand, account, 0, None).await? != Some("ask-code") {
            return Ok(());
        }
        let ticket = self.pockets[&hand].tickets[0].clone();
        let good = &self.oracle.accounts[account].good_codes;
        let code = self.sheet(hand, account).into_iter().find(|code| good.contains(code));
        let Some(code) = code else { return Ok(()) };
        if self.recover(hand, &ticket, &code).await? {
            let stamp = self.pockets[&hand].stamps[0].clone();
            let before = self.pockets[&hand].tickets.len();
            self.in_session(hand, &stamp, &Command::Replace { hand, stamp: 0 }).await?;
            if self.pockets[&hand].tickets.len() > before {
                let ticket = self.pockets[&hand].tickets[0].clone();
                self.enroll_by(hand, 0, &ticket).await?;
            }
        }
        Ok(())
    }

    /// The keys of this account that a hand has, newest first.
    pub(super) fn keys(&self, hand: Hand, account: usize) -> Vec<String> {
        let keys = self.pockets[&hand].keys.iter();
        keys.filter(|(of, _)| *of == account).map(|(_, key)| key.clone()).collect()
    }

    /// Scans the QR code and types the first code.
    pub(super) async fn enroll_by(&mut self, hand: Hand, server: usize, ticket: &Held<Ticket>) -> Judged {
        if let Some(key) = self.setup(hand, server, ticket).await? {
            let (code, step) = self.code_of(&key, 0);
            self.confirm(hand, server, ticket, &key, &code, step).await?;
        }
        Ok(())
    }
}
