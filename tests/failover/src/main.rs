//! Portals under load on three PostgreSQL servers under Patroni, while servers die, hang and change places; and an
//! account, at the end, of what was promised and what was kept.
//!
//! ```text
//! cargo run -p failover -- sync            every fault, with synchronous replication: nothing may be missing
//! cargo run -p failover -- sync --short    a primary dies, and another one steps down
//! cargo run -p failover -- async           a primary dies that its standbys could not follow: what is missing is told
//! ```
//!
//! Several processes log users in, guess, reset and switch the policy, all upon the same few accounts. Each writes down
//! what the store acknowledged to it ([`ledger`]). Afterwards all of that must be there ([`account`]).
#![allow(clippy::print_stdout, reason = "a program that reports to a terminal")]

mod account;
mod cluster;
mod clock;
mod ledger;
mod load;
mod portal;

use std::{error::Error, path::PathBuf, process::ExitCode, time::Duration};

use clap::{Parser, Subcommand};

use crate::{
    account::Account,
    cluster::{Cluster, Replication},
    clock::Beginning,
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
        /// Two faults instead of four.
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
            let account = under_faults(Replication::Synchronous, short).await?;
            print!("{account}");
            Ok(if account.is_kept() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
        Command::Async => {
            let account = under_faults(Replication::Asynchronous, false).await?;
            print!("{account}");
            println!("That is why synchronous replication is needed.");
            // Here the opposite is to be shown. If nothing were lost, the faults or the account would not be worth much.
            Ok(if account.lost() > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
        Command::Portal { url, keys, ledger, beginning, administers } => {
            load::portal(&url, &keys, &ledger, beginning, administers).await?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// How many acknowledged writes show that the load goes on.
const ENOUGH: usize = 150;

async fn under_faults(replication: Replication, short: bool) -> Result<Account, Failure> {
    let folder = tempfile::tempdir()?;
    println!("Three servers, {replication} replication. Starting them.");
    let cluster = Cluster::start(folder.path(), replication).await?;
    let beginning = Beginning::now();
    let portal = Portal::new(cluster.url(), beginning.clock(), None).await?;
    portal.migrate().await?;
    portal.enroll_all(&folder.path().join("keys")).await?;
    let mut loads = Loads::start(folder.path(), cluster.url(), beginning)?;
    loads.go_on(ENOUGH).await?;

    match replication {
        Replication::Synchronous => {
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
            }
        }
        Replication::Asynchronous => {
            let primary = cluster.primary().await?;
            cluster.deafen().await?;
            loads.go_on(ENOUGH).await?;
            loads.fault(format!("kill -9 of the primary ({primary}), which no standby could follow for a while"));
            cluster.kill(&primary).await?;
            loads.go_on(ENOUGH).await?;
            cluster.revive(&primary).await?;
            cluster.settle().await?;
        }
    }
    let ledger = loads.stop().await?;
    let account = Account::draw_up(&ledger, cluster.url(), folder.path()).await;
    cluster.stop().await?;
    account
}

/// How long to wait until whatever is waited for is looked at again.
const A_MOMENT: Duration = Duration::from_millis(20);
