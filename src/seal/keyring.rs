//! Sealing: nothing that the library stores or hands out can be read or changed outside of it (R9).
//!
//! XChaCha20-Poly1305 with a random nonce of 24 bytes, long enough that chance never repeats one. Each kind of sealed
//! thing has a key of its own, derived from the one that the host keeps. The kind and the
//! owner of a sealed thing go in as associated data, each part with its length before it. So a record moved to another
//! user's row, or a ticket offered as a stamp, does not open.

#[cfg(test)]
mod tests;

use std::fmt;

use base64ct::{Base64, Encoding};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce, aead::AeadInOut};
use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::{
    error::BoxError,
    random::{self, SecureRandom},
    seal::head::{Format, Head, KeyId},
};

// The layout: head (format and key id), nonce, ciphertext, tag.
const NONCE_BYTES: usize = 24;
/// The salt of all derivations (RFC 5869 §3.1 allows one that is public and always the same): a key that is used
/// elsewhere, too, gives other subkeys there.
const SALT: &[u8] = b"countersign";

/// The keys that seal what is stored and handed out: an active one, perhaps one beside it, and older ones.
///
/// | key | records and settings | tickets, stamps and device tokens |
/// | --- | --- | --- |
/// | active | sealed and opened | sealed and opened |
/// | beside | opened | opened: the coming key before a planned change, the going one after it |
/// | older | opened | void |
///
/// Keep the keys apart from the database: only someone with both can read the secrets. The manual says how a key is
/// [changed](crate::manual::keys), and what to do when one was stolen: that one is never declared beside.
///
/// ```
/// use countersign::{KeyId, Keyring};
/// let keyring = Keyring::new(KeyId(3), [8; 32]).with_beside(KeyId(2), [7; 32])?.with_older(KeyId(1), [6; 32])?;
/// # Ok::<(), countersign::InvalidKeyring>(())
/// ```
pub struct Keyring {
    active: Key,
    beside: Option<Key>,
    older: Vec<Key>,
}

