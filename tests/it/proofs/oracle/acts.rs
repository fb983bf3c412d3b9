//! What must be true of administration, and what it changes for everybody.

use countersign::{ActRefusal, Role, Timestamp, tokens::Means};

use super::{APART, Account, DAY, FRESH, Held, Judged, Oracle, claim};
use crate::proofs::command::{Act, USERS};

impl Oracle {
    /// R13: somebody administers by a session.
    pub fn administers(&mut self, stamp: &Held<()>, target: Option<usize>, now: Timestamp) -> Judged {
        let (id, actor) = (USERS[stamp.user], &self.accounts[stamp.user]);
        claim!(actor.role == Role::MasterAdmin, "R13: {id} administers, and is no Master Admin");
        claim!(stamp.means != Some(Means::RecoveryCode), "R13: {id} administers by a recovery code");
        claim!(
            actor.probation_until.is_none_or(|until| until.as_unix() <= now.as_unix() + APART),
            "R13: {id} administers on probation"
        );
        // Whatever the policy asks of the actor, whose target has a factor that counts needs one as well.
        let has_factor =
            target.is_some_and(|target| self.asks(target) && self.accounts[target].bound.is_some());
        if self.asks(stamp.user) || has_factor {
            let is_fresh = stamp.code_at.is_some_and(|at| now.as_unix() <= at.as_unix() + FRESH + APART);
            claim!(is_fresh, "R13: {id} administers without a fresh code");
            claim!(self.counts(stamp.epoch), "R13: {id} administers by a code of an earlier epoch");
        }
        if let Some(target) = target {
            claim!(target != stamp.user, "R13: {id} administers their own account");
            claim!(self.is_internal(target), "R5, R13: {id} administers a customer");
        }
        self.saw("acts");
        Ok(())
    }

    /// R7: one account enrolls again.
    pub fn reset(&mut self, user: usize, changed: bool) -> Judged {
        let account = &mut self.accounts[user];
        claim!(changed || !account.is_known, "R16: {} was reset plainly with a known password", USERS[user]);
        claim!(account.role != Role::Customer, "R5: a customer was reset");
        account.release();
        account.forgive();
        account.has_time = false;
        account.needs_invitation_perhaps = false;
        account.probation_until = None;
        if changed {
            account.is_known = false;
        }
        self.ends(user);
        self.saw("resets");
        Ok(())
    }

    pub fn reset_and_invited(&mut self, user: usize, changed: bool) -> Judged {
        let known = self.accounts[user].is_known && !changed;
        self.accounts[user].is_known = false;
        self.reset(user, changed)?;
        let account = &mut self.accounts[user];
        account.is_known = known;
        account.needs_invitation_perhaps = true;
        Ok(())
    }

    pub fn unlocked(&mut self, user: usize, changed: bool) {
        let account = &mut self.accounts[user];
        account.forgive();
        if changed {
            account.is_known = false;
        }
        account.needs_invitation_perhaps |= account.is_known;
        self.ends(user);
    }

    /// R16: time is given by name.
    pub fn extended(&mut self, user: usize, until: Timestamp, now: Timestamp) -> Judged {
        let id = USERS[user];
        let account = &mut self.accounts[user];
        claim!(!account.is_known, "R16: {id} is given time with a known password");
        claim!(account.bound.is_none(), "{id} is given time, and has an authenticator");
        account.has_time = true;
        account.had_time = true;
        let told = *account.first_told.get_or_insert(now);
        let most = told.as_unix() + 90 * DAY + APART;
        claim!(
            until.as_unix() <= most,
            "R16: {id} is given time until {until}, more than 90 days after {told}"
        );
        self.saw("extensions");
        Ok(())
    }

    pub fn password_changed(&mut self, user: usize, has_record: bool) {
        let account = &mut self.accounts[user];
        account.is_known = false;
        account.guessed_with_password.clear();
        if has_record {
            self.ends(user);
        }
    }

    /// Somebody else has the id from now on.
    pub fn succeeded(&mut self, user: usize) {
        let role = self.accounts[user].role;
        self.accounts[user] = Account::new(role);
        self.ends(user);
    }

    /// R6: nobody's authenticator counts any more.
    fn release_all(&mut self) {
        for account in &mut self.accounts {
            account.release();
        }
    }

    fn begins_epoch(&mut self) {
        self.epoch += 1;
        self.chosen_in = None;
        self.epoch_began = self.handed_out + 1;
        for account in &mut self.accounts {
            account.has_time = false;
        }
    }

    pub fn switched(&mut self, on: bool) {
        if on == self.is_on {
            return;
        }
        self.begins_epoch();
        if on {
            self.chosen_in = Some(self.epoch - 1);
            for account in &mut self.accounts {
                account.first_told = None;
            }
            if self.ends_on_switch {
                self.floor = self.epoch_began;
            }
        } else {
            self.release_all();
        }
        self.is_on = on;
        self.saw("switches");
    }

    pub fn began_epoch(&mut self, ending: bool) {
        self.begins_epoch();
        self.release_all();
        self.forgets_all_devices();
        if ending || self.ends_on_switch {
            self.floor = self.epoch_began;
        }
        self.saw("epochs");
    }

    /// What an answer to an act must not be.
    pub fn act_refused(&self, user: usize, refusal: &ActRefusal) -> Judged {
        if matches!(refusal, ActRefusal::PasswordKnown) {
            let account = &self.accounts[user];
            claim!(
                account.is_known || account.is_uncertain || account.needs_invitation_perhaps,
                "R16: the password of {} is said to be known",
                USERS[user]
            );
        }
        Ok(())
    }

    /// R14: what was granted under a feature ends when it goes off.
    pub fn set(&mut self, act: Act) {
        match act {
            Act::OfferChoice(offered) => {
                if self.is_offered && !offered && !self.is_on {
                    self.release_all();
                }
                self.is_offered = offered;
            }
            Act::RememberDevices(remember) => {
                if !remember {
                    self.forgets_all_devices();
                }
                self.remembers = remember;
            }
            Act::GiveTime(days) => self.gives_time = days.is_some(),
            Act::AskInvitations(asked) => self.by_invitation = asked,
            Act::EndSessionsOnSwitch(ends) => {
                self.ends_on_switch = ends;
                if ends && self.is_on {
                    self.floor = self.floor.max(self.epoch_began);
                }
            }
            _ => {}
        }
    }

    pub fn vouched_for(&mut self, user: usize) {
        self.accounts[user].probation_until = None;
    }

    pub fn withdrew(&mut self, user: usize) {
        let account = &mut self.accounts[user];
        account.bound = None;
        account.good_codes.clear();
        self.ends(user);
    }
}
