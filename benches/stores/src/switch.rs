//! What it costs to switch the requirement off and on, beside an update of every user's row.

use std::{
    fmt::Write as _,
    time::{Duration, Instant},
};

use countersign::{BoxError, Requirement, SettingsStore, UserStore, store::sqlite::SqliteStore};

use crate::{
    Options,
    counted::Counted,
    page,
    population::Population,
    portal::{Portal, admin},
    waits::{milliseconds, thousands},
};

pub(crate) const USERS: [u32; 3] = [10, 100_000, 1_000_000];

pub(crate) async fn markdown(options: &Options) -> Result<String, BoxError> {
    let mut table = format!(
        "On {}:\n\n| enrolled users | off and on | writes to the store | an update of every row instead |\n\
         | ---: | ---: | ---: | ---: |\n",
        page::machine(&options.folder),
    );
    for users in USERS {
        eprintln!("enrolling {users} users");
        let folder = tempfile::tempdir_in(&options.folder)?;
        let store = Counted::new(SqliteStore::open(folder.path().join("switch.sqlite")).await?);
        Population::of_one().await?.enroll(&store, users.into()).await?;
        let (took, swaps) = off_and_on(&store).await?;
        let update = update_of_every_row(store.store()).await?;
        let users = thousands(users.into());
        writeln!(table, "| {users} | {} | {swaps} | {} |", milliseconds(took), milliseconds(update))?;
    }
    Ok(table)
}

/// By an admin who has just shown a code.
pub(crate) async fn off_and_on<S>(store: &Counted<S>) -> Result<(Duration, u64), BoxError>
where
    S: UserStore + SettingsStore,
{
    let portal = Portal::over(store.clone())?;
    let (_, pass) = portal.enroll(&admin()).await?;
    store.take_calls();
    let begin = Instant::now();
    portal.switch(&pass, Requirement::Off).await?;
    portal.switch(&pass, Requirement::On).await?;
    Ok((begin.elapsed(), store.take_calls().swaps))
}

/// What a portal does that has a column for it.
async fn update_of_every_row(store: &SqliteStore) -> Result<Duration, BoxError> {
    let begin = Instant::now();
    sqlx::query("UPDATE countersign_users SET enrolled_epoch = NULL, revision = revision + 1")
        .execute(store.pool())
        .await?;
    Ok(begin.elapsed())
}
