//! Points in time, and the one place where the system's clock is read.
//!
//! Everything else in the crate is handed a [`Timestamp`], so that a test can say what time it is and no
//! decision depends on when exactly the machine got round to making it.

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
    /// This many seconds after the beginning of 1970.
    pub const fn from_unix(seconds: u64) -> Self {
        Self(seconds)
    }

    /// The seconds since the beginning of 1970.
    pub const fn as_unix(self) -> u64 {
        self.0
    }

    /// This much later, in whole seconds; the end of time where that would overflow, never a wrap-around.
    #[must_use]
    pub const fn after(self, span: Duration) -> Self {
        Self(self.0.saturating_add(span.as_secs()))
    }

    /// How long it is from `earlier` to this point; `None` when `earlier` is in fact later.
    ///
    /// `None` is how a clock that was set back shows itself, and every caller has to say what it makes of that.
    pub const fn since(self, earlier: Self) -> Option<Duration> {
        match self.0.checked_sub(earlier.0) {
            Some(seconds) => Some(Duration::from_secs(seconds)),
            None => None,
        }
    }
}

/// The seconds since 1970, as a plain number: dates are the business of the host's pages and of its time zone.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Tells the time.
///
/// Hosts use [`SystemClock`]; tests bring a clock of their own (`testing::ManualClock`). Servers that share a
/// store should keep their clocks within a few seconds of each other (NTP does): codes are accepted only near
/// the time that the server believes in.
pub trait Clock: Send + Sync + 'static {
    /// The time now.
    fn now(&self) -> Timestamp;
}

/// The clock of the operating system.
#[cfg(feature = "std")]
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

#[cfg(feature = "std")]
impl Clock for SystemClock {
    /// The system's time. A system that believes to be before 1970 is answered with 1970 itself: there
    /// everything issued earlier looks as if it came from the future, and is therefore refused (R11).
    #[allow(clippy::disallowed_methods, reason = "this is the one place that may ask")]
    fn now(&self) -> Timestamp {
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp(since_1970.as_secs())
    }
}
