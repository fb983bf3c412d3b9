//! `portal reset`: the vendor's support desk resets many, with a dry run, a progress bar, and a way to resume.
//!
//! A Master Admin does the same in the browser (`reset.rs`).

use std::{
    fs::File,
    io::{BufRead, BufReader},
    path::PathBuf,
};

use clap::Args;
use countersign::{
    BoxError, Clock as _, OrgId, OsRandom, Role, Roster, SystemClock, Verdict,
    admin::{BulkReset, Outcome, RunId, Targets},
    audit::Password,
};
use indicatif::{ProgressBar, ProgressStyle};

use crate::{app::App, desk::Desk, reset::Tally, words};

#[derive(Args)]
pub(crate) struct ResetMany {
    /// The org whose users are reset
    #[arg(long, default_value = "acme")]
    org: String,
    /// A file with one login name per line; empty lines and lines that begin with # are skipped
    #[arg(long, value_name = "PATH", required_unless_present = "all", conflicts_with = "all")]
    file: Option<PathBuf>,
    /// Everybody but customers
    #[arg(long)]
    all: bool,
    /// Only show what would happen to each user
    #[arg(long)]
    dry_run: bool,
    /// States that all their passwords were changed: users whose accounts are blocked are reset as well
    #[arg(long)]
    new_passwords: bool,
    /// Start an interrupted run again: the id that it showed when it began
    #[arg(long, value_name = "ID")]
    run: Option<RunId>,
    #[command(flatten)]
    desk: Desk,
}

/// How many login names are looked up at once: memory is flat, however long the file is.
const AT_ONCE: usize = 500;

impl ResetMany {
    #[allow(clippy::print_stderr, reason = "the program speaks to the person who started it")]
    pub(crate) async fn run(self, app: &App) -> Result<(), BoxError> {
        let org = OrgId::new(self.org.as_str())?;
        let admin = self.desk.admin(app, &org);
        let password = if self.new_passwords { Password::Changed } else { Password::AsBefore };
        let id = match self.run {
            Some(id) => id,
            None => RunId::draw(&OsRandom)?,
        };
        if !self.dry_run {
            eprintln!("If this is interrupted, start it again with --run {id}");
        }
        let begin = |targets| {
            let run = admin.reset_many(targets, password).in_run(id);
            if self.dry_run { run.dry_run() } else { run }
        };
        let mut progress = Progress { bar: ProgressBar::hidden(), tally: Tally::default() };
        match &self.file {
            None => {
                let groups = app.people.groups(&org, SystemClock.now()).await?;
                let internal = groups.iter().filter(|group| group.role != Role::Customer);
                progress.bar = bar(internal.map(|group| group.people).sum())?;
                progress.go_through(app, begin(Targets::everybody())).await?;
            }
            Some(path) => {
                let open = || File::open(path).map_err(|error| format!("{}: {error}", path.display()));
                progress.bar = bar(logins(open()?).count().try_into()?)?;
                let mut lines = logins(open()?);
                loop {
                    let (mut users, mut taken) = (Vec::new(), 0);
                    for login in lines.by_ref().take(AT_ONCE) {
                        let login = login?;
                        taken += 1;
                        match app.people.by_login(&login).await?.filter(|user| user.org == org) {
                            Some(user) => users.push(user.id()),
                            None => progress.tell_unknown(&login),
                        }
                    }
                    if taken == 0 {
                        break;
                    }
                    progress.go_through(app, begin(Targets::these(users))).await?;
                }
            }
        }
        progress.bar.finish_and_clear();
        let Tally { reset, nothing, left_alone, failed } = progress.tally;
        let what = if self.dry_run { "would be reset" } else { "reset" };
        eprintln!(
            "{reset} {what}, {nothing} had nothing to reset, {left_alone} were left alone, {failed} failed"
        );
        if failed > 0 { Err("some failed: run it again with the same --run".into()) } else { Ok(()) }
    }
}

fn logins(file: File) -> impl Iterator<Item = std::io::Result<String>> {
    let lines = BufReader::new(file).lines().map(|line| line.map(|line| line.trim().to_owned()));
    lines.filter(|line| line.as_ref().map_or(true, |line| !line.is_empty() && !line.starts_with('#')))
}

/// Makes a progress bar on the terminal, if there is one.
fn bar(people: u64) -> Result<ProgressBar, BoxError> {
    let style = ProgressStyle::with_template("{bar:40} {pos} of {len}, {per_sec}, {eta} left")?;
    Ok(ProgressBar::new(people).with_style(style))
}

struct Progress {
    bar: ProgressBar,
    tally: Tally,
}

impl Progress {
    async fn go_through(&mut self, app: &App, mut run: BulkReset<'_>) -> Result<(), BoxError> {
        loop {
            let one = match run.next().await? {
                Verdict::Granted(Some(one)) => one,
                Verdict::Granted(None) => return Ok(()),
                Verdict::Refused(refusal) => return Err(words::act_refused(refusal).into()),
            };
            let login =
                app.people.by_id(&one.user).await?.map_or_else(|| one.user.to_string(), |user| user.login);
            self.tell(&login, &one.outcome);
        }
    }

    fn tell(&mut self, login: &str, outcome: &Outcome) {
        self.tally.count(outcome);
        self.print(login, &outcome.to_string());
    }

    fn tell_unknown(&mut self, login: &str) {
        self.tally.left_alone += 1;
        self.print(login, "denied: nobody has this login name");
    }

    /// Prints a line for each user to the standard output, to be kept; the bar is on the standard error.
    #[allow(clippy::print_stdout, reason = "the program speaks to the person who started it")]
    fn print(&self, login: &str, what: &str) {
        self.bar.suspend(|| println!("{login}\t{what}"));
        self.bar.inc(1);
    }
}
