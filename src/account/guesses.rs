//! Counting wrong guesses: rising waits, then a hard stop (R2).

use std::time::Duration;

use crate::{policy::Settings, time::Timestamp};

/// The wrong guesses since the last right code, across all purposes.
#[derive(Debug, Default)]
pub(crate) struct Guesses {
    pub(crate) in_a_row: u32,
    pub(crate) wait: Option<Wait>,
    pub(crate) blocked_since: Option<Timestamp>,
    /// Whether one of them was made right after the first factor, so by somebody who has the password.
    pub(crate) under_first_factor: bool,
}

/// A time in which no code is looked at. It is kept as its beginning and its length, so that a clock that was set back
/// is noticed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wait {
    pub(crate) since: Timestamp,
    pub(crate) lasts: Duration,
}

/// Why no code may be looked at. Of two reasons, the later one in this list is told.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Locked {
    Until(Timestamp),
    /// A wait began later than now by any clock.
    ClockWentBack,
    Blocked,
}

impl Guesses {
    /// Returns whether it is blocked, even if the hard stop was lowered since the last guess was counted.
    pub(super) fn is_blocked(&self, settings: &Settings) -> bool {
        self.blocked_since.is_some() || self.left(settings) == 0
    }

    pub(super) fn locked(&self, settings: &Settings, now: Timestamp) -> Option<Locked> {
        if self.is_blocked(settings) {
            return Some(Locked::Blocked);
        }
        let wait = self.wait?;
        match wait.since.age_at(now) {
            Some(passed) if passed < wait.lasts => Some(Locked::Until(wait.until())),
            Some(_) => None,
            None => Some(Locked::ClockWentBack),
        }
    }

    /// Adds one to the row: a wait follows or, at the end of the budget, the block.
    pub(super) fn and_another(&self, under_first_factor: bool, settings: &Settings, now: Timestamp) -> Self {
        let in_a_row = self.in_a_row.saturating_add(1);
        let is_last = in_a_row >= settings.hard_stop();
        let wait = settings.wait_after(in_a_row).filter(|_| !is_last);
        Self {
            in_a_row,
            wait: wait.map(|lasts| Wait { since: now, lasts }),
            blocked_since: is_last.then_some(now),
            under_first_factor: self.under_first_factor || under_first_factor,
        }
    }

    /// Returns how many may still be tried.
    pub(super) fn left(&self, settings: &Settings) -> u32 {
        settings.hard_stop().saturating_sub(self.in_a_row)
    }

    /// Returns until when no code is looked at, by the wait that was started last.
    pub(crate) fn wait_until(&self) -> Option<Timestamp> {
        self.wait.map(Wait::until)
    }

    /// Restarts the wait if it began later than now, whatever the leeway, and returns its end.
    pub(super) fn wait_anew(&mut self, now: Timestamp) -> Timestamp {
        self.wait = self.wait.map(|wait| Wait { since: wait.since.min(now), ..wait });
        self.wait_until().unwrap_or(now)
    }
}

impl Wait {
    fn until(self) -> Timestamp {
        self.since.after(self.lasts)
    }
}
