//! Signing out: one session ends, and no other.
//!
//! Sessions are not listed while they run: a stamp is good by itself. So the record names those that were ended before
//! their time, for as long as a stamp of them could be shown.

use super::{Account, Decision};
use crate::{
    audit::EventKind,
    seal::Generation,
    time::Timestamp,
    tokens::{Session, SessionId},
};

/// More than anybody signs out of within the lifetime of a stamp, and little room in a record that is read at every
/// request: 24 bytes each.
const MOST: usize = 32;

/// A session that was signed out.
#[derive(Debug)]
pub(crate) struct SignedOut {
    pub(crate) session: SessionId,
    /// When its stamps expire by themselves.
    pub(crate) expires_at: Timestamp,
}

impl SignedOut {
    fn counts(&self, now: Timestamp) -> bool {
        !self.expires_at.has_passed_everywhere(now)
    }
}

impl Account {
    pub(crate) fn has_signed_out(&self, session: SessionId) -> bool {
        self.signed_out.iter().any(|signed_out| signed_out.session == session)
    }

    /// Ends a session. One that has ended already, or expired everywhere, is left as it is.
    pub(crate) fn sign_out(mut self, session: &Session, next: Generation, now: Timestamp) -> Decision<()> {
        let signed_out = SignedOut { session: session.id, expires_at: session.expires_at };
        let is_over = session.generation != self.generation || self.has_signed_out(session.id);
        if is_over || !signed_out.counts(now) {
            return Decision::reply(());
        }
        self.signed_out.retain(|signed_out| signed_out.counts(now));
        if self.signed_out.len() == MOST {
            self.move_to(next);
            return Decision::write_and_end_sessions(self, EventKind::SessionsEnded, ());
        }
        self.signed_out.push(signed_out);
        Decision::write(self, vec![EventKind::SignedOut], ())
    }
}
