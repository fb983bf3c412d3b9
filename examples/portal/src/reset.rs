//! Resetting many at once: first a page that shows what would happen to each user, then the same for real.
//!
//! The first page only reads, so an admin who was asked for a code comes back to it. Each form carries the id of
//! its run: sent twice, or continued after a code, it resets nobody a second time. `portal reset` does the same at the
//! command line.

use axum::{
    extract::{RawForm, RawQuery, State},
    response::Response,
};
use countersign::{
    ActRefusal, BoxError, OsRandom, UserId, Verdict,
    admin::{BulkReset, Outcome, RunId, Targets},
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
    run: Option<RunId>,
}

impl Chosen {
    fn read(form: &[u8]) -> Self {
        let mut chosen = Self::default();
        for (field, value) in form_urlencoded::parse(form) {
            match &*field {
                "user" => chosen.users.extend(value.parse::<i64>().ok()),
                "everybody" => chosen.everybody = true,
                "run" => chosen.run = value.parse().ok(),
                _ => {}
            }
        }
        chosen
    }

    /// Returns the page on which the same users are chosen. It is made of numbers, never of text from a request.
    fn page(&self, run: RunId) -> String {
        let users = self.users.iter().map(|user| format!("user={user}&"));
        let everybody = if self.everybody { "everybody=on&" } else { "" };
        format!("/settings/reset?{}{everybody}run={run}", users.collect::<String>())
    }

    /// Returns the run that the form names, or a new one.
    fn run<'p>(&self, app: &App, signed_in: &'p SignedIn) -> Result<(RunId, BulkReset<'p>), BoxError> {
        let users: Vec<UserId> = self.users.iter().map(|user| UserId::from(*user)).collect();
        let targets = if self.everybody { Targets::everybody() } else { Targets::these(users) };
        let id = match self.run {
            Some(id) => id,
            None => RunId::draw(&OsRandom)?,
        };
        let admin = app.two_factor.admin(&signed_in.pass);
        Ok((id, admin.reset_many(targets, Password::AsBefore).in_run(id)))
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
    let (id, run) = chosen.run(&app, &signed_in)?;
    let verdict = go_through(&app, &mut run.dry_run(), u64::MAX).await?;
    show(&app, &signed_in, chosen, id, verdict, false).await
}

pub(crate) async fn reset(
    State(app): State<App>,
    signed_in: SignedIn,
    RawForm(form): RawForm,
) -> Result<Response, Failure> {
    let chosen = Chosen::read(&form);
    let (id, mut run) = chosen.run(&app, &signed_in)?;
    let verdict = go_through(&app, &mut run, AT_ONCE).await?;
    show(&app, &signed_in, chosen, id, verdict, true).await
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
        Outcome::ResetBefore => "reset-before",
        Outcome::Denied(_) => "denied",
        _ => "failed",
    }
}

async fn show(
    app: &App,
    signed_in: &SignedIn,
    chosen: Chosen,
    run: RunId,
    verdict: Verdict<Told, ActRefusal>,
    is_done: bool,
) -> Result<Response, Failure> {
    match verdict {
        Verdict::Granted(told) => {
            let frame = Frame::from(signed_in);
            Ok(pages::ok(&pages::ResetMany { frame, chosen, run, told, is_done }))
        }
        Verdict::Refused(refusal) => {
            settings::after_refusal(app, signed_in, refusal, &chosen.page(run)).await
        }
    }
}
