//! The devices on which another user is not asked for a code.

use crate::{
    account::{Account, Forgotten, Terms},
    admin::Admin,
    error::Error,
    tokens::Device,
    who::Person,
};

pub(super) async fn list(admin: &Admin<'_>, owner: &Person) -> Result<Vec<Device>, Error> {
    let core = admin.core();
    let before = core.before(owner).await?;
    Ok(before.account().remembered(before.terms(core)))
}

pub(super) async fn forget(admin: &Admin<'_>, owner: &Person, which: Forgotten) -> Result<(), Error> {
    let forget = |account: Account, _: Terms<'_>| Ok(account.forget(which, admin.reason.as_ref()));
    admin.core().decide(owner, &admin.trace(), forget).await.map(|decided| decided.reply)
}
