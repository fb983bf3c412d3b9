//! Failures: what went wrong and what the caller can do about it.
//!
//! A wrong code is not one of them. That is a [`Refusal`](crate::Refusal), a result like any other, and a page answers
//! it by showing the form again. An [`Error`] means that the question could not be decided: the store is down, or a
//! record does not open. Nobody gets in on an error (R4); the browser gets a 503 or a 500.

use alloc::boxed::Box;
use core::{error::Error as StdError, fmt};

/// Any error of the host.
pub type BoxError = Box<dyn StdError + Send + Sync + 'static>;

/// A failure. [`kind`](Error::kind) says what the caller can do, [`source`](StdError::source) what caused it.
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
    /// The directory, the store or the random generator failed. Nothing changed; trying again later is safe. A web
    /// application answers 503.
    Unavailable,
    /// Others kept changing the same record. Nothing of this call was written; trying again at once is safe. With a
    /// source, the store is at fault and not the others: the source says what is wrong with it.
    Contended,
    /// The store failed in the middle of a write, which may or may not have happened. Nobody was let in. Show the form
    /// again and ask for the **next** code: if the write happened, this one is spent.
    OutcomeUnknown,
    /// The directory knows no such user in this org. At a check-in after a right password this is a bug of the host: it
    /// asked about someone other than the user it authenticated.
    UnknownUser,
    /// A new password was reported after the host had [begun](crate::FirstFactor::begun_at) to check the one that it then
    /// accepted. Ask for the password again.
    PasswordMoved,
    /// No [`Roster`](crate::Roster) is configured, and this needs one. A bug of the host: call
    /// [`Builder::roster`](crate::Builder::roster).
    NoRoster,
    /// No [`Records`](crate::store::Records) are configured, and this needs them. A bug of the host: call
    /// [`Builder::records`](crate::Builder::records).
    NoRecords,
    /// What is stored cannot be read. The source says why: it is sealed under a key that the keyring lacks, it is
    /// damaged, it was moved from another row, or a store of the host returned a row that was never written. Trying
    /// again does not help. Give the keyring its key back, or reset the user.
    Unreadable,
    /// The directory's account name cannot be in a key URI: it is empty, or has a colon or a control character (the
    /// source says which). Long names are cut and odd characters encoded, so no ordinary name ends here. Only drawing a
    /// QR code needs it. Give the person another [`account_name`](crate::Person::account_name).
    UnusableName,
}

impl ErrorKind {
    /// Returns the stable word for this kind, for logs and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unavailable => "unavailable",
            Self::Contended => "contended",
            Self::OutcomeUnknown => "outcome-unknown",
            Self::UnknownUser => "unknown-user",
            Self::PasswordMoved => "password-moved",
            Self::NoRoster => "no-roster",
            Self::NoRecords => "no-records",
            Self::Unreadable => "unreadable",
            Self::UnusableName => "unusable-name",
        }
    }
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, doing: &'static str) -> Self {
        Self { kind, doing, source: None }
    }

    pub(crate) fn from_source(kind: ErrorKind, doing: &'static str, source: impl Into<BoxError>) -> Self {
        Self { kind, doing, source: Some(source.into()) }
    }

    /// Returns what the caller can do about it.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.kind {
            ErrorKind::Unavailable => "not available; try again later",
            ErrorKind::Contended => "too many changes to one record at once; try again",
            ErrorKind::OutcomeUnknown => {
                "the outcome of a write is unknown; look at the state, or ask for the next code"
            }
            ErrorKind::UnknownUser => "the directory has no such user in this org",
            ErrorKind::PasswordMoved => {
                "the password was changed while it was being checked; ask for it again"
            }
            ErrorKind::NoRoster => "no roster configured (`Builder::roster`)",
            ErrorKind::NoRecords => "no list of records configured (`Builder::records`)",
            ErrorKind::Unreadable => "the stored bytes cannot be read; see the source",
            ErrorKind::UnusableName => "the account name cannot be in a key URI (`Person::account_name`)",
        };
        write!(f, "{}: {what}", self.doing)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
