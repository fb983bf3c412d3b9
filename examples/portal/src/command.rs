//! `portal reset`: the vendor's support desk resets many, with a dry run, a bar, and a way to go on.
//!
//! Whoever can start programs on this server is the vendor, so it acts as an operator, whose name and reason stand
//! with each reset. A Master Admin does the same in his browser.

use std::{
    fs::File,
    io::{BufRead, BufReader},
    path::PathBuf,
};

use clap::Args;
use countersign::{
    BoxError, OrgId, Role, Roster, Timestamp, Verdict,
    admin::{BulkReset, Outcome, Support, Targets},
    audit::{Operator, Reason},
};
use indicatif::{ProgressBar, ProgressStyle};

use crate::app::App;

#[derive(Args)]
pub(crate) struct ResetMany {
    /// The org whose users are reset
    #[arg(long, default_value = "acme")]
    org: String,
    /// A file with a login name in each line; empty lines, and those that begin with #, are passed over
    #[arg(long, value_name = "PATH", required_unless_present = "all", conflicts_with = "all")]
    file: Option<PathBuf>,
    /// Everybody but customers
    #[arg(long)]
    all: bool,
    /// Only tell what would become of each
    #[arg(long)]
    dry_run: bool,
    /// The passwords of all of them have been changed: those are reset too whose accounts are blocked
    #[arg(long)]
    new_passwords: bool,
    /// Go on with a run that was interrupted: the number that it showed when it began
    #[arg(long, value_name = "SECONDS")]
    begun_at: Option<u64>,
    /// Who at the support desk does it
    #[arg(long, value_name = "NAME")]
    operator: String,
    /// Why, for the audit trail
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

/// So many login names are looked up at once: memory is flat, however long the file is.
const AT_ONCE: usize = 500;

impl ResetMany {
    #[allow(clippy::print_stderr, reason = "the program speaks to whoever started it")]
    pub(crate) async fn run(self, app: &App) -> Result<(), BoxError> {
        let operator = Operator::new(self.operator.as_str());
        let operator = operator.map_err(|error| format!("the operator's name {error}"))?;
        let reason = Reason::new(self.reason.as_str()).map_err(|error| format!("the reason {error}"))?;
        let (support, org) = (Support::new(&app.two_factor, operator), OrgId::new(self.org.as_str())?);
        let begun_at = self.begun_at.map(Timestamp::from_unix);
        let begun_at = begun_at
            .unwrap_or_else(|| support.in_org(&org, &reason).reset_many(Targets::everybody()).begun_at());
        if !self.dry_run {
            eprintln!("Begun at {begun_at}. If this is interrupted, go on with --begun-at {begun_at}");
        }
        let begin = |whom| {
            let run = support.in_org(&org, &reason).reset_many(whom).resume_from(begun_at);
            let run = if self.new_passwords { run.with_new_passwords() } else { run };
            if self.dry_run { run.dry_run() } else { run }
        };
        let mut told = Told::default();
        match &self.file {
            None => {
                let groups = app.people.groups(&org, begun_at).await?;
                let internal = groups.iter().filter(|group| group.role != Role::Customer);
                told.bar = bar(internal.map(|group| group.people).sum())?;
                told.go_through(app, begin(Targets::everybody())).await?;
            }
            Some(path) => {
                let open = || File::open(path).map_err(|error| format!("{}: {error}", path.display()));
                told.bar = bar(logins(open()?).count().try_into()?)?;
                let mut lines = logins(open()?);
                loop {
                    let (mut users, mut taken) = (Vec::new(), 0);
                    for login in lines.by_ref().take(AT_ONCE) {
                        let login = login?;
                        taken += 1;
                        match app.people.by_login(&login).await?.filter(|user| user.org == org) {
                            Some(user) => users.push(user.id()),
                            None => told.tell(&login, "denied: nobody has this login name", Kind::Other),
                        }
                    }
                    if taken == 0 {
                        break;
                    }
                    told.go_through(app, begin(Targets::these(users))).await?;
                }
            }
        }
        told.bar.finish_and_clear();
        let Told { reset, nothing, others, failed, .. } = told;
        let what = if self.dry_run { "would be reset" } else { "reset" };
        eprintln!(
            "{reset} {what}, {nothing} had nothing to reset, {others} were left alone, {failed} failed"
        );
        if failed > 0 { Err("some failed: run it again with the same --begun-at".into()) } else { Ok(()) }
    }
}

fn logins(file: File) -> impl Iterator<Item = std::io::Result<String>> {
    let lines = BufReader::new(file).lines().map(|line| line.map(|line| line.trim().to_owned()));
    lines.filter(|line| line.as_ref().map_or(true, |line| !line.is_empty() && !line.starts_with('#')))
}

/// On the terminal, if there is one.
fn bar(people: u64) -> Result<ProgressBar, BoxError> {
    let style = ProgressStyle::with_template("{bar:40} {pos} of {len}, {per_sec}, {eta} left")?;
    Ok(ProgressBar::new(people).with_style(style))
}

#[derive(Clone, Copy)]
enum Kind {
    Reset,
    Nothing,
    Other,
    Failed,
}

struct Told {
    bar: ProgressBar,
    reset: u64,
    nothing: u64,
    others: u64,
    failed: u64,
}

impl Default for Told {
    fn default() -> Self {
        Self { bar: ProgressBar::hidden(), reset: 0, nothing: 0, others: 0, failed: 0 }
    }
}

impl Told {
    async fn go_through(&mut self, app: &App, mut run: BulkReset<'_>) -> Result<(), BoxError> {
        loop {
            let one = match run.next().await? {
                Verdict::Granted(Some(one)) => one,
                Verdict::Granted(None) => return Ok(()),
                Verdict::Refused(refusal) => return Err(refusal.to_string().into()),
            };
            let login =
                app.people.by_id(&one.user).await?.map_or_else(|| one.user.to_string(), |user| user.login);
            let kind = match &one.outcome {
                Outcome::Reset | Outcome::WouldReset => Kind::Reset,
                Outcome::NothingToReset => Kind::Nothing,
                Outcome::Failed(_) => Kind::Failed,
                _ => Kind::Other,
            };
            self.tell(&login, &one.outcome.to_string(), kind);
        }
    }

    /// A line for each on the standard output, to be kept; the bar is on the terminal's other one.
    #[allow(clippy::print_stdout, reason = "the program speaks to whoever started it")]
    fn tell(&mut self, login: &str, outcome: &str, kind: Kind) {
        match kind {
            Kind::Reset => self.reset += 1,
            Kind::Nothing => self.nothing += 1,
            Kind::Other => self.others += 1,
            Kind::Failed => self.failed += 1,
        }
        self.bar.suspend(|| println!("{login}\t{outcome}"));
        self.bar.inc(1);
    }
}
