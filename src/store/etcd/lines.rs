//! Facts as lines of text, for people and their scripts: `name=value`.
//!
//! No value has a line feed: ids, origins and reasons have no control characters, and everything else is our own words.

use std::fmt::{Display, Write as _};

/// Facts in their written form.
#[derive(Debug, Default)]
pub(super) struct Lines(String);

impl Lines {
    /// Adds a fact, if it is known.
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

/// Returns the fact with this name, if there is one.
pub(super) fn value<'a>(lines: &'a str, name: &str) -> Option<&'a str> {
    lines.split('\n').find_map(|line| line.strip_prefix(name)?.strip_prefix('='))
}
