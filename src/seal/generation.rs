//! The name of a user's current trust.

/// Random bits that are drawn anew with every enrollment, replacement, recovery, reset, unlock and end of trust
/// (R7).
///
/// Tickets, stamps and pending secrets carry the generation in which they were made, and are void in any other.
/// So one write ends them all, without a list of what was handed out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Generation(pub(crate) [u8; 16]);

impl Generation {
    /// That of a user whose trust was never moved. Not drawn by anybody, in 2^128.
    pub(crate) const FIRST: Self = Self([0; 16]);
}
