//! The account: what the portals were promised against what is there.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    path::Path,
};

use countersign::{SettingsStore as _, Stored, Timestamp, UserStore as _, Verdict, store::postgres::PostgresStore, testing::ManualClock};

use crate::{
    Failure,
    ledger::{Entry, Key},
    load::Written,
    portal::{self, Portal, RACERS},
};

/// What came of it.
pub(crate) struct Account {
    acknowledged: usize,
    granted: usize,
    events: u64,
    outages: Vec<Outage>,
    /// Writes that were acknowledged and are not there, nor is anything that was written upon them.
    lost: Vec<String>,
    lost_events: u64,
    /// Whatever else must not be.
    violations: Vec<String>,
}

/// What a fault did to the portals.
struct Outage {
    fault: String,
    /// The longest time in which nothing was acknowledged to anybody, in milliseconds.
    longest: u64,
    /// The failures, by kind.
    failures: BTreeMap<String, usize>,
}

impl Account {
    pub(crate) async fn draw_up(written: &Written, store: &PostgresStore, keys: &Path) -> Result<Self, Failure> {
        let mut account = Self {
            acknowledged: 0,
            granted: 0,
            events: 0,
            outages: outages(written),
            lost: Vec::new(),
            lost_events: 0,
            violations: Vec::new(),
        };
        // Each revision of each record, the fingerprint of what was acknowledged, and how many events came with it.
        let mut promised: BTreeMap<&Key, BTreeMap<u64, (&str, usize)>> = BTreeMap::new();
        let mut last_step: BTreeMap<&str, u64> = BTreeMap::new();
        let mut steps = BTreeSet::new();
        for (_, entry) in &written.entries {
            match entry {
                Entry::Acknowledged { key, revision, record, events } => {
                    account.acknowledged += 1;
                    let revisions = promised.entry(key).or_default();
                    if revisions.insert(*revision, (record, *events)).is_some() {
                        account.violations.push(format!("revision {revision} of {key} was acknowledged twice"));
                    }
                }
                Entry::Granted { enrollment, step } => {
                    account.granted += 1;
                    if !steps.insert((enrollment, step)) {
                        account.violations.push(format!("the code of step {step} let {enrollment} in twice"));
                    }
                    let last = last_step.entry(enrollment).or_default();
                    *last = (*last).max(*step);
                }
                Entry::Failed { .. } => {}
                Entry::Violated { what } => account.violations.push(what.clone()),
            }
        }
        for (key, revisions) in promised {
            account.compare(store, key, &revisions).await?;
        }
        account.try_spent_codes(store, keys, &last_step).await?;
        Ok(account)
    }

    /// Is the last that was acknowledged of a record there, or what was written upon it? And its events?
    async fn compare(
        &mut self,
        store: &PostgresStore,
        key: &Key,
        promised: &BTreeMap<u64, (&str, usize)>,
    ) -> Result<(), Failure> {
        let org = portal::org(&key.org);
        let stored = match &key.user {
            Some(user) => store.load_user(&org, &portal::user(user)).await?,
            None => store.load_settings(&org).await?,
        };
        let Stored { revision: there, record } = stored.unwrap_or(Stored { revision: 0, record: Vec::new() });
        for (&revision, &(fingerprint, events)) in promised {
            let found = portal::events_of(store, key, revision).await?;
            self.events += found;
            self.lost_events += (events as u64).saturating_sub(found);
            let is_there = revision < there || revision == there && fingerprint == portal::fingerprint(&record);
            if !is_there {
                self.lost.push(format!("revision {revision} of {key} (there is {there})"));
            }
        }
        Ok(())
    }

    /// A code that let somebody in must not do so again, not even at the time that it belongs to.
    async fn try_spent_codes(
        &mut self,
        store: &PostgresStore,
        keys: &Path,
        last_step: &BTreeMap<&str, u64>,
    ) -> Result<(), Failure> {
        let clock = ManualClock::at(Timestamp::from_unix(0));
        let portal = Portal::new(store.clone(), clock.clone(), None)?;
        let apps = portal::authenticators(keys)?;
        for user in RACERS {
            let Some(step) = last_step.get(user) else { continue };
            let at = Timestamp::from_unix(step * 30);
            clock.set(at);
            if let Some(Verdict::Granted(_)) = portal.log_in(user, &apps[user].code_at(at)).await? {
                self.violations.push(format!("the code of step {step} would let {user} in again"));
            }
        }
        Ok(())
    }

    /// Whether everything that was promised was kept.
    pub(crate) fn is_kept(&self) -> bool {
        self.lost.is_empty() && self.lost_events == 0 && self.violations.is_empty()
    }

    /// How many acknowledged writes are missing.
    pub(crate) fn lost(&self) -> usize {
        self.lost.len()
    }
}

/// For each fault, until the next one.
fn outages(written: &Written) -> Vec<Outage> {
    let ends = written.faults.iter().skip(1).map(|(at, _)| *at).chain([u64::MAX]);
    let during = |from, to| written.entries.iter().filter(move |(at, _)| (from..to).contains(at));
    let mut outages = Vec::new();
    for ((from, fault), to) in written.faults.iter().zip(ends) {
        let (mut longest, mut last, mut failures) = (0, *from, BTreeMap::new());
        for (at, entry) in during(*from, to) {
            match entry {
                Entry::Acknowledged { .. } => {
                    longest = longest.max(at - last);
                    last = *at;
                }
                Entry::Failed { kind } => *failures.entry(kind.clone()).or_default() += 1,
                _ => {}
            }
        }
        outages.push(Outage { fault: fault.clone(), longest, failures });
    }
    outages
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.user {
            Some(user) => f.write_str(user),
            None => write!(f, "the settings of {}", self.org),
        }
    }
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\n{} writes were acknowledged, {} logins granted.", self.acknowledged, self.granted)?;
        for Outage { fault, longest, failures } in &self.outages {
            write!(f, "{fault}: nothing was acknowledged for {}.{} s", longest / 1000, longest % 1000 / 100)?;
            for (kind, count) in failures {
                write!(f, ", {count} × {kind}")?;
            }
            writeln!(f)?;
        }
        writeln!(f, "acknowledged writes that are missing: {}", self.lost.len())?;
        writeln!(f, "events of acknowledged writes that are missing: {} (there are {})", self.lost_events, self.events)?;
        writeln!(f, "other violations: {}", self.violations.len())?;
        for what in self.lost.iter().take(10).chain(&self.violations) {
            writeln!(f, "  {what}")?;
        }
        Ok(())
    }
}
