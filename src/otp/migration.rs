//! Reading what Google Authenticator exports: `otpauth-migration://offline?data=…`, in one or several QR codes.
//!
//! The data is a protocol buffers message with at most ten keys, in base64. Google has published no specification. The
//! field numbers are those that every reader uses, and that the app has kept. Like the reader of key URIs, this one is
//! strict about what things mean, and repeats none of a text that holds secrets (R9).

mod wire;

use std::{collections::BTreeMap, fmt};

use base64ct::{Base64Unpadded, Encoding as _};
use zeroize::Zeroizing;

use self::wire::{Fields, Garbled, Value};
use super::{
    algorithm::Algorithm,
    code::Digits,
    parse::{Imported, InvalidKeyUri, NameFault, Plus, plain_name, with_decoded},
    secret::Secret,
    totp::Totp,
    typed::is_blank,
};

/// An export of Google Authenticator, put together from all its QR codes.
///
/// ```
/// use countersign::otp::Migration;
///
/// let mut export = Migration::default();
/// export.add("otpauth-migration://offline?data=CiwKFDEyMzQ1Njc4OTAxMjM0NTY3ODkwEghBY21lOmFubhoEQWNtZSABKAEwAhABGAEgACgA")?;
/// let keys = export.complete().map_err(|_| "another QR code is missing")?;
/// let ann = keys.into_iter().next().ok_or("there is one key")?.key?;
/// assert_eq!((ann.issuer.as_deref(), ann.account.as_str()), (Some("Acme"), "ann"));
/// assert_eq!(ann.secret.expose(), b"12345678901234567890");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Default)]
pub struct Migration {
    /// Which export it is, and how many QR codes it has.
    whole: Option<(u64, u64)>,
    parts: BTreeMap<u64, Part>,
}

struct Part {
    data: Zeroizing<Vec<u8>>,
    keys: Vec<Exported>,
}

/// A key of an export, or why it cannot be imported, which does not affect the others.
#[derive(Debug)]
#[non_exhaustive]
pub struct Exported {
    /// The name in the app, to tell a user which key it is. It has no control characters and at most 200 characters.
    pub name: String,
    /// The key.
    pub key: Result<Imported, InvalidKeyUri>,
}

/// Why a text is no part of this export.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidMigration {
    /// It has more than 8 KiB.
    #[error("a part of an export has at most {} bytes", Imported::MOST_BYTES)]
    TooLong,
    /// It does not begin with `otpauth-migration://offline?data=`.
    #[error("an export must begin with otpauth-migration://offline?data=")]
    NotAnExport,
    /// The data is not base64, or not the expected kind of message.
    #[error("the data is damaged")]
    Damaged,
    /// The version of the format is unknown.
    #[error("the version of the export is unknown")]
    Version,
    /// It belongs to another export than the parts added before.
    #[error("the QR code belongs to another export; add those of one export only")]
    OtherExport,
}

impl Migration {
    /// The largest number of QR codes of an export: a thousand keys.
    pub const MOST_PARTS: u64 = 100;

    /// Adds a QR code of the export, in any order. Adding the same one again changes nothing.
    ///
    /// # Errors
    /// [`InvalidMigration`] if it is no QR code of an export, or of another export. What was added before stays.
    pub fn add(&mut self, uri: &str) -> Result<(), InvalidMigration> {
        let data = data(uri)?;
        let Payload { keys, version, size, index, id } = Payload::read(&data)?;
        // Programs that write keys and nothing else leave these out, and what is left out is zero.
        let (version, size) = (version.max(1), size.max(1));
        if version > 2 {
            return Err(InvalidMigration::Version);
        }
        if size > Self::MOST_PARTS || index >= size {
            return Err(InvalidMigration::Damaged);
        }
        let is_other = self.whole.is_some_and(|whole| whole != (id, size));
        if is_other || self.parts.get(&index).is_some_and(|part| *part.data != *data) {
            return Err(InvalidMigration::OtherExport);
        }
        self.whole = Some((id, size));
        self.parts.entry(index).or_insert(Part { data, keys });
        Ok(())
    }

    /// Returns which QR codes are still missing, counted from one as the app counts them.
    pub fn missing(&self) -> Vec<u64> {
        let (_, size) = self.whole.unwrap_or((0, 1));
        (0..size).filter(|index| !self.parts.contains_key(index)).map(|index| index + 1).collect()
    }

    /// Returns all keys, in the order of the app.
    ///
    /// # Errors
    /// The export itself, if a part is [`missing`](Self::missing): half an export is never taken for a whole one.
    pub fn complete(self) -> Result<Vec<Exported>, Self> {
        if self.missing().is_empty() {
            Ok(self.parts.into_values().flat_map(|part| part.keys).collect())
        } else {
            Err(self)
        }
    }
}

/// Shows no keys.
impl fmt::Debug for Migration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Migration").field("missing", &self.missing()).finish_non_exhaustive()
    }
}

/// Returns the bytes in the QR code.
fn data(uri: &str) -> Result<Zeroizing<Vec<u8>>, InvalidMigration> {
    const BEGIN: &str = "otpauth-migration://offline?data=";
    if uri.len() > Imported::MOST_BYTES {
        return Err(InvalidMigration::TooLong);
    }
    // Shells put a backslash before what they take for their own.
    let mut rest = uri.trim_matches(is_blank).char_indices().filter(|(_, c)| *c != '\\');
    if !BEGIN.chars().all(|c| rest.next().is_some_and(|(_, other)| other.eq_ignore_ascii_case(&c))) {
        return Err(InvalidMigration::NotAnExport);
    }
    let Some((begin, _)) = rest.next() else { return Err(InvalidMigration::Damaged) };
    let data = &uri.trim_matches(is_blank)[begin..];
    let bytes = with_decoded(data, Plus::IsItself, base64).flatten().ok_or(InvalidMigration::Damaged)?;
    Some(bytes).filter(|bytes| !bytes.is_empty()).ok_or(InvalidMigration::Damaged)
}

