//! Does a store list its records, and erase what it is told to? The clauses are those of [`Records`] and [`Erasure`].

use std::collections::{BTreeMap, BTreeSet};

use super::{Broken, broken, failed, lent_failed};
use crate::{
    audit::{Act, Actor, Denied, Event, EventKind, Origin, Password, Reason},
    error::BoxError,
    store::{
        Change, Erasure, HeadCount, Heads, LoggedEvent, Outbox, RecordHead, Records, RecordsRequest, Stored,
        Swap, UserStore, UserSummary,
    },
    time::Timestamp,
    who::{OrgId, UserId},
};

const ALL: &str = "1 (all of them)";
const HEADS: &str = "2 (by their first five bytes)";
const FROM: &str = "3 (from where the last page ended)";
const LIMIT: &str = "4 (no longer than asked for)";
const UNLISTED: &str = "5 (failure is an error)";

const PSEUDONYM: &str = "1 (events stay, without the person)";
const NOTICES: &str = "2 (notices go)";
const NOBODY_ELSE: &str = "3 (nobody else is touched)";
const AGAIN: &str = "4 (again is the same)";
const OF_AN_ORG: &str = "5 (of an org nothing is left)";
const REMOVED: &str = "6 (a record is removed only if it is the one that was seen)";
const UNERASED: &str = "7 (failure is an error)";

/// The number of records of the org that is listed.
const LISTED: usize = 7;

/// Runs the suite against a store that lists its records. `fresh` makes eight [ids](super#fresh-ids): seven of one org of
/// which nothing was written yet, and then one of another.
///
/// # Errors
/// [`Broken`] names the first clause that is not kept, in a sentence.
pub async fn records<S: UserStore + Records>(
    store: &S,
    mut fresh: impl AsyncFnMut() -> Result<(OrgId, UserId), BoxError>,
) -> Result<(), Broken> {
    let mut written = BTreeMap::<UserId, RecordHead>::new();
    let mut org = None;
    for place in 0..=LISTED {
        let (of, user) = fresh().await.map_err(|error| lent_failed("`fresh` failed", error))?;
        // Three heads, and records that differ after them.
        let head = [1, 0, 0, 0, u8::try_from(place % 3).unwrap_or_default()];
        let record = [&head[..], &[0xff; 40][place..]].concat();
        write(store, &of, &user, 0, record, &[], UNLISTED).await?;
        if place < LISTED {
            org.get_or_insert(of);
            written.insert(user, RecordHead(head));
        }
    }
    let Some(org) = org else { unreachable!("seven were made") };
    let counted = store.count(&org).await;
    let counted = counted.map_err(|error| failed(UNLISTED, "the records cannot be counted", error))?;
    for head in written.values().collect::<BTreeSet<_>>() {
        let there = written.values().filter(|other| *other == head).count() as u64;
        let of_head = |count: &&HeadCount| count.head == Some(*head);
        let records: u64 = counted.iter().filter(of_head).map(|count| count.records).sum();
        if records != there {
            return broken(
                HEADS,
                format!("{records} records are counted of the {there} that begin with {head:?}"),
            );
        }
    }
    if counted.iter().map(|count| count.records).sum::<u64>() != LISTED as u64 {
        return broken(ALL, format!("{counted:?} are counted where {LISTED} records were written"));
    }
    let some: Vec<RecordHead> = vec![RecordHead([1, 0, 0, 0, 1]), RecordHead([1, 0, 0, 0, 9])];
    for heads in [Heads::All, Heads::Only(&some), Heads::Except(&some), Heads::Only(&[]), Heads::Except(&[])]
    {
        for limit in [1, 2, 1_000] {
            let listed = walk(store, &org, heads, limit).await?;
            let wanted = written.iter().filter(|(_, head)| heads.want(Some(**head))).map(|(user, _)| user);
            let unique: BTreeSet<&UserId> = listed.iter().collect();
            if unique.len() != listed.len() || !unique.into_iter().eq(wanted) {
                return broken(
                    if heads == Heads::All { ALL } else { HEADS },
                    format!("in pages of {limit} these are listed for {heads:?}: {listed:?}"),
                );
            }
        }
    }
    Ok(())
}

