//! Whether an org requires a second factor, and since which switch.

use std::{fmt, str::FromStr};

use crate::time::Timestamp;

/// Whether an org asks its internal users for a code.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Requirement {
    /// Nobody is asked.
    #[default]
    Off,
    /// Every internal user is asked: a Master Admin opted in, and may opt out again.
    On,
    /// Every internal user is asked: the vendor requires it, and no Master Admin can change it.
    ///
    /// The org's [settings](crate::policy::Settings) stay its own, including the time to enroll. That delays, within
    /// its bounds, when a user is first asked, and nothing else.
    Mandated,
}

impl Requirement {
    /// Returns whether internal users must show a code.
    pub const fn asks(self) -> bool {
        match self {
            Self::Off => false,
            Self::On | Self::Mandated => true,
        }
    }

    /// Returns the stable word for this requirement, as audit trails and summary columns keep it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::On => "on",
            Self::Mandated => "mandated",
        }
    }
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What happens to sessions that are running when an org switches its requirement on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RunningSessions {
    /// They go on until they end by themselves; the requirement applies from each user's next login.
    #[default]
    GoOn,
    /// Those of earlier epochs end at once, and for good.
    End,
}

/// The name of a period of an org's policy (R6). Another one begins at every switch between asking nobody and asking, and
/// whenever an admin [begins one](crate::admin::Admin::begin_epoch).
///
/// What was granted in another period does not count: enrollments, imported keys, invitations, remembered devices, fresh
/// codes. There is one exception: in an *on* that was entered directly from an *off*, what was chosen in that *off* does.
///
/// It has a counter, so that two epochs can be ordered, and random bits. The counter is the time at which the epoch began,
/// in seconds since 1970, or one more than the last. So after a restore from a backup the next epoch is later than those
/// that were lost, and the random bits tell apart two that began in the same second.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Epoch {
    pub(crate) counter: u64,
    pub(crate) random: [u8; 8],
}

impl Epoch {
    /// The epoch of an org whose settings were never written.
    pub(crate) const FIRST: Self = Self { counter: 0, random: [0; 8] };

    /// Returns the epoch that begins next, at this time.
    ///
    /// Its counter is the time, unless the last one is ahead of it. A loss of the database can undo epochs whose stamps
    /// are still out there. If counters went up by one, the next epochs would have theirs again, and a floor (R14) would
    /// not be above those stamps. A clock beyond half of all numbers is nobody's: whatever it says, epochs go on after it.
    pub(crate) fn next(self, random: [u8; 8], now: Timestamp) -> Self {
        Self { counter: self.counter.saturating_add(1).max(now.as_unix().min(u64::MAX / 2)), random }
    }

    /// Returns whether this one began after `other`, by their counters.
    pub(crate) const fn is_later_than(self, other: Self) -> bool {
        self.counter > other.counter
    }
}

/// The counter, a dash and the random bits in hexadecimal. Equal texts are equal epochs, so a host can compare the
/// epoch of a user's summary with that of the org's in SQL.
impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{:016x}", self.counter, u64::from_be_bytes(self.random))
    }
}

/// A text that is no [`Epoch`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an epoch: expected a counter, a dash and 16 hexadecimal digits")]
pub struct InvalidEpoch;

/// Reads back what [`Display`](fmt::Display) wrote.
impl FromStr for Epoch {
    type Err = InvalidEpoch;

    fn from_str(text: &str) -> Result<Self, InvalidEpoch> {
        let (counter, random) = text.split_once('-').ok_or(InvalidEpoch)?;
        let counter = counter.parse().map_err(|_| InvalidEpoch)?;
        let random = u64::from_str_radix(random, 16).map_err(|_| InvalidEpoch)?;
        let epoch = Self { counter, random: random.to_be_bytes() };
        // Only the spelling that we write: "+1-…" or upper case would not compare equal in SQL.
        if epoch.to_string() == text { Ok(epoch) } else { Err(InvalidEpoch) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// R14, R11: an epoch is later than those that a restore has undone, and epochs go on whatever a clock says.
    #[test]
    fn epochs_are_counted_by_the_clock_and_go_on_after_any() {
        let at = |epoch: Epoch, seconds: u64| epoch.next([1; 8], Timestamp::from_unix(seconds));
        let restored = at(Epoch::FIRST, 1_000);
        let lost = at(at(restored, 2_000), 2_000);
        assert!(at(restored, 2_100).is_later_than(lost));
        // A clock that is behind, that was set back, or that is at the end of time.
        for seconds in [0, 999, 2_000, u64::MAX] {
            let next = at(lost, seconds);
            assert!(next.is_later_than(lost), "{seconds}");
            assert!(at(next, 0).is_later_than(next) && at(next, u64::MAX).is_later_than(next), "{seconds}");
        }
    }
}
