//! HTML, and a sentence for everything that can be refused or fail.

use std::{collections::HashMap, fmt};

use askama::{Template, filters::HtmlSafe};
use axum::{
    http::StatusCode,
    response::{Html, IntoResponse, Response},
};
use countersign::{
    BoxError, Clock, Denied, ErrorKind, Refusal, Requirement, Role, Setup, SystemClock, Timestamp,
    store::sqlite::LoggedEvent,
};

use crate::{
    people::{Colleague, State, User},
    session::{Session, SignedIn},
};

/// What every page has around its content.
#[derive(Default)]
pub(crate) struct Frame {
    csrf: String,
    notice: Option<String>,
    user: Option<User>,
}

impl From<&Session> for Frame {
    fn from(session: &Session) -> Self {
        Self { csrf: session.csrf(), notice: session.notice().map(str::to_owned), user: None }
    }
}

impl From<&SignedIn> for Frame {
    fn from(signed_in: &SignedIn) -> Self {
        Self { user: Some(signed_in.user.clone()), ..Self::from(&signed_in.session) }
    }
}

impl Frame {
    fn is_master_admin(&self) -> bool {
        self.user.as_ref().is_some_and(|user| user.role == Role::MasterAdmin)
    }
}

#[derive(Template)]
#[template(path = "login.html")]
pub(crate) struct SignIn {
    pub(crate) frame: Frame,
    pub(crate) login: String,
    pub(crate) refused: bool,
}

#[derive(Template)]
#[template(path = "code.html")]
pub(crate) struct Code {
    pub(crate) frame: Frame,
    /// Whether the code comes before an administrative act, and not at the end of a sign-in.
    pub(crate) step_up: bool,
    pub(crate) complaint: Option<Complaint>,
}

#[derive(Template)]
#[template(path = "setup.html")]
pub(crate) struct SetUp {
    pub(crate) frame: Frame,
    pub(crate) setup: Setup,
    /// Whether a working authenticator is to be replaced by another one.
    pub(crate) replaces: bool,
    pub(crate) complaint: Option<Complaint>,
}

#[derive(Template)]
#[template(path = "blocked.html")]
pub(crate) struct Blocked {
    pub(crate) frame: Frame,
    pub(crate) helpers: Vec<String>,
}

#[derive(Template)]
#[template(path = "home.html")]
pub(crate) struct Home {
    pub(crate) frame: Frame,
    pub(crate) name: String,
    pub(crate) role: Role,
    pub(crate) with_code: bool,
    pub(crate) required: bool,
    pub(crate) since: Timestamp,
}

#[derive(Template)]
#[template(path = "settings.html")]
pub(crate) struct Settings {
    pub(crate) frame: Frame,
    pub(crate) requirement: Requirement,
    /// What the checkbox shows: what holds, or what the admin was about to save when a code was asked for.
    pub(crate) checked: bool,
    pub(crate) colleagues: Vec<Colleague>,
    pub(crate) now: Timestamp,
    pub(crate) me: String,
}

/// Before somebody is reset or unlocked: the same page asks.
#[derive(Template)]
#[template(path = "act.html")]
pub(crate) struct Confirm {
    pub(crate) frame: Frame,
    pub(crate) act: &'static str,
    pub(crate) name: String,
}

#[derive(Template)]
#[template(path = "trail.html")]
pub(crate) struct Trail {
    pub(crate) frame: Frame,
    pub(crate) events: Vec<Happened>,
    pub(crate) older: Option<i64>,
    pub(crate) newest: bool,
}

/// An event with names in the place of ids.
pub(crate) struct Happened {
    event: LoggedEvent,
    by: String,
    about: String,
    origin: String,
}

impl Happened {
    pub(crate) fn new(event: LoggedEvent, names: &HashMap<String, String>) -> Self {
        let name = |id: &str| names.get(id).cloned().unwrap_or_else(|| format!("user {id}"));
        let by = match (event.by_kind.as_str(), event.by_name.as_deref()) {
            ("user", Some(id)) => name(id),
            ("operator", Some(operator)) => format!("{operator} (support)"),
            _ => "The portal".to_owned(),
        };
        let about = event.user.as_ref().map_or_else(|| "Everybody".to_owned(), |user| name(user));
        // A password typed in one place and a code in another is worth a look.
        let origin = match (&event.seen_from, &event.checked_in_from) {
            (Some(code), Some(password)) if code != password => format!("{code} (password from {password})"),
            (Some(from), _) | (None, Some(from)) => from.clone(),
            (None, None) => "–".to_owned(),
        };
        Self { event, by, about, origin }
    }
}

