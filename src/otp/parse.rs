//! Reading key URIs, for import: strict about what they mean, tolerant of how they spell it.
//!
//! Case, padding, blanks, an encoded colon and a missing issuer are spelling. Whatever two readers could understand
//! differently is refused: a parameter given twice, two different issuers, an unknown algorithm or number. No error
//! repeats any of the text, which holds a secret (R9).

use alloc::{
    borrow::{Cow, ToOwned as _},
    string::String,
    vec::Vec,
};

use unicode_normalization::UnicodeNormalization as _;
use zeroize::{Zeroize as _, Zeroizing};

use super::{
    algorithm::Algorithm,
    code::Digits,
    label::is_steam,
    secret::{InvalidSecret, Secret},
    totp::Totp,
};

/// The content of another system's key URI: a secret to keep using, and how codes are made from it.
///
/// ```
/// use countersign::otp::Imported;
/// let uri = "otpauth://totp/Acme:ann%40example.com?secret=gezdgnbvgy3tqojqgezdgnbvgy3tqojq&digits=8";
/// let imported = Imported::parse(uri)?;
/// assert_eq!(imported.issuer.as_deref(), Some("Acme"));
/// assert_eq!(imported.account, "ann@example.com");
/// assert_eq!(imported.secret.expose(), b"12345678901234567890");
/// assert_eq!(imported.totp.digits().count(), 8);
/// # Ok::<(), countersign::otp::InvalidKeyUri>(())
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct Imported {
    /// The issuer, if the URI names one.
    pub issuer: Option<String>,
    /// The account. Like the issuer, it is in NFC and has no blanks around it. It may be longer or odder than in a
    /// [`Label`](super::Label) of ours.
    pub account: String,
    /// The secret.
    pub secret: Secret,
    /// How codes are made from it.
    pub totp: Totp,
}

