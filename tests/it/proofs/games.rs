//! The games: a thief who holds one thing or two plays against an owner, two Master Admins and the vendor, who go about
//! their day. And nobody steals anything, for rules that need no thief.
//!
//! `COUNTERSIGN_PLAYS=5000` plays so many of each instead of a few, from `COUNTERSIGN_SEED`. `COUNTERSIGN_WRITE=1` writes
//! the table into the manual.

use std::{collections::BTreeMap, env, fs, sync::OnceLock};

use proptest::{
    collection::vec,
    prelude::*,
    test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner},
};

use super::{
    command::{Command, Hand},
    days::{command, opening},
    gains::{Gain, Holding, Reached},
    oracle::{Judged, Lost},
    play::Play,
    scenes::scenes,
};

/// How many plays of a kind there are, unless somebody wants more.
const PLAYS: u32 = 7;
const HONEST_PLAYS: u32 = 300;

fn plays(usual: u32) -> u32 {
    env::var("COUNTERSIGN_PLAYS").ok().map_or(usual, |plays| plays.parse().expect("a number of plays"))
}

/// How much is tried to make a lost game's story shorter.
fn shrinks() -> u32 {
    env::var("COUNTERSIGN_SHRINKS").ok().map_or(4_000, |shrinks| shrinks.parse().expect("a number of tries"))
}

fn seed() -> u64 {
    env::var("COUNTERSIGN_SEED").ok().map_or(0, |seed| seed.parse().expect("a number to begin with"))
}

/// One thing, and each two.
fn hands_full() -> Vec<Vec<Holding>> {
    let mut all: Vec<Vec<Holding>> = Holding::ALL.iter().map(|one| vec![*one]).collect();
    for (place, one) in Holding::ALL.iter().enumerate() {
        all.extend(Holding::ALL[place + 1..].iter().map(|other| vec![*one, *other]));
    }
    all
}

fn play_through(holdings: &[Holding], commands: &[Command]) -> Judged<Play> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let mut play = Play::begin(holdings);
        for command in commands {
            play.perform(command).await?;
        }
        Ok(play)
    })
}

/// What a thief gets who plays the scenes, with each thing and each two. Nobody gets more.
fn bounds() -> &'static BTreeMap<Vec<Holding>, Reached> {
    static BOUNDS: OnceLock<BTreeMap<Vec<Holding>, Reached>> = OnceLock::new();
    BOUNDS.get_or_init(|| {
        let mut bounds = BTreeMap::new();
        for holdings in hands_full() {
            let mut reached = Reached::default();
            for (number, scene) in scenes().iter().enumerate() {
                match play_through(&holdings, scene) {
                    Ok(play) => reached = reached.and(&play.oracle.reached),
                    Err(Lost(why)) => panic!("{holdings:?} in scene {number}: {why}"),
                }
            }
            bounds.insert(holdings, reached);
        }
        bounds
    })
}

fn bound_of(holdings: &[Holding]) -> Reached {
    let mut bound = bounds()[holdings].clone();
    for one in holdings {
        bound = bound.and(&bounds()[&vec![*one]]);
    }
    bound
}