#[derive(Template)]
#[template(path = "account.html")]
pub(crate) struct Account {
    pub(crate) frame: Frame,
    pub(crate) login: String,
    pub(crate) has_authenticator: bool,
    pub(crate) wrong: Option<WrongPassword>,
}

/// What is wrong with a new password.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum WrongPassword {
    Current,
    TooShort,
    NotRepeated,
}

#[derive(Template)]
#[template(path = "message.html")]
struct Message {
    frame: Frame,
    page: &'static str,
    title: &'static str,
    explanation: String,
}

/// A page, or the page that says that it could not be made.
pub(crate) fn page(status: StatusCode, template: &impl Template) -> Response {
    match template.render() {
        Ok(html) => (status, Html(html)).into_response(),
        Err(error) => {
            log("cannot render a page", &error);
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

pub(crate) fn ok(template: &impl Template) -> Response {
    page(StatusCode::OK, template)
}

/// A form again, with what was wrong with it.
pub(crate) fn again(template: &impl Template) -> Response {
    page(StatusCode::UNPROCESSABLE_ENTITY, template)
}

/// An administrative act that was refused.
pub(crate) fn refused(frame: Frame, refusal: Refusal) -> Response {
    let (page_name, title, explanation) =
        ("refused", "That was not done", Complaint::about(refusal).sentence);
    page(StatusCode::FORBIDDEN, &Message { frame, page: page_name, title, explanation })
}

/// What was wrong with a code, in words for the one who typed it.
pub(crate) struct Complaint {
    pub(crate) sentence: String,
    /// How long no code is looked at; 0 if the next one may come at once.
    pub(crate) wait: u64,
}

impl Complaint {
    pub(crate) fn about(refusal: Refusal) -> Self {
        let now = SystemClock.now();
        let wait = match refusal {
            Refusal::WrongCode { wait_until: Some(until), .. }
            | Refusal::AlreadyUsed { wait_until: Some(until), .. }
            | Refusal::Wait { until } => until.since(now).map_or(0, |wait| wait.as_secs()),
            _ => 0,
        };
        let tries = |left| match left {
            1 => " One try is left before the account is blocked.".to_owned(),
            2..=5 => format!(" {left} tries are left before the account is blocked."),
            _ => String::new(),
        };
        let sentence = match refusal {
            Refusal::Malformed => {
                "A code has six digits. Type the ones that your app shows for this portal.".to_owned()
            }
            Refusal::WrongCode { left, .. } => format!(
                "That code is not right. Look for this portal’s entry in your app, and let your phone set its clock \
                 by itself.{}",
                tries(left)
            ),
            Refusal::AlreadyUsed { left, .. } => format!(
                "That code was used already, and each works once. Wait until your app shows the next one.{}",
                tries(left)
            ),
            Refusal::Wait { .. } => {
                "There were too many wrong codes, so this one was not looked at.".to_owned()
            }
            Refusal::SetupExpired => {
                "The QR code had expired, so here is a new one. Remove the entry that you just \
                                      added from your app, and scan this one."
                    .to_owned()
            }
            Refusal::EnrollFirst => {
                "Two-factor authentication was switched on after you signed in. Sign out and in \
                                     again to set up your authenticator app; then you can do this."
                    .to_owned()
            }
            Refusal::Blocked => "There were too many wrong codes: your account is blocked.".to_owned(),
            Refusal::Denied(why) => denied(why).to_owned(),
            Refusal::TicketVoid | Refusal::SessionOver => "Please sign in again.".to_owned(),
            // Refusals that a later version of the library may know.
            other => other.to_string(),
        };
        Self { sentence, wait }
    }

    /// "1 minute 30 seconds"
    fn span(&self) -> String {
        let count = |n: u64, unit: &str| match n {
            0 => None,
            1 => Some(format!("1 {unit}")),
            n => Some(format!("{n} {unit}s")),
        };
        let parts = [count(self.wait / 60, "minute"), count(self.wait % 60, "second")];
        parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
    }

    /// After a write whose outcome nobody knows: the code may be spent.
    pub(crate) fn outcome_unknown() -> Self {
        let sentence =
            "Something went wrong on our side. Wait until your app shows the next code, and type that one.";
        Self { sentence: sentence.to_owned(), wait: 0 }
    }
}

fn denied(why: Denied) -> &'static str {
    match why {
        Denied::NotMasterAdmin => "Only a Master Admin may do this.",
        Denied::Yourself => "You cannot do this to yourself. Ask another Master Admin.",
        Denied::Customer => "Customers have no two-factor authentication here.",
        Denied::NotInThisOrg => "There is no such user.",
        Denied::Mandated => "Your vendor requires two-factor authentication; it cannot be changed here.",
        _ => "You may not do this.",
    }
}

/// What ends a request early: the page says what the user can do, the log says what happened.
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
        let explanation = "Nothing was changed. Please try again in a moment.";
        let failure = Self::new(StatusCode::SERVICE_UNAVAILABLE, "We cannot do this right now", explanation);
        Self { cause: Some(cause.into()), ..failure }
    }

    fn broken(cause: impl Into<BoxError>) -> Self {
        let explanation = "It is not your fault, and trying again will not help. Please tell your support.";
        let failure = Self::new(StatusCode::INTERNAL_SERVER_ERROR, "Something is broken", explanation);
        Self { cause: Some(cause.into()), ..failure }
    }

    pub(crate) fn not_master_admin() -> Self {
        Self::new(StatusCode::FORBIDDEN, "This is not for you", denied(Denied::NotMasterAdmin))
    }

    pub(crate) fn forged() -> Self {
        let explanation = "It was sent from a page that is no longer current. Go back, load the page again, and \
                           send it once more.";
        Self::new(StatusCode::FORBIDDEN, "This form is out of date", explanation)
    }

    pub(crate) fn too_large() -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "That is too much", "No form of this portal is so large.")
    }

    pub(crate) fn missing() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "There is no such page",
            "It may have been moved. Begin at the first page.",
        )
    }
}

