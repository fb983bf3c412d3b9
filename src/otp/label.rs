//! Labels: the two names in a key URI, and the rules by which every app shows the same ones.
//!
//! The rules are about the mistakes of apps. Encoding alone makes a name safe for a reader that keeps to RFC 3986; the
//! rest of this file is for the others.

use alloc::{boxed::Box, string::String};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use unicode_normalization::{UnicodeNormalization as _, char::is_combining_mark};

/// The names in a key URI: the issuer and the account, both as the app shows them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    issuer: Box<str>,
    account: Box<str>,
}

impl Label {
    /// Creates a label that every app shows as given, by [`LabelRules::STRICT`].
    ///
    /// ```
    /// use countersign::otp::{InvalidLabel, Label, LabelRules};
    /// assert!(Label::new("Bücher Müller", "ann@example.com").is_ok());
    /// assert_eq!(Label::new("Acme", "ann:admin"), Err(InvalidLabel::Colon("account name")));
    /// assert_eq!(Label::new("Acme", "ann+work@example.com"), Err(InvalidLabel::Reserved("account name")));
    /// assert!(LabelRules::STRICT.allow_reserved().label("Acme", "ann+work@example.com").is_ok());
    /// ```
    ///
    /// # Errors
    /// [`InvalidLabel`] says which name not every app would show, and why.
    pub fn new(issuer: &str, account: &str) -> Result<Self, InvalidLabel> {
        LabelRules::STRICT.label(issuer, account)
    }

    /// Returns the issuer.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Returns the account.
    pub fn account(&self) -> &str {
        &self.account
    }
}

/// The rules for which names become a [`Label`], and what happens to the others.
///
/// Under all rules, both names are converted to Unicode's NFC, so that one name has one spelling. Empty names, colons,
/// control characters and the issuer "Steam" are always refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "rules make a label with `label`"]
pub struct LabelRules {
    reserved: bool,
    long: bool,
    untidy: bool,
}

impl LabelRules {
    /// Refuses a name unless every app shows it as it is.
    pub const STRICT: Self = Self { reserved: false, long: false, untidy: false };

    /// Accepts what can be represented: reserved characters are allowed, long names cut, untidy ones tidied up. This is
    /// for the names of other people, whom a strict rule would only keep from enrolling.
    pub const FORGIVING: Self = Self::STRICT.allow_reserved().cut_long_names().tidy_up();

    /// The largest number of characters of an issuer.
    pub const MOST_OF_ISSUER: usize = 30;

    /// The largest number of characters of an account.
    pub const MOST_OF_ACCOUNT: usize = 40;

    /// Allows the characters `& ? # % + / =`, which occur in e-mail addresses.
    ///
    /// 2FAS for Android decodes the whole URI before it splits it, and so did Stratum and cotp until recently. They
    /// take some of these characters for the URI's own, and show another name. After a `?` (cotp also after a `#`) they
    /// miss the secret and refuse the QR code, so that the key has to be typed by hand. Readers that keep to RFC 3986
    /// show the name as it is.
    pub const fn allow_reserved(self) -> Self {
        Self { reserved: true, ..self }
    }

    /// Cuts names that are too long, between characters, instead of refusing them.
    ///
    /// An issuer has at most [30](Self::MOST_OF_ISSUER) characters and an account [40](Self::MOST_OF_ACCOUNT), since
    /// apps have no room to show more. Fewer are kept if percent-encoding makes many bytes of them. So the URI of a
    /// secret of 20 bytes stays under 300 bytes, and its QR code easy to scan.
    pub const fn cut_long_names(self) -> Self {
        Self { long: true, ..self }
    }

    /// Leaves out blanks around a name, and characters within it that are invisible or change the direction of text,
    /// instead of refusing the name.
    pub const fn tidy_up(self) -> Self {
        Self { untidy: true, ..self }
    }

    /// Creates a label by these rules.
    ///
    /// # Errors
    /// [`InvalidLabel`] says which name breaks these rules, and why.
    pub fn label(self, issuer: &str, account: &str) -> Result<Label, InvalidLabel> {
        let issuer = self.name("issuer", issuer, Self::MOST_OF_ISSUER, MOST_BYTES_OF_ISSUER)?;
        if is_steam(&issuer) {
            return Err(InvalidLabel::Steam);
        }
        // A URI names the issuer twice, and the account gets what is left.
        let left = MOST_BYTES_OF_NAMES - 2 * encoded_len(&issuer);
        let account = self.name("account name", account, Self::MOST_OF_ACCOUNT, left)?;
        Ok(Label { issuer, account })
    }

    fn name(
        self,
        what: &'static str,
        given: &str,
        characters: usize,
        bytes: usize,
    ) -> Result<Box<str>, InvalidLabel> {
        // Names come from users' own profiles and may have any length. No character of NFC is made of more than four,
        // so this many always reach the limit.
        let mut given = given.chars().filter(|c| !(self.untidy && is_invisible_or_turns_text(*c)));
        let name: String = given.by_ref().take(5 * Self::MOST_OF_ACCOUNT).nfc().collect();
        let name = if self.untidy { name.trim() } else { &name };
        let fitting = fitting(name, characters, bytes);
        let name = if given.next().is_none() && fitting == name.len() {
            name
        } else if self.long {
            name[..end_of_a_character(name, fitting)].trim_end()
        } else {
            return Err(InvalidLabel::TooLong(what));
        };
        if name.trim() != name {
            Err(InvalidLabel::OuterBlank(what))
        } else if name.chars().all(|c| c.is_whitespace() || is_unseen_alone(c)) {
            Err(InvalidLabel::Empty(what))
        } else if name.contains(':') {
            Err(InvalidLabel::Colon(what))
        } else if name.contains(char::is_control) {
            Err(InvalidLabel::Control(what))
        } else if name.contains(is_invisible_or_turns_text) {
            Err(InvalidLabel::Invisible(what))
        } else if !self.reserved && name.contains(RESERVED) {
            Err(InvalidLabel::Reserved(what))
        } else {
            Ok(name.into())
        }
    }
}

