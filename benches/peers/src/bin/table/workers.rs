//! A process for each crate: built, started, and asked in turn. Knows no crate and no case by itself.

use std::{
    env,
    error::Error,
    fs,
    io::{self, BufRead as _, BufReader, Write as _},
    path::PathBuf,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

/// How long a batch lasts: long against the clock's grain, short against what a scheduler gives to others.
const BATCH_NANOSECONDS: f64 = 60_000.0;

/// Which SHA-1 the hash crate (sha1 0.11) computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Backend {
    /// The best that the processor has.
    Chosen,
    /// The one that runs on any.
    Portable,
}

/// A number: of which crate (or the floor), in which case, over which backend.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Place {
    pub(crate) name: String,
    pub(crate) case: usize,
    pub(crate) backend: Backend,
}

pub(crate) struct Worker {
    process: Child,
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
    works: Vec<Work>,
}

struct Work {
    place: Place,
    batch: u64,
    least: f64,
}

impl Worker {
    /// Builds a crate by itself and starts it.
    pub(crate) fn build(name: &str, backend: Backend) -> Result<Self, Box<dyn Error>> {
        eprintln!("building {name}, {backend:?}");
        let package = env!("CARGO_MANIFEST_DIR");
        let target =
            env::var_os("CARGO_TARGET_DIR").map_or(PathBuf::from(package).join("target"), PathBuf::from);
        // A folder for each backend: other flags make cargo rebuild what is there.
        let (folder, flags) = match backend {
            Backend::Chosen => (target.join("alone"), ""),
            Backend::Portable => (target.join("alone-portable"), r#"--cfg sha1_backend="soft""#),
        };
        let built = Command::new(env::var_os("CARGO").unwrap_or("cargo".into()))
            .args(["build", "--quiet", "--locked", "--release", "--bin", "worker", "--no-default-features"])
            .args(["--features", name, "--manifest-path", &format!("{package}/Cargo.toml"), "--target-dir"])
            .arg(&folder)
            // Set even where it is empty, so that nobody's settings make the numbers other than they are by default.
            .env("RUSTFLAGS", flags)
            .env_remove("CARGO_ENCODED_RUSTFLAGS")
            .status()?;
        if !built.success() {
            return Err(format!("{name} could not be built").into());
        }
        let program = folder.join(name);
        fs::copy(folder.join("release/worker"), &program)?;
        Self::start(Command::new(program).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?, backend)
    }

    fn start(mut process: Child, backend: Backend) -> Result<Self, Box<dyn Error>> {
        let questions = process.stdin.take().ok_or("there is a pipe")?;
        let mut answers = BufReader::new(process.stdout.take().ok_or("there is a pipe")?);
        let mut works = Vec::new();
        while let Some((name, case)) = read_line(&mut answers)?.split_once(' ') {
            let place = Place { name: name.to_owned(), case: case.parse()?, backend };
            works.push(Work { place, batch: 1, least: f64::INFINITY });
        }
        Ok(Self { process, questions, answers, works })
    }

    /// Finds out how often each case is to be done in a batch.
    pub(crate) fn find_batches(&mut self) -> Result<(), Box<dyn Error>> {
        for number in 0..self.works.len() {
            let mut batch = 16;
            while self.ask(number, batch)? < BATCH_NANOSECONDS {
                batch *= 2;
            }
            self.works[number].batch = batch;
        }
        Ok(())
    }

    /// A batch of each case.
    pub(crate) fn measure(&mut self) -> Result<(), Box<dyn Error>> {
        for number in 0..self.works.len() {
            let batch = self.works[number].batch;
            #[allow(clippy::cast_precision_loss, reason = "a batch is small")]
            let once = self.ask(number, batch)? / batch as f64;
            let least = &mut self.works[number].least;
            *least = least.min(once);
        }
        Ok(())
    }

    /// The least that each case took, in nanoseconds.
    pub(crate) fn least(&self) -> impl Iterator<Item = (Place, f64)> {
        self.works.iter().map(|work| (work.place.clone(), work.least))
    }

    fn ask(&mut self, number: usize, times: u64) -> Result<f64, Box<dyn Error>> {
        writeln!(self.questions, "{number} {times}")?;
        Ok(read_line(&mut self.answers)?.parse()?)
    }
}

fn read_line(answers: &mut BufReader<ChildStdout>) -> io::Result<String> {
    let mut line = String::new();
    if answers.read_line(&mut line)? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(line.trim_end().to_owned())
}

/// It would end by itself once nobody asks any more; it is waited for, so that none is left behind.
impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
