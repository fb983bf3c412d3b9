//! The end of an account under its id: somebody is forgotten, or carried over to another id.

use super::{Account, Decision};
use crate::{audit::EventKind, seal::Generation, time::Timestamp, who::UserId};

/// Why there is no account under this id any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Left {
    /// Nothing is left of them. Whoever gets the id next begins like anybody new, in a generation of their own: no stamp of
    /// before fits it.
    Forgotten { at: Timestamp },
    /// All of it is still here, and opens nothing, until it has been written under the other id.
    Moved { to: UserId, by: MoveId },
}

/// The id of one move, by which both of its ends know each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct MoveId(pub(crate) [u8; 16]);

impl Account {
    /// Returns what is kept of somebody who was forgotten.
    pub(crate) fn forgotten(next: Generation, at: Timestamp) -> Self {
        Self { generation: next, left: Some(Left::Forgotten { at }), ..Self::never_written() }
    }

    /// Returns when the user was forgotten, if they were.
    pub(crate) fn forgotten_at(&self) -> Option<Timestamp> {
        match self.left {
            Some(Left::Forgotten { at }) => Some(at),
            Some(Left::Moved { .. }) | None => None,
        }
    }

    /// Marks the account as moved. It keeps everything, for the other id.
    pub(crate) fn moved(mut self, to: UserId, by: MoveId, next: Generation) -> Decision<()> {
        self.left = Some(Left::Moved { to: to.clone(), by });
        self.move_to(next);
        Decision::write_and_end_sessions(self, EventKind::MovedTo { to }, ())
    }

    /// Returns the account as it goes on under its new id: with its authenticator and the steps that it has consumed, its
    /// guesses and blocks, what is known of the password, its probation. Its generation was drawn when it was marked as
    /// moved, so that whatever was handed out before, under either id, is void.
    pub(crate) fn carried_over(mut self, from: UserId, by: MoveId) -> Decision<()> {
        (self.left, self.carried_by) = (None, Some(by));
        Decision::write_and_end_sessions(self, EventKind::CarriedOver { from }, ())
    }
}
