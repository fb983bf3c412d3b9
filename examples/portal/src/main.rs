//! A small web portal with two-factor authentication by `countersign`: read it, run it, copy from it.
//!
//! In reading order:
//!
//! * `main.rs`: the command line; `desk.rs`, `command.rs`: what the vendor's support desk does there
//! * `data.rs`: the folder with the database and the keyring, and the people of the first start
//! * `passwords.rs`: the first factor
//! * `people.rs`: the portal's users, and the `Directory` that tells the library who is who
//! * `session.rs`: what the server remembers of a browser; the one door to being signed in; CSRF
//! * `app.rs`: everything put together: state, routes, headers
//! * `login.rs`: password → code or QR code → signed in
//! * `joining.rs`: an authenticator by invitation, or by choice
//! * `devices.rs`: browsers on which the password is enough
//! * `incident.rs`: everybody sets it up again; vouching for a colleague
//! * `guessing.rs`: how often passwords are looked at
//! * `keys.rs`: `portal keys` and `portal reseal`
//! * `recovery.rs`: recovery codes: shown once, used once, renewed
//! * `settings.rs`: what Master Admins do: the requirement, resets, the audit trail
//! * `acts.rs`: what is done to one user, from a page or from the command line
//! * `rules.rs`: how many wrong codes, how long things last, who may enroll when
//! * `report.rs`, `reset.rs`: who has set it up and who has not, and resetting many at once
//! * `mails.rs`: who is told what happened
//! * `account.rs`: what users do for themselves: the password, another phone
//! * `import.rs`: users who bring their authenticator app from another system
//! * `pages.rs`, `words.rs`, `failure.rs`: HTML, and a sentence for everything that is refused or fails

mod account;
mod acts;
mod app;
mod command;
mod data;
mod desk;
mod devices;
mod failure;
mod import;
mod joining;
mod keys;
mod login;
mod mails;
mod pages;
mod passwords;
mod people;
mod guessing;
mod incident;
mod recovery;
mod report;
mod reset;
mod rules;
mod session;
mod settings;
#[cfg(test)]
mod tests;
mod words;

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{Args, Parser, Subcommand};
use countersign::{BoxError, SystemClock};

use crate::{
    app::{App, NewPassword},
    data::Data,
    desk::Desk,
    passwords::Passwords,
};

/// A small web portal with two-factor authentication.
#[derive(Parser)]
#[command(version)]
struct CommandLine {
    /// The folder that holds the database and the keyring
    #[arg(long, global = true, value_name = "DIR", default_value = "portal-data")]
    data: PathBuf,
    /// The name of this deployment. What another one hands out is void here, though it may have a copy of the data
    #[arg(long, global = true, value_name = "NAME", default_value = "demo")]
    deployment: String,
    #[command(flatten)]
    serve: Serve,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Args)]
struct Serve {
    /// Where to listen; port 0 takes a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// Browsers reach the portal by HTTPS, through a proxy: cookies are then sent over nothing else
    #[arg(long)]
    https: bool,
    /// At the first start, give everybody this password instead of random ones (for demonstrations)
    #[arg(long, value_name = "PASSWORD")]
    seed_passwords: Option<String>,
}

/// What can be done whether the portal runs or not.
#[derive(Subcommand)]
enum Command {
    /// Give a user a new random password, and end everything that the old one opened
    Password { login: String },
    /// The vendor's support desk resets many users, who must then set it up again
    Reset(command::ResetMany),
    /// The vendor's support desk resets the second factor of one user, who must then set it up again
    SupportReset(desk::ResetOne),
    /// Tell under which keys an org's settings and records are sealed
    Keys {
        /// The org
        #[arg(long, default_value = "acme")]
        org: String,
    },
    /// Seal an org's settings and records under the active key, the first one of keyring.txt. It can be interrupted and
    /// started again, while the portal runs
    Reseal {
        /// The org
        #[arg(long, default_value = "acme")]
        org: String,
    },
    /// Import users' authenticators from another system: a CSV file with the columns `user` (the login name) and `key`
    /// (an otpauth:// URI, or base32). Refused lines are listed; the file can be imported again
    Import {
        file: PathBuf,
        #[command(flatten)]
        desk: Desk,
    },
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(CommandLine::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            failure::log("portal", &*error);
            ExitCode::FAILURE
        }
    }
}

async fn run(line: CommandLine) -> Result<(), BoxError> {
    if line.command.is_some() && !line.data.is_dir() {
        return Err(format!("there is no folder {}: start the portal first", line.data.display()).into());
    }
    let data = Data::open(&line.data).await?;
    let app = App::new(data, Passwords::new()?, SystemClock, line.serve.https, &line.deployment).await?;
    match line.command {
        None => serve(app, line.serve).await,
        Some(Command::Reset(many)) => many.run(&app).await,
        Some(Command::Password { login }) => new_password(&app, &login).await,
        Some(Command::SupportReset(one)) => one.run(&app).await,
        Some(Command::Keys { org }) => keys::tell(&app, &org).await,
        Some(Command::Reseal { org }) => keys::reseal(&app, &org).await,
        Some(Command::Import { file, desk }) => import_keys(&app, &file, &desk).await,
    }
}

#[allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "the program speaks to the person who started it"
)]
async fn serve(app: App, serve: Serve) -> Result<(), BoxError> {
    let newcomers = data::seed(&app.pool, &app.people, serve.seed_passwords.as_deref()).await?;
    if newcomers.is_empty() {
        println!("The passwords were shown at the first start. `portal password LOGIN` makes a new one.");
    } else {
        println!("First start. These passwords are shown this one time:\n");
        println!("  {:<8}  {:<14}  {:<13}  PASSWORD", "LOGIN", "NAME", "ROLE");
        for (person, password) in &newcomers {
            let role = words::role(person.role);
            println!("  {:<8}  {:<14}  {role:<13}  {password}", person.login, person.name);
        }
    }
    if !serve.https && !serve.listen.ip().is_loopback() {
        eprintln!(
            "Warning: {} can be reached from other machines, and passwords and codes would travel in the open. Put a \
             proxy with TLS in front, and start the portal with --https.",
            serve.listen
        );
    }
    let listener = tokio::net::TcpListener::bind(serve.listen).await?;
    println!("\nPortal: http://{}", listener.local_addr()?);
    let service = app::router(app).into_make_service_with_connect_info::<SocketAddr>();
    Ok(axum::serve(listener, service).await?)
}

#[allow(clippy::print_stdout, reason = "the program speaks to the person who started it")]
async fn new_password(app: &App, login: &str) -> Result<(), BoxError> {
    let user = desk::user(app, login).await?;
    let password = passwords::draw()?;
    app.change_password(&user, &password, NewPassword::Verified).await?;
    println!("The new password of {}: {password}", user.name);
    Ok(())
}

#[allow(clippy::print_stdout, reason = "the program speaks to the person who started it")]
async fn import_keys(app: &App, file: &Path, desk: &Desk) -> Result<(), BoxError> {
    let import::Outcome { imported, there_already, refused } = import::import(app, file, desk).await?;
    for (number, why) in &refused {
        println!("line {number}: {why}");
    }
    println!("Imported: {imported}. There already: {there_already}. Refused: {}.", refused.len());
    if refused.is_empty() {
        Ok(())
    } else {
        Err("some lines were refused: mend them and import again".into())
    }
}