/// Why a text is no key URI that can be imported, and which part of it is at fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidKeyUri {
    /// It has more bytes than any QR code holds.
    #[error("a key URI has at most {} bytes", Imported::MOST_BYTES)]
    TooLong,
    /// It begins neither with `otpauth://totp/` nor with the type of another kind of key.
    #[error("a key URI must begin with otpauth://totp/")]
    NotTotp,
    /// It is the key of a counter (RFC 4226), whose codes do not depend on the time.
    #[error("the key is for codes of a counter (HOTP); only codes of the time (TOTP) can be imported")]
    Hotp,
    /// The type, the issuer or the encoder names Steam, which has its own kind of code.
    #[error("the key is for Steam's own kind of code")]
    Steam,
    /// It has a `#` that is not encoded, which breaks off a name.
    #[error("there is a # that is not percent-encoded")]
    Fragment,
    /// The parameter or the account name is missing.
    #[error("{0}: is missing")]
    Missing(&'static str),
    /// The parameter is given twice, and readers differ in which one they take.
    #[error("{0}: is given twice")]
    Twice(&'static str),
    /// It has a percent sign without two hexadecimal digits, or bytes that are not UTF-8.
    #[error("{0}: is not percent-encoded UTF-8")]
    Encoding(&'static str),
    /// A name has a control character.
    #[error("{0}: has a control character")]
    Control(&'static str),
    /// The issuer before the account differs from the parameter. Apps differ in which one they show.
    #[error("issuer: differs from the one before the account name")]
    OtherIssuer,
    /// The secret is invalid.
    #[error("secret: {0}")]
    Secret(#[from] InvalidSecret),
    /// The algorithm is none of SHA-1, SHA-256 and SHA-512.
    #[error("algorithm: must be SHA1, SHA256 or SHA512")]
    Algorithm,
    /// The algorithm is SHA-256 or SHA-512, which a build without the feature `sha2` leaves out.
    #[error("algorithm: this build has SHA1 only; enable the feature `sha2`")]
    AlgorithmLeftOut,
    /// The number of digits is neither six, seven nor eight.
    #[error("digits: must be 6, 7 or 8")]
    Digits,
    /// The period is not 15 to 120 seconds.
    #[error("period: must be 15 to 120 seconds")]
    Period,
    /// It asks for codes that are not plain digits.
    #[error("encoder: asks for codes that are not plain digits")]
    Encoder,
}

impl Imported {
    /// The largest number of bytes of a key URI: as many as the largest QR code holds (ISO/IEC 18004, table 7).
    pub const MOST_BYTES: usize = 2953;

    /// Reads a key URI.
    ///
    /// | what | how it is read |
    /// | --- | --- |
    /// | scheme, type, names of parameters, algorithm | in either case; `SHA-1` and `HmacSHA1` are SHA-1 |
    /// | secret | base32 as [`Secret::from_base32`] reads it, and `+` is a blank |
    /// | issuer and account | split at the first `:`; without one, at the first `%3A` |
    /// | issuer | before the account, as a parameter, in both places, or in neither. If both differ, it is an error |
    /// | `+` in a parameter | a space, as forms write it. If that makes the issuer differ from the one before the account, a plus |
    /// | digits, period, algorithm | 6, 30, SHA-1 unless given; given but empty is an error |
    /// | other parameters (`counter`, `image`, …) | ignored |
    ///
    /// # Errors
    /// [`InvalidKeyUri`] says which part is wrong, and why, and repeats none of it.
    pub fn parse(uri: &str) -> Result<Self, InvalidKeyUri> {
        if uri.len() > Self::MOST_BYTES {
            return Err(InvalidKeyUri::TooLong);
        }
        let uri = uri.trim_ascii();
        if has(uri, |byte| byte == b'#') {
            return Err(InvalidKeyUri::Fragment);
        }
        let (label, query) = label_and_query(uri)?;
        let told = Told::by(query)?;
        let (issuer, account) = names(label, told.of(Known::Issuer))?;
        if issuer.as_deref().is_some_and(is_steam) {
            return Err(InvalidKeyUri::Steam);
        }
        told.of(Known::Encoder).map_or(Ok(()), encoder)?;
        let totp = totp(&told)?;
        let secret = secret(told.of(Known::Secret).ok_or(InvalidKeyUri::Missing("secret"))?)?;
        Ok(Self { issuer, account, secret, totp })
    }
}

/// Returns what is between the type and the `?`, and what is after it.
fn label_and_query(uri: &str) -> Result<(&str, &str), InvalidKeyUri> {
    const SCHEME: &str = "otpauth://";
    let (scheme, rest) = uri.split_at_checked(SCHEME.len()).ok_or(InvalidKeyUri::NotTotp)?;
    let (kind, rest) = divided(rest, b'/').ok_or(InvalidKeyUri::NotTotp)?;
    let is = |name| scheme.eq_ignore_ascii_case(SCHEME) && kind.eq_ignore_ascii_case(name);
    if is("totp") {
        Ok(divided(rest, b'?').unwrap_or((rest, "")))
    } else if is("hotp") {
        Err(InvalidKeyUri::Hotp)
    } else if is("steam") {
        Err(InvalidKeyUri::Steam)
    } else {
        Err(InvalidKeyUri::NotTotp)
    }
}

/// The parameters that change what a key means.
#[derive(Clone, Copy)]
enum Known {
    Secret,
    Issuer,
    Algorithm,
    Digits,
    Period,
    Encoder,
}

impl Known {
    const NAMED: [(&'static str, Self); 6] = [
        ("secret", Self::Secret),
        ("issuer", Self::Issuer),
        ("algorithm", Self::Algorithm),
        ("digits", Self::Digits),
        ("period", Self::Period),
        ("encoder", Self::Encoder),
    ];

    fn named(spelled: &str) -> Option<(&'static str, Self)> {
        let find =
            |spelled: &str| Self::NAMED.into_iter().find(|(name, _)| spelled.eq_ignore_ascii_case(name));
        // Encoded letters are letters (RFC 3986 §6.2.2.2): overlooking `%73ecret` would be overlooking a second secret.
        find(spelled).or_else(|| with_decoded(spelled, Plus::IsItself, find)?)
    }
}

/// The parameters as the query spells them.
#[derive(Default)]
struct Told<'a>([Option<&'a str>; Known::NAMED.len()]);

impl<'a> Told<'a> {
    fn by(query: &'a str) -> Result<Self, InvalidKeyUri> {
        let mut told = Self::default();
        for parameter in query.split('&') {
            let (spelled, value) = divided(parameter, b'=').unwrap_or((parameter, ""));
            if let Some((name, known)) = Known::named(spelled)
                && told.0[known as usize].replace(value).is_some()
            {
                return Err(InvalidKeyUri::Twice(name));
            }
        }
        Ok(told)
    }

    fn of(&self, known: Known) -> Option<&'a str> {
        self.0[known as usize]
    }
}

/// Returns the issuer, if one is given, and the account.
fn names(label: &str, told: Option<&str>) -> Result<(Option<String>, String), InvalidKeyUri> {
    let (before, account) = match divided(label, b':') {
        Some((issuer, account)) => (Some(issuer), account),
        None => match label.find("%3A").or_else(|| label.find("%3a")) {
            Some(colon) => (Some(&label[..colon]), &label[colon + "%3A".len()..]),
            None => (None, label),
        },
    };
    let account =
        name("account name", account, Plus::IsItself)?.ok_or(InvalidKeyUri::Missing("account name"))?;
    let same = before == told;
    let before = before.map_or(Ok(None), |issuer| name("issuer", issuer, Plus::IsItself))?;
    let Some(told) = told.filter(|_| !same) else { return Ok((before, account)) };
    let issuer = match (before, name("issuer", told, Plus::IsSpace)?) {
        (before, None) => before,
        (None, told) => told,
        (before, same) if before == same => same,
        (before, _) if before == name("issuer", told, Plus::IsItself)? => before,
        _ => return Err(InvalidKeyUri::OtherIssuer),
    };
    Ok((issuer, account))
}

/// Returns a name, unless it is empty.
fn name(what: &'static str, raw: &str, plus: Plus) -> Result<Option<String>, InvalidKeyUri> {
    let decoded = decoded(raw, plus).ok_or(InvalidKeyUri::Encoding(what))?;
    let name = decoded.trim();
    let ascii = name.is_ascii();
    let control =
        if ascii { name.bytes().any(|c| c.is_ascii_control()) } else { name.contains(char::is_control) };
    if control {
        return Err(InvalidKeyUri::Control(what));
    }
    let composed = if !ascii {
        name.nfc().collect()
    } else if name.len() < decoded.len() {
        name.to_owned()
    } else {
        decoded.into_owned()
    };
    Ok(Some(composed).filter(|name| !name.is_empty()))
}

fn secret(raw: &str) -> Result<Secret, InvalidKeyUri> {
    let secret = with_decoded(raw, Plus::IsSpace, Secret::from_base32);
    Ok(secret.ok_or(InvalidKeyUri::Encoding("secret"))??)
}

fn totp(told: &Told<'_>) -> Result<Totp, InvalidKeyUri> {
    let algorithm = told.of(Known::Algorithm).map_or(Ok(Algorithm::Sha1), algorithm)?;
    let digits = match told.of(Known::Digits).map(number) {
        None | Some(Some(6)) => Digits::Six,
        Some(Some(7)) => Digits::Seven,
        Some(Some(8)) => Digits::Eight,
        Some(_) => return Err(InvalidKeyUri::Digits),
    };
    let period =
        told.of(Known::Period).map_or(Some(Totp::default().period()), number).ok_or(InvalidKeyUri::Period)?;
    let totp = Totp::new(digits, period).map_err(|_| InvalidKeyUri::Period)?;
    Ok(totp.with_algorithm(algorithm))
}

/// Reads the name of an algorithm: `SHA1`, `sha-1`, `HmacSHA1`.
fn algorithm(raw: &str) -> Result<Algorithm, InvalidKeyUri> {
    let bare = raw
        .split_at_checked(4)
        .filter(|(hmac, _)| hmac.eq_ignore_ascii_case("hmac"))
        .map_or(raw, |(_, rest)| rest);
    let is = |name: &str| {
        let letters = bare.bytes().filter(|byte| *byte != b'-');
        letters.map(|byte| byte.to_ascii_uppercase()).eq(name.bytes())
    };
    let all = [
        Algorithm::Sha1,
        #[cfg(feature = "sha2")]
        Algorithm::Sha256,
        #[cfg(feature = "sha2")]
        Algorithm::Sha512,
    ];
    match all.into_iter().find(|algorithm| is(algorithm.as_str())) {
        Some(algorithm) => Ok(algorithm),
        None if is("SHA256") || is("SHA512") => Err(InvalidKeyUri::AlgorithmLeftOut),
        None => Err(InvalidKeyUri::Algorithm),
    }
}

fn encoder(raw: &str) -> Result<(), InvalidKeyUri> {
    match raw {
        "" => Ok(()),
        steam if steam.eq_ignore_ascii_case("steam") => Err(InvalidKeyUri::Steam),
        _ => Err(InvalidKeyUri::Encoder),
    }
}

/// Reads a small number in ASCII digits and nothing else: no sign, no blank, no other script.
fn number(raw: &str) -> Option<u8> {
    let is_plain = raw.len() <= 3 && raw.bytes().all(|byte| byte.is_ascii_digit());
    raw.parse().ok().filter(|_| is_plain)
}

/// What a plus means: itself in a path, and usually a space in a query.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Plus {
    IsItself,
    IsSpace,
}

/// Returns whether a text has such a byte. It looks at all of them, several at once. Usually there is none, and then
/// that is faster than looking for the first.
fn has(text: &str, such: impl Fn(u8) -> bool) -> bool {
    text.bytes().fold(0, |found, byte| found | u8::from(such(byte))) != 0
}

/// Returns what is before the first of an ASCII character, and what is after it. For texts as short as these, a plain
/// loop finds it faster than a function made for long ones.
fn divided(text: &str, at: u8) -> Option<(&str, &str)> {
    let place = text.bytes().position(|byte| byte == at)?;
    Some((&text[..place], &text[place + 1..]))
}

/// Calls `work` with the percent-decoded text, if it can be decoded, and leaves nothing of it behind.
pub(super) fn with_decoded<T>(raw: &str, plus: Plus, work: impl FnOnce(&str) -> T) -> Option<T> {
    Some(match decoded(raw, plus)? {
        Cow::Borrowed(text) => work(text),
        Cow::Owned(text) => work(&Zeroizing::new(text)),
    })
}

/// Undoes the percent-encoding, if possible.
fn decoded(raw: &str, plus: Plus) -> Option<Cow<'_, str>> {
    if !has(raw, |byte| byte == b'%' || byte == b'+' && plus == Plus::IsSpace) {
        return Some(Cow::Borrowed(raw));
    }
    // Allocated at the largest size it can get, so that no smaller buffer is left behind unwiped.
    let mut bytes = Vec::with_capacity(raw.len());
    let undone = undo(raw.as_bytes(), plus, &mut bytes);
    let mut refused = match String::from_utf8(bytes) {
        Ok(text) if undone.is_some() => return Some(Cow::Owned(text)),
        Ok(text) => text.into_bytes(),
        Err(error) => error.into_bytes(),
    };
    refused.zeroize();
    None
}

/// Decodes until the first percent sign that is invalid.
fn undo(mut raw: &[u8], plus: Plus, text: &mut Vec<u8>) -> Option<()> {
    while let [byte, rest @ ..] = raw {
        raw = rest;
        text.push(match byte {
            b'%' => {
                let [high, low, rest @ ..] = raw else { return None };
                raw = rest;
                from_hex(*high)? << 4 | from_hex(*low)?
            }
            b'+' if plus == Plus::IsSpace => b' ',
            byte => *byte,
        });
    }
    Some(())
}

fn from_hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16)?.try_into().ok()
}
