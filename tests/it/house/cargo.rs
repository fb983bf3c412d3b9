//! Asks cargo what the project consists of. This file knows how to ask, and nothing of what is a good answer.

use std::{
    env,
    process::{Command, Output, Stdio},
    sync::OnceLock,
};

use serde_json::Value;

use super::root;
use crate::tools;

/// What `cargo metadata` says of the whole workspace with all features, on whatever platform it is built for.
pub(super) fn metadata() -> Option<&'static Value> {
    static SAID: OnceLock<Option<Value>> = OnceLock::new();
    let ask = || {
        let said = cargo(&["metadata", "--format-version", "1", "--all-features"])?;
        Some(serde_json::from_str(&said).expect("cargo writes JSON"))
    };
    SAID.get_or_init(ask).as_ref()
}

/// The names and versions of what the library is built from with these features and no others, itself included. Only
/// here, and not in the metadata, the tests' own dependencies switch nothing on.
pub(super) fn built_from(features: &str, edges: &str) -> Option<Vec<(String, String)>> {
    let only = ["--no-default-features", "--features", features, "--edges", edges];
    let shown = ["--package", "countersign", "--prefix", "none", "--format", "{p}"];
    let said = cargo(&[&["tree"][..], &only, &shown].concat())?;
    // A line is `name v1.2.3`, and perhaps where it lies and that it was shown before.
    let package = |line: &str| {
        let mut words = line.split_whitespace();
        Some((words.next()?.to_owned(), words.next()?.strip_prefix('v')?.to_owned()))
    };
    let mut packages: Vec<_> =
        said.lines().map(|line| package(line).expect("a name and a version")).collect();
    packages.sort();
    packages.dedup();
    Some(packages)
}

/// The files of the package that would be published.
pub(super) fn packaged() -> Option<Vec<String>> {
    let said = cargo(&["package", "--package", "countersign", "--list", "--allow-dirty"])?;
    Some(said.lines().map(|line| line.replace('\\', "/")).collect())
}

/// Without the network where all is here already; with it after a bare clone, of which cargo has fetched no more than it
/// built so far. The test passes, and says so, where neither has an answer.
fn cargo(arguments: &[&str]) -> Option<String> {
    let program = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let ask = |where_from: &[&str]| -> Output {
        let mut cargo = Command::new(&program);
        cargo.args(arguments).arg("--locked").args(where_from).current_dir(root()).stdin(Stdio::null());
        cargo.output().expect("cargo runs its tests, so it can be run")
    };
    let mut answer = ask(&["--offline"]);
    if !answer.status.success() {
        answer = ask(&[]);
    }
    if answer.status.success() {
        return Some(String::from_utf8(answer.stdout).expect("cargo writes UTF-8"));
    }
    let reason = String::from_utf8_lossy(&answer.stderr);
    tools::skip(&format!("cargo {} has no answer: {}", arguments.join(" "), reason.trim()));
    None
}
