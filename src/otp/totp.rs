//! HOTP (RFC 4226) and TOTP (RFC 6238): from a secret and a counter to a code, and from a code to the step it
//! belongs to.
//!
//! Constant time by construction (R12): a check computes every step of its window whatever the code is, compares
//! numbers with masks, and never uses a secret value as an index or in a branch.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};

use super::secret::Secret;
use crate::time::Timestamp;

/// How many digits a code has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Digits {
    /// Six: the one number that every authenticator app takes.
    #[default]
    Six,
    /// Seven.
    Seven,
    /// Eight. Microsoft Authenticator, among others, shows six whatever the key URI says.
    Eight,
}

impl Digits {
    /// The number of digits.
    pub const fn count(self) -> u8 {
        match self {
            Self::Six => 6,
            Self::Seven => 7,
            Self::Eight => 8,
        }
    }

    /// The last so many decimal digits of a number (RFC 4226 §5.3, step 3).
    ///
    /// The number is secret, and how long a processor divides can depend on what it divides. By a divisor that
    /// stands in the code the compiler multiplies instead, unless it optimizes for size above all (R12).
    const fn last_of(self, number: u32) -> u32 {
        match self {
            Self::Six => number % 1_000_000,
            Self::Seven => number % 10_000_000,
            Self::Eight => number % 100_000_000,
        }
    }
}

/// A code that somebody typed or an engine computed: a number of so many digits.
///
/// It has no `PartialEq`: codes are compared in constant time, by [`Totp::check`].
///
/// ```compile_fail,E0369
/// # use countersign::otp::Code;
/// fn leak_by_timing(a: Code, b: Code) -> bool { a == b }
/// ```
#[derive(Clone, Copy)]
pub struct Code {
    value: u32,
    digits: Digits,
}

/// A text that is no code: not exactly so many ASCII digits. It was not looked at, and nothing was counted (R11).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a code of {expected} digits")]
pub struct Malformed {
    expected: u8,
}

impl Code {
    /// Reads a code: exactly as many ASCII digits as asked for. Spaces (U+0020) around and between them are
    /// forgiven, since apps show "123 456"; everything else is [`Malformed`], other scripts' digits included.
    ///
    /// ```
    /// use countersign::otp::{Code, Digits};
    /// assert!(Code::parse(" 123 456 ", Digits::Six).is_ok());
    /// for odd in ["12345", "1234567", "+12345", "1_2345", "12345\n", "１２３４５６", "١٢٣٤٥٦"] {
    ///     assert!(Code::parse(odd, Digits::Six).is_err());
    /// }
    /// ```
    ///
    /// # Errors
    /// [`Malformed`].
    pub fn parse(text: &str, digits: Digits) -> Result<Self, Malformed> {
        let malformed = Malformed { expected: digits.count() };
        let (mut value, mut seen) = (0_u32, 0);
        for byte in text.bytes() {
            match byte {
                b' ' => {}
                b'0'..=b'9' if seen < digits.count() => {
                    value = value * 10 + u32::from(byte - b'0');
                    seen += 1;
                }
                _ => return Err(malformed),
            }
        }
        if seen == digits.count() { Ok(Self { value, digits }) } else { Err(malformed) }
    }

    /// The code as text, with its leading zeros. What an app shows; a server has no use for it.
    pub fn expose(&self) -> String {
        format!("{:0width$}", self.value, width = usize::from(self.digits.count()))
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Code(…)")
    }
}

/// The code of a counter (RFC 4226 §5.3).
pub fn hotp(secret: &Secret, counter: u64, digits: Digits) -> Code {
    Code { value: digits.last_of(truncate(&keyed(secret), counter)), digits }
}

/// HMAC-SHA-1 with its key taken in, so that the steps of a window share that work.
fn keyed(secret: &Secret) -> Hmac<Sha1> {
    Hmac::new_from_slice(secret.expose()).expect("HMAC takes keys of any length (RFC 2104 §3)")
}

