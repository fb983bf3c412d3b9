//! A portal in which commands are carried out: two servers a minute apart, everybody's pockets, and the oracle that hears
//! every answer.

mod acts;
mod login;
mod owner;
mod session;
mod thief;

use std::collections::BTreeMap;

use countersign::{
    DeviceToken, KeyId, Keyring, OrgId, Pass, Role, Stamp, Ticket, Timestamp, TwoFactor, UserId,
    audit::Reason,
    otp::{Secret, Totp},
    store::Stored,
    tokens::Means,
};

use super::{
    command::{CUSTOMER, Command, Hand, USERS},
    gains::{Gain, Holding},
    oracle::{Held, Judged, Lost, Oracle, claim},
};
use crate::world::{ACME, Fault, World, org, user};

/// What somebody has.
#[derive(Default)]
pub(super) struct Pocket {
    /// Whose passwords.
    pub(super) passwords: Vec<usize>,
    /// All newest first.
    pub(super) tickets: Vec<Held<Ticket>>,
    pub(super) stamps: Vec<Held<Stamp>>,
    pub(super) devices: Vec<Held<DeviceToken>>,
    /// Keys that were shown, with whose they are.
    pub(super) keys: Vec<(usize, String)>,
    pub(super) codes: Vec<(usize, String)>,
    pub(super) invitations: Vec<(usize, String)>,
}

/// The clocks of the two servers, in seconds ahead of true time (R15).
const ASTRAY: [i64; 2] = [30, -30];

pub struct Play {
    pub(super) world: World,
    servers: [TwoFactor; 2],
    acme: OrgId,
    ids: [UserId; USERS.len()],
    pub(super) holdings: Vec<Holding>,
    pub(super) pockets: BTreeMap<Hand, Pocket>,
    pub oracle: Oracle,
    /// The ids of the keys: the active one, the one beside it, older ones.
    ring: (u32, Option<u32>, Vec<u32>),
    /// The last key that was ever drawn.
    last_key: u32,
    pub(super) stolen_key: Option<u32>,
    pub(super) dump: BTreeMap<&'static str, Stored>,
    /// The tickets by which somebody was let through with an invitation.
    invited: Vec<String>,
}

pub(super) fn key(id: u32) -> [u8; 32] {
    let mut key = crate::world::KEY;
    key[0] ^= u8::try_from(id).unwrap() - 1;
    key
}

fn keyring((active, beside, older): &(u32, Option<u32>, Vec<u32>)) -> Keyring {
    let mut ring = Keyring::new(KeyId(*active), key(*active));
    if let Some(beside) = beside {
        ring = ring.with_beside(KeyId(*beside), key(*beside)).unwrap();
    }
    for older in older {
        ring = ring.with_older(KeyId(*older), key(*older)).unwrap();
    }
    ring
}

impl Held<()> {
    pub(super) fn with<T>(self, thing: T) -> Held<T> {
        let Self { user, thing: (), born, session, role, code_at, epoch, means, gained, forged } = self;
        Held { user, thing, born, session, role, code_at, epoch, means, gained, forged }
    }
}

impl<T> Held<T> {
    /// Where it comes from, without the thing.
    pub(super) fn of(&self) -> Held<()> {
        let Self { user, born, session, role, code_at, epoch, means, gained, forged, .. } = *self;
        Held { user, thing: (), born, session, role, code_at, epoch, means, gained, forged }
    }
}

fn pick<T: Clone>(things: &[T], which: usize) -> Option<T> {
    things.get(which % things.len().max(1)).cloned()
}

fn reason() -> Reason {
    Reason::new("the play wants it").unwrap()
}

impl Play {
    pub fn begin(holdings: &[Holding]) -> Self {
        let world = World::in_memory();
        let roles = [Role::MasterAdmin, Role::MasterAdmin, Role::Internal, Role::Internal, Role::Customer];
        let ring = (1, None, Vec::new());
        let mut pockets: BTreeMap<_, _> = Hand::ALL.iter().map(|hand| (*hand, Pocket::default())).collect();
        for (hand, pocket) in &mut pockets {
            if *hand != Hand::Thief {
                pocket.passwords.push(*hand as usize);
            }
        }
        Self {
            servers: servers(&world, &ring),
            acme: org(ACME),
            ids: USERS.map(user),
            world,
            holdings: holdings.to_vec(),
            pockets,
            oracle: Oracle::new(&roles),
            ring,
            last_key: 1,
            stolen_key: None,
            dump: BTreeMap::new(),
            invited: Vec::new(),
        }
    }

