//! Programs from outside that some tests compare the library with.

use std::{
    env,
    io::{self, Write as _},
    process::{Command, Stdio},
};

/// A program that is installed here.
pub(crate) struct Tool(&'static str);

impl Tool {
    /// The program, if it is installed. If not, says so past the test harness' capture, and the test passes
    /// without it. Where `CI=true` nothing may be skipped: there its absence is a failure.
    pub(crate) fn or_skip(program: &'static str, debian_package: &str) -> Option<Self> {
        let found =
            Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
        match found {
            Ok(_) => Some(Self(program)),
            Err(error) => {
                let reason = format!("`{program}` (Debian package {debian_package}) cannot be run: {error}");
                assert!(env::var("CI").as_deref() != Ok("true"), "{reason}");
                let _ = writeln!(io::stderr(), "skipped a test: {reason}");
                None
            }
        }
    }

    /// What the program prints when it is given `arguments` and `input`.
    pub(crate) fn run(&self, arguments: &[&str], input: &[u8]) -> String {
        let mut child = Command::new(self.0)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it could be run a moment ago");
        // A program that stops reading early says why on its standard error, below.
        let _ = child.stdin.take().expect("it is piped").write_all(input);
        let output = child.wait_with_output().expect("a child can be waited for");
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{} {arguments:?}: {}: {errors}", self.0, output.status);
        String::from_utf8(output.stdout).expect("it prints text")
    }
}
