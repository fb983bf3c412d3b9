//! How much time an org gives to enroll, and gave before.
//!
//! Less time holds for everybody at once. More time goes to whoever's is not over. Both need what was given when: whose
//! time was over once, it stays over (R14).

use std::time::Duration;

use crate::{
    policy::settings::{Days, Settings},
    time::Timestamp,
};

/// How many changes are remembered. Of more, the two oldest become one, which gives the shorter of both times.
const MOST: usize = 4;

/// What the settings gave, from when on; the oldest first. Empty while they were never changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Given([Option<Gave>; MOST]);

/// The time that was given from `since` on: so many days after the user was first told, and no longer than to a date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Gave {
    pub(crate) since: Timestamp,
    pub(crate) days: Days,
    pub(crate) by: Timestamp,
}

impl Gave {
    fn of(settings: &Settings, since: Timestamp) -> Option<Self> {
        settings.gives_time().then(|| Self {
            since,
            days: settings.enroll_within().unwrap_or(Days::MOST),
            by: settings.enroll_by().unwrap_or(Timestamp::from_unix(u64::MAX)),
        })
    }

    fn end_for(&self, told: Timestamp) -> Timestamp {
        told.after(Duration::from(self.days)).min(self.by)
    }
}

impl Given {
    pub(crate) const NEW: Self = Self([None; MOST]);

    /// Rebuilds it from what a record keeps, if that is no more than it would.
    pub(crate) fn from_entries(kept: &[Gave]) -> Option<Self> {
        let mut given = Self::NEW;
        for (at, gave) in kept.iter().enumerate() {
            *given.0.get_mut(at)? = Some(*gave);
        }
        Some(given)
    }

    pub(crate) fn entries(&self) -> Vec<Gave> {
        self.0.into_iter().flatten().collect()
    }

    /// Returns what was given after a change of the settings. If they give no time any more, nothing of it is left.
    pub(super) fn after(self, from: &Settings, to: &Settings, now: Timestamp) -> Self {
        let beginning = Timestamp::from_unix(0);
        let Some(next) = Gave::of(to, now) else { return Self::NEW };
        if Gave::of(from, now) == Some(next) {
            return self;
        }
        let mut entries: Vec<Gave> = self.entries();
        if entries.is_empty() {
            entries.extend(Gave::of(from, beginning));
        }
        if entries.len() == MOST {
            let Gave { since, days, by } = entries.remove(0);
            let second = &mut entries[0];
            *second = Gave { since, days: days.min(second.days), by: by.min(second.by) };
        }
        entries.push(next);
        Self::from_entries(&entries).unwrap_or(self)
    }

    /// Returns when the time of a user ends who was first told at `told`, by what was given since and what `settings` give
    /// now; `None` if they give none.
    pub(crate) fn end_for(&self, told: Timestamp, settings: &Settings) -> Option<Timestamp> {
        let now_given = Gave::of(settings, told)?;
        let mut entries = self.0.iter().flatten().peekable();
        while let Some(gave) = entries.next() {
            let Some(next) = entries.peek() else { return Some(gave.end_for(told)) };
            let end = gave.end_for(told);
            // It was over before the org gave more.
            if told < next.since && end <= next.since {
                return Some(end);
            }
        }
        Some(now_given.end_for(told))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: u64 = 24 * 60 * 60;
    const START: u64 = 1_800_000_000;

    fn day(number: u64) -> Timestamp {
        Timestamp::from_unix(START + number * DAY)
    }

    fn within(days: u8) -> Settings {
        Settings::default().with_enroll_within(Some(Days::new(days).unwrap()))
    }

    /// The days on which the org set so much time, and the end for somebody told on a day.
    fn end(changes: &[(u64, Settings)], told: u64) -> Option<u64> {
        let (mut given, mut settings) = (Given::NEW, Settings::default());
        for (at, next) in changes {
            given = given.after(&settings, next, day(*at));
            settings = *next;
        }
        given.end_for(day(told), &settings).map(|end| (end.as_unix() - START) / DAY)
    }

    /// R14: less holds for all, more for whoever's time is not over, and nothing gives back time that was over.
    #[test]
    fn less_holds_at_once_and_more_for_whoever_has_time_left() {
        assert_eq!(end(&[(0, within(7))], 1), Some(8));
        assert_eq!(end(&[(0, within(30)), (5, within(7))], 1), Some(8), "less");
        assert_eq!(end(&[(0, within(7)), (5, within(30))], 1), Some(31), "more, in time");
        assert_eq!(end(&[(0, within(7)), (9, within(30))], 1), Some(8), "more, too late");
        assert_eq!(end(&[(0, within(7)), (9, within(30)), (12, within(60))], 1), Some(8), "and again");
        assert_eq!(end(&[(0, within(30)), (20, within(7)), (21, within(60))], 1), Some(8), "less, then more");
        assert_eq!(end(&[(0, within(30)), (5, within(7))], 6), Some(13), "told after the change");
        assert_eq!(end(&[(0, within(7)), (5, Settings::default()), (6, within(30))], 7), Some(37));
        assert_eq!(end(&[(0, within(7)), (5, Settings::default())], 1), None);
    }

    /// "Everybody by that day", alone and with a number of days.
    #[test]
    fn a_date_is_the_end_for_all() {
        let by = |on: u64| Settings::default().with_enroll_by(Some(day(on)));
        assert_eq!(end(&[(0, by(20))], 1), Some(20));
        assert_eq!(end(&[(0, by(20))], 25), Some(20), "first told after it");
        assert_eq!(end(&[(0, by(200))], 1), Some(91), "no longer than any time to enroll");
        assert_eq!(end(&[(0, within(7).with_enroll_by(Some(day(20))))], 1), Some(8));
        assert_eq!(end(&[(0, within(7).with_enroll_by(Some(day(20))))], 18), Some(20));
        assert_eq!(end(&[(0, by(20)), (5, by(30))], 1), Some(30), "later, in time");
        assert_eq!(end(&[(0, by(20)), (21, by(30))], 1), Some(20), "later, too late");
    }

    /// Of very many changes the oldest are joined, to nobody's favor.
    #[test]
    fn many_changes_are_joined_and_never_give_back_what_was_over() {
        let mut changes = vec![(0, within(7))];
        changes.extend((0..20).map(|change| (9 + change, within(30 + u8::try_from(change).unwrap()))));
        assert_eq!(end(&changes, 1), Some(8));
        let late = 9 + 19;
        assert_eq!(end(&changes, late), Some(late + 49));
    }
}
