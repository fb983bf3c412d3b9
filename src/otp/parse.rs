//! Reading key URIs, for import: strict about how codes are made, tolerant of how that is spelled, and of names.
//!
//! Case, padding, blanks, and the other names that programs have for a parameter are spelling. Whatever two readers could
//! understand differently is refused: a parameter given twice, an unknown algorithm or number. Names make no code, so they
//! cost no key: what could not be read of them is told beside it. No error repeats any of the text, which holds a secret
//! (R9).

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
    typed::is_blank,
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
    /// The account, or nothing if it has no name. Like the issuer, it is in NFC and has no blanks around it. It may be
    /// longer or odder than in a [`Label`](super::Label) of ours.
    pub account: String,
    /// What of these two names could not be read as it was written.
    pub faults: Vec<NameFault>,
    /// The secret.
    pub secret: Secret,
    /// How codes are made from it.
    pub totp: Totp,
}

/// What could not be read of the names beside a key. The key is none the worse for it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NameFault {
    /// The account has no name.
    #[error("the account has no name")]
    NoAccount,
    /// The name has a `#` or a percent sign that encodes nothing, or bytes that are not UTF-8. It is left out, or, in an
    /// export, has U+FFFD for what is not UTF-8.
    #[error("the {0} cannot be decoded")]
    Undecodable(&'static str),
    /// The name has control characters, which are left out.
    #[error("the {0} has control characters")]
    Control(&'static str),
    /// The issuer before the account, which is told here, differs from the parameter, which is taken. Apps differ in
    /// which one they show.
    #[error("the issuer differs from the one before the account name, {0}")]
    OtherIssuer(String),
    /// The issuer is given twice. The first is taken.
    #[error("the issuer is given twice")]
    IssuerTwice,
}

/// Why a text is no key URI that can be imported, and which part of it is at fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidKeyUri {
    /// It has more than 8 KiB.
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
    /// It is an entry of an export whose bytes are damaged.
    #[error("the entry is damaged")]
    Damaged,
    /// The parameter is missing.
    #[error("{0}: is missing")]
    Missing(&'static str),
    /// The parameter is given twice, and readers differ in which one they take; or two names of one parameter say
    /// different things.
    #[error("{0}: is given twice")]
    Twice(&'static str),
    /// It has a percent sign without two hexadecimal digits, or bytes that are not UTF-8.
    #[error("{0}: is not percent-encoded UTF-8")]
    Encoding(&'static str),
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
    /// Its time steps are counted from another time than 0, the T0 of RFC 6238 §4.1. No app supports that.
    #[error("t0: time steps must be counted from 0")]
    Start,
    /// The app makes up half of the key itself (the two-step enrollment of LinOTP and privacyIDEA).
    #[error("2step: the app adds to this key, so it is not the whole")]
    TwoStep,
}

impl Imported {
    /// The largest number of bytes of a key URI. Many never were in a QR code: they come with a picture in them.
    pub const MOST_BYTES: usize = 8192;

    /// Reads a key URI.
    ///
    /// | what | how it is read |
    /// | --- | --- |
    /// | white space, format characters and a byte order mark around it | passed over |
    /// | scheme, type, names of parameters, algorithm | in either case; `SHA-1`, `HmacSHA1` and `Algorithm.sha1` are SHA-1 |
    /// | secret | base32 as [`Secret::from_base32`] reads it, and `+` is a blank |
    /// | digits, period, algorithm | 6, 30, SHA-1 unless given; given but empty is an error |
    /// | `digit`, `size`, `length` | digits, and so with hyphens or underscores in it, as in `num_digits` |
    /// | `interval`, `step`, `time_step` | period |
    /// | `algo`, `alg`, `digest`, `hash` | algorithm |
    /// | two names of one parameter | if both say the same; else an error |
    /// | `&amp;`, or a semicolon before a parameter of this table | `&` |
    /// | issuer and account | split at the first `:`; without one, at the first `%3A` |
    /// | issuer | before the account, as a parameter, in both places, or in neither. If both differ, the parameter |
    /// | `+` in a parameter | a space, as forms write it. If that makes the issuer differ from the one before the account, a plus |
    /// | names that are missing or odd | [`faults`](Self::faults) says so |
    /// | other parameters (`counter`, `image`, …) | ignored |
    ///
    /// # Errors
    /// [`InvalidKeyUri`] says which part is wrong, and why, and repeats none of it.
    pub fn parse(uri: &str) -> Result<Self, InvalidKeyUri> {
        if uri.len() > Self::MOST_BYTES {
            return Err(InvalidKeyUri::TooLong);
        }
        let (label, query) = label_and_query(uri.trim_matches(is_blank))?;
        let told = Told::by(query)?;
        let Names { issuer, account, faults } = Names::read(label, &told);
        let is_other_steam =
            |fault: &NameFault| matches!(fault, NameFault::OtherIssuer(other) if is_steam(other));
        if issuer.as_deref().is_some_and(is_steam) || faults.iter().any(is_other_steam) {
            return Err(InvalidKeyUri::Steam);
        }
        told.of(Known::Encoder).map_or(Ok(()), encoder)?;
        let totp = totp(&told)?;
        let secret = secret(told.of(Known::Secret).ok_or(InvalidKeyUri::Missing("secret"))?)?;
        Ok(Self { issuer, account, faults, secret, totp })
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
#[derive(Clone, Copy, PartialEq, Eq)]
enum Known {
    Secret,
    Issuer,
    Algorithm,
    Digits,
    Period,
    Encoder,
    Start,
    TwoStep,
}

impl Known {
    /// Their names, the usual one first.
    const NAMED: [(&'static str, Self); 7] = [
        ("secret", Self::Secret),
        ("issuer", Self::Issuer),
        ("algorithm", Self::Algorithm),
        ("digits", Self::Digits),
        ("period", Self::Period),
        ("encoder", Self::Encoder),
        ("t0", Self::Start),
    ];

    /// What other programs call them, without the hyphens and underscores that some write.
    const ALSO_NAMED: [(&'static str, Self); 28] = [
        ("algo", Self::Algorithm),
        ("alg", Self::Algorithm),
        ("digest", Self::Algorithm),
        ("hash", Self::Algorithm),
        ("hashalgo", Self::Algorithm),
        ("hashalgorithm", Self::Algorithm),
        ("hashfunction", Self::Algorithm),
        ("hmac", Self::Algorithm),
        ("digit", Self::Digits),
        ("size", Self::Digits),
        ("length", Self::Digits),
        ("codelength", Self::Digits),
        ("codedigits", Self::Digits),
        ("codesize", Self::Digits),
        ("numdigits", Self::Digits),
        ("otplength", Self::Digits),
        ("otpdigits", Self::Digits),
        ("interval", Self::Period),
        ("step", Self::Period),
        ("steps", Self::Period),
        ("stepsize", Self::Period),
        ("timestep", Self::Period),
        ("timeperiod", Self::Period),
        ("timeinterval", Self::Period),
        ("epoch", Self::Start),
        ("start", Self::Start),
        ("starttime", Self::Start),
        ("offset", Self::Start),
    ];

    /// Longer than any of these names with everything in it encoded.
    const LONGEST: usize = 64;

    /// Returns the parameter of this name, and the name as we spell it.
    fn named(spelled: &str) -> Option<(&'static str, Self)> {
        let find =
            |spelled: &str| Self::NAMED.into_iter().find(|(name, _)| spelled.eq_ignore_ascii_case(name));
        find(spelled).or_else(|| {
            // Encoded letters are letters (RFC 3986 §6.2.2.2): overlooking `%73ecret` would be overlooking a second secret.
            let is_short = spelled.len() <= Self::LONGEST;
            is_short.then(|| with_decoded(spelled, Plus::IsSpace, Self::named_otherwise)).flatten().flatten()
        })
    }

    fn named_otherwise(decoded: &str) -> Option<(&'static str, Self)> {
        let letters = || decoded.chars().filter(|c| !is_blank(*c) && !matches!(c, '-' | '_'));
        let is = |name: &str| letters().map(|c| c.to_ascii_lowercase()).eq(name.chars());
        if "2step".chars().eq(letters().take(5).map(|c| c.to_ascii_lowercase())) {
            return Some(("2step", Self::TwoStep));
        }
        Self::NAMED.into_iter().chain(Self::ALSO_NAMED).find(|(name, _)| is(name))
    }

    /// Returns the usual name.
    fn name(self) -> &'static str {
        Self::NAMED.into_iter().find(|(_, known)| *known == self).map_or("2step", |(name, _)| name)
    }

    /// Returns whether two values of this parameter mean the same, and anything at all.
    fn agrees(self, one: &str, other: &str) -> bool {
        match self {
            Self::Algorithm => algorithm(one).is_ok_and(|one| algorithm(other) == Ok(one)),
            Self::Digits | Self::Period | Self::Start => {
                number(one).is_some_and(|one| number(other) == Some(one))
            }
            Self::Secret | Self::Issuer | Self::Encoder | Self::TwoStep => false,
        }
    }
}

/// The parameters as the query spells them: the name that was used for it, and the value.
#[derive(Default)]
struct Told<'a> {
    parameters: [Option<(&'static str, &'a str)>; 8],
    issuer_twice: bool,
}

impl<'a> Told<'a> {
    fn by(query: &'a str) -> Result<Self, InvalidKeyUri> {
        let mut told = Self::default();
        let semicolons = has(query, |byte| byte == b';');
        for mut parameter in query.split('&') {
            while semicolons && let Some(place) = semicolon(parameter) {
                told.take(&parameter[..place])?;
                parameter = &parameter[place + 1..];
            }
            told.take(parameter)?;
        }
        Ok(told)
    }

    fn take(&mut self, parameter: &'a str) -> Result<(), InvalidKeyUri> {
        let (spelled, value) = divided(parameter, b'=').unwrap_or((parameter, ""));
        let Some((name, known)) = Known::named(spelled) else { return Ok(()) };
        let slot = &mut self.parameters[known as usize];
        match *slot {
            None => *slot = Some((name, value)),
            Some(_) if known == Known::Issuer => self.issuer_twice = true,
            Some(_) if known == Known::TwoStep => {}
            Some((before, first)) if before != name && known.agrees(first, value) => {}
            Some(_) => return Err(InvalidKeyUri::Twice(known.name())),
        }
        Ok(())
    }

    fn of(&self, known: Known) -> Option<&'a str> {
        self.parameters[known as usize].map(|(_, value)| value)
    }
}

/// Returns the first semicolon that is followed by the name of a parameter that we know. It divides two parameters: the
/// query has gone through HTML, which makes `&amp;` or `&#38;` of `&`, or was written by what writes `;` for it.
fn semicolon(parameter: &str) -> Option<usize> {
    let mut places = parameter.match_indices(';').map(|(place, _)| place);
    places.find(|place| {
        let rest = &parameter[place + 1..];
        let name =
            rest.bytes().take(Known::LONGEST + 1).position(|byte| byte == b'=').map(|end| &rest[..end]);
        name.is_some_and(|name| Known::named(name).is_some())
    })
}

/// The names beside a key, and what is wrong with them.
struct Names {
    issuer: Option<String>,
    account: String,
    faults: Vec<NameFault>,
}

impl Names {
    fn read(label: &str, told: &Told<'_>) -> Self {
        let mut faults = Vec::new();
        let (before, account) = match divided(label, b':') {
            Some((issuer, account)) => (Some(issuer), account),
            None => match label.find("%3A").or_else(|| label.find("%3a")) {
                Some(colon) => (Some(&label[..colon]), &label[colon + "%3A".len()..]),
                None => (None, label),
            },
        };
        let account = name("account name", account, Plus::IsItself, &mut faults);
        if account.is_none() && faults.is_empty() {
            faults.push(NameFault::NoAccount);
        }
        let parameter = told.of(Known::Issuer);
        let is_same = before == parameter;
        let before = before.and_then(|before| name("issuer", before, Plus::IsItself, &mut faults));
        let parameter = parameter.filter(|_| !is_same);
        let issuer = match (before, parameter.and_then(|raw| name("issuer", raw, Plus::IsSpace, &mut faults)))
        {
            (None, told) => told,
            (before, None) => before,
            (Some(before), Some(told)) if before == told => Some(told),
            (Some(before), Some(told)) => {
                // What is not told anew here is in the faults already.
                let plus = parameter.and_then(|raw| name("issuer", raw, Plus::IsItself, &mut Vec::new()));
                if plus.as_ref() == Some(&before) {
                    Some(before)
                } else {
                    faults.push(NameFault::OtherIssuer(before));
                    Some(told)
                }
            }
        };
        if told.issuer_twice {
            faults.push(NameFault::IssuerTwice);
        }
        Self { issuer, account: account.unwrap_or_default(), faults }
    }
}

/// Returns a name, unless it is empty or cannot be decoded.
fn name(what: &'static str, raw: &str, plus: Plus, faults: &mut Vec<NameFault>) -> Option<String> {
    // A fragment has no place in a key URI (RFC 3986 §3.5): readers differ in what they make of the rest.
    let whole = Some(raw).filter(|raw| !has(raw, |byte| byte == b'#'));
    let Some(decoded) = whole.and_then(|raw| decoded(raw, plus)) else {
        faults.push(NameFault::Undecodable(what));
        return None;
    };
    plain_name(what, &decoded, faults)
}

/// Returns a name in NFC, without control characters and blanks around it, unless nothing is left of it.
pub(super) fn plain_name(what: &'static str, name: &str, faults: &mut Vec<NameFault>) -> Option<String> {
    if has(name, |byte| !(b' '..=b'~').contains(&byte)) && name.contains(char::is_control) {
        faults.push(NameFault::Control(what));
        let printable: String = name.chars().filter(|c| !c.is_control()).collect();
        return plain_name(what, &printable, faults);
    }
    let name = name.trim();
    let composed = if name.is_ascii() { name.to_owned() } else { name.nfc().collect() };
    Some(composed).filter(|name| !name.is_empty())
}

fn secret(raw: &str) -> Result<Secret, InvalidKeyUri> {
    let secret = with_decoded(raw, Plus::IsSpace, Secret::from_base32);
    Ok(secret.ok_or(InvalidKeyUri::Encoding("secret"))??)
}

fn totp(told: &Told<'_>) -> Result<Totp, InvalidKeyUri> {
    if told.of(Known::TwoStep).is_some() {
        return Err(InvalidKeyUri::TwoStep);
    }
    if told.of(Known::Start).is_some_and(|start| number(start) != Some(0)) {
        return Err(InvalidKeyUri::Start);
    }
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

/// Reads the name of an algorithm: `SHA1`, `sha-1`, `HmacSHA1`, and `Algorithm.sha1`, as programs write who print the
/// constant of their language.
fn algorithm(raw: &str) -> Result<Algorithm, InvalidKeyUri> {
    let constant =
        raw.rsplit_once('.').or_else(|| raw.rsplit_once("::")).map_or(raw, |(_, constant)| constant);
    let is = |name: &str| {
        let letters = || constant.bytes().filter(|byte| !matches!(byte, b'-' | b'_'));
        let hmac = letters().take(4).map(|byte| byte.to_ascii_uppercase()).eq(*b"HMAC");
        let bare = letters().skip(if hmac { 4 } else { 0 });
        bare.map(|byte| byte.to_ascii_uppercase()).eq(name.bytes())
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
