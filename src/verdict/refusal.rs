//! What a login page can meet, and nothing else: so that a page matches it without a wildcard.

use std::{error::Error, fmt};

use crate::{time::Timestamp, verdict::hint::Hint};

/// Why a step of a login was refused.
///
/// The list is closed: a page that matches every variant is told by the compiler when another one comes.
/// [`Display`](fmt::Display) is a plain English sentence; a page will want its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The text is not a code at all: not exactly so many digits. Nothing was looked at and nothing was counted.
    Malformed,
    /// The code is wrong. It was counted.
    WrongCode {
        /// How many more can be tried before the account is blocked; at least one.
        left: u32,
        /// Until when no code is looked at.
        wait_until: Option<Timestamp>,
        /// What seems to be wrong with the user's authenticator, if that can be told.
        hint: Option<Hint>,
    },
    /// The code is right, and was used before, here or elsewhere: the user waits for the next one. The code that was used
    /// last is not counted; one that is older than it is.
    AlreadyUsed {
        /// How many more can be tried before the account is blocked; at least one.
        left: u32,
        /// Until when no code is looked at.
        wait_until: Option<Timestamp>,
    },
    /// Too many wrong codes in a row, or too many QR codes drawn within an hour. This code was neither looked at nor
    /// counted, and no QR code was drawn.
    Wait {
        /// Until when no code is looked at.
        until: Timestamp,
    },
    /// Far too many wrong codes in a row. No code is looked at until another Master Admin or the vendor's support
    /// unlocks or resets the account.
    Blocked,
    /// The ticket is no longer, or never was, good for this: expired, spent, or overtaken by a later check-in, a reset or
    /// a change of the policy. The user signs in again.
    TicketVoid,
    /// The QR code was shown too long ago or not at all, or is void after too many wrong codes of a user who has time left
    /// to enroll. Show the page again: another one is drawn.
    SetupExpired,
    /// The password alone does not open this enrollment. An invitation does, with
    /// [`TwoFactor::accept`](crate::TwoFactor::accept).
    InvitationNeeded,
    /// The invitation was right once, and is too late, or void since: superseded by a newer one, or ended with everything
    /// else that had been handed out. Ask for another; this was not counted.
    InvitationVoid,
    /// The server's clock was corrected: the last code that was accepted is of a time that its clock will reach only then.
    /// Nothing was counted. A recovery code and another authenticator, a reset or waiting helps.
    ClockMovedBack {
        /// From when on the app's codes are right again.
        until: Timestamp,
    },
    /// The form was sent before, and what it asked for is done. Go on to the page that comes next.
    AlreadyDone,
}

impl Refusal {
    /// Returns the stable word for this refusal, for logs, metrics and translations.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::WrongCode { .. } => "wrong-code",
            Self::AlreadyUsed { .. } => "already-used",
            Self::Wait { .. } => "wait",
            Self::Blocked => "blocked",
            Self::TicketVoid => "ticket-void",
            Self::SetupExpired => "setup-expired",
            Self::InvitationNeeded => "invitation-needed",
            Self::InvitationVoid => "invitation-void",
            Self::ClockMovedBack { .. } => "clock-moved-back",
            Self::AlreadyDone => "already-done",
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tries = |f: &mut fmt::Formatter<'_>, left: u32, wait_until: Option<Timestamp>| match wait_until {
            None => write!(f, "; tries left: {left}"),
            Some(until) => write!(f, "; tries left: {left}, the next one from {until} on"),
        };
        match *self {
            Self::Malformed => f.write_str("that is not a code: type the digits that the app shows"),
            Self::WrongCode { left, wait_until, hint } => {
                f.write_str("that code is wrong")?;
                if let Some(hint) = hint {
                    write!(f, ": {hint}")?;
                }
                tries(f, left, wait_until)
            }
            Self::AlreadyUsed { left, wait_until } => {
                f.write_str("that code has been used already; wait for the next one")?;
                tries(f, left, wait_until)
            }
            Self::Wait { until } => {
                write!(f, "too many tries; the next one is looked at from {until} on")
            }
            Self::Blocked => {
                f.write_str("too many wrong codes; the account is blocked until somebody unlocks it")
            }
            Self::TicketVoid => f.write_str("this login has ended; sign in again"),
            Self::SetupExpired => f.write_str("the QR code has expired; scan the new one"),
            Self::InvitationNeeded => f.write_str("an invitation is needed to set up an authenticator"),
            Self::InvitationVoid => f.write_str("that invitation is no longer valid; ask for a new one"),
            Self::ClockMovedBack { until } => {
                write!(f, "the server's clock was corrected; codes are right again from {until} on")
            }
            Self::AlreadyDone => f.write_str("that is done already"),
        }
    }
}

impl Error for Refusal {}
