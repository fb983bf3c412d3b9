//! Portals under load on three PostgreSQL servers under Patroni, while servers die, hang and change places; and an
//! account, at the end, of what was promised and what was kept.
//!
//! ```text
//! cargo run -p failover -- sync            every fault, with synchronous replication: nothing may be missing
//! cargo run -p failover -- sync --short    a primary dies, and another one steps down
//! cargo run -p failover -- async           asynchronous replication: a primary dies with what no standby has heard of,
//!                                          and the manual's steps after a loss are taken
//! ```
//!
//! Several processes log users in, guess, reset and switch the policy, all upon the same few accounts. Each writes down
//! what the store acknowledged to it ([`ledger`]). Afterwards all of that must be there ([`account`]). Nothing is left
//! running, however this ends.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program that reports to a terminal")]

mod account;
mod after_a_loss;
mod clock;
mod cluster;
mod kept;
mod ledger;
mod load;
mod outage;
mod portal;

use std::{
    error::Error, fs::Permissions, os::unix::fs::PermissionsExt as _, path::PathBuf, process::ExitCode,
    time::Duration,
};

use clap::{Parser, Subcommand};
use countersign::{Clock as _, store::postgres::PostgresStore};
use tokio::signal::unix::{SignalKind, signal};

use crate::{
    account::Account,
    after_a_loss::Stolen,
    clock::Beginning,
    cluster::{Cluster, Replication},
    load::Loads,
    portal::Portal,
};

#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// With synchronous replication, where nothing that was acknowledged may be missing.
    Sync {
        /// Two faults instead of five.
        #[arg(long)]
        short: bool,
    },
    /// With asynchronous replication, where something will be.
    Async,
    /// One of the portals that make the load. The others start it.
    #[command(hide = true)]
    Portal {
        #[arg(long)]
        url: String,
        #[arg(long)]
        keys: PathBuf,
        #[arg(long)]
        ledger: PathBuf,
        #[arg(long)]
        beginning: Beginning,
        /// Whether this one also resets users and switches the policy.
        #[arg(long)]
        administers: bool,
    },
}

type Failure = Box<dyn Error + Send + Sync>;

