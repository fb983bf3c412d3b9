//! What is known of the password. The library never sees one; it is told, and it draws a conclusion of its own: whoever
//! blocks an account after the first factor knows its password (R16).

use super::{Account, Decision, Guesses, Terms};
use crate::{
    audit::{EventKind, Password},
    policy::Settings,
    seal::Generation,
    time::Timestamp,
};

/// Who is known to know the password.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum KnownTo {
    #[default]
    Owner,
    /// Somebody else too: they guessed until the account was blocked, and no new password was reported or stated since.
    /// Then nothing binds, extends or resets the account on the strength of the password alone.
    Others,
}

impl Account {
    /// Returns whether a new password was reported after the check of a first factor began.
    pub(crate) fn has_newer_password(&self, begun_at: Option<Timestamp>) -> bool {
        begun_at.zip(self.password_changed_at).is_some_and(|(begun, changed)| begun < changed)
    }

    /// Returns whether somebody else is known to know the password. A hard stop that was lowered blocks without another
    /// guess.
    pub(super) fn password_is_known(&self, settings: &Settings) -> bool {
        let tells = |row: &Guesses| row.under_first_factor && row.is_blocked(settings);
        self.known_to == KnownTo::Others || self.rows().any(tells)
    }

    /// Returns what is known after an act whose actor states what was done about the password.
    pub(super) fn known_after(&self, password: Password, settings: &Settings) -> KnownTo {
        match password {
            Password::AsBefore if self.password_is_known(settings) => KnownTo::Others,
            Password::AsBefore | Password::Changed => KnownTo::Owner,
        }
    }

    /// Notes that the last guess of a row was one too many, and what that says of the password.
    pub(super) fn block(&mut self, terms: Terms<'_>) -> EventKind {
        self.known_to = self.known_after(Password::AsBefore, terms.settings());
        self.devices.clear();
        EventKind::Blocked { password_is_known: self.known_to == KnownTo::Others }
    }

    /// Voids everything handed out, since the password was changed and nobody else knows it any more. The authenticator
    /// stays, and so do the guesses: a new password is no reason to restart the count (R2).
    pub(crate) fn password_changed(mut self, next: Generation, now: Timestamp) -> Decision<()> {
        self.password_changed_at = Some(now);
        self.known_to = KnownTo::Owner;
        self.joining.invited_only = false;
        // What was guessed was guessed by somebody who knew the old one. The next guess says what it says.
        for row in self.rows_mut() {
            row.under_first_factor = false;
        }
        self.move_to(next);
        Decision::write_and_end_sessions(self, EventKind::PasswordChanged, ())
    }
}