async fn walk(
    store: &impl Records,
    org: &OrgId,
    heads: Heads<'_>,
    limit: u32,
) -> Result<Vec<UserId>, Broken> {
    let mut listed: Vec<UserId> = Vec::new();
    // Some more pages than there can be.
    for _ in 0..LISTED + 3 {
        let wanted = RecordsRequest { after: listed.last(), ..RecordsRequest::first(org, heads, limit) };
        let page = store.page(wanted).await;
        let page = page.map_err(|error| failed(UNLISTED, "a page cannot be read", error))?;
        if page.len() > limit as usize {
            return broken(LIMIT, format!("{} came where {limit} were asked for", page.len()));
        }
        if page.is_empty() {
            return Ok(listed);
        }
        listed.extend(page);
    }
    broken(FROM, format!("pages of {limit} never end: {listed:?}"))
}

/// Runs the suite against a store that erases. `fresh` makes three [ids](super#fresh-ids): two of one org of which nothing
/// was written yet, and then one of another. `trail` reads the whole trail of an org.
///
/// # Errors
/// [`Broken`] names the first clause that is not kept, in a sentence.
pub async fn erasure<S: UserStore + Outbox + Erasure>(
    store: &S,
    mut fresh: impl AsyncFnMut() -> Result<(OrgId, UserId), BoxError>,
    trail: impl AsyncFn(&OrgId) -> Result<Vec<LoggedEvent>, BoxError>,
) -> Result<(), Broken> {
    let mut people = Vec::new();
    for _ in 0..3 {
        people.push(fresh().await.map_err(|error| lent_failed("`fresh` failed", error))?);
    }
    let [(org, leaver), (_, other), (elsewhere, stranger)] = &people[..] else {
        unreachable!("three were made")
    };
    let read = async |of: &OrgId| trail(of).await.map_err(|error| lent_failed("`trail` failed", error));

    let reset = |of: &UserId, by: &UserId| {
        event(
            org,
            of,
            by,
            EventKind::Reset { password: Password::AsBefore, reason: Reason::new("called at home").ok() },
        )
    };
    let refused = event(
        org,
        other,
        other,
        EventKind::ActRefused {
            act: Act::Reset,
            why: Denied::NotMasterAdmin,
            target: Some(leaver.clone()),
            repeated: 0,
        },
    );
    write(store, org, leaver, 0, b"theirs".to_vec(), &[reset(leaver, other)], UNERASED).await?;
    write(store, org, other, 0, b"another's".to_vec(), &[reset(other, leaver), refused], UNERASED).await?;
    let own = [event(elsewhere, stranger, stranger, EventKind::RecoveryCodesRenewed)];
    write(store, elsewhere, stranger, 0, b"a stranger's".to_vec(), &own, UNERASED).await?;
    let strangers = read(elsewhere).await?;

    let pseudonym =
        UserId::new("forgotten-0123456789abcdef").map_err(|error| lent_failed("an id", error.into()))?;
    for clause in [PSEUDONYM, AGAIN] {
        let erased = store.erase(org, leaver, &pseudonym).await;
        erased.map_err(|error| failed(UNERASED, "nothing can be erased", error))?;
        let events = read(org).await?;
        if events.len() != 3 {
            return broken(clause, format!("of three events {} are left", events.len()));
        }
        for event in &events {
            let concerns = event.user.as_deref() == Some(pseudonym.as_str());
            let is_by = event.by_name.as_deref() == Some(pseudonym.as_str());
            let names = [event.user.as_deref(), event.by_name.as_deref()];
            if names.contains(&Some(leaver.as_str())) || event.text.contains(&format!("({leaver})")) {
                return broken(clause, format!("they are named: {event:?}"));
            }
            if concerns && event.text != event.kind {
                return broken(clause, format!("the sentence of their event is left: {event:?}"));
            }
            if (concerns || is_by) && (event.seen_from.is_some() || event.checked_in_from.is_some()) {
                return broken(clause, format!("an address is left: {event:?}"));
            }
            if is_by && !concerns && event.text == event.kind {
                return broken(NOBODY_ELSE, format!("what was done to another lost its sentence: {event:?}"));
            }
        }
        let concern = events.iter().filter(|event| event.user.as_deref() == Some(pseudonym.as_str()));
        if concern.count() != 1 {
            return broken(clause, "their event is not under the pseudonym".to_owned());
        }
        if events.iter().filter(|event| event.user.as_deref() == Some(other.as_str())).count() != 2 {
            return broken(NOBODY_ELSE, "another user's events are not their own any more".to_owned());
        }
    }
    if read(elsewhere).await? != strangers {
        return broken(NOBODY_ELSE, "an event of another org was changed".to_owned());
    }
    if is_waiting(store, org, leaver).await? {
        return broken(NOTICES, "a notice about them waits".to_owned());
    }
    if !is_waiting(store, elsewhere, stranger).await? {
        return broken(NOBODY_ELSE, "a notice of another org is gone".to_owned());
    }

    for (seen, outcome) in [(2, Swap::Stale), (1, Swap::Done), (1, Swap::Stale)] {
        let removed = store.remove(org, leaver, seen).await;
        let removed = removed.map_err(|error| failed(UNERASED, "a record cannot be removed", error))?;
        if removed != outcome {
            return broken(REMOVED, format!("upon revision {seen} it answered {removed:?}"));
        }
    }
    let load = async |of: &OrgId, user: &UserId| {
        store.load_user(of, user).await.map_err(|error| failed(UNERASED, "a record cannot be read", error))
    };
    if load(org, leaver).await?.is_some() || load(org, other).await?.is_none() {
        return broken(REMOVED, "what was removed is there, or another record is gone".to_owned());
    }
    write(store, org, leaver, 0, b"somebody new".to_vec(), &[], REMOVED).await?;

    store.erase_org(org).await.map_err(|error| failed(UNERASED, "an org cannot be erased", error))?;
    if !read(org).await?.is_empty() || is_waiting(store, org, other).await? {
        return broken(OF_AN_ORG, "an event or a notice is left".to_owned());
    }
    if read(elsewhere).await? != strangers || !is_waiting(store, elsewhere, stranger).await? {
        return broken(NOBODY_ELSE, "an event or a notice of another org is gone".to_owned());
    }
    Ok(())
}

