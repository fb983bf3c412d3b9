//! Failures: what went wrong and what the caller can do about it.
//!
//! A wrong code is not among them. That is a [`Refusal`](crate::Refusal), a result like any other, and a page
//! answers it by showing the form again. An [`Error`] means that the question could not be decided: the store is
//! down, a record does not open. Nobody gets in on an error (R4); the answer to the browser is a 503 or a 500.

use alloc::boxed::Box;
use core::{error::Error as StdError, fmt};

/// Any error of a host's own.
pub type BoxError = Box<dyn StdError + Send + Sync + 'static>;

/// A failure. [`kind`](Error::kind) says what the caller can do; [`source`](StdError::source) what lay beneath.
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    doing: &'static str,
    source: Option<BoxError>,
}

/// What a caller can do about an [`Error`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The directory, the store or the random generator did not do its work. Nothing changed; trying again later
    /// is safe. A web application answers 503.
    Unavailable,
    /// Others kept changing the same record. Nothing of this call was written; trying again at once is safe. If there is
    /// a source, it was not others: it says what is wrong with the store.
    Contended,
    /// The store failed in the middle of a write, and whether it happened cannot be told. Nobody was let in.
    /// Show the form again and ask for the **next** code: should the write have happened, this one is spent.
    OutcomeUnknown,
    /// The directory knows no such user in this org. For a check-in that follows a right password this is a
    /// mistake of the host's: it asked about somebody else than it authenticated.
    UnknownUser,
    /// The driver was built without a [`Roster`](crate::Roster), and this needs one. A mistake of the host's.
    NoRoster,
    /// What is stored cannot be read: sealed under a key that the keyring lacks, damaged, or moved from another
    /// row. Trying again does not help. Give the keyring its key back, or reset the user. A store of the host's own may
    /// also have answered for a row that was never written. The source says which of these it is.
    Unreadable,
    /// The account name that the directory gives cannot stand in a key URI: it is empty, or has a colon or a control
    /// character (the source says which). Long names are cut and odd characters encoded, so no ordinary name ends here.
    /// Only drawing a QR code needs it. Give the person another [`account_name`](crate::Person::account_name).
    UnusableName,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, doing: &'static str) -> Self {
        Self { kind, doing, source: None }
    }

    pub(crate) fn from_source(kind: ErrorKind, doing: &'static str, source: impl Into<BoxError>) -> Self {
        Self { kind, doing, source: Some(source.into()) }
    }

    /// What the caller can do about it.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.kind {
            ErrorKind::Unavailable => "not available",
            ErrorKind::Contended => "too many changes to one record at once",
            ErrorKind::OutcomeUnknown => "the outcome of a write is unknown",
            ErrorKind::UnknownUser => "no such user",
            ErrorKind::NoRoster => "the host has no roster",
            ErrorKind::Unreadable => "what is stored cannot be read",
            ErrorKind::UnusableName => "the account name cannot stand in a key URI",
        };
        write!(f, "{}: {what}", self.doing)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
