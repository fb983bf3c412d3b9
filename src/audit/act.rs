//! What a code was asked for, what an admin attempted, and why it was refused: the words that events and answers share.

/// What a code was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Purpose {
    /// To log in.
    LogIn,
    /// To prove the presence of a user who is signed in, before something sensitive.
    StepUp,
    /// To finish an enrollment.
    Enroll,
    /// To put a new authenticator in the place of the enrolled one.
    Replace,
    /// To show that an imported authenticator works.
    TakeOver,
}

impl Purpose {
    /// The word for it.
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

/// What somebody attempted to do who administers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Act {
    /// To change the org's requirement.
    Require,
    /// To change the org's settings.
    ChangeSettings,
    /// To reset a user's second factor.
    Reset,
    /// To unlock a user who is waiting or blocked.
    Unlock,
    /// To invite a user to enroll.
    Invite,
    /// To give a user more time to enroll.
    Extend,
    /// To see or forget the devices that are remembered of a user.
    ManageDevices,
    /// To read who is enrolled and who is not.
    Report,
}

impl Act {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Require => "require",
            Self::ChangeSettings => "change settings",
            Self::Reset => "reset",
            Self::Unlock => "unlock",
            Self::Invite => "invite",
            Self::Extend => "extend",
            Self::ManageDevices => "manage devices",
            Self::Report => "report",
        }
    }
}

/// What was done about the password of a user who was reset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Remedy {
    /// Nothing: the account was not blocked.
    None,
    /// It was changed, as whoever did the reset states.
    NewPassword,
    /// It is not enough to enroll: an invitation is needed as well.
    Invitation,
}

/// Why an administrative act was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum Denied {
    /// Only Master Admins may do this.
    #[error("only a Master Admin may do this")]
    NotMasterAdmin,
    /// Nobody may do this to himself: a stolen session would otherwise shed its second factor.
    #[error("nobody may do this to himself")]
    Yourself,
    /// Customers have no second factor here.
    #[error("a customer has no second factor")]
    Customer,
    /// No such user in the actor's org: unknown, or of another one. Which of the two is not told.
    #[error("there is no such user in this org")]
    NotInThisOrg,
    /// The vendor mandates the requirement; no Master Admin can change it.
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
            Self::Mandated => "mandated",
        }
    }
}
