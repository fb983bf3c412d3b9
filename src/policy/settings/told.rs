//! Settings in words: the audit trail says what was changed, from what and to what.

use std::{fmt, time::Duration};

use super::{DAY, Days, HOUR, MINUTE, Settings, Waits};
use crate::policy::requirement::RunningSessions;

impl Settings {
    /// Returns each setting by name and in words.
    fn lines(&self) -> [(&'static str, String); 15] {
        // Destructured by name, so that a setting which is added and not told does not compile.
        let Self {
            hard_stop,
            waits,
            ticket,
            pending,
            stamp,
            fresh_code,
            probation,
            sessions,
            remember_devices,
            by_choice,
            enroll_within,
            enroll_by,
            invitation_required,
            invitation,
            record_first_factors,
        } = *self;
        let none = |days: Option<Days>| days.map_or_else(|| "no".to_owned(), |days| days.to_string());
        let sessions = match sessions {
            RunningSessions::GoOn => "go on",
            RunningSessions::End => "end without a code",
        };
        [
            ("hard stop", hard_stop.to_string()),
            ("waits", waits.to_string()),
            ("time to enter the code", Told(ticket).to_string()),
            ("QR code valid for", Told(pending).to_string()),
            ("sessions last", Told(stamp).to_string()),
            ("age of a fresh code at most", Told(fresh_code).to_string()),
            ("no administration after a recovery for", Told(probation).to_string()),
            ("running sessions", sessions.to_owned()),
            ("time to enroll", none(enroll_within)),
            (
                "everybody to enroll by",
                enroll_by.map_or_else(|| "no date".to_owned(), |date| date.to_string()),
            ),
            ("enrollment by invitation only", yes_or_no(invitation_required).to_owned()),
            ("invitations last", Told(invitation).to_string()),
            ("enrollment by choice", yes_or_no(by_choice).to_owned()),
            ("devices remembered", none(remember_devices)),
            ("first factors recorded", yes_or_no(record_first_factors).to_owned()),
        ]
    }
}

const fn yes_or_no(yes: bool) -> &'static str {
    if yes { "yes" } else { "no" }
}

/// What differs between two settings: `hard stop: 10 → 5; sessions last: 12 h → 8 h`.
pub(crate) struct Difference<'a> {
    pub(crate) from: &'a Settings,
    pub(crate) to: &'a Settings,
}

impl fmt::Display for Difference<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines = self.from.lines().into_iter().zip(self.to.lines());
        let changed = lines.filter(|(from, to)| from != to);
        for (place, ((name, from), (_, to))) in changed.enumerate() {
            let separator = if place == 0 { "" } else { "; " };
            write!(f, "{separator}{name}: {from} → {to}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Waits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "from {}, {} to {}", self.from, Told(self.first), Told(self.longest))
    }
}

impl fmt::Display for Days {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.0, if self.0 == 1 { "day" } else { "days" })
    }
}

/// A duration in the largest unit that expresses it exactly.
struct Told(Duration);

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs();
        let unit = [(DAY, "d"), (HOUR, "h"), (MINUTE, "min")].into_iter();
        let mut exact = unit.filter(|(unit, _)| seconds > 0 && seconds.is_multiple_of(unit.as_secs()));
        match exact.next() {
            Some((unit, name)) => write!(f, "{} {name}", seconds / unit.as_secs()),
            None => write!(f, "{seconds} s"),
        }
    }
}
