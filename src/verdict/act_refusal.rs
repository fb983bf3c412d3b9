//! What signed-in users and admins can meet when they do something.

use std::{error::Error, fmt};

use crate::{audit::Denied, time::Timestamp};

/// Why an act of a signed-in user, a Master Admin or the vendor's support was refused.
///
/// More may be added. A page handles those that lead somewhere ([`FreshCodeNeeded`](Self::FreshCodeNeeded),
/// [`SessionOver`](Self::SessionOver)) and shows the sentence of the others, in [`Display`](fmt::Display) or its own by
/// [`name`](Self::name).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ActRefusal {
    /// The session is over: the user signs in again.
    SessionOver,
    /// The act needs a code of the last minutes. Ask for one with [`SignedIn::step_up`](crate::SignedIn::step_up), then
    /// try again.
    FreshCodeNeeded,
    /// The act needs an enrolled authenticator that counts now, and the user has none. They sign in again and enroll.
    EnrollFirst,
    /// The user's own account is blocked: no code of theirs is looked at.
    Blocked,
    /// Someone else may know the password: the account was blocked (even if unlocked since), or was reset to
    /// invitation-only. A plain reset would let them enroll. Change the password first and
    /// [say so](crate::audit::Password::Changed), or [invite](crate::admin::ManagedUser::reset_and_invite)
    /// the user.
    PasswordKnown,
    /// The org does not offer this: enrollment by choice, time to enroll, remembered devices. Customers are offered none
    /// of it.
    NotOffered,
    /// The user has had all the time to enroll that can be given: 90 days since they were first told.
    /// [Invite](crate::admin::ManagedUser::invite) them.
    NoMoreTime,
    /// In the new epoch, enrolling would need an invitation, and nobody in the org could make one: the Master Admins
    /// themselves would have to be invited. The vendor's support can begin it.
    NobodyCouldInvite,
    /// The Master Admins of the org have begun three epochs within a day. The vendor's support can begin more.
    TooManyEpochs {
        /// When they may begin another one.
        until: Timestamp,
    },
    /// The user has an authenticator already. [`SignedIn::replace`](crate::SignedIn::replace) exchanges it for another.
    AlreadyEnrolled,
    /// The org requires an authenticator: nobody can withdraw theirs.
    CodesRequired,
    /// The user has, or had, an authenticator here. No key of another system is imported over it, nor brought back after
    /// a reset. They enroll again.
    TooLateToImport,
    /// Another key of another system waits for the user's first code, and is not replaced: only one of the two can be
    /// theirs. If the wrong one waits, reset the user; they enroll.
    AnotherKeyWaits,
    /// The account was recovered, and administers nothing until then: another Master Admin or the vendor's support
    /// [vouches](crate::admin::ManagedUser::vouch) for its authenticator, or that time passes.
    OnProbation {
        /// Until when.
        until: Timestamp,
    },
    /// The user has another authenticator than the one that was seen, or none that counts. Look again.
    AuthenticatorMoved,
    /// Someone else has decided something for the org since the page was shown. Show it again.
    SettingsMoved,
    /// The actor has no authority for this.
    Denied(Denied),
}

impl ActRefusal {
    /// Returns the stable word for this refusal, for logs, metrics and translations; of
    /// [`Denied`](Self::Denied), that of the reason.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::SessionOver => "session-over",
            Self::FreshCodeNeeded => "fresh-code-needed",
            Self::EnrollFirst => "enroll-first",
            Self::Blocked => "blocked",
            Self::PasswordKnown => "password-known",
            Self::NotOffered => "not-offered",
            Self::NoMoreTime => "no-more-time",
            Self::NobodyCouldInvite => "nobody-could-invite",
            Self::TooManyEpochs { .. } => "too-many-epochs",
            Self::AlreadyEnrolled => "already-enrolled",
            Self::CodesRequired => "codes-required",
            Self::TooLateToImport => "too-late-to-import",
            Self::AnotherKeyWaits => "another-key-waits",
            Self::OnProbation { .. } => "on-probation",
            Self::AuthenticatorMoved => "authenticator-moved",
            Self::SettingsMoved => "settings-moved",
            Self::Denied(why) => why.name(),
        }
    }
}

impl fmt::Display for ActRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SessionOver => "the session is over; sign in again",
            Self::FreshCodeNeeded => "a code is needed for this",
            Self::EnrollFirst => "this needs an authenticator; sign in again to set one up",
            Self::Blocked => "too many wrong codes; the account is blocked until somebody unlocks it",
            Self::PasswordKnown => {
                "someone else may know the password of this account; change it, or invite the user"
            }
            Self::NotOffered => "this is not offered here",
            Self::NoMoreTime => "there is no more time to give; invite the user",
            Self::NobodyCouldInvite => {
                "nobody in the organization could invite anybody then; ask the vendor's support"
            }
            Self::TooManyEpochs { until } => {
                return write!(f, "three times a day is enough; again from {until} on");
            }
            Self::AlreadyEnrolled => "there is an authenticator already",
            Self::CodesRequired => "the organization requires an authenticator",
            Self::TooLateToImport => "there is, or was, an authenticator already; no key is imported over it",
            Self::AnotherKeyWaits => "another key waits for this user already, and is not replaced",
            Self::OnProbation { until } => {
                return write!(
                    f,
                    "the account was recovered and administers nothing until {until}, \
                     unless somebody vouches for its authenticator"
                );
            }
            Self::AuthenticatorMoved => "it is another authenticator than the one you saw; look again",
            Self::SettingsMoved => "someone else has changed the settings in the meantime; look again",
            Self::Denied(why) => return why.fmt(f),
        })
    }
}

impl Error for ActRefusal {}
