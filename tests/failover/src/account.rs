//! The account: what the portals were promised against what is there.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    path::Path,
};

use countersign::{Refusal, Timestamp, Verdict, store::postgres::PostgresStore, testing::ManualClock};

use crate::{
    Failure,
    kept::Kept,
    ledger::{Entry, Key},
    load::Written,
    outage::{Outage, outages},
    portal::{self, Portal, RACERS},
};

/// What came of it.
pub(crate) struct Account {
    outages: Vec<Outage>,
    granted: usize,
    acknowledged: usize,
    /// By kind of event: how many came with acknowledged writes.
    events: BTreeMap<String, Tally>,
    /// Writes that were acknowledged and are not there.
    lost: Vec<String>,
    /// Codes that let somebody in, and would again.
    accepted_again: Vec<String>,
    /// Whatever else must not be.
    violations: Vec<String>,
}

#[derive(Default)]
struct Tally {
    promised: u64,
    missing: u64,
}

/// What the portals were promised of one record, write by write. No revision occurs twice, unless one was lost.
type Promised<'a> = Vec<(u64, &'a str, &'a [String])>;

/// Without these an account says nothing: a code consumed, a guess counted, a reset, a change of the policy.
const MUST_OCCUR: [&str; 4] = ["code-accepted", "code-refused", "reset", "requirement-changed"];

impl Account {
    pub(crate) async fn draw_up(
        written: &Written,
        store: &PostgresStore,
        keys: &Path,
    ) -> Result<Self, Failure> {
        let mut account = Self {
            outages: outages(written),
            granted: 0,
            acknowledged: 0,
            events: MUST_OCCUR.map(|kind| (kind.to_owned(), Tally::default())).into(),
            lost: Vec::new(),
            accepted_again: Vec::new(),
            violations: Vec::new(),
        };
        let mut promised: BTreeMap<&Key, Promised<'_>> = BTreeMap::new();
        let mut steps: BTreeMap<&str, BTreeSet<u64>> = BTreeMap::new();
        for (_, entry) in &written.entries {
            match entry {
                Entry::Acknowledged { key, revision, record, events } => {
                    account.acknowledged += 1;
                    promised.entry(key).or_default().push((*revision, record, events));
                }
                Entry::Granted { enrollment, step } => {
                    account.granted += 1;
                    if !steps.entry(enrollment).or_default().insert(*step) {
                        let what = format!("the code of step {step} let {enrollment} in twice");
                        account.accepted_again.push(what);
                    }
                }
                Entry::Failed { .. } => {}
                Entry::Violated { what } => account.violations.push(what.clone()),
            }
        }
        for (key, promised) in promised {
            account.compare(key, &promised, &Kept::of(key, store.pool()).await?);
        }
        account.try_spent_codes(store, keys, &steps).await?;
        Ok(account)
    }

    /// Is each write that was acknowledged there, with its events?
    fn compare(&mut self, key: &Key, promised: &Promised<'_>, kept: &Kept) {
        for &(revision, fingerprint, events) in promised {
            let is_there = kept.records.get(&revision).is_some_and(|there| there == fingerprint);
            if !is_there {
                self.lost.push(format!("revision {revision} of {key} ({})", events.join(", ")));
            }
            let mut there = kept.events.get(&revision).filter(|_| is_there).cloned().unwrap_or_default();
            for kind in events {
                let tally = self.events.entry(kind.clone()).or_default();
                tally.promised += 1;
                match there.get_mut(kind) {
                    Some(left @ 1..) => *left -= 1,
                    _ => tally.missing += 1,
                }
            }
        }
        let last = kept.records.keys().next_back().copied().unwrap_or(0);
        if kept.current != last {
            let current = kept.current;
            self.violations.push(format!("{key} is at revision {current}, though {last} was written"));
        }
    }

    /// A code that let somebody in must not do so again, not even at the time that it belongs to.
    async fn try_spent_codes(
        &mut self,
        store: &PostgresStore,
        keys: &Path,
        steps: &BTreeMap<&str, BTreeSet<u64>>,
    ) -> Result<(), Failure> {
        let clock = ManualClock::at(Timestamp::from_unix(0));
        let portal = Portal::new(store.clone(), clock.clone(), None)?;
        let apps = portal::authenticators(keys)?;
        for user in RACERS {
            // Newest first: what is accepted of them would spend the earlier ones.
            let Some(&step) = steps.get(user).and_then(BTreeSet::last) else { continue };
            let at = Timestamp::from_unix(step * 30);
            clock.set(at);
            // Or it might be refused for having been guessed at too often, and not for having been used.
            portal.unlock(user).await?.into_result()?;
            match portal.log_in(user, &apps[user].code_at(at)).await? {
                Some(Verdict::Refused(Refusal::AlreadyUsed { .. })) => {}
                Some(Verdict::Granted(_)) => {
                    self.accepted_again.push(format!("the code of step {step} would let {user} in again"));
                }
                other => self.violations.push(format!("the spent code of {user} came to {other:?}")),
            }
        }
        Ok(())
    }

    /// Whether everything that was promised was kept, and was worth something.
    pub(crate) fn is_kept(&self) -> bool {
        let occurred = |(kind, tally): (&String, &Tally)| {
            tally.missing == 0 && (tally.promised > 0 || !MUST_OCCUR.contains(&kind.as_str()))
        };
        self.lost.is_empty()
            && self.accepted_again.is_empty()
            && self.violations.is_empty()
            && self.events.iter().all(occurred)
    }

    /// How many acknowledged writes are missing.
    pub(crate) fn lost(&self) -> usize {
        self.lost.len()
    }
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f)?;
        for outage in &self.outages {
            writeln!(f, "{outage}")?;
        }
        writeln!(f, "\nlogins granted: {}", self.granted)?;
        writeln!(f, "writes acknowledged: {}, missing: {}", self.acknowledged, self.lost.len())?;
        for (kind, Tally { promised, missing }) in &self.events {
            writeln!(f, "  with {kind}: {promised}, missing: {missing}")?;
        }
        writeln!(f, "codes accepted again: {}", self.accepted_again.len())?;
        writeln!(f, "other violations: {}", self.violations.len())?;
        for what in self.lost.iter().take(10).chain(&self.accepted_again).chain(&self.violations) {
            writeln!(f, "  {what}")?;
        }
        Ok(())
    }
}
