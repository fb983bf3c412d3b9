//! Codes on paper: what people read out, write down and type. One alphabet, one parser; what a code is, its shape says.
//!
//! The alphabet is Crockford's base32: digits and letters without I, L, O and U, so that none looks like another. Lower
//! case, missing hyphens, spaces, O for 0, and I or L for 1 are accepted. This file knows how a code is written and read.
//! What one opens, and how it is kept, is for `recovery.rs` and `invitation.rs`.

use std::{fmt, hint::black_box};

use zeroize::Zeroizing;

use crate::{
    error::BoxError,
    otp::{LONGEST_TYPED, is_filler},
    random::{self, SecureRandom},
};

const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// The characters of a group, of five bits each.
const GROUP: usize = 6;
/// The longest code has five groups.
const MOST: usize = 5 * GROUP;

/// What a code on paper is for. Its number of groups tells, so that a code typed into the wrong field is told apart from
/// a wrong one, and half a code is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Paper {
    /// Four groups: 120 bits.
    RecoveryCode,
    /// Five groups: 150 bits.
    Invitation,
}

impl Paper {
    const fn characters(self) -> usize {
        match self {
            Self::RecoveryCode => 4 * GROUP,
            Self::Invitation => 5 * GROUP,
        }
    }
}

/// A code, drawn, typed or read from a record: the characters of its alphabet, without hyphens.
pub(crate) struct PaperCode {
    paper: Paper,
    characters: Zeroizing<[u8; MOST]>,
}

/// A text that is no code on paper. Nothing was looked at or counted (R11).
#[derive(Debug)]
pub(crate) struct NoPaperCode;

impl PaperCode {
    pub(crate) fn draw(paper: Paper, random: &dyn SecureRandom) -> Result<Self, BoxError> {
        let mut characters = Zeroizing::new(random::draw::<MOST>(random)?);
        // Five bits of each byte: every character is as likely as the others.
        for character in &mut *characters {
            *character = ALPHABET[usize::from(*character & 31)];
        }
        characters[paper.characters()..].fill(0);
        Ok(Self { paper, characters })
    }

    /// Reads what was typed, whichever of the two it is.
    pub(crate) fn parse(text: &str) -> Result<Self, NoPaperCode> {
        if text.len() > LONGEST_TYPED {
            return Err(NoPaperCode);
        }
        let (mut characters, mut seen) = (Zeroizing::new([0; MOST]), 0);
        for typed in text.chars().filter(|typed| !is_filler(*typed)) {
            let meant = match typed.to_ascii_uppercase() {
                'O' => '0',
                'I' | 'L' => '1',
                other => other,
            };
            let known = ALPHABET.iter().find(|known| char::from(**known) == meant).ok_or(NoPaperCode)?;
            *characters.get_mut(seen).ok_or(NoPaperCode)? = *known;
            seen += 1;
        }
        let papers = [Paper::RecoveryCode, Paper::Invitation];
        let paper = papers.into_iter().find(|paper| paper.characters() == seen).ok_or(NoPaperCode)?;
        Ok(Self { paper, characters })
    }

    /// Reads what was typed where one kind is asked for.
    pub(crate) fn parse_as(paper: Paper, text: &str) -> Result<Self, NoPaperCode> {
        Self::parse(text).and_then(|code| if code.paper == paper { Ok(code) } else { Err(NoPaperCode) })
    }

    /// Returns the characters without hyphens: what is hashed or kept.
    pub(crate) fn expose(&self) -> &[u8] {
        &self.characters[..self.paper.characters()]
    }

    /// Copies it for the person who hands it out; the record keeps the original.
    pub(crate) fn copy(&self) -> Self {
        Self { paper: self.paper, characters: self.characters.clone() }
    }

    /// Compares all of it: the time it takes tells nothing about how much was right.
    pub(crate) fn is(&self, other: &Self) -> bool {
        let pairs = self.characters.iter().zip(other.characters.iter());
        black_box(pairs.fold(0, |differing, (one, other)| differing | (one ^ other))) == 0
    }

