//! What an org has decided: the requirement, the epoch and the settings, as its record keeps them.

use std::time::Duration;

use crate::{
    policy::{
        requirement::{Epoch, Requirement},
        settings::Settings,
    },
    time::Timestamp,
};

/// The content of an org's settings record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Policy {
    pub(crate) requirement: Requirement,
    pub(crate) epoch: Epoch,
    pub(crate) settings: Settings,
    /// Sessions that were opened before are over: they were, once, by a shorter lifetime. It only rises (R14).
    pub(crate) sessions_since: Timestamp,
}

/// The policy in force in an org, for its settings page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OrgPolicy {
    /// Whether codes are required.
    pub requirement: Requirement,
    /// The epoch, which names the last switch from off to on.
    pub epoch: Epoch,
    /// How codes are asked for.
    pub settings: Settings,
    /// The number of the latest decision of the org; 0 before the first one.
    /// [`change_settings`](crate::admin::Admin::change_settings) wants it back, so that nobody overwrites what they
    /// have not seen.
    pub revision: u64,
}

impl Policy {
    /// Returns whether codes are taken at all: from everybody, or from those who enrolled by choice.
    pub(crate) const fn takes_codes(&self) -> bool {
        self.requirement.asks() || self.settings.enrollment_by_choice()
    }

    /// Returns the policy after a switch, or `None` if it changes nothing: switching on twice, or by two admins at
    /// once, makes one epoch. Only the step from "nobody is asked" to "asked" begins a new one (R6).
    pub(crate) fn switched(self, to: Requirement, random: [u8; 8]) -> Option<Self> {
        let begins = to.asks() && !self.requirement.asks();
        let epoch = if begins { self.epoch.next(random) } else { self.epoch };
        let next = Self { requirement: to, epoch, ..self };
        (next != self).then_some(next)
    }

    /// Returns the policy with other settings, or `None` if they are the same. The epoch always stays (R6), and sessions
    /// that are over stay over, however long others last from now on (R14).
    pub(crate) fn set(self, settings: Settings, now: Timestamp) -> Option<Self> {
        let lifetime = self.settings.stamp_lifetime().as_secs();
        let over = Timestamp::from_unix(now.as_unix().saturating_sub(lifetime));
        let sessions_since = self.sessions_since.max(over.after(Duration::from_secs(1)));
        (settings != self.settings).then_some(Self { settings, sessions_since, ..self })
    }
}
