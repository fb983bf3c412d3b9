//! How many enrolled users fit into a gigabyte of SQLite.

use std::fmt::Write as _;

use countersign::{BoxError, store::sqlite::SqliteStore};

use crate::{Options, population::Population, waits::thousands};

const USERS: u32 = 50_000;

pub(crate) async fn markdown(options: &Options) -> Result<String, BoxError> {
    let population = Population::of_one().await?;
    let folder = tempfile::tempdir_in(&options.folder)?;
    let store = SqliteStore::open(folder.path().join("size.sqlite")).await?;
    let empty = bytes(&store).await?;
    population.enroll(&store, USERS.into()).await?;
    Population::tell(&store).await?;
    let enrolled = bytes(&store).await?;
    for number in 0..USERS {
        let _ = population.log_in(&store, number.into()).await?;
    }
    let logged_in = bytes(&store).await?;

    let mut page = format!(
        "A sealed record has {} bytes. Of {} users each takes in the file, indexes and half-empty pages among it:\n\n\
         | | bytes | users in a gigabyte |\n| --- | ---: | ---: |\n",
        population.record_bytes(),
        thousands(USERS.into()),
    );
    for (what, bytes) in [
        ("enrolled: the record and the events of the enrollment", enrolled - empty),
        ("and logged in once: one event more", logged_in - empty),
        ("each further login", logged_in - enrolled),
    ] {
        let each = bytes / f64::from(USERS);
        writeln!(page, "| {what} | {each:.0} | {} |", thousands(1e9 / each))?;
    }
    Ok(page)
}

/// Without pages that are free to be used again.
async fn bytes(store: &SqliteStore) -> Result<f64, BoxError> {
    const BYTES: &str = "SELECT CAST((page_count - freelist_count) * page_size AS REAL)
        FROM pragma_page_count, pragma_freelist_count, pragma_page_size";
    Ok(sqlx::query_scalar(BYTES).fetch_one(store.pool()).await?)
}
