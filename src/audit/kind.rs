//! Every kind of thing that can happen, with its stable word and a sentence for people.

use std::{borrow::Cow, fmt, time::Duration};

use crate::{
    audit::{
        act::{Act, Denied, Password, Purpose},
        text::{Origin, Reason},
    },
    policy::{Difference, Epoch, Requirement, RunningSessions, Settings},
    time::Timestamp,
    who::{Role, UserId},
};

/// What happened. [`name`](EventKind::name) is stable, for columns and filters; [`Display`](fmt::Display) is a sentence
/// for people.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EventKind {
    /// The user was told for the first time to enroll, and has a grace period.
    EnrollmentDue {
        /// When it ends. Until then they get in without a code.
        by: Timestamp,
    },
    /// A Master Admin gave the user time to enroll.
    GraceExtended {
        /// When it ends. Until then they get in without a code.
        by: Timestamp,
        /// Why, if a reason was given.
        reason: Option<Reason>,
    },
    /// The user was invited to enroll. An earlier invitation is void.
    Invited {
        /// When the invitation expires.
        until: Timestamp,
        /// Why, if a reason was given.
        reason: Option<Reason>,
    },
    /// A QR code was drawn and shown.
    EnrollmentStarted,
    /// A later check-in drew a QR code of its own, and an earlier one that was still valid is void. Either the user
    /// started again, or someone else knows the password. Recorded at most once an hour; that a QR code was drawn,
    /// each time.
    EnrollmentSuperseded,
    /// Too many wrong first codes in a row, by somebody who still had time to enroll: the QR code is void, and the
    /// account is not blocked.
    EnrollmentVoided,
    /// The first code was right: an authenticator is enrolled.
    Enrolled {
        /// The epoch in which it was enrolled.
        epoch: Epoch,
    },
    /// The key of another system was imported. The user is enrolled once it has shown its first code.
    Imported {
        /// The reason that the operator gave.
        reason: Reason,
    },
    /// A QR code for another authenticator was drawn; the enrolled one still works.
    ReplacementStarted,
    /// The user cancelled the enrollment; the QR code is void.
    EnrollmentCancelled,
    /// The user cancelled the replacement; the new QR code is void, and the enrolled authenticator works as before.
    ReplacementCancelled,
    /// The new authenticator's code was right: it works now, and the old one never again.
    Replaced,
    /// The user removed their authenticator, which nobody required.
    Withdrawn,
    /// The user has an authenticator whose codes are not asked for any more: their org has switched the requirement off,
    /// or has taken back the choice. Recorded once, at their next login.
    CodesNotAsked,
    /// A first factor was accepted, and a code is asked for. Recorded only if the settings ask for it, at most once an
    /// hour.
    FirstFactorAccepted,
    /// A code was right.
    CodeAccepted {
        /// The purpose of the code.
        purpose: Purpose,
    },
    /// A code was not accepted. It was counted, unless it was the very one that was accepted last: that is recorded at
    /// most once an hour.
    CodeRefused {
        /// The purpose of the code.
        purpose: Purpose,
        /// Whether it was a right one that had been used already, or was older than one that had.
        already_used: bool,
        /// How many in a row have been counted by now.
        in_a_row: u32,
        /// How long no code is looked at from now on.
        wait: Option<Duration>,
    },
    /// A recovery code let the user in, and is used up. Either they are without their phone, or someone has found the
    /// sheet: tell them.
    RecoveryUsed {
        /// How many recovery codes they have left.
        left: u32,
        /// The role that they had. All Master Admins are told when one of them recovers.
        role: Role,
        /// Until when the account administers nothing.
        until: Option<Timestamp>,
    },
    /// A Master Admin or the vendor has made sure whose authenticator it is: after a recovery, the account may administer
    /// again.
    Vouched {
        /// Why, if a reason was given.
        reason: Option<Reason>,
    },
    /// A recovery code was not accepted, and was counted, in a row of its own.
    RecoveryRefused {
        /// How many in a row have now been refused.
        in_a_row: u32,
        /// How long no code is looked at from now on.
        wait: Option<Duration>,
    },
    /// The user drew new recovery codes, and none of the old ones works any more.
    RecoveryCodesRenewed,
    /// The user said that they have the recovery codes that were shown last.
    RecoveryCodesAcknowledged,
    /// Too many refused codes in a row: no code is looked at until somebody unlocks or resets the account.
    Blocked {
        /// Whether some of them were typed right after the password, so that someone else knows it. Otherwise they were
        /// all typed in a session of the user, which may have been stolen without.
        password_is_known: bool,
    },
    /// The clock was found to be earlier than before: a running wait was started again, or no code can be right before
    /// the time of the last one that was accepted. The latter is recorded at most once an hour.
    ClockWentBack,
    /// The second factor was removed from the account, whose user must enroll again.
    Reset {
        /// What was done about their password, as the actor states.
        password: Password,
        /// Why, if a reason was given.
        reason: Option<Reason>,
    },
    /// Waiting and blocking were lifted; the enrolled authenticator stays.
    Unlocked {
        /// What was done about their password, as the actor states.
        password: Password,
        /// Why, if a reason was given.
        reason: Option<Reason>,
    },
    /// The host reported a new password that did not rest on the old one. Everything that had been handed out for the
    /// account is void; the authenticator stays.
    PasswordChanged,
    /// The user signed out: one session has ended, and no other.
    SignedOut,
    /// The host ended all sessions of the account. Everything that had been handed out is void; the authenticator stays.
    SessionsEnded,
    /// The org's requirement was changed.
    RequirementChanged {
        /// The requirement before.
        from: Requirement,
        /// The requirement now.
        to: Requirement,
        /// The epoch now.
        epoch: Epoch,
        /// What happened to running sessions.
        sessions: RunningSessions,
        /// Why, if a reason was given.
        reason: Option<Reason>,
    },
    /// A new epoch was begun: everybody enrolls again.
    EpochBegun {
        /// The epoch.
        epoch: Epoch,
        /// Whether all running sessions of internal users ended.
        ends_sessions: bool,
        /// Whether enrolling needs an invitation from now on.
        by_invitation: bool,
        /// Why, if a reason was given.
        reason: Option<Reason>,
    },
    /// The org's settings were changed.
    SettingsChanged {
        /// The settings before.
        from: Box<Settings>,
        /// The settings now.
        to: Box<Settings>,
        /// Why, if a reason was given.
        reason: Option<Reason>,
    },
    /// The user, who had just shown a code, had a device remembered: on it their password is enough from now on.
    DeviceRemembered {
        /// The name that the host gave the device.
        name: Origin,
        /// When that ends.
        until: Timestamp,
    },
    /// The user was let in without a code, on a device that is remembered.
    DeviceUsed {
        /// The name that the host gave the device.
        name: Origin,
    },
    /// A device is no longer remembered: it was forgotten, or made room for another one.
    DeviceForgotten {
        /// The name that the host gave the device.
        name: Origin,
        /// Why, if somebody else forgot it and gave a reason.
        reason: Option<Reason>,
    },
    /// The user was forgotten: nothing is kept of them but events without their name.
    Forgotten,
    /// The account was carried over to another id, and opens nothing under this one any more.
    MovedTo {
        /// The new id.
        to: UserId,
    },
    /// The account was carried over from another id. Whoever is enrolled stays so; everything that was handed out is void.
    CarriedOver {
        /// The old id.
        from: UserId,
    },
    /// Somebody began to seal the records of the org under this key.
    Resealed {
        /// The number of the key.
        key: u32,
    },
    /// What is left of an event of a user who was forgotten, where a store keeps events as values.
    Erased {
        /// The stable word of what it was.
        was: &'static str,
    },
    /// An administrative act was refused. This is on the record of the user who attempted it.
    ActRefused {
        /// What was attempted.
        act: Act,
        /// Why it was refused.
        why: Denied,
        /// At whom it was aimed, if it was aimed at one user: as the actor named them.
        target: Option<UserId>,
        /// How often the same was refused again in the hour after it was last recorded. The targets of these are not kept.
        repeated: u32,
    },
}

