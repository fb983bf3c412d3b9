//! Administration, by a Master Admin's session or by the vendor.

use countersign::{
    Requirement, Stamp, Verdict,
    admin::{Admin, Import, NewEpoch, Outcome, Support, Targets},
    audit::{Operator, Password},
    otp::{Imported, Secret},
    policy::{Days, OrgPolicy, RunningSessions, Settings},
};

use super::{
    super::{
        command::{Act, By, Hand, USERS},
        gains::Gain,
        oracle::{Held, Judged, claim},
    },
    Play, failed, pick, reason,
};
use crate::world::{ACME, org, user};

fn days(count: u8) -> Days {
    Days::new(count).unwrap()
}

impl Play {
    pub(super) async fn administer(&mut self, by: By, act: Act, target: usize) -> Judged<Vec<usize>> {
        match by {
            By::Vendor => {
                let support = Support::new(&self.servers[0], Operator::new("sue").unwrap());
                if let Act::Import = act {
                    self.import(&support, target).await?;
                    return Ok(vec![target]);
                }
                let admin = support.in_org(&org(ACME), &reason());
                self.act(&admin, None, act, target).await
            }
            By::Session(hand, which) => {
                let Some(stamp) = pick(&self.pockets[&hand].stamps, which) else { return Ok(vec![]) };
                self.act_in_session(hand, &stamp, act, target).await
            }
        }
    }

    pub(super) async fn act_in_session(
        &mut self,
        hand: Hand,
        stamp: &Held<Stamp>,
        act: Act,
        target: usize,
    ) -> Judged<Vec<usize>> {
        let Some(pass) = self.resume(hand, 0, stamp).await? else { return Ok(vec![]) };
        let server = self.servers[0].clone();
        // R10: what is refused is noted with the one who tried.
        let mut touched = self.act(&server.admin(&pass), Some((hand, stamp)), act, target).await?;
        touched.push(stamp.user);
        Ok(touched)
    }

    /// Who acted by a session, and did it.
    fn acted(&mut self, by: Option<(Hand, &Held<Stamp>)>, target: Option<usize>) -> Judged {
        if let Some((hand, stamp)) = by {
            let now = self.now();
            self.oracle.administers(&stamp.of(), target, now)?;
            self.thief_in_session(hand, stamp, Gain::Administers);
        }
        Ok(())
    }

    /// What the act makes of an org's settings, if it is about them.
    fn changed(settings: Settings, act: Act) -> Option<Settings> {
        Some(match act {
            Act::OfferChoice(offered) => settings.with_enrollment_by_choice(offered),
            Act::RememberDevices(remember) => settings.with_remember_devices(remember.then(|| days(30))),
            Act::GiveTime(within) => settings.with_enroll_within(within.map(days)),
            Act::AskInvitations(asked) => settings.with_invitation_required(asked),
            Act::EndSessionsOnSwitch(true) => settings.with_running_sessions(RunningSessions::End),
            Act::EndSessionsOnSwitch(false) => settings.with_running_sessions(RunningSessions::GoOn),
            _ => return None,
        })
    }

    async fn act(
        &mut self,
        admin: &Admin<'_>,
        by: Option<(Hand, &Held<Stamp>)>,
        act: Act,
        target: usize,
    ) -> Judged<Vec<usize>> {
        let OrgPolicy { settings, revision, epoch, .. } =
            self.servers[0].org(&org(ACME)).policy().await.map_err(failed)?;
        if let Some(settings) = Self::changed(settings, act) {
            if let Verdict::Granted(()) = admin.change_settings(revision, settings).await.map_err(failed)? {
                self.acted(by, None)?;
                self.oracle.set(act);
            }
            return Ok(vec![]);
        }
        match act {
            Act::Require(on) => {
                let to = if on { Requirement::On } else { Requirement::Off };
                if let Verdict::Granted(()) = admin.require(to).await.map_err(failed)? {
                    self.acted(by, None)?;
                    self.oracle.switched(on);
                }
                Ok(vec![])
            }
            Act::BeginEpoch { ending } => {
                let new = NewEpoch::after(epoch);
                let new = if ending { new.ending_sessions() } else { new };
                if let Verdict::Granted(_) = admin.begin_epoch(new).await.map_err(failed)? {
                    self.acted(by, None)?;
                    self.oracle.began_epoch(ending);
                }
                Ok(vec![])
            }
            Act::ResetEverybody => self.reset_everybody(admin, by).await,
            act => {
                self.act_on_account(admin, by, act, target).await?;
                Ok(vec![target])
            }
        }
    }

