//! What a portal was promised: it writes down each acknowledged write, each granted login and each failure, one a line.

use std::{
    fmt::{self, Write as _},
    fs::File,
    io::{self, LineWriter, Write as _},
    path::Path,
    sync::{Arc, Mutex},
};

use crate::clock::Beginning;

/// Whose record it is: the org, and the user unless it is the org's settings.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Key {
    pub(crate) org: String,
    pub(crate) user: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Entry {
    /// The store said `Done`, to a record with this fingerprint and events of these kinds.
    Acknowledged { key: Key, revision: u64, record: String, events: Vec<String> },
    /// A login was granted for the code of a step of an enrollment.
    Granted { enrollment: String, step: u64 },
    /// A call failed or was refused: the kind of the error, or the name of the refusal.
    Failed { kind: String },
    /// What must never happen.
    Violated { what: String },
}

/// Where one portal writes.
#[derive(Clone, Debug)]
pub(crate) struct Ledger {
    file: Arc<Mutex<LineWriter<File>>>,
    beginning: Beginning,
}

impl Ledger {
    pub(crate) fn create(path: &Path, beginning: Beginning) -> io::Result<Self> {
        Ok(Self { file: Arc::new(Mutex::new(LineWriter::new(File::create(path)?))), beginning })
    }

    /// At once, so that what was promised is on record whatever comes next.
    pub(crate) fn enter(&self, entry: &Entry) {
        let mut line = format!("{}\t", self.beginning.elapsed());
        match entry {
            Entry::Acknowledged { key, revision, record, events } => {
                let user = key.user.as_deref().unwrap_or("");
                write!(line, "done\t{}\t{user}\t{revision}\t{record}\t{}", key.org, events.join(","))
            }
            Entry::Granted { enrollment, step } => write!(line, "granted\t{enrollment}\t{step}"),
            Entry::Failed { kind } => write!(line, "failed\t{kind}"),
            Entry::Violated { what } => write!(line, "violated\t{what}"),
        }
        .expect("a String takes everything");
        let mut file = self.file.lock().expect("nobody panics while writing");
        writeln!(file, "{line}").expect("the ledger can be written");
    }
}

/// All entries of a ledger, with the milliseconds at which they were made.
pub(crate) fn read(path: &Path) -> io::Result<Vec<(u64, Entry)>> {
    let text = std::fs::read_to_string(path)?;
    // The last line may still be in the making.
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    whole
        .lines()
        .map(|line| parse(line).ok_or_else(|| io::Error::other(format!("not an entry: {line}"))))
        .collect()
}

fn parse(line: &str) -> Option<(u64, Entry)> {
    let fields: Vec<&str> = line.split('\t').collect();
    let entry = match fields[1..] {
        ["done", org, user, revision, record, events] => Entry::Acknowledged {
            key: Key { org: org.to_owned(), user: Some(user.to_owned()).filter(|user| !user.is_empty()) },
            revision: revision.parse().ok()?,
            record: record.to_owned(),
            events: events.split(',').filter(|kind| !kind.is_empty()).map(str::to_owned).collect(),
        },
        ["granted", enrollment, step] => {
            Entry::Granted { enrollment: enrollment.to_owned(), step: step.parse().ok()? }
        }
        ["failed", kind] => Entry::Failed { kind: kind.to_owned() },
        ["violated", what] => Entry::Violated { what: what.to_owned() },
        _ => return None,
    };
    Some((fields[0].parse().ok()?, entry))
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.user {
            Some(user) => f.write_str(user),
            None => write!(f, "the settings of {}", self.org),
        }
    }
}
