//! Codes: what an app shows and a user types.

use alloc::{format, string::String};
use core::fmt;

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
    pub(super) const fn last_of(self, number: u32) -> u32 {
        match self {
            Self::Six => number % 1_000_000,
            Self::Seven => number % 10_000_000,
            Self::Eight => number % 100_000_000,
        }
    }
}

/// A code that somebody typed or an engine computed: a number of so many digits.
///
/// It has no `PartialEq`: codes are compared in constant time, by
/// [`Totp::check`](super::Totp::check).
///
/// ```compile_fail,E0369
/// # use countersign::otp::Code;
/// fn leak_by_timing(a: Code, b: Code) -> bool { a == b }
/// ```
#[derive(Clone, Copy)]
pub struct Code {
    pub(super) value: u32,
    pub(super) digits: Digits,
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
    #[inline]
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

    /// How many digits it has.
    pub const fn digits(&self) -> Digits {
        self.digits
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
