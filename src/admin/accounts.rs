//! What is done to one account: resets, and lifting a block.

use crate::{
    account::{Account, Decision, Terms},
    admin::{
        Admin,
        right::{Proof, Target},
    },
    audit::{Act, Password},
    driver::{Core, Loaded, Stop, TRIES, contended},
    error::{Error, ErrorKind},
    policy::Policy,
    seal::Generation,
    tokens::{Authenticator, AuthenticatorId},
    verdict::ActRefusal,
    who::{OrgId, UserId},
};

/// Resets an account, readable or not. A plain reset is refused if someone else may know the password.
pub(super) async fn reset(
    admin: &Admin<'_>,
    user: &UserId,
    password: Password,
) -> Result<(), Stop<ActRefusal>> {
    let target = admin.target(user, Act::Reset, Proof::FreshCode).await?;
    let reset = |account: Option<Account>, next, terms: Terms<'_>| {
        Ok(Account::reset(account, password, None, next, admin.reason.clone(), terms))
    };
    overwrite(admin, &target, reset).await
}

pub(super) async fn unlock(
    admin: &Admin<'_>,
    user: &UserId,
    password: Password,
) -> Result<(), Stop<ActRefusal>> {
    let core = admin.core();
    let unlock = |account: Account, terms: Terms<'_>| {
        Ok(account.unlock(password, Generation(core.draw()?), admin.reason.clone(), terms).map(Ok))
    };
    admin.change(user, Act::Unlock, unlock).await
}

/// Returns the authenticator of a user that counts now. Like every list, it takes the role and no fresh code.
pub(super) async fn authenticator(
    admin: &Admin<'_>,
    user: &UserId,
) -> Result<Option<Authenticator>, Stop<ActRefusal>> {
    let owner = admin.target(user, Act::Vouch, Proof::RoleAlone).await?;
    let core = admin.core();
    let before = core.before(&owner.person).await?;
    Ok(before.account().authenticator(before.terms(core)))
}

pub(super) async fn vouch(
    admin: &Admin<'_>,
    user: &UserId,
    seen: AuthenticatorId,
) -> Result<(), Stop<ActRefusal>> {
    let vouch = |account: Account, terms: Terms<'_>| Ok(account.vouch(seen, admin.reason.clone(), terms));
    admin.change(user, Act::Vouch, vouch).await
}

/// Returns the policy by which an account is blocked. If keys are lost, settings do not open either; resets still
/// work.
pub(super) async fn policy_or_first(core: &Core, org: &OrgId) -> Result<Policy, Error> {
    match core.policy(org).await {
        Err(error) if error.kind() == ErrorKind::Unreadable => Ok(core.default_policy),
        policy => Ok(policy?.record),
    }
}

/// Writes what `reset` makes of an account, if the actor may; `None` is one that cannot be read.
pub(super) async fn overwrite<R>(
    admin: &Admin<'_>,
    target: &Target,
    reset: impl Fn(Option<Account>, Generation, Terms<'_>) -> Result<Decision<Result<R, ActRefusal>>, Error>,
) -> Result<R, Stop<ActRefusal>> {
    let core = admin.core();
    let place = core.place(&target.person);
    let mut upon = 0;
    for _ in 0..TRIES {
        let policy = policy_or_first(core, &target.person.org).await?;
        let account;
        (account, upon) = match core.load(&place, Account::never_written()).await {
            Ok(Loaded { record, revision, .. }) => (Some(record), revision),
            Err(error) if error.kind() == ErrorKind::Unreadable => (None, core.revision(&place).await?),
            Err(error) => return Err(error.into()),
        };
        if let Some(account) = &account {
            target.may_be_changed(account, &policy)?;
        }
        let now = core.clock.now();
        let terms = Terms { now, policy: &policy, codes: &core.codes };
        let Decision { write, reply } = reset(account, Generation(core.draw()?), terms)?;
        let Some(write) = write else { return Ok(reply?) };
        if core.write_account(&target.person, upon, write, &admin.trace(), now).await?.is_some() {
            return Ok(reply?);
        }
    }
    Err(contended("writing a record", upon).into())
}
