//! What a thief does with what they have: everything, everywhere.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use countersign::{
    BoxError, DeviceToken, ErrorKind, FirstFactor, Gate, KeyId, Keyring, OrgId, Requirement, Role,
    SettingsStore, Stamp, Ticket, TwoFactor, UserId, UserStore,
    store::{Change, OrgSummary, Stored, Swap, UserSummary},
};

use super::{
    super::{
        command::{Act, Command, Hand, USERS, VICTIM},
        gains::{Gain, Holding, Situation},
        oracle::{Held, Judged},
    },
    Play, key,
};
use crate::world::{ACME, org, user};

impl Play {
    /// The thief takes what there is of what they steal.
    pub(super) async fn steal(&mut self) {
        let victim = VICTIM as usize;
        for holding in self.holdings.clone() {
            let owner = if holding == Holding::LowerRole { Hand::Ida } else { VICTIM };
            let bound = self.oracle.accounts[victim].bound.as_ref().map(|bound| bound.key.clone());
            let retired: Vec<_> = {
                let keys = self.pockets[&owner].keys.iter();
                keys.filter(|(_, key)| self.oracle.was_used(key) && bound.as_ref() != Some(key))
                    .cloned()
                    .collect()
            };
            let theirs = &self.pockets[&owner];
            let (stamps, devices) = (theirs.stamps.clone(), theirs.devices.clone());
            let (codes, invitations, keys) =
                (theirs.codes.clone(), theirs.invitations.clone(), theirs.keys.clone());
            let thief = self.pockets.get_mut(&Hand::Thief).unwrap();
            match holding {
                Holding::Password => {
                    if !thief.passwords.contains(&victim) {
                        thief.passwords.push(victim);
                    }
                }
                Holding::Session => thief.stamps.splice(..0, stamps).for_each(drop),
                Holding::Browser => thief.devices.splice(..0, devices).for_each(drop),
                Holding::Sheet => thief.codes.splice(..0, codes).for_each(drop),
                Holding::Invitation => thief.invitations.splice(..0, invitations).for_each(drop),
                Holding::OldPhone => thief.keys.splice(..0, retired).for_each(drop),
                Holding::OldKey => self.key_is_stolen(),
                Holding::Dump => {
                    for id in USERS {
                        if let Some(record) = self.world.record(id).await {
                            self.dump.insert(id, record);
                        }
                    }
                }
                // All that ida has is theirs.
                Holding::LowerRole => {
                    thief.stamps.splice(..0, stamps);
                    thief.devices.splice(..0, devices);
                    thief.codes.splice(..0, codes);
                    thief.keys.splice(..0, keys);
                    thief.invitations.splice(..0, invitations);
                }
            }
        }
    }

    /// The thief tries all that they hold, everywhere.
    pub(super) async fn plunder(&mut self) -> Judged {
        let (hand, victim) = (Hand::Thief, VICTIM as usize);
        self.world.step();
        self.forge().await?;
        let devices: Vec<Option<Held<DeviceToken>>> =
            self.pockets[&hand].devices.iter().take(3).cloned().map(Some).chain([None]).collect();
        for (server, device) in devices.into_iter().enumerate() {
            self.check_in(hand, victim, server % 2, device).await?;
        }
        let tickets: Vec<Held<Ticket>> = self.pockets[&hand].tickets.iter().take(3).cloned().collect();
        for ticket in tickets {
            self.at_the_login_form(hand, &ticket).await?;
        }
        let stamps: Vec<Held<Stamp>> = self.pockets[&hand].stamps.iter().take(6).cloned().collect();
        for stamp in stamps {
            self.in_a_session(hand, &stamp).await?;
        }
        Ok(())
    }

    async fn at_the_login_form(&mut self, hand: Hand, ticket: &Held<Ticket>) -> Judged {
        let keys: Vec<(usize, String)> = self.pockets[&hand].keys.iter().take(3).cloned().collect();
        for (_, key) in &keys {
            let (code, step) = self.code_of(key, 0);
            if self.verify(hand, 0, ticket, key, &code, step).await? {
                return Ok(());
            }
        }
        let spent = self.oracle.accounts[ticket.user].good_codes.clone();
        let code = self.sheet(hand, ticket.user).into_iter().find(|code| spent.contains(code));
        let code = code.or_else(|| self.sheet(hand, ticket.user).into_iter().next());
        if let Some(code) = code
            && self.recover(hand, ticket, &code).await?
        {
            return Ok(());
        }
        let mut tickets = vec![ticket.clone()];
        let invitation = self.pockets[&hand].invitations.first().cloned();
        if let Some((_, invitation)) = invitation {
            tickets.extend(self.accept(hand, ticket, &invitation).await?);
        }
        for ticket in tickets {
            self.enroll_by(hand, 1, &ticket).await?;
        }
        Ok(())
    }

