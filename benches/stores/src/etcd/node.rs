//! An etcd of the bench's own, and what it tells of itself.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use countersign::BoxError;
use etcd_client::{Client, CompactionOptions, DeleteOptions};
use tempfile::TempDir;

/// Stopped when dropped.
pub(super) struct Node {
    folder: TempDir,
    endpoint: String,
}

impl Node {
    pub(super) fn start(below: &Path) -> Result<Self, BoxError> {
        let folder = tempfile::Builder::new().prefix("etcd-").tempdir_in(below)?;
        let quota = "--quota-backend-bytes=8589934592";
        let output = Command::new(script()).arg("start").arg(folder.path()).args(["1", quota]).output()?;
        let endpoint = String::from_utf8(output.stdout)?.trim().to_owned();
        let node = Self { folder, endpoint };
        if output.status.success() {
            Ok(node)
        } else {
            Err(String::from_utf8_lossy(&output.stderr).into_owned().into())
        }
    }

    pub(super) fn endpoint(&self) -> &str {
        &self.endpoint
    }

    async fn client(&self) -> Result<Client, BoxError> {
        Ok(Client::connect([self.endpoint()], None).await?)
    }

    pub(super) async fn version(&self) -> Result<String, BoxError> {
        Ok(format!("etcd {}", self.client().await?.status().await?.version()))
    }

    /// How large the database is without its history.
    #[allow(clippy::cast_precision_loss, reason = "a size by the page is not exact")]
    pub(super) async fn bytes(&self) -> Result<f64, BoxError> {
        let mut client = self.client().await?;
        let now =
            client.get("nothing", None).await?.header().map_or(0, etcd_client::ResponseHeader::revision);
        if now > 1 {
            client.compact(now, Some(CompactionOptions::new().with_physical())).await?;
        }
        client.defragment().await?;
        Ok(client.status().await?.db_size() as f64)
    }

    /// Deletes the trail and says how many events were in it.
    #[allow(clippy::cast_precision_loss, reason = "there are not so many")]
    pub(super) async fn forget_events(&self) -> Result<f64, BoxError> {
        let mut client = self.client().await?;
        let all = Some(DeleteOptions::new().with_prefix());
        Ok(client.delete("portal/events/", all).await?.deleted() as f64)
    }

    /// Deletes what the bare puts left.
    pub(super) async fn forget_bare_puts(&self) -> Result<(), BoxError> {
        let all = Some(DeleteOptions::new().with_prefix());
        self.client().await?.delete("bare/", all).await?;
        Ok(())
    }

    /// What the server holds in memory, in bytes, when it has just been started upon all that it has.
    pub(super) fn memory(&self) -> Result<f64, BoxError> {
        for command in ["kill", "revive"] {
            Command::new(script()).arg(command).arg(self.folder.path()).arg("1").status()?;
        }
        let process = fs::read_to_string(self.folder.path().join("1.pid"))?;
        let status = fs::read_to_string(format!("/proc/{}/status", process.trim()))?;
        let kilobytes =
            status.lines().find_map(|line| line.strip_prefix("RssAnon:")?.split_whitespace().next());
        Ok(kilobytes.ok_or("Linux tells it")?.parse::<f64>()? * 1024.0)
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = Command::new(script()).arg("stop").arg(self.folder.path()).status();
    }
}

fn script() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/servers/etcd")
}
