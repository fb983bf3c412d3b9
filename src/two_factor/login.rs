//! A login after the password: the next step, the typed code, the session that it opens.

use crate::{
    account::{Account, Decision, Let, Prompted, Standing, Terms},
    audit::Purpose,
    driver::{Core, Decided, Lasts, Stop, Trace, Trust},
    error::{Error, ErrorKind},
    seal::Generation,
    tokens::{
        AuthenticatorId, DeviceClaims, DeviceToken, Means, Pass, Session, Stamp, Ticket, TicketClaims,
        Witness,
    },
    two_factor::{
        pages::{Prompt, Recovered},
        request::{Attempt, FirstFactor},
    },
    verdict::{Gate, Refusal, SignOut},
    who::{Person, Role},
};

pub(super) async fn check_in(core: &Core, first_factor: FirstFactor) -> Result<Gate, Error> {
    let FirstFactor { org, user, seen_from, device, begun_at } = first_factor;
    let person = core.known(&org, &user).await?;
    if person.role == Role::Customer {
        let nowhere = Trust { generation: Generation::FIRST, policy: core.default_policy };
        let witness = Witness::nothing_to_write();
        return core
            .pass(&person, &nowhere, Means::Customer, core.clock.now(), Lasts::AsLongAsStamps, witness)
            .map(Gate::Open);
    }
    let trace = Trace::of_check_in(&person, seen_from.clone());
    let check_in = |account: Account, terms: Terms<'_>| Ok(account.check_in(begun_at, terms));
    let Decided { reply: (generation, standing), policy, now, witness } =
        core.decide(&person, &trace, check_in).await?;
    if let (Standing::Enrolled, Some(device)) = (standing, device)
        && let Some(pass) = enter_on(core, &person, &device, &trace).await?
    {
        return Ok(Gate::Open(pass));
    }
    let trust = Trust { generation, policy };
    let ticket = |purpose| core.ticket(&person, &trust, purpose, now, None, seen_from);
    match standing {
        Standing::NotRequired => core
            .pass(&person, &trust, Means::NotRequired, now, Lasts::AsLongAsStamps, witness)
            .map(Gate::Open),
        Standing::Enrolled => ticket(Purpose::LogIn).map(Gate::AskCode),
        Standing::Imported => ticket(Purpose::TakeOver).map(Gate::AskCode),
        Standing::NotEnrolled => ticket(Purpose::Enroll).map(Gate::Enroll),
        Standing::Uninvited => ticket(Purpose::Enroll).map(Gate::AskInvitation),
        Standing::Grace { by, .. } => {
            let ends_at = Lasts::Until(by.min(now.after(policy.settings.stamp_lifetime())));
            let pass = core.pass(&person, &trust, Means::Grace, now, ends_at, witness)?;
            Ok(Gate::EnrollBy { pass, ticket: ticket(Purpose::Enroll)?, by })
        }
        Standing::Blocked => Ok(Gate::Blocked),
        Standing::Outdated => Err(Error::new(ErrorKind::PasswordMoved, "checking in")),
    }
}

/// Returns a pass for a user whose first factor was just accepted on a remembered device; `None` to ask for the code.
async fn enter_on(
    core: &Core,
    person: &Person,
    device: &DeviceToken,
    trace: &Trace,
) -> Result<Option<Pass>, Error> {
    let Some(claims) = core.open::<DeviceClaims>(device) else { return Ok(None) };
    if claims.org != person.org || claims.user != person.id {
        return Ok(None);
    }
    let enter = |account: Account, terms: Terms<'_>| Ok(account.enter_on(&claims, terms));
    let Decided { reply, policy, now, witness } = core.decide(person, trace, enter).await?;
    let Some(generation) = reply else { return Ok(None) };
    let trust = Trust { generation, policy };
    core.pass(person, &trust, Means::RememberedDevice, now, Lasts::AsLongAsStamps, witness).map(Some)
}

pub(super) async fn prompt(core: &Core, ticket: &Ticket) -> Result<Prompt, Stop<Refusal>> {
    let (claims, person) = core.bearer(ticket).await?;
    let before = core.before(&person).await?;
    let Prompted { totp, left, wait_until } = before.account().prompt(&claims, before.terms(core))?;
    let is_imported = claims.purpose == Purpose::TakeOver;
    Ok(Prompt { digits: totp.digits(), left, wait_until, is_imported })
}

