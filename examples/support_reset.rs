//! The tool of a vendor's support desk: helps a Master Admin who is locked out when nobody in their org can.
//!
//! ```text
//! cargo run --example support_reset --features sqlite -- FOLDER LOGIN --operator NAME --case NUMBER
//! cargo run --example support_reset --features sqlite -- FOLDER --reseal ORG
//! ```
//!
//! `FOLDER` is that of the portal example: `portal.sqlite` with its users beside the library's tables, and `keyring.txt`.
//! Run it on the portal's server, while the portal runs. It asks for no password: only people whom you have authenticated
//! yourself may start it.
//!
//! It shows who the user is and who else could help them, asks how the desk verified the caller, and then resets the
//! account. The user enrolls again: no code is ever skipped. If the account was blocked, somebody else knows its password;
//! it is then reset with an invitation, which the desk reads out to the user.
//!
//! With `--reseal` it seals everything that an org has under the first key of `keyring.txt`, after the key was changed.
#![allow(clippy::print_stdout, reason = "it speaks to the person at the terminal")]

use std::{
    env, fs,
    io::{self, Write as _},
    path::PathBuf,
    process::ExitCode,
};

use countersign::{
    ActRefusal, BoxError, Directory, Keyring, OrgId, Person, Role, TwoFactor, UserId, Verdict,
    admin::Support,
    audit::{Operator, Password, Reason},
    store::sqlite::SqliteStore,
};
use sqlx::{Row as _, SqlitePool, sqlite::SqlitePoolOptions};

/// What was asked for on the command line.
enum Request {
    Reset { login: String, operator: Operator, case: String },
    Reseal { org: OrgId },
}

/// The portal's users table, which the desk only reads.
#[derive(Clone)]
struct Users(SqlitePool);

struct User {
    org: OrgId,
    id: UserId,
    name: String,
    role: Role,
}

impl Directory for Users {
    type Error = BoxError;

    async fn find(&self, org: &OrgId, user: &UserId) -> Result<Option<Person>, BoxError> {
        let select = "SELECT role FROM portal_users WHERE org_id = ? AND CAST(id AS TEXT) = ?";
        let row = sqlx::query(select).bind(org.as_str()).bind(user.as_str()).fetch_optional(&self.0).await?;
        let Some(row) = row else { return Ok(None) };
        let role: Role = row.try_get::<&str, _>("role")?.parse()?;
        Ok(Some(Person::new(org.clone(), user.clone(), role)))
    }
}

impl Users {
    async fn by_login(&self, login: &str) -> Result<Option<User>, BoxError> {
        let select = "SELECT id, org_id, name, role FROM portal_users WHERE login = ?";
        let Some(row) = sqlx::query(select).bind(login).fetch_optional(&self.0).await? else {
            return Ok(None);
        };
        Ok(Some(User {
            org: OrgId::new(row.try_get::<&str, _>("org_id")?)?,
            id: UserId::from(row.try_get::<i64, _>("id")?),
            name: row.try_get("name")?,
            role: row.try_get::<&str, _>("role")?.parse()?,
        }))
    }

