//! Invitations: what an admin gives to a user who may not enroll with the password alone.

use std::fmt;

use zeroize::Zeroizing;

use crate::{
    time::Timestamp,
    tokens::paper::{Paper, PaperCode},
};

/// An invitation to enroll, for one user and one enrollment.
///
/// Hand it over where you see the user or know their voice: in person, or on the phone. Never send it the way their
/// password travels.
///
/// It has 150 bits, as five groups of six characters: digits and letters without I, L, O and U, so that none looks like
/// another. Lower case, missing hyphens, spaces, O for 0, and I or L for 1 are accepted. A recovery code has four groups.
///
/// The sealed record keeps it unhashed: unlike a recovery code, an invitation is worth nothing a day later, or without
/// the password.
pub struct Invitation {
    pub(crate) code: PaperCode,
    pub(crate) expires_at: Timestamp,
}

impl Invitation {
    /// Returns what the user types: five groups of six letters and digits.
    pub fn text(&self) -> Zeroizing<String> {
        // With its final capacity: growing would leave copies behind.
        let mut text = Zeroizing::new(String::with_capacity(PaperCode::text_length(Paper::Invitation)));
        self.code.write(&mut text);
        text
    }

    /// Returns when it expires. Default: 24 hours after it was made.
    pub fn expires_at(&self) -> Timestamp {
        self.expires_at
    }
}

impl fmt::Debug for Invitation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Invitation").field("expires_at", &self.expires_at).finish_non_exhaustive()
    }
}
