//! What it costs to switch the requirement off and on, beside an update of every user's row.

use std::{fmt::Write as _, time::Instant};

use countersign::{BoxError, store::postgres::PostgresStore};
use sqlx::AssertSqlSafe;

use crate::{
    counted::Counted,
    population::Population,
    server::Server,
    switch::{USERS, off_and_on},
    waits::{milliseconds, thousands},
};

pub(super) async fn markdown(server: &Server) -> Result<String, BoxError> {
    let mut table =
        "| enrolled users | off and on | writes to the store | an update of every row instead |\n\
         | ---: | ---: | ---: | ---: |\n"
            .to_owned();
    for users in USERS {
        eprintln!("enrolling {users} users");
        let schema = format!("switch_{users}");
        let store = Counted::new(server.store(PostgresStore::pool_options(), &schema).await?);
        Population::of_one().await?.enroll(&store, users.into()).await?;
        let (took, swaps) = off_and_on(&store).await?;
        let begin = Instant::now();
        let update =
            format!("UPDATE {schema}.countersign_users SET enrolled_epoch = NULL, revision = revision + 1");
        sqlx::raw_sql(AssertSqlSafe(update)).execute(store.store().pool()).await?;
        let (took, update) = (milliseconds(took), milliseconds(begin.elapsed()));
        writeln!(table, "| {} | {took} | {swaps} | {update} |", thousands(users.into()))?;
    }
    Ok(table)
}
