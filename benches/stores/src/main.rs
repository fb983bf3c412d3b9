//! How fast the stores are, and how much room they take.
//!
//! ```text
//! cargo run --release --manifest-path benches/stores/Cargo.toml -- COMMAND [--write] [--folder FOLDER] [--seconds N] [--users N]
//!
//!   sqlite   the store in SQLite beside one transaction for each write over a pool
//!   postgres the store in PostgreSQL beside pgbench's prepared update of one row, on the same server
//!   etcd     the store in etcd beside bare puts, and how many enrolled users fit into 8 GiB of it
//!   size     how many enrolled users fit into a gigabyte
//!   trips    how often a login asks the store
//!   switch   what it costs to switch the requirement off and on, for ten users and for a million
//!   roster   what lists, reports and resets of many take in SQLite, and how much memory
//! ```
//!
//! Each prints Markdown, and with `--write` puts it into `benches/RESULTS.md`, between the marks that bear its name.
//! `--folder` says on which disk to measure; it is the folder of the build if nothing else is said. `--users` is for
//! `roster`: how many are listed (100,000).

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "it is a command")]

mod counted;
mod etcd;
mod load;
mod page;
mod population;
mod portal;
mod postgres;
mod roster;
mod server;
mod size;
mod sqlite;
mod switch;
mod trips;
mod waits;

use std::{env, path::PathBuf, time::Duration};

use countersign::BoxError;

/// How and where to measure.
#[derive(Debug)]
struct Options {
    write: bool,
    /// On the disk to measure.
    folder: PathBuf,
    /// How long each measurement takes.
    span: Duration,
    /// How many are listed.
    users: u32,
}

impl Options {
    fn parse(mut words: impl Iterator<Item = String>) -> Result<Self, BoxError> {
        let folder = env::current_exe()?.parent().ok_or("a program lies in a folder")?.to_owned();
        let mut options = Self { write: false, folder, span: Duration::from_secs(3), users: 100_000 };
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or_else(|| format!("{word} wants a value"));
            match word.as_str() {
                "--write" => options.write = true,
                "--folder" => options.folder = value()?.into(),
                "--seconds" => options.span = Duration::from_secs(value()?.parse()?),
                "--users" => options.users = value()?.parse()?,
                _ => return Err(format!("there is no option {word}").into()),
            }
        }
        Ok(options)
    }
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let mut words = env::args().skip(1);
    let command = words.next().unwrap_or_default();
    if command == "roster-deed" {
        return roster::as_a_process(words).await;
    }
    let options = Options::parse(words)?;
    let markdown = match command.as_str() {
        "sqlite" => sqlite::markdown(&options).await?,
        "postgres" => postgres::markdown(&options).await?,
        "etcd" => etcd::markdown(&options).await?,
        "size" => size::markdown(&options).await?,
        "trips" => trips::markdown().await?,
        "switch" => switch::markdown(&options).await?,
        "roster" => roster::markdown(&options).await?,
        _ => return Err("say what to measure: sqlite, postgres, etcd, size, trips, switch or roster".into()),
    };
    println!("{markdown}");
    if options.write { page::put_into_results(&command, &markdown) } else { Ok(()) }
}
