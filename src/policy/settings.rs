//! What an org may choose about how codes are asked for: its settings, each within bounds.

mod preset;
pub(crate) mod told;

use std::time::Duration;

use crate::policy::requirement::RunningSessions;

/// How an org asks for codes: how many wrong ones it takes, how long proofs last, what sessions are worth.
///
/// Each org has its own, which [`change_settings`](crate::TwoFactor::change_settings) changes.
/// [`default`](Settings::default) is what the product does; [`nist_aal2`](Settings::nist_aal2),
/// [`pci_dss`](Settings::pci_dss) and [`asvs_l2`](Settings::asvs_l2) are what those documents ask for, as far as settings
/// can give it. What none of them can hold is a value out of bounds.
///
/// ```
/// use countersign::policy::{InvalidSetting, Settings};
/// let stricter = Settings::default().with_hard_stop(5)?;
/// assert_eq!(stricter.hard_stop(), 5);
/// assert_eq!(Settings::default().with_hard_stop(101), Err(InvalidSetting::HardStop));
/// # Ok::<(), InvalidSetting>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "settings are changed into others; they hold once they are written"]
pub struct Settings {
    hard_stop: u32,
    waits: Waits,
    ticket: Duration,
    pending: Duration,
    stamp: Duration,
    fresh_code: Duration,
    sessions: RunningSessions,
    remember_devices: Option<Days>,
    by_choice: bool,
    enroll_within: Option<Days>,
    invitation_required: bool,
}

/// The waits after wrong codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waits {
    /// From which wrong code in a row on there is a wait.
    pub from: u32,
    /// How long the first one is. Each further one is twice as long as the one before.
    pub first: Duration,
    /// How long the longest one is.
    pub longest: Duration,
}

/// A number of days: 1 to 90.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Days(u8);

/// A setting out of its bounds. Each says which they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidSetting {
    /// The hard stop.
    #[error("the hard stop must come after 1 to 100 wrong codes in a row")]
    HardStop,
    /// The waits.
    #[error(
        "waits must begin with the first wrong code or later, last a second at least and an hour at most"
    )]
    Waits,
    /// The lifetime of a ticket.
    #[error("there is one minute to one hour for the code after the password")]
    Ticket,
    /// The lifetime of a QR code that was shown.
    #[error("a QR code that was shown lasts one minute to one hour")]
    Pending,
    /// The lifetime of a stamp.
    #[error("a session lasts five minutes to thirty days")]
    Stamp,
    /// The age of a code that still counts as fresh.
    #[error("a fresh code is at most one minute to one hour old")]
    FreshCode,
    /// A number of days.
    #[error("one day to 90 days are possible")]
    Days,
}

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

impl Settings {
    const PRODUCT: Self = Self {
        hard_stop: 10,
        waits: Waits { from: 5, first: Duration::from_secs(30), longest: HOUR },
        ticket: MINUTE.saturating_mul(15),
        pending: MINUTE.saturating_mul(15),
        stamp: HOUR.saturating_mul(12),
        fresh_code: MINUTE.saturating_mul(5),
        sessions: RunningSessions::GoOn,
        remember_devices: None,
        by_choice: false,
        enroll_within: None,
        invitation_required: false,
    };
}

/// What the product does. Why each value, and not another, stands in the [manual](crate::manual#why-each-default).
impl Default for Settings {
    fn default() -> Self {
        Self::PRODUCT
    }
}

/// What holds.
impl Settings {
    /// After how many wrong codes in a row an account is blocked. By default 10.
    #[must_use]
    pub const fn hard_stop(&self) -> u32 {
        self.hard_stop
    }

    /// The waits before that. By default from the 5th wrong code in a row on, half a minute to an hour.
    #[must_use]
    pub const fn waits(&self) -> Waits {
        self.waits
    }

    /// How long after the password the code may come. By default 15 minutes.
    #[must_use]
    pub const fn ticket_lifetime(&self) -> Duration {
        self.ticket
    }

