//! Facts as lines of text, for people and their scripts: `name=value`.
//!
//! No value has a line feed in it: ids, origins and reasons are without control characters, all else is our own words.

use std::fmt::{Display, Write as _};

/// Facts, as they are written.
#[derive(Debug, Default)]
pub(super) struct Lines(String);

impl Lines {
    /// With one more, if it is known.
    pub(super) fn with(mut self, name: &str, value: Option<impl Display>) -> Self {
        if let Some(value) = value {
            writeln!(self.0, "{name}={value}").expect("a String takes all that is written");
        }
        self
    }
}

impl From<Lines> for Vec<u8> {
    fn from(lines: Lines) -> Self {
        lines.0.into_bytes()
    }
}

/// The fact of this name, if there is one.
pub(super) fn value<'a>(lines: &'a str, name: &str) -> Option<&'a str> {
    lines.split('\n').find_map(|line| line.strip_prefix(name)?.strip_prefix('='))
}
