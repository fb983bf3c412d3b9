//! One crate alone, measured on demand: what `table` starts and asks.
//!
//! It first tells the cases that it has, a line each of crate and number of the case, and an empty line. Then it reads
//! lines of which of them, and how often, and answers each with the nanoseconds.

use std::io::{self, BufRead as _, Write as _};

use peers::{Case, PEERS, Work};

fn main() -> io::Result<()> {
    let mut works = all();
    let mut out = io::stdout().lock();
    for (name, case, _) in &works {
        writeln!(out, "{name} {case}")?;
    }
    writeln!(out)?;
    out.flush()?;
    for line in io::stdin().lock().lines() {
        let line = line?;
        let (work, times) = line.split_once(' ').ok_or(io::ErrorKind::InvalidData)?;
        let work: usize = work.parse().map_err(io::Error::other)?;
        let times: u64 = times.parse().map_err(io::Error::other)?;
        let (_, _, work) = works.get_mut(work).ok_or(io::ErrorKind::InvalidData)?;
        // The peer that was measured in the meantime has filled the caches with its own data.
        work.time(times / 8 + 1);
        writeln!(out, "{}", work.time(times).as_nanos())?;
        out.flush()?;
    }
    Ok(())
}

fn all() -> Vec<(&'static str, usize, Work)> {
    let mut works = Vec::new();
    for (number, case) in Case::ALL.into_iter().enumerate() {
        for peer in PEERS {
            works.extend(peer.work(case).map(|work| (peer.name, number, work)));
        }
        #[cfg(feature = "countersign")]
        works.extend(peers::floor(case).map(|work| ("floor", number, work)));
    }
    works
}
