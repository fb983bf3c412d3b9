//! The second login step in a host that has users, passwords and sessions already: from the password to the first reset.
//!
//! ```text
//! cargo run --example login --features sqlite
//! ```
//!
//! The first half is what such a host writes, and what the README shows: who is who, what is put together once at the
//! start, and a handler for each page. It uses no web framework: a handler takes the browser's session and returns the
//! page that comes next. The second half is a browser made of lines in a terminal, so that you can try it with an app on
//! your phone. `examples/portal` is the same on the web, with everything else that pages need.
#![allow(clippy::print_stdout, reason = "it speaks to the person at the terminal")]

use countersign::{
    ActRefusal, Attempt, BoxError, Directory, Error, FirstFactor, Gate, Keyring, OrgId, Pass, Person,
    Refusal, Setup, SignOut, Stamp, Ticket, TwoFactor, UserId, Verdict, audit::Password,
    store::sqlite::SqliteStore, tokens::RecoveryCodes,
};
use sqlx::SqlitePool;

/// Your own users table says who is who, at every call.
struct Users(SqlitePool);

impl Directory for Users {
    type Error = BoxError;

    async fn find(&self, org: &OrgId, user: &UserId) -> Result<Option<Person>, BoxError> {
        let select = "SELECT role, email FROM users WHERE org = ? AND id = ?";
        let select = sqlx::query_as::<_, (String, String)>(select).bind(org.as_str()).bind(user.as_str());
        let Some((role, email)) = select.fetch_optional(&self.0).await? else { return Ok(None) };
        Ok(Some(Person::new(org.clone(), user.clone(), role.parse()?).account_name(&email)))
    }
}

/// Once, at the start. The store makes its own tables beside yours, in the pool that you have.
async fn start(pool: SqlitePool, keyring: Keyring) -> Result<TwoFactor, BoxError> {
    let store = SqliteStore::new(pool.clone()).await?;
    Ok(TwoFactor::builder(Users(pool), store, keyring)
        .deployment("production")
        .issuer("Acme Portal")
        .build()?)
}

/// What the server keeps of a browser. Give it a new session id whenever either field is set.
#[derive(Default)]
struct Session {
    ticket: Option<Ticket>,
    stamp: Option<Stamp>,
}

impl Session {
    fn park(&mut self, ticket: Ticket, next: Page) -> Page {
        *self = Self { ticket: Some(ticket), stamp: None };
        next
    }

    fn sign_in(&mut self, pass: &Pass) -> Page {
        *self = Self { ticket: None, stamp: Some(pass.stamp().clone()) };
        Page::Home
    }
}

/// The pages of your portal, each with what it has to say.
enum Page {
    SignIn,
    Enroll(Option<Refusal>),
    Enrolled(Option<RecoveryCodes>),
    Code(Option<Refusal>),
    Invitation(Option<Refusal>),
    Blocked,
    Home,
    Done,
    Refused(ActRefusal),
}

/// POST /login, after the password was right: decides which page comes next.
async fn after_password(
    two_factor: &TwoFactor,
    session: &mut Session,
    first_factor: FirstFactor,
) -> Result<Page, Error> {
    Ok(match two_factor.check_in(first_factor).await? {
        // In. With `EnrollBy` the org gives time to enroll: say until when.
        Gate::Open(pass) | Gate::EnrollBy { pass, .. } => session.sign_in(&pass),
        Gate::AskCode(ticket) => session.park(ticket, Page::Code(None)),
        Gate::Enroll(ticket) => session.park(ticket, Page::Enroll(None)),
        Gate::AskInvitation(ticket) => session.park(ticket, Page::Invitation(None)),
        Gate::Blocked => Page::Blocked,
    })
}

/// GET /enroll: the QR code, the same one at every reload.
async fn qr_code(two_factor: &TwoFactor, session: &Session) -> Result<Option<Setup>, Error> {
    let Some(ticket) = &session.ticket else { return Ok(None) };
    Ok(two_factor.setup(ticket).await?.granted())
}

/// POST /enroll: the first code that the app shows.
async fn first_code(two_factor: &TwoFactor, session: &mut Session, code: &str) -> Result<Page, Error> {
    let Some(ticket) = &session.ticket else { return Ok(Page::SignIn) };
    Ok(match two_factor.confirm(Attempt::new(ticket, code)).await? {
        Verdict::Granted(enrolled) => {
            session.sign_in(&enrolled.pass);
            Page::Enrolled(enrolled.recovery_codes) // shown this one time
        }
        Verdict::Refused(refusal) => refused(refusal, Page::Enroll),
    })
}

/// POST /code: at every login after that, and whenever a fresh code is needed.
async fn code(two_factor: &TwoFactor, session: &mut Session, code: &str) -> Result<Page, Error> {
    let Some(ticket) = &session.ticket else { return Ok(Page::SignIn) };
    Ok(match two_factor.verify(Attempt::new(ticket, code)).await? {
        Verdict::Granted(pass) => session.sign_in(&pass),
        Verdict::Refused(refusal) => refused(refusal, Page::Code),
    })
}

