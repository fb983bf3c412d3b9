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

/// How far apart the clocks of two servers that share a store may be: each may be 30 s off true time (R15).
#[cfg(feature = "std")]
pub(crate) const LEEWAY: Duration = Duration::from_secs(60);

/// Times of several servers. All comparisons of two times that may be of two clocks are here (R15).
#[cfg(feature = "std")]
impl Timestamp {
    /// Returns how long ago, at `now`, something happened that was noted with this time.
    ///
    /// What was noted up to [`LEEWAY`] "later than now" happened just now, at a server whose clock is ahead. `None` if
    /// the time is later still: no honest clock tells that.
    pub(crate) fn age_at(self, now: Self) -> Option<Duration> {
        let just_now = (self <= now.after(LEEWAY)).then_some(Duration::ZERO);
        now.since(self).or(just_now)
    }

    /// Returns whether what was issued at this time and expires at `expires_at` is good at `now`.
    pub(crate) fn is_good_until(self, expires_at: Self, now: Self) -> bool {
        self.age_at(now).is_some() && now < expires_at
    }

    /// Returns whether this time is earlier than another for sure, whichever clocks told them.
    pub(crate) fn is_surely_before(self, other: Self) -> bool {
        self.after(LEEWAY) < other
    }

    /// Returns whether what expires at this time has expired for every server. Until then, what must not be used again is
    /// remembered.
    pub(crate) fn has_passed_everywhere(self, now: Self) -> bool {
        self.after(LEEWAY) <= now
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

/// One clock for the library and the host: times that the host hands in are compared with those that it tells.
#[cfg(feature = "std")]
impl<C: Clock + ?Sized> Clock for std::sync::Arc<C> {
    fn now(&self) -> Timestamp {
        C::now(self)
    }
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

    /// R15: within a minute nothing comes from the future; and R11, at either end of time.
    #[test]
    fn what_another_clock_told_is_of_just_now_and_what_no_clock_can_tell_is_not() {
        let (now, leeway) = (Timestamp::from_unix(1_800_000_000), super::LEEWAY.as_secs());
        let at = |off: i64| Timestamp::from_unix(now.as_unix().saturating_add_signed(off));
        for (off, age) in
            [(-300, Some(300)), (-1, Some(1)), (0, Some(0)), (1, Some(0)), (60, Some(0)), (61, None)]
        {
            assert_eq!(at(off).age_at(now), age.map(Duration::from_secs), "{off}");
            assert_eq!(at(off).is_good_until(at(900), now), age.is_some(), "{off}");
        }
        assert!(!at(-900).is_good_until(now, now) && at(-900).is_good_until(at(1), now));
        for (off, before) in [(-61, true), (-60, false), (0, false), (60, false)] {
            assert_eq!(at(off).is_surely_before(now), before, "{off}");
        }
        for (off, passed) in [(-61, true), (-60, true), (-59, false), (0, false), (1, false)] {
            assert_eq!(at(off).has_passed_everywhere(now), passed, "{off}");
        }
        let (first, last) = (Timestamp::from_unix(0), Timestamp::from_unix(u64::MAX));
        assert_eq!(last.age_at(first), None);
        assert_eq!(first.age_at(last), Some(Duration::from_secs(u64::MAX)));
        assert_eq!(Timestamp::from_unix(leeway).age_at(first), Some(Duration::ZERO));
        assert!(!last.is_surely_before(last) && first.is_surely_before(last));
    }

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
