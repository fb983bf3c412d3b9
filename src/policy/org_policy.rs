//! What an org has decided: whether codes are required, since which switch, and how they are asked for.

use crate::policy::{
    requirement::{Epoch, Requirement},
    settings::Settings,
};

/// The content of an org's settings record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Policy {
    pub(crate) requirement: Requirement,
    pub(crate) epoch: Epoch,
    pub(crate) settings: Settings,
}

/// What is in force in an org, to be shown on its settings page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OrgPolicy {
    /// Whether codes are required.
    pub requirement: Requirement,
    /// Since which switch from off to on.
    pub epoch: Epoch,
    /// How they are asked for.
    pub settings: Settings,
    /// Which of the org's decisions this is: the number that
    /// [`change_settings`](crate::TwoFactor::change_settings) wants back, so that nobody overwrites what he has not
    /// seen. 0 before the first one.
    pub revision: u64,
}

impl Policy {
    /// Whether codes are taken at all: of everybody, or of those who enrolled by choice.
    pub(crate) const fn takes_codes(&self) -> bool {
        self.requirement.asks() || self.settings.enrollment_by_choice()
    }

    /// The policy after a switch; `None` when it changes nothing, so that switching on twice, or by two admins at
    /// once, makes one epoch. Only the step from "nobody is asked" to "asked" begins a new one (R6).
    pub(crate) fn switched(self, to: Requirement, random: [u8; 8]) -> Option<Self> {
        let begins = to.asks() && !self.requirement.asks();
        let epoch = if begins { self.epoch.next(random) } else { self.epoch };
        let next = Self { requirement: to, epoch, ..self };
        (next != self).then_some(next)
    }

    /// The policy under other settings; `None` when they are the same. Whatever they are, the epoch stays (R6).
    pub(crate) fn set(self, settings: Settings) -> Option<Self> {
        (settings != self.settings).then_some(Self { settings, ..self })
    }
}
