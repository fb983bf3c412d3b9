//! Codes: what an app shows and a user types.

use alloc::{format, string::String};
use core::fmt;

use super::typed::{LONGEST_TYPED, is_filler};

/// The number of digits of a code.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Digits {
    /// Six: the only number that every authenticator app supports.
    #[default]
    Six,
    /// Seven.
    Seven,
    /// Eight. Some apps, for example Microsoft Authenticator, show six whatever the key URI says.
    Eight,
}

impl Digits {
    /// Returns the number.
    pub const fn count(self) -> u8 {
        match self {
            Self::Six => 6,
            Self::Seven => 7,
            Self::Eight => 8,
        }
    }

    /// Returns the last decimal digits of a number, as many as a code has (RFC 4226 §5.3, step 3).
    ///
    /// The number is secret, and the time of a division can depend on its operands. If the divisor is a constant, the
    /// compiler multiplies instead, unless it optimizes for size above all (R12).
    pub(super) const fn last_of(self, number: u32) -> u32 {
        match self {
            Self::Six => number % 1_000_000,
            Self::Seven => number % 10_000_000,
            Self::Eight => number % 100_000_000,
        }
    }
}

/// A code that was typed or computed: a number with a fixed count of digits.
///
/// It has no `PartialEq`: codes are compared in constant time, by [`Totp::check`](super::Totp::check).
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

/// A text that is no code: not exactly `expected` ASCII digits. Nothing was looked at or counted (R11).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a code of {expected} digits")]
pub struct Malformed {
    expected: u8,
}

impl Code {
    /// Reads a code: exactly as many ASCII digits as asked for. White space, format characters and dashes around and between
    /// them are passed over, since apps show "123 456", and pages and keyboards add more. Everything else is [`Malformed`],
    /// including the digits of other scripts, and so is a text of more than 200 bytes.
    ///
    /// ```
    /// use countersign::otp::{Code, Digits};
    /// for typed in [" 123 456 ", "123-456", "123\u{a0}456", "\u{200b}123–456\r\n"] {
    ///     assert!(Code::parse(typed, Digits::Six).is_ok());
    /// }
    /// for odd in ["12345", "1234567", "+12345", "1_2345", "12.345", "１２３４５６", "١٢٣٤٥٦"] {
    ///     assert!(Code::parse(odd, Digits::Six).is_err());
    /// }
    /// ```
    ///
    /// # Errors
    /// [`Malformed`].
    #[inline]
    pub fn parse(text: &str, digits: Digits) -> Result<Self, Malformed> {
        let malformed = Malformed { expected: digits.count() };
        if text.len() > LONGEST_TYPED {
            return Err(malformed);
        }
        let (mut value, mut seen) = (0_u32, 0);
        for typed in text.chars() {
            match typed {
                '0'..='9' if seen < digits.count() => {
                    value = value * 10 + (u32::from(typed) - u32::from('0'));
                    seen += 1;
                }
                filler if is_filler(filler) => {}
                _ => return Err(malformed),
            }
        }
        if seen == digits.count() { Ok(Self { value, digits }) } else { Err(malformed) }
    }

    /// Returns the number of its digits.
    pub const fn digits(&self) -> Digits {
        self.digits
    }

    /// Returns the code as text, with leading zeros. This is what an app shows; a server does not need it.
    pub fn expose(&self) -> String {
        format!("{:0width$}", self.value, width = usize::from(self.digits.count()))
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Code(…)")
    }
}