/// Where a refusal leads. The list is closed: the compiler tells you when there is another one.
fn refused(refusal: Refusal, again: fn(Option<Refusal>) -> Page) -> Page {
    match refusal {
        // The same form with its sentence: how many tries are left, until when to wait, what is wrong with the phone.
        Refusal::Malformed
        | Refusal::WrongCode { .. }
        | Refusal::AlreadyUsed { .. }
        | Refusal::Wait { .. }
        | Refusal::SetupExpired
        | Refusal::InvitationVoid
        | Refusal::ClockMovedBack { .. } => again(Some(refusal)),
        Refusal::InvitationNeeded => Page::Invitation(None),
        Refusal::AlreadyDone => Page::Home, // the form was sent twice
        Refusal::Blocked => Page::Blocked,
        Refusal::TicketVoid => Page::SignIn,
    }
}

/// At every request: a reset, a changed password or a new policy ends the session here.
async fn signed_in(two_factor: &TwoFactor, session: &Session) -> Result<Option<Pass>, Error> {
    let Some(stamp) = &session.stamp else { return Ok(None) };
    two_factor.resume(stamp).await
}

/// POST /logout: no stamp of this session holds any more, whoever has a copy.
async fn sign_out(two_factor: &TwoFactor, session: &mut Session) -> Result<Page, Error> {
    if let Some(stamp) = std::mem::take(session).stamp {
        match two_factor.sign_out(&stamp).await? {
            // Of a customer's session nothing is left either: it was kept here, and is forgotten.
            SignOut::Ended | SignOut::NotOurs => {}
        }
    }
    Ok(Page::SignIn)
}

/// POST /users/{user}/reset, by a Master Admin.
async fn reset(two_factor: &TwoFactor, session: &mut Session, user: &UserId) -> Result<Page, Error> {
    let Some(pass) = signed_in(two_factor, session).await? else { return Ok(Page::SignIn) };
    let verdict = two_factor.admin(&pass).user(user).reset(Password::AsBefore).await?;
    administered(two_factor, session, &pass, verdict).await
}

/// POST /settings, by a Master Admin: the checkbox that makes everybody enroll.
async fn require(two_factor: &TwoFactor, session: &mut Session, to: Requirement) -> Result<Page, Error> {
    let Some(pass) = signed_in(two_factor, session).await? else { return Ok(Page::SignIn) };
    let verdict = two_factor.admin(&pass).require(to).await?;
    administered(two_factor, session, &pass, verdict).await
}

/// Administration needs a code of the last five minutes. If theirs is older, ask for another one first.
async fn administered(
    two_factor: &TwoFactor,
    session: &mut Session,
    pass: &Pass,
    verdict: Verdict<(), ActRefusal>,
) -> Result<Page, Error> {
    Ok(match verdict {
        Verdict::Granted(()) => Page::Done,
        Verdict::Refused(ActRefusal::SessionOver) => Page::SignIn,
        Verdict::Refused(ActRefusal::FreshCodeNeeded) => match two_factor.signed_in(pass).step_up().await? {
            Verdict::Granted(ticket) => {
                session.ticket = Some(ticket); // still signed in: `code` renews the stamp
                Page::Code(None)
            }
            Verdict::Refused(refusal) => Page::Refused(refusal),
        },
        Verdict::Refused(refusal) => Page::Refused(refusal),
    })
}

/// POST /recovery: one of the recovery codes, for a phone that is lost.
async fn recovery_code(two_factor: &TwoFactor, session: &mut Session, code: &str) -> Result<Page, Error> {
    let Some(ticket) = &session.ticket else { return Ok(Page::SignIn) };
    Ok(match two_factor.recover(Attempt::new(ticket, code)).await? {
        Verdict::Granted(recovered) => session.sign_in(&recovered.pass),
        Verdict::Refused(refusal) => refused(refusal, Page::Code),
    })
}

/// POST /invitation: for users whom an admin invited to enroll.
async fn invitation(two_factor: &TwoFactor, session: &mut Session, typed: &str) -> Result<Page, Error> {
    let Some(ticket) = &session.ticket else { return Ok(Page::SignIn) };
    Ok(match two_factor.accept(Attempt::new(ticket, typed)).await? {
        Verdict::Granted(ticket) => session.park(ticket, Page::Enroll(None)),
        Verdict::Refused(refusal) => refused(refusal, Page::Invitation),
    })
}

// From here on: the browser, and a database that is gone afterwards.

use std::{
    fmt,
    io::{self, Write as _},
};

