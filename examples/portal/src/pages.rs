//! HTML: one struct for each template, with what it needs to know.

use std::{collections::HashMap, fmt};

use askama::{Template, filters::HtmlSafe};
use axum::{
    http::StatusCode,
    response::{Html, IntoResponse, Response},
};
use countersign::{
    Requirement, Role, Setup, Timestamp, UserId,
    admin::{Counts, RunId, Status},
    policy::Epoch,
    policy::{Days, RunningSessions},
    store::{EventId, LoggedEvent},
    tokens::{Authenticator, RecoveryCodesLeft},
    tokens::{Device, Invitation, Means, RecoveryCodes},
};

use crate::{
    acts::Act,
    failure,
    mails::Sent,
    people::User,
    report::Colleague,
    reset::{Chosen, Told},
    rules,
    session::{Session, SignedIn},
    words::{self, Complaint},
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
    /// Whether the code is of an app from another system, which has not shown a code here yet.
    pub(crate) imported: bool,
    /// For how many days this browser can be remembered, if at all.
    pub(crate) remember: Option<Days>,
    pub(crate) complaint: Option<Complaint>,
}

impl Code {
    /// Whether to show the way to the recovery codes: their page signs users in, so it is not for those who are.
    fn offers_recovery(&self) -> bool {
        !self.step_up && self.complaint.as_ref().is_some_and(|complaint| complaint.offers_recovery)
    }
}

#[derive(Template)]
#[template(path = "setup.html")]
pub(crate) struct SetUp {
    pub(crate) frame: Frame,
    pub(crate) setup: Setup,
    pub(crate) occasion: Occasion,
    pub(crate) complaint: Option<Complaint>,
}

/// When an authenticator is set up.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Occasion {
    /// At the end of a sign-in that asks for it.
    SignIn,
    /// By a user who is signed in without one.
    ByChoice,
    /// A working one is replaced by another.
    Replacement,
}

#[derive(Template)]
#[template(path = "recover.html")]
pub(crate) struct Recover {
    pub(crate) frame: Frame,
    pub(crate) complaint: Option<Complaint>,
}

/// Shown once, in the answer to the request that drew them.
#[derive(Template)]
#[template(path = "recovery_codes.html")]
pub(crate) struct Sheet {
    /// The empty one: the page has no way but on.
    pub(crate) frame: Frame,
    /// For the session that the answer begins.
    pub(crate) csrf: String,
    pub(crate) codes: RecoveryCodes,
    pub(crate) next: String,
}

impl Sheet {
    /// Returns the codes as a file inside the page: the server has forgotten them.
    fn file(&self) -> String {
        let lines = self.codes.expose().lines();
        let mut file = "data:text/plain;charset=utf-8,Acme%20Portal%20recovery%20codes%0A".to_owned();
        for line in lines {
            file.push_str("%0A");
            file.push_str(line);
        }
        file.push_str("%0A");
        file
    }
}

#[derive(Template)]
#[template(path = "start_again.html")]
pub(crate) struct StartAgain {
    pub(crate) frame: Frame,
    /// What the admin was looking at.
    pub(crate) seen: Epoch,
}

#[derive(Template)]
#[template(path = "vouch.html")]
pub(crate) struct Vouch {
    pub(crate) frame: Frame,
    pub(crate) name: String,
    pub(crate) authenticator: Option<Authenticator>,
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
    pub(crate) means: Means,
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
    pub(crate) me: String,
    pub(crate) chosen: countersign::policy::Settings,
}

impl Settings {
    /// Whether users who have nothing set up may need an invitation.
    fn invitations(&self) -> bool {
        self.chosen.invitation_required() || self.gives_time()
    }

    /// Whether there is time to give.
    fn grace(&self) -> bool {
        self.requirement.asks() && self.gives_time()
    }

    fn gives_time(&self) -> bool {
        self.chosen.enroll_within().is_some() || self.chosen.enroll_by().is_some()
    }

    /// How many there are: nobody in the org could help a sole one who has lost their phone.
    fn master_admins(&self) -> usize {
        self.colleagues.iter().filter(|colleague| colleague.row.person.role() == Role::MasterAdmin).count()
    }
}