    async fn act_on_account(
        &mut self,
        admin: &Admin<'_>,
        by: Option<(Hand, &Held<Stamp>)>,
        act: Act,
        target: usize,
    ) -> Judged {
        let managed = admin.user(&user(USERS[target]));
        let password = |changed| if changed { Password::Changed } else { Password::AsBefore };
        match act {
            Act::Reset { changed } => match managed.reset(password(changed)).await.map_err(failed)? {
                Verdict::Granted(()) => {
                    self.acted(by, Some(target))?;
                    self.oracle.reset(target, changed)?;
                    self.password_is_stated(target, changed);
                }
                Verdict::Refused(refusal) => self.oracle.act_refused(target, &refusal)?,
            },
            Act::ResetAndInvite { changed } => {
                let verdict = managed.reset_and_invite(password(changed)).await.map_err(failed)?;
                if let Verdict::Granted(invitation) = verdict {
                    self.acted(by, Some(target))?;
                    self.oracle.reset_and_invited(target, changed)?;
                    self.password_is_stated(target, changed);
                    self.hand_over(target, &invitation.text());
                }
            }
            Act::Unlock { changed } => {
                if let Verdict::Granted(()) = managed.unlock(password(changed)).await.map_err(failed)? {
                    self.acted(by, Some(target))?;
                    if self.has_record(target).await {
                        self.oracle.unlocked(target, changed);
                    }
                    self.password_is_stated(target, changed);
                }
            }
            Act::Invite => {
                if let Verdict::Granted(invitation) = managed.invite().await.map_err(failed)? {
                    self.acted(by, Some(target))?;
                    self.hand_over(target, &invitation.text());
                }
            }
            Act::Extend(count) => match managed.extend(days(count)).await.map_err(failed)? {
                Verdict::Granted(until) => {
                    self.acted(by, Some(target))?;
                    let now = self.now();
                    self.oracle.extended(target, until, now)?;
                }
                Verdict::Refused(refusal) => self.oracle.act_refused(target, &refusal)?,
            },
            Act::Vouch => {
                let seen = managed.authenticator().await.map_err(failed)?;
                if let Verdict::Granted(Some(seen)) = seen
                    && let Verdict::Granted(()) = managed.vouch(&seen.id).await.map_err(failed)?
                {
                    self.acted(by, Some(target))?;
                    self.oracle.vouched_for(target);
                }
            }
            Act::ForgetDevices => {
                if let Verdict::Granted(()) = managed.forget_devices().await.map_err(failed)? {
                    self.acted(by, Some(target))?;
                    self.oracle.forgets_devices(target);
                }
            }
            // Only the vendor's desk has it.
            Act::Import => {}
            other => unreachable!("{other:?} is about an org"),
        }
        Ok(())
    }

    /// A new password, where the act states one, is not the thief's any more.
    fn password_is_stated(&mut self, target: usize, changed: bool) {
        if changed {
            self.forget_password(target);
        }
    }

    fn hand_over(&mut self, target: usize, invitation: &str) {
        self.oracle.accounts[target].invitation = Some(invitation.to_owned());
        self.pocket(Hand::ALL[target]).invitations.insert(0, (target, invitation.to_owned()));
    }

    async fn reset_everybody(
        &mut self,
        admin: &Admin<'_>,
        by: Option<(Hand, &Held<Stamp>)>,
    ) -> Judged<Vec<usize>> {
        let mut run = admin.reset_many(Targets::everybody(), Password::AsBefore);
        while let Verdict::Granted(Some(one)) = run.next().await.map_err(failed)? {
            let target = USERS.iter().position(|id| *id == one.user.as_str()).unwrap();
            match one.outcome {
                Outcome::Reset => {
                    self.acted(by, Some(target))?;
                    self.oracle.reset(target, false)?;
                }
                Outcome::NothingToReset => {
                    let has = self.oracle.accounts[target].bound.is_some();
                    claim!(!has, "R7: {} is spared by a run of resets", USERS[target]);
                }
                _ => {}
            }
        }
        Ok((0..USERS.len()).collect())
    }

    /// A key that the user has from another system, which the thief does not know.
    async fn import(&mut self, support: &Support, target: usize) -> Judged {
        let number = self.oracle.next_number();
        let secret = Secret::from_bytes(&number.to_be_bytes().repeat(3)[..20]).unwrap();
        let key = secret.to_base32().as_str().to_owned();
        let imported = Imported::parse(&format!("otpauth://totp/{}?secret={key}", USERS[target])).unwrap();
        let verdict =
            support.import(&org(ACME), &user(USERS[target]), &imported, &reason()).await.map_err(failed)?;
        if let Verdict::Granted(Import::Done) = verdict {
            let truth = &mut self.oracle.accounts[target];
            claim!(
                truth.bound.is_none(),
                "R8: a key was imported over {}'s live authenticator",
                USERS[target]
            );
            truth.imported = Some(key.clone());
            self.pocket(Hand::ALL[target]).keys.insert(0, (target, key));
        }
        Ok(())
    }
}
