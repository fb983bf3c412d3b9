//! Who is told of an event.
//!
//! The trail keeps everything. A mail is for what its reader would want to act on, so nobody is told of a login, a
//! single wrong code or a QR code that was shown: people who get a mail for each of these stop reading them.

use crate::{
    audit::{
        act::Denied,
        event::{Actor, Event},
        kind::EventKind,
    },
    who::Role,
};

/// The people a host should tell of an event, by mail or some other way outside of the session that caused it.
///
/// ```
/// use countersign::audit::{Audience, Recipient};
///
/// assert_eq!(Audience::Nobody.recipients(), []);
/// assert_eq!(Audience::UserAndMasterAdmins.recipients(), [Recipient::User, Recipient::MasterAdmins]);
/// assert_eq!("user".parse(), Ok(Audience::User));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[must_use = "nobody is told of an event by itself; the host sends the mail"]
pub enum Audience {
    /// Nobody: the trail is enough.
    Nobody,
    /// The user whose account it concerns.
    User,
    /// All Master Admins of the org.
    MasterAdmins,
    /// Both.
    UserAndMasterAdmins,
}

/// One part of an [`Audience`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Recipient {
    /// The user whose account it concerns.
    User,
    /// All Master Admins of the org. The host's users table says who they are.
    MasterAdmins,
}

impl Audience {
    const ALL: [Self; 4] = [Self::Nobody, Self::User, Self::MasterAdmins, Self::UserAndMasterAdmins];

    /// Returns the recipients.
    pub const fn recipients(self) -> &'static [Recipient] {
        match self {
            Self::Nobody => &[],
            Self::User => &[Recipient::User],
            Self::MasterAdmins => &[Recipient::MasterAdmins],
            Self::UserAndMasterAdmins => &[Recipient::User, Recipient::MasterAdmins],
        }
    }

    /// Returns the stable word for it, for a column.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Nobody => "nobody",
            Self::User => "user",
            Self::MasterAdmins => "master-admins",
            Self::UserAndMasterAdmins => "user-and-master-admins",
        }
    }
}

/// A text that is no [`Audience`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an audience: expected nobody, user, master-admins or user-and-master-admins")]
pub struct UnknownAudience;

/// Reads back [`as_str`](Audience::as_str).
impl std::str::FromStr for Audience {
    type Err = UnknownAudience;

    fn from_str(word: &str) -> Result<Self, UnknownAudience> {
        Self::ALL.into_iter().find(|audience| audience.as_str() == word).ok_or(UnknownAudience)
    }
}

