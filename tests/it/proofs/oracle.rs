//! What must be true, whatever happens: the rules, held against every answer that a play gets.
//!
//! It knows what was said to whom, and nothing of how the library decides. Where it cannot know (a row of first codes that
//! is counted apart), it says so and claims less.

mod acts;
mod login;

use std::collections::{BTreeMap, BTreeSet};

use countersign::{Role, Timestamp, tokens::Means};

use super::{
    command::USERS,
    gains::{Gain, Reached, Situation},
};

/// The sentence that turned out to be false.
#[derive(Debug)]
pub struct Lost(pub String);

pub type Judged<T = ()> = Result<T, Lost>;

/// The claim holds, or the game is lost with these words.
macro_rules! claim {
    ($holds:expr, $($words:tt)+) => {
        if !$holds {
            return Err($crate::proofs::oracle::Lost(format!($($words)+)));
        }
    };
}
pub(super) use claim;

/// Two servers may be so many seconds apart (R15).
const APART: u64 = 60;
/// As long as a code is fresh by default, in seconds.
const FRESH: u64 = 300;
const DAY: u64 = 24 * 60 * 60;
/// Default: a user has so many wrong codes in a row.
const HARD_STOP: u32 = 10;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Row {
    Codes,
    RecoveryCodes,
}

/// A thing that somebody holds, and where it comes from.
#[derive(Clone, Debug)]
pub struct Held<T> {
    pub user: usize,
    pub thing: T,
    /// Counts everything that was handed out.
    pub born: u64,
    /// The first stamp of the same session has the same.
    pub session: u64,
    pub role: Role,
    /// When a code was shown for it, and in which epoch.
    pub code_at: Option<Timestamp>,
    pub epoch: u64,
    pub means: Option<Means>,
    /// In what situation a thief got it by themselves.
    pub gained: Option<Situation>,
    /// Made with a stolen key.
    pub forged: bool,
}

/// An authenticator that counts.
#[derive(Clone, Debug)]
pub struct Bound {
    pub key: String,
    /// In what situation a thief bound it.
    pub taken: Option<Situation>,
    /// By way of a recovery code.
    pub after_recovery: bool,
}

#[derive(Debug)]
#[allow(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct Account {
    pub role: Role,
    pub bound: Option<Bound>,
    pub imported: Option<String>,
    pub good_codes: BTreeSet<String>,
    rows: BTreeMap<Row, u32>,
    guessed_with_password: BTreeSet<Row>,
    /// Rows were counted that cannot be seen from outside.
    is_uncertain: bool,
    pub is_known: bool,
    /// Known, or reset to whoever is invited.
    needs_invitation_perhaps: bool,
    has_time: bool,
    /// They were given time once: wrong first codes may be counted in a row of their own.
    pub had_time: bool,
    first_told: Option<Timestamp>,
    pub probation_until: Option<Timestamp>,
    /// Nothing holds that was handed out before.
    ended: u64,
    devices_ended: u64,
    signed_out: BTreeSet<u64>,
    qr_codes: Vec<Timestamp>,
    pub invitation: Option<String>,
}

impl Account {
    fn new(role: Role) -> Self {
        Self {
            role,
            bound: None,
            imported: None,
            good_codes: BTreeSet::new(),
            rows: BTreeMap::new(),
            guessed_with_password: BTreeSet::new(),
            is_uncertain: false,
            is_known: false,
            needs_invitation_perhaps: false,
            has_time: false,
            had_time: false,
            first_told: None,
            probation_until: None,
            ended: 0,
            devices_ended: 0,
            signed_out: BTreeSet::new(),
            qr_codes: Vec::new(),
            invitation: None,
        }
    }

    fn row(&self, of: Row) -> u32 {
        self.rows.get(&of).copied().unwrap_or_default()
    }

    pub fn is_blocked(&self) -> bool {
        self.rows.values().any(|row| *row == HARD_STOP)
    }

    fn release(&mut self) {
        self.bound = None;
        self.imported = None;
        self.good_codes.clear();
    }

    fn forgive(&mut self) {
        self.rows.clear();
        self.guessed_with_password.clear();
        self.is_uncertain = false;
    }

    fn clear(&mut self, of: Row) {
        self.rows.remove(&of);
        self.guessed_with_password.remove(&of);
    }
}

#[derive(Debug)]
#[allow(clippy::struct_excessive_bools, reason = "each is a setting of the org")]
pub struct Oracle {
    pub is_on: bool,
    pub is_offered: bool,
    pub remembers: bool,
    pub by_invitation: bool,
    pub gives_time: bool,
    pub ends_on_switch: bool,
    pub epoch: u64,
    epoch_began: u64,
    /// The *off* before, in an *on* that was entered directly from it (R6).
    chosen_in: Option<u64>,
    /// No stamp of an internal user holds that is older.
    floor: u64,
    handed_out: u64,
    pub accounts: Vec<Account>,
    /// For every secret, the steps that let somebody in.
    consumed: BTreeMap<String, BTreeSet<u64>>,
    /// What the thief got.
    pub reached: Reached,
    /// How often something of each kind was seen, so that a play that sees nothing is noticed.
    pub seen: BTreeMap<&'static str, u32>,
}

