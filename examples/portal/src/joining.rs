//! Setting up an authenticator with an invitation, or by choice; and taking it off again.

use axum::{
    Extension, Form,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use countersign::{Attempt, FirstFactor, Verdict};
use serde::Deserialize;

use crate::{
    account,
    app::App,
    failure::Failure,
    login::{self, Outcome},
    pages::{self, Frame, WrongPassword},
    session::{Session, SignedIn},
    settings,
    words::{Complaint, Typed},
};

#[derive(Deserialize)]
pub(crate) struct TypedInvitation {
    invitation: String,
}

#[derive(Deserialize)]
pub(crate) struct Password {
    password: String,
}

/// *Enter your invitation*, where the password alone does not open the enrollment.
pub(crate) async fn form(Extension(session): Extension<Session>) -> Response {
    match session.ticket() {
        Some(_) => invitation_page(&session, None),
        None => Redirect::to("/").into_response(),
    }
}

pub(crate) async fn accept(
    State(app): State<App>,
    Extension(session): Extension<Session>,
    Form(form): Form<TypedInvitation>,
) -> Result<Response, Failure> {
    let Some(ticket) = session.ticket() else { return Ok(Redirect::to("/").into_response()) };
    let attempt = Attempt::new(&ticket, &form.invitation).seen_from(&session.seen_from);
    match login::outcome(app.two_factor.accept(attempt).await, Typed::Invitation)? {
        Outcome::Granted(ticket) => {
            let Some(user) = login::bearer(&app, &session).await? else {
                return Ok(Redirect::to("/").into_response());
            };
            // Users who are signed in stay so.
            let cookie = if session.is_signed_in() {
                session.park_step_up(&app, &ticket, "/account").await?
            } else {
                session.park_login(&app, &user, &ticket).await?
            };
            Ok((cookie, Redirect::to("/setup")).into_response())
        }
        Outcome::Again(complaint) => Ok(invitation_page(&session, Some(complaint))),
        Outcome::Over(refusal) => login::over(&app, &session, refusal).await,
    }
}

/// Starts an enrollment by choice, or while there is time. Asks for the password again: a session that was left open must
/// not bind somebody else's phone.
pub(crate) async fn enroll(
    State(app): State<App>,
    signed_in: SignedIn,
    Form(form): Form<Password>,
) -> Result<Response, Failure> {
    let user = &signed_in.user;
    if !app.guessing.may_try(&user.login, &signed_in.session.seen_from) {
        return Err(Failure::too_often());
    }
    if app.people.authenticate(&user.login, &form.password).await?.is_none() {
        return account::page(&app, &signed_in, Some(WrongPassword::ToEnroll)).await;
    }
    let first_factor = FirstFactor::accepted(&user.org, &user.id()).seen_from(&signed_in.session.seen_from);
    match app.two_factor.signed_in(&signed_in.pass).enroll(first_factor).await? {
        Verdict::Granted(ticket) => {
            let cookie = signed_in.session.park_step_up(&app, &ticket, "/account").await?;
            Ok((cookie, Redirect::to("/setup")).into_response())
        }
        Verdict::Refused(refusal) => settings::after_refusal(&app, &signed_in, refusal, "/account").await,
    }
}

/// Takes the authenticator off, where nobody requires one.
pub(crate) async fn withdraw(State(app): State<App>, signed_in: SignedIn) -> Result<Response, Failure> {
    match app.two_factor.signed_in(&signed_in.pass).withdraw().await? {
        Verdict::Granted(()) => {
            let notice = "Your authenticator app is taken off. Please sign in again: the password is enough.";
            signed_in.session.end(&app, Some(notice)).await
        }
        Verdict::Refused(refusal) => settings::after_refusal(&app, &signed_in, refusal, "/account").await,
    }
}

fn invitation_page(session: &Session, complaint: Option<Complaint>) -> Response {
    let status = if complaint.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    pages::page(status, &pages::AskInvitation { frame: Frame::from(session), complaint })
}
