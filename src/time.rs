//! Points in time, and the one place where the system's clock is read.
//!
//! Everything else in the crate is given a [`Timestamp`]. So a test can say what time it is, and no decision depends on
//! when exactly the machine made it.

use core::{fmt, time::Duration};
#[cfg(feature = "std")]
use std::time::{SystemTime, UNIX_EPOCH};

/// A point in time, in whole seconds since 1970-01-01 00:00:00 UTC (Unix time, as RFC 6238 §4.2 counts it).
///
/// ```
/// use countersign::Timestamp;
/// use std::time::Duration;
///
/// let t = Timestamp::from_unix(59);
/// assert_eq!(t.after(Duration::from_secs(30)).as_unix(), 89);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(u64);

impl Timestamp {
    /// Creates the time `seconds` after the beginning of 1970.
    pub const fn from_unix(seconds: u64) -> Self {
        Self(seconds)
    }

    /// Returns the seconds since the beginning of 1970.
    pub const fn as_unix(self) -> u64 {
        self.0
    }

    /// Returns the time `span` later, in whole seconds. An overflow gives the last second there is, never a
    /// wrap-around.
    #[must_use]
    pub const fn after(self, span: Duration) -> Self {
        Self(self.0.saturating_add(span.as_secs()))
    }

    /// Returns the time from `earlier` to this point, or `None` if `earlier` is in fact later.
    ///
    /// A clock that was set back shows as `None`, and every caller has to decide what that means.
    pub const fn since(self, earlier: Self) -> Option<Duration> {
        match self.0.checked_sub(earlier.0) {
            Some(seconds) => Some(Duration::from_secs(seconds)),
            None => None,
        }
    }
}

/// The seconds since 1970 as a plain number. Dates depend on a time zone, and are for the host's pages.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Whole seconds; what is less is cut off. A time before 1970 becomes 1970 itself, like that of a [`SystemClock`].
///
/// ```
/// use countersign::Timestamp;
/// use std::time::{Duration, SystemTime};
///
/// let time = SystemTime::UNIX_EPOCH + Duration::from_millis(59_999);
/// assert_eq!(Timestamp::from(time), Timestamp::from_unix(59));
/// assert_eq!(SystemTime::from(Timestamp::from_unix(59)), SystemTime::UNIX_EPOCH + Duration::from_secs(59));
/// ```
#[cfg(feature = "std")]
impl From<SystemTime> for Timestamp {
    fn from(time: SystemTime) -> Self {
        Self(time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs())
    }
}

/// The same point in time. One beyond what the system can represent becomes the last full second that it can: on Linux
/// that is 292 billion years from now.
#[cfg(feature = "std")]
impl From<Timestamp> for SystemTime {
    fn from(Timestamp(seconds): Timestamp) -> Self {
        UNIX_EPOCH.checked_add(Duration::from_secs(seconds)).unwrap_or_else(|| {
            // No constant says which second is the last. Every number is a sum of powers of two, so add those that fit.
            let powers = (0..u64::BITS).rev().map(|bit| Duration::from_secs(1 << bit));
            powers.fold(UNIX_EPOCH, |last, power| last.checked_add(power).unwrap_or(last))
        })
    }
}

/// A source of the time.
///
/// Hosts use [`SystemClock`]; tests use their own (`testing::ManualClock`). Keep the clocks of servers that share a
/// store within a few seconds of each other, as NTP does: codes are accepted only near the time that the server
/// believes in.
pub trait Clock: Send + Sync + 'static {
    /// Returns the current time.
    fn now(&self) -> Timestamp;
}

/// The clock of the operating system.
#[cfg(feature = "std")]
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

#[cfg(feature = "std")]
impl Clock for SystemClock {
    /// Returns the system's time. If the system believes it is before 1970, returns 1970 itself: everything issued
    /// earlier then looks as if it came from the future, and is refused (R11).
    #[allow(clippy::disallowed_methods, reason = "this is the one place that may ask")]
    fn now(&self) -> Timestamp {
        SystemTime::now().into()
    }
}

#[cfg(all(test, feature = "std"))]
mod tests {
    use std::time::{Duration, SystemTime, UNIX_EPOCH};

    use super::Timestamp;

    /// R11: no time of a system panics, or wraps around.
    #[test]
    fn a_time_before_1970_is_1970_and_fractions_are_cut_off() {
        for (time, seconds) in [
            (UNIX_EPOCH, 0),
            (UNIX_EPOCH - Duration::from_nanos(1), 0),
            (UNIX_EPOCH - Duration::from_secs(86_400), 0),
            (UNIX_EPOCH + Duration::from_millis(1_999), 1),
        ] {
            assert_eq!(Timestamp::from(time), Timestamp::from_unix(seconds), "{time:?}");
        }
    }

    /// R11.
    #[test]
    fn a_time_beyond_the_systems_last_is_its_last() {
        for seconds in [0, 59, 1_800_000_000, 253_402_300_799] {
            let time = Timestamp::from_unix(seconds);
            assert_eq!(Timestamp::from(SystemTime::from(time)), time);
        }
        let last = SystemTime::from(Timestamp::from_unix(u64::MAX));
        assert_eq!(last.checked_add(Duration::from_secs(1)), None);
        assert!(last > SystemTime::from(Timestamp::from_unix(253_402_300_799)));
        assert_eq!(SystemTime::from(Timestamp::from(last)), last);
    }
}
