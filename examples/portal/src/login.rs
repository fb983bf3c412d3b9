//! From the password to being signed in: the second step is the library's, the pages are ours.

use axum::{
    Extension, Form,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use countersign::{
    Attempt, Enrolled, Error, ErrorKind, FirstFactor, Gate, Refusal, Ticket, Verdict, tokens::Means,
};
use serde::Deserialize;

use crate::{
    app::App,
    devices,
    failure::{self, Failure},
    pages::{self, Frame, Occasion},
    people::User,
    recovery,
    session::Session,
    words::{self, Complaint},
};

#[derive(Deserialize)]
pub(crate) struct Credentials {
    login: String,
    password: String,
}

#[derive(Deserialize)]
pub(crate) struct TypedCode {
    code: String,
    /// A box that is not ticked is not sent.
    remember: Option<String>,
}

pub(crate) async fn form(Extension(session): Extension<Session>) -> Response {
    if session.is_signed_in() {
        return Redirect::to("/").into_response();
    }
    pages::ok(&pages::SignIn { frame: Frame::from(&session), login: String::new(), refused: false })
}

/// The first step: the password is the portal's to check. Where its bearer goes from here, the library says.
pub(crate) async fn sign_in(
    State(app): State<App>,
    Extension(session): Extension<Session>,
    Form(form): Form<Credentials>,
) -> Result<Response, Failure> {
    let Some(user) = app.people.authenticate(&form.login, &form.password).await? else {
        // One answer for a wrong password and an unknown name.
        return Ok(pages::again(&pages::SignIn {
            frame: Frame::from(&session),
            login: form.login,
            refused: true,
        }));
    };
    let mut first_factor = FirstFactor::accepted(&user.org, &user.id()).seen_from(&session.seen_from);
    if let Some(device) = &session.device {
        first_factor = first_factor.on_device(device.clone());
    }
    match app.two_factor.check_in(first_factor).await? {
        Gate::Open(pass) => session.sign_in(&app, &pass, None).await,
        Gate::AskCode(ticket) => park(&app, &session, &user, &ticket, "/code").await,
        Gate::Enroll(ticket) => park(&app, &session, &user, &ticket, "/setup").await,
        Gate::EnrollBy { pass, by, .. } => {
            let notice = format!("Please set up your authenticator app by {}: see Account.", words::day(by));
            session.sign_in(&app, &pass, Some(&notice)).await
        }
        Gate::AskInvitation(ticket) => park(&app, &session, &user, &ticket, "/invitation").await,
        Gate::Blocked => blocked(&app, &session, &user).await,
    }
}

async fn park(
    app: &App,
    session: &Session,
    user: &User,
    ticket: &Ticket,
    page: &str,
) -> Result<Response, Failure> {
    let cookie = session.park_login(app, user, ticket).await?;
    Ok((cookie, Redirect::to(page)).into_response())
}

/// *Enter your code*, at the end of a sign-in or before an administrative act. Whoever has to wait reads so before
/// he types in vain.
pub(crate) async fn code_form(
    State(app): State<App>,
    Extension(session): Extension<Session>,
) -> Result<Response, Failure> {
    let (Some(ticket), Some(user)) = (session.ticket(), bearer(&app, &session).await?) else {
        return Ok(Redirect::to("/").into_response());
    };
    match app.two_factor.prompt(&ticket).await? {
        Verdict::Granted(prompt) => {
            let complaint = Complaint::before(prompt);
            Ok(pages::ok(&code_page(&app, &session, &user, prompt.is_imported, complaint).await?))
        }
        Verdict::Refused(refusal) => over(&app, &session, refusal).await,
    }
}

pub(crate) async fn code(
    State(app): State<App>,
    Extension(session): Extension<Session>,
    Form(form): Form<TypedCode>,
) -> Result<Response, Failure> {
    let (Some(ticket), Some(user)) = (session.ticket(), bearer(&app, &session).await?) else {
        return Ok(Redirect::to("/").into_response());
    };
    let attempt = Attempt::new(&ticket, &form.code).seen_from(&session.seen_from);
    match outcome(app.two_factor.verify(attempt).await, Complaint::about)? {
        Outcome::Granted(pass) => {
            let device = match form.remember {
                Some(_) => devices::remember(&app, &pass, &session.browser).await,
                None => None,
            };
            let mut response = session.sign_in(&app, &pass, None).await?;
            response.headers_mut().extend(device.map(|cookie| (header::SET_COOKIE, cookie)));
            Ok(response)
        }
        Outcome::Again(complaint) => match app.two_factor.prompt(&ticket).await? {
            Verdict::Granted(prompt) => {
                let complaint = Some(complaint.with_digits(prompt.digits));
                Ok(pages::again(&code_page(&app, &session, &user, prompt.is_imported, complaint).await?))
            }
            Verdict::Refused(refusal) => over(&app, &session, refusal).await,
        },
        Outcome::Over(refusal) => over(&app, &session, refusal).await,
    }
}

/// *Set up two-factor authentication*: after the password, or for another phone. A reload shows the same QR code.
pub(crate) async fn setup_form(
    State(app): State<App>,
    Extension(session): Extension<Session>,
) -> Result<Response, Failure> {
    let Some(ticket) = session.ticket() else { return Ok(Redirect::to("/").into_response()) };
    match app.two_factor.prompt(&ticket).await? {
        Verdict::Granted(prompt) => {
            setup_page(&app, &session, Complaint::before(prompt), StatusCode::OK).await
        }
        Verdict::Refused(refusal) => over(&app, &session, refusal).await,
    }
}

pub(crate) async fn setup(
    State(app): State<App>,
    Extension(session): Extension<Session>,
    Form(form): Form<TypedCode>,
) -> Result<Response, Failure> {
    let Some(ticket) = session.ticket() else { return Ok(Redirect::to("/").into_response()) };
    let attempt = Attempt::new(&ticket, &form.code).seen_from(&session.seen_from);
    match outcome(app.two_factor.confirm(attempt).await, Complaint::about)? {
        Outcome::Granted(Enrolled { pass, recovery_codes, .. }) => {
            let cookie = session.open(&app, &pass, Some("Your authenticator app is set up.")).await?;
            let next = match recovery_codes {
                Some(codes) => recovery::codes_page(codes, session.destination()),
                None => Redirect::to(session.destination()).into_response(),
            };
            Ok((cookie, next).into_response())
        }
        Outcome::Again(complaint) => {
            setup_page(&app, &session, Some(complaint), StatusCode::UNPROCESSABLE_ENTITY).await
        }
        Outcome::Over(refusal) => over(&app, &session, refusal).await,
    }
}

pub(crate) async fn sign_out(
    State(app): State<App>,
    Extension(session): Extension<Session>,
) -> Result<Response, Failure> {
    let notice = session.is_signed_in().then_some("You are signed out.");
    session.end(&app, notice).await
}

/// What becomes of a request with a code.
pub(crate) enum Outcome<T> {
    Granted(T),
    /// The form is shown again.
    Again(Complaint),
    /// No form would help.
    Over(Refusal),
}

pub(crate) fn outcome<T>(
    answer: Result<Verdict<T>, Error>,
    complain: fn(Refusal) -> Complaint,
) -> Result<Outcome<T>, Error> {
    match answer {
        Ok(Verdict::Granted(granted)) => Ok(Outcome::Granted(granted)),
        Ok(Verdict::Refused(
            refusal @ (Refusal::Malformed
            | Refusal::WrongCode { .. }
            | Refusal::AlreadyUsed { .. }
            | Refusal::Wait { .. }
            | Refusal::SetupExpired),
        )) => Ok(Outcome::Again(complain(refusal))),
        Ok(Verdict::Refused(refusal)) => Ok(Outcome::Over(refusal)),
        Err(error) if error.kind() == ErrorKind::OutcomeUnknown => {
            failure::log("nobody was let in", &error);
            Ok(Outcome::Again(Complaint::outcome_unknown()))
        }
        Err(error) => Err(error),
    }
}

/// No further code helps: the account is blocked, or the sign-in begins anew.
pub(crate) async fn over(app: &App, session: &Session, refusal: Refusal) -> Result<Response, Failure> {
    if refusal == Refusal::Blocked
        && let Some(user) = bearer(app, session).await?
    {
        return blocked(app, session, &user).await;
    }
    if session.is_signed_in() {
        // The session itself is another matter: the next page asks the library about it.
        session.say(app, Some("That took too long. Please try again.")).await?;
        return Ok(Redirect::to("/").into_response());
    }
    let notice = "That took too long, or your account has changed meanwhile. Please sign in again.";
    session.end(app, Some(notice)).await
}

/// Whose ticket the session keeps.
pub(crate) async fn bearer(app: &App, session: &Session) -> Result<Option<User>, Failure> {
    match (session.ticket(), session.user()) {
        (Some(_), Some(id)) => Ok(app.people.by_id(&id).await?),
        _ => Ok(None),
    }
}

/// Who can help? Only Master Admins who can sign in themselves are named; this page is seen by somebody who knows
/// the password, and by nobody else.
async fn blocked(app: &App, session: &Session, user: &User) -> Result<Response, Failure> {
    let admins = app.two_factor.user(&user.org, &user.id()).who_can_help().await?;
    let names = app.people.names(admins.iter().map(|admin| admin.id().as_str())).await?;
    let helpers = admins.iter().filter_map(|admin| names.get(admin.id().as_str()).cloned()).collect();
    Ok(pages::page(StatusCode::FORBIDDEN, &pages::Blocked { frame: Frame::from(session), helpers }))
}

async fn code_page(
    app: &App,
    session: &Session,
    user: &User,
    imported: bool,
    complaint: Option<Complaint>,
) -> Result<pages::Code, Failure> {
    let remember = app.two_factor.org(&user.org).policy().await?.settings.remember_devices();
    let step_up = session.is_signed_in();
    let remember = remember.filter(|_| !step_up);
    Ok(pages::Code { frame: Frame::from(session), step_up, imported, remember, complaint })
}

async fn setup_page(
    app: &App,
    session: &Session,
    complaint: Option<Complaint>,
    status: StatusCode,
) -> Result<Response, Failure> {
    let Some(ticket) = session.ticket() else { return Ok(Redirect::to("/").into_response()) };
    let setup = match app.two_factor.setup(ticket.seen_from(&session.seen_from)).await? {
        Verdict::Granted(setup) => setup,
        Verdict::Refused(Refusal::InvitationNeeded) => return Ok(Redirect::to("/invitation").into_response()),
        Verdict::Refused(refusal) => return over(app, session, refusal).await,
    };
    let frame = Frame::from(session);
    let occasion = match session.stamp() {
        None => Occasion::SignIn,
        Some(stamp) => match app.two_factor.resume(&stamp).await?.granted() {
            Some(pass) if matches!(pass.means(), Means::Code | Means::RecoveryCode) => Occasion::Replacement,
            _ => Occasion::ByChoice,
        },
    };
    Ok(pages::page(status, &pages::SetUp { frame, setup, occasion, complaint }))
}