impl Oracle {
    pub fn new(roles: &[Role]) -> Self {
        Self {
            is_on: false,
            is_offered: false,
            remembers: false,
            by_invitation: false,
            gives_time: false,
            ends_on_switch: false,
            epoch: 0,
            epoch_began: 0,
            chosen_in: None,
            floor: 0,
            handed_out: 0,
            accounts: roles.iter().copied().map(Account::new).collect(),
            consumed: BTreeMap::new(),
            reached: Reached::default(),
            seen: BTreeMap::new(),
        }
    }

    fn saw(&mut self, what: &'static str) {
        *self.seen.entry(what).or_default() += 1;
    }

    /// Whether a code of this key ever let somebody in.
    pub fn was_used(&self, key: &str) -> bool {
        self.consumed.contains_key(key)
    }

    pub fn next_number(&mut self) -> u64 {
        self.handed_out += 1;
        self.handed_out
    }

    fn is_internal(&self, user: usize) -> bool {
        self.accounts[user].role != Role::Customer
    }

    /// Whether what was granted in this epoch counts now (R6).
    fn counts(&self, epoch: u64) -> bool {
        epoch == self.epoch || self.chosen_in == Some(epoch)
    }

    /// Whether a code must be asked of this user.
    pub fn asks(&self, user: usize) -> bool {
        self.is_internal(user) && (self.is_on || (self.is_offered && self.accounts[user].bound.is_some()))
    }

    /// Whether one may be asked: somebody's imported key counts, or does not.
    fn may_ask(&self, user: usize) -> bool {
        self.asks(user)
            || (self.is_internal(user) && self.is_offered && self.accounts[user].imported.is_some())
    }

    /// Who has what for a thief, at this moment.
    pub fn situation(&self, user: usize) -> Situation {
        let account = &self.accounts[user];
        match &account.bound {
            _ if !self.asks(user) => Situation::NotAsked,
            Some(Bound { taken: Some(situation), .. }) => *situation,
            Some(_) => Situation::Asked,
            None if account.imported.is_some() => Situation::Asked,
            None if account.is_known || self.by_invitation => Situation::Invited,
            None => Situation::NotEnrolled,
        }
    }

    /// A thief got something of somebody else's.
    pub fn reaches(&mut self, user: usize, gain: Gain, by: Option<Situation>) {
        let situation = by.unwrap_or_else(|| self.situation(user));
        self.reached.add(gain, situation);
    }

    /// R7, R14, R15, R17: a session goes on.
    pub fn resumed(
        &mut self,
        stamp: &Held<()>,
        expires_at: Timestamp,
        earned_at: Timestamp,
        now: Timestamp,
    ) -> Judged {
        let (id, account) = (USERS[stamp.user], &self.accounts[stamp.user]);
        claim!(!stamp.forged, "R17: a stamp of {id} holds that was made with an older key");
        let by_any_clock = now.as_unix() + APART;
        claim!(
            now.as_unix() < expires_at.as_unix() + APART && earned_at.as_unix() <= by_any_clock,
            "R15: {id}'s session of {earned_at} until {expires_at} goes on at {now}"
        );
        let is_customer = account.role == Role::Customer;
        claim!(
            (stamp.role == Role::Customer) == is_customer,
            "R14: {id}'s session goes on across the line to customers"
        );
        // A customer's is the host's to end.
        claim!(is_customer || stamp.born >= account.ended, "R14: {id}'s session goes on that was ended");
        claim!(is_customer || stamp.born >= self.floor, "R14: {id}'s session goes on though all were ended");
        claim!(
            is_customer || !account.signed_out.contains(&stamp.session),
            "R14: {id}'s session goes on that was signed out"
        );
        self.saw("sessions");
        Ok(())
    }

    /// Somebody signed-in did what needs a fresh code of the owner.
    pub fn shows_fresh_code(&self, stamp: &Held<()>, now: Timestamp, what: &str) -> Judged {
        let id = USERS[stamp.user];
        let is_fresh = stamp.code_at.is_some_and(|at| now.as_unix() <= at.as_unix() + FRESH + APART);
        claim!(is_fresh, "R8, R13: {id} {what} without a fresh code");
        claim!(
            self.accounts[stamp.user]
                .probation_until
                .is_none_or(|until| until.as_unix() <= now.as_unix() + APART)
                || what == "takes the authenticator off",
            "R13: {id} {what} on probation"
        );
        Ok(())
    }

    /// Whether the session was signed out, though a ticket of it may still be out there.
    pub fn is_signed_out(&self, stamp: &Held<()>) -> bool {
        self.accounts[stamp.user].signed_out.contains(&stamp.session)
    }

    pub fn signed_out(&mut self, stamp: &Held<()>) {
        self.accounts[stamp.user].signed_out.insert(stamp.session);
    }

    /// Everything is over that was handed out to this user.
    pub fn ends(&mut self, user: usize) {
        let number = self.handed_out + 1;
        let account = &mut self.accounts[user];
        account.ended = number;
        account.devices_ended = number;
    }

    pub fn forgets_devices(&mut self, user: usize) {
        self.accounts[user].devices_ended = self.handed_out + 1;
    }

    pub fn forgets_all_devices(&mut self) {
        for user in 0..self.accounts.len() {
            self.forgets_devices(user);
        }
    }
}
