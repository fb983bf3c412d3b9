//! Resetting many at once: first a page that shows what would become of each, then the same for real.
//!
//! What would happen is only read, so it is a page like any other, and the place to which an admin comes back when a
//! code was asked for. Each form carries when the run was begun: pressed twice, or gone on with after a code, it
//! resets nobody a second time.

use axum::{
    extract::{RawForm, RawQuery, State},
    response::{IntoResponse, Response},
};
use countersign::{
    Refusal, Timestamp, UserId, Verdict,
    admin::{BulkReset, Outcome, Targets},
};

use crate::{
    app::App,
    failure::Failure,
    pages::{self, Frame},
    session::SignedIn,
    settings,
};

/// So many are reset for one request; more wait for another press of the button. For a whole company there is
/// `portal reset`.
const AT_ONCE: u64 = 500;
/// So many are shown by name.
const SHOWN: usize = 100;

/// Who is to be reset, as the form and the address say it.
#[derive(Clone, Default)]
pub(crate) struct Chosen {
    pub(crate) users: Vec<i64>,
    pub(crate) everybody: bool,
    begun_at: Option<u64>,
}

impl Chosen {
    fn read(form: &[u8]) -> Self {
        let mut chosen = Self::default();
        for (field, value) in form_urlencoded::parse(form) {
            match &*field {
                "user" => chosen.users.extend(value.parse::<i64>().ok()),
                "everybody" => chosen.everybody = true,
                "begun_at" => chosen.begun_at = value.parse().ok(),
                _ => {}
            }
        }
        chosen
    }

    /// The page on which the same people are chosen: of numbers, so that it is of the portal's own making.
    fn page(&self, begun_at: Timestamp) -> String {
        let users = self.users.iter().map(|user| format!("user={user}&"));
        let everybody = if self.everybody { "everybody=on&" } else { "" };
        format!("/settings/reset?{}{everybody}begun_at={begun_at}", users.collect::<String>())
    }

    fn run<'p>(&self, app: &App, signed_in: &'p SignedIn) -> BulkReset<'p> {
        let users: Vec<UserId> = self.users.iter().map(|user| UserId::from(*user)).collect();
        let whom = if self.everybody { Targets::everybody() } else { Targets::these(users) };
        let run = app.two_factor.admin(&signed_in.pass).reset_many(whom);
        match self.begun_at {
            Some(begun_at) => run.resume_from(Timestamp::from_unix(begun_at)),
            None => run,
        }
    }
}

/// What became of one.
pub(crate) struct Line {
    pub(crate) user: UserId,
    pub(crate) name: String,
    pub(crate) word: &'static str,
    pub(crate) sentence: String,
}

/// What a run came to.
pub(crate) struct Told {
    /// The first hundred that are worth a line.
    pub(crate) lines: Vec<Line>,
    pub(crate) more: u64,
    pub(crate) reset: u64,
    pub(crate) nothing: u64,
    pub(crate) others: u64,
    /// Whether there are some left for another request.
    pub(crate) unfinished: bool,
}

pub(crate) async fn form(
    State(app): State<App>,
    signed_in: SignedIn,
    RawQuery(query): RawQuery,
) -> Result<Response, Failure> {
    let chosen = Chosen::read(query.unwrap_or_default().as_bytes());
    let mut run = chosen.run(&app, &signed_in).dry_run();
    let begun_at = run.begun_at();
    match go_through(&app, &mut run, u64::MAX).await? {
        Ok(told) => Ok(show(&signed_in, chosen, begun_at, told, false)),
        Err(refusal) => Ok(settings::refused(&signed_in, refusal)),
    }
}

pub(crate) async fn reset(
    State(app): State<App>,
    signed_in: SignedIn,
    RawForm(form): RawForm,
) -> Result<Response, Failure> {
    let chosen = Chosen::read(&form);
    let mut run = chosen.run(&app, &signed_in);
    let begun_at = run.begun_at();
    match go_through(&app, &mut run, AT_ONCE).await? {
        Ok(told) => Ok(show(&signed_in, chosen, begun_at, told, true)),
        Err(refusal) => {
            let back = chosen.page(begun_at);
            settings::done(&app, signed_in, Verdict::Refused(refusal), &back, "").await
        }
    }
}

async fn go_through(app: &App, run: &mut BulkReset<'_>, most: u64) -> Result<Result<Told, Refusal>, Failure> {
    let mut told = Told { lines: Vec::new(), more: 0, reset: 0, nothing: 0, others: 0, unfinished: false };
    loop {
        if told.reset >= most {
            told.unfinished = true;
            return Ok(Ok(told));
        }
        let one = match run.next().await? {
            Verdict::Granted(Some(one)) => one,
            Verdict::Granted(None) => return Ok(Ok(told)),
            Verdict::Refused(refusal) => return Ok(Err(refusal)),
        };
        let word = word(&one.outcome);
        match word {
            "reset" | "would-reset" => told.reset += 1,
            "nothing" => told.nothing += 1,
            _ => told.others += 1,
        }
        if word == "nothing" {
            continue;
        }
        if told.lines.len() == SHOWN {
            told.more += 1;
            continue;
        }
        let name =
            app.people.by_id(&one.user).await?.map_or_else(|| format!("user {}", one.user), |user| user.name);
        told.lines.push(Line { user: one.user, name, word, sentence: one.outcome.to_string() });
    }
}

fn word(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Reset => "reset",
        Outcome::WouldReset => "would-reset",
        Outcome::NothingToReset => "nothing",
        Outcome::PasswordKnown => "password-known",
        Outcome::EnrollsAnew => "enrolls-anew",
        Outcome::Denied(_) => "denied",
        _ => "failed",
    }
}

fn show(signed_in: &SignedIn, chosen: Chosen, begun_at: Timestamp, told: Told, is_done: bool) -> Response {
    let frame = Frame::from(signed_in);
    pages::ok(&pages::ResetMany { frame, chosen, begun_at, told, is_done }).into_response()
}
