//! People who leave, orgs that end, and accounts that go on under another id.

use std::time::Duration;

use crate::{
    account::{Account, Left, MoveId, Write},
    audit::{Actor, EventKind},
    driver::{Core, Loaded, Proposal, TRIES, Trace, contended},
    error::{BoxError, Error, ErrorKind},
    seal::Generation,
    store::{Heads, Swap},
    who::{OrgId, Role, UserId},
};

/// The longest lifetime of anything that was handed out and is good by itself: a stamp, by
/// [`Settings::with_stamp_lifetime`](crate::policy::Settings::with_stamp_lifetime). A device's token opens nothing without
/// the record.
const LONGEST_TOKEN: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// What was erased of somebody. From [`User::forget`](crate::User::forget) and [`Org::forget`](crate::Org::forget).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forgotten {
    /// Everything: the record, and what the store keeps beside it.
    Everything,
    /// The record. Events and notices are yours to erase, as no [`Erasure`](crate::store::Erasure) was given to the
    /// [builder](crate::Builder::erasure).
    Record,
    /// Nothing, as nothing was ever written for this customer.
    Nothing,
}

/// What became of an account that was to go on under another id. From [`User::carry_over`](crate::User::carry_over).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CarryOver {
    /// It goes on under the new id.
    Done,
    /// Nothing is written under the old id: it was carried over before, or there never was anything.
    Nothing,
    /// Refused: the new id has an account of its own.
    Taken,
    /// Refused: the directory has no internal user of the org under the new id.
    NotInternal,
    /// Refused: an earlier call has begun to carry it over to another id. Call it with that one.
    Begun,
}

pub(super) async fn forget(core: &Core, org: &OrgId, user: &UserId) -> Result<Forgotten, Error> {
    if !bury(core, org, user).await? {
        return Ok(Forgotten::Nothing);
    }
    let Some(erasure) = core.erasure() else { return Ok(Forgotten::Record) };
    let pseudonym = u64::from_be_bytes(core.draw()?);
    let pseudonym = UserId::new(format!("forgotten-{pseudonym:016x}")).expect("a short plain text is an id");
    erasure.erase(org, user, &pseudonym).await.map_err(|source| unavailable("erasing events", source))?;
    Ok(Forgotten::Everything)
}

/// Writes a tombstone, upon whatever there is, readable or not. Returns whether there is one now.
async fn bury(core: &Core, org: &OrgId, user: &UserId) -> Result<bool, Error> {
    let place = core.user_place(org, user);
    let mut upon = 0;
    for _ in 0..TRIES {
        // Upon a tombstone, too: whoever had the id since may have sessions, and no record of their own.
        upon = core.revision(&place).await?;
        // Nothing is ever written for a customer who has no record (R5).
        if upon == 0 && core.find(org, user).await?.is_some_and(|person| person.role == Role::Customer) {
            return Ok(false);
        }
        let now = core.clock.now();
        let next = Account::forgotten(Generation(core.draw()?), now);
        let events = [Trace::of(Actor::Host).event(now, org, Some(user), EventKind::Forgotten)];
        let proposal = Proposal { upon, next: &next, events: &events, ends_sessions: true };
        if core.write(&place, &proposal).await?.is_some() {
            return Ok(true);
        }
    }
    Err(contended("writing a record", upon))
}

pub(super) async fn forget_org(core: &Core, org: &OrgId) -> Result<Forgotten, Error> {
    end_org(core, org).await?;
    let (Ok(_), Some(erasure)) = (core.records(), core.erasure()) else { return Ok(Forgotten::Record) };
    // What is removed is on no later page.
    loop {
        let page = core.page_of_records(org, Heads::All, None).await?;
        if page.is_empty() {
            break;
        }
        for user in page {
            remove(core, org, &user, |_| true).await?;
        }
    }
    erasure.erase_org(org).await.map_err(|source| unavailable("erasing events", source))?;
    Ok(Forgotten::Everything)
}

/// Ends everything that was handed out in an org, and leaves nothing of what it had decided: whoever gets its id begins in
/// an epoch of their own.
async fn end_org(core: &Core, org: &OrgId) -> Result<(), Error> {
    let place = core.org_place(org);
    let mut upon = 0;
    for _ in 0..TRIES {
        let last;
        (upon, last) = match core.policy(org).await {
            Ok(Loaded { record, revision, .. }) => (revision, Some(record)),
            Err(error) if error.kind() == ErrorKind::Unreadable => (core.revision(&place).await?, None),
            Err(error) => return Err(error),
        };
        let next = core.default_policy.beginning_after(last.as_ref(), core.draw()?, core.clock.now());
        let proposal = Proposal { upon, next: &next, events: &[], ends_sessions: false };
        if core.write(&place, &proposal).await?.is_some() {
            return Ok(());
        }
    }
    Err(contended("writing an org's settings", upon))
}

