//! HOTP (RFC 4226): codes of a counter, for tokens with a button.

use super::{
    algorithm::Algorithm,
    code::{Code, Digits},
    keyed::{Keyed, Row, code},
    secret::Secret,
};

/// HOTP (RFC 4226): how codes are made of a counter.
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

/// A look-ahead beyond its bound: each further counter is another code that a guess may hit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the look-ahead must be at most {most}")]
pub struct LookAheadTooWide {
    most: u32,
}

impl Hotp {
    /// The most counters beyond the expected one that [`check`](Self::check) looks at.
    pub const MOST_LOOK_AHEAD: u32 = 20;
    /// The most that [`resynchronize`](Self::resynchronize) looks at: it wants two codes, so a guess is a guess of
    /// twice as many digits.
    pub const MOST_RESYNCHRONIZATION: u32 = 1_000;

    /// Codes of so many digits, with SHA-1.
    pub const fn new(digits: Digits) -> Self {
        Self { algorithm: Algorithm::Sha1, digits }
    }

    /// The same with another algorithm.
    #[must_use]
    pub const fn algorithm(mut self, algorithm: Algorithm) -> Self {
        self.algorithm = algorithm;
        self
    }

    /// The code of a counter (RFC 4226 §5.3).
    pub fn code(self, secret: &Secret, counter: u64) -> Code {
        code(secret, self.algorithm, counter, self.digits)
    }

    /// Finds the counter that a code belongs to, from `expected` on and up to `look_ahead` beyond it (RFC 4226
    /// §7.4), the latest should several match. Expect the one after it from then on: that is how a code is accepted
    /// once (§7.2).
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

    /// Finds a token again that has run far ahead, by two consecutive codes (RFC 4226 §7.4), from `expected` on.
    /// Tells the counter of the second: expect the one after it from then on.
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
        // Each pair by itself, so that two codes which are not neighbors never count as a pair.
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