impl EventKind {
    /// Returns the stable word for this kind.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::EnrollmentDue { .. } => "enrollment-due",
            Self::GraceExtended { .. } => "grace-extended",
            Self::Invited { .. } => "invited",
            Self::EnrollmentStarted => "enrollment-started",
            Self::EnrollmentSuperseded => "enrollment-superseded",
            Self::EnrollmentVoided => "enrollment-voided",
            Self::Enrolled { .. } => "enrolled",
            Self::Imported { .. } => "imported",
            Self::ReplacementStarted => "replacement-started",
            Self::EnrollmentCancelled => "enrollment-cancelled",
            Self::ReplacementCancelled => "replacement-cancelled",
            Self::Replaced => "replaced",
            Self::Withdrawn => "withdrawn",
            Self::CodesNotAsked => "codes-not-asked",
            Self::FirstFactorAccepted => "first-factor-accepted",
            Self::CodeAccepted { .. } => "code-accepted",
            Self::CodeRefused { .. } => "code-refused",
            Self::RecoveryUsed { .. } => "recovery-used",
            Self::Vouched { .. } => "vouched",
            Self::RecoveryRefused { .. } => "recovery-refused",
            Self::RecoveryCodesRenewed => "recovery-codes-renewed",
            Self::RecoveryCodesAcknowledged => "recovery-codes-acknowledged",
            Self::Blocked { .. } => "blocked",
            Self::ClockWentBack => "clock-went-back",
            Self::Reset { .. } => "reset",
            Self::Unlocked { .. } => "unlocked",
            Self::PasswordChanged => "password-changed",
            Self::SessionsEnded => "sessions-ended",
            Self::SignedOut => "signed-out",
            Self::RequirementChanged { .. } => "requirement-changed",
            Self::EpochBegun { .. } => "epoch-begun",
            Self::SettingsChanged { .. } => "settings-changed",
            Self::DeviceRemembered { .. } => "device-remembered",
            Self::DeviceUsed { .. } => "device-used",
            Self::DeviceForgotten { .. } => "device-forgotten",
            Self::Forgotten => "forgotten",
            Self::MovedTo { .. } => "moved-to",
            Self::CarriedOver { .. } => "carried-over",
            Self::Resealed { .. } => "resealed",
            Self::Erased { was } => was,
            Self::ActRefused { .. } => "act-refused",
        }
    }
}

