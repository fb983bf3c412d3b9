//! What is done to one user: by a Master Admin in a browser, or by the vendor at the command line. The acts are the same;
//! the right to them is the library's [`Admin`].

use countersign::{
    ActRefusal, Error, UserId, Verdict, admin::Admin, audit::Password, policy::Days, tokens::Invitation,
};
use serde::Deserialize;

/// An act, named as in the paths of its page.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Act {
    Reset,
    /// After a block, once the password was changed.
    ResetNewPassword,
    /// After a block, with an invitation.
    ResetInvite,
    Unlock,
    /// Once the password was changed.
    UnlockNewPassword,
    Invite,
    /// A week more to set it up.
    Extend,
}

const A_WEEK: Days = match Days::new(7) {
    Ok(days) => days,
    Err(_) => panic!("a week has seven days"),
};

impl Act {
    /// Does it, by this right. Two of the acts return an invitation to hand over.
    pub(crate) async fn on(
        self,
        user: &UserId,
        admin: &Admin<'_>,
    ) -> Result<Verdict<Option<Invitation>, ActRefusal>, Error> {
        let user = admin.user(user);
        Ok(match self {
            Self::Reset => user.reset(Password::AsBefore).await?.map(|()| None),
            Self::ResetNewPassword => user.reset(Password::Changed).await?.map(|()| None),
            Self::ResetInvite => user.reset_and_invite(Password::AsBefore).await?.map(Some),
            Self::Unlock => user.unlock(Password::AsBefore).await?.map(|()| None),
            Self::UnlockNewPassword => user.unlock(Password::Changed).await?.map(|()| None),
            Self::Invite => user.invite().await?.map(Some),
            Self::Extend => user.extend(A_WEEK).await?.map(|_| None),
        })
    }

    /// The word for it in paths.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Reset => "reset",
            Self::ResetNewPassword => "reset-new-password",
            Self::ResetInvite => "reset-invite",
            Self::Unlock => "unlock",
            Self::UnlockNewPassword => "unlock-new-password",
            Self::Invite => "invite",
            Self::Extend => "extend",
        }
    }

    /// The word for it on the page.
    pub(crate) fn verb(self) -> &'static str {
        match self {
            Self::Reset | Self::ResetNewPassword => "Reset",
            Self::ResetInvite => "Reset and invite",
            Self::Unlock | Self::UnlockNewPassword => "Unlock",
            Self::Invite => "Invite",
            Self::Extend => "Give more time to",
        }
    }

    /// What is said once it is done.
    pub(crate) fn done(self) -> &'static str {
        match self {
            Self::Reset | Self::ResetNewPassword | Self::ResetInvite => {
                "Done. Two-factor authentication has to be set up again at the next sign-in."
            }
            Self::Unlock | Self::UnlockNewPassword => {
                "Done. The account is unlocked, and its authenticator app works as before."
            }
            Self::Invite => "Done. Two-factor authentication can be set up with the invitation.",
            Self::Extend => "Done. There is a week from now to set up two-factor authentication.",
        }
    }

    pub(crate) fn is_reset(self) -> bool {
        match self {
            Self::Reset | Self::ResetNewPassword | Self::ResetInvite => true,
            Self::Unlock | Self::UnlockNewPassword | Self::Invite | Self::Extend => false,
        }
    }
}