/// [`STRICT`](LabelRules::STRICT).
impl Default for LabelRules {
    fn default() -> Self {
        Self::STRICT
    }
}

/// Why a name cannot be in a key URI, and which one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidLabel {
    /// Nothing in the name is visible.
    #[error("the {0} is empty")]
    Empty(&'static str),
    /// Blanks before or after the name, which apps treat differently.
    #[error("the {0} begins or ends with a blank")]
    OuterBlank(&'static str),
    /// A colon, which separates issuer and account: apps split at the first or at the last one, decoded or not.
    #[error("the {0} has a colon")]
    Colon(&'static str),
    /// A control character.
    #[error("the {0} has a control character")]
    Control(&'static str),
    /// A character that is invisible or changes the direction of text, and so makes one name look like another.
    #[error("the {0} has a character that is invisible or changes the direction of text")]
    Invisible(&'static str),
    /// One of the characters that [`LabelRules::allow_reserved`] allows; it says which apps get them wrong.
    #[error("the {0} has one of the characters & ? # % + / = which not every app reads correctly")]
    Reserved(&'static str),
    /// More characters than apps show, or too many bytes for a QR code that is easy to scan: see
    /// [`LabelRules::cut_long_names`].
    #[error("the {0} is too long for apps to show, or for a QR code that is easy to scan")]
    TooLong(&'static str),
    /// "Steam", in any case: several apps switch to Steam's own kind of code on this issuer.
    #[error("the issuer \"Steam\" makes apps show codes of another kind")]
    Steam,
}

/// Compares in upper case, as apps in Java do: there ſ is an S.
pub(super) fn is_steam(issuer: &str) -> bool {
    if issuer.is_ascii() {
        issuer.eq_ignore_ascii_case("STEAM")
    } else {
        issuer.chars().flat_map(char::to_uppercase).eq("STEAM".chars())
    }
}

/// The characters that readers which decode before they split take for the URI's own.
const RESERVED: [char; 7] = ['&', '?', '#', '%', '+', '/', '='];

/// What RFC 3986 §2.3 calls unreserved stays. Everything else becomes `%XX`; a space becomes `%20`, never `+`.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Encodes a name for a URI.
pub(super) fn encode(name: &str) -> impl Iterator<Item = &str> {
    utf8_percent_encode(name, ENCODED)
}

fn encoded_len(name: &str) -> usize {
    encode(name).map(str::len).sum()
}

/// The bytes that both names may take in a URI together, the issuer counted twice: what is left of 299 if all
/// parameters are given and the secret has 20 bytes.
const MOST_BYTES_OF_NAMES: usize =
    299 - "otpauth://totp/:?secret=&issuer=&algorithm=SHA512&digits=8&period=120".len() - 32;

/// The bytes that an issuer may take in a URI: 30 letters and 14 blanks, 12 umlauts or 8 kanji. That leaves 54 to the
/// account.
const MOST_BYTES_OF_ISSUER: usize = 72;

/// Returns where a name must end to have at most `characters` characters, and at most `bytes` bytes once encoded.
fn fitting(name: &str, characters: usize, mut bytes: usize) -> usize {
    let ends = name.char_indices().map(|(start, c)| start..start + c.len_utf8()).take(characters);
    let fitting = ends.map_while(|place| {
        bytes = bytes.checked_sub(encoded_len(&name[place.clone()]))?;
        Some(place.end)
    });
    fitting.last().unwrap_or(0)
}

/// Returns the last place up to `end` where a name may be cut. That is not before an accent, and not within an emoji
/// that is made of several. If that is only the beginning, returns `end` itself.
fn end_of_a_character(name: &str, end: usize) -> usize {
    let joins = |c| is_unseen_alone(c) || is_combining_mark(c) || matches!(c, '\u{1F3FB}'..='\u{1F3FF}');
    let tears = |place| name[place..].starts_with(joins) || name[..place].ends_with('\u{200D}');
    let mut places = (1..=end).rev().filter(|place| name.is_char_boundary(*place));
    places.find(|place| !tears(*place)).unwrap_or(end)
}

/// Returns whether a character changes the direction of text (UAX #9 §2), separates lines, or shows nothing at all
/// (Default_Ignorable_Code_Point, UAX #44). With such a character a name can look like another, or like none.
///
/// Characters that some scripts and emoji need are not among them: see [`is_unseen_alone`].
fn is_invisible_or_turns_text(c: char) -> bool {
    matches!(
        c,
        '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{180E}'
            | '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}'
            | '\u{3164}' | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF0}'..='\u{FFFB}' | '\u{1BCA0}'..='\u{1BCA3}'
            | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E001F}' | '\u{E0080}'..='\u{E00FF}'
            | '\u{E01F0}'..='\u{E0FFF}'
    )
}

/// Returns whether it is a joiner, variation selector or tag: these shape what is before them, and are nothing alone.
fn is_unseen_alone(c: char) -> bool {
    matches!(
        c,
        '\u{200C}' | '\u{200D}' | '\u{180B}'..='\u{180D}' | '\u{180F}' | '\u{FE00}'..='\u{FE0F}'
            | '\u{E0020}'..='\u{E007F}' | '\u{E0100}'..='\u{E01EF}'
    )
}
