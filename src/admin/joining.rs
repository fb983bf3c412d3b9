//! Who may enroll when: invitations, and more time.

use crate::{
    account::{Account, Terms},
    admin::{Admin, accounts, right::Proof},
    audit::{Act, Password},
    driver::{Core, Stop},
    error::{Error, ErrorKind},
    policy::Days,
    time::Timestamp,
    tokens::{Invitation, Paper, PaperCode, TicketId},
    verdict::ActRefusal,
    who::UserId,
};

pub(super) async fn invite(admin: &Admin<'_>, user: &UserId) -> Result<Invitation, Stop<ActRefusal>> {
    let core = admin.core();
    let invite = |account: Account, terms: Terms<'_>| {
        Ok(account.invite((core.draw().map(TicketId)?, draw(core)?), admin.reason.clone(), terms))
    };
    admin.change(user, Act::Invite, invite).await
}

pub(super) async fn extend(
    admin: &Admin<'_>,
    user: &UserId,
    days: Days,
) -> Result<Timestamp, Stop<ActRefusal>> {
    let extend = |account: Account, terms: Terms<'_>| Ok(account.extend(days, admin.reason.clone(), terms));
    admin.change(user, Act::Extend, extend).await
}

pub(super) async fn reset_and_invite(
    admin: &Admin<'_>,
    user: &UserId,
    password: Password,
) -> Result<Invitation, Stop<ActRefusal>> {
    let target = admin.target(user, Act::Reset, Proof::FreshCode).await?;
    let core = admin.core();
    let reset = |account: Option<Account>, next, terms: Terms<'_>| {
        let invitation = (core.draw().map(TicketId)?, draw(core)?);
        let reason = admin.reason.clone();
        Ok(Account::reset_and_invite(account, invitation, password, next, reason, terms).map(Ok))
    };
    accounts::overwrite(admin, &target, reset).await
}

fn draw(core: &Core) -> Result<PaperCode, Error> {
    PaperCode::draw(Paper::Invitation, &*core.random)
        .map_err(|source| Error::from_source(ErrorKind::Unavailable, "drawing an invitation", source))
}
