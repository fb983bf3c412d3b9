//! What a host may configure before the store opens its database.

use std::time::Duration;

use sqlx::PgPool;

use super::{
    super::runtime,
    PostgresError, PostgresStore,
    hands::Hands,
    names::{InvalidTableName, Names},
    schema, server,
    statements::Statements,
};

/// A store that is about to be opened: where its tables are, and what else it should know.
///
/// ```no_run
/// # async fn example(pool: sqlx::PgPool) -> Result<(), Box<dyn std::error::Error>> {
/// use countersign::store::postgres::PostgresStore;
///
/// let opening = PostgresStore::over(pool).in_schema("auth")?.with_prefix("two_factor_")?;
/// opening.migrate().await?; // by a role that may, or print opening.schema_sql() into a migration of your own
/// let store = opening.open().await?;
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
#[must_use = "nothing happens before `open`"]
pub struct Opening {
    pool: PgPool,
    names: Names,
    patience: Duration,
    durable_all_the_same: bool,
}

impl Opening {
    pub(super) fn new(pool: PgPool) -> Self {
        Self {
            pool,
            names: Names::default(),
            // Longer than noticing a failover should take, and shorter than a user waits for a page.
            patience: Duration::from_secs(10),
            durable_all_the_same: false,
        }
    }

    /// Puts the tables into this schema, whatever `search_path` is.
    ///
    /// # Errors
    /// [`InvalidTableName`] unless it is a lower-case letter or `_`, followed by at most 62 of these and digits.
    pub fn in_schema(mut self, schema: &str) -> Result<Self, InvalidTableName> {
        self.names = self.names.in_schema(schema)?;
        Ok(self)
    }

    /// Begins the names of tables with `prefix` instead of `countersign_`.
    ///
    /// # Errors
    /// [`InvalidTableName`] unless it is a lower-case letter or `_`, followed by at most 39 of these and digits.
    pub fn with_prefix(mut self, prefix: &str) -> Result<Self, InvalidTableName> {
        self.names = self.names.with_prefix(prefix)?;
        Ok(self)
    }

    /// Sets how long to wait for an answer before a call fails with [`PostgresError::TimedOut`]. Default: ten seconds.
    ///
    /// The statement goes on in the server. It is never cancelled: if the wait of a commit for a synchronous standby is
    /// cancelled, it reports success for a write that a failover then loses.
    pub fn with_patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Takes the host's word that an acknowledged commit survives a crash and a failover, whatever `fsync` and
    /// `synchronous_commit` say.
    ///
    /// This is for tests, and for services that keep their log elsewhere than on the server's own disk and report
    /// `fsync = off` for it (ask the vendor).
    pub fn durable_all_the_same(mut self) -> Self {
        self.durable_all_the_same = true;
        self
    }

    /// Returns the SQL that creates the tables, for hosts that keep all migrations in one place. It may run twice.
    pub fn schema_sql(&self) -> String {
        schema::sql(&self.names)
    }

    /// Creates the tables, or brings older ones up to date. Any number of processes may do so at the same time.
    ///
    /// # Errors
    /// * [`PostgresError::NewerSchema`] if a newer version of this library made the tables.
    /// * Any other [`PostgresError`] from creating them.
    pub async fn migrate(&self) -> Result<(), PostgresError> {
        runtime::require(PostgresError::OffRuntime)?;
        schema::migrate(&self.pool, &self.names).await
    }

    /// Opens the store over existing tables.
    ///
    /// # Errors
    /// * [`PostgresError::Standby`] and [`PostgresError::NotDurable`] if the server cannot keep the contract.
    /// * [`PostgresError::OlderSchema`] if the tables are missing or of an older version.
    /// * [`PostgresError::NewerSchema`] if they are of a newer one.
    pub async fn open(self) -> Result<PostgresStore, PostgresError> {
        runtime::require(PostgresError::OffRuntime)?;
        let Self { pool, names, patience, durable_all_the_same } = self;
        let standbys = server::require_primary(&pool).await?;
        if !durable_all_the_same {
            server::require_durable(&pool).await?;
        }
        schema::require_known(&pool, &names).await?;
        Ok(PostgresStore { hands: Hands::of(pool), patience, statements: Statements::new(&names, standbys) })
    }
}
