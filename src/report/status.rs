//! The state of everybody's second factor: who is enrolled, who has to enroll, who is locked out.
//!
//! It is pure, and for reading only. It judges facts that may be a moment old; the account itself decides what somebody
//! may do.

use std::{fmt, str::FromStr};

use crate::{
    policy::{Epoch, Policy},
    store::{Listed, RosterGroup, UserSummary},
    time::Timestamp,
    who::{Person, Role},
};

/// The state of a user's second factor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Status {
    /// A customer: never asked.
    Exempt,
    /// The org's requirement is off, and they have not enrolled by choice: they are not asked.
    NotRequired,
    /// No code of theirs is looked at until somebody unlocks or resets the account.
    Blocked,
    /// No code of theirs is looked at for a while.
    Waiting,
    /// Enrolled in the current epoch: asked for a code at each login.
    Enrolled,
    /// A key of another system was imported, and waits for its first code here: they are asked for one.
    Imported,
    /// A QR code was shown, and waits for its first code.
    Pending,
    /// Enrolled in an earlier epoch, which does not count: they must enroll again.
    Outdated,
    /// Not enrolled: they must enroll at the next login.
    NotEnrolled,
}

/// A word that names no [`Status`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a status; see `Status::ALL`")]
pub struct UnknownStatus;

impl Status {
    /// All of them, in the order in which a report names them.
    pub const ALL: [Self; 9] = [
        Self::Enrolled,
        Self::Imported,
        Self::Pending,
        Self::NotEnrolled,
        Self::Outdated,
        Self::Waiting,
        Self::Blocked,
        Self::NotRequired,
        Self::Exempt,
    ];

    /// Returns the stable word for it, for columns, paths and filters. [`FromStr`] reads it back.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Exempt => "exempt",
            Self::NotRequired => "not-required",
            Self::Blocked => "blocked",
            Self::Waiting => "waiting",
            Self::Enrolled => "enrolled",
            Self::Imported => "imported",
            Self::Pending => "pending",
            Self::Outdated => "outdated",
            Self::NotEnrolled => "not-enrolled",
        }
    }

    /// Judges the facts. What keeps somebody out comes first, as in a login.
    fn of(role: Role, summary: Option<&UserSummary>, policy: &Policy, now: Timestamp) -> Self {
        let nothing = UserSummary::default();
        let facts = summary.unwrap_or(&nothing);
        let later = |at: Option<Timestamp>| at.is_some_and(|at| at > now);
        let is_enrolled = is_enrolled(facts, policy);
        let counts = |epoch: Option<Epoch>| epoch.is_some_and(|epoch| policy.counts(epoch));
        let is_asked = policy.requirement.asks() || (policy.takes_codes() && is_enrolled);
        if role == Role::Customer {
            Self::Exempt
        } else if !is_asked {
            Self::NotRequired
        } else if is_blocked(facts, policy) {
            Self::Blocked
        } else if later(facts.waiting_until) {
            Self::Waiting
        } else if is_enrolled {
            Self::Enrolled
        } else if counts(facts.imported_epoch) {
            Self::Imported
        } else if later(facts.pending_until) {
            Self::Pending
        } else if facts.enrolled_epoch.is_some() {
            Self::Outdated
        } else {
            Self::NotEnrolled
        }
    }
}

/// Returns whether the authenticator counts now, by its epoch and, if it was chosen, by the choice.
fn is_enrolled(facts: &UserSummary, policy: &Policy) -> bool {
    facts.enrolled_epoch.is_some_and(|epoch| policy.counts(epoch))
        && facts.chosen_under.is_none_or(|under| under == policy.features.choice)
}

/// Returns whether no code is looked at: also where a hard stop was lowered since.
fn is_blocked(facts: &UserSummary, policy: &Policy) -> bool {
    facts.blocked_since.is_some() || facts.wrong_in_a_row >= policy.settings.hard_stop()
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Status {
    type Err = UnknownStatus;

    fn from_str(word: &str) -> Result<Self, UnknownStatus> {
        Self::ALL.into_iter().find(|status| status.as_str() == word).ok_or(UnknownStatus)
    }
}

/// One person's row in a report. Unknown facts are `None`. The [`Status`] says whether the known ones still count.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReportRow {
    /// The person.
    pub person: Person,
    /// Their status when the report was started.
    pub status: Status,
    /// When their authenticator was enrolled, if they have one, even in an earlier epoch.
    pub enrolled_since: Option<Timestamp>,
    /// When a code of it was last accepted.
    pub last_used: Option<Timestamp>,
    /// Until when a QR code that was shown can be confirmed.
    pub pending_until: Option<Timestamp>,
    /// Until when no code is looked at.
    pub waiting_until: Option<Timestamp>,
    /// Since when no code is looked at.
    pub blocked_since: Option<Timestamp>,
    /// Until when they administer nothing, after a recovery.
    pub probation_until: Option<Timestamp>,
    /// When they were told that they have to enroll, if the org gives time for it. If there is no
    /// [`grace_until`](Self::grace_until) either, somebody who has yet to enroll was not told.
    pub told: Option<Timestamp>,
    /// Until when they get in without an authenticator, by what the org gives today.
    pub grace_until: Option<Timestamp>,
    /// Until when an invitation opens their enrollment.
    pub invited_until: Option<Timestamp>,
}