    /// Returns the other Master Admins of the org who can reset the user: enrolled in its epoch, not blocked, and not on
    /// probation after a recovery.
    async fn helpers(&self, user: &User) -> Result<Vec<String>, BoxError> {
        let select = "SELECT people.name FROM portal_users AS people
             JOIN countersign_settings AS org ON org.org_id = people.org_id
             JOIN countersign_users AS account
               ON account.org_id = people.org_id AND account.user_id = CAST(people.id AS TEXT)
             WHERE people.org_id = ? AND people.role = 'master-admin' AND CAST(people.id AS TEXT) <> ?
               AND account.enrolled_epoch IN (org.epoch, org.chosen_in) AND account.blocked_since IS NULL
               AND coalesce(account.probation_until, 0) <= unixepoch()
             ORDER BY people.name";
        let select = sqlx::query_scalar(select).bind(user.org.as_str()).bind(user.id.as_str());
        Ok(select.fetch_all(&self.0).await?)
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run().await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => {
            println!("Nothing was done.");
            ExitCode::FAILURE
        }
        Err(error) => {
            println!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Returns whether something was done.
async fn run() -> Result<bool, BoxError> {
    let (folder, request) = request(env::args().skip(1))?;
    let database = folder.join("portal.sqlite");
    if !database.exists() {
        // SQLite would make an empty one, in which nobody is found.
        return Err(format!("there is no {}", database.display()).into());
    }
    let keyring = Keyring::from_text(&fs::read_to_string(folder.join("keyring.txt"))?)?;
    let options = SqliteStore::options(&database);
    let pool = SqlitePoolOptions::new().max_connections(3).connect_with(options).await?;
    let users = Users(pool.clone());
    let store = SqliteStore::new(pool).await?;
    // The issuer is for QR codes, and the deployment for what is handed out: this program makes neither.
    let two_factor = TwoFactor::builder(users.clone(), store.clone(), keyring)
        .records(store)
        .deployment("support desk")
        .issuer("Support")
        .build()?;
    match request {
        Request::Reseal { org } => reseal(&two_factor, &org).await,
        Request::Reset { login, operator, case } => {
            talk(&Support::new(&two_factor, operator), &users, &login, &case).await
        }
    }
}

async fn reseal(two_factor: &TwoFactor, org: &OrgId) -> Result<bool, BoxError> {
    let mut run = two_factor.org(org).reseal();
    let (mut sealed, mut unreadable) = (0, Vec::new());
    while let Some(done) = run.next().await? {
        sealed += done.records;
        unreadable.extend(done.unreadable);
        println!("{sealed} sealed anew");
    }
    for user in &unreadable {
        println!("The record of user {user} does not open: reset them, or bring its key back.");
    }
    println!("Done.");
    Ok(unreadable.is_empty())
}

/// The conversation that ends in a reset. Returns whether something was done.
async fn talk(support: &Support, users: &Users, login: &str, case: &str) -> Result<bool, BoxError> {
    let user = users.by_login(login).await?.ok_or("nobody has this login name")?;
    println!("{}, {} in {}.", user.name, user.role.as_str(), user.org);
    let helpers = users.helpers(&user).await?;
    if helpers.is_empty() {
        println!("No Master Admin of this org can help at the moment.");
    } else {
        println!("These Master Admins can reset the account: {}.", helpers.join(", "));
        println!("Send the caller to them, unless they cannot be reached.");
    }
    let Some(how) = ask("How did you make sure who is calling? ")? else { return Ok(false) };
    let reason = Reason::in_case(case, &how).map_err(|error| format!("the case or the reason {error}"))?;
    match ask(&format!("Type {login} to reset: "))? {
        Some(typed) if typed == login => reset(support, &user, &reason).await,
        _ => Ok(false),
    }
}

async fn reset(support: &Support, user: &User, reason: &Reason) -> Result<bool, BoxError> {
    let org = support.in_org(&user.org, reason);
    let account = org.user(&user.id);
    match account.reset(Password::AsBefore).await? {
        Verdict::Granted(()) => {
            println!("Done. {} sets up an authenticator app at the next login.", user.name);
            return Ok(true);
        }
        Verdict::Refused(ActRefusal::PasswordKnown) => {}
        Verdict::Refused(refusal) => return Err(refusal.into()),
    }
    println!("The account was blocked: somebody else knows its password, and could enroll first.");
    println!("An invitation keeps them out. Have the password changed as well.");
    if ask("Type invite to reset and read an invitation out: ")?.as_deref() != Some("invite") {
        return Ok(false);
    }
    let invitation = account.reset_and_invite(Password::AsBefore).await?.into_result()?;
    println!("\n    {}\n", *invitation.text());
    println!("Done. {} enrolls with it until {}.", user.name, invitation.expires_at());
    Ok(true)
}

/// Returns the folder, and what to do in it.
fn request(mut words: impl Iterator<Item = String>) -> Result<(PathBuf, Request), BoxError> {
    const USAGE: &str = "usage: support_reset FOLDER LOGIN --operator NAME --case NUMBER, or support_reset FOLDER --reseal ORG";
    let (mut positions, mut operator, mut case, mut org) = (Vec::new(), None, None, None);
    while let Some(word) = words.next() {
        match word.as_str() {
            "--operator" => operator = words.next(),
            "--case" => case = words.next(),
            "--reseal" => org = words.next(),
            _ => positions.push(word),
        }
    }
    match (operator, case, org, positions.as_slice()) {
        (None, None, Some(org), [folder]) => Ok((folder.into(), Request::Reseal { org: OrgId::new(org)? })),
        (Some(operator), Some(case), None, [folder, login]) => {
            let operator =
                Operator::new(&operator).map_err(|error| format!("the operator's name {error}"))?;
            Ok((folder.into(), Request::Reset { login: login.clone(), operator, case }))
        }
        _ => Err(USAGE.into()),
    }
}

/// A line from the terminal; `None` at the end of the input.
fn ask(prompt: &str) -> io::Result<Option<String>> {
    print!("{prompt}");
    io::stdout().flush()?;
    let mut line = String::new();
    let read = io::stdin().read_line(&mut line)?;
    Ok((read > 0).then(|| line.trim().to_owned()))
}
