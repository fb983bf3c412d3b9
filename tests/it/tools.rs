//! Programs from outside that some tests compare the library with.

use std::{
    env,
    ffi::OsStr,
    fmt::Debug,
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
};

/// A program that is installed here.
pub(crate) struct Tool(PathBuf);

impl Tool {
    /// The program, if it is installed. If not, says so past the test harness' capture, and the test passes
    /// without it. Where `CI=true` nothing may be skipped: there its absence is a failure.
    pub(crate) fn or_skip(program: &str, debian_package: &str) -> Option<Self> {
        Self::at_or_skip(program.into(), &format!("Debian package {debian_package}"))
    }

    /// The Python with the packages of `tests/oracles/python/requirements.txt`, which `tests/oracles/python/install` makes.
    pub(crate) fn python_or_skip() -> Option<Self> {
        Self::at_or_skip(target().join("python/bin/python"), "tests/oracles/python/install makes it")
    }

    /// Node, and the folder with the packages of `tests/oracles/node/package.json`: `tests/oracles/node/install` fetches
    /// both.
    pub(crate) fn node_or_skip() -> Option<(Self, String)> {
        let modules = target().join("node");
        if !modules.join("node_modules").exists() {
            skip(&format!("{} is not there (tests/oracles/node/install makes it)", modules.display()));
            return None;
        }
        let modules = modules.to_str().expect("a path in UTF-8").to_owned();
        let node = Self::at_or_skip(target().join("python/bin/node"), "tests/oracles/node/install makes it");
        node.map(|node| (node, modules))
    }

    fn at_or_skip(program: PathBuf, from: &str) -> Option<Self> {
        let mut version = Command::new(&program);
        match version.arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status() {
            Ok(_) => Some(Self(program)),
            Err(error) => {
                skip(&format!("`{}` ({from}) cannot be run: {error}", program.display()));
                None
            }
        }
    }

    /// What the program prints when it is given `arguments` and `input`.
    pub(crate) fn run<A: AsRef<OsStr> + Debug>(&self, arguments: &[A], input: &[u8]) -> String {
        String::from_utf8(self.run_for_bytes(arguments, input)).expect("it prints text")
    }

    /// The same of one that prints something else than text.
    pub(crate) fn run_for_bytes<A: AsRef<OsStr> + Debug>(&self, arguments: &[A], input: &[u8]) -> Vec<u8> {
        let mut child = Command::new(&self.0)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it could be run a moment ago");
        let mut stdin = child.stdin.take().expect("it is piped");
        // Beside the reading, since a program may answer the first line before it reads the last. One that stops
        // reading early says why on its standard error, below.
        let output = thread::scope(|scope| {
            scope.spawn(move || stdin.write_all(input));
            child.wait_with_output().expect("a child can be waited for")
        });
        let errors = String::from_utf8_lossy(&output.stderr);
        let status = output.status;
        assert!(status.success(), "{} {arguments:?}: {status}: {errors}", self.0.display());
        output.stdout
    }
}

/// The library that tells a program another time than the system's. Debian has one folder for each architecture.
#[cfg(feature = "sqlite")]
pub(crate) fn libfaketime_or_skip() -> Option<PathBuf> {
    let folders = PathBuf::from("/usr/lib").read_dir().into_iter().flatten().flatten();
    let found =
        folders.map(|folder| folder.path().join("faketime/libfaketimeMT.so.1")).find(|file| file.is_file());
    if found.is_none() {
        skip("libfaketime (Debian package libfaketime) is not there");
    }
    found
}

/// Where a server is that was started for the tests, if this variable says so.
#[cfg(any(feature = "postgres", feature = "etcd"))]
pub(crate) fn server_or_skip(variable: &str) -> Option<String> {
    let url = env::var(variable).ok();
    if url.is_none() {
        skip(&format!("{variable} is not set (tests/servers has what starts one and prints its URL)"));
    }
    url
}

/// Where cargo builds, and what is installed for the tests alone lies.
fn target() -> &'static Path {
    Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("it lies in cargo's target folder")
}

/// Says why a test does not happen, past the harness' capture. Where `CI=true` nothing may be skipped.
pub(crate) fn skip(reason: &str) {
    assert!(env::var("CI").as_deref() != Ok("true"), "{reason}");
    let _ = writeln!(io::stderr(), "skipped a test: {reason}");
}