/// Removes a record, if it may go. Returns whether it is gone.
async fn remove(
    core: &Core,
    org: &OrgId,
    user: &UserId,
    may_go: impl Fn(Option<&Account>) -> bool,
) -> Result<bool, Error> {
    let Some(erasure) = core.erasure() else { return Ok(false) };
    let place = core.user_place(org, user);
    for _ in 0..TRIES {
        let (account, revision) = match core.load(&place, Account::never_written()).await {
            Ok(Loaded { record, revision, .. }) => (Some(record), revision),
            Err(error) if error.kind() == ErrorKind::Unreadable => (None, core.revision(&place).await?),
            Err(error) => return Err(error),
        };
        if revision == 0 {
            return Ok(true);
        }
        if !may_go(account.as_ref()) {
            return Ok(false);
        }
        match erasure.remove(org, user, revision).await {
            Ok(Swap::Done) => return Ok(true),
            Ok(Swap::Stale) => {}
            Err(source) => return Err(unavailable("removing a record", source)),
        }
    }
    Err(Error::new(ErrorKind::Contended, "removing a record"))
}

/// Removes the tombstones that nothing can refer to any more.
pub(super) async fn prune(core: &Core, org: &OrgId) -> Result<u64, Error> {
    if core.erasure().is_none() {
        return Ok(0);
    }
    let (tombstones, now) = (core.heads_of_tombstones(), core.clock.now());
    let is_over = |account: Option<&Account>| {
        let forgotten_at = account.and_then(Account::forgotten_at);
        forgotten_at.is_some_and(|at| at.after(LONGEST_TOKEN).has_passed_everywhere(now))
    };
    let (mut removed, mut after) = (0, None);
    loop {
        let page = core.page_of_records(org, Heads::Only(&tombstones), after.as_ref()).await?;
        let Some(last) = page.last().cloned() else { return Ok(removed) };
        for user in page {
            removed += u64::from(remove(core, org, &user, is_over).await?);
        }
        after = Some(last);
    }
}

/// In three writes: what is there is marked as moved and opens nothing; then it is written under the new id; then the old one
/// is emptied. Between any two of them, the call can be repeated.
pub(super) async fn carry_over(
    core: &Core,
    org: &OrgId,
    from: &UserId,
    to: &UserId,
) -> Result<CarryOver, Error> {
    let person = core.find(org, to).await?;
    if from == to || person.is_none_or(|person| person.role == Role::Customer || person.id != *to) {
        return Ok(CarryOver::NotInternal);
    }
    let by = MoveId(core.draw()?);
    for _ in 0..TRIES {
        let source = core.load(&core.user_place(org, from), Account::never_written()).await?;
        let target = core.load(&core.user_place(org, to), Account::never_written()).await?;
        if source.revision == 0 || source.record.forgotten_at().is_some() {
            return Ok(CarryOver::Nothing);
        }
        match source.record.left.clone() {
            Some(Left::Moved { to: begun, .. }) if begun != *to => return Ok(CarryOver::Begun),
            Some(Left::Moved { by, .. }) if target.record.carried_by == Some(by) => {
                return bury(core, org, from).await.map(|_| CarryOver::Done);
            }
            _ if target.revision > 0 && target.record.forgotten_at().is_none() => {
                return Ok(CarryOver::Taken);
            }
            Some(Left::Moved { by, .. }) => {
                let moved = source.record.carried_over(from.clone(), by);
                write(core, org, to, target.revision, moved.write).await?;
            }
            _ => {
                let moved = source.record.moved(to.clone(), by, Generation(core.draw()?));
                write(core, org, from, source.revision, moved.write).await?;
            }
        }
    }
    Err(Error::new(ErrorKind::Contended, "carrying over a record"))
}

/// Writes one end of a move. If somebody else has written in between, what is there is looked at again.
async fn write(
    core: &Core,
    org: &OrgId,
    user: &UserId,
    upon: u64,
    write: Option<Write>,
) -> Result<(), Error> {
    let Some(write) = write else { return Ok(()) };
    let trace = Trace::of(Actor::Host);
    let event = |kind| trace.event(core.clock.now(), org, Some(user), kind);
    let events: Vec<_> = write.events.into_iter().map(event).collect();
    let proposal = Proposal { upon, next: &write.next, events: &events, ends_sessions: write.ends_sessions };
    core.write(&core.user_place(org, user), &proposal).await.map(drop)
}

fn unavailable(doing: &'static str, source: BoxError) -> Error {
    Error::from_source(ErrorKind::Unavailable, doing, source)
}
