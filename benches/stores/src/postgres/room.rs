//! How many enrolled users fit into a gigabyte of PostgreSQL.

use std::fmt::Write as _;

use countersign::{BoxError, store::postgres::PostgresStore};

use crate::{population::Population, server::Server, waits::thousands};

const USERS: u32 = 50_000;

pub(super) async fn markdown(server: &Server) -> Result<String, BoxError> {
    let population = Population::of_one().await?;
    let store = server.store(PostgresStore::pool_options(), "room").await?;
    let empty = bytes(&store).await?;
    population.enroll(&store, USERS.into()).await?;
    Population::tell(&store).await?;
    let enrolled = bytes(&store).await?;
    for number in 0..USERS {
        let _ = population.log_in(&store, number.into()).await?;
    }
    let logged_in = bytes(&store).await?;

    let mut page = format!(
        "A sealed record has {} bytes. Of {} users each takes in the tables and their indexes, after a vacuum:\n\n\
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

async fn bytes(store: &PostgresStore) -> Result<f64, BoxError> {
    const BYTES: &str = "SELECT sum(pg_total_relation_size(oid))::float8 FROM pg_class
        WHERE relkind = 'r' AND relnamespace = 'room'::regnamespace";
    // Old rows would count as well.
    for vacuum in [
        "VACUUM FULL room.countersign_users",
        "VACUUM FULL room.countersign_events",
        "VACUUM FULL room.countersign_outbox",
    ] {
        sqlx::raw_sql(vacuum).execute(store.pool()).await?;
    }
    Ok(sqlx::query_scalar(BYTES).fetch_one(store.pool()).await?)
}
