//! In a session: what its holder does with it.

use countersign::{FirstFactor, Pass, Role, SignOut, Stamp, Timestamp, Verdict, tokens::Means};

use super::{
    super::{
        command::{Command, Hand, USERS},
        gains::{Gain, Situation},
        oracle::{Held, Judged, claim},
    },
    ASTRAY, Play, failed,
};
use crate::world::{ACME, org, user};

impl Play {
    pub(super) async fn resume(
        &mut self,
        hand: Hand,
        server: usize,
        stamp: &Held<Stamp>,
    ) -> Judged<Option<Pass>> {
        let Some(pass) = self.servers[server].resume(&stamp.thing).await.map_err(failed)? else {
            return Ok(None);
        };
        claim!(
            pass.user().as_str() == USERS[stamp.user],
            "R9: a stamp of {} is {}'s",
            USERS[stamp.user],
            pass.user()
        );
        // By the clock of the server that says so.
        let now = Timestamp::from_unix(self.now().as_unix().saturating_add_signed(ASTRAY[server]));
        self.oracle.resumed(&stamp.of(), pass.expires_at(), pass.earned_at(), now)?;
        if self.is_theft(hand, stamp.user) {
            self.oracle.reaches(stamp.user, Gain::SignsIn, stamp.gained);
        }
        Ok(Some(pass))
    }

    /// What a thief's session is good for is told by when its code was shown, or by how they got it.
    pub(super) fn thief_in_session(&mut self, hand: Hand, stamp: &Held<Stamp>, gain: Gain) {
        if !self.is_theft(hand, stamp.user) {
            return;
        }
        let is_after_recovery =
            self.oracle.accounts[stamp.user].bound.as_ref().is_some_and(|bound| bound.after_recovery);
        let situation = match stamp.gained {
            _ if !self.oracle.asks(stamp.user) => None,
            // Whose account was the thief's from the beginning, had it before any recovery.
            Some(Situation::Asked | Situation::Fresh) if is_after_recovery && gain != Gain::Binds => {
                Some(Situation::Later)
            }
            Some(gained) => Some(gained),
            None => Some(Situation::Fresh),
        };
        self.oracle.reaches(stamp.user, gain, situation);
    }

    pub(super) async fn in_session(&mut self, hand: Hand, stamp: &Held<Stamp>, command: &Command) -> Judged {
        let Some(pass) = self.resume(hand, 0, stamp).await? else { return Ok(()) };
        let (account, now) = (stamp.user, self.now());
        let is_asked = self.oracle.asks(account);
        let from = stamp.of();
        match command {
            Command::StepUp { .. } | Command::Replace { .. } | Command::Enroll { .. } => {
                self.asks_for_ticket(hand, stamp, &pass, command).await?;
            }
            Command::Withdraw { .. } => {
                let verdict = self.servers[0].signed_in(&pass).withdraw().await.map_err(failed)?;
                if let Verdict::Granted(()) = verdict {
                    claim!(
                        is_asked && !self.oracle.is_on,
                        "R6: {} does without what is required",
                        USERS[account]
                    );
                    self.oracle.shows_fresh_code(&from, now, "takes the authenticator off")?;
                    self.oracle.withdrew(account);
                }
            }
            Command::DrawCodes { .. } => {
                let verdict =
                    self.servers[0].signed_in(&pass).renew_recovery_codes().await.map_err(failed)?;
                if let Verdict::Granted(codes) = verdict {
                    claim!(is_asked, "R8: {} draws codes for what does not count", USERS[account]);
                    self.oracle.shows_fresh_code(&from, now, "draws recovery codes")?;
                    self.thief_in_session(hand, stamp, Gain::Draws);
                    self.shows_codes(hand, account, &codes);
                }
            }
            Command::RememberDevice { .. } => {
                let verdict =
                    self.servers[0].signed_in(&pass).remember_device("a browser").await.map_err(failed)?;
                if let Verdict::Granted(device) = verdict {
                    claim!(
                        self.oracle.remembers && is_asked,
                        "R14: {}'s device is remembered",
                        USERS[account]
                    );
                    self.oracle.shows_fresh_code(&from, now, "has a device remembered")?;
                    self.thief_in_session(hand, stamp, Gain::Draws);
                    let held = Held { gained: stamp.gained, ..self.handed_out(account, None, None) };
                    let held = held.with(device.token);
                    self.pocket(hand).devices.insert(0, held);
                }
            }
            Command::ForgetDevices { .. } => {
                let verdict = self.servers[0].signed_in(&pass).forget_devices().await.map_err(failed)?;
                if let Verdict::Granted(()) = verdict {
                    self.oracle.forgets_devices(account);
                }
            }
            Command::SignOut { .. } => {
                let answer = self.servers[0].sign_out(&stamp.thing).await.map_err(failed)?;
                if answer == SignOut::Ended {
                    self.oracle.signed_out(&from);
                }
            }
            other => unreachable!("{other:?} is done in no session"),
        }
        Ok(())
    }

