//! Sealing: nothing that the library stores or hands out can be read or changed outside of it (R9).
//!
//! XChaCha20-Poly1305 with a random nonce of 24 bytes, long enough that chance never repeats one. The purpose and the
//! owner of a sealed thing go in as associated data, each part with its length before it. So a record moved to another
//! user's row, or a ticket offered as a stamp, does not open.

#[cfg(test)]
mod tests;

use std::fmt;

use base64ct::{Base64, Encoding};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce, aead::AeadInOut};
use zeroize::Zeroizing;

use crate::{
    error::BoxError,
    random::{self, SecureRandom},
};

/// The layout: format, key id, nonce, ciphertext, tag.
const FORMAT: u8 = 1;
const NONCE_BYTES: usize = 24;
const HEAD_BYTES: usize = 1 + 4 + NONCE_BYTES;

/// The id of a key of a [`Keyring`]. A record says under which one it was sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct KeyId(pub u32);

/// The keys that seal what is stored and handed out: one active key, and older ones that still open.
///
/// Keep the keys apart from the database: only someone with both can read the secrets. To change the key, put a new one
/// in front and keep the old one behind it. What was sealed under the old key still opens, and its next write seals it
/// under the active one.
///
/// ```
/// use countersign::{KeyId, Keyring};
/// let keyring = Keyring::new(KeyId(2), [7; 32]).with_older(KeyId(1), [6; 32])?;
/// # Ok::<(), countersign::InvalidKeyring>(())
/// ```
pub struct Keyring {
    active: (KeyId, Zeroizing<[u8; 32]>),
    older: Vec<(KeyId, Zeroizing<[u8; 32]>)>,
}

/// Why a text is no keyring. Never repeats any of it (R9).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidKeyring {
    /// It has no key.
    #[error("no key given; write one as ID:KEY")]
    Empty,
    /// An entry is not `ID:KEY` with a number and 32 bytes in base64.
    #[error("a key must be written as ID:KEY: a number, and 32 bytes in base64")]
    Entry,
    /// Two keys have the same id.
    #[error("two keys have the id {}; give each its own", .0.0)]
    TwiceTheId(KeyId),
    /// The environment variable is not set, or is not text.
    #[error("the environment variable is not set, or is not text")]
    NotSet,
}

impl Keyring {
    /// Creates a keyring of one key of 32 random bytes.
    pub fn new(id: KeyId, key: [u8; 32]) -> Self {
        Self { active: (id, Zeroizing::new(key)), older: Vec::new() }
    }

    /// Adds an older key, which opens but no longer seals.
    ///
    /// # Errors
    /// [`InvalidKeyring::TwiceTheId`] if the id is taken.
    pub fn with_older(mut self, id: KeyId, key: [u8; 32]) -> Result<Self, InvalidKeyring> {
        if self.key(id).is_some() {
            return Err(InvalidKeyring::TwiceTheId(id));
        }
        self.older.push((id, Zeroizing::new(key)));
        Ok(self)
    }

    /// Reads a keyring from text: `ID:KEY`, where the key is 32 bytes in base64 (RFC 4648 §4, with padding). The active
    /// key comes first and older ones after it, separated by commas or white space.
    ///
    /// # Errors
    /// [`InvalidKeyring`] says what is wrong with the text.
    pub fn from_text(text: &str) -> Result<Self, InvalidKeyring> {
        let mut keys = text.split([',', ' ', '\t', '\r', '\n']).filter(|entry| !entry.is_empty()).map(entry);
        let (id, key) = keys.next().ok_or(InvalidKeyring::Empty)??;
        keys.try_fold(Self::new(id, *key), |keyring, older| {
            let (id, key) = older?;
            keyring.with_older(id, *key)
        })
    }

    /// Reads a keyring from an environment variable, in the form of [`from_text`](Self::from_text).
    ///
    /// # Errors
    /// [`InvalidKeyring`] says what is wrong with the variable.
    pub fn from_env(variable: &str) -> Result<Self, InvalidKeyring> {
        let text = std::env::var(variable).map(Zeroizing::new).map_err(|_| InvalidKeyring::NotSet)?;
        Self::from_text(&text)
    }