#[derive(Template)]
#[template(path = "rules.html")]
pub(crate) struct Rules {
    pub(crate) frame: Frame,
    pub(crate) form: rules::Rules,
    /// What the form shows, if it is not what is in force.
    pub(crate) about: Option<String>,
    pub(crate) complaint: Option<String>,
}

#[derive(Template)]
#[template(path = "invitation.html")]
pub(crate) struct AskInvitation {
    pub(crate) frame: Frame,
    pub(crate) complaint: Option<Complaint>,
}

#[derive(Template)]
#[template(path = "invited.html")]
pub(crate) struct Invited {
    pub(crate) frame: Frame,
    pub(crate) name: String,
    pub(crate) invitation: Invitation,
}

/// The account to reset was blocked.
#[derive(Template)]
#[template(path = "password_known.html")]
pub(crate) struct PasswordKnown {
    pub(crate) frame: Frame,
    pub(crate) name: String,
    pub(crate) id: i64,
}

#[derive(Template)]
#[template(path = "report.html")]
pub(crate) struct Report {
    pub(crate) frame: Frame,
    pub(crate) me: String,
    pub(crate) counts: Counts,
    /// The status to which the page is filtered.
    pub(crate) status: Option<Status>,
    pub(crate) colleagues: Vec<Colleague>,
    pub(crate) is_first: bool,
    /// The last user of this page, if there is a next one.
    pub(crate) next: Option<UserId>,
}

/// Before and after many are reset.
#[derive(Template)]
#[template(path = "reset_many.html")]
pub(crate) struct ResetMany {
    pub(crate) frame: Frame,
    pub(crate) chosen: Chosen,
    pub(crate) run: RunId,
    pub(crate) told: Told,
    pub(crate) is_done: bool,
}

/// The page that asks before something is done to a user.
#[derive(Template)]
#[template(path = "act.html")]
pub(crate) struct Confirm {
    pub(crate) frame: Frame,
    pub(crate) act: Act,
    pub(crate) name: String,
    pub(crate) id: i64,
}

#[derive(Template)]
#[template(path = "trail.html")]
pub(crate) struct Trail {
    pub(crate) frame: Frame,
    pub(crate) events: Vec<Happened>,
    pub(crate) older: Option<EventId>,
    pub(crate) newest: bool,
}

#[derive(Template)]
#[template(path = "mails.html")]
pub(crate) struct Mails {
    pub(crate) frame: Frame,
    pub(crate) mails: Vec<Sent>,
}

/// An event with names instead of ids.
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
    /// Whether users may set one up themselves, and whether they may take it off again.
    pub(crate) may_enroll: bool,
    pub(crate) may_withdraw: bool,
    pub(crate) devices: Vec<Device>,
    /// `None` for users without an authenticator.
    pub(crate) recovery_codes_left: Option<RecoveryCodesLeft>,
    pub(crate) wrong: Option<WrongPassword>,
}

/// What is wrong with a new password.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum WrongPassword {
    Current,
    TooShort,
    NotRepeated,
    /// The one that is asked for before an authenticator is set up.
    ToEnroll,
}

#[derive(Template)]
#[template(path = "message.html")]
pub(crate) struct Message {
    pub(crate) frame: Frame,
    pub(crate) page: &'static str,
    pub(crate) title: &'static str,
    pub(crate) explanation: String,
}

/// Renders a page. Answers 500 if that fails.
pub(crate) fn page(status: StatusCode, template: &impl Template) -> Response {
    match template.render() {
        Ok(html) => (status, Html(html)).into_response(),
        Err(error) => {
            failure::log("cannot render a page", &error);
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

pub(crate) fn ok(template: &impl Template) -> Response {
    page(StatusCode::OK, template)
}

/// Renders a form again, with what was wrong with it.
pub(crate) fn again(template: &impl Template) -> Response {
    page(StatusCode::UNPROCESSABLE_ENTITY, template)
}

/// A point in time as HTML: for people in UTC, and for `comfort.js`, which shows it in the browser's own zone.
struct Moment(Timestamp);

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = i64::try_from(self.0.as_unix()).unwrap_or(i64::MAX);
        let instant = jiff::Timestamp::from_second(seconds).unwrap_or(jiff::Timestamp::MAX);
        write!(f, "<time datetime=\"{instant}\">{}</time>", words::day(self.0))
    }
}

/// Nothing in it comes from a user.
impl HtmlSafe for Moment {}