    /// How long a QR code that was shown can be confirmed. By default 15 minutes, time enough to install an app.
    #[must_use]
    pub const fn pending_lifetime(&self) -> Duration {
        self.pending
    }

    /// How long a session's stamp lasts, from the login on. By default 12 hours.
    #[must_use]
    pub const fn stamp_lifetime(&self) -> Duration {
        self.stamp
    }

    /// How old a code may be on which an administrative act rests (R13). By default five minutes.
    #[must_use]
    pub const fn fresh_code(&self) -> Duration {
        self.fresh_code
    }

    /// What becomes of running sessions when the requirement is switched on. By default they go on.
    #[must_use]
    pub const fn running_sessions(&self) -> RunningSessions {
        self.sessions
    }

    /// For how many days a user may have a device remembered, so that the code is not asked for on it. By default
    /// none is.
    #[must_use]
    pub const fn remember_devices(&self) -> Option<Days> {
        self.remember_devices
    }

    /// Whether internal users may enroll while the requirement is off. By default not.
    #[must_use]
    pub const fn enrollment_by_choice(&self) -> bool {
        self.by_choice
    }

    /// How many days a user has to enroll from when he is first told to; until then he gets in without a code. By
    /// default none: he enrolls at once.
    #[must_use]
    pub const fn enroll_within(&self) -> Option<Days> {
        self.enroll_within
    }

    /// Whether nobody enrolls without an [`Invitation`](crate::Invitation). By default the password is enough.
    #[must_use]
    pub const fn invitation_required(&self) -> bool {
        self.invitation_required
    }
}

/// The same but for one thing. Durations are kept in whole seconds.
impl Settings {
    /// With another hard stop.
    ///
    /// NIST SP 800-63B-4 §3.2.2 allows at most 100 wrong ones in a row, and welcomes fewer.
    ///
    /// # Errors
    /// [`InvalidSetting::HardStop`] unless it is 1 to 100.
    pub const fn with_hard_stop(mut self, in_a_row: u32) -> Result<Self, InvalidSetting> {
        match in_a_row {
            1..=100 => {
                self.hard_stop = in_a_row;
                Ok(self)
            }
            _ => Err(InvalidSetting::HardStop),
        }
    }

    /// With other waits. NIST SP 800-63B-4 §3.2.2 permits waits, and names 30 seconds up to an hour as an example.
    ///
    /// # Errors
    /// [`InvalidSetting::Waits`] when they begin with wrong code 0, when the first is below a second or above the
    /// longest, or the longest above an hour.
    pub fn with_waits(mut self, waits: Waits) -> Result<Self, InvalidSetting> {
        let (first, longest) = (whole_seconds(waits.first), whole_seconds(waits.longest));
        if waits.from == 0 || first.is_zero() || first > longest || waits.longest > HOUR {
            return Err(InvalidSetting::Waits);
        }
        self.waits = Waits { from: waits.from, first, longest };
        Ok(self)
    }

    /// With another time for the code to come after the password.
    ///
    /// # Errors
    /// [`InvalidSetting::Ticket`] unless it is one minute to one hour.
    pub fn with_ticket_lifetime(mut self, lifetime: Duration) -> Result<Self, InvalidSetting> {
        self.ticket = within(lifetime, MINUTE, HOUR).ok_or(InvalidSetting::Ticket)?;
        Ok(self)
    }

    /// With another time for a QR code to be confirmed.
    ///
    /// # Errors
    /// [`InvalidSetting::Pending`] unless it is one minute to one hour.
    pub fn with_pending_lifetime(mut self, lifetime: Duration) -> Result<Self, InvalidSetting> {
        self.pending = within(lifetime, MINUTE, HOUR).ok_or(InvalidSetting::Pending)?;
        Ok(self)
    }

