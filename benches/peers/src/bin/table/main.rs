//! The table of peers in `benches/RESULTS.md`.
//!
//!     benches/peers/table            measures, and prints it
//!     benches/peers/table --write    puts it into benches/RESULTS.md, too
//!
//! Each crate is built by itself, as those who use it have it: with cargo's own release profile, no flags, and nobody
//! else's features. All processes then take turns in short batches, so that whatever else the machine does hits all
//! alike, and of many rounds the least counts: what a case costs when nothing came in between.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "it is a command")]

mod machine;
mod report;
mod workers;

use std::{env, error::Error, fs, path::Path};

use peers::NAMES;
use workers::{Backend, Worker};

const ROUNDS: u32 = 2_000;
/// Those that share countersign's hash crate, whose backend can be chosen. The others would not be measured at
/// anything new.
const PORTABLE: [&str; 3] = ["countersign", "totp-rs", "totp-rfc"];

const BEGIN: &str = "<!-- written by benches/peers/table -->";
const END: &str = "<!-- as far as here -->";

fn main() -> Result<(), Box<dyn Error>> {
    let write = match env::args().skip(1).collect::<Vec<_>>().as_slice() {
        [] => false,
        [only] if only == "--write" => true,
        _ => return Err("the only option is --write".into()),
    };
    let mut workers = Vec::new();
    for name in NAMES {
        workers.push(Worker::build(name, Backend::Chosen)?);
    }
    for name in PORTABLE {
        workers.push(Worker::build(name, Backend::Portable)?);
    }
    eprintln!("measuring, {ROUNDS} rounds");
    for worker in &mut workers {
        worker.find_batches()?;
    }
    for _ in 0..ROUNDS {
        for worker in &mut workers {
            worker.measure()?;
        }
    }
    let times = workers.iter().flat_map(Worker::least).collect();
    let markdown = report::markdown(&times);
    println!("{markdown}\n{}", report::targets(&times));
    if write {
        put_into(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../RESULTS.md"), &markdown)?;
    }
    Ok(())
}

fn put_into(page: &Path, markdown: &str) -> Result<(), Box<dyn Error>> {
    let text = fs::read_to_string(page)?;
    let marks = || {
        let (before, rest) = text.split_once(BEGIN)?;
        Some((before, rest.split_once(END)?.1))
    };
    let (before, after) = marks().ok_or_else(|| format!("{} lacks {BEGIN} … {END}", page.display()))?;
    fs::write(page, format!("{before}{BEGIN}\n{markdown}{END}{after}"))?;
    Ok(())
}
