//! Helpers for the tests of host applications: a clock that is moved by hand, and an authenticator app.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use crate::{
    otp::{InvalidSecret, Secret, Totp},
    time::{Clock, Timestamp},
    two_factor::Setup,
};

/// A clock that moves only when a test moves it. Clones show the same time.
///
/// ```
/// use countersign::{Clock, Timestamp, testing::ManualClock};
/// use std::time::Duration;
///
/// let clock = ManualClock::at(Timestamp::from_unix(1_000));
/// clock.advance(Duration::from_secs(30));
/// assert_eq!(clock.now().as_unix(), 1_030);
/// ```
#[derive(Clone, Debug)]
pub struct ManualClock(Arc<AtomicU64>);

impl ManualClock {
    /// Creates a clock that shows this time.
    pub fn at(time: Timestamp) -> Self {
        Self(Arc::new(AtomicU64::new(time.as_unix())))
    }

    /// Lets time pass.
    pub fn advance(&self, span: Duration) {
        self.set(self.now().after(span));
    }

    /// Sets the clock to any time, even an earlier one.
    pub fn set(&self, time: Timestamp) {
        self.0.store(time.as_unix(), Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix(self.0.load(Ordering::SeqCst))
    }
}

/// An authenticator app with one account in it.
pub struct Authenticator {
    secret: Secret,
    totp: Totp,
}

impl Authenticator {
    /// Creates an app into which the key of a setup page was typed.
    ///
    /// # Errors
    /// [`InvalidSecret`] if the key of the page is invalid.
    pub fn enrolled_with(setup: &Setup) -> Result<Self, InvalidSecret> {
        Ok(Self { secret: Secret::from_base32(setup.key())?, totp: setup.totp() })
    }

    /// Creates an app into which this key was typed, for tests that see the page and not the [`Setup`]. Its codes are
    /// every app's default: six digits every 30 seconds.
    ///
    /// # Errors
    /// [`InvalidSecret`] if the key is invalid.
    pub fn with_key(key: &str) -> Result<Self, InvalidSecret> {
        Ok(Self { secret: Secret::from_base32(key)?, totp: Totp::default() })
    }

    /// Returns what the app shows at `time`.
    ///
    /// # Panics
    /// If `time` is before the time from which the app counts, which is 1970 for every app there is.
    pub fn code_at(&self, time: Timestamp) -> String {
        self.totp.code_at(&self.secret, time).expect("no app counts from later than 1970").expose()
    }

    /// Returns what the app shows now.
    pub fn code(&self, clock: &impl Clock) -> String {
        self.code_at(clock.now())
    }
}

impl fmt::Debug for Authenticator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Authenticator(…)")
    }
}
