//! The secret that a server and an authenticator app share.

use alloc::{boxed::Box, string::String};
use core::fmt;

use base32ct::{Base32UpperUnpadded, Encoding as _};
use zeroize::{Zeroizing, optimization_barrier};

use super::typed::is_filler;
use crate::{error::BoxError, random::SecureRandom};

/// A shared secret: 16 to 128 bytes.
///
/// Only [`expose`](Secret::expose), [`to_base32`](Secret::to_base32) and
/// [`to_grouped_base32`](Secret::to_grouped_base32) show it. It cannot be compared or printed, and is wiped when
/// dropped.
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
    /// Padded with zeros to the longest block of any hash, as HMAC needs it (RFC 2104 §2). It is boxed, so that moving
    /// the secret leaves no copies behind.
    padded: Box<[u8; MOST_BYTES]>,
    length: usize,
}

const FEWEST_BYTES: usize = 16;
const MOST_BYTES: usize = 128;
/// As base32: five bits a character.
const MOST_CHARACTERS: usize = (MOST_BYTES * 8).div_ceil(5);

/// Why bytes or a text cannot be a secret. Never repeats any of them (R9).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidSecret {
    /// Fewer than 16 bytes: RFC 4226 §4 R6 demands at least 128 bits.
    #[error("a secret must have at least 16 bytes")]
    TooShort,
    /// More than 128 bytes.
    #[error("a secret must have at most 128 bytes")]
    TooLong,
    /// Not base32 (RFC 4648 §6).
    #[error("a secret must be base32: the letters A to Z and the digits 2 to 7")]
    NotBase32,
}

impl Secret {
    /// The number of bytes of a secret that is drawn here: 20, as RFC 4226 §4 R6 recommends (160 bits), which is also
    /// the output of SHA-1.
    pub const DRAWN_BYTES: usize = 20;

    /// Draws a new secret of [`DRAWN_BYTES`](Self::DRAWN_BYTES).
    ///
    /// # Errors
    /// The error of `random` if it cannot deliver.
    pub fn draw(random: &dyn SecureRandom) -> Result<Self, BoxError> {
        let mut secret = Self { padded: Box::new([0; MOST_BYTES]), length: Self::DRAWN_BYTES };
        random.fill(&mut secret.padded[..Self::DRAWN_BYTES])?;
        Ok(secret)
    }

    /// Takes an existing secret.
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

    /// Reads an existing secret from the text that users type and key URIs carry.
    ///
    /// That is base32 in either case, with or without padding. White space, format characters and dashes are passed over.
    ///
    /// ```
    /// use countersign::otp::Secret;
    /// let secret = Secret::from_base32("gezd gnbv gy3t qojq gezd gnbv gy3t qojq")?;
    /// assert_eq!(secret.expose(), b"12345678901234567890");
    /// # Ok::<(), countersign::otp::InvalidSecret>(())
    /// ```
    ///
    /// # Errors
    /// [`InvalidSecret`] if it is not base32, is too short or too long.
    pub fn from_base32(text: &str) -> Result<Self, InvalidSecret> {
        // Half of this may be blanks: a longer text need not be looked at.
        if text.len() > 2 * MOST_CHARACTERS {
            return Err(InvalidSecret::TooLong);
        }
        // Most texts come like this, and all that we write ourselves.
        if let Ok(secret) = Self::from_plain_base32(text.as_bytes()) {
            return Ok(secret);
        }
        let mut plain = Zeroizing::new([0; MOST_CHARACTERS]);
        let mut length = 0;
        let padded = text.trim_end_matches(|c| c == '=' || is_filler(c));
        for typed in padded.chars().filter(|c| !is_filler(*c)) {
            let byte = u8::try_from(typed).map_err(|_| InvalidSecret::NotBase32)?;
            *plain.get_mut(length).ok_or(InvalidSecret::TooLong)? = byte.to_ascii_uppercase();
            length += 1;
        }
        Self::from_plain_base32(&plain[..length])
    }

    fn from_plain_base32(text: &[u8]) -> Result<Self, InvalidSecret> {
        // Decoded in its final place, in constant time.
        let mut secret = Self { padded: Box::new([0; MOST_BYTES]), length: 0 };
        secret.length = match Base32UpperUnpadded::decode(text, &mut secret.padded[..]) {
            Ok(bytes) => bytes.len(),
            Err(base32ct::Error::InvalidLength) => return Err(InvalidSecret::TooLong),
            Err(base32ct::Error::InvalidEncoding) => return Err(InvalidSecret::NotBase32),
        };
        if secret.length < FEWEST_BYTES { Err(InvalidSecret::TooShort) } else { Ok(secret) }
    }

    /// Returns the bytes.
    pub fn expose(&self) -> &[u8] {
        &self.padded[..self.length]
    }

    /// Returns the bytes followed by zeros.
    pub(super) fn padded(&self) -> &[u8; MOST_BYTES] {
        &self.padded
    }

    /// Returns the secret as base32 in upper case without padding, as key URIs want it.
    pub fn to_base32(&self) -> Zeroizing<String> {
        Zeroizing::new(Base32UpperUnpadded::encode_string(self.expose()))
    }

    /// Returns the base32 text in groups of four, for typing it into an app by hand.
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

    /// Returns whether it is the same secret, comparing to the last byte. Not public: a code is never checked like
    /// this.
    #[cfg(feature = "std")]
    pub(crate) fn is(&self, other: &Self) -> bool {
        let bytes = self.padded.iter().zip(&*other.padded);
        self.length == other.length && bytes.fold(0, |differing, (one, other)| differing | (one ^ other)) == 0
    }

    /// Copies the secret for the state machine, which carries it from one state into the next. Not public: two copies
    /// are two things to wipe.
    #[cfg(feature = "std")]
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
