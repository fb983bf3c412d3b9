//! A store over tables that a portal has already. Copy it, and replace the names by those of your tables.
//!
//! ```text
//! cargo run --example own_store --features sqlite
//! cargo test --example own_store --features sqlite
//! ```
//!
//! `users` and `orgs` get two columns each, and events a table of their own. The first command lets a user enroll from
//! the terminal, then shows what is in the tables. The second runs the whole conformance suite for stores over this one.
//! For that, your crate needs `countersign` with the features `conformance` and `testing` in its dev-dependencies.
#![allow(clippy::print_stdout, reason = "it speaks to the person at the terminal")]

use std::{
    io::{self, Write as _},
    path::Path,
};

use countersign::{
    Attempt, BoxError, Directory, FirstFactor, Gate, KeyId, Keyring, OrgId, OsRandom, Person, Requirement,
    SettingsStore, TwoFactor, UserId, UserStore, Verdict,
    audit::{Event, Origin},
    store::{Change, OrgSummary, Stored, Swap, UserSummary},
};
use sqlx::{
    SqliteConnection, SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};

/// What the portal has had all along. `AUTOINCREMENT`: the id of a deleted user is never given to another one.
const TABLES: &str = "
    CREATE TABLE orgs (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL) STRICT;
    CREATE TABLE users (
        id     INTEGER PRIMARY KEY AUTOINCREMENT,
        org_id INTEGER NOT NULL REFERENCES orgs,
        email  TEXT NOT NULL UNIQUE,
        role   TEXT NOT NULL CHECK (role IN ('customer', 'internal', 'master-admin'))
    ) STRICT;";

/// What the second step adds. A revision of 0 means that nothing was written yet, so one UPDATE serves the first write
/// and all later ones. NULL would not work: it equals nothing, and the first write would find no row.
const ADDED: &str = "
    ALTER TABLE users ADD COLUMN revision INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE users ADD COLUMN record BLOB;
    ALTER TABLE orgs ADD COLUMN revision INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE orgs ADD COLUMN record BLOB;
    CREATE TABLE events (
        id INTEGER PRIMARY KEY, at INTEGER NOT NULL, org_id INTEGER NOT NULL, user_id INTEGER,
        kind TEXT NOT NULL, text TEXT NOT NULL, actor TEXT, seen_from TEXT
    ) STRICT;";

/// The portal's database.
#[derive(Clone)]
struct Portal(SqlitePool);

impl Portal {
    async fn open(file: &Path) -> Result<Self, BoxError> {
        // A code that was accepted must stay spent after a power cut, so `Done` may be said only of what is on the disk:
        // FULL syncs the log at every commit. The log (WAL) lets everybody read while one writes.
        let options = SqliteConnectOptions::new()
            .filename(file)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full);
        Ok(Self(SqlitePool::connect_with(options).await?))
    }
}

/// Who is who.
impl Directory for Portal {
    type Error = BoxError;

    async fn find(&self, org: &OrgId, user: &UserId) -> Result<Option<Person>, BoxError> {
        let sql = "SELECT id, email, role FROM users WHERE org_id = ? AND id = ?";
        let found = sqlx::query_as::<_, (i64, String, String)>(sql);
        let found = found.bind(org.as_str()).bind(user.as_str()).fetch_optional(&self.0).await?;
        let Some((id, email, role)) = found else { return Ok(None) };
        // The id as the table spells it, whatever was asked for. A role that is not one of the library's is an error.
        Ok(Some(Person::new(org.clone(), id.into(), role.parse()?).account_name(email)))
    }
}

impl UserStore for Portal {
    type Error = BoxError;

    async fn load_user(&self, org: &OrgId, user: &UserId) -> Result<Option<Stored>, BoxError> {
        // A row to which nothing was written yet holds no record: `None`, as if there were no row.
        let sql = "SELECT revision, record FROM users WHERE org_id = ? AND id = ? AND revision > 0";
        let row = sqlx::query_as(sql).bind(org.as_str()).bind(user.as_str()).fetch_optional(&self.0).await?;
        Ok(row.map(|(revision, record)| Stored { revision, record }))
    }

