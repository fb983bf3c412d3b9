//! From the password to being signed in: the second step is the library's, the pages are ours.

use axum::{
    Extension, Form,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use countersign::{
    Attempt, Enrolled, Error, ErrorKind, FirstFactor, Gate, Refusal, SignOut, Ticket, Verdict, tokens::Means,
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
    words::{self, Complaint, Typed},
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

/// The first step. The portal checks the password; the library decides the next page.
pub(crate) async fn sign_in(
    State(app): State<App>,
    Extension(session): Extension<Session>,
    Form(form): Form<Credentials>,
) -> Result<Response, Failure> {
    if !app.guessing.may_try(&form.login, &session.seen_from) {
        return Err(Failure::too_often());
    }
    let begun_at = app.clock.now();
    let Some(user) = app.people.authenticate(&form.login, &form.password).await? else {
        // One answer for a wrong password and an unknown name.
        return Ok(pages::again(&pages::SignIn {
            frame: Frame::from(&session),
            login: form.login,
            refused: true,
        }));
    };
    app.tell_of_new_password(&user).await?;
    let mut first_factor =
        FirstFactor::accepted(&user.org, &user.id()).seen_from(&session.seen_from).begun_at(begun_at);
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

/// *Enter your code*, at the end of a sign-in or before an administrative act. Users who have to wait are told before they
/// type.
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
    match outcome(app.two_factor.verify(attempt).await, Typed::Code)? {
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

/// *Set up two-factor authentication*, after the password or for another phone. A reload shows the same QR code.
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
    match outcome(app.two_factor.confirm(attempt).await, Typed::Code)? {
        Outcome::Granted(Enrolled { pass, recovery_codes, .. }) => {
            let cookie = session.open(&app, &pass, Some("Your authenticator app is set up.")).await?;
            let next = match recovery_codes {
                Some(codes) => recovery::codes_page(codes, Session::csrf_of(&cookie), session.destination()),
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

/// Signs out, here and everywhere else: a stamp in a backup of the database opens nothing any more. The portal forgets its
/// own session even if the library cannot be reached.
pub(crate) async fn sign_out(
    State(app): State<App>,
    Extension(session): Extension<Session>,
) -> Result<Response, Failure> {
    let Some(stamp) = session.stamp() else { return session.end(&app, None).await };
    let signed_out = app.two_factor.sign_out(&stamp).await;
    let response = session.end(&app, Some("You are signed out.")).await?;
    match signed_out {
        // A customer's session was the portal's alone.
        Ok(SignOut::Ended | SignOut::NotOurs) => {}
        Err(error) => failure::log("a stamp still holds after its user signed out", &error),
    }
    Ok(response)
}

/// The answer to a form with a code.
pub(crate) enum Outcome<T> {
    Granted(T),
    /// The form is shown again.
    Again(Complaint),
    /// Another page comes next: see [`over`].
    Over(Refusal),
}

/// Tells refusals that the same form answers from those that lead elsewhere. [`Refusal`] is a closed list: when it grows,
/// the compiler says so here, in [`over`] and in `words.rs`.
pub(crate) fn outcome<T>(answer: Result<Verdict<T>, Error>, typed: Typed) -> Result<Outcome<T>, Error> {
    let refusal = match answer {
        Ok(Verdict::Granted(granted)) => return Ok(Outcome::Granted(granted)),
        Ok(Verdict::Refused(refusal)) => refusal,
        Err(error) if error.kind() == ErrorKind::OutcomeUnknown => {
            failure::log("nobody was let in", &error);
            return Ok(Outcome::Again(Complaint::outcome_unknown()));
        }
        Err(error) => return Err(error),
    };
    Ok(match refusal {
        Refusal::Malformed
        | Refusal::WrongCode { .. }
        | Refusal::AlreadyUsed { .. }
        | Refusal::Wait { .. }
        | Refusal::SetupExpired
        | Refusal::InvitationVoid
        | Refusal::ClockMovedBack { .. } => Outcome::Again(Complaint::about(typed, refusal)),
        Refusal::Blocked | Refusal::TicketVoid | Refusal::InvitationNeeded | Refusal::AlreadyDone => {
            Outcome::Over(refusal)
        }
    })
}

/// The page that comes next where the same form would not help.
pub(crate) async fn over(app: &App, session: &Session, refusal: Refusal) -> Result<Response, Failure> {
    match refusal {
        Refusal::Blocked => match bearer(app, session).await? {
            Some(user) => blocked(app, session, &user).await,
            None => begin_again(app, session).await,
        },
        Refusal::InvitationNeeded => Ok(Redirect::to("/invitation").into_response()),
        // The form was sent twice. The answer to the first one carries the new session, so nothing is done to it here. A
        // browser that has missed that answer is sent on to the sign-in page.
        Refusal::AlreadyDone => Ok(Redirect::to(session.destination()).into_response()),
        // A ticket that is void. The others are met by forms only, which show them themselves.
        Refusal::TicketVoid
        | Refusal::Malformed
        | Refusal::WrongCode { .. }
        | Refusal::AlreadyUsed { .. }
        | Refusal::Wait { .. }
        | Refusal::SetupExpired
        | Refusal::InvitationVoid
        | Refusal::ClockMovedBack { .. } => begin_again(app, session).await,
    }
}

/// The ticket is void: the user signs in again, or tries again if they are signed in.
async fn begin_again(app: &App, session: &Session) -> Result<Response, Failure> {
    if session.is_signed_in() {
        // Whether the session itself is still valid, the library says on the next page.
        session.say(app, Some("That took too long. Please try again.")).await?;
        return Ok(Redirect::to("/").into_response());
    }
    session.end(app, Some(&words::refused(Typed::Code, Refusal::TicketVoid))).await
}

/// Returns the user whose ticket the session keeps.
pub(crate) async fn bearer(app: &App, session: &Session) -> Result<Option<User>, Failure> {
    match (session.ticket(), session.user()) {
        (Some(_), Some(id)) => Ok(app.people.by_id(&id).await?),
        _ => Ok(None),
    }
}

/// The page that says who can help. It names only Master Admins who can sign in themselves, and is shown only to people
/// who know the password.
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
        Verdict::Refused(refusal) => return over(app, session, refusal).await,
    };
    let frame = Frame::from(session);
    let occasion = match session.stamp() {
        None => Occasion::SignIn,
        Some(stamp) => match app.two_factor.resume(&stamp).await? {
            Some(pass) if matches!(pass.means(), Means::Code | Means::RecoveryCode) => Occasion::Replacement,
            _ => Occasion::ByChoice,
        },
    };
    Ok(pages::page(status, &pages::SetUp { frame, setup, occasion, complaint }))
}
