//! Recovery codes: each lets a user in once whose phone is lost.
//!
//! They are shown when they are drawn, and never again. Only their hashes are kept. With 120 bits there is nothing to
//! guess, so an approved hash is enough and no slow one is needed (NIST SP 800-63B-4 §3.1.2.2 asks for that from 112
//! bits on). Of each hash the first 128 bits are kept (NIST SP 800-107 §5.1), which is more than a code has. A record
//! is read at every request, and there are millions of them, so it is kept small.

#[cfg(test)]
mod tests;

use std::{fmt, hint::black_box};

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::{
    error::BoxError,
    random::{self, SecureRandom},
    tokens::paper::{Paper, PaperCode},
};

/// Recovery codes that were just drawn, to be shown to the user in this one answer: the page, a file to download, a
/// sheet to print. Keep them nowhere, and send the page with `Cache-Control: no-store`.
///
/// Each has 120 bits, as four groups of six characters: digits and letters without I, L, O and U, so that none looks
/// like another. Lower case, missing hyphens, spaces, O for 0, and I or L for 1 are accepted. An [invitation](crate::tokens::Invitation) has five groups.
///
/// ```compile_fail,E0599
/// fn keep(codes: &countersign::tokens::RecoveryCodes) -> countersign::tokens::RecoveryCodes { codes.clone() }
/// ```
/// ```compile_fail,E0277
/// fn leak_by_printing(codes: &countersign::tokens::RecoveryCodes) -> String { format!("{codes}") }
/// ```
pub struct RecoveryCodes(Zeroizing<String>);

impl RecoveryCodes {
    /// The number of codes in a set.
    pub const COUNT: usize = 10;

    /// Returns the codes, one a line.
    ///
    /// ```
    /// # use countersign::tokens::RecoveryCodes;
    /// fn as_items(codes: &RecoveryCodes) -> Vec<&str> {
    ///     codes.expose().lines().collect()
    /// }
    /// ```
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for RecoveryCodes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecoveryCodes(…)")
    }
}

/// What is left of a user's recovery codes. From
/// [`SignedIn::recovery_codes_left`](crate::SignedIn::recovery_codes_left).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecoveryCodesLeft {
    /// How many were not used yet.
    pub count: u32,
    /// Whether the user has [said](crate::SignedIn::acknowledge_recovery_codes) that they have them. If not, the answer in
    /// which they were shown may have been lost: say so, and offer to draw new ones. The old ones work until then.
    pub acknowledged: bool,
}

/// A new set: what is shown, and what is kept.
pub(crate) struct Drawn {
    pub(crate) shown: RecoveryCodes,
    pub(crate) kept: KeptCodes,
}

impl Drawn {
    pub(crate) fn draw(random: &dyn SecureRandom) -> Result<Self, BoxError> {
        let salt = random::draw(random)?;
        // With its final capacity: growing would leave copies behind.
        let mut text = Zeroizing::new(String::with_capacity(
            RecoveryCodes::COUNT * (PaperCode::text_length(Paper::RecoveryCode) + 1),
        ));
        let mut digests = Vec::with_capacity(RecoveryCodes::COUNT);
        for _ in 0..RecoveryCodes::COUNT {
            let code = PaperCode::draw(Paper::RecoveryCode, random)?;
            code.write(&mut text);
            text.push('\n');
            digests.push(digest(&code, &salt));
        }
        text.pop();
        Ok(Self { shown: RecoveryCodes(text), kept: KeptCodes { salt, digests } })
    }
}

/// Returns the salted hash of a code.
fn digest(code: &PaperCode, salt: &[u8; 16]) -> Digest128 {
    // Not moved after it has taken the code in, and wiped by its own crate when dropped (R9).
    let mut hash = Sha256::new();
    hash.update(salt);
    hash.update(code.expose());
    let whole: [u8; 32] = hash.finalize_reset().into();
    *whole.first_chunk().expect("a half is shorter than the whole")
}

/// The first half of a SHA-256.
pub(crate) type Digest128 = [u8; 16];

/// What is kept of a set: salted hashes of the codes that were not used yet.
#[derive(Debug, Default)]
pub(crate) struct KeptCodes {
    pub(crate) salt: [u8; 16],
    pub(crate) digests: Vec<Digest128>,
}

impl KeptCodes {
    /// Removes a code from the set if it is in it, so that it never works again (R1). Compares all that are left in
    /// full, whichever matches (R12).
    pub(crate) fn take(&mut self, code: &PaperCode) -> Option<()> {
        let typed = digest(code, &self.salt);
        let differs = |kept: &Digest128| {
            black_box(kept.iter().zip(&typed).fold(0, |differs, (kept, typed)| differs | (kept ^ typed)))
        };
        let differences: Vec<u8> = self.digests.iter().map(differs).collect();
        // Whether one was right, and which, is no secret once the answer is on its way.
        let place = differences.iter().position(|differs| *differs == 0)?;
        self.digests.remove(place);
        Some(())
    }

    pub(crate) fn left(&self) -> u32 {
        u32::try_from(self.digests.len()).unwrap_or(u32::MAX)
    }
}
