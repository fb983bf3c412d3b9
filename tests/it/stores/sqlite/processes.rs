//! Two processes on one file: this test binary starts itself twice more, and says when to begin.

use std::{
    collections::BTreeMap,
    env,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    path::Path,
    process::{Child, ChildStdin, Command, Stdio},
    sync::Arc,
};

use countersign::{
    MemoryStore, UserId, UserStore,
    audit::Event,
    store::{Change, Stored, Swap, UserSummary, sqlite::SqliteStore},
};
use tokio::task::JoinSet;

use crate::world::{ACME, World, org, user};

/// Set for the processes that are started: their name. Their file is the next variable.
const NAME: &str = "COUNTERSIGN_TEST_RACER";
const FILE: &str = "COUNTERSIGN_TEST_FILE";

/// Tasks of each process.
const TASKS: usize = 16;
/// Revisions that all tasks of all processes race for.
const SHARED: u64 = 100;
/// Revisions that each task has for itself.
const OWN: u64 = 100;

/// One of the library's own: nobody else can make one.
async fn any_event() -> Event {
    let store = Arc::new(MemoryStore::new());
    World::over(store.clone()).switch_on().await;
    store.events().pop().unwrap()
}

async fn swap(store: &SqliteStore, of: &UserId, expected: u64, event: &Event) -> Swap {
    let mut event = event.clone();
    event.user = Some(of.clone());
    let next = Stored { revision: expected + 1, record: b"sealed".to_vec() };
    let (org, summary, events) = (&org(ACME), &UserSummary::default(), &[event.clone(), event]);
    store.swap_user(of, Change::new(org, expected, &next, summary, events)).await.unwrap()
}

/// What one of the processes does.
#[test]
#[ignore = "two processes are started with it by the test below"]
fn one_of_two_processes() {
    let (Ok(name), Ok(file)) = (env::var(NAME), env::var(FILE)) else { return };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let (store, event) = (SqliteStore::open(file).await.unwrap(), any_event().await);
        say_and_wait("ready");
        let race = in_every_task(&store, &event, |store, event, _| async move {
            let mut won = 0_u64;
            for expected in 0..SHARED {
                won += u64::from(swap(&store, &user("shared"), expected, &event).await == Swap::Done);
            }
            won
        });
        say_and_wait(&format!("won {}", race.await.into_iter().sum::<u64>()));
        let alone = in_every_task(&store, &event, |store, event, task| {
            let own = user(&format!("{name} {task}"));
            async move {
                for expected in 0..OWN {
                    assert_eq!(swap(&store, &own, expected, &event).await, Swap::Done);
                }
            }
        });
        alone.await;
    });
}

/// On a line of its own, whatever else the test binary prints.
#[allow(clippy::print_stdout, reason = "the process that started this one listens")]
fn say_and_wait(word: &str) {
    println!("\n{word}");
    std::io::stdin().read_exact(&mut [0]).unwrap();
}

async fn in_every_task<F: Future<Output: Send> + Send + 'static>(
    store: &SqliteStore,
    event: &Event,
    work: impl Fn(SqliteStore, Event, usize) -> F,
) -> Vec<F::Output> {
    let tasks: JoinSet<_> = (0..TASKS).map(|task| work(store.clone(), event.clone(), task)).collect();
    tasks.join_all().await
}

struct Racer {
    process: Child,
    stdin: ChildStdin,
    said: std::io::Lines<BufReader<std::process::ChildStdout>>,
}

impl Racer {
    fn start(name: &str, file: &Path) -> Self {
        let mut process = Command::new(env::current_exe().unwrap())
            .args(["--ignored", "--exact", "--nocapture", "stores::sqlite::processes::one_of_two_processes"])
            .env(NAME, name)
            .env(FILE, file)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (stdin, stdout) = (process.stdin.take().unwrap(), process.stdout.take().unwrap());
        Self { process, stdin, said: BufReader::new(stdout).lines() }
    }

    fn wait_for(&mut self, word: &str) -> String {
        let line = self.said.find_map(|line| line.unwrap().strip_prefix(word).map(str::to_owned));
        line.expect("the process says it before it ends")
    }

    fn go_on(&mut self) {
        self.stdin.write_all(b".").unwrap();
    }
}

/// Turns are counted, and not time: a process is starved when the other writes again and again while it waits.
#[tokio::test]
async fn two_processes_on_one_file_win_each_revision_once_and_neither_is_starved() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("shared.sqlite");
    let store = SqliteStore::open(&file).await.unwrap();
    let mut racers = ["one", "two"].map(|name| Racer::start(name, &file));
    for racer in &mut racers {
        racer.wait_for("ready");
    }
    racers.iter_mut().for_each(Racer::go_on);
    let won = racers.each_mut().map(|racer| racer.wait_for("won ").parse::<u64>().unwrap());
    racers.iter_mut().for_each(Racer::go_on);
    for racer in &mut racers {
        assert!(racer.process.wait().unwrap().success());
    }

    assert_eq!(won.into_iter().sum::<u64>(), SHARED);
    let stored = store.load_user(&org(ACME), &user("shared")).await.unwrap();
    assert_eq!(stored.unwrap().revision, SHARED);

    // Oldest first, and only what the processes wrote for themselves: there everybody wins.
    let mut trail = store.events(&org(ACME), None, 100_000).await.unwrap();
    trail.reverse();
    let mut of = BTreeMap::<String, u64>::new();
    for writer in trail.iter().filter_map(|event| event.user.clone()) {
        *of.entry(writer).or_default() += 1;
    }
    assert_eq!(of.remove("shared"), Some(2 * SHARED), "with two events each, and none of the losers'");
    assert_eq!(of.len(), 2 * TASKS);
    assert!(of.values().all(|events| *events == 2 * OWN), "{of:?}");

    let process = |id: &str| id.split_once(' ').map(|(process, _)| process.to_owned());
    let writers: Vec<String> = trail.iter().filter_map(|event| process(event.user.as_deref()?)).collect();
    // When one has finished, the other goes on alone.
    let both = writers.iter().rposition(|writer| *writer != writers[writers.len() - 1]).unwrap();
    let turns: Vec<usize> = writers[..=both].chunk_by(|one, next| one == next).map(<[String]>::len).collect();
    let longest = turns.iter().max().unwrap();
    // 1,024 at the most when each is polite (32 groups of 16 writes), after which the two take turns, about 200 in all.
    assert!(*longest < writers.len() / 4, "one wrote {longest} events while the other waited");
    assert!(turns.len() > 30, "only {} turns were taken", turns.len());
}
