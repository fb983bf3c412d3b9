//! What is done to one account: resets, and lifting a block.

use crate::{
    account::{Account, Decision, Terms},
    admin::{Admin, right::Proof},
    audit::{Act, Password},
    driver::{Core, Loaded, Stop, TRIES, contended},
    error::{Error, ErrorKind},
    policy::Settings,
    seal::Generation,
    time::Timestamp,
    tokens::{Authenticator, AuthenticatorId},
    verdict::ActRefusal,
    who::{OrgId, Person, UserId},
};

/// Resets an account, readable or not. A plain reset is refused if someone else may know the password.
pub(super) async fn reset(
    admin: &Admin<'_>,
    user: &UserId,
    password: Password,
) -> Result<(), Stop<ActRefusal>> {
    let target = admin.target(user, Act::Reset, Proof::FreshCode).await?;
    let settings = settings_or_first(admin.core(), &target.org).await?;
    let reset = |account: Option<Account>, next, _| {
        Ok(Account::reset(account, password, &settings, next, admin.reason.clone()))
    };
    Ok(overwrite(admin, &target, reset).await??)
}

pub(super) async fn unlock(
    admin: &Admin<'_>,
    user: &UserId,
    password: Password,
) -> Result<(), Stop<ActRefusal>> {
    let target = admin.target(user, Act::Unlock, Proof::FreshCode).await?;
    let core = admin.core();
    let unlock = |account: Account, terms: Terms<'_>| {
        Ok(account.unlock(password, Generation(core.draw()?), admin.reason.clone(), terms))
    };
    core.decide(&target, &admin.trace(), unlock).await?;
    Ok(())
}

/// Returns the authenticator of a user that counts now. Like every list, it takes the role and no fresh code.
pub(super) async fn authenticator(
    admin: &Admin<'_>,
    user: &UserId,
) -> Result<Option<Authenticator>, Stop<ActRefusal>> {
    let owner = admin.target(user, Act::Vouch, Proof::RoleAlone).await?;
    let core = admin.core();
    let before = core.before(&owner).await?;
    Ok(before.account().authenticator(before.terms(core)))
}

pub(super) async fn vouch(
    admin: &Admin<'_>,
    user: &UserId,
    seen: AuthenticatorId,
) -> Result<(), Stop<ActRefusal>> {
    let target = admin.target(user, Act::Vouch, Proof::FreshCode).await?;
    let vouch = |account: Account, terms: Terms<'_>| Ok(account.vouch(seen, admin.reason.clone(), terms));
    admin.core().judge(&target, &admin.trace(), vouch).await?;
    Ok(())
}

/// Returns the settings by which an account is blocked. If keys are lost, settings do not open either; resets still
/// work.
pub(super) async fn settings_or_first(core: &Core, org: &OrgId) -> Result<Settings, Error> {
    match core.policy(org).await {
        Err(error) if error.kind() == ErrorKind::Unreadable => Ok(core.default_policy.settings),
        policy => Ok(policy?.record.settings),
    }
}

/// Writes what `reset` makes of an account; `None` is one that cannot be read.
pub(super) async fn overwrite<R>(
    admin: &Admin<'_>,
    target: &Person,
    reset: impl Fn(Option<Account>, Generation, Timestamp) -> Result<Decision<R>, Error>,
) -> Result<R, Error> {
    let core = admin.core();
    let place = core.place(target);
    let mut upon = 0;
    for _ in 0..TRIES {
        let account;
        (account, upon) = match core.load(&place, Account::never_written()).await {
            Ok(Loaded { record, revision, .. }) => (Some(record), revision),
            Err(error) if error.kind() == ErrorKind::Unreadable => (None, core.revision(&place).await?),
            Err(error) => return Err(error),
        };
        let now = core.clock.now();
        let Decision { write, reply } = reset(account, Generation(core.draw()?), now)?;
        let Some(write) = write else { return Ok(reply) };
        if core.write_account(target, upon, write, &admin.trace(), now).await?.is_some() {
            return Ok(reply);
        }
    }
    Err(contended("writing a record", upon))
}