    /// Draws a new key and writes it in the form of [`from_text`](Self::from_text), for a key file or a secret of your
    /// orchestrator.
    ///
    /// ```
    /// use countersign::{KeyId, Keyring, OsRandom};
    /// let text = Keyring::draw_text(KeyId(1), &OsRandom)?;
    /// let keyring = Keyring::from_text(&text)?;
    /// # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(())
    /// ```
    ///
    /// # Errors
    /// The error of `random` if it cannot deliver.
    pub fn draw_text(id: KeyId, random: &dyn SecureRandom) -> Result<Zeroizing<String>, BoxError> {
        let key = Zeroizing::new(random::draw::<32>(random)?);
        let encoded = Zeroizing::new(Base64::encode_string(&*key));
        Ok(Zeroizing::new(format!("{}:{}", id.0, *encoded)))
    }

    fn key(&self, id: KeyId) -> Option<&[u8; 32]> {
        std::iter::once(&self.active)
            .chain(&self.older)
            .find(|(candidate, _)| *candidate == id)
            .map(|(_, key)| &**key)
    }

    /// Seals `plain` for the given context, under the active key.
    pub(crate) fn seal(
        &self,
        context: Context,
        mut plain: Zeroizing<Vec<u8>>,
        random: &dyn SecureRandom,
    ) -> Result<Vec<u8>, BoxError> {
        let (id, key) = &self.active;
        let nonce = random::draw::<NONCE_BYTES>(random)?;
        // In place: the plain text becomes cipher text, and nothing is left to wipe.
        cipher(key).encrypt_in_place(&XNonce::from(nonce), &context.under(*id), &mut *plain)?;
        let mut sealed = Vec::with_capacity(HEAD_BYTES + plain.len());
        sealed.push(FORMAT);
        sealed.extend_from_slice(&id.0.to_be_bytes());
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(&plain);
        Ok(sealed)
    }

    /// Opens what was sealed for the given context.
    pub(crate) fn open(&self, context: Context, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, DoesNotOpen> {
        let (head, sealed) = sealed.split_at_checked(HEAD_BYTES).ok_or(DoesNotOpen::NotSealed)?;
        let (FORMAT, head) = (head[0], &head[1..]) else {
            return Err(DoesNotOpen::NotSealed);
        };
        let (id, nonce) = head.split_at(4);
        let id = KeyId(u32::from_be_bytes(id.try_into().expect("four bytes were split off")));
        let key = self.key(id).ok_or(DoesNotOpen::UnknownKey(id))?;
        let nonce = XNonce::try_from(nonce).expect("the rest of the head is the nonce");
        let mut opened = Zeroizing::new(sealed.to_vec());
        cipher(key)
            .decrypt_in_place(&nonce, &context.under(id), &mut *opened)
            .map_err(|_| DoesNotOpen::Forged)?;
        Ok(opened)
    }
}

fn cipher(key: &[u8; 32]) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new_from_slice(key).expect("the key has the 32 bytes that the cipher wants")
}

fn entry(text: &str) -> Result<(KeyId, Zeroizing<[u8; 32]>), InvalidKeyring> {
    let (id, encoded) = text.split_once(':').ok_or(InvalidKeyring::Entry)?;
    let id = id.parse().map_err(|_| InvalidKeyring::Entry)?;
    let mut key = Zeroizing::new([0; 32]);
    match Base64::decode(encoded, &mut *key) {
        Ok(bytes) if bytes.len() == 32 => Ok((KeyId(id), key)),
        _ => Err(InvalidKeyring::Entry),
    }
}

/// Shows the ids of the keys, and none of the keys.
impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let older: Vec<KeyId> = self.older.iter().map(|(id, _)| *id).collect();
        f.debug_struct("Keyring")
            .field("active", &self.active.0)
            .field("older", &older)
            .finish_non_exhaustive()
    }
}

/// The purpose and the owner of a sealed thing: each part with its length before it, so that no two contexts read the
/// same.
pub(crate) struct Context(Vec<u8>);

impl Context {
    pub(crate) fn of(purpose: &'static str) -> Self {
        Self(Vec::with_capacity(256)).and(purpose.as_bytes())
    }

    pub(crate) fn and(mut self, part: &[u8]) -> Self {
        self.0.extend_from_slice(&(part.len() as u64).to_be_bytes());
        self.0.extend_from_slice(part);
        self
    }

    /// Adds the format and the key id, so that neither can be exchanged either.
    fn under(self, id: KeyId) -> Vec<u8> {
        self.and(&[FORMAT]).and(&id.0.to_be_bytes()).0
    }
}

/// Why something does not open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum DoesNotOpen {
    #[error("these bytes were not sealed here")]
    NotSealed,
    #[error("sealed under key {}, which the keyring lacks; give the keyring this key back", .0.0)]
    UnknownKey(KeyId),
    #[error("changed, moved from another place, or sealed under another key with the same id")]
    Forged,
}