    /// A session that asks for a ticket, for what needs a code.
    async fn asks_for_ticket(
        &mut self,
        hand: Hand,
        stamp: &Held<Stamp>,
        pass: &Pass,
        command: &Command,
    ) -> Judged {
        let (account, now) = (stamp.user, self.now());
        let is_asked = self.oracle.asks(account);
        match command {
            Command::StepUp { .. } => {
                if let Verdict::Granted(ticket) =
                    self.servers[0].signed_in(pass).step_up().await.map_err(failed)?
                {
                    claim!(is_asked, "R5: {} steps up where no code is asked", USERS[account]);
                    let held = Held { session: stamp.session, ..self.handed_out(account, None, None) };
                    let held = Held { gained: stamp.gained, ..held }.with(ticket);
                    self.pocket(hand).tickets.insert(0, held);
                }
            }
            Command::Replace { .. } => {
                let verdict = self.servers[0].signed_in(pass).replace().await.map_err(failed)?;
                if let Verdict::Granted(ticket) = verdict {
                    claim!(is_asked, "R8: {} replaces what does not count", USERS[account]);
                    let by_recovery = stamp.means == Some(Means::RecoveryCode);
                    if !by_recovery {
                        let is_fresh = stamp.code_at.is_some_and(|at| now.as_unix() <= at.as_unix() + 360);
                        claim!(is_fresh, "R8: {} replaces without a fresh code", USERS[account]);
                    }
                    let gained = if self.is_theft(hand, account) {
                        Some(stamp.gained.unwrap_or(Situation::Fresh))
                    } else {
                        None
                    };
                    let held = self.handed_out(account, Some(stamp.session), stamp.means);
                    let held = Held { gained, ..held }.with(ticket);
                    self.pocket(hand).tickets.insert(0, held);
                }
            }
            Command::Enroll { .. } => {
                if !self.pockets[&hand].passwords.contains(&account) {
                    return Ok(());
                }
                let first_factor = FirstFactor::accepted(&org(ACME), &user(USERS[account]));
                let verdict = self.servers[0].signed_in(pass).enroll(first_factor).await.map_err(failed)?;
                if let Verdict::Granted(ticket) = verdict {
                    let truth = &self.oracle.accounts[account];
                    claim!(truth.role != Role::Customer, "R5: {} may enroll", USERS[account]);
                    claim!(self.oracle.is_on || self.oracle.is_offered, "R5: {} may enroll", USERS[account]);
                    claim!(truth.bound.is_none(), "R8: {} may enroll twice", USERS[account]);
                    let held = self.handed_out(account, Some(0), None).with(ticket);
                    self.pocket(hand).tickets.insert(0, held);
                }
            }
            other => unreachable!("{other:?} asks for no ticket"),
        }
        Ok(())
    }
}