/// Why a text is no keyring. Never repeats any of it (R9).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidKeyring {
    /// It has no key.
    #[error("no key given; write one as ID:KEY")]
    Empty,
    /// An entry is not `ID:KEY` or `+ID:KEY`, with a number and 32 bytes in base64.
    #[error(
        "a key must be written as ID:KEY: a number, and 32 bytes in base64; the one beside the active key as +ID:KEY"
    )]
    Entry,
    /// More than one key is declared beside the active one.
    #[error("only one key can be beside the active one: the coming one, or the one that goes")]
    TwoBeside,
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
        Self { active: Key::derived(id, &Zeroizing::new(key)), beside: None, older: Vec::new() }
    }

    /// Adds a key beside the active one, which opens what other servers seal and no longer, or not yet, seals here.
    ///
    /// # Errors
    /// [`InvalidKeyring::TwiceTheId`] if the id is taken, and [`InvalidKeyring::TwoBeside`] if there is one beside.
    pub fn with_beside(mut self, id: KeyId, key: [u8; 32]) -> Result<Self, InvalidKeyring> {
        let key = self.another(id, key)?;
        if self.beside.is_some() {
            return Err(InvalidKeyring::TwoBeside);
        }
        self.beside = Some(key);
        Ok(self)
    }

    /// Adds an older key, which opens records and settings, and nothing that was handed out.
    ///
    /// # Errors
    /// [`InvalidKeyring::TwiceTheId`] if the id is taken.
    pub fn with_older(mut self, id: KeyId, key: [u8; 32]) -> Result<Self, InvalidKeyring> {
        let key = self.another(id, key)?;
        self.older.push(key);
        Ok(self)
    }

    fn another(&self, id: KeyId, key: [u8; 32]) -> Result<Key, InvalidKeyring> {
        let key = Key::derived(id, &Zeroizing::new(key));
        if self.of_records().any(|known| known.id == id) {
            Err(InvalidKeyring::TwiceTheId(id))
        } else {
            Ok(key)
        }
    }

    /// Reads a keyring from text: `ID:KEY`, where the key is 32 bytes in base64 (RFC 4648 §4, with padding). The active
    /// key comes first; after it the others, separated by commas or white space: the one beside it as `+ID:KEY`, and
    /// older ones as `ID:KEY`.
    ///
    /// # Errors
    /// [`InvalidKeyring`] says what is wrong with the text.
    pub fn from_text(text: &str) -> Result<Self, InvalidKeyring> {
        let mut keys = text.split([',', ' ', '\t', '\r', '\n']).filter(|entry| !entry.is_empty());
        let (id, key) = entry(keys.next().ok_or(InvalidKeyring::Empty)?)?;
        keys.try_fold(Self::new(id, *key), |keyring, another| match another.strip_prefix('+') {
            Some(beside) => entry(beside).and_then(|(id, key)| keyring.with_beside(id, *key)),
            None => entry(another).and_then(|(id, key)| keyring.with_older(id, *key)),
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

    fn of_records(&self) -> impl Iterator<Item = &Key> {
        self.of_tokens().chain(&self.older)
    }

    fn of_tokens(&self) -> impl Iterator<Item = &Key> {
        std::iter::once(&self.active).chain(&self.beside)
    }

    /// Returns whether something sealed says of itself that it is under the active key.
    pub(crate) fn is_sealed_under_active(&self, sealed: &[u8]) -> bool {
        Head::of(sealed).is_some_and(|head| head.key == self.active.id)
    }

    /// Returns the id of the key under which everything is sealed now.
    pub(crate) const fn active(&self) -> KeyId {
        self.active.id
    }

    /// Returns the ids of all keys that open records.
    pub(crate) fn ids(&self) -> impl Iterator<Item = KeyId> {
        self.of_records().map(|key| key.id)
    }

    /// Seals `plain` for the given context, under the active key.
    pub(crate) fn seal(
        &self,
        context: Context,
        mut plain: Zeroizing<Vec<u8>>,
        random: &dyn SecureRandom,
    ) -> Result<Vec<u8>, BoxError> {
        let head = Head { format: context.format, key: self.active.id };
        let nonce = random::draw::<NONCE_BYTES>(random)?;
        let cipher = self.active.cipher(context.kind);
        // In place: the plain text becomes cipher text, and nothing is left to wipe.
        cipher.encrypt_in_place(&XNonce::from(nonce), &context.under(head), &mut *plain)?;
        let mut sealed = Vec::with_capacity(Head::BYTES + NONCE_BYTES + plain.len());
        sealed.extend_from_slice(&head.to_bytes());
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(&plain);
        Ok(sealed)
    }

    /// Opens what was sealed for the given context.
    pub(crate) fn open(&self, context: Context, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, DoesNotOpen> {
        let head = Head::of(sealed).ok_or(DoesNotOpen::NotSealed)?;
        let (nonce, sealed) =
            sealed[Head::BYTES..].split_at_checked(NONCE_BYTES).ok_or(DoesNotOpen::NotSealed)?;
        let id = head.key;
        let kind = context.kind;
        let key = if kind.is_token() {
            self.of_tokens().find(|key| key.id == id)
        } else {
            self.of_records().find(|key| key.id == id)
        };
        let cipher = key.ok_or(DoesNotOpen::UnknownKey(id))?.cipher(kind);
        let nonce = XNonce::try_from(nonce).expect("so many bytes were split off");
        let mut opened = Zeroizing::new(sealed.to_vec());
        cipher
            .decrypt_in_place(&nonce, &context.under(head), &mut *opened)
            .map_err(|_| DoesNotOpen::Forged)?;
        Ok(opened)
    }
}

/// A key of the ring: what was derived from it. The key itself is not kept.
struct Key {
    id: KeyId,
    subkeys: Zeroizing<[[u8; 32]; Kind::ALL.len()]>,
}

impl Key {
    /// Derives a subkey for each kind of sealed thing (HKDF with SHA-256, RFC 5869), so that no two of them are ever
    /// sealed under one key.
    fn derived(id: KeyId, key: &[u8; 32]) -> Self {
        let extracted = Hkdf::<Sha256>::new(Some(SALT), key);
        let mut subkeys = Zeroizing::new([[0; 32]; Kind::ALL.len()]);
        for kind in Kind::ALL {
            let subkey = &mut subkeys[kind as usize];
            extracted.expand(kind.name().as_bytes(), subkey).expect("32 bytes are one block of SHA-256");
        }
        Self { id, subkeys }
    }

    fn cipher(&self, kind: Kind) -> XChaCha20Poly1305 {
        let subkey = &self.subkeys[kind as usize];
        XChaCha20Poly1305::new_from_slice(subkey).expect("the key has the 32 bytes that the cipher wants")
    }
}

fn entry(text: &str) -> Result<(KeyId, Zeroizing<[u8; 32]>), InvalidKeyring> {
    let (id, encoded) = text.split_once(':').ok_or(InvalidKeyring::Entry)?;
    // `parse` would accept a sign.
    let id =
        Some(id).filter(|id| id.bytes().all(|byte| byte.is_ascii_digit())).ok_or(InvalidKeyring::Entry)?;
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
        let older: Vec<KeyId> = self.older.iter().map(|key| key.id).collect();
        f.debug_struct("Keyring")
            .field("active", &self.active.id)
            .field("beside", &self.beside.as_ref().map(|key| key.id))
            .field("older", &older)
            .finish_non_exhaustive()
    }
}

/// What is sealed. Each kind has a key of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    UserRecord,
    OrgSettings,
    Ticket,
    Stamp,
    Device,
}

impl Kind {
    const ALL: [Self; 5] = [Self::UserRecord, Self::OrgSettings, Self::Ticket, Self::Stamp, Self::Device];

    const fn name(self) -> &'static str {
        match self {
            Self::UserRecord => "user record",
            Self::OrgSettings => "org settings",
            Self::Ticket => "ticket",
            Self::Stamp => "stamp",
            Self::Device => "device",
        }
    }

    /// Returns whether it is handed out, and lives no longer than the key under which it was sealed (R17).
    const fn is_token(self) -> bool {
        match self {
            Self::UserRecord | Self::OrgSettings => false,
            Self::Ticket | Self::Stamp | Self::Device => true,
        }
    }
}

/// The kind and the owner of a sealed thing: each part with its length before it, so that no two contexts read the
/// same.
pub(crate) struct Context {
    kind: Kind,
    format: Format,
    parts: Vec<u8>,
}

impl Context {
    pub(crate) fn of(kind: Kind) -> Self {
        Self { kind, format: Format::Content, parts: Vec::with_capacity(256) }.and(kind.name().as_bytes())
    }

    pub(crate) fn and(mut self, part: &[u8]) -> Self {
        self.parts.extend_from_slice(&(part.len() as u64).to_be_bytes());
        self.parts.extend_from_slice(part);
        self
    }

    /// Seals it as something else than content.
    pub(crate) fn in_format(self, format: Format) -> Self {
        Self { format, ..self }
    }

    /// Adds the head, so that it cannot be exchanged either.
    fn under(self, head: Head) -> Vec<u8> {
        self.and(&head.to_bytes()).parts
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
