//! What an org hands out besides enrollments, and that it stays ended when the org has taken it away (R14).
//!
//! Each feature has a counter, which moves when the feature goes off. What was granted under it carries the counter, and
//! counts only while the two are equal: whatever the settings say later, nothing comes back to life.

use crate::policy::{requirement::Requirement, settings::Settings};

/// The counters of the features.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Features {
    /// Remembered devices.
    pub(crate) devices: u32,
    /// Enrollment by choice. It moves only while nothing is required: who chose a factor keeps it while it is.
    pub(crate) choice: u32,
    /// Time to enroll.
    pub(crate) grace: u32,
    /// Invitations that the settings ask of everybody.
    pub(crate) invitations: u32,
}

impl Features {
    pub(crate) const NEW: Self = Self { devices: 0, choice: 0, grace: 0, invitations: 0 };

    /// Returns the counters after the settings `was` have become `next`.
    pub(super) fn after(self, requirement: Requirement, was: &Settings, next: &Settings) -> Self {
        let moved = |counter: u32, goes_off: bool| counter.saturating_add(goes_off.into());
        let chose = was.enrollment_by_choice() && !requirement.asks();
        Self {
            devices: moved(
                self.devices,
                was.remember_devices().is_some() && next.remember_devices().is_none(),
            ),
            choice: moved(self.choice, chose && !next.enrollment_by_choice()),
            grace: moved(self.grace, was.gives_time() && !next.gives_time()),
            invitations: moved(self.invitations, was.invitation_required() && !next.invitation_required()),
        }
    }
}