    async fn swap_user(&self, user: &UserId, change: Change<'_, UserSummary>) -> Result<Swap, BoxError> {
        // Takes the write lock at once: a transaction that begins with a SELECT may be refused it later.
        let mut transaction = self.0.begin_with("BEGIN IMMEDIATE").await?;
        let sql = "UPDATE users SET revision = ?, record = ? WHERE org_id = ? AND id = ? AND revision = ?";
        let update = sqlx::query(sql)
            .bind(i64::try_from(change.next.revision)?)
            .bind(&change.next.record)
            .bind(change.org.as_str())
            .bind(user.as_str())
            .bind(i64::try_from(change.expected)?);
        if update.execute(&mut *transaction).await?.rows_affected() == 0 {
            return Ok(Swap::Stale); // Another revision is there, or no such user. Nothing is inserted.
        }
        append(&mut transaction, change.events).await?;
        transaction.commit().await?;
        Ok(Swap::Done)
    }
}

/// The same over the other table.
impl SettingsStore for Portal {
    type Error = BoxError;

    async fn load_settings(&self, org: &OrgId) -> Result<Option<Stored>, BoxError> {
        let sql = "SELECT revision, record FROM orgs WHERE id = ? AND revision > 0";
        let row = sqlx::query_as(sql).bind(org.as_str()).fetch_optional(&self.0).await?;
        Ok(row.map(|(revision, record)| Stored { revision, record }))
    }

    async fn swap_settings(&self, change: Change<'_, OrgSummary>) -> Result<Swap, BoxError> {
        let mut transaction = self.0.begin_with("BEGIN IMMEDIATE").await?;
        let update = sqlx::query("UPDATE orgs SET revision = ?, record = ? WHERE id = ? AND revision = ?")
            .bind(i64::try_from(change.next.revision)?)
            .bind(&change.next.record)
            .bind(change.org.as_str())
            .bind(i64::try_from(change.expected)?);
        if update.execute(&mut *transaction).await?.rows_affected() == 0 {
            return Ok(Swap::Stale);
        }
        append(&mut transaction, change.events).await?;
        transaction.commit().await?;
        Ok(Swap::Done)
    }
}

/// Appends to the trail in the transaction that writes the record, so that neither is there without the other.
async fn append(transaction: &mut SqliteConnection, events: &[Event]) -> Result<(), BoxError> {
    for event in events {
        let sql = "INSERT INTO events (at, org_id, user_id, kind, text, actor, seen_from)
                   VALUES (?, ?, ?, ?, ?, ?, ?)";
        let insert = sqlx::query(sql)
            .bind(i64::try_from(event.at.as_unix())?)
            .bind(event.org.as_str())
            .bind(event.user.as_ref().map(UserId::as_str))
            .bind(event.kind.name())
            .bind(event.kind.to_string())
            .bind(event.by.name())
            .bind(event.seen_from.as_ref().map(Origin::as_str));
        insert.execute(&mut *transaction).await?;
    }
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), BoxError> {
    let folder = tempfile::tempdir()?;
    let portal = Portal::open(&folder.path().join("portal.sqlite")).await?;
    sqlx::raw_sql(TABLES).execute(&portal.0).await?;
    let ann = "INSERT INTO orgs (name) VALUES ('Acme');
               INSERT INTO users (org_id, email, role) VALUES (1, 'ann@example.com', 'internal')";
    sqlx::raw_sql(ann).execute(&portal.0).await?;
    sqlx::raw_sql(ADDED).execute(&portal.0).await?;

    enroll(&two_factor(&portal)?, &OrgId::from(1_i64), &UserId::from(1_i64)).await?;

    println!("\nWhat is in `users` now:");
    let users: Vec<(i64, String, i64, Option<i64>)> =
        sqlx::query_as("SELECT id, email, revision, length(record) FROM users").fetch_all(&portal.0).await?;
    for (id, email, revision, bytes) in users {
        println!("  {id}  {email}  revision {revision}, a sealed record of {} bytes", bytes.unwrap_or(0));
    }
    println!("And in `events`:");
    let events: Vec<(String, String)> =
        sqlx::query_as("SELECT kind, text FROM events ORDER BY id").fetch_all(&portal.0).await?;
    for (kind, text) in events {
        println!("  {kind}: {text}");
    }
    Ok(())
}

/// The portal is its own directory and its own store.
fn two_factor(portal: &Portal) -> Result<TwoFactor, BoxError> {
    // A real portal draws its keys once and keeps them apart from the database.
    let keyring = Keyring::from_text(&Keyring::draw_text(KeyId(1), &OsRandom)?)?;
    let two_factor = TwoFactor::builder(portal.clone(), portal.clone(), keyring);
    Ok(two_factor.deployment("demo").issuer("Own Store").default_requirement(Requirement::On).build()?)
}