/// Nobody gets in on an error: whatever the kind, the answer is a page that says so.
impl From<countersign::Error> for Failure {
    fn from(error: countersign::Error) -> Self {
        match error.kind() {
            ErrorKind::Unavailable | ErrorKind::Contended | ErrorKind::OutcomeUnknown => {
                Self::unavailable(error)
            }
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
        Self::broken(error)
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
        page(self.status, &Message { frame: Frame::default(), page: name, title, explanation })
    }
}

/// The whole chain of causes, for the operator's eyes only.
#[allow(clippy::print_stderr, reason = "this is the portal's log")]
pub(crate) fn log(doing: &str, error: &(dyn std::error::Error + 'static)) {
    let chain = std::iter::successors(Some(error), |error| error.source());
    let causes: Vec<_> = chain.map(ToString::to_string).collect();
    eprintln!("{doing}: {}", causes.join(": "));
}

pub(crate) fn role(role: Role) -> &'static str {
    match role {
        Role::Customer => "Customer",
        Role::Internal => "Internal user",
        Role::MasterAdmin => "Master Admin",
        _ => "Unknown",
    }
}

impl State {
    /// The word for it in the page's markup.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::NotRequired => "not-required",
            Self::Blocked => "blocked",
            Self::Waiting(_) => "waiting",
            Self::Enrolled(_) => "enrolled",
            Self::QrShown => "qr-shown",
            Self::MustEnroll => "must-enroll",
        }
    }

    pub(crate) fn can_be_unlocked(&self) -> bool {
        matches!(self, Self::Blocked | Self::Waiting(_))
    }
}

/// A point in time as HTML: for people in UTC, and for `comfort.js`, which shows it in the browser's own zone.
struct Moment(Timestamp);

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = i64::try_from(self.0.as_unix()).unwrap_or(i64::MAX);
        let instant = jiff::Timestamp::from_second(seconds).unwrap_or(jiff::Timestamp::MAX);
        write!(f, "<time datetime=\"{instant}\">{}</time>", instant.strftime("%-d %b %Y, %H:%M UTC"))
    }
}

/// Nothing in it comes from a user.
impl HtmlSafe for Moment {}
