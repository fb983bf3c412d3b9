//! What ends a request early: the page says what the user can do, the log says what happened.

use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use countersign::{BoxError, ErrorKind, audit::Denied};

use crate::{
    pages::{self, Frame},
    passwords::Busy,
    words,
};

pub(crate) struct Failure {
    status: StatusCode,
    title: &'static str,
    explanation: &'static str,
    cause: Option<BoxError>,
}

impl Failure {
    fn new(status: StatusCode, title: &'static str, explanation: &'static str) -> Self {
        Self { status, title, explanation, cause: None }
    }

    fn unavailable(cause: impl Into<BoxError>) -> Self {
        let explanation = "Nobody was let in. Please try again in a moment.";
        let failure = Self::new(StatusCode::SERVICE_UNAVAILABLE, "We cannot do this right now", explanation);
        Self { cause: Some(cause.into()), ..failure }
    }

    fn broken(cause: impl Into<BoxError>) -> Self {
        let explanation = "This is not your fault, and trying again will not help. Please tell your support.";
        let failure = Self::new(StatusCode::INTERNAL_SERVER_ERROR, "Something is broken", explanation);
        Self { cause: Some(cause.into()), ..failure }
    }

    pub(crate) fn not_master_admin() -> Self {
        Self::new(StatusCode::FORBIDDEN, "This is not for you", words::denied(Denied::NotMasterAdmin))
    }

    pub(crate) fn forged() -> Self {
        let explanation = "It was sent from a page that is no longer current. Go back, load the page again, and \
                           send it once more.";
        Self::new(StatusCode::FORBIDDEN, "This form is out of date", explanation)
    }

    pub(crate) fn too_often() -> Self {
        let explanation = "Too many passwords were tried. Wait a minute, then try again.";
        Self::new(StatusCode::TOO_MANY_REQUESTS, "Please wait a moment", explanation)
    }

    pub(crate) fn password_moved() -> Self {
        let explanation = "Your password was changed while you signed in. Sign in with the new one.";
        Self::new(StatusCode::CONFLICT, "Please sign in again", explanation)
    }

    pub(crate) fn too_large() -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "That is too much", "No form of this portal is that large.")
    }

    pub(crate) fn missing() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "There is no such page",
            "It may have been moved. Start at the first page.",
        )
    }
}

/// Nobody gets in with an error: the answer is a page that says so, whatever the kind.
impl From<countersign::Error> for Failure {
    fn from(error: countersign::Error) -> Self {
        match error.kind() {
            ErrorKind::Unavailable | ErrorKind::Contended | ErrorKind::OutcomeUnknown => {
                Self::unavailable(error)
            }
            ErrorKind::PasswordMoved => Self::password_moved(),
            _ => Self::broken(error),
        }
    }
}

/// The portal's statements are fixed, so what fails is the database.
impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        Self::unavailable(error)
    }
}

impl From<BoxError> for Failure {
    fn from(error: BoxError) -> Self {
        let error = match error.downcast::<countersign::Error>() {
            Ok(error) => return Self::from(*error),
            Err(other) => other,
        };
        match error.downcast::<sqlx::Error>() {
            Ok(error) => Self::from(*error),
            Err(other) if other.is::<Busy>() => Self::unavailable(other),
            Err(other) => Self::broken(other),
        }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let name = match self.status {
            StatusCode::NOT_FOUND => "missing",
            status if status.is_client_error() => "refused",
            _ => "failure",
        };
        if let Some(cause) = &self.cause {
            log(self.title, &**cause);
        }
        let (title, explanation) = (self.title, self.explanation.to_owned());
        let frame = Frame::default();
        pages::page(self.status, &pages::Message { frame, page: name, title, explanation })
    }
}

/// Logs the whole chain of causes, which only the operator sees.
#[allow(clippy::print_stderr, reason = "this is the portal's log")]
pub(crate) fn log(doing: &str, error: &(dyn std::error::Error + 'static)) {
    let chain = std::iter::successors(Some(error), |error| error.source());
    let causes: Vec<_> = chain.map(ToString::to_string).collect();
    eprintln!("{doing}: {}", causes.join(": "));
}
