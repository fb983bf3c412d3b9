//! The store in PostgreSQL beside what its own bench makes of the server: one prepared update of one row.
//!
//! A login is two statements. Were they as dear as that update, half of its rate would be all there is.

mod room;
mod switch;

use std::{fmt::Write as _, process::Command, sync::Arc, time::Duration};

use countersign::{BoxError, store::postgres::PostgresStore};
use sqlx::{PgPool, postgres::PgPoolOptions};

use crate::{
    Options, load, page,
    population::Population,
    server::Server,
    waits::{Waits, thousands},
};

const USERS: u32 = 100_000;
const TASKS: usize = 64;
/// The number of turns. Whatever else the machine does then hits all alike.
const TURNS: u32 = 5;
/// Our target, as a share of pgbench's rate.
const TARGET: f64 = 0.45;

pub(crate) async fn markdown(options: &Options) -> Result<String, BoxError> {
    let population = Arc::new(Population::of_one().await?);
    let silent = Arc::new(population.without_login_events());
    let server = Server::start(&options.folder)?;
    let ours = server.store(PostgresStore::pool_options().max_connections(64), "measured").await?;
    let plain = server.store(PgPoolOptions::new(), "measured").await?;
    eprintln!("enrolling {USERS} users");
    population.enroll(&ours, USERS.into()).await?;
    for sql in [
        "CREATE TABLE peer (LIKE measured.countersign_users INCLUDING ALL)",
        "INSERT INTO peer SELECT * FROM measured.countersign_users",
        "VACUUM ANALYZE",
        "CHECKPOINT",
    ] {
        sqlx::raw_sql(sql).execute(ours.pool()).await?;
    }

    let mut updates = 0.0;
    let [mut with_event, mut without, mut by_plain] = [(); 3].map(|()| Waits::default());
    for turn in 1..=TURNS {
        eprintln!("turn {turn} of {TURNS}");
        updates += pgbench(&server, options.span)? / f64::from(TURNS);
        with_event.extend(load::run(&ours, &population, USERS.into(), TASKS, options.span).await?);
        without.extend(load::run(&ours, &silent, USERS.into(), TASKS, options.span).await?);
        by_plain.extend(load::run(&plain, &population, USERS.into(), TASKS, options.span).await?);
    }
    let mut table = format!(
        "On {}; {}; {TASKS} tasks, {} users:\n\n| | of pgbench's rate | {} |\n\
         | --- | ---: | ---: | ---: | ---: | ---: | ---: |\n\
         | `pgbench -M prepared -c {TASKS}`: one update of one row | 1 | {} | | | | |\n",
        page::machine(&options.folder),
        version(ours.pool()).await?,
        thousands(USERS.into()),
        Waits::TITLES,
        thousands(updates),
    );
    for (what, waits) in [
        ("a load and a swap, `PostgresStore::pool_options`, 64 connections", &without),
        ("the same, and an event with each swap", &with_event),
        ("with an event, over a pool with all defaults of sqlx", &by_plain),
    ] {
        writeln!(table, "| {what} | {:.2} | {} |", waits.rate() / updates, waits.cells())?;
        eprintln!("{what}: {} failures", waits.failures());
    }
    let verdict = if without.rate() / updates >= TARGET { "holds" } else { "MISSED" };
    writeln!(
        table,
        "\nTwo statements against one, at least {TARGET}: {verdict}. An event is a further row to write."
    )?;
    let (room, switch) = (room::markdown(&server).await?, switch::markdown(&server).await?);
    Ok(format!("{table}\n{room}\n{switch}"))
}

async fn version(pool: &PgPool) -> Result<String, BoxError> {
    let version: String = sqlx::query_scalar("SHOW server_version").fetch_one(pool).await?;
    Ok(format!("PostgreSQL {version}"))
}

/// Updates a second.
fn pgbench(server: &Server, span: Duration) -> Result<f64, BoxError> {
    let script = tempfile::NamedTempFile::new()?;
    std::fs::write(
        script.path(),
        format!(
            "\\set n random(0, {})\n\
             UPDATE peer SET revision = revision + 1 WHERE org_id = '7' AND \
             user_id = 'user-' || lpad((:n)::text, 8, '0') || '@portal.example';\n",
            USERS - 1
        ),
    )?;
    let output = Command::new("pgbench")
        .args([
            "-M",
            "prepared",
            "-n",
            "-c",
            &TASKS.to_string(),
            "-j",
            "2",
            "-T",
            &span.as_secs().to_string(),
            "-f",
        ])
        .arg(script.path())
        .arg(server.url())
        .output()?;
    let told = String::from_utf8_lossy(&output.stdout);
    let rate = told.lines().find_map(|line| line.strip_prefix("tps = ")?.split(' ').next()?.parse().ok());
    rate.ok_or_else(|| format!("{told}{}", String::from_utf8_lossy(&output.stderr)).into())
}
