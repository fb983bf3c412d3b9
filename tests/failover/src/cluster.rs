//! The servers, through the script beside this package that starts, kills and restarts them.

use std::{fmt, path::Path, process::Stdio};

use tokio::process::Command;

use crate::Failure;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Replication {
    /// A commit is acknowledged once a standby has it, and never without.
    Synchronous,
    /// A commit is acknowledged once the primary has it.
    Asynchronous,
}

impl fmt::Display for Replication {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Synchronous => "synchronous",
            Self::Asynchronous => "asynchronous",
        })
    }
}

pub(crate) struct Cluster {
    folder: String,
    url: String,
}

impl Cluster {
    pub(crate) async fn start(folder: &Path, replication: Replication) -> Result<Self, Failure> {
        // Its servers run as another user, who has to get there.
        let folder = folder.join("cluster");
        let folder = folder.to_str().ok_or("a temporary folder whose name is not UTF-8")?.to_owned();
        let mode = if replication == Replication::Synchronous { "sync" } else { "async" };
        let mut starting = Self { folder, url: String::new() };
        starting.url = starting.run("start", &[mode]).await?;
        Ok(starting)
    }

    /// Where whoever connects reaches the primary.
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

    pub(crate) async fn stop(&self) -> Result<(), Failure> {
        self.run("stop", &[]).await.map(drop)
    }

    async fn run(&self, command: &str, arguments: &[&str]) -> Result<String, Failure> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("cluster");
        let ended = Command::new(script)
            .arg(command)
            .arg(&self.folder)
            .args(arguments)
            .stdin(Stdio::null())
            .stderr(Stdio::inherit())
            .output()
            .await?;
        if !ended.status.success() {
            return Err(format!("cluster {command} {}: {}", arguments.join(" "), ended.status).into());
        }
        Ok(String::from_utf8(ended.stdout)?.trim().to_owned())
    }
}

/// However it ends, no server is left behind.
impl Drop for Cluster {
    fn drop(&mut self) {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("cluster");
        let _ = std::process::Command::new(script).args(["stop", &self.folder]).status();
    }
}
