//! Invitations: what an admin gives to a user who may not enroll with the password alone.
//!
//! 120 random bits in a form that people read out, write down and type: four groups of six, in the alphabet of RFC 4648
//! §6, which lacks 0, 1 and 8 because they look like O, I and B. If one of those is typed, it is read as the letter it
//! looks like.

use std::fmt;

use base32ct::{Base32UpperUnpadded, Encoding};
use zeroize::Zeroizing;

use crate::{
    error::BoxError,
    random::{self, SecureRandom},
    time::Timestamp,
};

/// An invitation to enroll, for one user and one enrollment.
///
/// Hand it over where you see the user or know their voice: in person, or on the phone. Never send it the way their
/// password travels.
pub struct Invitation {
    pub(crate) code: InvitationCode,
    pub(crate) expires_at: Timestamp,
}

impl Invitation {
    /// Returns what the user types: four groups of six letters and digits.
    pub fn text(&self) -> Zeroizing<String> {
        self.code.to_text()
    }

    /// Returns when it expires: 24 hours after it was made.
    pub fn expires_at(&self) -> Timestamp {
        self.expires_at
    }
}

impl fmt::Debug for Invitation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Invitation").field("expires_at", &self.expires_at).finish_non_exhaustive()
    }
}

const BYTES: usize = 15;

/// The bits of an invitation. The sealed record keeps them unhashed: unlike a recovery code, an invitation is worth
/// nothing a day later, or without the password.
pub(crate) struct InvitationCode(Zeroizing<[u8; BYTES]>);

impl InvitationCode {
    pub(crate) fn draw(random: &dyn SecureRandom) -> Result<Self, BoxError> {
        random::draw(random).map(Self::from_bytes)
    }

    pub(crate) fn from_bytes(bytes: [u8; BYTES]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    pub(crate) fn expose(&self) -> [u8; BYTES] {
        *self.0
    }

    /// Copies it for the person who hands it out; the record keeps the original.
    pub(crate) fn copy(&self) -> Self {
        Self::from_bytes(self.expose())
    }

    /// Reads it as it was typed. Case, blanks and dashes do not matter. `None` if the text is no invitation at all.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        // Far longer than any spelling of one.
        if text.len() > 200 {
            return None;
        }
        let letters = text.chars().filter(|c| !matches!(c, ' ' | '-' | '\t' | '\r' | '\n'));
        let meant = letters.map(|c| match c.to_ascii_uppercase() {
            '0' => 'O',
            '1' => 'I',
            '8' => 'B',
            c => c,
        });
        let letters: Zeroizing<String> = Zeroizing::new(meant.collect());
        let mut bytes = Zeroizing::new([0; BYTES]);
        match Base32UpperUnpadded::decode(&*letters, &mut *bytes) {
            Ok(decoded) if decoded.len() == BYTES => Some(Self(bytes)),
            _ => None,
        }
    }

    /// Compares all bits: the time it takes tells nothing about how many were right.
    pub(crate) fn is(&self, other: &Self) -> bool {
        let differing = self.0.iter().zip(other.0.iter()).fold(0, |differing, (a, b)| differing | (a ^ b));
        std::hint::black_box(differing) == 0
    }

    fn to_text(&self) -> Zeroizing<String> {
        let letters = Zeroizing::new(Base32UpperUnpadded::encode_string(&*self.0));
        let mut text = Zeroizing::new(String::with_capacity(27));
        for (place, letter) in letters.chars().enumerate() {
            if place > 0 && place % 6 == 0 {
                text.push(' ');
            }
            text.push(letter);
        }
        text
    }
}

impl fmt::Debug for InvitationCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InvitationCode(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::OsRandom;

    #[test]
    fn what_is_read_out_may_be_typed_as_it_is_heard() {
        let code = InvitationCode::from_bytes(*b"\x70\x20\x40\x88\x00\xffinvitat!!");
        let text = code.to_text();
        assert_eq!(text.len(), 27);
        assert!(text.split(' ').all(|group| group.len() == 6));
        let sloppy = [
            text.to_lowercase(),
            text.replace(' ', "-"),
            text.replace(' ', ""),
            text.replace('O', "0").replace('I', "1").replace('B', "8"),
            format!("  {}\r\n", *text),
        ];
        for typed in sloppy {
            assert!(InvitationCode::parse(&typed).is_some_and(|typed| typed.is(&code)), "{typed}");
        }
        let another = InvitationCode::draw(&OsRandom).unwrap();
        assert!(!another.is(&code) && another.is(&another.copy()));
    }

    /// R11.
    #[test]
    fn what_is_no_invitation_is_none() {
        let text = InvitationCode::from_bytes([7; BYTES]).to_text();
        let (short, long) = (&text[1..], format!("{}A", *text));
        let huge = "A".repeat(10_000_000);
        for typed in
            ["", " ", "123456", short, &long, &huge, "ＡＡＡＡＡＡ", "=", "AAAAAA AAAAAA AAAAAA AAAAA="]
        {
            assert!(InvitationCode::parse(typed).is_none());
        }
    }

    /// R9.
    #[test]
    fn its_debug_output_shows_nothing_of_it() {
        let code = InvitationCode::from_bytes([7; BYTES]);
        let invitation = Invitation { code: code.copy(), expires_at: Timestamp::from_unix(9) };
        let shown = format!("{code:?} {invitation:?}");
        assert!(shown.contains("expires_at") && !shown.contains("A4DQ") && !shown.contains('7'), "{shown}");
    }
}