#[tokio::main(worker_threads = 2)]
async fn main() -> Result<ExitCode, Failure> {
    match Arguments::parse().command {
        Command::Sync { short } => {
            let account = unless_stopped(synchronous(short)).await?;
            print!("{account}");
            println!("{}", if account.is_kept() { "All that was promised was kept." } else { "NOT KEPT." });
            Ok(if account.is_kept() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
        Command::Async => {
            let (account, wrong) = unless_stopped(asynchronous()).await?;
            print!("{account}");
            println!("not void after the steps that follow a loss, or else not as they say: {}", wrong.len());
            for what in &wrong {
                println!("  {what}");
            }
            // Here the opposite is to be shown. If nothing were lost, the faults or the account would not be worth much.
            let shown = account.lost() > 0;
            println!(
                "Asynchronous replication {} acknowledged writes.",
                if shown { "has lost" } else { "should have lost, and HAS NOT LOST," }
            );
            Ok(if shown && wrong.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
        Command::Portal { url, keys, ledger, beginning, administers } => {
            load::portal(&url, &keys, &ledger, beginning, administers).await?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// Gives up when somebody wants to stop this program. What was started ends with it: see [`Cluster`].
async fn unless_stopped<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let (mut interrupted, mut terminated, mut hung_up) =
        (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?, signal(SignalKind::hangup())?);
    tokio::select! {
        done = work => done,
        _ = interrupted.recv() => Err("interrupted".into()),
        _ = terminated.recv() => Err("terminated".into()),
        _ = hung_up.recv() => Err("hung up".into()),
    }
}

/// The number of acknowledged writes that show that the load continues.
const ENOUGH: usize = 150;

async fn synchronous(short: bool) -> Result<Account, Failure> {
    let mut scene = Scene::set(Replication::Synchronous).await?;
    let Scene { cluster, loads, .. } = &mut scene;

    let primary = cluster.primary().await?;
    loads.fault(format!("kill -9 of the primary ({primary})"));
    cluster.kill(&primary).await?;
    loads.go_on(ENOUGH).await?;
    cluster.revive(&primary).await?;
    cluster.settle().await?;

    loads.fault("a switchover".to_owned());
    cluster.switchover().await?;
    loads.go_on(ENOUGH).await?;
    cluster.settle().await?;

    if !short {
        let standby = cluster.synchronous_standby().await?;
        loads.fault(format!("kill -9 of the synchronous standby ({standby})"));
        cluster.kill(&standby).await?;
        loads.go_on(ENOUGH).await?;
        cluster.revive(&standby).await?;
        cluster.settle().await?;

        let standby = cluster.synchronous_standby().await?;
        loads.fault(format!("the synchronous standby hangs ({standby})"));
        cluster.pause(&standby).await?;
        loads.go_on(ENOUGH).await?;
        cluster.resume(&standby).await?;
        cluster.settle().await?;

        let primary = cluster.primary().await?;
        loads.fault(format!("the primary hangs ({primary})"));
        cluster.pause(&primary).await?;
        loads.go_on(ENOUGH).await?;
        // It still takes itself for the primary.
        cluster.resume(&primary).await?;
        loads.go_on(ENOUGH).await?;
        cluster.settle().await?;
    }
    scene.account().await
}

/// Returns the account, and what is not as it should be once the steps after a loss were taken.
async fn asynchronous() -> Result<(Account, Vec<String>), Failure> {
    let mut scene = Scene::set(Replication::Asynchronous).await?;
    let stolen = Stolen::from_somebody(scene.store().await?, scene.beginning.clock().now()).await?;
    let Scene { cluster, loads, .. } = &mut scene;
    // Until both standbys have heard of it.
    cluster.settle().await?;

    let primary = cluster.primary().await?;
    println!("the standbys hear nothing more of the primary ({primary}), which goes on");
    cluster.deafen().await?;
    stolen.report().await?;
    loads.go_on(ENOUGH).await?;
    println!("kill -9 of the primary ({primary})");
    cluster.kill(&primary).await?;
    // Before anybody else writes where something may be missing.
    loads.close().await?;
    cluster.await_another(&primary).await?;
    let account = scene.account().await?;
    let now = scene.beginning.clock().now();
    let wrong = after_a_loss::take_the_steps(scene.store().await?, &scene.keys, &stolen, now).await?;
    Ok((account, wrong))
}

/// Servers, portals upon them, and a folder for all.
struct Scene {
    loads: Loads,
    cluster: Cluster,
    beginning: Beginning,
    keys: PathBuf,
    _folder: tempfile::TempDir,
}

impl Scene {
    async fn set(replication: Replication) -> Result<Self, Failure> {
        // PostgreSQL's own user has to get into it.
        let everybody = Permissions::from_mode(0o755);
        let folder = tempfile::Builder::new().prefix("failover-").permissions(everybody).tempdir()?;
        println!("Three servers, {replication} replication. Starting them.");
        let cluster = Cluster::start(folder.path(), replication).await?;
        let beginning = Beginning::now();
        let store = kept::migrate(portal::pool(cluster.url()).await?).await?;
        let portal = Portal::new(store, beginning.clock(), None)?;
        let keys = folder.path().join("keys");
        portal.enroll_all(&keys).await?;
        let mut loads = Loads::start(folder.path(), &keys, cluster.url(), beginning)?;
        loads.go_on(ENOUGH).await?;
        Ok(Self { loads, cluster, beginning, keys, _folder: folder })
    }

    async fn store(&self) -> Result<PostgresStore, Failure> {
        Ok(PostgresStore::new(portal::pool(self.cluster.url()).await?).await?)
    }

    async fn account(&mut self) -> Result<Account, Failure> {
        let written = self.loads.stop().await?;
        Account::draw_up(&written, &self.store().await?, &self.keys).await
    }
}

/// How long to wait until whatever is waited for is looked at again.
const A_MOMENT: Duration = Duration::from_millis(20);
