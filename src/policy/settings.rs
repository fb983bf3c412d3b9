//! What an org may choose about how codes are asked for: its settings, each within bounds.

mod preset;
pub(crate) mod told;

use std::time::Duration;

use crate::{policy::requirement::RunningSessions, time::Timestamp};

/// How an org asks for codes: how many wrong ones it takes, how long proofs last, what sessions are worth.
///
/// Each org has its own; [`change_settings`](crate::admin::Admin::change_settings) changes them.
/// [`default`](Settings::default) is what the product recommends. [`nist_aal2`](Settings::nist_aal2),
/// [`pci_dss`](Settings::pci_dss) and [`asvs_l2`](Settings::asvs_l2) are what those documents ask for, as far as
/// settings can provide it. No settings hold a value out of bounds.
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
    probation: Duration,
    sessions: RunningSessions,
    remember_devices: Option<Days>,
    by_choice: bool,
    enroll_within: Option<Days>,
    enroll_by: Option<Timestamp>,
    invitation_required: bool,
    invitation: Duration,
    record_first_factors: bool,
}

/// The waits after wrong codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waits {
    /// The number of consecutive wrong codes from which on there is a wait.
    pub from: u32,
    /// The length of the first wait. Each further one is twice as long as the one before.
    pub first: Duration,
    /// The length of the longest wait.
    pub longest: Duration,
}

/// A number of days: 1 to 90.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Days(u8);

/// A setting out of its bounds. Each message says what the bounds are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidSetting {
    /// The hard stop.
    #[error("the hard stop must be 1 to 100 wrong codes in a row")]
    HardStop,
    /// The waits.
    #[error(
        "waits must begin with the first wrong code or later, and last at least a second and at most an hour"
    )]
    Waits,
    /// The lifetime of a ticket.
    #[error("the time to enter the code must be one minute to one hour")]
    Ticket,
    /// The lifetime of a QR code.
    #[error("a QR code must last one minute to one hour")]
    Pending,
    /// The lifetime of a stamp.
    #[error("a session must last five minutes to thirty days")]
    Stamp,
    /// The age up to which a code counts as fresh.
    #[error("the age of a fresh code must be one minute to one hour")]
    FreshCode,
    /// The time without administration after a recovery.
    #[error("the time without administration after a recovery must be at most 72 hours")]
    Probation,
    /// The lifetime of an invitation.
    #[error("an invitation must last ten minutes to seven days")]
    Invitation,
    /// A number of days.
    #[error("the number of days must be 1 to 90")]
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
        probation: HOUR.saturating_mul(24),
        sessions: RunningSessions::GoOn,
        remember_devices: None,
        by_choice: false,
        enroll_within: None,
        enroll_by: None,
        invitation_required: false,
        invitation: DAY,
        record_first_factors: false,
    };
}

/// The product's own settings. The [manual](crate::manual::defaults) says why each value is what it is.
impl Default for Settings {
    fn default() -> Self {
        Self::PRODUCT
    }
}

/// What is set.
impl Settings {
    /// Returns the number of consecutive wrong codes that blocks an account. Default: 10.
    #[must_use]
    pub const fn hard_stop(&self) -> u32 {
        self.hard_stop
    }

    /// Returns the waits before the block. Default: from the 5th wrong code in a row, 30 seconds doubling up to an
    /// hour.
    #[must_use]
    pub const fn waits(&self) -> Waits {
        self.waits
    }

    /// Returns the time to enter the code after the password. Default: 15 minutes.
    #[must_use]
    pub const fn ticket_lifetime(&self) -> Duration {
        self.ticket
    }

    /// Returns how long a QR code can be confirmed. Default: 15 minutes, enough to install an app.
    #[must_use]
    pub const fn pending_lifetime(&self) -> Duration {
        self.pending
    }

    /// Returns how long a session's stamp lasts, from the login on. Default: 12 hours.
    #[must_use]
    pub const fn stamp_lifetime(&self) -> Duration {
        self.stamp
    }

    /// Returns how old the code may be on which an administrative act rests (R13). Default: five minutes.
    #[must_use]
    pub const fn fresh_code(&self) -> Duration {
        self.fresh_code
    }

    /// Returns how long an account administers nothing after a recovery code was used (R13). Default: 24 hours.
    #[must_use]
    pub const fn probation(&self) -> Duration {
        self.probation
    }

    /// Returns what happens to running sessions if the requirement is switched on. Default: they go on.
    #[must_use]
    pub const fn running_sessions(&self) -> RunningSessions {
        self.sessions
    }

    /// Returns for how many days a user may have a device remembered, on which no code is then asked for. Default:
    /// `None`, no device is remembered.
    #[must_use]
    pub const fn remember_devices(&self) -> Option<Days> {
        self.remember_devices
    }

