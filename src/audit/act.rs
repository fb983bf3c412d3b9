//! The words that events and answers share: what a code was asked for, what an admin attempted, why it was refused.

/// The purpose for which a code was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Purpose {
    /// To log in.
    LogIn,
    /// To prove that a signed-in user is present, before something sensitive.
    StepUp,
    /// To finish an enrollment.
    Enroll,
    /// To replace the enrolled authenticator.
    Replace,
    /// To show that an imported authenticator works.
    TakeOver,
}

impl Purpose {
    /// Returns the stable word for this purpose.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::LogIn => "log-in",
            Self::StepUp => "step-up",
            Self::Enroll => "enroll",
            Self::Replace => "replace",
            Self::TakeOver => "take-over",
        }
    }
}

/// An act of administration, as it was attempted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Act {
    /// To change the org's requirement.
    Require,
    /// To change the org's settings.
    ChangeSettings,
    /// To begin a new epoch.
    BeginEpoch,
    /// To reset a user's second factor.
    Reset,
    /// To unlock a user who is waiting or blocked.
    Unlock,
    /// To invite a user to enroll.
    Invite,
    /// To give a user more time to enroll.
    Extend,
    /// To see or forget the devices that are remembered for a user.
    ManageDevices,
    /// To vouch for a user's authenticator after a recovery.
    Vouch,
    /// To read who is enrolled and who is not.
    Report,
}

impl Act {
    /// Returns the stable word for this act.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Require => "require",
            Self::ChangeSettings => "change settings",
            Self::BeginEpoch => "begin an epoch",
            Self::Reset => "reset",
            Self::Unlock => "unlock",
            Self::Invite => "invite",
            Self::Extend => "extend",
            Self::ManageDevices => "manage devices",
            Self::Vouch => "vouch",
            Self::Report => "report",
        }
    }
}

/// What was done about the password of a user who is reset or unlocked, as the actor states it. The statement is
/// recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Password {
    /// Nothing: whoever knew it still does.
    AsBefore,
    /// It was changed, and the new one was not set with the old one alone. Change it first, then say so.
    Changed,
}

impl Password {
    /// Returns the stable word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AsBefore => "as-before",
            Self::Changed => "changed",
        }
    }
}

/// Why an administrative act was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum Denied {
    /// Only Master Admins may do this.
    #[error("only a Master Admin may do this")]
    NotMasterAdmin,
    /// Nobody may do this to themselves: a stolen session could otherwise remove its own second factor.
    #[error("nobody may do this to themselves")]
    Yourself,
    /// Customers have no second factor here.
    #[error("a customer has no second factor")]
    Customer,
    /// The actor's org has no such user. It is not told whether the user is unknown or belongs to another org.
    #[error("there is no such user in this org")]
    NotInThisOrg,
    /// The host knows no such org.
    #[error("there is no such org")]
    NoSuchOrg,
    /// The vendor mandates the requirement, and no Master Admin can change it.
    #[error("the vendor mandates this")]
    Mandated,
}

impl Denied {
    /// Returns the stable word for this reason, for logs, metrics and translations.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NotMasterAdmin => "not-master-admin",
            Self::Yourself => "yourself",
            Self::Customer => "customer",
            Self::NotInThisOrg => "not-in-this-org",
            Self::NoSuchOrg => "no-such-org",
            Self::Mandated => "mandated",
        }
    }
}
