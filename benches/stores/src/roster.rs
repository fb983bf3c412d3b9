//! What lists, reports and resets of many take in SQLite: how long, and how much memory, for some people and for ten
//! times as many.
//!
//! Each is done by a process of its own, so that its peak of memory is its own: `roster-deed` is that process, and not
//! meant to be called by hand.

mod deeds;
mod people;

use std::{
    env,
    fmt::Write as _,
    path::Path,
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use countersign::{BoxError, Requirement, Stamp, store::sqlite::SqliteStore};
use tokio::task::JoinSet;

pub(crate) use self::deeds::as_a_process;
use self::{deeds::Deed, people::People};
use crate::{
    Options, page,
    portal::{Portal, admin},
    waits::{milliseconds, thousands},
};

/// What a deed came to.
struct Told {
    took: Duration,
    /// How many it was about.
    of: u64,
    /// The most memory that its process ever held (`VmHWM` in proc(5)).
    kibibytes: u64,
}

pub(crate) async fn markdown(options: &Options) -> Result<String, BoxError> {
    let sizes = [options.users / 10, options.users];
    let mut told = Vec::new();
    for users in sizes {
        told.push(of_so_many(&options.folder, users).await?);
    }
    let [some, many] = sizes.map(|users| thousands(users.into()));
    let mut table = format!(
        "On {}:\n\n| | {some} people | at most in memory | {many} people | at most in memory |\n\
         | --- | ---: | ---: | ---: | ---: |\n",
        page::machine(&options.folder),
    );
    for (which, deed) in Deed::ALL.into_iter().enumerate() {
        let cells: Vec<String> = told.iter().map(|told| cells(&told[which])).collect();
        writeln!(table, "| {} | {} |", deed.title(), cells.join(" | "))?;
    }
    Ok(table)
}

#[allow(clippy::cast_precision_loss, reason = "nobody has that many")]
fn cells(Told { took, of, kibibytes }: &Told) -> String {
    let memory = thousands(*kibibytes as f64 / 1024.0);
    if *of == 0 {
        return format!("| {memory} MiB");
    }
    format!("{} for {} | {memory} MiB", milliseconds(*took), thousands(*of as f64))
}

async fn of_so_many(folder: &Path, users: u32) -> Result<Vec<Told>, BoxError> {
    let folder = tempfile::tempdir_in(folder)?;
    let file = folder.path().join("roster.sqlite");
    eprintln!("enrolling {users} users");
    let stamp = enroll(&file, users.into()).await?;
    let mut told = Vec::new();
    for deed in Deed::ALL {
        eprintln!("{users} users: {}", deed.word());
        let output = Command::new(env::current_exe()?)
            .args(["roster-deed", deed.word(), stamp.expose()])
            .arg(&file)
            .stderr(std::process::Stdio::inherit())
            .output()?;
        told.push(Told::parse(&output.stdout).ok_or_else(|| format!("{} failed", deed.word()))?);
    }
    Ok(told)
}

/// Enrolls nine of ten people through the library, since their records have to open, and signs in the Master Admin among
/// them.
async fn enroll(file: &Path, users: u64) -> Result<Stamp, BoxError> {
    let store = SqliteStore::open(file).await?;
    let people = People::populate(store.pool().clone(), users).await?;
    let portal = Portal::of(people.clone(), store)?;
    let pass = portal.walk_in(&admin()).await?;
    portal.switch(&pass, Requirement::On).await?;
    let (portal, next) = (Arc::new(portal), Arc::new(AtomicU64::new(0)));
    let mut tasks = JoinSet::<Result<(), BoxError>>::new();
    for _ in 0..64 {
        let (portal, next) = (Arc::clone(&portal), Arc::clone(&next));
        tasks.spawn(async move {
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= users {
                    return Ok(());
                }
                if number % 10 != 0 {
                    let _ = portal.enroll(&people::id(number)).await?;
                }
            }
        });
    }
    for joined in tasks.join_all().await {
        joined?;
    }
    let (_, pass) = portal.enroll(&admin()).await?;
    people.close().await;
    Ok(pass.stamp().clone())
}

impl Told {
    fn parse(line: &[u8]) -> Option<Self> {
        let numbers: Result<Vec<u64>, _> =
            std::str::from_utf8(line).ok()?.split_whitespace().map(str::parse).collect();
        let [nanoseconds, of, kibibytes] = numbers.ok()?[..] else { return None };
        Some(Self { took: Duration::from_nanos(nanoseconds), of, kibibytes })
    }
}
