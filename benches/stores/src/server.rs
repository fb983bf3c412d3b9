//! A PostgreSQL of the benches' own, or one that is given.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

use countersign::{BoxError, store::postgres::PostgresStore};
use sqlx::postgres::PgPoolOptions;

/// Gone when dropped, unless it was given.
pub(crate) struct Server {
    url: String,
    folder: Option<PathBuf>,
}

impl Server {
    /// The one whose URL is in `COUNTERSIGN_POSTGRES`, or a new one with durable settings in a folder below this one.
    pub(crate) fn start(below: &Path) -> Result<Self, BoxError> {
        if let Ok(url) = env::var("COUNTERSIGN_POSTGRES") {
            return Ok(Self { url, folder: None });
        }
        let folder = tempfile::Builder::new().prefix("postgres-").tempdir_in(below)?.keep();
        // Room for the log, so that no checkpoint falls into one turn and not into the next.
        let settings = ["max_wal_size=8GB", "shared_buffers=512MB", "checkpoint_timeout=1h"];
        let output = Command::new(script()).arg("start").arg(&folder).args(settings).output()?;
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
        }
        Ok(Self { url: String::from_utf8(output.stdout)?.trim().to_owned(), folder: Some(folder) })
    }

    /// A store whose tables are in this schema.
    pub(crate) async fn store(&self, pool: PgPoolOptions, schema: &str) -> Result<PostgresStore, BoxError> {
        let opening = PostgresStore::over(pool.connect(&self.url).await?).in_schema(schema)?;
        opening.migrate().await?;
        Ok(opening.open().await?)
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(folder) = &self.folder {
            let _ = Command::new(script()).arg("stop").arg(folder).status();
            let _ = std::fs::remove_dir_all(folder);
        }
    }
}

fn script() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/servers/postgres")
}
