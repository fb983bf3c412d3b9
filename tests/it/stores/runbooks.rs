//! The manual's runbooks, played step by step on databases that are backed up and restored with their own tools.
//!
//! What a key is and what a loss brings back is in the stories. This file knows how a database is stopped, backed up,
//! restored, and written by hand.

mod after_a_loss;
mod lost_key;
mod what_a_loss_means;

use countersign::{
    OrgId, TwoFactor,
    admin::{Admin, Support},
    audit::{Operator, Reason},
};

use crate::world::{Backing, World};

/// A database that an operator has under their hands.
trait Database {
    type Store: Backing + Clone;

    async fn connect(&self) -> Self::Store;
    /// As step 2 for a lost key says.
    async fn delete_settings(&self, of: &OrgId);
    async fn back_up(&self);
    /// Puts the backup in the place of what is there, which nobody is connected to.
    async fn restore(&self);
    /// Ends all connections of a portal.
    async fn disconnect(store: Self::Store);
}

/// A portal and its database.
struct Site<D: Database> {
    database: D,
    store: D::Store,
    world: World,
}

impl<D: Database> Site<D> {
    async fn on(database: D) -> Self {
        let store = database.connect().await;
        Self { world: World::over(store.clone()), store, database }
    }

    /// Stops the portal, restores the database, and starts the portal.
    async fn restore(self) -> Self {
        D::disconnect(self.store).await;
        self.database.restore().await;
        let store = self.database.connect().await;
        Self { world: self.world.moved_to(store.clone()), store, database: self.database }
    }
}

/// What the vendor's tool may do in an org.
fn vendor(two_factor: &TwoFactor, org: &OrgId) -> Admin<'static> {
    let support = Support::new(two_factor, Operator::new("sue@vendor.example").unwrap());
    support.in_org(org, &Reason::new("case 4711").unwrap())
}

#[cfg(feature = "sqlite")]
mod in_sqlite {
    #[cfg(unix)]
    use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
    use std::{fs, path::PathBuf};

    use countersign::{OrgId, store::sqlite::SqliteStore};

    use super::{Database, Site};

    pub(super) struct File(tempfile::TempDir);

    impl File {
        fn new() -> Self {
            Self(tempfile::tempdir().unwrap())
        }

        fn path(&self, name: &str) -> PathBuf {
            self.0.path().join(name)
        }
    }

    impl Database for File {
        type Store = SqliteStore;

        async fn connect(&self) -> SqliteStore {
            SqliteStore::open(self.path("portal.sqlite")).await.unwrap()
        }

        async fn delete_settings(&self, of: &OrgId) {
            let tool = self.connect().await;
            let delete = sqlx::query("DELETE FROM countersign_settings WHERE org_id = ?").bind(of.as_str());
            assert_eq!(delete.execute(tool.pool()).await.unwrap().rows_affected(), 1);
        }

        /// As the manual's page on SQLite says, while the portal runs.
        async fn back_up(&self) {
            let tool = self.connect().await;
            let into = self.path("backup.sqlite").to_str().unwrap().to_owned();
            sqlx::query("VACUUM INTO ?").bind(into).execute(tool.pool()).await.unwrap();
        }

        async fn restore(&self) {
            for name in ["portal.sqlite-wal", "portal.sqlite-shm"] {
                assert!(!self.path(name).exists(), "somebody is still connected");
            }
            fs::copy(self.path("backup.sqlite"), self.path("portal.sqlite")).unwrap();
            #[cfg(unix)]
            fs::set_permissions(self.path("portal.sqlite"), fs::Permissions::from_mode(0o600)).unwrap();
        }

        async fn disconnect(store: SqliteStore) {
            store.pool().close().await;
        }
    }

    /// A copy of the file alone has less in it than was acknowledged; a backup has all.
    #[tokio::test]
    async fn a_copy_of_the_file_lacks_what_was_written_last() {
        let site = Site::on(File::new()).await;
        site.world.switch_on().await;
        fs::copy(site.database.path("portal.sqlite"), site.database.path("copy.sqlite")).unwrap();
        site.database.back_up().await;
        let requirement = async |name| {
            let store = SqliteStore::open(site.database.path(name)).await.unwrap();
            let select = sqlx::query_scalar::<_, String>("SELECT requirement FROM countersign_settings");
            select.fetch_optional(store.pool()).await.unwrap()
        };
        assert_eq!(requirement("copy.sqlite").await, None);
        assert_eq!(requirement("backup.sqlite").await.as_deref(), Some("on"));
    }

