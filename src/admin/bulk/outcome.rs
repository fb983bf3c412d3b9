//! The outcome for one user among many.

use std::fmt;

use crate::{audit::Denied, error::Error, who::UserId};

/// The outcome for one user of a run.
#[derive(Debug)]
#[non_exhaustive]
pub struct ResetOutcome {
    /// The user.
    pub user: UserId,
    /// The outcome.
    pub outcome: Outcome,
}

/// The outcome of one reset among many. [`Display`](fmt::Display) is a few English words.
#[derive(Debug)]
#[non_exhaustive]
pub enum Outcome {
    /// They are reset, and must enroll again.
    Reset,
    /// They would be reset, in a run that is not dry.
    WouldReset,
    /// There is nothing to reset: they never enrolled, or are reset already.
    NothingToReset,
    /// Nothing was changed, because someone else may know the password, as
    /// [`ActRefusal::PasswordKnown`](crate::ActRefusal::PasswordKnown) says. Change it and [say
    /// so](crate::audit::Password::Changed), or [reset and
    /// invite](crate::admin::ManagedUser::reset_and_invite) the user.
    PasswordKnown,
    /// This run has reset them before it was interrupted; whatever they have enrolled since is left alone.
    ResetBefore,
    /// Nothing was changed: they have an authenticator, and the Master Admin has shown no fresh code, as
    /// [`ActRefusal::FreshCodeNeeded`](crate::ActRefusal::FreshCodeNeeded) says.
    FreshCodeNeeded,
    /// They may not be reset. [`NotInThisOrg`](Denied::NotInThisOrg) is a user that the directory does not know.
    Denied(Denied),
    /// The directory or the store failed, and it is not known whether they are reset. The run goes on with the next
    /// user: start it again for those who failed.
    Failed(Error),
}

impl Outcome {
    /// Returns the stable word for this outcome, for logs, metrics and translations; of [`Denied`](Self::Denied), that of
    /// the reason.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Reset => "reset",
            Self::WouldReset => "would-reset",
            Self::NothingToReset => "nothing-to-reset",
            Self::PasswordKnown => "password-known",
            Self::ResetBefore => "reset-before",
            Self::FreshCodeNeeded => "fresh-code-needed",
            Self::Denied(why) => why.name(),
            Self::Failed(_) => "failed",
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Reset => f.write_str("reset"),
            Self::WouldReset => f.write_str("would be reset"),
            Self::NothingToReset => f.write_str("nothing to reset"),
            Self::PasswordKnown => f.write_str("needs a new password or an invitation"),
            Self::ResetBefore => f.write_str("was reset by this run before"),
            Self::FreshCodeNeeded => f.write_str("a code is needed for this one"),
            Self::Denied(why) => write!(f, "denied: {why}"),
            Self::Failed(error) => write!(f, "failed: {error}"),
        }
    }
}
