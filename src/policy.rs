//! What an org requires, and within which limits codes are tried.

use std::time::Duration;

use crate::{
    otp::{Totp, Window},
    requirement::{Epoch, Requirement, RunningSessions},
};

/// What an org has decided: the content of its settings record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Policy {
    pub(crate) requirement: Requirement,
    pub(crate) epoch: Epoch,
    pub(crate) sessions: RunningSessions,
}

impl Policy {
    /// That of an org whose settings were never written.
    pub(crate) const fn at_first(requirement: Requirement) -> Self {
        Self { requirement, epoch: Epoch::FIRST, sessions: RunningSessions::GoOn }
    }

    /// The policy after a switch; `None` when it changes nothing, so that switching on twice, or by two admins at
    /// once, makes one epoch. Only the step from "nobody is asked" to "asked" begins a new one (R6).
    pub(crate) fn switched(
        self,
        to: Requirement,
        sessions: RunningSessions,
        random: [u8; 8],
    ) -> Option<Self> {
        let begins = to.asks() && !self.requirement.asks();
        let epoch = if begins { self.epoch.next(random) } else { self.epoch };
        let next = Self { requirement: to, epoch, sessions };
        (next != self).then_some(next)
    }
}

/// Within which limits codes are tried and proofs last. [`Default`] is what the product does; each number's
/// source stands with the method that changes it.
///
/// ```
/// use countersign::{InvalidLimit, Limits};
/// let stricter = Limits::default().hard_stop(5)?;
/// assert_eq!(Limits::default().hard_stop(101), Err(InvalidLimit::HardStop));
/// # Ok::<(), InvalidLimit>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    pub(crate) totp: Totp,
    pub(crate) window: Window,
    pub(crate) drift: u8,
    pub(crate) hard_stop: u32,
    pub(crate) waits_from: u32,
    pub(crate) first_wait: Duration,
    pub(crate) longest_wait: Duration,
    pub(crate) ticket: Duration,
    pub(crate) pending: Duration,
    pub(crate) stamp: Duration,
    pub(crate) fresh_code: Duration,
}

/// A limit out of its bounds. Each says which they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidLimit {
    /// The hard stop.
    #[error("the hard stop must come after 1 to 100 wrong codes in a row")]
    HardStop,
    /// The waits.
    #[error(
        "waits must begin with the first wrong code or later, last a second at least and an hour at most"
    )]
    Waits,
    /// The window.
    #[error("a login window reaches at most two steps each way")]
    Window,
    /// The drift.
    #[error("a remembered drift is at most ten steps")]
    Drift,
    /// The lifetime of a ticket or of a QR code that was shown.
    #[error("tickets and pending enrollments last one minute to one hour")]
    Ticket,
    /// The lifetime of a stamp.
    #[error("a stamp lasts five minutes to thirty days")]
    Stamp,
    /// The age of a code that still counts as fresh.
    #[error("a fresh code is at most one minute to one hour old")]
    FreshCode,
}

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

impl Default for Limits {
    fn default() -> Self {
        Self {
            totp: Totp::default(),
            window: Window::ONE_EACH_WAY,
            drift: 0,
            hard_stop: 10,
            waits_from: 5,
            first_wait: Duration::from_secs(30),
            longest_wait: HOUR,
            ticket: 15 * MINUTE,
            pending: 15 * MINUTE,
            stamp: 12 * HOUR,
            fresh_code: 5 * MINUTE,
        }
    }
}

impl Limits {
    /// The digits and the period of authenticators that are enrolled from now on; those enrolled already keep
    /// theirs. Default: 6 digits and 30 seconds, which every app takes.
    #[must_use]
    pub const fn totp(mut self, totp: Totp) -> Self {
        self.totp = totp;
        self
    }

    /// How many steps before and after the present one are accepted. Default: one each way (RFC 6238 §5.2).
    ///
    /// # Errors
    /// [`InvalidLimit::Window`] beyond two: five steps make a guess five in a million.
    pub fn window(mut self, back: u8, ahead: u8) -> Result<Self, InvalidLimit> {
        if back > 2 || ahead > 2 {
            return Err(InvalidLimit::Window);
        }
        self.window = Window::new(back, ahead).map_err(|_| InvalidLimit::Window)?;
        Ok(self)
    }

