//! Enrolls an authenticator app in the terminal, and then asks for its next code.
//!
//! ```text
//! cargo run --example enroll
//! ```
//!
//! Nothing is installed, started or kept: the only user lives in this file, and the store in memory.
#![allow(clippy::print_stdout, reason = "it speaks to the person at the terminal")]

use std::{
    convert::Infallible,
    error::Error,
    io::{self, Write as _},
};

use countersign::{
    Attempt, Clock, Directory, Enrolled, FirstFactor, Gate, KeyId, Keyring, MemoryStore, OrgId, OsRandom,
    Pass, Person, Refusal, Requirement, Role, SystemClock, Ticket, Timestamp, TwoFactor, UserId, Verdict,
};

/// The users table of this very small portal.
struct OneUser;

impl Directory for OneUser {
    type Error = Infallible;

    async fn find(&self, org: &OrgId, user: &UserId) -> Result<Option<Person>, Infallible> {
        let ann = Person::new(org.clone(), user.clone(), Role::Internal).account_name("ann@example.com");
        Ok((user.as_str() == "ann").then_some(ann))
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let keyring = Keyring::from_text(&Keyring::draw_text(KeyId(1), &OsRandom)?)?;
    let two_factor = TwoFactor::builder(OneUser, MemoryStore::new(), keyring)
        .deployment("demo")
        .issuer("Countersign Demo")
        .default_requirement(Requirement::On)
        .build()?;
    let (org, ann) = (OrgId::new("demo")?, UserId::new("ann")?);

    // The password would be checked here. Then Ann is let in, asked for a code, or sent to enroll.
    println!("Ann's password was right. She is signing in.");
    if let Gate::Enroll(ticket) = two_factor.check_in(FirstFactor::accepted(&org, &ann)).await? {
        let Some(enrolled) = enroll(&two_factor, ticket).await? else { return Ok(()) };
        println!("\nEnrolled, and signed in as {}.", enrolled.pass.user());
        if let Some(codes) = enrolled.recovery_codes {
            println!(
                "\nShould the phone be lost, each of these recovery codes lets Ann in once. Write them down:\n"
            );
            println!("{}", codes.expose());
        }
    }

    println!(
        "\nNow Ann signs in again. The code that ended the enrollment is used up: wait for the app's next one."
    );
    println!("(A recovery code is taken as well.)");
    if let Gate::AskCode(ticket) = two_factor.check_in(FirstFactor::accepted(&org, &ann)).await? {
        let Some(pass) = log_in(&two_factor, &ticket).await? else { return Ok(()) };
        println!("\nSigned in as {}, until {}.", pass.user(), pass.expires_at());
    }
    Ok(())
}

async fn enroll(
    two_factor: &TwoFactor,
    ticket: Ticket,
) -> Result<Option<Enrolled>, Box<dyn Error + Send + Sync>> {
    let mut is_shown = false;
    loop {
        if !is_shown {
            match two_factor.setup(&ticket).await? {
                Verdict::Refused(refusal) => {
                    println!("{refusal}.");
                    return Ok(None);
                }
                Verdict::Granted(setup) => {
                    println!(
                        "\nScan this with Google Authenticator, Microsoft Authenticator, Duo Mobile or Authy:\n"
                    );
                    println!("{}", *setup.terminal());
                    println!("Or type this key into the app:  {}", setup.key());
                    println!("(account {}, time-based, 6 digits)\n", setup.account());
                    is_shown = true;
                }
            }
        }
        let Some(code) = ask("The first code that the app shows: ")? else { return Ok(None) };
        match two_factor.confirm(Attempt::new(&ticket, &code)).await? {
            Verdict::Granted(enrolled) => return Ok(Some(enrolled)),
            Verdict::Refused(refusal) => {
                explain(refusal);
                is_shown &= refusal != Refusal::SetupExpired;
                if is_over(refusal) {
                    return Ok(None);
                }
            }
        }
    }
}

async fn log_in(
    two_factor: &TwoFactor,
    ticket: &Ticket,
) -> Result<Option<Pass>, Box<dyn Error + Send + Sync>> {
    loop {
        let Some(code) = ask("The code that the app shows now: ")? else { return Ok(None) };
        // A portal has a separate page for recovery codes; here anything longer than a code is one.
        let answer = if code.len() > 8 {
            two_factor.recover(Attempt::new(ticket, &code)).await?.map(|recovered| {
                println!("  {} recovery codes are left.", recovered.left);
                recovered.pass
            })
        } else {
            two_factor.verify(Attempt::new(ticket, &code)).await?
        };
        match answer {
            Verdict::Granted(pass) => return Ok(Some(pass)),
            Verdict::Refused(refusal) => {
                explain(refusal);
                if is_over(refusal) {
                    return Ok(None);
                }
            }
        }
    }
}

/// Whether no further code helps in this login.
fn is_over(refusal: Refusal) -> bool {
    match refusal {
        Refusal::Malformed
        | Refusal::WrongCode { .. }
        | Refusal::AlreadyUsed { .. }
        | Refusal::Wait { .. }
        | Refusal::ClockMovedBack { .. }
        | Refusal::SetupExpired
        | Refusal::InvitationVoid => false,
        Refusal::Blocked | Refusal::TicketVoid | Refusal::InvitationNeeded | Refusal::AlreadyDone => true,
    }
}

/// Tells the person who typed a code why it was refused.
fn explain(refusal: Refusal) {
    let now = SystemClock.now();
    let seconds_until = |until: Timestamp| until.since(now).unwrap_or_default().as_secs();
    match refusal {
        Refusal::WrongCode { left, wait_until, hint } => {
            println!("  Wrong code. You have {left} more tries.");
            if let Some(hint) = hint {
                println!("  But {hint}.");
            }
            if let Some(until) = wait_until {
                println!("  The next one is looked at in {} seconds.", seconds_until(until));
            }
        }
        Refusal::AlreadyUsed { left, wait_until: _ } => {
            println!(
                "  That code was right, but it has been used already. Wait for the next one ({left} more tries)."
            );
        }
        Refusal::Wait { until } => {
            println!(
                "  Too many wrong codes. Wait {} seconds; this one was not looked at.",
                seconds_until(until)
            );
        }
        Refusal::ClockMovedBack { until } => {
            println!(
                "  The clock of this computer was set back. Wait {} seconds, or type a recovery code.",
                seconds_until(until)
            );
        }
        // The library's own sentences are good enough for a terminal.
        Refusal::Malformed
        | Refusal::Blocked
        | Refusal::TicketVoid
        | Refusal::SetupExpired
        | Refusal::InvitationNeeded
        | Refusal::InvitationVoid
        | Refusal::AlreadyDone => println!("  {refusal}."),
    }
}

/// A line from the terminal; `None` at the end of the input.
fn ask(prompt: &str) -> io::Result<Option<String>> {
    print!("{prompt}");
    io::stdout().flush()?;
    let mut line = String::new();
    let read = io::stdin().read_line(&mut line)?;
    Ok((read > 0).then(|| line.trim_end_matches(['\r', '\n']).to_owned()))
}