use countersign::{KeyId, OsRandom, Requirement};
use sqlx::sqlite::SqlitePoolOptions;

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let folder = tempfile::tempdir()?;
    let options = SqliteStore::options(folder.path().join("portal.sqlite"));
    let pool = SqlitePoolOptions::new().max_connections(4).connect_with(options).await?;
    let users = "CREATE TABLE users (org TEXT, id TEXT, role TEXT, email TEXT, PRIMARY KEY (org, id));
        INSERT INTO users VALUES ('acme', 'ann', 'master-admin', 'ann@example.com'),
            ('acme', 'bob', 'internal', 'bob@example.com'), ('acme', 'carol', 'customer', 'carol@example.com')";
    sqlx::raw_sql(users).execute(&pool).await?;
    // A portal draws a key once, keeps it apart from the database, and reads it with `Keyring::from_env`.
    let keyring = Keyring::from_text(&Keyring::draw_text(KeyId(1), &OsRandom)?)?;
    let two_factor = start(pool, keyring).await?;

    println!("Acme Portal. Its people are ann, a Master Admin; bob, a colleague; and carol, a customer.");
    let (mut session, mut page) = (Session::default(), Page::SignIn);
    while let Some(next) = visit(&two_factor, &mut session, page).await? {
        page = next;
    }
    Ok(())
}

/// Shows a page and takes what is typed there; `None` at the end of the input.
async fn visit(two_factor: &TwoFactor, session: &mut Session, page: Page) -> Result<Option<Page>, BoxError> {
    Ok(Some(match page {
        Page::SignIn => {
            let Some(name) = ask("\nWho signs in? ann, bob or carol:")? else { return Ok(None) };
            let (org, Ok(user)) = (OrgId::new("acme")?, UserId::new(name)) else {
                return Ok(Some(Page::SignIn));
            };
            println!("The password is checked here, as ever. Say it was right.");
            match after_password(two_factor, session, FirstFactor::accepted(&org, &user)).await {
                Ok(next) => next,
                Err(error) => {
                    println!("{error}.");
                    Page::SignIn
                }
            }
        }
        Page::Enroll(complaint) => {
            let Some(setup) = qr_code(two_factor, session).await? else { return Ok(Some(Page::SignIn)) };
            if complaint.is_none_or(|refusal| refusal == Refusal::SetupExpired) {
                println!("\nScan this with your authenticator app, or type the key.\n{}", *setup.terminal());
                println!("Key: {}   Account: {}", setup.key(), setup.account());
            }
            explain(complaint);
            let Some(typed) = ask("The first code that the app shows:")? else { return Ok(None) };
            first_code(two_factor, session, &typed).await?
        }
        Page::Enrolled(recovery_codes) => {
            println!("\nYour authenticator is set up.");
            if let Some(codes) = recovery_codes {
                println!("Should you lose your phone, each of these lets you in once:\n\n{}", codes.expose());
            }
            Page::Home
        }
        Page::Code(complaint) => {
            explain(complaint);
            let Some(typed) = ask("The code that the app shows now, or a recovery code:")? else {
                return Ok(None);
            };
            // On the web these are two forms. Here it is the length that tells them apart.
            if typed.len() > 8 {
                recovery_code(two_factor, session, &typed).await?
            } else {
                code(two_factor, session, &typed).await?
            }
        }
        Page::Invitation(complaint) => {
            explain(complaint);
            let Some(typed) = ask("The invitation that your admin gave you:")? else { return Ok(None) };
            invitation(two_factor, session, &typed).await?
        }
        Page::Blocked => {
            println!("This account is blocked. Another Master Admin can unlock or reset it.");
            Page::SignIn
        }
        Page::Home => {
            let Some(pass) = signed_in(two_factor, session).await? else {
                println!("You are signed out.");
                return Ok(Some(Page::SignIn));
            };
            let prompt = format!("\nSigned in as {}. Type on, off, reset NAME, or out:", pass.user());
            let Some(typed) = ask(&prompt)? else { return Ok(None) };
            match typed.split_whitespace().collect::<Vec<_>>()[..] {
                ["on"] => require(two_factor, session, Requirement::On).await?,
                ["off"] => require(two_factor, session, Requirement::Off).await?,
                ["reset", name] => reset(two_factor, session, &UserId::new(name)?).await?,
                ["out"] => sign_out(two_factor, session).await?,
                _ => Page::Home,
            }
        }
        Page::Done => {
            println!("Done.");
            Page::Home
        }
        Page::Refused(refusal) => {
            explain(Some(refusal));
            Page::Home
        }
    }))
}

fn explain(why: Option<impl fmt::Display>) {
    if let Some(refusal) = why {
        println!("  {refusal}.");
    }
}

/// A line from the terminal; `None` at the end of the input.
fn ask(prompt: &str) -> io::Result<Option<String>> {
    print!("{prompt} ");
    io::stdout().flush()?;
    let mut line = String::new();
    let read = io::stdin().read_line(&mut line)?;
    Ok((read > 0).then(|| line.trim().to_owned()))
}