fn event(org: &OrgId, user: &UserId, by: &UserId, kind: EventKind) -> Event {
    let seen_from = Some(Origin::of_device(&"192.0.2.9"));
    Event {
        at: Timestamp::from_unix(1_800_000_000),
        org: org.clone(),
        user: Some(user.clone()),
        by: Actor::User(by.clone()),
        kind,
        seen_from: seen_from.clone(),
        checked_in_from: seen_from,
    }
}

async fn write<S: UserStore>(
    store: &S,
    org: &OrgId,
    user: &UserId,
    expected: u64,
    record: Vec<u8>,
    events: &[Event],
    clause: &'static str,
) -> Result<(), Broken> {
    let (next, summary) = (Stored { revision: expected + 1, record }, UserSummary::default());
    let change = Change { org, expected, next: &next, summary: &summary, events, ends_sessions: false };
    match store.swap_user(user, change).await {
        Ok(Swap::Done) => Ok(()),
        Ok(Swap::Stale) => broken(clause, format!("something is written for {user} already")),
        Err(error) => Err(failed(clause, "a record cannot be written", error)),
    }
}

/// Returns whether a notice about this user waits.
async fn is_waiting(store: &impl Outbox, org: &OrgId, user: &UserId) -> Result<bool, Broken> {
    let mut after = None;
    loop {
        let page = store.waiting(after.as_ref(), 100).await;
        let page = page.map_err(|error| failed(UNERASED, "the outbox cannot be read", error))?;
        let Some(last) = page.last() else { return Ok(false) };
        after = Some(last.id.clone());
        let is_theirs = |event: &LoggedEvent| {
            [event.user.as_deref(), event.by_name.as_deref()].contains(&Some(user.as_str()))
        };
        if page.iter().any(|notice| notice.id.org == *org && is_theirs(&notice.event)) {
            return Ok(true);
        }
    }
}