    pub(super) fn holds(&self, holding: Holding) -> bool {
        self.holdings.contains(&holding)
    }

    pub(super) fn now(&self) -> Timestamp {
        self.world.now()
    }

    fn pocket(&mut self, hand: Hand) -> &mut Pocket {
        self.pockets.get_mut(&hand).unwrap()
    }

    /// Whether this hand does something to an account that is not theirs.
    fn is_theft(&self, hand: Hand, account: usize) -> bool {
        let of_lower_role = self.holds(Holding::LowerRole) && hand == Hand::Ida;
        let own = if self.holds(Holding::LowerRole) { Some(Hand::Ida as usize) } else { None };
        (hand == Hand::Thief || of_lower_role) && own != Some(account)
    }

    async fn records(&self) -> Vec<Option<Stored>> {
        let mut records = Vec::new();
        for id in USERS {
            records.push(self.world.record(id).await);
        }
        records
    }

    async fn has_record(&self, user: usize) -> bool {
        self.world.record(USERS[user]).await.is_some()
    }

    /// Does it. R5, R7: it wrote to the record of the one whom it concerns, and to no other.
    pub async fn perform(&mut self, command: &Command) -> Judged {
        match *command {
            Command::SignIn { hand, server } => return self.sign_in(hand, server).await,
            Command::Steal => {
                self.steal().await;
                return Ok(());
            }
            Command::Plunder => return self.plunder().await,
            Command::GuessUntilBlocked { hand } => return self.guess_until_blocked(hand).await,
            Command::DrawQrCodes { hand } => return self.draw_qr_codes(hand).await,
            Command::LoseThePhone { hand } => return self.lose_the_phone(hand).await,
            _ => {}
        }
        let before = self.records().await;
        let touched = self.carry_out(command).await?;
        let after = self.records().await;
        for (user, id) in USERS.iter().enumerate() {
            let may_write = touched.contains(&user);
            claim!(may_write || before[user] == after[user], "R7: {command} wrote to {id}");
        }
        claim!(after[Hand::Carl as usize].is_none(), "R5: {command} wrote to {CUSTOMER}");
        Ok(())
    }

