//! TOTP (RFC 6238): codes that depend on the time.

mod astray;

pub use self::astray::Astray;
use super::{
    algorithm::Algorithm,
    code::{Code, Digits},
    keyed::{Keyed, Row, code},
    secret::Secret,
};
use crate::time::Timestamp;

/// The number of the time interval that a code belongs to. RFC 6238 §4.2 calls it T.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Step(u64);

impl Step {
    /// Creates the step with this number.
    pub const fn from_number(number: u64) -> Self {
        Self(number)
    }

    /// Returns the number.
    pub const fn number(self) -> u64 {
        self.0
    }
}

/// How many steps before and after the current one are accepted.
///
/// Wider windows forgive clocks that are off, and give a guesser more right answers: `back + 1 + ahead` in a million at
/// any time (with six digits).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Window {
    back: u8,
    ahead: u8,
    drift: i8,
}

/// A window of more than ten steps one way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a window is at most {} steps each way", Window::MOST)]
pub struct WindowTooWide;

impl Window {
    /// The largest number of steps one way.
    pub const MOST: u8 = 10;

    /// One step back and one ahead. RFC 6238 §5.2 recommends at most one step for the network's delay. The one ahead is
    /// for phones whose clock is fast.
    pub const ONE_EACH_WAY: Self = Self { back: 1, ahead: 1, drift: 0 };

    /// The current step alone.
    #[cfg(feature = "std")]
    pub(crate) const ONLY: Self = Self { back: 0, ahead: 0, drift: 0 };

    /// Creates a window of `back` steps before and `ahead` steps after the current one.
    ///
    /// # Errors
    /// [`WindowTooWide`] if either is above [`MOST`](Self::MOST).
    pub const fn new(back: u8, ahead: u8) -> Result<Self, WindowTooWide> {
        if back > Self::MOST || ahead > Self::MOST {
            return Err(WindowTooWide);
        }
        Ok(Self { back, ahead, drift: 0 })
    }

    /// Moves the window by `drift` steps (RFC 6238 §6). This is for an authenticator whose clock is known to be fast
    /// (above zero) or slow (below zero). The window does not grow: as many codes are right as before.
    ///
    /// # Errors
    /// [`WindowTooWide`] beyond [`MOST`](Self::MOST) steps either way.
    pub const fn recentered(mut self, drift: i8) -> Result<Self, WindowTooWide> {
        if drift.unsigned_abs() > Self::MOST {
            return Err(WindowTooWide);
        }
        self.drift = drift;
        Ok(self)
    }

    /// Returns the newest step of the window around the `present` one.
    #[cfg(feature = "std")]
    pub(crate) const fn newest(self, present: Step) -> Step {
        Step(present.0.saturating_add(self.ahead as u64).saturating_add_signed(self.drift as i64))
    }
}

/// The outcome of checking a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "only `Right` is a right code"]
pub enum Check {
    /// The code is right.
    Right(Match),
    /// The code belongs to a step of the window, but to none later than the last consumed one.
    Used,
    /// The code belongs to no step of the window.
    Wrong,
}

/// Where a right code was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Match {
    /// The latest step of the window that the code belongs to. Store it, and pass it as the last consumed one from now
    /// on. That accepts the code once (RFC 6238 §5.2), and if it matches several steps, uses up all of them.
    pub step: Step,
    /// How many steps it lies after the current one; below zero before it. A verifier that follows drift passes it to
    /// [`Window::recentered`] next time (RFC 6238 §6).
    pub offset: i8,
}

/// The parameters of TOTP (RFC 6238): the algorithm, the number of digits, the seconds of a step, and when counting
/// began.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Totp {
    algorithm: Algorithm,
    digits: Digits,
    period: u8,
    t0: Timestamp,
}

/// A period outside 15 to 120 seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a step must last 15 to 120 seconds")]
pub struct InvalidPeriod;

/// SHA-1, six digits and 30 seconds, counted since 1970: what Google Authenticator, Microsoft Authenticator, Duo Mobile
/// and Authy all support. RFC 6238 §5.2 recommends the 30 seconds.
impl Default for Totp {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl Totp {
    const DEFAULT: Self =
        Self { algorithm: Algorithm::Sha1, digits: Digits::Six, period: 30, t0: Timestamp::from_unix(0) };

    /// Creates parameters for codes of `digits`, and a new one every `period` seconds. With SHA-1, counted since 1970.
    ///
    /// # Errors
    /// [`InvalidPeriod`] unless the period is 15 to 120 seconds.
    pub const fn new(digits: Digits, period: u8) -> Result<Self, InvalidPeriod> {
        match period {
            15..=120 => Ok(Self { digits, period, ..Self::DEFAULT }),
            _ => Err(InvalidPeriod),
        }
    }

