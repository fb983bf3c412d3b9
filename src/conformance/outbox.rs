//! Does an outbox keep its contract? The clauses are those of [`Outbox`].

use std::{collections::HashSet, pin::Pin};

use super::{
    Broken, Dice, Key, Records as _, UserRecords, broken, failed,
    lent::{Fresh as _, OfUsers},
    lent_failed,
    race::race,
    trials::bytes,
};
use crate::{
    audit::{Actor, Event, EventKind, Purpose},
    error::BoxError,
    policy::Epoch,
    store::{Delivery, Notice, NoticeId, Outbox, Swap, UserStore, tell_waiting},
    time::Timestamp,
    who::{OrgId, UserId},
};

/// An event of which people are told.
const BLOCKED: EventKind = EventKind::Blocked { password_is_known: true };

const SAME_STEP: &str = "1 (in the same step)";
const UNTIL: &str = "2 (until acknowledged)";
const ONCE: &str = "3 (once and for all)";
const NOBODY: &str = "4 (nobody is passed over)";
const FAILURE: &str = "5 (failure is an error)";

/// The number of users whose notices wait at once while a mailer tells of them.
const WRITERS: usize = 24;

/// Runs the suite against a store that has an outbox. It acknowledges only its own notices, however many others wait.
///
/// `fresh` makes exactly 31 [ids](super#fresh-ids). Run it twice, with users of one org and with users of several: the
/// first sees most, and each sees something that the other does not.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), countersign::conformance::Broken> {
/// use countersign::{MemoryStore, OrgId, UserId, conformance};
/// let mut last = 0_i64;
/// let mut next = || { last += 1; last };
/// let acme = OrgId::new("acme").unwrap();
/// let store = MemoryStore::new();
/// conformance::outbox(&store, async || Ok((acme.clone(), UserId::from(next())))).await?;
/// conformance::outbox(&store, async || Ok((OrgId::from(next()), UserId::from(next())))).await?;
/// # Ok(()) }
/// ```
///
/// # Errors
/// [`Broken`] names the first clause that is not kept, in a sentence.
pub async fn outbox<S: UserStore + Outbox>(
    store: &S,
    fresh: impl AsyncFnMut() -> Result<(OrgId, UserId), BoxError>,
) -> Result<(), Broken> {
    let mut fresh = OfUsers(fresh);
    let mut keys = Vec::new();
    for _ in 0..WRITERS + 7 {
        keys.push(fresh.key().await.map_err(|error| lent_failed("`fresh` failed", error))?);
    }
    let (writers, others) = keys.split_at(WRITERS);
    let [alone, early, late, told, kept, read, reread] = others else { unreachable!("seven more were made") };
    let trial = Trial { store };
    trial.notices_come_with_their_swap(alone).await?;
    trial.an_earlier_event_that_comes_later_is_told(early, late).await?;
    trial.what_was_acknowledged_is_gone_and_all_else_is_not(told, kept).await?;
    trial.reading_changes_nothing(read, reread).await?;
    trial.a_round_among_writers_passes_over_nobody(writers).await
}

struct Trial<'a, S> {
    store: &'a S,
}

