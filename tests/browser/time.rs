//! The time of the portal: it stops until a story moves it.

use std::{cell::Cell, fs, path::PathBuf, time::Duration};

/// 2026-03-02 09:00:00 UTC, a Monday.
const BEGINNING: u64 = 1_772_442_000;

/// One authenticator code's interval.
pub(crate) const STEP: Duration = Duration::from_secs(30);

/// Longer than a code counts as fresh.
pub(crate) const A_WHILE: Duration = Duration::from_mins(6);

pub(crate) struct Time {
    now: Cell<u64>,
    /// How many seconds the portal's clock is ahead of it, or behind.
    off: i64,
    /// `libfaketime` reads it whenever the portal asks the system for the time.
    file: PathBuf,
}

impl Time {
    pub(crate) fn begin(file: PathBuf) -> Self {
        Self::off_by(0, file)
    }

    /// The time of a server whose clock is so many seconds ahead, or behind.
    pub(crate) fn off_by(off: i64, file: PathBuf) -> Self {
        let time = Self { now: Cell::new(BEGINNING), off, file };
        time.write();
        time
    }

    pub(crate) fn passes(&self, duration: Duration) {
        self.now.set(self.now.get() + duration.as_secs());
        self.write();
    }

    /// In Unix seconds, as everybody's phone has it.
    pub(crate) fn now(&self) -> u64 {
        self.now.get()
    }

    /// Returns the environment of a program that runs in this time. Its timers run like the system's.
    pub(crate) fn environment(&self, libfaketime: PathBuf) -> [(&'static str, PathBuf); 7] {
        [
            ("LD_PRELOAD", libfaketime),
            ("FAKETIME_TIMESTAMP_FILE", self.file.clone()),
            ("FAKETIME_FMT", "%s".into()),
            ("FAKETIME_NO_CACHE", "1".into()),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1".into()),
            ("NO_FAKE_STAT", "1".into()),
            ("TZ", "UTC".into()),
        ]
    }

    /// In one step: the portal may read at any moment.
    fn write(&self) {
        let next = self.file.with_extension("next");
        fs::write(&next, format!("{}\n", self.now.get().saturating_add_signed(self.off)))
            .expect("the story's folder can be written");
        fs::rename(next, &self.file).expect("the story's folder can be written");
    }
}
