//! What a host may say about its database before the store takes it.

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
/// opening.migrate().await?; // by a role that may; or print opening.schema_sql() into a migration of your own
/// let store = opening.open().await?;
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
#[must_use = "a store is there once it was opened"]
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
            // Longer than a failover should take to be noticed, shorter than a user waits for a page.
            patience: Duration::from_secs(10),
            durable_all_the_same: false,
        }
    }

    /// The tables in this schema, wherever `search_path` points.
    ///
    /// # Errors
    /// [`InvalidTableName`] for anything but a lower-case letter or `_`, followed by at most 62 of these and digits.
    pub fn in_schema(mut self, schema: &str) -> Result<Self, InvalidTableName> {
        self.names = self.names.in_schema(schema)?;
        Ok(self)
    }

    /// Tables whose names begin like this, in the place of `countersign_`.
    ///
    /// # Errors
    /// [`InvalidTableName`] for anything but a lower-case letter or `_`, followed by at most 39 of these and digits.
    pub fn with_prefix(mut self, prefix: &str) -> Result<Self, InvalidTableName> {
        self.names = self.names.with_prefix(prefix)?;
        Ok(self)
    }

    /// How long to wait for an answer before a call is [`PostgresError::TimedOut`]: ten seconds, if nothing is said.
    ///
    /// The statement goes on in the server. It is never cancelled: a commit that waits for a synchronous standby
    /// reports success when its wait is cancelled, for a write that a failover then loses.
    pub fn with_patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Takes the host's word that an acknowledged commit survives a crash and a failover, whatever `fsync` and
    /// `synchronous_commit` say.
    ///
    /// For services that keep their log elsewhere than on the server's own disk, and say `fsync = off` for it (ask the
    /// vendor), and for tests.
    pub fn durable_all_the_same(mut self) -> Self {
        self.durable_all_the_same = true;
        self
    }

    /// The SQL that makes the tables, for hosts whose migrations are in one place. It does no harm when it runs twice.
    pub fn schema_sql(&self) -> String {
        schema::sql(&self.names)
    }

    /// Makes the tables, or brings older ones up to date. Any number of processes may do so at the same time.
    ///
    /// # Errors
    /// [`PostgresError::NewerSchema`] when a newer version of this library made the tables, or whatever goes wrong when
    /// they are made.
    pub async fn migrate(&self) -> Result<(), PostgresError> {
        runtime::require(PostgresError::OffRuntime)?;
        schema::migrate(&self.pool, &self.names).await
    }

    /// The store, over tables that are there.
    ///
    /// # Errors
    /// [`PostgresError::Standby`] and [`PostgresError::NotDurable`] when the server could not keep the contract,
    /// [`PostgresError::OlderSchema`] when the tables are missing or of an older version,
    /// [`PostgresError::NewerSchema`] when they are of a newer one.
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