impl<S: UserStore + Outbox> Trial<'_, S> {
    async fn notices_come_with_their_swap(&self, key: &Key) -> Result<(), Broken> {
        let quiet = EventKind::CodeAccepted { purpose: Purpose::LogIn };
        let events = [EventKind::Enrolled { epoch: Epoch::FIRST }, quiet, BLOCKED]
            .map(|kind| event(key, 1_800_000_000, kind));
        self.write(key, 0, &events).await?;
        let waiting = self.waiting_for(&[key], 64).await?;
        let expected: Vec<Notice> = waiting
            .iter()
            .filter_map(|notice| {
                let event = events.iter().find(|event| event.kind.name() == notice.event.kind)?;
                Notice::of(event, notice.id.event.clone())
            })
            .collect();
        if waiting.len() != 2 || expected != waiting {
            let how = format!("of three events two are to be told, and these wait: {waiting:?}");
            return broken(SAME_STEP, how);
        }
        let stale =
            UserRecords(self.store).try_swap(key, 7, &bytes(1, 40), &events).await.map_err(swap_failed)?;
        if stale == Swap::Done || self.waiting_for(&[key], 64).await?.len() != 2 {
            return broken(SAME_STEP, "a swap that should be stale left something to be told");
        }
        self.acknowledge(&waiting).await
    }

    async fn reading_changes_nothing(&self, one: &Key, other: &Key) -> Result<(), Broken> {
        for (key, at) in [(one, 1_800_000_000), (other, 1_700_000_000)] {
            self.write(key, 0, &[event(key, at, BLOCKED)]).await?;
            self.write(key, 1, &[event(key, at + 1, EventKind::Replaced), event(key, at + 1, BLOCKED)])
                .await?;
        }
        for key in [one, other] {
            let all = self.waiting_for(&[key], 64).await?;
            if all.iter().map(|notice| &notice.id).collect::<HashSet<_>>().len() != 3 {
                return broken(SAME_STEP, format!("three notices were left, and {} wait", all.len()));
            }
            for page in [64, 1, 2] {
                let again = self.waiting_for(&[key], page).await?;
                if again != all {
                    let how = format!("read in pages of {page}, not the same notices wait: {again:?}");
                    return broken(UNTIL, how);
                }
            }
            self.acknowledge(&all).await?;
        }
        Ok(())
    }

    async fn what_was_acknowledged_is_gone_and_all_else_is_not(
        &self,
        one: &Key,
        other: &Key,
    ) -> Result<(), Broken> {
        for key in [one, other] {
            let two = [EventKind::Replaced, BLOCKED].map(|kind| event(key, 1_800_000_000, kind));
            self.write(key, 0, &two).await?;
        }
        let [first, second] = &self.waiting_for(&[one], 64).await?[..] else {
            return broken(SAME_STEP, "two events are to be told, and not two wait");
        };
        // Twice, and once more when it is gone.
        for _ in 0..2 {
            self.acknowledge(&[first.clone(), first.clone()]).await?;
            let left = self.waiting_for(&[one], 64).await?;
            if left != [second.clone()] {
                return broken(
                    ONCE,
                    format!("of two notices one was acknowledged, and these wait: {left:?}"),
                );
            }
        }
        self.acknowledge(&[]).await?;
        let of_the_other = self.waiting_for(&[other], 64).await?;
        if of_the_other.len() != 2 {
            return broken(ONCE, "what was acknowledged for one user is gone for another");
        }
        self.acknowledge(std::slice::from_ref(second)).await?;
        self.acknowledge(&of_the_other).await
    }

    /// Tries an event that seems to come from a process with a slow clock or a slow transaction.
    async fn an_earlier_event_that_comes_later_is_told(&self, one: &Key, other: &Key) -> Result<(), Broken> {
        let both = [one, other];
        for (key, at) in [(one, 1_800_000_000), (other, 1_700_000_000), (one, 1_600_000_000)] {
            let revision = u64::from(at == 1_600_000_000);
            self.write(key, revision, &[event(key, at, BLOCKED)]).await?;
            let waiting = self.waiting_for(&both, 64).await?;
            if waiting.len() != 1 {
                let how =
                    format!("an event that is earlier than what was told already: {} wait", waiting.len());
                return broken(NOBODY, how);
            }
            self.acknowledge(&waiting).await?;
            if !self.waiting_for(&both, 64).await?.is_empty() {
                return broken(ONCE, "what was acknowledged waits still");
            }
        }
        Ok(())
    }

    /// Tries writers with clocks of their own, and a mailer among them.
    async fn a_round_among_writers_passes_over_nobody(&self, keys: &[Key]) -> Result<(), Broken> {
        type Racer<'a> = Pin<Box<dyn Future<Output = Result<Vec<NoticeId>, Broken>> + 'a>>;
        let mut dice = Dice::new();
        let mut racers: Vec<Racer<'_>> = Vec::new();
        for key in keys {
            let at = 1_800_000_000 - u64::try_from(dice.below(1_000)).unwrap_or(0);
            racers.push(Box::pin(async move {
                for revision in 0..4 {
                    let blocked = [event(key, at + 13 * revision, BLOCKED)];
                    self.write(key, revision, &blocked).await?;
                }
                Ok(Vec::new())
            }));
        }
        racers.push(Box::pin(async move {
            let mut told = Vec::new();
            for _ in 0..64 {
                told.extend(self.round(keys).await?);
            }
            Ok(told)
        }));
        let mut told = Vec::new();
        for racer in race(&mut dice, racers).await {
            told.extend(racer?);
        }
        told.extend(self.round(keys).await?);
        let distinct = told.iter().collect::<HashSet<_>>().len();
        if distinct != 4 * keys.len() {
            let how = format!("of {} notices {distinct} were told", 4 * keys.len());
            return broken(NOBODY, how);
        }
        match self.waiting_for(&keys.iter().collect::<Vec<_>>(), 64).await?.len() {
            0 => Ok(()),
            left => broken(ONCE, format!("all were told and acknowledged, and {left} wait")),
        }
    }

    /// Tells these users what they have to be told, and leaves alone what belongs to others.
    async fn round(&self, keys: &[Key]) -> Result<Vec<NoticeId>, Broken> {
        let mut told = Vec::new();
        let round = tell_waiting(self.store, |notice| {
            let ours = keys.iter().any(|key| concerns(&notice, key));
            told.extend(ours.then_some(notice.id));
            std::future::ready(if ours { Delivery::Done } else { Delivery::NotYet })
        });
        round.await.map_err(|error| failed(FAILURE, "a round failed", error))?;
        Ok(told)
    }

    async fn write(&self, key: &Key, upon: u64, events: &[Event]) -> Result<(), Broken> {
        match UserRecords(self.store)
            .try_swap(key, upon, &bytes(upon, 40), events)
            .await
            .map_err(swap_failed)?
        {
            Swap::Done => Ok(()),
            Swap::Stale => broken(SAME_STEP, format!("a swap upon revision {upon} of a fresh id was stale")),
        }
    }

    /// Returns all notices that wait for these users, read in pages of this size.
    async fn waiting_for(&self, keys: &[&Key], page: u32) -> Result<Vec<Notice>, Broken> {
        let (mut all, mut after) = (Vec::new(), None::<NoticeId>);
        loop {
            let read = self.store.waiting(after.as_ref(), page).await;
            let read = read.map_err(|error| failed(FAILURE, "what waits cannot be read", error))?;
            if read.len() > usize::try_from(page).unwrap_or(usize::MAX) {
                return broken(NOBODY, format!("{page} notices were asked for, and {} came", read.len()));
            }
            let Some(last) = read.last() else { return Ok(all) };
            if after.as_ref() == Some(&last.id) {
                return broken(NOBODY, "what comes after a notice is again that notice: no round would end");
            }
            after = Some(last.id.clone());
            all.extend(read.into_iter().filter(|notice| keys.iter().any(|key| concerns(notice, key))));
        }
    }

    async fn acknowledge(&self, told: &[Notice]) -> Result<(), Broken> {
        let ids: Vec<NoticeId> = told.iter().map(|notice| notice.id.clone()).collect();
        let acknowledged = self.store.acknowledge(&ids).await;
        acknowledged.map_err(|error| failed(FAILURE, "what was told cannot be acknowledged", error))
    }
}

fn concerns(notice: &Notice, key: &Key) -> bool {
    notice.id.org == key.org && notice.event.user.as_deref() == key.user.as_ref().map(UserId::as_str)
}

fn swap_failed(error: BoxError) -> Broken {
    failed(FAILURE, "a swap failed", error)
}

fn event(key: &Key, at: u64, kind: EventKind) -> Event {
    Event {
        at: Timestamp::from_unix(at),
        org: key.org.clone(),
        user: key.user.clone(),
        by: Actor::Host,
        kind,
        seen_from: None,
        checked_in_from: None,
    }
}