    async fn carry_out(&mut self, command: &Command) -> Judged<Vec<usize>> {
        match *command {
            Command::CheckIn { hand, server, device } => {
                let device = device.and_then(|which| pick(&self.pockets[&hand].devices, which));
                let account = hand.account();
                self.check_in(hand, account, server, device).await?;
                Ok(vec![account])
            }
            Command::Setup { hand, server, ticket } => {
                let Some(ticket) = pick(&self.pockets[&hand].tickets, ticket) else { return Ok(vec![]) };
                self.setup(hand, server, &ticket).await?;
                Ok(vec![ticket.user])
            }
            Command::Cancel { hand, ticket } => {
                let Some(ticket) = pick(&self.pockets[&hand].tickets, ticket) else { return Ok(vec![]) };
                let _ = self.servers[0].cancel(&ticket.thing).await.map_err(failed)?;
                Ok(vec![ticket.user])
            }
            Command::Confirm { hand, server, ticket, code } => {
                let Some(ticket) = pick(&self.pockets[&hand].tickets, ticket) else { return Ok(vec![]) };
                let Some((key, code, step)) = self.typed(hand, ticket.user, code) else { return Ok(vec![]) };
                self.confirm(hand, server, &ticket, &key, &code, step).await?;
                Ok(vec![ticket.user])
            }
            Command::Verify { hand, server, ticket, code } => {
                let Some(ticket) = pick(&self.pockets[&hand].tickets, ticket) else { return Ok(vec![]) };
                let Some((key, code, step)) = self.typed(hand, ticket.user, code) else { return Ok(vec![]) };
                self.verify(hand, server, &ticket, &key, &code, step).await?;
                Ok(vec![ticket.user])
            }
            Command::Recover { hand, ticket, code } => {
                let Some(ticket) = pick(&self.pockets[&hand].tickets, ticket) else { return Ok(vec![]) };
                let sheet: Vec<String> = self.sheet(hand, ticket.user);
                let code = code.and_then(|code| sheet.get(code).cloned()).unwrap_or_else(|| "0".repeat(24));
                self.recover(hand, &ticket, &code).await?;
                Ok(vec![ticket.user])
            }
            Command::Accept { hand, ticket, invitation } => {
                let Some(ticket) = pick(&self.pockets[&hand].tickets, ticket) else { return Ok(vec![]) };
                let Some((_, invitation)) = pick(&self.pockets[&hand].invitations, invitation) else {
                    return Ok(vec![]);
                };
                self.accept(hand, &ticket, &invitation).await?;
                Ok(vec![ticket.user])
            }
            Command::Resume { hand, server, stamp } => {
                if let Some(stamp) = pick(&self.pockets[&hand].stamps, stamp) {
                    self.resume(hand, server, &stamp).await?;
                }
                Ok(vec![])
            }
            Command::StepUp { hand, stamp }
            | Command::Replace { hand, stamp }
            | Command::Enroll { hand, stamp }
            | Command::Withdraw { hand, stamp }
            | Command::DrawCodes { hand, stamp }
            | Command::RememberDevice { hand, stamp }
            | Command::ForgetDevices { hand, stamp }
            | Command::SignOut { hand, stamp } => {
                let Some(stamp) = pick(&self.pockets[&hand].stamps, stamp) else { return Ok(vec![]) };
                self.in_session(hand, &stamp, command).await?;
                Ok(vec![stamp.user])
            }
            Command::Administer { by, act, target } => self.administer(by, act, target).await,
            _ => self.happens(command).await,
        }
    }

    /// What the host, the vendor or the clock does.
    async fn happens(&mut self, command: &Command) -> Judged<Vec<usize>> {
        match *command {
            Command::PasswordChanged { user: who } => {
                self.host(who).password_changed().await.map_err(failed)?;
                let has_record = self.has_record(who).await;
                self.oracle.password_changed(who, has_record);
                self.forget_password(who);
                return Ok(vec![who]);
            }
            Command::EndSessions { user: who } => {
                self.host(who).end_sessions().await.map_err(failed)?;
                if self.has_record(who).await {
                    self.oracle.ends(who);
                }
                return Ok(vec![who]);
            }
            Command::Becomes { user: who, role } => {
                let role = [Role::Customer, Role::Internal, Role::MasterAdmin][usize::from(role)];
                self.world.people.set(ACME, USERS[who], role);
                self.oracle.accounts[who].role = role;
            }
            Command::IsSucceeded { user: who } => {
                self.succeed(who).await?;
                return Ok(vec![who]);
            }
            Command::RollKey => self.roll_key(),
            // One at a time: what is lost twice in a row has an unknown outcome.
            Command::LoseReply if self.world.controls.are_done() => {
                self.world.controls.fail_next(Fault::SwapAfter);
            }
            Command::LoseReply => {}
            Command::Advance(seconds) => self.world.clock.advance(std::time::Duration::from_secs(seconds)),
            Command::SetBack(seconds) => {
                self.world.clock.set(Timestamp::from_unix(self.now().as_unix() - seconds));
            }
            ref other => unreachable!("{other} is done by a hand, or made of other commands"),
        }
        Ok(vec![])
    }