    /// Remembers how far off a user's clock was at his last right code, up to so many steps, and moves the window there
    /// for the next one (RFC 6238 §6). The window does not grow: as many codes are right as without. Default: 0, which
    /// follows nothing; phones set their clocks by themselves, and this is for tokens that cannot.
    ///
    /// # Errors
    /// [`InvalidLimit::Drift`] beyond ten steps.
    pub const fn drift(mut self, steps: u8) -> Result<Self, InvalidLimit> {
        if steps > Window::MOST {
            return Err(InvalidLimit::Drift);
        }
        self.drift = steps;
        Ok(self)
    }

    /// After how many wrong codes in a row the account is blocked. Default: 10.
    ///
    /// NIST SP 800-63B-4 §3.2.2 allows at most 100 in a row.
    ///
    /// # Errors
    /// [`InvalidLimit::HardStop`] unless it is 1 to 100.
    pub const fn hard_stop(mut self, in_a_row: u32) -> Result<Self, InvalidLimit> {
        match in_a_row {
            1..=100 => {
                self.hard_stop = in_a_row;
                Ok(self)
            }
            _ => Err(InvalidLimit::HardStop),
        }
    }

    /// From which wrong code in a row on there is a wait, how long the first one is and how long the longest; each
    /// doubles the one before. Default: from the 5th on, 30 seconds, one hour (NIST SP 800-63B-4 §3.2.2 names
    /// waits from 30 seconds up to an hour).
    ///
    /// # Errors
    /// [`InvalidLimit::Waits`] for `from` 0, a first wait below a second or above the longest, or a longest wait
    /// above an hour.
    pub fn waits(mut self, from: u32, first: Duration, longest: Duration) -> Result<Self, InvalidLimit> {
        if from == 0 || first < Duration::from_secs(1) || first > longest || longest > HOUR {
            return Err(InvalidLimit::Waits);
        }
        (self.waits_from, self.first_wait, self.longest_wait) = (from, first, longest);
        Ok(self)
    }

    /// How long after the password the code may come, and how long a QR code that was shown can be confirmed.
    /// Default: 15 minutes each, time enough to install an app.
    ///
    /// # Errors
    /// [`InvalidLimit::Ticket`] unless each is one minute to one hour.
    pub fn ticket(mut self, ticket: Duration, pending: Duration) -> Result<Self, InvalidLimit> {
        let bounds = MINUTE..=HOUR;
        if !bounds.contains(&ticket) || !bounds.contains(&pending) {
            return Err(InvalidLimit::Ticket);
        }
        (self.ticket, self.pending) = (ticket, pending);
        Ok(self)
    }

    /// How long a stamp lasts from the login on; using it does not prolong it. Default: 12 hours (NIST SP
    /// 800-63B-4 §2.2.3 asks for a new login after 24 hours at most at AAL2).
    ///
    /// # Errors
    /// [`InvalidLimit::Stamp`] unless it is five minutes to thirty days.
    pub fn stamp(mut self, lifetime: Duration) -> Result<Self, InvalidLimit> {
        if !(5 * MINUTE..=30 * DAY).contains(&lifetime) {
            return Err(InvalidLimit::Stamp);
        }
        self.stamp = lifetime;
        Ok(self)
    }

    /// How old a code may be that an administrative act rests on (R13). Default: five minutes.
    ///
    /// # Errors
    /// [`InvalidLimit::FreshCode`] unless it is one minute to one hour.
    pub fn fresh_code(mut self, age: Duration) -> Result<Self, InvalidLimit> {
        if !(MINUTE..=HOUR).contains(&age) {
            return Err(InvalidLimit::FreshCode);
        }
        self.fresh_code = age;
        Ok(self)
    }

    /// The window around where a user's clock was at his last right code.
    pub(crate) fn window_for(&self, drift: i8) -> Window {
        let within = self.followed(drift);
        self.window.recentered(within).expect("a drift is at most ten steps")
    }

    /// How much of an offset is remembered.
    pub(crate) fn followed(&self, offset: i8) -> i8 {
        let most = self.drift.cast_signed();
        offset.clamp(-most, most)
    }

    /// The wait that follows the `in_a_row`-th refused code in a row.
    pub(crate) fn wait_after(&self, in_a_row: u32) -> Option<Duration> {
        let doublings = in_a_row.checked_sub(self.waits_from)?;
        let factor = 1_u32.checked_shl(doublings).unwrap_or(u32::MAX);
        Some(self.first_wait.saturating_mul(factor).min(self.longest_wait))
    }
}
