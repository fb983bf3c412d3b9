//! What may be said of a wrong code, so that its user can help themselves.

use std::{fmt, time::Duration};

use crate::otp::{Algorithm, Digits};

/// What seems to be wrong with a user's authenticator, by a code that was not accepted. The code counted as a wrong one
/// all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Hint {
    /// It was the code of some time ago, of an hour at most: either it was typed as late as that, or the clock of the
    /// phone is behind.
    ClockBehind {
        /// By about so much: whole steps.
        by: Duration,
    },
    /// It is the code of a time to come, within the hour: the clock of the phone is ahead. Said only at the enrollment,
    /// where the secret is on the user's screen; anybody else it would tell a code that will be right.
    ClockAhead {
        /// By about so much: whole steps.
        by: Duration,
    },
    /// The app has not done as the QR code says: several ignore silently that codes are to be made with another hash
    /// function than SHA-1, or to have more than six digits. Said only at the enrollment. Another app is needed, or
    /// [`CodeRules`](crate::policy::CodeRules) that every app keeps.
    AppShows {
        /// Its codes are made with this.
        algorithm: Algorithm,
        /// And have so many digits.
        digits: Digits,
    },
}

impl Hint {
    /// Returns the stable word for this hint, for logs, metrics and translations.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ClockBehind { .. } => "clock-behind",
            Self::ClockAhead { .. } => "clock-ahead",
            Self::AppShows { .. } => "app-shows",
        }
    }
}

/// A plain English sentence without its full stop; a page will want its own.
impl fmt::Display for Hint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // To the half minute is as exact as a code of thirty seconds tells it.
        let minutes = |by: Duration| by.as_secs().saturating_add(30) / 60;
        match self {
            Self::ClockBehind { by } => write!(
                f,
                "it is about {} min old, so either it was typed late, or the phone's clock is behind",
                minutes(*by)
            ),
            Self::ClockAhead { by } => write!(f, "the phone's clock is about {} min ahead", minutes(*by)),
            Self::AppShows { algorithm, digits } => {
                let (algorithm, digits) = (algorithm.as_str(), digits.count());
                write!(
                    f,
                    "the app ignores what the QR code says, and shows {digits} digits made with {algorithm}"
                )
            }
        }
    }
}
