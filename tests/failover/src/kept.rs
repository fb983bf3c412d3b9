//! What the database has: each record that was ever committed, and the trail. A trigger, which the store knows nothing
//! of, copies each record into a table of its own in the transaction that writes it. So a write that was lost is seen
//! also where others have long been written in its place.

use std::{collections::BTreeMap, hash::Hasher as _};

use countersign::store::postgres::PostgresStore;
use sqlx::PgPool;

use crate::{Failure, ledger::Key};

/// To be run once the store's own tables are there.
pub(crate) const COPIES: &str = "
    CREATE TABLE kept (
        org_id text, user_id text, revision bigint, record bytea NOT NULL, PRIMARY KEY (org_id, user_id, revision)
    );
    CREATE FUNCTION keep_user() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        INSERT INTO kept VALUES (NEW.org_id, NEW.user_id, NEW.revision, NEW.record);
        RETURN NULL;
    END $$;
    CREATE FUNCTION keep_settings() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        INSERT INTO kept VALUES (NEW.org_id, '', NEW.revision, NEW.record);
        RETURN NULL;
    END $$;
    CREATE TRIGGER keep_user AFTER INSERT OR UPDATE ON countersign_users
        FOR EACH ROW EXECUTE FUNCTION keep_user();
    CREATE TRIGGER keep_settings AFTER INSERT OR UPDATE ON countersign_settings
        FOR EACH ROW EXECUTE FUNCTION keep_settings();";

/// All there is of one record.
pub(crate) struct Kept {
    /// The fingerprints of its revisions.
    pub(crate) records: BTreeMap<u64, String>,
    /// How many events of which kind came with each.
    pub(crate) events: BTreeMap<u64, BTreeMap<String, u64>>,
    /// The revision that the store would load.
    pub(crate) current: u64,
}

/// The store's tables, and the copies.
pub(crate) async fn migrate(pool: PgPool) -> Result<PostgresStore, Failure> {
    let store = PostgresStore::new(pool).await?;
    sqlx::raw_sql(COPIES).execute(store.pool()).await?;
    Ok(store)
}

/// Enough to tell one record from another: each is sealed with a nonce of its own.
pub(crate) fn fingerprint(record: &[u8]) -> String {
    let mut hasher = std::hash::DefaultHasher::new();
    hasher.write(record);
    format!("{:016x}", hasher.finish())
}

impl Kept {
    pub(crate) async fn of(key: &Key, pool: &PgPool) -> Result<Self, Failure> {
        const RECORDS: &str = "SELECT revision, record FROM kept WHERE org_id = $1 AND user_id = $2";
        const EVENTS: &str = "SELECT revision, kind, count(*) FROM countersign_events
            WHERE org_id = $1 AND user_id = $2 GROUP BY revision, kind";
        const CURRENT: &str = "SELECT revision FROM countersign_users WHERE org_id = $1 AND user_id = $2
            UNION ALL SELECT revision FROM countersign_settings WHERE org_id = $1 AND $2 = ''";
        let user = key.user.as_deref().unwrap_or("");
        let mut kept = Self { records: BTreeMap::new(), events: BTreeMap::new(), current: 0 };
        let records: Vec<(i64, Vec<u8>)> =
            sqlx::query_as(RECORDS).bind(&key.org).bind(user).fetch_all(pool).await?;
        for (revision, record) in records {
            kept.records.insert(revision.try_into()?, fingerprint(&record));
        }
        let events: Vec<(i64, String, i64)> =
            sqlx::query_as(EVENTS).bind(&key.org).bind(user).fetch_all(pool).await?;
        for (revision, kind, count) in events {
            kept.events.entry(revision.try_into()?).or_default().insert(kind, count.try_into()?);
        }
        let current: Option<i64> =
            sqlx::query_scalar(CURRENT).bind(&key.org).bind(user).fetch_optional(pool).await?;
        kept.current = current.unwrap_or(0).try_into()?;
        Ok(kept)
    }
}