    fn host(&self, who: usize) -> countersign::User<'_> {
        self.servers[0].user(&self.acme, &self.ids[who])
    }

    /// The thief's copy of the password is worth nothing any more.
    pub(super) fn forget_password(&mut self, who: usize) {
        self.pocket(Hand::Thief).passwords.retain(|known| *known != who);
    }

    /// Whoever leaves keeps what they have; the next one begins with nothing but a password.
    async fn succeed(&mut self, who: usize) -> Judged {
        let role = self.oracle.accounts[who].role;
        self.world.people.remove(ACME, USERS[who]);
        self.host(who).forget().await.map_err(failed)?;
        self.world.people.set(ACME, USERS[who], role);
        self.oracle.succeeded(who);
        self.forget_password(who);
        let left = std::mem::take(self.pocket(Hand::ALL[who]));
        self.pocket(Hand::ALL[who]).passwords.push(who);
        let thief = self.pocket(Hand::Thief);
        // A customer's session is the host's to end.
        let internal = left.stamps.into_iter().filter(|stamp| stamp.role != Role::Customer);
        thief.stamps.splice(..0, internal);
        thief.devices.splice(..0, left.devices);
        thief.tickets.splice(..0, left.tickets);
        thief.codes.splice(..0, left.codes);
        thief.keys.splice(..0, left.keys);
        Ok(())
    }

    /// R17: the next step of a planned change: a new key, which is active at once, beside the old one; and then without.
    fn roll_key(&mut self) {
        let (active, beside, older) = &mut self.ring;
        if let Some(beside) = beside.take() {
            older.push(beside);
        } else if self.last_key < 200 {
            self.last_key += 1;
            *beside = Some(std::mem::replace(active, self.last_key));
        }
        self.servers = servers(&self.world, &self.ring);
    }

    /// The active key was stolen: it is an older one at once, and never declared beside.
    pub(super) fn key_is_stolen(&mut self) {
        if self.stolen_key.is_some() {
            return;
        }
        self.last_key += 1;
        let (active, beside, older) = &mut self.ring;
        older.extend(beside.take());
        let stolen = std::mem::replace(active, self.last_key);
        older.push(stolen);
        self.stolen_key = Some(stolen);
        self.servers = servers(&self.world, &self.ring);
    }

    /// What is handed out now to this account, on this proof.
    fn handed_out(&mut self, account: usize, session: Option<u64>, means: Option<Means>) -> Held<()> {
        let born = self.oracle.next_number();
        Held {
            user: account,
            thing: (),
            born,
            session: session.unwrap_or(born),
            role: self.oracle.accounts[account].role,
            code_at: (means == Some(Means::Code)).then(|| self.now()),
            epoch: self.oracle.epoch,
            means,
            gained: None,
            forged: false,
        }
    }

    /// Somebody is in. R15: at the other server, too.
    async fn is_in(&mut self, hand: Hand, pass: &Pass, from: Held<()>) -> Judged {
        claim!(
            pass.user().as_str() == USERS[from.user],
            "R4: {} got a pass of {}",
            USERS[from.user],
            pass.user()
        );
        // What a signed-out session still proves opens none again.
        let is_over = self.oracle.is_signed_out(&from);
        for server in self.servers.iter().filter(|_| !is_over) {
            let goes_on = server.resume(pass.stamp()).await.map_err(failed)?.is_some();
            claim!(
                goes_on,
                "R15: a session of {} that has just begun is over at the other server",
                USERS[from.user]
            );
        }
        let mut held = from.with(pass.stamp().clone());
        if self.is_theft(hand, held.user) {
            held.gained = Some(held.gained.unwrap_or_else(|| self.oracle.situation(held.user)));
            self.oracle.reaches(held.user, Gain::SignsIn, held.gained);
        }
        self.pocket(hand).stamps.insert(0, held);
        Ok(())
    }
}

fn code_at(key: &str, step: u64) -> String {
    let secret = Secret::from_base32(key).unwrap();
    Totp::default().code_at(&secret, Timestamp::from_unix(step * 30)).unwrap().expose()
}

fn servers(world: &World, ring: &(u32, Option<u32>, Vec<u32>)) -> [TwoFactor; 2] {
    ASTRAY.map(|ahead| world.another_server_with(keyring(ring), ahead))
}

/// R4: an error is no answer that anybody should meet here, where every reply can be read back.
#[allow(clippy::needless_pass_by_value, reason = "for `map_err`")]
pub(super) fn failed(error: countersign::Error) -> Lost {
    Lost(format!("R4: {error:?}"))
}