impl Event {
    /// Returns who should be told of it.
    ///
    /// The user is told of anything that lets someone in who could not get in before, keeps the user out, or shows that
    /// their password is known. The sources are NIST SP 800-63B-4 §4.1.2.1 (an authenticator was bound), §4.2.3 (an
    /// account was recovered) and §4.6 (how to notify), and OWASP ASVS 5.0 6.3.5 (suspicious attempts) and 6.3.7
    /// (changed authentication details), both level 3. The Master Admins of an org are also told of what the vendor's
    /// support does in it.
    pub fn audience(&self) -> Audience {
        let user_and_if_by_support_admins = match self.by {
            Actor::Operator(_) => Audience::UserAndMasterAdmins,
            Actor::User(_) | Actor::Host => Audience::User,
        };
        // No wildcard: adding a kind means deciding here who is told.
        match &self.kind {
            // A wait means one wrong code too many. Before that, people mistype.
            EventKind::Enrolled { .. }
            // Somebody with the password may be about to enroll before its owner does.
            | EventKind::EnrollmentSuperseded
            | EventKind::Replaced
            | EventKind::Withdrawn
            // They have lost a protection that they may count on.
            | EventKind::CodesNotAsked
            | EventKind::EnrollmentDue { .. }
            | EventKind::GraceExtended { .. }
            | EventKind::DeviceRemembered { .. }
            | EventKind::RecoveryCodesRenewed
            | EventKind::RecoveryUsed { role: Role::Internal | Role::Customer, .. }
            | EventKind::CodeRefused { wait: Some(_), .. }
            | EventKind::RecoveryRefused { wait: Some(_), .. } => Audience::User,
            // An admin has to act, and the user has to change their password. And whoever has the sheet of a Master Admin
            // would be the next one to administer.
            EventKind::Blocked { .. } | EventKind::RecoveryUsed { role: Role::MasterAdmin, .. } => {
                Audience::UserAndMasterAdmins
            }
            // An import binds an authenticator that the user may not have.
            EventKind::Imported { .. }
            | EventKind::Reset { .. }
            | EventKind::Unlocked { .. }
            | EventKind::Vouched { .. }
            | EventKind::Invited { .. } => user_and_if_by_support_admins,
            EventKind::RequirementChanged { .. }
            | EventKind::EpochBegun { .. }
            | EventKind::SettingsChanged { .. } => Audience::MasterAdmins,
            EventKind::ActRefused { why, .. } => match why {
                // Someone has a session in their hands and tries how far it goes.
                Denied::NotMasterAdmin | Denied::NotInThisOrg => Audience::MasterAdmins,
                // An honest admin meets these, too.
                Denied::Yourself | Denied::Customer | Denied::NoSuchOrg | Denied::Mandated => Audience::Nobody,
            },
            // The host does these itself. It knows why, and tells people.
            EventKind::PasswordChanged
            | EventKind::SessionsEnded
            | EventKind::SignedOut
            | EventKind::RecoveryCodesAcknowledged
            | EventKind::Forgotten
            | EventKind::MovedTo { .. }
            | EventKind::CarriedOver { .. }
            | EventKind::Resealed { .. }
            | EventKind::Erased { .. }
            | EventKind::EnrollmentStarted
            | EventKind::EnrollmentVoided
            | EventKind::ReplacementStarted
            | EventKind::FirstFactorAccepted
            | EventKind::CodeAccepted { .. }
            | EventKind::DeviceUsed { .. }
            | EventKind::DeviceForgotten { .. }
            | EventKind::EnrollmentCancelled
            | EventKind::ReplacementCancelled
            | EventKind::CodeRefused { wait: None, .. }
            | EventKind::RecoveryRefused { wait: None, .. }
            | EventKind::ClockWentBack => Audience::Nobody,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Audience;
    use crate::{
        audit::{
            act::{Act, Denied, Password, Purpose},
            event::{Actor, Event},
            kind::EventKind,
            text::{Operator, Origin},
        },
        policy::{Epoch, Requirement, RunningSessions, Settings},
        time::Timestamp,
        who::Role,
    };

    fn audience(by: Actor, kind: EventKind) -> Audience {
        let (org, user) = ("acme".parse().unwrap(), Some("ian".parse().unwrap()));
        let at = Timestamp::from_unix(1_800_000_000);
        Event { at, org, user, by, kind, seen_from: None, checked_in_from: None }.audience()
    }

    fn by_ann(kind: EventKind) -> Audience {
        audience(Actor::User("ann".parse().unwrap()), kind)
    }

    fn by_support(kind: EventKind) -> Audience {
        audience(Actor::Operator(Operator::new("sue@vendor.example").unwrap()), kind)
    }

    fn refused(wait: Option<Duration>) -> EventKind {
        EventKind::CodeRefused { purpose: Purpose::LogIn, already_used: false, in_a_row: 5, wait }
    }

    #[test]
    fn a_user_hears_of_what_lets_somebody_in_or_keeps_them_out() {
        for kind in [
            EventKind::Enrolled { epoch: Epoch::FIRST },
            EventKind::EnrollmentSuperseded,
            EventKind::Replaced,
            EventKind::Withdrawn,
            EventKind::CodesNotAsked,
            EventKind::EnrollmentDue { by: Timestamp::from_unix(1) },
            EventKind::GraceExtended { by: Timestamp::from_unix(1), reason: None },
            EventKind::Invited { until: Timestamp::from_unix(1), reason: None },
            EventKind::DeviceRemembered { name: Origin::of_device(&""), until: Timestamp::from_unix(0) },
            EventKind::Reset { password: Password::AsBefore, reason: None },
            EventKind::RecoveryUsed { left: 9, role: Role::Internal, until: None },
            EventKind::Vouched { reason: None },
            EventKind::RecoveryCodesRenewed,
            EventKind::RecoveryRefused { in_a_row: 5, wait: Some(Duration::from_secs(30)) },
            EventKind::Unlocked { password: Password::AsBefore, reason: None },
            refused(Some(Duration::from_secs(30))),
        ] {
            assert_eq!(by_ann(kind.clone()), Audience::User, "{kind}");
        }
        for password_is_known in [true, false] {
            assert_eq!(by_ann(EventKind::Blocked { password_is_known }), Audience::UserAndMasterAdmins);
        }
        let recovered = EventKind::RecoveryUsed { left: 9, role: Role::MasterAdmin, until: None };
        assert_eq!(by_ann(recovered), Audience::UserAndMasterAdmins);
    }

    #[test]
    fn a_day_at_work_fills_no_mailbox() {
        for kind in [
            EventKind::EnrollmentStarted,
            EventKind::EnrollmentVoided,
            EventKind::ReplacementStarted,
            EventKind::FirstFactorAccepted,
            EventKind::RecoveryCodesAcknowledged,
            EventKind::Forgotten,
            EventKind::MovedTo { to: "ida".parse().unwrap() },
            EventKind::CarriedOver { from: "ida".parse().unwrap() },
            EventKind::Resealed { key: 2 },
            EventKind::Erased { was: "enrolled" },
            EventKind::CodeAccepted { purpose: Purpose::LogIn },
            EventKind::EnrollmentCancelled,
            EventKind::ReplacementCancelled,
            EventKind::RecoveryRefused { in_a_row: 4, wait: None },
            refused(None),
            EventKind::ClockWentBack,
            EventKind::PasswordChanged,
            EventKind::SessionsEnded,
            EventKind::SignedOut,
            EventKind::DeviceUsed { name: Origin::of_device(&"") },
            EventKind::DeviceForgotten { name: Origin::of_device(&""), reason: None },
            EventKind::ActRefused { act: Act::Reset, why: Denied::Yourself, target: None, repeated: 0 },
            EventKind::ActRefused { act: Act::Require, why: Denied::Mandated, target: None, repeated: 0 },
        ] {
            assert_eq!(by_ann(kind.clone()), Audience::Nobody, "{kind}");
        }
    }

    #[test]
    fn master_admins_hear_of_what_holds_for_all_and_of_whoever_reaches_too_far() {
        let (from, to, sessions) = (Requirement::On, Requirement::Off, RunningSessions::GoOn);
        let settings = || Box::new(Settings::default());
        for kind in [
            EventKind::RequirementChanged { from, to, epoch: Epoch::FIRST, sessions, reason: None },
            EventKind::EpochBegun {
                epoch: Epoch::FIRST,
                ends_sessions: false,
                by_invitation: false,
                reason: None,
            },
            EventKind::SettingsChanged { from: settings(), to: settings(), reason: None },
            EventKind::ActRefused { act: Act::Reset, why: Denied::NotMasterAdmin, target: None, repeated: 0 },
            EventKind::ActRefused { act: Act::Reset, why: Denied::NotInThisOrg, target: None, repeated: 0 },
        ] {
            assert_eq!(by_ann(kind.clone()), Audience::MasterAdmins, "{kind}");
        }
    }

    #[test]
    fn what_the_vendors_support_does_is_told_to_the_master_admins_too() {
        let password = Password::Changed;
        for kind in
            [EventKind::Reset { password, reason: None }, EventKind::Unlocked { password, reason: None }]
        {
            assert_eq!(by_support(kind.clone()), Audience::UserAndMasterAdmins, "{kind}");
        }
    }

    #[test]
    fn an_audience_is_read_back_from_its_word() {
        for audience in Audience::ALL {
            assert_eq!(audience.as_str().parse(), Ok(audience));
            let told = audience.recipients().len();
            assert_eq!(told == 0, audience == Audience::Nobody);
        }
        assert!("everybody".parse::<Audience>().is_err());
    }
}
