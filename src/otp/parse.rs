//! Reading key URIs, for import: strict about how codes are made, tolerant of how that is spelled, and of names.
//!
//! Case, padding, blanks, and the other names that programs have for a parameter are spelling. Whatever two readers could
//! understand differently is refused: a parameter given twice, an unknown algorithm or number. Names make no code, so they
//! cost no key: what could not be read of them is told beside it. No error repeats any of the text, which holds a secret
//! (R9).

mod percent;
mod names;
mod parameters;

use alloc::{string::String, vec::Vec};

pub use self::names::NameFault;
use self::{names::Names, parameters::Parameters, percent::divided};
#[cfg(feature = "std")]
pub(super) use self::{
    names::plain_name,
    percent::{Plus, with_decoded},
};
use super::{
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
        let parameters = Parameters::of(query)?;
        let Names { issuer, account, mut faults } = Names::read(label, parameters.issuer());
        if parameters.issuer_twice {
            faults.push(NameFault::IssuerTwice);
        }
        let is_other_steam =
            |fault: &NameFault| matches!(fault, NameFault::OtherIssuer(other) if is_steam(other));
        if issuer.as_deref().is_some_and(is_steam) || faults.iter().any(is_other_steam) {
            return Err(InvalidKeyUri::Steam);
        }
        let totp = parameters.totp()?;
        let secret = parameters.secret()?;
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