/// Reads base64 as it arrives after a form, a mail or a shell: a plus has become a blank, lines are broken, with an equals
/// sign at their ends if the mail was "quoted-printable" (RFC 2045 §6.7), and so the first sign of the data is `=3D`. The
/// other alphabet of RFC 4648 (§5) is read, too.
fn base64(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let mut plain = Zeroizing::new(String::with_capacity(text.len()));
    // No message begins with what these two would decode to.
    let mut rest =
        text.strip_prefix("3D").unwrap_or(text).trim_end_matches(['=', '\r', '\n']).chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            ' ' | '-' => plain.push('+'),
            '_' => plain.push('/'),
            '=' if rest.peek().is_some_and(|next| matches!(next, '\r' | '\n')) => {}
            '\\' => {}
            blank if is_blank(blank) => {}
            c => plain.push(c),
        }
    }
    Base64Unpadded::decode_vec(&plain).map(Zeroizing::new).ok()
}

/// `MigrationPayload`.
#[derive(Default)]
struct Payload {
    keys: Vec<Exported>,
    version: u64,
    size: u64,
    index: u64,
    id: u64,
}

impl Payload {
    fn read(data: &[u8]) -> Result<Self, InvalidMigration> {
        let damaged = |Garbled| InvalidMigration::Damaged;
        let mut payload = Self::default();
        for field in Fields::of(data) {
            match field.map_err(damaged)? {
                (1, Value::Bytes(key)) => payload.keys.push(Exported::read(key)),
                (2, Value::Number(version)) => payload.version = version,
                (3, Value::Number(size)) => payload.size = size,
                (4, Value::Number(index)) => payload.index = index,
                (5, Value::Number(id)) => payload.id = id,
                (1..=5, _) => return Err(InvalidMigration::Damaged),
                // A field of a later version of the app.
                _ => {}
            }
        }
        Ok(payload)
    }
}

/// `OtpParameters`. In this kind of message an absent field is zero or empty.
#[derive(Default)]
struct Parameters<'a> {
    secret: &'a [u8],
    name: &'a [u8],
    issuer: &'a [u8],
    algorithm: u64,
    digits: u64,
    kind: u64,
}

impl Exported {
    /// Reads an entry. If it is damaged, that is all that can be told of it.
    fn read(message: &[u8]) -> Self {
        let Ok(told) = Parameters::read(message) else {
            return Self { name: String::new(), key: Err(InvalidKeyUri::Damaged) };
        };
        let name = String::from_utf8_lossy(told.name);
        let printable = name.chars().filter(|letter| !letter.is_control());
        Self { name: printable.take(200).collect(), key: told.imported() }
    }
}

impl<'a> Parameters<'a> {
    fn read(message: &'a [u8]) -> Result<Self, Garbled> {
        let mut told = Self::default();
        for field in Fields::of(message) {
            match field? {
                (1, Value::Bytes(secret)) => told.secret = secret,
                (2, Value::Bytes(name)) => told.name = name,
                (3, Value::Bytes(issuer)) => told.issuer = issuer,
                (4, Value::Number(algorithm)) => told.algorithm = algorithm,
                (5, Value::Number(digits)) => told.digits = digits,
                (6, Value::Number(kind)) => told.kind = kind,
                (1..=6, _) => return Err(Garbled),
                // The counter of HOTP, or a field of a later version.
                _ => {}
            }
        }
        Ok(told)
    }

    fn imported(&self) -> Result<Imported, InvalidKeyUri> {
        // The app itself treats "unspecified" like this.
        if self.kind == 1 {
            return Err(InvalidKeyUri::Hotp);
        }
        if !matches!(self.kind, 0 | 2) {
            return Err(InvalidKeyUri::NotTotp);
        }
        let algorithm = match self.algorithm {
            0 | 1 => Algorithm::Sha1,
            #[cfg(feature = "sha2")]
            2 => Algorithm::Sha256,
            #[cfg(feature = "sha2")]
            3 => Algorithm::Sha512,
            #[cfg(not(feature = "sha2"))]
            2 | 3 => return Err(InvalidKeyUri::AlgorithmLeftOut),
            _ => return Err(InvalidKeyUri::Algorithm),
        };
        let digits = match self.digits {
            0 | 1 => Digits::Six,
            2 => Digits::Eight,
            _ => return Err(InvalidKeyUri::Digits),
        };
        let secret = Secret::from_bytes(self.secret)?;
        let totp = Totp::default().with_digits(digits).with_algorithm(algorithm);
        let mut faults = Vec::new();
        let issuer = name("issuer", self.issuer, &mut faults);
        let account = name("account name", self.name, &mut faults).unwrap_or_default();
        // "Acme:ann", if the issuer is Acme, is ann.
        let after = issuer.as_deref().and_then(|issuer| account.strip_prefix(issuer)?.strip_prefix(':'));
        let account = after.map_or(account.as_str(), str::trim_start).to_owned();
        if account.is_empty() {
            faults.push(NameFault::NoAccount);
        }
        Ok(Imported { issuer, account, faults, secret, totp })
    }
}

fn name(what: &'static str, raw: &[u8], faults: &mut Vec<NameFault>) -> Option<String> {
    let name = String::from_utf8_lossy(raw);
    if name.contains(char::REPLACEMENT_CHARACTER) && str::from_utf8(raw).is_err() {
        faults.push(NameFault::Undecodable(what));
    }
    plain_name(what, name, faults)
}
