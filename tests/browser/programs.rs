//! What has to be installed: programs of Debian's, by their packages' names.

use std::{
    env,
    io::{Write, stderr},
    path::PathBuf,
};

const PROGRAMS: [(&str, &str); 5] = [
    ("chromium", "chromium"),
    ("chromedriver", "chromium-driver"),
    ("oathtool", "oathtool"),
    ("zbarimg", "zbar-tools"),
    ("setpriv", "util-linux"),
];

/// Whether everything is there. If not, it says what is missing; where nothing may be skipped (`CI=true`), it
/// panics.
pub(crate) fn are_installed() -> bool {
    let program_packages = PROGRAMS.iter().filter(|(program, _)| on_path(program).is_none());
    let mut missing: Vec<_> = program_packages.map(|(_, package)| *package).collect();
    if libfaketime().is_none() {
        missing.push("libfaketime");
    }
    if missing.is_empty() {
        return true;
    }
    let sentence = format!("skipped: the portal in a browser, for want of {}", missing.join(", "));
    assert!(env::var_os("CI").is_none_or(|ci| ci != "true"), "{sentence}");
    says(&sentence);
    false
}

/// Says something past the test runner, which shows nothing that a passing test prints.
pub(crate) fn says(sentence: &str) {
    writeln!(stderr(), "{sentence}").expect("somebody reads what tests say");
}

pub(crate) fn on_path(program: &str) -> Option<PathBuf> {
    env::split_paths(&env::var_os("PATH")?).map(|folder| folder.join(program)).find(|file| file.is_file())
}

/// The library that tells a program another time than the system's. Debian has one folder for each architecture.
pub(crate) fn libfaketime() -> Option<PathBuf> {
    let folders = PathBuf::from("/usr/lib").read_dir().ok()?.flatten();
    folders.map(|folder| folder.path().join("faketime/libfaketimeMT.so.1")).find(|file| file.is_file())
}

/// The portal: where `tests/run` says, or else beside this test, where cargo puts it.
pub(crate) fn portal() -> PathBuf {
    if let Some(file) = env::var_os("PORTAL_BIN") {
        return file.into();
    }
    let file = target_folder().join("debug/portal");
    assert!(file.is_file(), "the portal is not built: cargo build -p portal");
    file
}

/// Tests run from `target/debug/deps`.
pub(crate) fn target_folder() -> PathBuf {
    let test = env::current_exe().expect("a program knows its own file");
    test.ancestors().nth(3).expect("cargo keeps tests three folders deep").to_owned()
}