    /// As far as the umask allows, whatever the permissions of the store's own file are.
    #[cfg(unix)]
    #[tokio::test]
    async fn sqlite_makes_a_backup_that_others_may_read() {
        let site = Site::on(File::new()).await;
        site.database.back_up().await;
        let readable =
            fs::OpenOptions::new().write(true).create_new(true).mode(0o644).open(site.database.path("any"));
        let mode = |file: fs::File| file.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(
            mode(fs::File::open(site.database.path("backup.sqlite")).unwrap()),
            mode(readable.unwrap())
        );
        assert_eq!(mode(fs::File::open(site.database.path("portal.sqlite")).unwrap()), 0o600);
    }

    super::stories!(Some(File::new()));
}

#[cfg(feature = "postgres")]
mod in_postgres {
    use countersign::{OrgId, store::postgres::PostgresStore};
    use sqlx::AssertSqlSafe;

    use super::Database;
    use crate::{stores::postgres::Schema, tools::Tool};

    pub(super) struct Server {
        schema: Schema,
        folder: tempfile::TempDir,
        pg_dump: Tool,
        pg_restore: Tool,
    }

    impl Server {
        /// `None` where there is no server, or nothing to back it up with.
        async fn or_skip() -> Option<Self> {
            let schema = Schema::fresh().await?;
            let pg_dump = Tool::or_skip("pg_dump", "postgresql-client")?;
            let pg_restore = Tool::or_skip("pg_restore", "postgresql-client")?;
            Some(Self { schema, folder: tempfile::tempdir().unwrap(), pg_dump, pg_restore })
        }

        fn file(&self) -> String {
            self.folder.path().join("backup").to_str().unwrap().to_owned()
        }
    }

    impl Database for Server {
        type Store = PostgresStore;

        async fn connect(&self) -> PostgresStore {
            self.schema.store().await
        }

        async fn delete_settings(&self, of: &OrgId) {
            let delete = sqlx::query("DELETE FROM countersign_settings WHERE org_id = $1").bind(of.as_str());
            assert_eq!(delete.execute(&self.schema.pool().await).await.unwrap().rows_affected(), 1);
        }

        async fn back_up(&self) {
            let Schema { url, name, .. } = &self.schema;
            self.pg_dump
                .run(&["--format=custom", "--file", &self.file(), "--schema", name, "--dbname", url], &[]);
        }

        async fn restore(&self) {
            let Schema { url, name, .. } = &self.schema;
            let drop = AssertSqlSafe(format!("DROP SCHEMA {name} CASCADE"));
            sqlx::raw_sql(drop).execute(&self.schema.pool().await).await.unwrap();
            self.pg_restore.run(&["--exit-on-error", "--dbname", url, &self.file()], &[]);
        }

        async fn disconnect(store: PostgresStore) {
            store.pool().close().await;
        }
    }

    super::stories!(Server::or_skip().await);
}

/// The stories over a database, each on one of its own.
macro_rules! stories {
    ($database:expr) => {
        $crate::stores::runbooks::stories!($database, lost_key: a_lost_key_is_replaced_as_the_manual_says);
        $crate::stores::runbooks::stories!($database, what_a_loss_means: what_a_loss_brings_back);
        $crate::stores::runbooks::stories!($database, after_a_loss: after_a_loss_whatever_came_back_is_void);
        $crate::stores::runbooks::stories!($database, after_a_loss: after_a_loss_what_the_trail_tells_is_done_again);
        $crate::stores::runbooks::stories!($database, after_a_loss: a_spent_code_comes_back_for_two_and_a_half_minutes);
    };
    ($database:expr, $file:ident: $name:ident) => {
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() {
            if let Some(database) = $database {
                $crate::stores::runbooks::$file::$name(database).await;
            }
        }
    };
}
use stories;
