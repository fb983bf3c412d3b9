//! The store in SQLite beside what one would write without it: a transaction for each write, over a pool.

mod plain;

use std::{fmt::Write as _, sync::Arc};

use countersign::{BoxError, store::sqlite::SqliteStore};

use self::plain::Plain;
use crate::{
    Options, load, page,
    population::Population,
    waits::{Waits, thousands},
};

const USERS: u32 = 100_000;
/// The number of turns. Whatever else the machine does then hits both alike.
const TURNS: usize = 5;

pub(crate) async fn markdown(options: &Options) -> Result<String, BoxError> {
    let population = Arc::new(Population::of_one().await?);
    let folder = tempfile::tempdir_in(&options.folder)?;
    let paths = ["ours.sqlite", "plain.sqlite"].map(|name| folder.path().join(name));
    eprintln!("enrolling {USERS} users");
    let store = SqliteStore::open(&paths[0]).await?;
    population.enroll(&store, USERS.into()).await?;
    store.pool().close().await;
    drop(store);
    std::fs::copy(&paths[0], &paths[1])?;

    let (ours, plain) = (SqliteStore::open(&paths[0]).await?, Plain::open(&paths[1]).await?);
    let mut table = format!(
        "On {}; each task reads a user's record and writes the next one, of {} users:\n\n\
         | tasks | store | {} |\n| ---: | --- | ---: | ---: | ---: | ---: | ---: |\n",
        page::machine(&options.folder),
        thousands(USERS.into()),
        Waits::TITLES,
    );
    let mut targets = String::new();
    for tasks in [1, 8, 64] {
        let (mut by_ours, mut by_plain) = (Waits::default(), Waits::default());
        for turn in 1..=TURNS {
            eprintln!("{tasks} tasks, turn {turn} of {TURNS}");
            by_ours.extend(load::run(&ours, &population, USERS.into(), tasks, options.span).await?);
            by_plain.extend(load::run(&plain, &population, USERS.into(), tasks, options.span).await?);
        }
        for (name, waits) in [("`SqliteStore`", &by_ours), ("a transaction each", &by_plain)] {
            writeln!(table, "| {tasks} | {name} | {} |", waits.cells())?;
        }
        eprintln!("{tasks} tasks: {} and {} failures", by_ours.failures(), by_plain.failures());
        targets += &judged(tasks, &by_ours, &by_plain);
    }
    Ok(format!("{table}\n{targets}"))
}

/// What we set out for, and whether it holds.
fn judged(tasks: usize, ours: &Waits, plain: &Waits) -> String {
    let faster = ours.rate() / plain.rate();
    let [nearly_all, worst] =
        [ours.at(999).div_duration_f64(plain.at(999)), ours.worst().div_duration_f64(plain.worst())];
    let (least, most) = match tasks {
        1 => (Some(0.8), None),
        64 => (Some(4.0), Some(0.1)),
        _ => (None, None),
    };
    let verdict = |holds: bool| if holds { "holds" } else { "MISSED" };
    let at_least =
        least.map(|least| format!(" (at least {least}: {})", verdict(faster >= least))).unwrap_or_default();
    let at_most =
        most.map(|most| format!(" (at most {most}: {})", verdict(worst <= most))).unwrap_or_default();
    format!(
        "* {tasks} tasks: {faster:.2} of its throughput{at_least}, {nearly_all:.3} of its waits at 99.9 %, \
         {worst:.3} of its longest wait{at_most}\n"
    )
}
