//! HOTP (RFC 4226): codes that depend on a counter, for tokens with a button.

use super::{
    algorithm::Algorithm,
    code::{Code, Digits},
    keyed::{Keyed, Row, code},
    secret::Secret,
};

/// The parameters of HOTP (RFC 4226): how codes are made from a counter.
///
/// ```
/// use countersign::otp::{Code, Digits, Hotp, Secret};
///
/// // RFC 4226, Appendix D.
/// let secret = Secret::from_bytes(b"12345678901234567890")?;
/// assert_eq!(Hotp::default().code(&secret, 0).expose(), "755224");
/// // The button was pressed twice without a login: counter 2 comes where 0 was expected.
/// let code = Code::parse("359152", Digits::Six)?;
/// assert_eq!(Hotp::default().check(&secret, code, 0, 5)?, Some(2));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Hotp {
    algorithm: Algorithm,
    digits: Digits,
}

/// A look-ahead beyond its bound. Each further counter is one more code that a guess may hit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the look-ahead must be at most {most}")]
pub struct LookAheadTooWide {
    most: u32,
}

impl Hotp {
    /// The largest number of counters after the expected one that [`check`](Self::check) looks at.
    pub const MOST_LOOK_AHEAD: u32 = 20;
    /// The largest number that [`resynchronize`](Self::resynchronize) looks at. It wants two codes, so a guess has
    /// twice as many digits to guess.
    pub const MOST_RESYNCHRONIZATION: u32 = 1_000;

    /// Creates parameters for codes of `digits`, with SHA-1.
    pub const fn new(digits: Digits) -> Self {
        Self { algorithm: Algorithm::Sha1, digits }
    }

    /// Sets the algorithm.
    #[must_use]
    pub const fn algorithm(mut self, algorithm: Algorithm) -> Self {
        self.algorithm = algorithm;
        self
    }

    /// Returns the code of a counter (RFC 4226 §5.3).
    pub fn code(self, secret: &Secret, counter: u64) -> Code {
        code(secret, self.algorithm, counter, self.digits)
    }

    /// Finds the counter that a code belongs to, from `expected` up to `look_ahead` after it (RFC 4226 §7.4).
    ///
    /// If several match, returns the latest. Expect the one after it from then on: that accepts a code once (§7.2).
    ///
    /// # Errors
    /// [`LookAheadTooWide`] beyond [`MOST_LOOK_AHEAD`](Self::MOST_LOOK_AHEAD).
    pub fn check(
        self,
        secret: &Secret,
        code: Code,
        expected: u64,
        look_ahead: u32,
    ) -> Result<Option<u64>, LookAheadTooWide> {
        let most = Self::MOST_LOOK_AHEAD;
        if look_ahead > most {
            return Err(LookAheadTooWide { most });
        }
        let row = Row { center: expected, back: 0, ahead: look_ahead, consumed: None };
        let found = self.keyed(secret).find(code, row);
        Ok(found.fresh().filter(|_| code.digits == self.digits))
    }

    /// Finds a token again that has run far ahead, from two consecutive codes (RFC 4226 §7.4) at or after `expected`.
    ///
    /// Returns the counter of the second code. Expect the one after it from then on.
    ///
    /// # Errors
    /// [`LookAheadTooWide`] beyond [`MOST_RESYNCHRONIZATION`](Self::MOST_RESYNCHRONIZATION).
    pub fn resynchronize(
        self,
        secret: &Secret,
        first: Code,
        second: Code,
        expected: u64,
        look_ahead: u32,
    ) -> Result<Option<u64>, LookAheadTooWide> {
        let most = Self::MOST_RESYNCHRONIZATION;
        if look_ahead > most {
            return Err(LookAheadTooWide { most });
        }
        if first.digits != self.digits || second.digits != self.digits {
            return Ok(None);
        }
        let keyed = self.keyed(secret);
        let mut latest = None;
        // Each pair by itself, so that two codes that are not neighbors never count as a pair.
        for counter in (0..=u64::from(look_ahead)).filter_map(|ahead| expected.checked_add(ahead)) {
            let Some(next) = counter.checked_add(1) else { break };
            let row = |center| Row { center, back: 0, ahead: 0, consumed: None };
            let (one, two) = (keyed.find(first, row(counter)), keyed.find(second, row(next)));
            // Both are computed, whether the first matches or not.
            if let (Some(_), Some(second)) = (one.fresh(), two.fresh()) {
                latest = Some(second);
            }
        }
        Ok(latest)
    }

    fn keyed(self, secret: &Secret) -> Keyed {
        let mut keyed = Keyed::empty(self.algorithm);
        keyed.take_in(secret);
        keyed
    }
}
