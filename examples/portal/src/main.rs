//! A small web portal with two-factor authentication by `countersign`: read it, run it, copy from it.
//!
//! In reading order:
//!
//! * `main.rs`: the command line; `command.rs`: its longest command
//! * `data.rs`: the folder with the database and the keyring, and the people of the first start
//! * `passwords.rs`: the first factor
//! * `people.rs`: the portal's users, and the `Directory` that tells the library who is who
//! * `session.rs`: what the server remembers of a browser; the one door to being signed in; CSRF
//! * `app.rs`: everything put together: state, routes, headers
//! * `login.rs`: password → code or QR code → signed in
//! * `joining.rs`: an authenticator by invitation, or by choice
//! * `devices.rs`: browsers on which the password is enough
//! * `recovery.rs`: recovery codes: shown once, taken once, drawn anew
//! * `settings.rs`: what Master Admins do: the requirement, resets, the audit trail
//! * `rules.rs`: how many wrong codes, how long things last, who may enroll when
//! * `report.rs`, `reset.rs`: who has set it up and who has not, and resetting many at once
//! * `mails.rs`: who is told of what happened
//! * `account.rs`: what everybody does for himself: the password, another phone
//! * `import.rs`: users who bring their authenticator app from another system
//! * `pages.rs`, `words.rs`, `failure.rs`: HTML, and a sentence for whatever is refused or fails

mod account;
mod app;
mod command;
mod data;
mod devices;
mod failure;
mod import;
mod joining;
mod login;
mod mails;
mod pages;
mod passwords;
mod people;
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
use countersign::{
    BoxError, SystemClock, Verdict,
    admin::Support,
    audit::{Operator, Reason},
};

use crate::{app::App, data::Data, passwords::Passwords};

/// A small web portal with two-factor authentication.
#[derive(Parser)]
#[command(version)]
struct CommandLine {
    /// The folder that holds the database and the keyring
    #[arg(long, global = true, value_name = "DIR", default_value = "portal-data")]
    data: PathBuf,
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

/// What can be done while the portal runs or rests.
#[derive(Subcommand)]
enum Command {
    /// Give somebody a new random password, and end everything the old one opened
    Password { login: String },
    /// The vendor's support desk resets many, who then must enroll again
    Reset(command::ResetMany),
    /// The vendor's support desk resets somebody's second factor, who then must enroll again
    SupportReset {
        login: String,
        /// Who at the support desk does it
        #[arg(long, value_name = "NAME")]
        operator: String,
        /// Why, for the audit trail
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
    /// Take in users' authenticators from another system: a CSV file with the columns `user` (the login name) and
    /// `key` (an otpauth:// URI, or base32). Lines that are refused are told; the file can be imported again
    Import {
        file: PathBuf,
        /// Who does it
        #[arg(long, value_name = "NAME")]
        operator: String,
        /// Why, for the audit trail
        #[arg(long, value_name = "TEXT")]
        reason: String,
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
    let app = App::new(data, Passwords::new()?, SystemClock, line.serve.https).await?;
    match line.command {
        None => serve(app, line.serve).await,
        Some(Command::Reset(many)) => many.run(&app).await,
        Some(Command::Password { login }) => new_password(&app, &login).await,
        Some(Command::SupportReset { login, operator, reason }) => {
            support_reset(&app, &login, &operator, &reason).await
        }
        Some(Command::Import { file, operator, reason }) => {
            import_keys(&app, &file, &operator, &reason).await
        }
    }
}

#[allow(clippy::print_stdout, reason = "the program speaks to whoever started it")]
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
    let listener = tokio::net::TcpListener::bind(serve.listen).await?;
    println!("\nPortal: http://{}", listener.local_addr()?);
    let service = app::router(app).into_make_service_with_connect_info::<SocketAddr>();
    Ok(axum::serve(listener, service).await?)
}

#[allow(clippy::print_stdout, reason = "the program speaks to whoever started it")]
async fn new_password(app: &App, login: &str) -> Result<(), BoxError> {
    let user = app.people.by_login(login).await?.ok_or("nobody has this login name")?;
    let password = passwords::draw()?;
    app.change_password(&user, &password).await?;
    println!("The new password of {}: {password}", user.name);
    Ok(())
}

/// The portal never constructs a [`Support`] for a browser: whoever can start programs on this server is the
/// vendor.
#[allow(clippy::print_stdout, reason = "the program speaks to whoever started it")]
async fn support_reset(app: &App, login: &str, operator: &str, reason: &str) -> Result<(), BoxError> {
    let user = app.people.by_login(login).await?.ok_or("nobody has this login name")?;
    let operator = Operator::new(operator).map_err(|error| format!("the operator's name {error}"))?;
    let support = Support::new(&app.two_factor, operator);
    let reason = Reason::new(reason).map_err(|error| format!("the reason {error}"))?;
    match support.in_org(&user.org, &reason).user(&user.id()).reset().await? {
        Verdict::Granted(()) => {
            println!("{} must set up two-factor authentication again at the next sign-in.", user.name);
        }
        Verdict::Refused(refusal) => return Err(refusal.to_string().into()),
    }
    Ok(())
}

#[allow(clippy::print_stdout, reason = "the program speaks to whoever started it")]
async fn import_keys(app: &App, file: &Path, operator: &str, reason: &str) -> Result<(), BoxError> {
    let import::Outcome { imported, there_already, refused } =
        import::import(app, file, operator, reason).await?;
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
