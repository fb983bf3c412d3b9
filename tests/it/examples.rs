//! The examples that speak to a person at a terminal, driven as a person would, with codes of an independent
//! authenticator.

use std::{
    ffi::OsString,
    io::{Read as _, Write as _},
    path::PathBuf,
    process::{Child, ChildStdin, Command, Stdio},
    sync::mpsc::{self, Receiver},
    thread,
    time::Duration,
};

use crate::tools::Tool;

/// Long enough for a machine that does other things as well. It bounds a wait and makes none longer.
const PATIENCE: Duration = Duration::from_secs(60);

/// An example, and what it has said that nobody has read yet.
struct Terminal {
    child: Child,
    typing: Option<ChildStdin>,
    output: Receiver<Vec<u8>>,
    unread: String,
}

impl Terminal {
    fn start(example: &str, environment: Vec<(&str, OsString)>) -> Self {
        let folder: PathBuf = std::env::current_exe().unwrap().ancestors().nth(2).unwrap().join("examples");
        let mut child = Command::new(folder.join(example))
            .envs(environment)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("`cargo test` builds the examples, too; `cargo test --test it` does not");
        let mut from_it = child.stdout.take().unwrap();
        let (says, output) = mpsc::channel();
        thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(length @ 1..) = from_it.read(&mut buffer) {
                let _ = says.send(buffer[..length].to_vec());
            }
        });
        Self { typing: child.stdin.take(), child, output, unread: String::new() }
    }

    /// Reads on until it says this, and returns what comes before it.
    fn until(&mut self, what: &str) -> String {
        loop {
            if let Some((before, after)) = self.unread.split_once(what) {
                let before = before.to_owned();
                self.unread = after.to_owned();
                return before;
            }
            let more = self.output.recv_timeout(PATIENCE);
            let more = more.unwrap_or_else(|_| panic!("{what:?} is missing in {:?}", self.unread));
            self.unread += &String::from_utf8(more).expect("it prints text, a prompt or a page at a time");
        }
    }

    fn types(&mut self, line: &str) {
        writeln!(self.typing.as_mut().unwrap(), "{line}").unwrap();
    }

    /// No more is typed: it ends by itself, and well.
    fn ends(mut self) {
        self.typing = None;
        assert!(self.child.wait().unwrap().success());
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Why a code is refused (wrong, already used) is said, and right ones let in.
#[test]
fn the_terminal_example_enrolls_and_logs_in() {
    let Some(oathtool) = Tool::or_skip("oathtool", "oathtool") else { return };
    let mut example = Terminal::start("enroll", Vec::new());
    example.until("key into the app:");
    let key = example.until("\n").replace(' ', "");
    let code = |when| oathtool.run(&["--totp", "-b", "-N", when, &key], b"").trim().to_owned();
    let (first, next) = (code("now"), code("now + 30 seconds"));
    let wrong = if first == "000000" { "111111" } else { "000000" };
    // A letter, a wrong code, the right one; then the same one again, and the next one, which is accepted early.
    for (line, answer) in [
        ("12345x", "that is not a code"),
        (wrong, "Wrong code. You have 9 more tries."),
        (&first, "Enrolled, and signed in as ann."),
        (&first, "it has been used already"),
        (&next, "Signed in as ann"),
    ] {
        example.types(line);
        example.until(answer);
    }
    example.ends();
}

/// The story of a portal with the README's code: one box is ticked, and from then on internal users enroll and customers
/// notice nothing (R5); what a Master Admin does with a code that is no longer fresh asks for another one first (R13).
#[cfg(feature = "sqlite")]
#[test]
fn the_login_of_the_readme_works_from_the_ticked_box_to_a_reset_after_a_while() {
    const BEGINNING: u64 = 1_772_442_000;
    let Some(oathtool) = Tool::or_skip("oathtool", "oathtool") else { return };
    let Some(libfaketime) = crate::tools::libfaketime_or_skip() else { return };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("now");
    let at = |now: u64| {
        // In one step: the example may read at any moment.
        std::fs::write(folder.path().join("next"), format!("{now}\n")).unwrap();
        std::fs::rename(folder.path().join("next"), &file).unwrap();
        now
    };
    let mut now = at(BEGINNING);
    let environment = vec![
        ("LD_PRELOAD", libfaketime.into()),
        ("FAKETIME_TIMESTAMP_FILE", file.clone().into()),
        ("FAKETIME_FMT", "%s".into()),
        ("FAKETIME_NO_CACHE", "1".into()),
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1".into()),
        ("NO_FAKE_STAT", "1".into()),
        ("TZ", "UTC".into()),
    ];
    let mut portal = Terminal::start("login", environment);
    let signs_in = |portal: &mut Terminal, name: &str| {
        portal.until("Who signs in?");
        portal.types(name);
    };
    let code = |now: u64, key: &str| {
        oathtool.run(&["--totp", "-b", "-N", &format!("@{now}"), key], b"").trim().to_owned()
    };
    let enrolls = |portal: &mut Terminal, now: u64| {
        portal.until("Key: ");
        let key = portal.until(" Account:").replace(' ', "");
        portal.until("The first code");
        portal.types(&code(now, &key));
        portal.until("Your authenticator is set up.");
        key
    };

    // Nobody is asked before the box is ticked.
    signs_in(&mut portal, "ann");
    portal.until("Signed in as ann");
    portal.types("on");
    portal.until("Done.");
    portal.types("out");

    signs_in(&mut portal, "carol");
    portal.until("Signed in as carol");
    portal.types("on");
    portal.until("Master Admin");
    portal.types("out");

    signs_in(&mut portal, "bob");
    enrolls(&mut portal, now);
    portal.until("Signed in as bob");
    portal.types("reset ann");
    portal.until("Master Admin");
    portal.types("out");

    signs_in(&mut portal, "ann");
    let key = enrolls(&mut portal, now);
    let codes = portal.until("Signed in as ann");
    portal.types("out");
    let recovery_code = codes.lines().rev().find(|line| line.contains('-')).expect("there are some").trim();

    now = at(now + 60);
    signs_in(&mut portal, "ann");
    portal.until("The code that the app shows now");
    portal.types(&code(now, &key));
    portal.until("Signed in as ann");
    now = at(now + 6 * 60);
    portal.types("reset bob");
    portal.until("The code that the app shows now");
    portal.types(&code(now, &key));
    portal.until("Signed in as ann");
    portal.types("reset bob");
    portal.until("Done.");
    portal.types("out");

    signs_in(&mut portal, "bob");
    enrolls(&mut portal, now);
    portal.types("out");

    // A lost phone.
    signs_in(&mut portal, "ann");
    portal.until("or a recovery code");
    portal.types(recovery_code);
    portal.until("Signed in as ann");
    portal.ends();
}
