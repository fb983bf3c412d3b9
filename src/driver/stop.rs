//! Why a call ends early. Inside, `?` carries refusals and failures alike; one function at the edge tells them apart.

use crate::{
    error::Error,
    verdict::{ActRefusal, Refusal, Verdict},
};

/// A refusal that is the answer, or a failure that allows none.
pub(crate) enum Stop<R> {
    Refused(R),
    Failed(Error),
}

impl<R> From<Error> for Stop<R> {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl From<Refusal> for Stop<Refusal> {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<ActRefusal> for Stop<ActRefusal> {
    fn from(refusal: ActRefusal) -> Self {
        Self::Refused(refusal)
    }
}

/// Tells them apart at the edge: a refusal is an answer like any other, a failure is an `Err`.
pub(crate) fn verdict<T, R>(outcome: Result<T, Stop<R>>) -> Result<Verdict<T, R>, Error> {
    match outcome {
        Ok(granted) => Ok(Verdict::Granted(granted)),
        Err(Stop::Refused(refusal)) => Ok(Verdict::Refused(refusal)),
        Err(Stop::Failed(error)) => Err(error),
    }
}
