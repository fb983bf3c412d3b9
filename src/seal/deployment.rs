//! The name of a deployment: what is handed out by one is nothing to another (R17).

use std::fmt;

use crate::seal::keyring::{Context, Kind};

/// A name that is written into the associated data of every token, and of no record: a copy of production's database and
/// keys opens in a test system, and what that one hands out does not open in production.
#[derive(Clone, Debug)]
pub(crate) struct Deployment(Box<str>);

/// Why a text is no name of a deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidDeployment {
    /// None was given.
    #[error(
        "name the deployment (`Builder::deployment`): the same for all its servers, and another for each other"
    )]
    Missing,
    /// It has more than 100 bytes.
    #[error("the name of a deployment must have at most 100 bytes")]
    TooLong,
    /// It has a control character, or blanks around it, in which two servers could differ unseen.
    #[error("the name of a deployment must have no control characters, and no blanks around it")]
    Unclear,
}

impl Deployment {
    pub(crate) fn parse(name: &str) -> Result<Self, InvalidDeployment> {
        match name {
            "" => Err(InvalidDeployment::Missing),
            name if name.len() > 100 => Err(InvalidDeployment::TooLong),
            name if name.contains(char::is_control) || name.trim() != name => Err(InvalidDeployment::Unclear),
            name => Ok(Self(name.into())),
        }
    }

    /// Returns the context of a token of this deployment.
    pub(crate) fn context(&self, kind: Kind) -> Context {
        Context::of(kind).and(self.0.as_bytes())
    }
}

impl fmt::Display for Deployment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
