//! [`PostgresStore`] over a server that runs for the tests.

mod opening;
mod trips;

use countersign::{OsRandom, SecureRandom as _, store::postgres::PostgresStore};
use sqlx::{
    AssertSqlSafe, Connection as _, PgConnection, PgPool, Row as _,
    postgres::{PgConnectOptions, PgPoolOptions},
};

use crate::tools;

/// A schema that nobody else uses, on the server that runs for the tests.
#[derive(Clone)]
pub struct Schema {
    options: PgConnectOptions,
    /// The server's address, and the schema's own name, as other programs are told them.
    pub url: String,
    pub name: String,
}

impl Schema {
    /// `None` where no server runs.
    pub async fn fresh() -> Option<Self> {
        let url = tools::server_or_skip("COUNTERSIGN_POSTGRES")?;
        let options: PgConnectOptions = url.parse().unwrap();
        let mut dice = [0; 8];
        OsRandom.fill(&mut dice).unwrap();
        let name = format!("test_{:016x}", u64::from_be_bytes(dice));
        let mut connection = PgConnection::connect_with(&options).await.unwrap();
        let create = AssertSqlSafe(format!("CREATE SCHEMA {name}"));
        sqlx::raw_sql(create).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        let options = options.options([("search_path", &name)]);
        Some(Self { options, url, name })
    }

    pub async fn store(&self) -> PostgresStore {
        PostgresStore::new(self.pool().await).await.unwrap()
    }

    pub async fn pool(&self) -> PgPool {
        self.pool_with(&[]).await
    }

    /// The same server, at another door.
    pub fn through(&self, port: u16) -> Self {
        Self { options: self.options.clone().port(port), ..self.clone() }
    }

    pub fn address(&self) -> (String, u16) {
        (self.options.get_host().to_owned(), self.options.get_port())
    }

    /// A pool whose sessions have these settings.
    pub async fn pool_with(&self, settings: &[(&str, &str)]) -> PgPool {
        let options = self.options.clone().options(settings.iter().copied());
        small_pool().connect_with(options).await.unwrap()
    }
}

/// Many tests at once share the server's connections.
fn small_pool() -> PgPoolOptions {
    PostgresStore::pool_options().max_connections(6)
}

pub async fn store() -> Option<PostgresStore> {
    Some(Schema::fresh().await?.store().await)
}

/// Every value of every table in the pool's schema, as the server sends it.
pub async fn rows(pool: &PgPool) -> Vec<(String, Vec<u8>)> {
    let tables =
        "SELECT table_name::text FROM information_schema.tables WHERE table_schema = current_schema()";
    let tables: Vec<String> = sqlx::query_scalar(tables).fetch_all(pool).await.unwrap();
    assert_eq!(tables.len(), 5);
    let mut found = Vec::new();
    for table in tables {
        let select = AssertSqlSafe(format!("SELECT * FROM {table}"));
        for row in sqlx::query(select).fetch_all(pool).await.unwrap() {
            for column in 0..row.len() {
                let value = row.try_get_raw(column).unwrap();
                found.push((table.clone(), value.as_bytes().unwrap_or_default().to_vec()));
            }
        }
    }
    found
}
