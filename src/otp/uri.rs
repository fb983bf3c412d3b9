//! The key URI: `otpauth://totp/Issuer:account?secret=…&issuer=…`, what a QR code tells an authenticator app.
//!
//! Built so that every app reads the same from it: exactly one literal colon, everything else that is not
//! unreserved (RFC 3986 §2.3) percent-encoded, and parameters only where they differ from what all apps assume.
//! Whatever a name holds, it cannot become a parameter.

use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

use super::{
    secret::Secret,
    totp::{Digits, Totp},
};

/// What RFC 3986 §2.3 calls unreserved stays as it is; all else becomes `%XX`, a space `%20` and never `+`.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// What a key URI names: the issuer and the account, both as the app shows them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    issuer: Box<str>,
    account: Box<str>,
}

/// Which name cannot stand in a key URI, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidLabel {
    /// The name is empty.
    #[error("the {0} is empty")]
    Empty(&'static str),
    /// Blanks before or after the name: apps differ in what they make of them.
    #[error("the {0} begins or ends with a blank")]
    OuterBlank(&'static str),
    /// A colon, which separates issuer and account: apps split at the first or at the last one, decoded or not.
    #[error("the {0} has a colon")]
    Colon(&'static str),
    /// A control character, or one that is invisible or reverses the direction of text and so makes one name look
    /// like another.
    #[error("the {0} has a control, bidirectional or invisible character")]
    Invisible(&'static str),
    /// More than 120 bytes once percent-encoded.
    #[error("the {0} is too long for a QR code that is easy to scan")]
    TooLong(&'static str),
    /// "Steam", in any case: several apps switch to Steam's own kind of code on this issuer.
    #[error("the issuer \"Steam\" makes apps show codes of another kind")]
    Steam,
}

impl Label {
    /// The most bytes that one name may take in the URI, percent-encoding included.
    const MOST_ENCODED: usize = 120;

    /// An issuer and an account. Both are brought into Unicode's NFC first, so that one name has one spelling.
    ///
    /// ```
    /// use countersign::otp::{InvalidLabel, Label};
    /// assert!(Label::new("Bücher & Söhne", "ann@example.com").is_ok());
    /// assert_eq!(Label::new("Acme", "ann:admin"), Err(InvalidLabel::Colon("account name")));
    /// ```
    ///
    /// # Errors
    /// [`InvalidLabel`] says which name cannot be represented for every app, and why.
    pub fn new(issuer: &str, account: &str) -> Result<Self, InvalidLabel> {
        if issuer.eq_ignore_ascii_case("steam") {
            return Err(InvalidLabel::Steam);
        }
        Ok(Self { issuer: checked("issuer", issuer)?, account: checked("account name", account)? })
    }

    /// The issuer.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The account.
    pub fn account(&self) -> &str {
        &self.account
    }
}

fn checked(what: &'static str, name: &str) -> Result<Box<str>, InvalidLabel> {
    // A bound before the work: names come from users' own profiles.
    if name.len() > Label::MOST_ENCODED {
        return Err(InvalidLabel::TooLong(what));
    }
    let name: String = name.nfc().collect();
    if name.is_empty() {
        Err(InvalidLabel::Empty(what))
    } else if name.trim() != name {
        Err(InvalidLabel::OuterBlank(what))
    } else if name.contains(':') {
        Err(InvalidLabel::Colon(what))
    } else if name.contains(|c: char| c.is_control() || is_bidirectional_or_invisible(c)) {
        Err(InvalidLabel::Invisible(what))
    } else if encode(&name).map(str::len).sum::<usize>() > Label::MOST_ENCODED {
        Err(InvalidLabel::TooLong(what))
    } else {
        Ok(name.into_boxed_str())
    }
}

/// The characters that turn the direction of text around (UAX #9 §2), separate lines, or show nothing at all:
/// with them a name can look like another, or like none.
///
/// What emoji and some scripts are made with stays: the joiners U+200C and U+200D, variation selectors and tags.
fn is_bidirectional_or_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{00AD}' | '\u{061C}' | '\u{115F}' | '\u{1160}' | '\u{180E}' | '\u{200B}' | '\u{200E}' | '\u{200F}'
            | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{3164}' | '\u{FEFF}' | '\u{FFA0}'
    )
}

fn encode(name: &str) -> impl Iterator<Item = &str> {
    utf8_percent_encode(name, ENCODED)
}

/// A key URI. It holds the secret: show it to the one who enrolls, and to nobody else.
pub struct KeyUri(Zeroizing<String>);

impl KeyUri {
    /// The URI that enrolls `secret` under `label`.
    pub fn new(label: &Label, secret: &Secret, totp: Totp) -> Self {
        // Long enough from the start, so that no smaller buffer is left behind unwiped.
        let mut uri = Zeroizing::new(String::with_capacity(700));
        uri.push_str("otpauth://totp/");
        uri.extend(encode(&label.issuer));
        uri.push(':');
        uri.extend(encode(&label.account));
        uri.push_str("?secret=");
        uri.push_str(&secret.to_base32());
        uri.push_str("&issuer=");
        uri.extend(encode(&label.issuer));
        let defaults = Totp::default();
        if totp.digits() != defaults.digits() {
            uri.push_str(match totp.digits() {
                Digits::Six => "&digits=6",
                Digits::Seven => "&digits=7",
                Digits::Eight => "&digits=8",
            });
        }
        if totp.period() != defaults.period() {
            uri.push_str("&period=");
            uri.push_str(&totp.period().to_string());
        }
        Self(uri)
    }

    /// The URI as text.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for KeyUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyUri(…)")
    }
}