    /// Sets the algorithm.
    #[must_use]
    pub const fn with_algorithm(mut self, algorithm: Algorithm) -> Self {
        self.algorithm = algorithm;
        self
    }

    /// Sets the number of digits.
    #[must_use]
    pub const fn with_digits(mut self, digits: Digits) -> Self {
        self.digits = digits;
        self
    }

    /// Sets the time from which steps are counted (RFC 6238 §4.1 calls it T0). No app supports another one than 1970,
    /// and no key URI can name it.
    #[must_use]
    pub const fn counted_from(mut self, t0: Timestamp) -> Self {
        self.t0 = t0;
        self
    }

    /// Returns the algorithm.
    pub const fn algorithm(self) -> Algorithm {
        self.algorithm
    }

    /// Returns the number of digits of a code.
    pub const fn digits(self) -> Digits {
        self.digits
    }

    /// Returns how many seconds a step lasts.
    pub const fn period(self) -> u8 {
        self.period
    }

    /// Returns the time from which steps are counted.
    pub const fn t0(self) -> Timestamp {
        self.t0
    }

    /// Returns the step at `time` (RFC 6238 §4.2); `None` before the counting began.
    pub const fn step_at(self, time: Timestamp) -> Option<Step> {
        match time.as_unix().checked_sub(self.t0.as_unix()) {
            Some(seconds) => Some(Step(seconds / self.period as u64)),
            None => None,
        }
    }

    /// Returns when a step begins.
    #[cfg(feature = "std")]
    pub(crate) const fn begin_of(self, step: Step) -> Timestamp {
        let seconds = step.0.saturating_mul(self.period as u64);
        Timestamp::from_unix(self.t0.as_unix().saturating_add(seconds))
    }

    /// Returns the code that the app shows at `time`; `None` before the counting began.
    #[inline]
    pub fn code_at(self, secret: &Secret, time: Timestamp) -> Option<Code> {
        let Step(counter) = self.step_at(time)?;
        Some(code(secret, self.algorithm, counter, self.digits))
    }

    /// Prepares a secret for checking its codes.
    #[inline]
    pub fn verifier(self, secret: &Secret) -> Verifier {
        let mut verifier = Verifier { keyed: Keyed::empty(self.algorithm), totp: self };
        verifier.keyed.take_in(secret);
        verifier
    }

    /// Finds the step of the window around `now` that `code` belongs to, among those later than `last_consumed`. This
    /// is [`verifier`](Self::verifier) and [`Verifier::check`] in one.
    #[inline]
    pub fn check(
        self,
        secret: &Secret,
        code: Code,
        now: Timestamp,
        window: Window,
        last_consumed: Option<Step>,
    ) -> Check {
        self.verifier(secret).check(code, now, window, last_consumed)
    }
}

/// A secret that is ready to check codes.
///
/// It is as valuable as the secret: it has no `Debug` and no `Clone`, and is wiped when dropped. Create it for one
/// check and drop it; kept between requests, it would only be one more thing to steal.
#[allow(missing_debug_implementations, reason = "it is as valuable as the secret")]
pub struct Verifier {
    keyed: Keyed,
    totp: Totp,
}

impl Verifier {
    /// Finds the step of the window around `now` that `code` belongs to, among those later than `last_consumed`.
    ///
    /// All steps are computed, whether they match or not and whether they are consumed or not (R12). A code with
    /// another number of digits is [`Check::Wrong`], and so is any code before the counting began.
    #[inline]
    pub fn check(&self, code: Code, now: Timestamp, window: Window, last_consumed: Option<Step>) -> Check {
        let Some(Step(present)) = self.totp.step_at(now) else { return Check::Wrong };
        let Some(center) = present.checked_add_signed(window.drift.into()) else { return Check::Wrong };
        let row = Row {
            center,
            back: window.back.into(),
            ahead: window.ahead.into(),
            consumed: last_consumed.map(Step::number),
        };
        let found = self.keyed.find(code, row);
        if code.digits != self.totp.digits {
            return Check::Wrong;
        }
        match found.fresh() {
            Some(counter) => Check::Right(Match { step: Step(counter), offset: offset(counter, present) }),
            None if found.consumed() => Check::Used,
            None => Check::Wrong,
        }
    }
}

/// Returns how far `counter` is from `present`. That is at most 20 steps either way: a drift and a window of ten each.
fn offset(counter: u64, present: u64) -> i8 {
    let steps = i128::from(counter) - i128::from(present);
    i8::try_from(steps).expect("a window reaches no further than 20 steps")
}
