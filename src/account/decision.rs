//! What a command is judged by, and what it results in.

use super::Account;
use crate::{
    audit::EventKind,
    policy::{CodeRules, Policy, Settings},
    time::Timestamp,
};

/// What a command is judged by.
#[derive(Clone, Copy)]
pub(crate) struct Terms<'a> {
    pub(crate) now: Timestamp,
    pub(crate) policy: &'a Policy,
    pub(crate) codes: &'a CodeRules,
}

impl<'a> Terms<'a> {
    /// Returns how the user's org asks for codes.
    pub(super) fn settings(&self) -> &'a Settings {
        &self.policy.settings
    }
}

/// The result of a command: what to write, if anything, and the reply that holds once it is written.
pub(crate) struct Decision<R> {
    pub(crate) write: Option<Write>,
    pub(crate) reply: R,
}

pub(crate) struct Write {
    pub(crate) next: Account,
    pub(crate) events: Vec<EventKind>,
    /// Whether the generation moved, which voids everything that was handed out.
    pub(crate) ends_sessions: bool,
}

impl<R> Decision<R> {
    pub(crate) fn reply(reply: R) -> Self {
        Self { write: None, reply }
    }

    pub(super) fn write(next: Account, events: Vec<EventKind>, reply: R) -> Self {
        Self { write: Some(Write { next, events, ends_sessions: false }), reply }
    }

    /// Writes like [`write`](Self::write), for commands that moved the generation.
    pub(super) fn write_and_end_sessions(next: Account, event: EventKind, reply: R) -> Self {
        Self { write: Some(Write { next, events: vec![event], ends_sessions: true }), reply }
    }

    /// Adds an event to what is written.
    pub(super) fn with_event(mut self, event: EventKind) -> Self {
        if let Some(write) = &mut self.write {
            write.events.push(event);
        }
        self
    }

    /// Returns the same decision with another reply.
    pub(crate) fn map<S>(self, make: impl FnOnce(R) -> S) -> Decision<S> {
        Decision { write: self.write, reply: make(self.reply) }
    }
}
