//! How things stand with everybody's second factor: who is enrolled, who has to, who is locked out.
//!
//! Pure, and for reading only. It judges facts that may be a moment old; what somebody may do is decided by the
//! account itself.

use std::{fmt, str::FromStr};

use crate::{
    policy::Policy,
    store::{Listed, RosterGroup, UserSummary},
    time::Timestamp,
    who::{Person, Role},
};

/// How things stand with somebody's second factor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Status {
    /// A customer: never asked.
    Exempt,
    /// The org's requirement is off, and he has not enrolled by choice: he is not asked.
    NotRequired,
    /// No code of his is looked at until somebody unlocks or resets the account.
    Blocked,
    /// No code of his is looked at for a while.
    Waiting,
    /// Enrolled in the current epoch: asked for a code at each login.
    Enrolled,
    /// A QR code was shown, and its first code is awaited.
    Pending,
    /// Enrolled in an earlier epoch, which does not count: must enroll again.
    Outdated,
    /// Not enrolled: must, at the next login.
    NotEnrolled,
}

/// A word that is no [`Status`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a status")]
pub struct NoStatus;

impl Status {
    /// All of them, in the order in which a report names them.
    pub const ALL: [Self; 8] = [
        Self::Enrolled,
        Self::Pending,
        Self::NotEnrolled,
        Self::Outdated,
        Self::Waiting,
        Self::Blocked,
        Self::NotRequired,
        Self::Exempt,
    ];

    /// The word for it, which [`FromStr`] reads back: for columns, paths and filters.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Exempt => "exempt",
            Self::NotRequired => "not-required",
            Self::Blocked => "blocked",
            Self::Waiting => "waiting",
            Self::Enrolled => "enrolled",
            Self::Pending => "pending",
            Self::Outdated => "outdated",
            Self::NotEnrolled => "not-enrolled",
        }
    }

    /// What the facts come to. First what keeps somebody out, as a login does.
    fn of(role: Role, summary: Option<&UserSummary>, policy: &Policy, now: Timestamp) -> Self {
        let nothing = UserSummary::default();
        let facts = summary.unwrap_or(&nothing);
        let later = |at: Option<Timestamp>| at.is_some_and(|at| at > now);
        let is_enrolled = facts.enrolled_epoch == Some(policy.epoch);
        let is_asked = policy.requirement.asks() || (policy.takes_codes() && is_enrolled);
        if role == Role::Customer {
            Self::Exempt
        } else if !is_asked {
            Self::NotRequired
        } else if facts.blocked_since.is_some() {
            Self::Blocked
        } else if later(facts.waiting_until) {
            Self::Waiting
        } else if is_enrolled {
            Self::Enrolled
        } else if later(facts.pending_until) {
            Self::Pending
        } else if facts.enrolled_epoch.is_some() {
            Self::Outdated
        } else {
            Self::NotEnrolled
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Status {
    type Err = NoStatus;

    fn from_str(word: &str) -> Result<Self, NoStatus> {
        Self::ALL.into_iter().find(|status| status.as_str() == word).ok_or(NoStatus)
    }
}

/// Somebody in a report. What is not known of him is `None`: his [`Status`] says whether what is known still counts.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReportRow {
    /// Who it is.
    pub person: Person,
    /// How things stood when the report was begun.
    pub status: Status,
    /// When his authenticator was enrolled, if he has one, be it of an earlier epoch.
    pub enrolled_since: Option<Timestamp>,
    /// When a code of it was last accepted.
    pub last_used: Option<Timestamp>,
    /// Until when a QR code that was shown can be confirmed.
    pub pending_until: Option<Timestamp>,
    /// Until when no code is looked at.
    pub waiting_until: Option<Timestamp>,
    /// Since when no code is looked at.
    pub blocked_since: Option<Timestamp>,
}

impl ReportRow {
    pub(crate) fn new(listed: Listed, policy: &Policy, now: Timestamp) -> Self {
        let Listed { person, summary } = listed;
        let status = Status::of(person.role, summary.as_ref(), policy, now);
        // Whatever a row may say of a customer, who was internal once, is none of today's business.
        let UserSummary { enrolled_since, last_used, pending_until, waiting_until, blocked_since, .. } =
            summary.filter(|_| status != Status::Exempt).unwrap_or_default();
        let later = |at: Option<Timestamp>| at.filter(|at| *at > now);
        let (pending_until, waiting_until) = (later(pending_until), later(waiting_until));
        Self { person, status, enrolled_since, last_used, pending_until, waiting_until, blocked_since }
    }
}

/// Whether he could help a colleague who is locked out: a Master Admin who can sign in with a code himself, if need be
/// after a wait.
pub(crate) fn can_help(Listed { person, summary }: &Listed, policy: &Policy) -> bool {
    let can_sign_in = |summary: &UserSummary| {
        summary.enrolled_epoch == Some(policy.epoch) && summary.blocked_since.is_none()
    };
    person.role == Role::MasterAdmin && summary.as_ref().is_some_and(can_sign_in)
}

/// How many people of an org there are, by how things stand with them.
///
/// ```
/// # fn page(counts: &countersign::Counts) -> String {
/// use countersign::Status;
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

    /// How many of this status.
    pub fn of(&self, status: Status) -> u64 {
        self.by_status[status as usize]
    }

    /// How many are not customers.
    pub fn internal(&self) -> u64 {
        self.everybody() - self.of(Status::Exempt)
    }

    /// How many there are, customers among them.
    pub fn everybody(&self) -> u64 {
        self.by_status.iter().sum()
    }

    /// How many Master Admins there are, enrolled or not. A sole one who loses his phone can be helped by the vendor
    /// only: warn below two.
    pub fn master_admins(&self) -> u64 {
        self.master_admins
    }
}
