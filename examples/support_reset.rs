//! The tool of a vendor's support desk: helps a Master Admin who is locked out when nobody in their org can.
//!
//! ```text
//! cargo run --example support_reset --features sqlite -- FOLDER LOGIN --operator NAME --case NUMBER
//! ```
//!
//! `FOLDER` is that of the portal example: `portal.sqlite` with its users beside the library's tables, and `keyring.txt`.
//! Run it on the portal's server, while the portal runs. It asks for no password: only people whom you have authenticated
//! yourself may start it.
//!
//! It shows who the user is and who else could help them, asks how the desk verified the caller, and then resets the
//! account. The user enrolls again: no code is ever skipped. If the account was blocked, somebody else knows its password;
//! it is then reset with an invitation, which the desk reads out to the user.
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
struct Request {
    folder: PathBuf,
    login: String,
    operator: Operator,
    case: String,
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
    let Request { folder, login, operator, case } = request(env::args().skip(1))?;
    let database = folder.join("portal.sqlite");
    if !database.exists() {
        // SQLite would make an empty one, in which nobody is found.
        return Err(format!("there is no {}", database.display()).into());
    }
    let keyring = Keyring::from_text(&fs::read_to_string(folder.join("keyring.txt"))?)?;
    let options = SqliteStore::options(&database);
    let pool = SqlitePoolOptions::new().max_connections(3).connect_with(options).await?;
    let users = Users(pool.clone());
    let user = users.by_login(&login).await?.ok_or("nobody has this login name")?;
    // The issuer is for QR codes, of which this program shows none.
    let store = SqliteStore::new(pool).await?;
    let two_factor =
        TwoFactor::builder(users.clone(), store, keyring).deployment("demo").issuer("Support").build()?;
    let support = Support::new(&two_factor, operator);

    println!("{}, {} in {}.", user.name, user.role.as_str(), user.org);
    let helpers = users.helpers(&user).await?;
    if helpers.is_empty() {
        println!("No Master Admin of this org can help at the moment.");
    } else {
        println!("These Master Admins can reset the account: {}.", helpers.join(", "));
        println!("Send the caller to them, unless they cannot be reached.");
    }
    let Some(how) = ask("How did you make sure who is calling? ")? else { return Ok(false) };
    let reason = Reason::in_case(&case, &how).map_err(|error| format!("the case or the reason {error}"))?;
    match ask(&format!("Type {login} to reset: "))? {
        Some(typed) if typed == login => reset(&support, &user, &reason).await,
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

fn request(mut words: impl Iterator<Item = String>) -> Result<Request, BoxError> {
    const USAGE: &str = "usage: support_reset FOLDER LOGIN --operator NAME --case NUMBER";
    let (mut positions, mut operator, mut case) = (Vec::new(), None, None);
    while let Some(word) = words.next() {
        match word.as_str() {
            "--operator" => operator = words.next(),
            "--case" => case = words.next(),
            _ => positions.push(word),
        }
    }
    let (Some(operator), Some(case), [folder, login]) = (operator, case, positions.as_slice()) else {
        return Err(USAGE.into());
    };
    let operator = Operator::new(&operator).map_err(|error| format!("the operator's name {error}"))?;
    Ok(Request { folder: folder.into(), login: login.clone(), operator, case })
}

/// A line from the terminal; `None` at the end of the input.
fn ask(prompt: &str) -> io::Result<Option<String>> {
    print!("{prompt}");
    io::stdout().flush()?;
    let mut line = String::new();
    let read = io::stdin().read_line(&mut line)?;
    Ok((read > 0).then(|| line.trim().to_owned()))
}