/// Enrolls a user after their password was right.
async fn enroll(two_factor: &TwoFactor, org: &OrgId, user: &UserId) -> Result<(), BoxError> {
    let Gate::Enroll(ticket) = two_factor.check_in(FirstFactor::accepted(org, user)).await? else {
        return Ok(());
    };
    let Verdict::Granted(setup) = two_factor.setup(&ticket).await? else { return Ok(()) };
    println!("Scan this with an authenticator app, or type {} into it:\n", setup.key());
    println!("{}", *setup.terminal());
    loop {
        print!("The code that the app shows: ");
        io::stdout().flush()?;
        let mut code = String::new();
        if io::stdin().read_line(&mut code)? == 0 {
            return Ok(());
        }
        match two_factor.confirm(Attempt::new(&ticket, &code)).await? {
            Verdict::Granted(_) => break,
            Verdict::Refused(refusal) => println!("{refusal}."),
        }
    }
    println!("Enrolled.");
    Ok(())
}

#[cfg(test)]
mod tests {
    use countersign::{SystemClock, conformance::Suite, testing::Authenticator};
    use tempfile::TempDir;

    use super::*;

    /// The tables, and two ways to them, as from two processes of the portal.
    async fn portal() -> (TempDir, Portal, Portal) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("portal.sqlite");
        let (one, two) = (Portal::open(&file).await.unwrap(), Portal::open(&file).await.unwrap());
        for sql in [TABLES, ADDED] {
            sqlx::raw_sql(sql).execute(&one.0).await.unwrap();
        }
        (folder, one, two)
    }

    impl Portal {
        async fn insert_org(&self) -> Result<OrgId, BoxError> {
            let insert = sqlx::query_scalar::<_, i64>("INSERT INTO orgs (name) VALUES ('Acme') RETURNING id");
            Ok(insert.fetch_one(&self.0).await?.into())
        }

        async fn insert_user(&self) -> Result<(OrgId, UserId), BoxError> {
            let org = self.insert_org().await?;
            let insert = "INSERT INTO users (org_id, email, role)
                          VALUES (?, hex(randomblob(8)), 'internal') RETURNING id";
            let insert = sqlx::query_scalar::<_, i64>(insert).bind(org.as_str());
            let user = insert.fetch_one(&self.0).await?.into();
            Ok((org, user))
        }

        async fn count_events(&self, org: &OrgId) -> Result<u64, BoxError> {
            let count = sqlx::query_scalar("SELECT count(*) FROM events WHERE org_id = ?");
            Ok(count.bind(org.as_str()).fetch_one(&self.0).await?)
        }
    }

    #[tokio::test]
    async fn users_records_keep_the_contract() {
        let (_folder, one, two) = portal().await;
        let org = one.insert_org().await.unwrap();
        Suite::of_users(&one, async || one.insert_user().await)
            .also_through(&two)
            .counting_events(async |org| one.count_events(org).await)
            .refusing(org, UserId::from(0_i64))
            .run()
            .await
            .unwrap();
    }

    #[tokio::test]
    async fn settings_keep_the_contract() {
        let (_folder, one, two) = portal().await;
        Suite::of_settings(&one, async || one.insert_org().await)
            .also_through(&two)
            .counting_events(async |org| one.count_events(org).await)
            .refusing(OrgId::from(0_i64))
            .run()
            .await
            .unwrap();
    }

    #[tokio::test]
    async fn a_user_enrolls_over_these_tables_and_is_asked_for_a_code_from_then_on() {
        let (_folder, one, _) = portal().await;
        let two_factor = two_factor(&one).unwrap();
        let (org, user) = one.insert_user().await.unwrap();
        let check_in = async || two_factor.check_in(FirstFactor::accepted(&org, &user)).await.unwrap();
        let Gate::Enroll(ticket) = check_in().await else { panic!("nobody has enrolled yet") };
        let setup = two_factor.setup(&ticket).await.unwrap().granted().unwrap();
        let code = Authenticator::enrolled_with(&setup).unwrap().code(&SystemClock);
        assert!(two_factor.confirm(Attempt::new(&ticket, &code)).await.unwrap().granted().is_some());
        assert!(matches!(check_in().await, Gate::AskCode(_)));
    }
}
