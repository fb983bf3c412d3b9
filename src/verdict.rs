//! The answers: what a check-in leads to, what was granted, and what was refused and why.
//!
//! A refusal is a result and no error: a page shows the form again with its sentence. [`Error`](crate::Error) is
//! for what could not be decided.

mod hint;

use std::fmt;

pub use self::hint::Hint;

use crate::{
    audit::Denied,
    time::Timestamp,
    tokens::{Pass, Ticket},
};

/// Where a user goes whose first factor was accepted.
#[derive(Debug)]
#[must_use = "only `Open` and `EnrollBy` let the user in"]
pub enum Gate {
    /// In: nothing more is asked of him.
    Open(Pass),
    /// To the page that asks for a code.
    AskCode(Ticket),
    /// To the page that shows the QR code.
    Enroll(Ticket),
    /// In, and told to enroll by then: the ticket is for [`setup`](crate::TwoFactor::setup), now or at a later login.
    EnrollBy {
        /// Lets him in. It lasts no longer than the time he has.
        pass: Pass,
        /// For the page with the QR code.
        ticket: Ticket,
        /// Until when he has time.
        by: Timestamp,
    },
    /// To the page that asks for an invitation, since nothing else opens his enrollment: what he types there is for
    /// [`accept`](crate::TwoFactor::accept).
    AskInvitation(Ticket),
    /// To the page that says who can help: the account is blocked until another Master Admin or the vendor's
    /// support unlocks or resets it.
    Blocked,
}

/// What a request came to, once it could be decided.
#[derive(Debug)]
#[must_use = "a refusal must not be taken for a success"]
pub enum Verdict<T> {
    /// It is granted, and everything it changed is durably written.
    Granted(T),
    /// It is refused.
    Refused(Refusal),
}

impl<T> Verdict<T> {
    /// What was granted.
    pub fn granted(self) -> Option<T> {
        match self {
            Self::Granted(granted) => Some(granted),
            Self::Refused(_) => None,
        }
    }

    /// The same verdict on something made of what was granted.
    pub fn map<U>(self, make: impl FnOnce(T) -> U) -> Verdict<U> {
        match self {
            Self::Granted(granted) => Verdict::Granted(make(granted)),
            Self::Refused(refusal) => Verdict::Refused(refusal),
        }
    }

    /// Why it was refused.
    pub fn refusal(&self) -> Option<Refusal> {
        match self {
            Self::Granted(_) => None,
            Self::Refused(refusal) => Some(*refusal),
        }
    }
}

impl<T> From<Result<T, Refusal>> for Verdict<T> {
    fn from(result: Result<T, Refusal>) -> Self {
        match result {
            Ok(granted) => Self::Granted(granted),
            Err(refusal) => Self::Refused(refusal),
        }
    }
}

/// What became of a key that was to be imported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a key that was there already may be live"]
pub enum Import {
    /// It is imported: the user is asked for a code of it at his next login.
    Done,
    /// The same key is there already, be it imported or live. Nothing was changed.
    AlreadyThere,
}

/// Why a request was refused. [`Display`](fmt::Display) is a plain English sentence; a page will want its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// Not a code at all: not exactly so many digits. Nothing was looked at and nothing was counted.
    Malformed,
    /// Not the right code. It was counted.
    WrongCode {
        /// How many more can be tried before the account is blocked; at least one.
        left: u32,
        /// Until when no code is looked at.
        wait_until: Option<Timestamp>,
        /// What seems to be wrong with the user's authenticator, if that can be told.
        hint: Option<Hint>,
    },
    /// A right code that was used before, here or elsewhere: the user waits for the next one. It was counted.
    AlreadyUsed {
        /// How many more can be tried before the account is blocked; at least one.
        left: u32,
        /// Until when no code is looked at.
        wait_until: Option<Timestamp>,
    },
    /// Too many wrong ones in a row: no code is looked at until then. This one was neither looked at nor counted.
    Wait {
        /// Until then.
        until: Timestamp,
    },
    /// Far too many wrong ones in a row: no code is looked at until another Master Admin or the vendor's support
    /// unlocks or resets the account.
    Blocked,
    /// The ticket is no longer, or never was, good for this: expired, spent, overtaken by a later check-in, a
    /// reset or a change of the policy. The user signs in again.
    TicketVoid,
    /// The QR code was shown too long ago, or not at all. Show it anew: another one is drawn.
    SetupExpired,
    /// The session is over: the user signs in again.
    SessionOver,
    /// The act needs a code of the last minutes. Ask for one with [`step_up`](crate::TwoFactor::step_up).
    FreshCodeNeeded,
    /// The act needs an enrolled authenticator, and the user has none that counts. He signs in again and enrolls.
    EnrollFirst,
    /// The password alone does not open this enrollment: an invitation does, with
    /// [`accept`](crate::TwoFactor::accept).
    InvitationNeeded,
    /// The account was blocked, be it unlocked since, or is to be enrolled by invitation only since a reset: somebody else
    /// knows its password, and a plain reset would let him enroll. Change the password first
    /// ([`reset_with_new_password`](crate::TwoFactor::reset_with_new_password)), or hand out an invitation
    /// ([`reset_and_invite`](crate::TwoFactor::reset_and_invite)).
    PasswordKnown,
    /// The org does not offer this: to enroll by choice, time to enroll, to have a device remembered. To customers it
    /// offers none of it.
    NotOffered,
    /// The user has an authenticator already, which another one [replaces](crate::TwoFactor::replace) with a code.
    AlreadyEnrolled,
    /// The org requires an authenticator: nobody can do without.
    CodesRequired,
    /// The user has, or had, an authenticator here: no key of another system is imported over it, nor brought back
    /// after a reset. He enrolls anew.
    TooLateToImport,
    /// Somebody else has decided something for the org since the page was shown. Show it anew.
    SettingsMoved,
    /// The actor has no authority for this.
    Denied(Denied),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed => f.write_str("that is not a code: type the digits that the app shows"),
            Self::WrongCode { left, hint: None, .. } => write!(f, "that code is wrong; tries left: {left}"),
            Self::WrongCode { left, hint: Some(hint), .. } => {
                write!(f, "that code is wrong: {hint}; tries left: {left}")
            }
            Self::AlreadyUsed { left, .. } => {
                write!(f, "that code has been used already; wait for the next one; tries left: {left}")
            }
            Self::Wait { .. } => f.write_str("too many wrong codes; wait before the next one"),
            Self::Blocked => {
                f.write_str("too many wrong codes; the account is blocked until somebody unlocks it")
            }
            Self::TicketVoid => f.write_str("this login has ended; sign in again"),
            Self::SetupExpired => f.write_str("the QR code has expired; scan the new one"),
            Self::SessionOver => f.write_str("the session is over; sign in again"),
            Self::FreshCodeNeeded => f.write_str("a code is needed for this"),
            Self::EnrollFirst => f.write_str("this needs an authenticator; sign in again to set one up"),
            Self::InvitationNeeded => f.write_str("an invitation is needed to set up an authenticator"),
            Self::PasswordKnown => {
                f.write_str("somebody knows the password of this account: change it, or invite the user")
            }
            Self::NotOffered => f.write_str("this is not offered here"),
            Self::AlreadyEnrolled => f.write_str("there is an authenticator already"),
            Self::CodesRequired => f.write_str("the organization requires an authenticator"),
            Self::TooLateToImport => {
                f.write_str("there is, or was, an authenticator already: nothing is imported over it")
            }
            Self::SettingsMoved => {
                f.write_str("somebody else has changed the settings in the meantime; look again")
            }
            Self::Denied(why) => why.fmt(f),
        }
    }
}
