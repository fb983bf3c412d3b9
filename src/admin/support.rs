//! The vendor's support desk: helps where no Master Admin can.

use crate::{
    admin::{Admin, import, right::Right},
    audit::{Operator, Reason},
    driver::verdict,
    error::Error,
    otp::Imported,
    two_factor::TwoFactor,
    verdict::{ActRefusal, Import, Verdict},
    who::{OrgId, UserId},
};

/// The vendor's support desk, in the person of one operator.
///
/// A type of its own, so that a portal which never makes one cannot be talked into using it. Make it in the tool of the
/// support desk, whose operators you authenticate by other means.
///
/// A reset forces a new enrollment. Nothing here lets anybody past the code.
///
/// ```
/// # async fn desk(two_factor: &countersign::TwoFactor) -> Result<(), Box<dyn std::error::Error>> {
/// use countersign::{OrgId, UserId, Verdict, admin::Support, audit::{Operator, Password, Reason}};
///
/// let support = Support::new(two_factor, Operator::new("sue@vendor.example")?);
/// let reason = Reason::in_case("4711", "called back at the number in the contract")?;
/// let org = support.in_org(&OrgId::new("acme")?, &reason);
/// match org.user(&UserId::new("ann")?).reset(Password::AsBefore).await? {
///     Verdict::Granted(()) => println!("Ann enrolls again at the next login."),
///     Verdict::Refused(refusal) => println!("{refusal}."),
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Support {
    pub(super) two_factor: TwoFactor,
    operator: Operator,
}

impl Support {
    /// Makes the support desk of this operator.
    pub fn new(two_factor: &TwoFactor, operator: Operator) -> Self {
        Self { two_factor: two_factor.clone(), operator }
    }

    /// Returns what the operator may do in an org, for the reason given. It is in the audit trail of each act.
    pub fn in_org(&self, org: &OrgId, reason: &Reason) -> Admin<'static> {
        Admin {
            two_factor: self.two_factor.clone(),
            right: Right::Operator(self.operator.clone()),
            org: org.clone(),
            reason: Some(reason.clone()),
        }
    }

    /// Imports a user's key from another system, so they can keep their app.
    ///
    /// At their next login they are asked for a code of it, and the first right one enrolls them. Until then it is sealed
    /// like every secret, shown to nobody, and counts for nothing; wrong codes count as always. It goes on as it was, with
    /// its own algorithm, digits and period. A user who has lost it is reset, and enrolls.
    ///
    /// Importing the same key again changes nothing, so a long list can be started again at any time. Imported while
    /// nothing is required, a key waits for the next switch to on. If the requirement is switched off and on after that,
    /// its user enrolls like everybody else (R6).
    ///
    /// Make sure yourself that the key is this user's. The issuer and the account that it names are not looked at.
    ///
    /// # Refusals
    /// [`TooLateToImport`](ActRefusal::TooLateToImport), [`AnotherKeyWaits`](ActRefusal::AnotherKeyWaits) where a list has
    /// two keys for one user, and [`Denied`](ActRefusal::Denied) for customers and for users
    /// whom the org does not have.
    ///
    /// # Errors
    /// [`Unavailable`](crate::ErrorKind::Unavailable), [`Unreadable`](crate::ErrorKind::Unreadable),
    /// [`Contended`](crate::ErrorKind::Contended) and [`OutcomeUnknown`](crate::ErrorKind::OutcomeUnknown): do it again.
    pub async fn import(
        &self,
        org: &OrgId,
        user: &UserId,
        key: &Imported,
        reason: &Reason,
    ) -> Result<Verdict<Import, ActRefusal>, Error> {
        verdict(import::import(&self.in_org(org, reason), user, key, reason).await)
    }
}