pub(super) async fn verify(core: &Core, attempt: Attempt<'_>) -> Result<Pass, Stop<Refusal>> {
    let judge = |account: Account, (claims, _): Bearer<'_>, code: &str, terms: Terms<'_>| {
        Ok(match claims.purpose {
            Purpose::TakeOver => account.take_over(claims, code, new_names(core)?, terms),
            _ => account.verify(claims, code, terms),
        })
    };
    let (pass, ()) = let_in(core, attempt, Means::Code, judge).await?;
    Ok(pass)
}

pub(super) async fn recover(core: &Core, attempt: Attempt<'_>) -> Result<Recovered, Stop<Refusal>> {
    let judge = |account: Account, (claims, role): Bearer<'_>, code: &str, terms: Terms<'_>| {
        Ok(account.recover(claims, code, role, Generation(core.draw()?), terms))
    };
    let (pass, left) = let_in(core, attempt, Means::RecoveryCode, judge).await?;
    Ok(Recovered { pass, left })
}

pub(super) async fn resume(core: &Core, stamp: &Stamp) -> Result<Option<Pass>, Error> {
    let Some(mut session) = core.open::<Session>(stamp) else { return Ok(None) };
    let Some(holder) = core.holder(&session).await? else { return Ok(None) };
    if let Some(before) = &holder.before {
        session.expires_at = session.ends_at(&before.policy);
    }
    let (now, witness) = (core.clock.now(), Witness::nothing_to_write());
    Ok(Some(Pass::new(session, &holder.person, stamp.clone(), now, witness)))
}

/// Needs no directory to know whose session it is, so that one which was ended stays ended whatever becomes of the user.
pub(super) async fn sign_out(core: &Core, stamp: &Stamp) -> Result<SignOut, Error> {
    let Some(session) = core.open::<Session>(stamp) else { return Ok(SignOut::NotOurs) };
    if session.role == Role::Customer {
        return Ok(SignOut::NotOurs);
    }
    let holder = Person::new(session.org.clone(), session.user.clone(), session.role);
    let now = core.find(&session.org, &session.user).await?;
    // Nothing is written for a customer who has no record (R5). Their stamp was an internal user's and does not hold.
    if now.is_some_and(|now| now.role == Role::Customer) && core.before(&holder).await?.account.revision == 0
    {
        return Ok(SignOut::NotOurs);
    }
    let sign_out = |account: Account, terms: Terms<'_>| {
        Ok(account.sign_out(&session, Generation(core.draw()?), terms.now))
    };
    core.decide(&holder, &Trace::of_check_in(&holder, None), sign_out).await?;
    Ok(SignOut::Ended)
}

/// What a ticket says, and the role that its bearer has now.
pub(super) type Bearer<'a> = (&'a TicketClaims, Role);

/// Draws the names that another authenticator brings with it.
pub(super) fn new_names(core: &Core) -> Result<(AuthenticatorId, Generation), Error> {
    Ok((AuthenticatorId(core.draw()?), Generation(core.draw()?)))
}

/// Judges a typed code with `judge`, a command of the state machine. A right code earns a pass by `means`.
pub(super) async fn let_in<T>(
    core: &Core,
    attempt: Attempt<'_>,
    means: Means,
    judge: impl Fn(Account, Bearer<'_>, &str, Terms<'_>) -> Result<Decision<Result<Let<T>, Refusal>>, Error>,
) -> Result<(Pass, T), Stop<Refusal>> {
    let (claims, person) = core.bearer(attempt.ticket).await?;
    let trace = Trace::of_bearer(&claims, attempt.seen_from);
    let judge =
        |account: Account, terms: Terms<'_>| judge(account, (&claims, person.role), attempt.code, terms);
    let Decided { reply, policy, now, witness } = core.judge(&person, &trace, judge).await?;
    let trust = Trust { generation: reply.generation, policy };
    let lasts = claims.continues.map_or(Lasts::AsLongAsStamps, Lasts::LikeThe);
    let pass = core.pass(&person, &trust, means, now, lasts, witness)?;
    Ok((pass, reply.with))
}
