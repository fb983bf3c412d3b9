//! What became of one among many.

use std::fmt;

use crate::{audit::Denied, error::Error, who::UserId};

/// What became of one user of a run.
#[derive(Debug)]
#[non_exhaustive]
pub struct ResetOutcome {
    /// Who.
    pub user: UserId,
    /// What became of it.
    pub outcome: Outcome,
}

/// What became of one reset among many. [`Display`](fmt::Display) is a few English words.
#[derive(Debug)]
#[non_exhaustive]
pub enum Outcome {
    /// He is reset, and must enroll again.
    Reset,
    /// He would be, in a run that is not dry.
    WouldReset,
    /// There is nothing to reset: he never enrolled, or is reset already.
    NothingToReset,
    /// There is something to reset, but somebody else knows his password, as
    /// [`Refusal::PasswordKnown`](crate::Refusal::PasswordKnown) says: nothing was changed. Change the password and reset
    /// him [so](crate::BulkReset::with_new_passwords), or hand him an
    /// [invitation](crate::TwoFactor::reset_and_invite).
    PasswordKnown,
    /// He began to enroll anew after the run had begun, and is left alone.
    EnrollsAnew,
    /// He may not be reset; [`NotInThisOrg`](Denied::NotInThisOrg) is a user that the directory does not know.
    Denied(Denied),
    /// The directory or the store failed; whether he is reset is not known. The run goes on with the next one: begin it
    /// again for those who failed.
    Failed(Error),
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Reset => f.write_str("reset"),
            Self::WouldReset => f.write_str("would be reset"),
            Self::NothingToReset => f.write_str("nothing to reset"),
            Self::PasswordKnown => f.write_str("needs a new password or an invitation"),
            Self::EnrollsAnew => f.write_str("enrolls anew already"),
            Self::Denied(why) => write!(f, "denied: {why}"),
            Self::Failed(error) => write!(f, "failed: {error}"),
        }
    }
}
