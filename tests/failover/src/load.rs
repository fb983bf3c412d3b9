//! The load: portals in processes of their own, all upon the same accounts.

use std::{
    future::Future,
    path::{Path, PathBuf},
    process::Stdio,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use countersign::{
    Clock as _, Error, Requirement, Verdict, store::postgres::PostgresStore, testing::Authenticator,
};
use tokio::{
    io::AsyncReadExt as _,
    process::{Child, Command},
    task::JoinSet,
    time::sleep,
};

use crate::{
    A_MOMENT, Failure,
    clock::{Beginning, Fast},
    ledger::{self, Entry, Ledger},
    portal::{self, Act, GLOBEX, GUESSED, Portal, RACERS, RESET},
};

const PORTALS: usize = 3;

/// The portals that run, and what is done to the servers during that time.
pub(crate) struct Loads {
    children: Vec<Child>,
    ledgers: Vec<PathBuf>,
    faults: Vec<(u64, String)>,
    beginning: Beginning,
}

/// What all portals wrote, in the order of time, and when the servers were harmed.
pub(crate) struct Written {
    pub(crate) entries: Vec<(u64, Entry)>,
    pub(crate) faults: Vec<(u64, String)>,
}

impl Loads {
    pub(crate) fn start(
        folder: &Path,
        keys: &Path,
        url: &str,
        beginning: Beginning,
    ) -> Result<Self, Failure> {
        let (mut children, mut ledgers) = (Vec::new(), Vec::new());
        for number in 0..PORTALS {
            let ledger = folder.join(format!("ledger-{number}"));
            let mut command = Command::new(std::env::current_exe()?);
            command.args(["portal", "--url", url, "--beginning", &beginning.to_argument()]);
            command.arg("--keys").arg(keys).arg("--ledger").arg(&ledger);
            if number == 0 {
                command.arg("--administers");
            }
            children.push(command.stdin(Stdio::piped()).kill_on_drop(true).spawn()?);
            ledgers.push(ledger);
        }
        Ok(Self { children, ledgers, faults: Vec::new(), beginning })
    }

    /// Notes that the servers are about to be harmed.
    pub(crate) fn fault(&mut self, what: String) {
        println!("{what}");
        self.faults.push((self.beginning.elapsed(), what));
    }

    /// Waits until `more` further writes were acknowledged.
    pub(crate) async fn go_on(&mut self, more: usize) -> Result<(), Failure> {
        let goal = self.acknowledged()? + more;
        while self.acknowledged()? < goal {
            for child in &mut self.children {
                if let Some(status) = child.try_wait()? {
                    return Err(format!("a portal ended by itself: {status}").into());
                }
            }
            sleep(10 * A_MOMENT).await;
        }
        Ok(())
    }

    fn acknowledged(&self) -> Result<usize, Failure> {
        let entries = self.entries()?;
        Ok(entries.iter().filter(|(_, entry)| matches!(entry, Entry::Acknowledged { .. })).count())
    }

    fn entries(&self) -> Result<Vec<(u64, Entry)>, Failure> {
        let mut all = Vec::new();
        for ledger in self.ledgers.iter().filter(|ledger| ledger.exists()) {
            all.extend(ledger::read(ledger)?);
        }
        Ok(all)
    }

    /// Lets the portals finish what they are about.
    pub(crate) async fn close(&mut self) -> Result<(), Failure> {
        for child in &mut self.children {
            drop(child.stdin.take());
        }
        for child in &mut self.children {
            let status = child.wait().await?;
            if !status.success() {
                return Err(format!("a portal failed: {status}").into());
            }
        }
        Ok(())
    }

    /// The same, and gathers what they wrote.
    pub(crate) async fn stop(&mut self) -> Result<Written, Failure> {
        self.close().await?;
        let mut entries = self.entries()?;
        entries.sort_by_key(|(at, _)| *at);
        Ok(Written { entries, faults: std::mem::take(&mut self.faults) })
    }
}

/// One portal under load, until its standard input is closed.
pub(crate) async fn portal(
    url: &str,
    keys: &Path,
    ledger: &Path,
    beginning: Beginning,
    administers: bool,
) -> Result<(), Failure> {
    let ledger = Ledger::create(ledger, beginning)?;
    let clock = beginning.clock();
    let store = PostgresStore::new(portal::pool(url).await?).await?;
    let at_work = AtWork {
        portal: Portal::new(store, clock, Some(ledger.clone()))?,
        ledger,
        clock,
        over: Arc::default(),
    };
    let mut apps = portal::authenticators(keys)?;
    let mut work = JoinSet::new();
    for user in RACERS {
        let app = apps.remove(user).ok_or("a racer without an app")?;
        work.spawn(at_work.clone().log_in(user, app));
    }
    for user in GUESSED {
        work.spawn(at_work.clone().guess(user));
    }
    if administers {
        for user in RESET {
            work.spawn(at_work.clone().reset(user));
        }
        work.spawn(at_work.clone().switch());
    }
    tokio::io::stdin().read_to_end(&mut Vec::new()).await?;
    at_work.over.store(true, Ordering::SeqCst);
    work.join_all().await;
    Ok(())
}

#[derive(Clone)]
struct AtWork {
    portal: Portal<Fast>,
    ledger: Ledger,
    clock: Fast,
    over: Arc<AtomicBool>,
}

impl AtWork {
    fn goes_on(&self) -> bool {
        !self.over.load(Ordering::SeqCst)
    }

    /// Returns what came of a call; a failure is noted instead.
    async fn noted<T>(&self, call: impl Future<Output = Result<T, Error>>) -> Option<T> {
        match call.await {
            Ok(done) => Some(done),
            Err(error) => {
                self.ledger.enter(&Entry::Failed { kind: format!("{:?}", error.kind()) });
                sleep(A_MOMENT).await;
                None
            }
        }
    }

    /// Does an act of the vendor's, and returns whether it was done. A refusal is noted by its stable name.
    async fn done(&self, act: impl Future<Output = Result<Act, Error>>) -> bool {
        match self.noted(act).await {
            Some(Verdict::Granted(())) => true,
            Some(Verdict::Refused(refusal)) => {
                self.ledger.enter(&Entry::Failed { kind: refusal.name().to_owned() });
                false
            }
            None => false,
        }
    }

    /// Logs in with each code once, as the other portals do with the same codes at the same time.
    async fn log_in(self, user: &'static str, app: Authenticator) {
        let mut last = 0;
        while self.goes_on() {
            let now = self.clock.now();
            let step = now.as_unix() / 30;
            if step == last {
                sleep(A_MOMENT).await;
                continue;
            }
            last = step;
            match self.noted(self.portal.log_in(user, &app.code_at(now))).await {
                Some(Some(Verdict::Granted(_))) => {
                    self.ledger.enter(&Entry::Granted { enrollment: user.to_owned(), step });
                }
                // Codes that were consumed by calls that failed add up until the user is blocked.
                Some(None) => {
                    self.done(self.portal.unlock(user)).await;
                }
                _ => {}
            }
        }
    }

    /// Guesses until nothing is looked at any more, has the account unlocked, and starts again.
    async fn guess(self, user: &'static str) {
        while self.goes_on() {
            if let Some(None) = self.noted(self.portal.log_in(user, "000000")).await {
                self.done(self.portal.unlock(user)).await;
            }
            sleep(A_MOMENT).await;
        }
    }

    /// Enrolls a user, resets them, and tries what must not work any more.
    async fn reset(self, user: &'static str) {
        while self.goes_on() {
            let key = self.noted(self.portal.enroll(user)).await.flatten();
            if !self.done(self.portal.reset(user)).await {
                continue;
            }
            let Some(key) = key else { continue };
            let app = Authenticator::with_key(&key).expect("it was a key a moment ago");
            let code = app.code_at(self.clock.now());
            if let Some(Some(Verdict::Granted(_))) = self.noted(self.portal.log_in(user, &code)).await {
                let what = format!("a code of {user} was accepted after the reset");
                self.ledger.enter(&Entry::Violated { what });
            }
            sleep(A_MOMENT).await;
        }
    }

    /// Switches the requirement of the other org on and off.
    async fn switch(self) {
        while self.goes_on() {
            for to in [Requirement::On, Requirement::Off] {
                self.done(Box::pin(self.portal.require(GLOBEX, to))).await;
                sleep(A_MOMENT).await;
            }
        }
    }
}
