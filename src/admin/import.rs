//! Importing keys of another system, by the vendor.

use crate::{
    account::{Account, Terms},
    admin::{Admin, authority},
    audit::Reason,
    driver::Stop,
    otp::Imported,
    verdict::{ActRefusal, Import},
    who::UserId,
};

pub(super) async fn import(
    vendor: &Admin<'_>,
    user: &UserId,
    key: &Imported,
    reason: &Reason,
) -> Result<Import, Stop<ActRefusal>> {
    let found = vendor.core().find(&vendor.org, user).await?;
    let target = authority::may_be_reset(found).map_err(ActRefusal::Denied)?;
    let import =
        |account: Account, terms: Terms<'_>| Ok(account.import(key.secret.copy(), key.totp, reason, terms));
    Ok(vendor.core().judge(&target, &vendor.trace(), import).await?.reply)
}