/// Plays so many random days of these hands. A lost game is told in its shortest story.
fn play_many(
    holdings: &[Holding],
    hands: &'static [Hand],
    count: u32,
    length: usize,
) -> BTreeMap<&'static str, u32> {
    let mut seen = BTreeMap::new();
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed().to_be_bytes());
    for (place, one) in holdings.iter().enumerate() {
        bytes[8 + place] = 1 + *one as u8;
    }
    let config =
        Config { cases: count, failure_persistence: None, max_shrink_iters: shrinks(), ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes));
    let bound = if holdings.is_empty() { Reached::default() } else { bound_of(holdings) };
    let steals = u32::from(!holdings.is_empty());
    let thieving = prop_oneof![
        8 => command(hands),
        steals => Just(Command::Steal),
        2 * steals => Just(Command::Plunder),
    ];
    let shared = std::cell::RefCell::new(&mut seen);
    let days = (opening(), vec(thieving, 1..length)).prop_map(|(opening, day)| [opening, day].concat());
    let result = runner.run(&days, |commands| match play_through(holdings, &commands) {
        Ok(play) => {
            for (what, times) in &play.oracle.seen {
                *shared.borrow_mut().entry(*what).or_default() += times;
            }
            let beyond = play.oracle.reached.beyond(&bound);
            if beyond.is_empty() {
                Ok(())
            } else {
                Err(TestCaseError::fail(format!("the thief got {beyond:?}")))
            }
        }
        Err(Lost(why)) => Err(TestCaseError::fail(why)),
    });
    match result {
        Ok(()) => seen,
        Err(TestError::Fail(why, commands)) => {
            let story: Vec<String> = commands.iter().map(Command::to_string).collect();
            panic!("With {holdings:?}: {why}, in this story:\n  {}", story.join("\n  "));
        }
        Err(TestError::Abort(why)) => panic!("{why}"),
    }
}

const OWNERS: &[Hand] = &[Hand::Ann, Hand::Bob, Hand::Ian, Hand::Ida, Hand::Carl];
const EVERYBODY: &[Hand] = &[Hand::Ann, Hand::Ann, Hand::Bob, Hand::Ian, Hand::Ida, Hand::Thief, Hand::Thief];

/// R1 to R17, in any order of events, where nobody steals anything.
#[test]
fn whatever_happens_the_rules_hold() {
    let seen = play_many(&[], OWNERS, plays(HONEST_PLAYS), 120);
    for what in [
        "codes",
        "enrollments",
        "recoveries",
        "acts",
        "sessions",
        "resets",
        "switches",
        "epochs",
        "grace",
        "blocks",
    ] {
        assert!(seen.contains_key(what), "no play came to {what}: {seen:?}");
    }
}

/// R1 to R17: a thief with any one thing, or any two, gets no more than the table in the manual says.
#[test]
fn a_thief_gets_no_more_than_the_table_says() {
    for holdings in hands_full() {
        let _ = play_many(&holdings, EVERYBODY, plays(PLAYS), 80);
    }
}

/// The table, as the manual has it.
fn table() -> String {
    let row = |holdings: &[Holding], reached: &Reached| {
        let name: Vec<_> = holdings.iter().map(|one| one.words()).collect();
        let cells: Vec<_> = Gain::ALL.iter().map(|gain| reached.words(*gain)).collect();
        format!("| {} | {} |\n", name.join(", "), cells.join(" | "))
    };
    let mut table =
        "| a thief holds | signs in | binds an authenticator | draws codes, or has a browser remembered | \
         administers | reads stored secrets |\n| --- | --- | --- | --- | --- | --- |\n"
            .to_owned();
    for holdings in hands_full() {
        let reached = &bounds()[&holdings];
        let each = holdings.iter().fold(Reached::default(), |sum, one| sum.and(&bounds()[&vec![*one]]));
        if holdings.len() == 1 || !reached.beyond(&each).is_empty() {
            table.push_str(&row(&holdings, reached));
        }
    }
    table
}

/// The manual's table is what the games give.
#[test]
fn the_table_in_the_manual_is_what_the_games_give() {
    const PAGE: &str = "docs/manual/threats.md";
    let page = fs::read_to_string(PAGE).unwrap();
    let begin = page.find("| a thief holds |").expect("the page has the table");
    let end = begin + page[begin..].find("\n\n").expect("the table ends") + 1;
    let table = table();
    if env::var_os("COUNTERSIGN_WRITE").is_some() {
        fs::write(PAGE, [&page[..begin], &table, &page[end..]].concat()).unwrap();
    } else {
        assert!(page[begin..end] == table, "the games give another table:\n{table}");
    }
}
