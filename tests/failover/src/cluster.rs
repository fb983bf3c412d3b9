//! The servers, through the script beside this package that starts, kills and restarts them.

use std::{
    fmt,
    path::Path,
    process::{Child, Stdio},
};

use tokio::process::Command;

use crate::Failure;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/cluster");

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Replication {
    /// A commit is acknowledged once a standby has it, and never without.
    Synchronous,
    /// A commit is acknowledged once the primary has it.
    Asynchronous,
}

impl Replication {
    fn as_argument(self) -> &'static str {
        match self {
            Self::Synchronous => "sync",
            Self::Asynchronous => "async",
        }
    }
}

impl fmt::Display for Replication {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Synchronous => "synchronous",
            Self::Asynchronous => "asynchronous",
        })
    }
}

/// Ends with this value, and with the process that has it, however that ends.
pub(crate) struct Cluster {
    folder: String,
    url: String,
    guard: Child,
}

impl Cluster {
    /// In a folder that is removed with it.
    pub(crate) async fn start(folder: &Path, replication: Replication) -> Result<Self, Failure> {
        let folder = folder.to_str().ok_or("a temporary folder whose name is not UTF-8")?.to_owned();
        // It stops the servers when its standard input is closed: by us, or by the system once we are gone.
        let guard =
            std::process::Command::new(SCRIPT).args(["guard", &folder]).stdin(Stdio::piped()).spawn()?;
        let mut starting = Self { folder, url: String::new(), guard };
        starting.url = starting.run("start", &[replication.as_argument()]).await?;
        Ok(starting)
    }

    /// Returns the address at which clients reach the primary.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) async fn primary(&self) -> Result<String, Failure> {
        self.run("primary", &[]).await
    }

    pub(crate) async fn synchronous_standby(&self) -> Result<String, Failure> {
        let standbys = self.run("standbys", &[]).await?;
        Ok(standbys.lines().next().ok_or("there is no standby")?.to_owned())
    }

    pub(crate) async fn kill(&self, node: &str) -> Result<(), Failure> {
        self.run("kill", &[node]).await.map(drop)
    }

    pub(crate) async fn revive(&self, node: &str) -> Result<(), Failure> {
        self.run("revive", &[node]).await.map(drop)
    }

    pub(crate) async fn pause(&self, node: &str) -> Result<(), Failure> {
        self.run("pause", &[node]).await.map(drop)
    }

    pub(crate) async fn resume(&self, node: &str) -> Result<(), Failure> {
        self.run("resume", &[node]).await.map(drop)
    }

    pub(crate) async fn deafen(&self) -> Result<(), Failure> {
        self.run("deafen", &[]).await.map(drop)
    }

    pub(crate) async fn switchover(&self) -> Result<(), Failure> {
        self.run("switchover", &[]).await.map(drop)
    }

    pub(crate) async fn settle(&self) -> Result<(), Failure> {
        self.run("settle", &[]).await.map(drop)
    }

    /// Waits until another node than this one can be reached as the primary.
    pub(crate) async fn await_another(&self, than: &str) -> Result<(), Failure> {
        self.run("await-another", &[than]).await.map(drop)
    }

    async fn run(&self, command: &str, arguments: &[&str]) -> Result<String, Failure> {
        let ended = Command::new(SCRIPT)
            .arg(command)
            .arg(&self.folder)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?
            .wait_with_output()
            .await?;
        if !ended.status.success() {
            return Err(format!("cluster {command} {}: {}", arguments.join(" "), ended.status).into());
        }
        Ok(String::from_utf8(ended.stdout)?.trim().to_owned())
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.guard.stdin.take());
        if !self.guard.wait().is_ok_and(|status| status.success()) {
            eprintln!("the servers in {} may still be running", self.folder);
        }
    }
}