    /// Returns whether internal users may enroll while the requirement is off. Default: `false`.
    #[must_use]
    pub const fn enrollment_by_choice(&self) -> bool {
        self.by_choice
    }

    /// Returns how many days a user has to enroll. They start when the user is first told to, and until they end the
    /// user gets in without a code. Default: `None`, the user enrolls at once, or by a [date](Self::enroll_by).
    #[must_use]
    pub const fn enroll_within(&self) -> Option<Days> {
        self.enroll_within
    }

    /// Returns the date by which everybody has to enroll. Default: `None`.
    #[must_use]
    pub const fn enroll_by(&self) -> Option<Timestamp> {
        self.enroll_by
    }

    /// Returns whether there is any time to enroll.
    pub(crate) const fn gives_time(&self) -> bool {
        self.enroll_within.is_some() || self.enroll_by.is_some()
    }

    /// Returns whether enrolling always needs an [`Invitation`](crate::tokens::Invitation). Default: `false`, the
    /// password is enough.
    #[must_use]
    pub const fn invitation_required(&self) -> bool {
        self.invitation_required
    }

    /// Returns how long an [`Invitation`](crate::tokens::Invitation) can be used. Default: 24 hours.
    #[must_use]
    pub const fn invitation_lifetime(&self) -> Duration {
        self.invitation
    }

    /// Returns whether it is recorded that a first factor was accepted, before any code is. Default: `false`.
    #[must_use]
    pub const fn record_first_factors(&self) -> bool {
        self.record_first_factors
    }
}

/// Each method changes one setting. Durations are kept in whole seconds.
impl Settings {
    /// Sets the number of consecutive wrong codes that blocks an account.
    ///
    /// NIST SP 800-63B-4 §3.2.2 allows at most 100 in a row, and welcomes fewer.
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

    /// Sets the waits after wrong codes. NIST SP 800-63B-4 §3.2.2 permits waits, and names 30 seconds up to an hour as
    /// an example.
    ///
    /// # Errors
    /// [`InvalidSetting::Waits`] if they begin with wrong code 0, if the first is below a second or above the longest,
    /// or if the longest is above an hour.
    pub fn with_waits(mut self, waits: Waits) -> Result<Self, InvalidSetting> {
        let (first, longest) = (whole_seconds(waits.first), whole_seconds(waits.longest));
        if waits.from == 0 || first.is_zero() || first > longest || waits.longest > HOUR {
            return Err(InvalidSetting::Waits);
        }
        self.waits = Waits { from: waits.from, first, longest };
        Ok(self)
    }

    /// Sets the time to enter the code after the password.
    ///
    /// # Errors
    /// [`InvalidSetting::Ticket`] unless it is one minute to one hour.
    pub fn with_ticket_lifetime(mut self, lifetime: Duration) -> Result<Self, InvalidSetting> {
        self.ticket = within(lifetime, MINUTE, HOUR).ok_or(InvalidSetting::Ticket)?;
        Ok(self)
    }

    /// Sets how long a QR code can be confirmed.
    ///
    /// # Errors
    /// [`InvalidSetting::Pending`] unless it is one minute to one hour.
    pub fn with_pending_lifetime(mut self, lifetime: Duration) -> Result<Self, InvalidSetting> {
        self.pending = within(lifetime, MINUTE, HOUR).ok_or(InvalidSetting::Pending)?;
        Ok(self)
    }

    /// Sets the lifetime of sessions. Using a session does not prolong it. A shorter one holds at once for those that are
    /// running; a longer one, for those that are opened from now on.
    ///
    /// For a customer no org's settings are read (R5). Their session lasts as long as the [default
    /// settings](crate::Builder::default_settings) say.
    ///
    /// # Errors
    /// [`InvalidSetting::Stamp`] unless it is five minutes to thirty days.
    pub fn with_stamp_lifetime(mut self, lifetime: Duration) -> Result<Self, InvalidSetting> {
        self.stamp = within(lifetime, 5 * MINUTE, 30 * DAY).ok_or(InvalidSetting::Stamp)?;
        Ok(self)
    }

    /// Sets how old the code may be on which an administrative act rests (R13).
    ///
    /// # Errors
    /// [`InvalidSetting::FreshCode`] unless it is one minute to one hour.
    pub fn with_fresh_code(mut self, age: Duration) -> Result<Self, InvalidSetting> {
        self.fresh_code = within(age, MINUTE, HOUR).ok_or(InvalidSetting::FreshCode)?;
        Ok(self)
    }

    /// Sets how long an account administers nothing after a recovery code was used; zero for no such time. A time that is
    /// running already is not changed by it.
    ///
    /// A sheet of recovery codes and the password are enough to bind another authenticator. Until this time is over, the
    /// real owner and the other Master Admins have been told, and whoever used the sheet can do nothing to others. NIST
    /// SP 800-63B-4 §4.2.3 wants the owner notified of a recovery; the length is our own choice: over a night, and over a
    /// weekend at most.
    ///
    /// # Errors
    /// [`InvalidSetting::Probation`] above 72 hours.
    pub fn with_probation(mut self, lasts: Duration) -> Result<Self, InvalidSetting> {
        self.probation = within(lasts, Duration::ZERO, 3 * DAY).ok_or(InvalidSetting::Probation)?;
        Ok(self)
    }

