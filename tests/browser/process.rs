//! A program that never outlives its test.

use std::{
    ffi::{OsStr, OsString},
    fs,
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

/// Long enough for a machine that does other things as well. It bounds a wait and makes none longer.
const PATIENCE: Duration = Duration::from_mins(1);

/// Stopped when dropped, which a failing test does too; and by the kernel if the test itself is killed.
pub(crate) struct Process {
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts a program and waits for the first line of its output that `finds` takes something from.
    pub(crate) fn start<T: Send + 'static>(
        program: &Path,
        arguments: &[&OsStr],
        environment: &[(&str, PathBuf)],
        log: PathBuf,
        finds: impl Fn(&str) -> Option<T> + Send + 'static,
    ) -> (Self, T) {
        let errors = fs::File::options().append(true).create(true).open(&log).expect("a log can be written");
        let mut lines = errors.try_clone().expect("a log can be written");
        let mut command = Command::new("setpriv");
        // `env` comes last, so that the settings reach this program alone.
        command.args(["--pdeathsig", "KILL", "--", "env"]);
        for (name, value) in environment {
            let mut setting = OsString::from(name);
            setting.push("=");
            setting.push(value);
            command.arg(setting);
        }
        command.arg(program).args(arguments);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(errors);
        let mut child = command.spawn().expect("setpriv is installed");
        let output = child.stdout.take().expect("it is piped");
        let (found, awaited) = mpsc::channel();
        // Reads on after that line: a program whose output nobody reads blocks one day.
        thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                let _ = writeln!(lines, "{line}");
                if let Some(what) = finds(&line) {
                    let _ = found.send(what);
                }
            }
        });
        let process = Self { child, log };
        let what = awaited.recv_timeout(PATIENCE).unwrap_or_else(|_| {
            panic!("{} did not start:\n{}", program.display(), process.log());
        });
        (process, what)
    }

    /// What it said.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(&self.log).expect("the log can be read")
    }
}

impl Drop for Process {
    /// Without a warning, as a power cut would: what was promised before must hold after it.
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        tidy_up_after(self.child.id());
    }
}

/// What `libfaketime` leaves in memory when a program ends otherwise than it expects.
pub(crate) fn tidy_up_after(id: u32) {
    for left_over in [format!("faketime_shm_{id}"), format!("sem.faketime_sem_{id}")] {
        let _ = fs::remove_file(Path::new("/dev/shm").join(left_over));
    }
}
