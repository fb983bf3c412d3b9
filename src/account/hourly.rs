//! What can be repeated without proof, bounded by the hour: it floods neither the audit trail nor the store (R10).

use std::time::Duration;

use super::{Account, Decision};
use crate::{
    audit::{Act, Denied, EventKind},
    time::Timestamp,
    who::UserId,
};

const HOUR: Duration = Duration::from_secs(60 * 60);

/// More than somebody draws who has trouble with their app, and few enough for a trail that is kept for years.
const MOST_DRAWN: u32 = 20;

/// Something that is recorded at most once an hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Notice {
    ActRefused {
        act: Act,
        why: Denied,
    },
    /// A code was shown again that had let somebody in.
    CodeUsedAgain,
    /// The clock was found to be earlier than the last code that was accepted.
    ClockMovedBack,
    /// A later check-in drew a QR code of its own.
    Superseded,
    /// A first factor was accepted, and a code asked for.
    FirstFactor,
}

/// When something was last recorded: one entry per notice, of which there are few.
#[derive(Debug)]
pub(crate) struct Recorded {
    pub(crate) what: Notice,
    pub(crate) at: Timestamp,
    /// How often it happened again since, as far as that is counted.
    pub(crate) again: u32,
}

/// How many QR codes were drawn within an hour that began with the first of them.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Drawings {
    pub(crate) since: Option<Timestamp>,
    pub(crate) count: u32,
}

impl Drawings {
    /// Counts another one. The error is the time from which on there may be more.
    pub(super) fn and_another(self, now: Timestamp) -> Result<Self, Timestamp> {
        match self.since.filter(|since| is_within_the_hour(*since, now)) {
            None => Ok(Self { since: Some(now), count: 1 }),
            Some(since) if self.count >= MOST_DRAWN => Err(since.after(HOUR)),
            Some(since) => Ok(Self { since: Some(since), count: self.count + 1 }),
        }
    }
}

fn is_within_the_hour(at: Timestamp, now: Timestamp) -> bool {
    at.age_at(now).is_some_and(|passed| passed < HOUR)
}

impl Account {
    /// Returns whether this is to be recorded now, and then takes it down: at most one of a kind within the hour.
    pub(super) fn notes(&mut self, what: Notice, now: Timestamp) -> bool {
        self.recorded.retain(|recorded| recorded.what != what || is_within_the_hour(recorded.at, now));
        let is_new = !self.recorded.iter().any(|recorded| recorded.what == what);
        if is_new {
            self.recorded.push(Recorded { what, at: now, again: 0 });
        }
        is_new
    }

    /// Gives a refusal of which nothing is counted. That it was given is recorded at most once an hour.
    pub(super) fn uncounted<T, R>(
        mut self,
        what: Notice,
        event: EventKind,
        refusal: R,
        now: Timestamp,
    ) -> Decision<Result<T, R>> {
        if self.notes(what, now) {
            Decision::write(self, vec![event], Err(refusal))
        } else {
            Decision::reply(Err(refusal))
        }
    }

    /// Records that the user attempted something without authority, and at whom it was aimed. What is repeated within the
    /// hour is counted, and told with the next event.
    pub(crate) fn record_refused(
        mut self,
        act: Act,
        why: Denied,
        target: Option<&UserId>,
        now: Timestamp,
    ) -> Decision<()> {
        let what = Notice::ActRefused { act, why };
        match self.recorded.iter_mut().find(|recorded| recorded.what == what) {
            Some(recorded) if is_within_the_hour(recorded.at, now) => {
                recorded.again = recorded.again.saturating_add(1);
                Decision::write(self, Vec::new(), ())
            }
            earlier => {
                let repeated = earlier.map_or(0, |recorded| recorded.again);
                self.notes(what, now);
                let target = target.cloned();
                Decision::write(self, vec![EventKind::ActRefused { act, why, target, repeated }], ())
            }
        }
    }
}