    /// Writes it as people read it, in groups with hyphens between them.
    pub(crate) fn write(&self, text: &mut String) {
        for (place, character) in self.expose().iter().enumerate() {
            if place > 0 && place % GROUP == 0 {
                text.push('-');
            }
            text.push(char::from(*character));
        }
    }

    /// Returns the number of bytes that [`write`](Self::write) writes.
    pub(crate) const fn text_length(paper: Paper) -> usize {
        paper.characters() + paper.characters() / GROUP - 1
    }
}

impl fmt::Debug for PaperCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PaperCode({:?}, …)", self.paper)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::OsRandom;

    fn text(code: &PaperCode) -> String {
        let mut text = String::new();
        code.write(&mut text);
        text
    }

    #[test]
    fn what_is_read_out_may_be_typed_as_it_is_heard() {
        for paper in [Paper::RecoveryCode, Paper::Invitation] {
            for _ in 0..64 {
                let code = PaperCode::draw(paper, &OsRandom).unwrap();
                let text = text(&code);
                assert_eq!(text.len(), PaperCode::text_length(paper));
                assert!(text.split('-').all(|group| group.len() == GROUP), "{text}");
                for typed in [
                    text.to_lowercase(),
                    text.replace('-', " "),
                    text.replace('-', ""),
                    text.replace('0', "O").replace('1', "l"),
                    text.replace('0', "o").replace('1', "I"),
                    format!("  {text}\r\n"),
                    format!(" - {text} -\t"),
                ] {
                    assert!(PaperCode::parse_as(paper, &typed).is_ok_and(|typed| typed.is(&code)), "{typed}");
                }
                let another = PaperCode::draw(paper, &OsRandom).unwrap();
                assert!(!another.is(&code) && another.is(&another.copy()));
            }
        }
    }

    /// R11: the shape tells the two apart, and whatever has neither is no code.
    #[test]
    fn its_shape_says_what_it_is() {
        let recovery = "208H44-RM2MB1-E60S38-DHR78Y";
        let invitation = "208H44-RM2MB1-E60S38-DHR78Y-AAAAAA";
        assert!(PaperCode::parse_as(Paper::RecoveryCode, recovery).is_ok());
        assert!(PaperCode::parse_as(Paper::Invitation, invitation).is_ok());
        assert!(PaperCode::parse_as(Paper::Invitation, recovery).is_err());
        assert!(PaperCode::parse_as(Paper::RecoveryCode, invitation).is_err());
        for odd in [
            "",
            " ",
            "123456",
            &recovery[1..],
            &format!("{recovery}0"),
            &invitation[1..],
            &format!("{invitation}0"),
            &recovery.replace('-', "_"),
            &recovery.replacen('2', "U", 1),
            &recovery.replacen('2', "２", 1),
            &recovery.replacen('2', "=", 1),
            &"A".repeat(10_000_000),
        ] {
            assert!(PaperCode::parse(odd).is_err(), "{}", &odd[..odd.len().min(60)]);
        }
    }

    /// R11: what is bounded is the text, and a generous spelling is within the bound.
    #[test]
    fn a_text_of_200_bytes_is_read_and_a_longer_one_is_not() {
        let recovery = "208H44-RM2MB1-E60S38-DHR78Y";
        assert!(PaperCode::parse(&format!("{recovery:200}")).is_ok());
        assert!(PaperCode::parse(&format!("{recovery:201}")).is_err());
    }

    #[test]
    fn every_character_is_drawn() {
        let mut drawn = std::collections::BTreeSet::new();
        for _ in 0..200 {
            drawn.extend(PaperCode::draw(Paper::Invitation, &OsRandom).unwrap().expose().to_vec());
        }
        assert_eq!(drawn.len(), 32);
    }

    /// R9.
    #[test]
    fn its_debug_output_shows_nothing_of_it() {
        let code = PaperCode::parse("208H44-RM2MB1-E60S38-DHR78Y").unwrap();
        assert_eq!(format!("{code:?}"), "PaperCode(RecoveryCode, …)");
    }
}