impl ReportRow {
    pub(crate) fn new(listed: Listed, policy: &Policy, now: Timestamp) -> Self {
        let Listed { person, summary } = listed;
        let status = Status::of(person.role, summary.as_ref(), policy, now);
        // What a row says of a customer dates from when they were internal, and does not matter today.
        let facts = summary.filter(|_| status != Status::Exempt).unwrap_or_default();
        let UserSummary { enrolled_since, last_used, blocked_since, .. } = facts;
        let later = |at: Option<Timestamp>| at.filter(|at| *at > now);
        let (pending_until, waiting_until) = (later(facts.pending_until), later(facts.waiting_until));
        let probation_until = later(facts.probation_until);
        let counts = |epoch: Option<Epoch>| epoch.is_some_and(|epoch| policy.counts(epoch));
        // Whoever has an authenticator needs no time and no invitation.
        let has_yet_to = matches!(status, Status::NotEnrolled | Status::Outdated | Status::Pending);
        let due_by = facts.due_by.filter(|_| has_yet_to && facts.due_epoch == Some(policy.epoch));
        let by_today = match facts.due_told {
            Some(told) => due_by.and_then(|_| policy.given.end_for(told, &policy.settings)),
            None => due_by.filter(|_| policy.settings.gives_time()),
        };
        let grace_until = later(by_today);
        let told = facts.due_told.filter(|_| due_by.is_some());
        let invited_until = later(facts.invited_until.filter(|_| has_yet_to && counts(facts.invited_epoch)));
        Self {
            person,
            status,
            enrolled_since,
            last_used,
            pending_until,
            waiting_until,
            blocked_since,
            probation_until,
            told,
            grace_until,
            invited_until,
        }
    }
}

/// Returns whether they could help a colleague who is locked out. Master Admins who can sign in with a code can, if
/// necessary after a wait, unless they are on probation themselves.
pub(crate) fn can_help(Listed { person, summary }: &Listed, policy: &Policy, now: Timestamp) -> bool {
    let can_sign_in = |summary: &UserSummary| {
        is_enrolled(summary, policy)
            && !is_blocked(summary, policy)
            && summary.probation_until.is_none_or(|until| until <= now)
    };
    person.role == Role::MasterAdmin && summary.as_ref().is_some_and(can_sign_in)
}

/// The number of people of an org, by status.
///
/// ```
/// # fn page(counts: &countersign::admin::Counts) -> String {
/// use countersign::admin::Status;
/// let lacking = counts.of(Status::NotEnrolled) + counts.of(Status::Outdated) + counts.of(Status::Pending);
/// format!("{} of {} have yet to set it up.", lacking, counts.internal())
/// # }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    by_status: [u64; Status::ALL.len()],
    master_admins: u64,
}

impl Counts {
    pub(crate) fn sum(groups: &[RosterGroup], policy: &Policy, now: Timestamp) -> Self {
        let mut counts = Self::default();
        for RosterGroup { role, summary, people } in groups {
            let status = Status::of(*role, summary.as_ref(), policy, now);
            counts.by_status[status as usize] += people;
            if *role == Role::MasterAdmin {
                counts.master_admins += people;
            }
        }
        counts
    }

    /// Returns how many people have this status.
    pub fn of(&self, status: Status) -> u64 {
        self.by_status[status as usize]
    }

    /// Returns how many people are not customers.
    pub fn internal(&self) -> u64 {
        self.everybody() - self.of(Status::Exempt)
    }

    /// Returns how many people there are, including customers.
    pub fn everybody(&self) -> u64 {
        self.by_status.iter().sum()
    }

    /// Returns how many Master Admins there are, enrolled or not. Warn below two: only the vendor can help a sole one
    /// who loses their phone.
    pub fn master_admins(&self) -> u64 {
        self.master_admins
    }
}