    /// Sets what happens to running sessions. If the requirement is on already, this applies at once.
    pub const fn with_running_sessions(mut self, sessions: RunningSessions) -> Self {
        self.sessions = sessions;
        self
    }

    /// Sets for how many days devices are remembered; `None` remembers none.
    pub const fn with_remember_devices(mut self, days: Option<Days>) -> Self {
        self.remember_devices = days;
        self
    }

    /// Sets whether users may [enroll](crate::SignedIn::enroll) while the requirement is off. A user who is enrolled
    /// then is asked for codes, on or off, until they [withdraw](crate::SignedIn::withdraw).
    pub const fn with_enrollment_by_choice(mut self, by_choice: bool) -> Self {
        self.by_choice = by_choice;
        self
    }

    /// Sets the grace period for enrolling; `None` gives none.
    ///
    /// It begins for each user when they are first told, once for each switch from off to on; an epoch that begins while
    /// codes are asked gives nobody time. Fewer days hold at once, also for those who were told more. More days are for
    /// those whose time is not over. After it only an [invitation](crate::admin::ManagedUser::invite) opens their
    /// enrollment. A Master Admin may [extend](crate::admin::ManagedUser::extend) it for one user, up to 90 days in all.
    /// Nobody administers without a code before they have enrolled, and a user who was reset gets no grace period. Where
    /// the vendor mandates codes, nobody gets one who has had one.
    pub const fn with_enroll_within(mut self, days: Option<Days>) -> Self {
        self.enroll_within = days;
        self
    }

    /// Sets the date by which everybody has to enroll, also those who are first told on its eve; `None` sets none. With
    /// [`with_enroll_within`](Self::with_enroll_within), the earlier of the two ends the time of each user. By itself, it
    /// gives nobody more than 90 days.
    pub const fn with_enroll_by(mut self, date: Option<Timestamp>) -> Self {
        self.enroll_by = date;
        self
    }

    /// Sets whether enrolling always needs an [invitation](crate::admin::ManagedUser::invite), or the password alone is
    /// enough.
    ///
    /// Invitations keep out a thief who has a password and enrolls first (CISA advisory AA22-074A reports one who did).
    /// Invite a Master Admin *before* the requirement is switched on; otherwise the vendor has to.
    pub const fn with_invitation_required(mut self, invitation_required: bool) -> Self {
        self.invitation_required = invitation_required;
        self
    }

    /// Sets how long an invitation can be used, for those that are made from now on.
    ///
    /// NIST SP 800-63A-4 §3.8 allows a code for enrollment 24 hours on its way by electronic mail; longer is for those
    /// that are handed over in another way.
    ///
    /// # Errors
    /// [`InvalidSetting::Invitation`] unless it is ten minutes to seven days.
    pub fn with_invitation_lifetime(mut self, lifetime: Duration) -> Result<Self, InvalidSetting> {
        self.invitation = within(lifetime, 10 * MINUTE, 7 * DAY).ok_or(InvalidSetting::Invitation)?;
        Ok(self)
    }

    /// Sets whether it is recorded, at most once an hour for each user, that a first factor was accepted and a code asked
    /// for (OWASP ASVS 5.0 6.3.5). It shows a thief who has the password and gives up at the code, and costs a write.
    pub const fn with_first_factors_recorded(mut self, recorded: bool) -> Self {
        self.record_first_factors = recorded;
        self
    }

    /// Returns the wait that follows the `in_a_row`-th refused code in a row.
    pub(crate) fn wait_after(&self, in_a_row: u32) -> Option<Duration> {
        let doublings = in_a_row.checked_sub(self.waits.from)?;
        let factor = 1_u32.checked_shl(doublings).unwrap_or(u32::MAX);
        Some(self.waits.first.saturating_mul(factor).min(self.waits.longest))
    }
}

impl Days {
    pub(crate) const MOST: Self = Self(90);

    /// Creates a number of days.
    ///
    /// # Errors
    /// [`InvalidSetting::Days`] unless it is 1 to 90: a quarter of a year is long enough to trust a browser.
    pub const fn new(days: u8) -> Result<Self, InvalidSetting> {
        match days {
            1..=90 => Ok(Self(days)),
            _ => Err(InvalidSetting::Days),
        }
    }

    /// Returns the number.
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

/// Rounds down to whole seconds, as records keep them.
const fn whole_seconds(duration: Duration) -> Duration {
    Duration::from_secs(duration.as_secs())
}
