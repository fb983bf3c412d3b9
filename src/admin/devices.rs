//! The devices on which another user is not asked for a code.

use crate::{
    account::{Account, Forgotten, Terms},
    admin::{Admin, right::Proof},
    audit::Act,
    driver::Stop,
    tokens::Device,
    verdict::ActRefusal,
    who::UserId,
};

/// Like every list, it takes the role and no fresh code.
pub(super) async fn list(admin: &Admin<'_>, user: &UserId) -> Result<Vec<Device>, Stop<ActRefusal>> {
    let owner = admin.target(user, Act::ManageDevices, Proof::RoleAlone).await?;
    let core = admin.core();
    let before = core.before(&owner.person).await?;
    Ok(before.account().remembered(before.terms(core)))
}

pub(super) async fn forget(
    admin: &Admin<'_>,
    user: &UserId,
    which: Forgotten,
) -> Result<(), Stop<ActRefusal>> {
    let forget = |account: Account, _: Terms<'_>| Ok(account.forget(which, admin.reason.as_ref()).map(Ok));
    admin.change(user, Act::ManageDevices, forget).await
}