    /// With another lifetime of sessions that are opened from now on. Using one does not prolong it.
    ///
    /// A customer's session, for which no org's settings are read (R5), lasts as long as the
    /// [settings at first](crate::Builder::default_settings) say.
    ///
    /// # Errors
    /// [`InvalidSetting::Stamp`] unless it is five minutes to thirty days.
    pub fn with_stamp_lifetime(mut self, lifetime: Duration) -> Result<Self, InvalidSetting> {
        self.stamp = within(lifetime, 5 * MINUTE, 30 * DAY).ok_or(InvalidSetting::Stamp)?;
        Ok(self)
    }

    /// With another greatest age of the code on which an administrative act rests (R13).
    ///
    /// # Errors
    /// [`InvalidSetting::FreshCode`] unless it is one minute to one hour.
    pub fn with_fresh_code(mut self, age: Duration) -> Result<Self, InvalidSetting> {
        self.fresh_code = within(age, MINUTE, HOUR).ok_or(InvalidSetting::FreshCode)?;
        Ok(self)
    }

    /// With another choice about running sessions. Where the requirement is on already it applies at once.
    pub const fn with_running_sessions(mut self, sessions: RunningSessions) -> Self {
        self.sessions = sessions;
        self
    }

    /// With devices remembered for so many days, or none.
    pub const fn with_remember_devices(mut self, days: Option<Days>) -> Self {
        self.remember_devices = days;
        self
    }

    /// With users who may, or may not, enroll while the requirement is off
    /// ([`enroll`](crate::TwoFactor::enroll)). Whoever is enrolled is asked for codes then, on or off, until he
    /// [withdraws](crate::TwoFactor::withdraw).
    pub const fn with_enrollment_by_choice(mut self, by_choice: bool) -> Self {
        self.by_choice = by_choice;
        self
    }

    /// With so many days to enroll, or none. They begin for each user when he is first told; after them only an
    /// [invitation](crate::TwoFactor::invite) opens his enrollment. A Master Admin may
    /// [extend](crate::TwoFactor::extend) them for one user, and nobody administers without a code before he has
    /// enrolled. Whoever was reset gets none.
    pub const fn with_enroll_within(mut self, days: Option<Days>) -> Self {
        self.enroll_within = days;
        self
    }

    /// With enrollment by [invitation](crate::TwoFactor::invite) only, or by the password alone. Invitations keep out
    /// the thief who has a password and enrolls first (CISA advisory AA22-074A tells of one who did). Invite a Master Admin
    /// *before* the requirement is switched on, or the vendor has to.
    pub const fn with_invitation_required(mut self, invitation_required: bool) -> Self {
        self.invitation_required = invitation_required;
        self
    }

    /// The wait that follows the `in_a_row`-th refused code in a row.
    pub(crate) fn wait_after(&self, in_a_row: u32) -> Option<Duration> {
        let doublings = in_a_row.checked_sub(self.waits.from)?;
        let factor = 1_u32.checked_shl(doublings).unwrap_or(u32::MAX);
        Some(self.waits.first.saturating_mul(factor).min(self.waits.longest))
    }
}

impl Days {
    /// So many days.
    ///
    /// # Errors
    /// [`InvalidSetting::Days`] unless there are 1 to 90: a quarter of a year is long enough to trust a browser.
    pub const fn new(days: u8) -> Result<Self, InvalidSetting> {
        match days {
            1..=90 => Ok(Self(days)),
            _ => Err(InvalidSetting::Days),
        }
    }

    /// How many.
    #[must_use]
    pub const fn count(self) -> u8 {
        self.0
    }
}

impl From<Days> for Duration {
    fn from(days: Days) -> Self {
        DAY * u32::from(days.0)
    }
}

fn within(lifetime: Duration, least: Duration, most: Duration) -> Option<Duration> {
    (least..=most).contains(&lifetime).then(|| whole_seconds(lifetime))
}

/// As records keep them.
const fn whole_seconds(duration: Duration) -> Duration {
    Duration::from_secs(duration.as_secs())
}