    async fn in_a_session(&mut self, hand: Hand, stamp: &Held<Stamp>) -> Judged {
        for server in [0, 1] {
            if self.resume(hand, server, stamp).await?.is_none() {
                return Ok(());
            }
        }
        let others = Hand::Ian as usize;
        for act in [
            Act::Unlock { changed: false },
            Act::Invite,
            Act::Vouch,
            Act::OfferChoice(self.oracle.is_offered),
        ] {
            self.act_in_session(hand, stamp, act, others).await?;
        }
        let stamped = 0;
        for command in [
            Command::DrawCodes { hand, stamp: stamped },
            Command::RememberDevice { hand, stamp: stamped },
            Command::Replace { hand, stamp: stamped },
            Command::Enroll { hand, stamp: stamped },
        ] {
            let before = self.pockets[&hand].tickets.len();
            self.in_session(hand, stamp, &command).await?;
            if self.pockets[&hand].tickets.len() > before {
                let ticket = self.pockets[&hand].tickets[0].clone();
                self.enroll_by(hand, 0, &ticket).await?;
            }
        }
        Ok(())
    }

    /// R17: with a stolen key, in a process of their own, over what they took of the store.
    async fn forge(&mut self) -> Judged {
        let Some(stolen) = self.stolen_key else { return Ok(()) };
        let victim = VICTIM as usize;
        let store = Taken(Arc::new(Mutex::new(
            self.dump.iter().map(|(id, stored)| (user(id), stored.clone())).collect(),
        )));
        for requirement in [Requirement::Off, Requirement::On] {
            let forger = TwoFactor::builder(
                self.world.people.clone(),
                store.clone(),
                Keyring::new(KeyId(stolen), key(stolen)),
            )
            .deployment("test")
            .issuer("Acme Portal")
            .clock(self.world.clock.clone())
            .default_requirement(requirement)
            .build()
            .unwrap();
            let gate = forger.check_in(FirstFactor::accepted(&org(ACME), &user(USERS[victim]))).await;
            let opens = !matches!(&gate, Err(error) if error.kind() == ErrorKind::Unreadable);
            if opens && self.dump.contains_key(USERS[victim]) {
                self.oracle.reaches(victim, Gain::Reads, Some(Situation::Asked));
            }
            // Their settings are not the org's, and a record may be of a later epoch.
            let Ok(gate) = gate else { continue };
            let made = Held {
                user: victim,
                thing: (),
                born: self.oracle.next_number(),
                session: 0,
                role: Role::MasterAdmin,
                code_at: None,
                epoch: self.oracle.epoch,
                means: None,
                gained: None,
                forged: true,
            };
            let thief = self.pockets.get_mut(&Hand::Thief).unwrap();
            match gate {
                Gate::Open(pass) => thief.stamps.insert(0, made.with(pass.stamp().clone())),
                Gate::AskCode(ticket) | Gate::Enroll(ticket) => thief.tickets.insert(0, made.with(ticket)),
                _ => {}
            }
        }
        Ok(())
    }
}

/// A copy of the users' records, in the hands of somebody else. It has no settings.
#[derive(Clone)]
struct Taken(Arc<Mutex<BTreeMap<UserId, Stored>>>);

impl UserStore for Taken {
    type Error = BoxError;

    async fn load_user(&self, _: &OrgId, user: &UserId) -> Result<Option<Stored>, BoxError> {
        Ok(self.0.lock().unwrap().get(user).cloned())
    }

    async fn swap_user(&self, user: &UserId, change: Change<'_, UserSummary>) -> Result<Swap, BoxError> {
        self.0.lock().unwrap().insert(user.clone(), change.next.clone());
        Ok(Swap::Done)
    }
}

impl SettingsStore for Taken {
    type Error = BoxError;

    async fn load_settings(&self, _: &OrgId) -> Result<Option<Stored>, BoxError> {
        Ok(None)
    }

    async fn swap_settings(&self, _: Change<'_, OrgSummary>) -> Result<Swap, BoxError> {
        Ok(Swap::Done)
    }
}
