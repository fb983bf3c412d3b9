//! Resetting many at once: first a page that shows what would happen to each user, then the same for real.
//!
//! The first page only reads, so an admin who was asked for a code comes back to it. Each form carries when the run was
//! begun: sent twice, or continued after a code, it resets nobody a second time. `portal reset` does the same at the
//! command line.

use axum::{
    extract::{RawForm, RawQuery, State},
    response::Response,
};
use countersign::{
    ActRefusal, Timestamp, UserId, Verdict,
    admin::{Admin, BulkReset, Outcome, Targets},
    audit::Password,
};

use crate::{
    app::App,
    failure::Failure,
    pages::{self, Frame},
    session::SignedIn,
    settings,
};

/// The most users that one request resets; the others wait for another press of the button. For a whole company there is
/// `portal reset`.
const AT_ONCE: u64 = 500;
/// The most users that are shown by name.
const SHOWN: usize = 100;

/// Starts a run, or resumes the one that was begun at that time.
pub(crate) fn begin<'a>(
    admin: &Admin<'a>,
    targets: Targets,
    password: Password,
    begun_at: Option<Timestamp>,
) -> BulkReset<'a> {
    let run = admin.reset_many(targets, password);
    match begun_at {
        Some(begun_at) => run.resume_from(begun_at),
        None => run,
    }
}

/// How many came to what.
#[derive(Default)]
pub(crate) struct Tally {
    /// Those who would be reset among them, in a dry run.
    pub(crate) reset: u64,
    pub(crate) nothing: u64,
    pub(crate) left_alone: u64,
    pub(crate) failed: u64,
}

impl Tally {
    pub(crate) fn count(&mut self, outcome: &Outcome) {
        match outcome {
            Outcome::Reset | Outcome::WouldReset => self.reset += 1,
            Outcome::NothingToReset => self.nothing += 1,
            Outcome::Failed(_) => self.failed += 1,
            _ => self.left_alone += 1,
        }
    }
}

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

    /// Returns the page on which the same users are chosen. It is made of numbers, never of text from a request.
    fn page(&self, begun_at: Timestamp) -> String {
        let users = self.users.iter().map(|user| format!("user={user}&"));
        let everybody = if self.everybody { "everybody=on&" } else { "" };
        format!("/settings/reset?{}{everybody}begun_at={begun_at}", users.collect::<String>())
    }

    fn run<'p>(&self, app: &App, signed_in: &'p SignedIn) -> BulkReset<'p> {
        let users: Vec<UserId> = self.users.iter().map(|user| UserId::from(*user)).collect();
        let targets = if self.everybody { Targets::everybody() } else { Targets::these(users) };
        let begun_at = self.begun_at.map(Timestamp::from_unix);
        begin(&app.two_factor.admin(&signed_in.pass), targets, Password::AsBefore, begun_at)
    }
}

/// What happened to one user.
pub(crate) struct Line {
    pub(crate) user: UserId,
    pub(crate) name: String,
    pub(crate) word: &'static str,
    pub(crate) sentence: String,
}

/// What a run came to.
#[derive(Default)]
pub(crate) struct Told {
    /// The first hundred that are worth a line.
    pub(crate) lines: Vec<Line>,
    pub(crate) more: u64,
    pub(crate) tally: Tally,
    /// Whether some are left for another request.
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
    let verdict = go_through(&app, &mut run, u64::MAX).await?;
    show(&app, &signed_in, chosen, begun_at, verdict, false).await
}

pub(crate) async fn reset(
    State(app): State<App>,
    signed_in: SignedIn,
    RawForm(form): RawForm,
) -> Result<Response, Failure> {
    let chosen = Chosen::read(&form);
    let mut run = chosen.run(&app, &signed_in);
    let begun_at = run.begun_at();
    let verdict = go_through(&app, &mut run, AT_ONCE).await?;
    show(&app, &signed_in, chosen, begun_at, verdict, true).await
}

async fn go_through(
    app: &App,
    run: &mut BulkReset<'_>,
    most: u64,
) -> Result<Verdict<Told, ActRefusal>, Failure> {
    let mut told = Told::default();
    loop {
        if told.tally.reset >= most {
            told.unfinished = true;
            return Ok(Verdict::Granted(told));
        }
        let one = match run.next().await? {
            Verdict::Granted(Some(one)) => one,
            Verdict::Granted(None) => return Ok(Verdict::Granted(told)),
            Verdict::Refused(refusal) => return Ok(Verdict::Refused(refusal)),
        };
        told.tally.count(&one.outcome);
        if matches!(one.outcome, Outcome::NothingToReset) {
            continue;
        }
        if told.lines.len() == SHOWN {
            told.more += 1;
            continue;
        }
        let name =
            app.people.by_id(&one.user).await?.map_or_else(|| format!("user {}", one.user), |user| user.name);
        let (word, sentence) = (word(&one.outcome), one.outcome.to_string());
        told.lines.push(Line { user: one.user, name, word, sentence });
    }
}

/// The word for it in the page's markup.
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

async fn show(
    app: &App,
    signed_in: &SignedIn,
    chosen: Chosen,
    begun_at: Timestamp,
    verdict: Verdict<Told, ActRefusal>,
    is_done: bool,
) -> Result<Response, Failure> {
    match verdict {
        Verdict::Granted(told) => {
            let frame = Frame::from(signed_in);
            Ok(pages::ok(&pages::ResetMany { frame, chosen, begun_at, told, is_done }))
        }
        Verdict::Refused(refusal) => {
            settings::after_refusal(app, signed_in, refusal, &chosen.page(begun_at)).await
        }
    }
}