/// Dynamic truncation (RFC 4226 §5.3, step 2): the 31 bits that begin at the byte which the last nibble names.
///
/// That nibble is secret, and a load from an address that depends on it could be seen in the cache. So all 16
/// candidates are read, and a mask keeps the right one.
fn truncate(keyed: &Hmac<Sha1>, counter: u64) -> u32 {
    let mac = keyed.clone().chain_update(counter.to_be_bytes()).finalize().into_bytes();
    let wanted = mac[19] & 0x0f;
    let mut bits = 0_u32;
    for (offset, candidate) in (0_u8..16).zip(mac.windows(4)) {
        let candidate = u32::from_be_bytes([candidate[0], candidate[1], candidate[2], candidate[3]]);
        bits.conditional_assign(&candidate, offset.ct_eq(&wanted));
    }
    bits & 0x7fff_ffff
}

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
    pub const ONE_EACH_WAY: Self = Self { back: 1, ahead: 1 };

    /// So many steps back and ahead.
    ///
    /// # Errors
    /// [`WindowTooWide`] beyond [`MOST`](Self::MOST).
    pub const fn new(back: u8, ahead: u8) -> Result<Self, WindowTooWide> {
        if back > Self::MOST || ahead > Self::MOST {
            return Err(WindowTooWide);
        }
        Ok(Self { back, ahead })
    }

    /// The steps of the window around `center`, earliest first. A step before time began, or after it ends, is
    /// `None`: it does not exist, and nothing wraps around into it (R11).
    fn around(self, center: Step) -> impl Iterator<Item = Option<Step>> {
        let before = (1..=self.back).rev().map(move |n| center.0.checked_sub(n.into()));
        let after = (0..=self.ahead).map(move |n| center.0.checked_add(n.into()));
        before.chain(after).map(|number| number.map(Step))
    }
}

/// What a code turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "only `Right` is a right code"]
pub enum Check {
    /// It is the code of this step, the latest of the window that it matches. Store the step, and pass it in as
    /// the last consumed one from now on (RFC 6238 §5.2: a code is accepted once).
    Right(Step),
    /// It is the code of a step of the window, but one that is not later than the last consumed.
    Used,
    /// It is the code of no step of the window.
    Wrong,
}

/// TOTP (RFC 6238) with SHA-1: how many digits, and how many seconds a step lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Totp {
    digits: Digits,
    period: u8,
}

/// A period outside 15 to 120 seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a step lasts 15 to 120 seconds")]
pub struct InvalidPeriod;

/// Six digits and 30 seconds: what Google Authenticator, Microsoft Authenticator, Duo Mobile and Authy all take
/// (RFC 6238 §5.2 recommends the 30 seconds).
impl Default for Totp {
    fn default() -> Self {
        Self { digits: Digits::Six, period: 30 }
    }
}

impl Totp {
    /// Codes of so many digits, and a new one every `period` seconds.
    ///
    /// # Errors
    /// [`InvalidPeriod`] unless the period is 15 to 120 seconds.
    pub const fn new(digits: Digits, period: u8) -> Result<Self, InvalidPeriod> {
        match period {
            15..=120 => Ok(Self { digits, period }),
            _ => Err(InvalidPeriod),
        }
    }

    /// The digits of a code.
    pub const fn digits(self) -> Digits {
        self.digits
    }

    /// How many seconds a step lasts.
    pub const fn period(self) -> u8 {
        self.period
    }

    /// The step of a point in time (RFC 6238 §4.2, with T0 = 0).
    pub const fn step_at(self, time: Timestamp) -> Step {
        Step(time.as_unix() / self.period as u64)
    }

    /// The code of a point in time: what the app shows then.
    pub fn code_at(self, secret: &Secret, time: Timestamp) -> Code {
        hotp(secret, self.step_at(time).0, self.digits)
    }

    /// Finds the step of the window around `now` that `code` belongs to, among those later than `last_consumed`.
    ///
    /// Should the code match several steps, the latest is told, so that storing it burns all of them (R1). All
    /// steps are computed, whether they match or not and whether they are consumed or not (R12). A code of
    /// another number of digits is [`Check::Wrong`].
    pub fn check(
        self,
        secret: &Secret,
        code: Code,
        now: Timestamp,
        window: Window,
        last_consumed: Option<Step>,
    ) -> Check {
        let keyed = keyed(secret);
        let (mut right, mut used, mut latest) = (Choice::from(0), Choice::from(0), 0_u64);
        for step in window.around(self.step_at(now)) {
            // A step that does not exist is computed like the others and then not believed.
            let exists = Choice::from(u8::from(step.is_some()));
            let number = step.map_or(0, Step::number);
            let fresh = Choice::from(u8::from(step > last_consumed));
            let value = self.digits.last_of(truncate(&keyed, number));
            let matches = value.ct_eq(&code.value) & exists;
            latest.conditional_assign(&number, matches & fresh);
            right |= matches & fresh;
            used |= matches & !fresh;
        }
        // Whether a code was right is no secret any more once the answer is on its way.
        if code.digits != self.digits {
            Check::Wrong
        } else if right.into() {
            Check::Right(Step(latest))
        } else if used.into() {
            Check::Used
        } else {
            Check::Wrong
        }
    }
}