impl EventKind {
    /// Returns whether all sessions of the user it concerns ended with it; of an [`EpochBegun`](Self::EpochBegun), those of
    /// all internal users of the org. A host that keeps sessions of its own ends them, too. After
    /// [`SignedOut`](Self::SignedOut) one has ended.
    pub const fn ends_sessions(&self) -> bool {
        match self {
            Self::Enrolled { .. }
            | Self::Replaced
            | Self::Withdrawn
            | Self::RecoveryUsed { .. }
            | Self::Reset { .. }
            | Self::Unlocked { .. }
            | Self::PasswordChanged
            | Self::SessionsEnded
            | Self::Forgotten
            | Self::MovedTo { .. }
            | Self::CarriedOver { .. } => true,
            Self::EpochBegun { ends_sessions, .. } => *ends_sessions,
            _ => false,
        }
    }
}

impl fmt::Display for EventKind {
    #[allow(clippy::too_many_lines, reason = "a sentence for each kind, and none forgotten")]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let because = |reason: &Option<Reason>| match reason {
            Some(reason) => Cow::Owned(format!(": {}", reason.as_str())),
            None => Cow::Borrowed(""),
        };
        let after = |password: Password| match password {
            Password::AsBefore => "",
            Password::Changed => ", after the password was changed",
        };
        match self {
            Self::EnrollmentDue { by } => write!(f, "told to set up an authenticator by {by}"),
            Self::GraceExtended { by, reason } => {
                write!(f, "given time to set up an authenticator until {by}{}", because(reason))
            }
            Self::Invited { until, reason } => {
                write!(f, "invited to set up an authenticator until {until}{}", because(reason))
            }
            Self::EnrollmentStarted => f.write_str("a QR code was shown"),
            Self::EnrollmentSuperseded => {
                f.write_str("another check-in drew a new QR code; the earlier one is void")
            }
            Self::EnrollmentVoided => f.write_str("too many wrong first codes; the QR code is void"),
            Self::Enrolled { .. } => f.write_str("an authenticator was enrolled"),
            Self::Imported { reason } => {
                write!(f, "the key of another system was imported: {}", reason.as_str())
            }
            Self::ReplacementStarted => f.write_str("a QR code for another authenticator was shown"),
            Self::EnrollmentCancelled => f.write_str("the enrollment was cancelled; its QR code is void"),
            Self::ReplacementCancelled => {
                f.write_str("the replacement was cancelled; the current authenticator stays")
            }
            Self::Replaced => f.write_str("the authenticator was replaced"),
            Self::Withdrawn => f.write_str("the authenticator was removed by its user"),
            Self::CodesNotAsked => f.write_str("the codes of the authenticator are not asked for any more"),
            Self::FirstFactorAccepted => f.write_str("the first factor was accepted"),
            Self::CodeAccepted { purpose } => write!(f, "a code was accepted ({})", purpose.as_str()),
            Self::CodeRefused { purpose, already_used, in_a_row, wait } => {
                let what = if *already_used { "an already used" } else { "a wrong" };
                write!(f, "{what} code was refused ({}), {in_a_row} in a row", purpose.as_str())?;
                match wait {
                    Some(wait) => write!(f, "; next one in {} s", wait.as_secs()),
                    None => Ok(()),
                }
            }
            Self::RecoveryUsed { left, until, .. } => {
                write!(f, "a recovery code was used; {left} are left")?;
                until.map_or(Ok(()), |until| write!(f, "; the account administers nothing until {until}"))
            }
            Self::Vouched { reason } => write!(f, "the authenticator was vouched for{}", because(reason)),
            Self::RecoveryRefused { in_a_row, wait } => {
                write!(f, "a wrong recovery code was refused, {in_a_row} in a row")?;
                match wait {
                    Some(wait) => write!(f, "; next one in {} s", wait.as_secs()),
                    None => Ok(()),
                }
            }
            Self::RecoveryCodesRenewed => f.write_str("new recovery codes were drawn; the old ones are void"),
            Self::RecoveryCodesAcknowledged => f.write_str("the recovery codes were acknowledged"),
            Self::Blocked { password_is_known: true } => {
                f.write_str("blocked after too many wrong codes: someone else knows the password")
            }
            Self::Blocked { password_is_known: false } => {
                f.write_str("blocked after too many wrong codes, all of them typed in a session")
            }
            Self::ClockWentBack => f.write_str("the clock was set back"),
            Self::Reset { password, reason } => {
                write!(f, "the second factor was reset{}{}", after(*password), because(reason))
            }
            Self::Unlocked { password, reason } => {
                write!(f, "unlocked{}{}", after(*password), because(reason))
            }
            Self::PasswordChanged => f.write_str("the password was changed; all sessions ended"),
            Self::SessionsEnded => f.write_str("all sessions ended"),
            Self::SignedOut => f.write_str("signed out"),
            Self::RequirementChanged { from, to, sessions, reason, .. } => {
                write!(f, "the requirement was changed from {from} to {to}")?;
                if *sessions == RunningSessions::End {
                    f.write_str(", ending earlier sessions")?;
                }
                f.write_str(&because(reason))
            }
            Self::EpochBegun { ends_sessions, by_invitation, reason, .. } => {
                f.write_str("everybody has to enroll again")?;
                if *by_invitation {
                    f.write_str(", by invitation")?;
                }
                if *ends_sessions {
                    f.write_str("; all sessions ended")?;
                }
                f.write_str(&because(reason))
            }
            Self::SettingsChanged { from, to, reason } => {
                write!(f, "the settings were changed: {}{}", Difference { from, to }, because(reason))
            }
            Self::DeviceRemembered { name, .. } => write!(f, "a device is remembered: {name}"),
            Self::DeviceUsed { name } => write!(f, "no code was asked for on a remembered device: {name}"),
            Self::DeviceForgotten { name, reason } => {
                write!(f, "a device is no longer remembered: {name}{}", because(reason))
            }
            Self::Forgotten => f.write_str("forgotten"),
            Self::MovedTo { to } => write!(f, "the account was carried over to {}", to.as_str()),
            Self::CarriedOver { from } => write!(f, "the account was carried over from {}", from.as_str()),
            Self::Resealed { key } => write!(f, "the records are sealed anew, under key {key}"),
            Self::Erased { was } => f.write_str(was),
            Self::ActRefused { act, why, target, repeated } => {
                write!(f, "refused to {}", act.as_str())?;
                if let Some(target) = target {
                    write!(f, " ({})", target.as_str())?;
                }
                write!(f, ": {why}")?;
                match repeated {
                    0 => Ok(()),
                    repeated => write!(f, "; and {repeated} times after the last one of these"),
                }
            }
        }
    }
}
