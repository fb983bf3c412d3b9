//! `examples/enroll.rs`, driven as a person would, with codes of an independent authenticator.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    process::{Command, Stdio},
};

use crate::tools::Tool;

/// The example says why a code is refused (wrong, already used) and lets right ones in.
#[test]
fn the_terminal_example_enrolls_and_logs_in() {
    let Some(oathtool) = Tool::or_skip("oathtool", "oathtool") else { return };
    let examples = std::env::current_exe().unwrap().parent().unwrap().parent().unwrap().join("examples");
    let mut child = Command::new(examples.join("enroll"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("cargo builds the examples together with the tests");
    let mut to_it = child.stdin.take().unwrap();
    let mut from_it = BufReader::new(child.stdout.take().unwrap());

    let mut line = String::new();
    let key = loop {
        line.clear();
        assert_ne!(from_it.read_line(&mut line).unwrap(), 0, "it should show a key");
        if let Some((_, key)) = line.split_once("key into the app:") {
            break key.replace(' ', "").trim().to_owned();
        }
    };
    let code = |when| oathtool.run(&["--totp", "-b", "-N", when, &key], b"").trim().to_owned();
    // A letter, a wrong code, the right one; then the same one again, and the next one, which is accepted early.
    let (first, next) = (code("now"), code("now + 30 seconds"));
    let wrong = if first == "000000" { "111111" } else { "000000" };
    for line in ["12345x", wrong, &first, &first, &next] {
        writeln!(to_it, "{line}").unwrap();
    }
    drop(to_it);
    let mut said = String::new();
    from_it.read_to_string(&mut said).unwrap();
    assert!(child.wait().unwrap().success());
    let mut rest = said.as_str();
    for expected in [
        "that is not a code",
        "Wrong code. You have 9 more tries.",
        "Enrolled, and signed in as ann.",
        "each of these recovery codes lets Ann in once",
        "it has been used already",
        "Signed in as ann",
    ] {
        let (_, after) =
            rest.split_once(expected).unwrap_or_else(|| panic!("{expected:?} is missing in {said}"));
        rest = after;
    }
}
