//! Stamps: the form of a pass that a session keeps, and what it is worth at each later request.

use std::time::Duration;

use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::{
    policy::{Epoch, Policy},
    seal::{Damaged, Generation, Kind, Reader, Writer},
    time::Timestamp,
    tokens::token::{Claims, token},
    who::{OrgId, Person, Role, UserId},
};

token! {
    /// A pass in the form that a session keeps. [`resume`](crate::TwoFactor::resume) checks it against the account and
    /// the policy of that moment.
    ///
    /// Keep the text in the server's session or in an HttpOnly cookie, never in a URL.
    Stamp
}

/// How a pass was earned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Means {
    /// By a customer, who is never asked.
    Customer,
    /// By an internal user of an org that did not require a code.
    NotRequired,
    /// By an internal user who has yet to enroll, within the time that their org gives.
    Grace,
    /// With a code of an authenticator app.
    Code,
    /// By an internal user on a device that was remembered after a code. That code does not count as a fresh one.
    RememberedDevice,
    /// With a recovery code. That shows a sheet of paper, which can be copied and lie about, and not the phone: so it
    /// is never [fresh](crate::Pass::is_fresh), and administers nothing. It allows its user to
    /// [replace](crate::SignedIn::replace) the authenticator, which may be lost, while a code of the same age would be
    /// fresh.
    RecoveryCode,
}

/// Names a session. All its stamps have it, also those after a step-up, so that signing out ends them together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SessionId(pub(crate) [u8; 16]);

/// The host's mark of a user's sessions, so short that it fits into a stamp.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mark(pub(crate) [u8; 16]);

impl Mark {
    pub(crate) fn of(person: &Person) -> Option<Self> {
        let whole: [u8; 32] = Sha256::digest(person.mark.as_deref()?).into();
        Some(Self(*whole.first_chunk().expect("a half is shorter than the whole")))
    }
}

/// The content of a stamp: a session as it was opened.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    pub(crate) id: SessionId,
    pub(crate) org: OrgId,
    pub(crate) user: UserId,
    pub(crate) role: Role,
    /// The host's mark of the user's sessions, hashed.
    pub(crate) mark: Option<Mark>,
    pub(crate) generation: Generation,
    pub(crate) epoch: Epoch,
    pub(crate) means: Means,
    /// When it was opened. A step-up earns it anew, and does not begin it anew.
    pub(crate) begun_at: Timestamp,
    pub(crate) earned_at: Timestamp,
    pub(crate) expires_at: Timestamp,
}

impl Session {
    /// Returns whether the clock allows it (R15).
    pub(crate) fn is_alive(&self, now: Timestamp) -> bool {
        self.earned_at.is_good_until(self.expires_at, now)
    }

    /// Returns when it ends: when its stamp expires or, if that is earlier, when the org would now have it end.
    pub(crate) fn ends_at(&self, policy: &Policy) -> Timestamp {
        if self.begun_at < policy.sessions_since {
            // Whichever clock is asked.
            return Timestamp::from_unix(0);
        }
        self.expires_at.min(self.begun_at.after(policy.settings.stamp_lifetime()))
    }

    /// Returns whether it still holds for an internal user, by the account's generation and the current policy. `asked`
    /// is whether they are asked for a code.
    pub(crate) fn holds(
        &self,
        person: &Person,
        generation: Generation,
        asked: bool,
        policy: &Policy,
    ) -> bool {
        let trusted = self.generation == generation && self.epoch.counter >= policy.sessions_from;
        let shows_enough = match (asked, self.means) {
            (false, _) | (true, Means::Code | Means::RememberedDevice | Means::RecoveryCode) => true,
            // After a customer has become more than that, or anybody more than they were, they must show a code first.
            (true, Means::Customer) => false,
            // The time to enroll ends with the stamp's expiry. The org must also still give any.
            (true, Means::Grace) => self.epoch == policy.epoch && !self.was_promoted(person),
            (true, Means::NotRequired) => !self.was_promoted(person),
        };
        trusted && shows_enough
    }

    fn was_promoted(&self, person: &Person) -> bool {
        person.role == Role::MasterAdmin && self.role != Role::MasterAdmin
    }

    /// Returns whether it shows a code of this epoch that is fresh enough for an administrative act (R13).
    pub(crate) fn shows_fresh_code(&self, policy: &Policy, now: Timestamp) -> bool {
        policy.counts(self.epoch) && self.has_fresh_code(policy.settings.fresh_code(), now)
    }

    /// Returns whether it shows enough, recently enough, to replace the enrolled authenticator (R8). A recovery code is
    /// enough: its user may have lost the authenticator.
    pub(crate) fn may_replace(&self, policy: &Policy, now: Timestamp) -> bool {
        let recovered = self.means == Means::RecoveryCode && policy.counts(self.epoch);
        // Its page may take as long as any: the phone that comes may still have to be unpacked.
        let has_time = self.is_recent(policy.settings.ticket_lifetime(), now);
        self.shows_fresh_code(policy, now) || (recovered && has_time)
    }

    pub(super) fn has_fresh_code(&self, age: Duration, now: Timestamp) -> bool {
        self.means == Means::Code && self.is_recent(age, now)
    }

    fn is_recent(&self, age: Duration, now: Timestamp) -> bool {
        self.earned_at.age_at(now).is_some_and(|passed| passed <= age)
    }
}

impl Claims for Session {
    const KIND: Kind = Kind::Stamp;
    type Text = Stamp;

    fn write(&self, plain: &mut Writer) {
        plain.array(self.id.0);
        plain.bytes(self.org.as_str().as_bytes());
        plain.bytes(self.user.as_str().as_bytes());
        plain.u8(match self.role {
            Role::Customer => 0,
            Role::Internal => 1,
            Role::MasterAdmin => 2,
        });
        plain.option(self.mark, |plain, mark| plain.array(mark.0));
        plain.generation(self.generation);
        plain.epoch(self.epoch);
        plain.u8(match self.means {
            Means::Customer => 0,
            Means::NotRequired => 1,
            Means::Code => 2,
            Means::Grace => 3,
            Means::RememberedDevice => 4,
            Means::RecoveryCode => 5,
        });
        plain.time(self.begun_at);
        plain.time(self.earned_at);
        plain.time(self.expires_at);
    }

    fn read(plain: &mut Reader<'_>) -> Result<Self, Damaged> {
        Ok(Self {
            id: SessionId(plain.array()?),
            org: plain.org()?,
            user: plain.user()?,
            role: match plain.u8()? {
                0 => Role::Customer,
                1 => Role::Internal,
                2 => Role::MasterAdmin,
                _ => return Err(Damaged),
            },
            mark: plain.option(|plain| plain.array().map(Mark))?,
            generation: plain.generation()?,
            epoch: plain.epoch()?,
            means: match plain.u8()? {
                0 => Means::Customer,
                1 => Means::NotRequired,
                2 => Means::Code,
                3 => Means::Grace,
                4 => Means::RememberedDevice,
                5 => Means::RecoveryCode,
                _ => return Err(Damaged),
            },
            begun_at: plain.time()?,
            earned_at: plain.time()?,
            expires_at: plain.time()?,
        })
    }
}
