//! TOTP (RFC 6238): codes of the time.

mod astray;

pub use self::astray::Astray;
use super::{
    algorithm::Algorithm,
    code::{Code, Digits},
    keyed::{Keyed, Row, code},
    secret::Secret,
};
use crate::time::Timestamp;

/// The number of the interval of time that a code belongs to: RFC 6238 §4.2 calls it T.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Step(u64);

impl Step {
    /// The step of this number.
    pub const fn from_number(number: u64) -> Self {
        Self(number)
    }

    /// The number.
    pub const fn number(self) -> u64 {
        self.0
    }
}

/// How many steps before and after the present one are looked at.
///
/// Wider windows forgive clocks that are off, and give a guesser as many more right answers: `back + 1 + ahead`
/// in a million at any time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Window {
    back: u8,
    ahead: u8,
    drift: i8,
}

/// A window of more than ten steps one way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a window reaches at most {} steps each way", Window::MOST)]
pub struct WindowTooWide;

impl Window {
    /// The most steps one way.
    pub const MOST: u8 = 10;

    /// One step back and one ahead. RFC 6238 §5.2 recommends at most one step for the network's delay; the one
    /// ahead is for phones whose clock is fast.
    pub const ONE_EACH_WAY: Self = Self { back: 1, ahead: 1, drift: 0 };

    /// So many steps back and ahead.
    ///
    /// # Errors
    /// [`WindowTooWide`] beyond [`MOST`](Self::MOST).
    pub const fn new(back: u8, ahead: u8) -> Result<Self, WindowTooWide> {
        if back > Self::MOST || ahead > Self::MOST {
            return Err(WindowTooWide);
        }
        Ok(Self { back, ahead, drift: 0 })
    }

    /// The same window around a center that lies so many steps off (RFC 6238 §6): for an authenticator whose clock
    /// is known to be fast (more than zero) or slow (less than zero). The window moves and does not grow, so that as
    /// many codes are right as before.
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
}

/// What a code turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "only `Right` is a right code"]
pub enum Check {
    /// It is a right one.
    Right(Match),
    /// It is the code of a step of the window, but one that is not later than the last consumed.
    Used,
    /// It is the code of no step of the window.
    Wrong,
}

/// Where a right code was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Match {
    /// The latest step of the window that the code belongs to. Store it, and pass it in as the last consumed one
    /// from now on: so the code is accepted once (RFC 6238 §5.2), and should it match several steps, all are burnt.
    pub step: Step,
    /// How many steps it lies after the present one; less than zero before it. What a verifier that follows drift
    /// hands to [`Window::recentered`] next time (RFC 6238 §6).
    pub offset: i8,
}

/// TOTP (RFC 6238): the algorithm, how many digits, how many seconds a step lasts, and when the counting began.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Totp {
    algorithm: Algorithm,
    digits: Digits,
    period: u8,
    t0: Timestamp,
}

/// A period outside 15 to 120 seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a step lasts 15 to 120 seconds")]
pub struct InvalidPeriod;

/// SHA-1, six digits and 30 seconds since 1970: what Google Authenticator, Microsoft Authenticator, Duo Mobile and
/// Authy all take (RFC 6238 §5.2 recommends the 30 seconds).
impl Default for Totp {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl Totp {
    const DEFAULT: Self =
        Self { algorithm: Algorithm::Sha1, digits: Digits::Six, period: 30, t0: Timestamp::from_unix(0) };

    /// Codes of so many digits, and a new one every `period` seconds; with SHA-1, counted since 1970.
    ///
    /// # Errors
    /// [`InvalidPeriod`] unless the period is 15 to 120 seconds.
    pub const fn new(digits: Digits, period: u8) -> Result<Self, InvalidPeriod> {
        match period {
            15..=120 => Ok(Self { digits, period, ..Self::DEFAULT }),
            _ => Err(InvalidPeriod),
        }
    }

    /// The same with another algorithm.
    #[must_use]
    pub const fn with_algorithm(mut self, algorithm: Algorithm) -> Self {
        self.algorithm = algorithm;
        self
    }

    /// The same with codes of so many digits.
    #[must_use]
    pub const fn with_digits(mut self, digits: Digits) -> Self {
        self.digits = digits;
        self
    }

    /// The same with steps counted from another time (RFC 6238 §4.1 calls it T0). No app knows of it, and no key
    /// URI tells it.
    #[must_use]
    pub const fn counted_from(mut self, t0: Timestamp) -> Self {
        self.t0 = t0;
        self
    }

    /// The algorithm.
    pub const fn algorithm(self) -> Algorithm {
        self.algorithm
    }

    /// The digits of a code.
    pub const fn digits(self) -> Digits {
        self.digits
    }

    /// How many seconds a step lasts.
    pub const fn period(self) -> u8 {
        self.period
    }

    /// From when on steps are counted.
    pub const fn t0(self) -> Timestamp {
        self.t0
    }

    /// The step of a point in time (RFC 6238 §4.2); `None` before the counting began.
    pub const fn step_at(self, time: Timestamp) -> Option<Step> {
        match time.as_unix().checked_sub(self.t0.as_unix()) {
            Some(seconds) => Some(Step(seconds / self.period as u64)),
            None => None,
        }
    }

    /// The code of a point in time: what the app shows then. `None` before the counting began.
    #[inline]
    pub fn code_at(self, secret: &Secret, time: Timestamp) -> Option<Code> {
        let Step(counter) = self.step_at(time)?;
        Some(code(secret, self.algorithm, counter, self.digits))
    }

    /// Takes a secret in, for checking codes of it.
    #[inline]
    pub fn verifier(self, secret: &Secret) -> Verifier {
        let mut verifier = Verifier { keyed: Keyed::empty(self.algorithm), totp: self };
        verifier.keyed.take_in(secret);
        verifier
    }

    /// Finds the step of the window around `now` that `code` belongs to, among those later than `last_consumed`:
    /// [`verifier`](Self::verifier) and [`Verifier::check`] in one.
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

/// A secret that was taken in, ready to check codes.
///
/// It is as good as the secret: without `Debug` and `Clone`, and wiped when it goes. Make it for one check and let
/// it go; kept between requests it would only be one more thing to steal.
#[allow(missing_debug_implementations, reason = "it is as good as the secret")]
pub struct Verifier {
    keyed: Keyed,
    totp: Totp,
}

impl Verifier {
    /// Finds the step of the window around `now` that `code` belongs to, among those later than `last_consumed`.
    ///
    /// All steps are computed, whether they match or not and whether they are consumed or not (R12). A code of
    /// another number of digits is [`Check::Wrong`], and so is any before the counting began.
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

/// At most 20 steps either way: a drift and a window of ten each.
fn offset(counter: u64, present: u64) -> i8 {
    let steps = i128::from(counter) - i128::from(present);
    i8::try_from(steps).expect("a window reaches no further than 20 steps")
}
