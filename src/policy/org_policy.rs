//! What an org has decided: the requirement, the epoch and the settings, as its record keeps them.

use std::time::Duration;

use crate::{
    policy::{
        features::Features,
        grace::Given,
        requirement::{Epoch, Requirement, RunningSessions},
        settings::Settings,
    },
    time::{LEEWAY, Timestamp},
};

/// The content of an org's settings record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Policy {
    pub(crate) requirement: Requirement,
    pub(crate) epoch: Epoch,
    /// In an *on* that was entered directly from an *off*: that *off*. Whoever chose a factor in it still has it, so that
    /// an org which becomes stricter takes nobody's factor away.
    pub(crate) chosen_in: Option<Epoch>,
    /// The counter of the epoch that the last switch from off to on began. Only that one gives time to enroll.
    pub(crate) asked_since: u64,
    /// The counter of the earliest epoch whose sessions still hold. It only rises (R14).
    pub(crate) sessions_from: u64,
    /// Sessions that were opened before are over: they were, once, by a shorter lifetime. It only rises (R14).
    pub(crate) sessions_since: Timestamp,
    pub(crate) settings: Settings,
    pub(crate) features: Features,
    pub(crate) given: Given,
    /// When Master Admins last began epochs, as far as it bounds how often they may.
    pub(crate) begun: [Option<Timestamp>; MOST_A_DAY],
}

/// How many epochs the Master Admins of an org may begin in a day, besides switching off and on. Each has everybody enroll
/// again: whoever needs more than three does not need epochs.
const MOST_A_DAY: usize = 3;
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The policy in force in an org, for its settings page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OrgPolicy {
    /// Whether codes are required.
    pub requirement: Requirement,
    /// The current epoch. [`begin_epoch`](crate::admin::Admin::begin_epoch) wants it back.
    pub epoch: Epoch,
    /// How codes are asked for.
    pub settings: Settings,
    /// The number of the latest decision of the org; 0 before the first one.
    /// [`change_settings`](crate::admin::Admin::change_settings) wants it back, so that nobody overwrites what they
    /// have not seen.
    pub revision: u64,
}

impl Policy {
    /// Returns the policy of an org whose settings were never written.
    pub(crate) const fn first(requirement: Requirement, settings: Settings) -> Self {
        Self {
            requirement,
            epoch: Epoch::FIRST,
            chosen_in: None,
            asked_since: Epoch::FIRST.counter,
            sessions_from: Epoch::FIRST.counter,
            sessions_since: Timestamp::from_unix(0),
            settings,
            features: Features::NEW,
            given: Given::NEW,
            begun: [None; MOST_A_DAY],
        }
    }

    /// Returns whether codes are taken at all: from everybody, or from those who enrolled by choice.
    pub(crate) const fn takes_codes(&self) -> bool {
        self.requirement.asks() || self.settings.enrollment_by_choice()
    }

    /// Returns whether what was granted in this epoch still counts (R6): an enrollment, an imported key, an invitation, a
    /// remembered device, a fresh code. This comparison is all it takes for everybody to enroll again, for ten users or
    /// ten million.
    pub(crate) fn counts(&self, epoch: Epoch) -> bool {
        epoch == self.epoch || self.chosen_in == Some(epoch)
    }

    /// Returns what an enrollment notes that nobody requires: the counter of the choice.
    pub(crate) fn choice(&self) -> Option<u32> {
        (!self.requirement.asks()).then_some(self.features.choice)
    }

    /// Returns whether the current epoch gives time to enroll to whoever was not told yet. One that was begun while codes
    /// were asked gives none.
    pub(crate) const fn gives_time(&self) -> bool {
        self.requirement.asks() && self.epoch.counter == self.asked_since
    }

    /// Returns the policy after a switch, or `None` if it changes nothing: switching on twice, or by two admins at
    /// once, makes one epoch. Every step between "nobody is asked" and "asked" begins one (R6).
    pub(crate) fn switched(self, to: Requirement, random: [u8; 8], now: Timestamp) -> Option<Self> {
        let switched = Self { requirement: to, ..self };
        let next = match (self.requirement.asks(), to.asks()) {
            (false, true) => {
                let epoch = self.epoch.next(random, now);
                let next =
                    Self { epoch, chosen_in: Some(self.epoch), asked_since: epoch.counter, ..switched };
                if self.settings.running_sessions() == RunningSessions::End {
                    next.ending_sessions()
                } else {
                    next
                }
            }
            (true, false) => Self { epoch: self.epoch.next(random, now), chosen_in: None, ..switched },
            _ => switched,
        };
        (next != self).then_some(next)
    }

    /// Returns the policy with a new epoch, in which everybody enrolls again, and nobody has chosen anything.
    pub(crate) fn in_new_epoch(self, random: [u8; 8], now: Timestamp, ends_sessions: bool) -> Self {
        let next = Self { epoch: self.epoch.next(random, now), chosen_in: None, ..self };
        if ends_sessions || self.settings.running_sessions() == RunningSessions::End {
            next.ending_sessions()
        } else {
            next
        }
    }

    /// Returns what an org begins with whose id was another one's before. What was handed out then is over, and nobody in
    /// the new one was told yet to enroll.
    ///
    /// If the settings of before (`last`) do not open, their epochs cannot be told by counters, and sessions end by time.
    pub(crate) fn beginning_after(self, last: Option<&Self>, random: [u8; 8], now: Timestamp) -> Self {
        let (epoch, sessions_since) = match last {
            Some(last) => (last.epoch, last.sessions_since),
            // A server that is ahead has begun sessions "later" than now (R15).
            None => (self.epoch, now.after(LEEWAY).after(Duration::from_secs(1))),
        };
        let begun = Self { epoch, sessions_since, ..self }.in_new_epoch(random, now, true);
        Self { asked_since: begun.epoch.counter, ..begun }
    }

    /// Ends the sessions of all earlier epochs, for good.
    const fn ending_sessions(self) -> Self {
        // The counter only rises, and so does this.
        Self { sessions_from: self.epoch.counter, ..self }
    }

    /// Takes down that a Master Admin begins an epoch. The error is the time from which on they may again.
    pub(crate) fn begun_by_admin(self, now: Timestamp) -> Result<Self, Timestamp> {
        let counts = |at: &Timestamp| at.age_at(now).is_some_and(|passed| passed < DAY);
        let mut begun = self.begun.map(|at| at.filter(counts));
        match begun.iter_mut().find(|at| at.is_none()) {
            Some(free) => {
                *free = Some(now);
                Ok(Self { begun, ..self })
            }
            None => Err(begun.into_iter().flatten().min().unwrap_or(now).after(DAY)),
        }
    }

    /// Returns the policy with other settings, or `None` if they are the same. The epoch always stays (R6). What was
    /// ended stays ended (R14): sessions that are over, however long others last from now on, and what was granted under
    /// a feature that goes off.
    pub(crate) fn set(self, settings: Settings, now: Timestamp) -> Option<Self> {
        if settings == self.settings {
            return None;
        }
        let lifetime = self.settings.stamp_lifetime().as_secs();
        let over = Timestamp::from_unix(now.as_unix().saturating_sub(lifetime));
        let next = Self {
            sessions_since: self.sessions_since.max(over.after(Duration::from_secs(1))),
            features: self.features.after(self.requirement, &self.settings, &settings),
            given: self.given.after(&self.settings, &settings, now),
            settings,
            ..self
        };
        // While codes are asked, "end" holds at once.
        let ends = self.requirement.asks() && settings.running_sessions() == RunningSessions::End;
        Some(if ends { next.ending_sessions() } else { next })
    }
}
