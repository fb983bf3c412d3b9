//! The answers: where a login goes next, what was granted, what was refused and why.
//!
//! A refusal is a result and no error: a page shows the form again with its sentence. [`Error`](crate::Error) is for
//! what could not be decided.

mod hint;
mod refusal;
mod act_refusal;

pub use self::{act_refusal::ActRefusal, hint::Hint, refusal::Refusal};
use crate::{
    time::Timestamp,
    tokens::{Pass, Ticket},
};

/// Where a user goes after the first factor was accepted.
#[derive(Debug)]
#[must_use = "only `Open` and `EnrollBy` let the user in"]
pub enum Gate {
    /// In: nothing more is asked.
    Open(Pass),
    /// To the page that asks for a code.
    AskCode(Ticket),
    /// To the page that shows the QR code.
    Enroll(Ticket),
    /// In, and told to enroll by a certain time.
    EnrollBy {
        /// Lets the user in. It lasts no longer than the time they have.
        pass: Pass,
        /// For the page with the QR code ([`TwoFactor::setup`](crate::TwoFactor::setup)), now or at a later login.
        ticket: Ticket,
        /// When the time to enroll ends.
        by: Timestamp,
    },
    /// To the page that asks for an invitation, since nothing else opens the enrollment. What is typed there is for
    /// [`TwoFactor::accept`](crate::TwoFactor::accept).
    AskInvitation(Ticket),
    /// To the page that says who can help. The account is blocked until another Master Admin or the vendor's support
    /// unlocks or resets it.
    Blocked,
}

impl Gate {
    /// Returns the stable word for this gate, for logs and metrics: `open`, `ask-code`, `enroll`, `enroll-by`,
    /// `ask-invitation` or `blocked`.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Open(_) => "open",
            Self::AskCode(_) => "ask-code",
            Self::Enroll(_) => "enroll",
            Self::EnrollBy { .. } => "enroll-by",
            Self::AskInvitation(_) => "ask-invitation",
            Self::Blocked => "blocked",
        }
    }
}

/// What became of a session that was to be signed out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a session that is not ours goes on until the host ends it"]
pub enum SignOut {
    /// The session has ended: none of its stamps holds any more, on any server.
    Ended,
    /// The stamp is a customer's, for whom nothing is ever written, or none of this library's: only the host can end that
    /// session, by forgetting it.
    NotOurs,
}

/// The answer to a request that could be decided.
///
/// `R` is [`Refusal`] for what a login page can meet, and [`ActRefusal`] for what signed-in users and admins do.
#[derive(Debug)]
#[must_use = "a refusal must not be taken for a success"]
pub enum Verdict<T, R = Refusal> {
    /// Granted, and everything it changed is durably written.
    Granted(T),
    /// Refused.
    Refused(R),
}

impl<T, R> Verdict<T, R> {
    /// Returns what was granted, if it was.
    pub fn granted(self) -> Option<T> {
        self.into_result().ok()
    }

    /// Returns why it was refused, if it was.
    pub fn refusal(&self) -> Option<R>
    where
        R: Copy,
    {
        match self {
            Self::Granted(_) => None,
            Self::Refused(refusal) => Some(*refusal),
        }
    }

    /// Makes something else of what was granted.
    pub fn map<U>(self, make: impl FnOnce(T) -> U) -> Verdict<U, R> {
        match self {
            Self::Granted(granted) => Verdict::Granted(make(granted)),
            Self::Refused(refusal) => Verdict::Refused(refusal),
        }
    }

    /// Returns the verdict as a `Result`, for handlers in which `?` carries refusals as well.
    ///
    /// # Errors
    /// The refusal.
    pub fn into_result(self) -> Result<T, R> {
        match self {
            Self::Granted(granted) => Ok(granted),
            Self::Refused(refusal) => Err(refusal),
        }
    }
}

impl<T, R> From<Result<T, R>> for Verdict<T, R> {
    fn from(result: Result<T, R>) -> Self {
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
    /// Imported: the user is asked for a code of it at the next login.
    Done,
    /// The same key is there already, imported or live. Nothing was changed.
    AlreadyThere,
}
