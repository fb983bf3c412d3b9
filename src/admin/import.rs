//! Moving in: keys of another system, taken in by the vendor.

use crate::{
    account::{Account, Terms},
    admin::support::Support,
    audit::Reason,
    error::Error,
    otp::Imported,
    verdict::{Import, Refusal, Verdict},
    who::{OrgId, UserId},
};

impl Support {
    /// Takes in the key that a user has from another system, so that he goes on with the app that he has: at his next
    /// login he is asked for a code of it, and from the first right one on he is enrolled. Until then it is sealed like
    /// every secret, shown to nobody, and counts for nothing; wrong codes count as always.
    ///
    /// It goes on as it was, with its own algorithm, digits and period. A user who has lost it is reset, and enrolls.
    /// To do it again with the same key changes nothing, so that a long list can be begun anew at any time. Imported
    /// while nothing is required, a key waits for the next switch to on; if the requirement is switched off and on after
    /// that, its user enrolls like everybody else (R6).
    ///
    /// Make sure yourself that the key is this user's. The issuer and the account that it names are not looked at.
    ///
    /// # Errors
    /// [`ErrorKind::UnknownUser`](crate::ErrorKind::UnknownUser), [`Unavailable`](crate::ErrorKind::Unavailable),
    /// [`Unreadable`](crate::ErrorKind::Unreadable), [`Contended`](crate::ErrorKind::Contended) and
    /// [`OutcomeUnknown`](crate::ErrorKind::OutcomeUnknown): do it again. [`Refusal::TooLateToImport`] and
    /// [`Denied::Customer`](crate::Denied::Customer) are refusals.
    pub async fn import(
        &self,
        org: &OrgId,
        user: &UserId,
        key: &Imported,
        reason: &Reason,
    ) -> Result<Verdict<Import>, Error> {
        let core = &*self.two_factor.0;
        let target = match self.internal(org, user).await? {
            Ok(target) => target,
            Err(why) => return Ok(Verdict::Refused(Refusal::Denied(why))),
        };
        let import = |account: Account, terms: Terms<'_>| {
            Ok(account.import(key.secret.copy(), key.totp, reason, terms))
        };
        let decided = core.decide(&target, &self.trace(), import).await?;
        Ok(match decided.reply {
            Ok(import) => Verdict::Granted(import),
            Err(refusal) => Verdict::Refused(refusal),
        })
    }
}
