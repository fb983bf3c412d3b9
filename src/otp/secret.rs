//! The secret that a server and an authenticator app share.

use std::fmt;

use zeroize::{Zeroizing, optimization_barrier};

use crate::{error::BoxError, random::SecureRandom};

/// Base32 (RFC 4648 §6) without padding. The decoder of this alphabet knows upper case only.
const ALPHABET: base32::Alphabet = base32::Alphabet::Rfc4648 { padding: false };

/// A shared secret: 16 to 128 bytes.
///
/// It shows itself to nobody who does not ask by name ([`expose`](Secret::expose),
/// [`to_base32`](Secret::to_base32)), cannot be compared or printed, and is wiped when it goes.
///
/// ```compile_fail,E0369
/// # use countersign::otp::Secret;
/// fn leak_by_timing(a: &Secret, b: &Secret) -> bool { a == b }
/// ```
/// ```compile_fail,E0277
/// # use countersign::otp::Secret;
/// fn leak_by_printing(secret: &Secret) -> String { format!("{secret}") }
/// ```
pub struct Secret {
    /// Padded with zeros to the longest block of any hash, which is how HMAC wants it (RFC 2104 §2). In a box, so that
    /// moving the secret about leaves no copies behind.
    padded: Box<[u8; MOST_BYTES]>,
    length: usize,
}

const FEWEST_BYTES: usize = 16;
const MOST_BYTES: usize = 128;

/// Why a text or bytes cannot be a secret. Never repeats any of them (R9).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidSecret {
    /// Fewer than 16 bytes: RFC 4226 §4 R6 demands 128 bits at least.
    #[error("a secret must have at least 16 bytes")]
    TooShort,
    /// More than 128 bytes.
    #[error("a secret may have at most 128 bytes")]
    TooLong,
    /// Not base32 (RFC 4648 §6).
    #[error("a secret must be base32: the letters A to Z and the digits 2 to 7")]
    NotBase32,
}

impl Secret {
    /// The bytes of a secret that is drawn here: 20, as RFC 4226 §4 R6 recommends (160 bits), and as much as one
    /// SHA-1 output.
    pub const DRAWN_BYTES: usize = 20;

    /// A new secret of [`DRAWN_BYTES`](Self::DRAWN_BYTES).
    ///
    /// # Errors
    /// Whatever `random` says when it cannot deliver.
    pub fn draw(random: &dyn SecureRandom) -> Result<Self, BoxError> {
        let mut secret = Self { padded: Box::new([0; MOST_BYTES]), length: Self::DRAWN_BYTES };
        random.fill(&mut secret.padded[..Self::DRAWN_BYTES])?;
        Ok(secret)
    }

    /// An existing secret.
    ///
    /// # Errors
    /// [`InvalidSecret::TooShort`] below 16 bytes, [`InvalidSecret::TooLong`] above 128.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, InvalidSecret> {
        match bytes.len() {
            length if length < FEWEST_BYTES => Err(InvalidSecret::TooShort),
            length if length > MOST_BYTES => Err(InvalidSecret::TooLong),
            length => {
                let mut secret = Self { padded: Box::new([0; MOST_BYTES]), length };
                secret.padded[..length].copy_from_slice(bytes);
                Ok(secret)
            }
        }
    }

    /// An existing secret from the text that users type and key URIs carry: base32 in either case, with or
    /// without padding, blanks and hyphens between the groups.
    ///
    /// ```
    /// use countersign::otp::Secret;
    /// let secret = Secret::from_base32("gezd gnbv gy3t qojq gezd gnbv gy3t qojq")?;
    /// assert_eq!(secret.expose(), b"12345678901234567890");
    /// # Ok::<(), countersign::otp::InvalidSecret>(())
    /// ```
    ///
    /// # Errors
    /// [`InvalidSecret`] when it is not base32, too short or too long.
    pub fn from_base32(text: &str) -> Result<Self, InvalidSecret> {
        // Five bits a character, and as much again for blanks: a longer text need not be looked at.
        if text.len() > MOST_BYTES * 4 {
            return Err(InvalidSecret::TooLong);
        }
        // As most texts come, and all that we write ourselves: decoded as it is.
        if text.bytes().all(|byte| matches!(byte, b'A'..=b'Z' | b'2'..=b'7')) {
            return Self::from_plain_base32(text);
        }
        let mut plain = Zeroizing::new(String::with_capacity(text.len()));
        let characters = text.trim_end_matches(['=', ' ']).chars().filter(|c| !matches!(c, ' ' | '-'));
        plain.extend(characters.map(|c| c.to_ascii_uppercase()));
        Self::from_plain_base32(&plain)
    }

    fn from_plain_base32(text: &str) -> Result<Self, InvalidSecret> {
        // These lengths no encoder makes: their last character holds no whole byte (RFC 4648 §6).
        let impossible = matches!(text.len() % 8, 1 | 3 | 6);
        match base32::decode(ALPHABET, text).map(Zeroizing::new) {
            Some(bytes) if !impossible => Self::from_bytes(&bytes),
            _ => Err(InvalidSecret::NotBase32),
        }
    }

    /// The bytes.
    pub fn expose(&self) -> &[u8] {
        &self.padded[..self.length]
    }

    /// The bytes with zeros after them.
    pub(super) fn padded(&self) -> &[u8; MOST_BYTES] {
        &self.padded
    }

    /// The secret as base32 in upper case without padding, as key URIs want it.
    pub fn to_base32(&self) -> Zeroizing<String> {
        Zeroizing::new(base32::encode(ALPHABET, self.expose()))
    }

    /// The base32 text in groups of four, for typing it into an app by hand.
    pub fn to_grouped_base32(&self) -> Zeroizing<String> {
        let text = self.to_base32();
        let mut grouped = Zeroizing::new(String::with_capacity(text.len() * 5 / 4 + 1));
        for (place, character) in text.chars().enumerate() {
            if place > 0 && place % 4 == 0 {
                grouped.push(' ');
            }
            grouped.push(character);
        }
        grouped
    }

    /// For the state machine, which carries a secret from one state into the next. Not public: whoever holds two
    /// copies has two things to wipe.
    pub(crate) fn copy(&self) -> Self {
        Self { padded: self.padded.clone(), length: self.length }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        *self.padded = [0; MOST_BYTES];
        optimization_barrier(&*self.padded);
    }
}
