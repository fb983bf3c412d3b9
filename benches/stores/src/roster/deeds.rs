//! What is measured, each in a process of its own.

use std::{
    fs,
    io::{BufWriter, Write as _},
    path::Path,
    time::Instant,
};

use countersign::{
    BoxError, Pass, Stamp, TwoFactor,
    admin::{BulkReset, CsvLine, Outcome, Targets},
    audit::Password,
    store::sqlite::SqliteStore,
};

use super::people::People;
use crate::portal::{Portal, granted};

/// How many are reset when it is no dry run.
const RESETS: u64 = 5_000;

#[derive(Clone, Copy, Debug)]
pub(super) enum Deed {
    Nothing,
    Counts,
    Csv,
    DryRun,
    Resets,
}

impl Deed {
    /// In an order in which none disturbs the next.
    pub(super) const ALL: [Self; 5] = [Self::Nothing, Self::Counts, Self::Csv, Self::DryRun, Self::Resets];

    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Counts => "counts",
            Self::Csv => "csv",
            Self::DryRun => "dry-run",
            Self::Resets => "resets",
        }
    }

    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Nothing => {
                "the process by itself: the store is opened and a Master Admin's session taken up"
            }
            Self::Counts => "`counts`",
            Self::Csv => "`report`, all of it, into a CSV file",
            Self::DryRun => "`reset_many`, a dry run of everybody",
            Self::Resets => "`reset_many`, the first of everybody, each with a commit",
        }
    }
}

/// Does what the words say, and prints how many nanoseconds it took, how many it was about and the peak of memory.
pub(crate) async fn as_a_process(mut words: impl Iterator<Item = String>) -> Result<(), BoxError> {
    let mut word = || words.next().ok_or("a deed, a stamp and a file");
    let (deed, stamp, file) = (word()?, Stamp::from(word()?), word()?);
    let deed = Deed::ALL.into_iter().find(|known| known.word() == deed).ok_or("there is no such deed")?;
    let store = SqliteStore::open(&file).await?;
    let people = People::over(store.pool().clone());
    let two_factor = Portal::of(people, store)?.two_factor;
    let pass = two_factor.resume(&stamp).await?.ok_or("the session is over")?;
    let begin = Instant::now();
    let of = match deed {
        Deed::Nothing => 0,
        Deed::Counts => granted(two_factor.admin(&pass).counts().await?)?.everybody(),
        Deed::Csv => csv(&two_factor, &pass, &Path::new(&file).with_extension("csv")).await?,
        Deed::DryRun => {
            go_through(
                two_factor.admin(&pass).reset_many(Targets::everybody(), Password::AsBefore).dry_run(),
                u64::MAX,
            )
            .await?
        }
        Deed::Resets => {
            go_through(two_factor.admin(&pass).reset_many(Targets::everybody(), Password::AsBefore), RESETS)
                .await?
        }
    };
    println!("{} {of} {}", begin.elapsed().as_nanos(), peak_kibibytes()?);
    Ok(())
}

async fn csv(two_factor: &TwoFactor, pass: &Pass, path: &Path) -> Result<u64, BoxError> {
    let mut file = BufWriter::new(fs::File::create(path)?);
    let mut report = granted(two_factor.admin(pass).report().await?)?;
    write!(file, "{}", CsvLine::HEAD)?;
    let mut rows = 0;
    loop {
        let page = report.next_page(1_000).await?;
        if page.is_empty() {
            file.into_inner()?.sync_all()?;
            return Ok(rows);
        }
        for row in &page {
            write!(file, "{}", row.csv())?;
            rows += 1;
        }
    }
}

/// Runs until `enough` are reset, or would be.
async fn go_through(mut run: BulkReset<'_>, enough: u64) -> Result<u64, BoxError> {
    let mut reset = 0;
    while reset < enough {
        let Some(one) = granted(run.next().await?)? else { break };
        match one.outcome {
            Outcome::Reset | Outcome::WouldReset => reset += 1,
            Outcome::NothingToReset => {}
            other => return Err(format!("{}: {other}", one.user).into()),
        }
    }
    Ok(reset)
}

fn peak_kibibytes() -> Result<u64, BoxError> {
    let status = fs::read_to_string("/proc/self/status")?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.split_whitespace().next());
    Ok(peak.ok_or("Linux tells the peak of a process")?.parse()?)
}
