//! The name of a user's current trust.

/// Random bits drawn again at every enrollment, replacement, recovery, reset, unlock, change of password and end of
/// sessions (R7).
///
/// Tickets, stamps and pending secrets carry the generation in which they were made, and are void in any other. So one
/// write ends them all, without a list of what was handed out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Generation(pub(crate) [u8; 16]);

impl Generation {
    /// The generation of a user whose trust was never moved. No draw of 128 bits ever gives it.
    pub(crate) const FIRST: Self = Self([0; 16]);
}
