//! What a fault did to the portals, from the time at which the servers were harmed until the next fault.

use std::{collections::BTreeMap, fmt};

use crate::{ledger::Entry, load::Written};

pub(crate) struct Outage {
    fault: String,
    /// The longest time in which nothing was acknowledged to anybody, in milliseconds.
    longest: u64,
    acknowledged: usize,
    granted: usize,
    /// The calls that failed, by kind.
    failures: BTreeMap<String, usize>,
}

/// One for each fault. The entries are in the order of time.
pub(crate) fn outages(written: &Written) -> Vec<Outage> {
    let ends = written.faults.iter().skip(1).map(|(at, _)| *at).chain([u64::MAX]);
    let mut outages = Vec::new();
    for ((from, fault), to) in written.faults.iter().zip(ends) {
        let mut outage = Outage {
            fault: fault.clone(),
            longest: 0,
            acknowledged: 0,
            granted: 0,
            failures: BTreeMap::new(),
        };
        let mut last = *from;
        for (at, entry) in written.entries.iter().filter(|(at, _)| (*from..to).contains(at)) {
            match entry {
                Entry::Acknowledged { .. } => {
                    outage.acknowledged += 1;
                    outage.longest = outage.longest.max(at - last);
                    last = *at;
                }
                Entry::Granted { .. } => outage.granted += 1,
                Entry::Failed { kind } => *outage.failures.entry(kind.clone()).or_default() += 1,
                Entry::Violated { .. } => {}
            }
        }
        outages.push(outage);
    }
    outages
}

impl fmt::Display for Outage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { fault, longest, acknowledged, granted, failures } = self;
        writeln!(f, "{fault}:")?;
        write!(
            f,
            "  nothing was acknowledged for {}.{} s; then and until the next fault ",
            longest / 1000,
            longest % 1000 / 100
        )?;
        write!(f, "{acknowledged} writes were, {granted} logins were granted, calls that failed: ")?;
        if failures.is_empty() {
            return f.write_str("none");
        }
        let failures: Vec<String> = failures.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
        f.write_str(&failures.join(", "))
    }
}
