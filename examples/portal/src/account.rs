//! What all users see and do for themselves: the first page, the password, another phone.

use axum::{
    Form,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use countersign::{Role, Verdict, policy::OrgPolicy, tokens::Means};
use serde::Deserialize;

use crate::{
    app::{App, NewPassword},
    devices,
    failure::Failure,
    pages::{self, Frame, WrongPassword},
    passwords,
    session::SignedIn,
    settings,
};

#[derive(Deserialize)]
pub(crate) struct Passwords {
    current: String,
    new: String,
    repeat: String,
}

pub(crate) async fn home(State(app): State<App>, signed_in: SignedIn) -> Result<Response, Failure> {
    let role = signed_in.pass.role();
    // Customers have no second step: their first page must come up even if the settings cannot be read.
    let required =
        role != Role::Customer && app.two_factor.org(&signed_in.user.org).policy().await?.requirement.asks();
    Ok(pages::ok(&pages::Home {
        frame: Frame::from(&signed_in),
        role,
        means: signed_in.pass.means(),
        required,
        since: signed_in.pass.earned_at(),
        name: signed_in.user.name,
    }))
}

pub(crate) async fn form(State(app): State<App>, signed_in: SignedIn) -> Result<Response, Failure> {
    page(&app, &signed_in, None).await
}

/// Back to the page, when something on it was done.
pub(crate) fn back() -> Redirect {
    Redirect::to("/account")
}

/// Changes the password. It ends every session of the user, this one too: anybody else who was signed in is out.
pub(crate) async fn change_password(
    State(app): State<App>,
    signed_in: SignedIn,
    Form(form): Form<Passwords>,
) -> Result<Response, Failure> {
    let user = &signed_in.user;
    if !app.guessing.may_try(&user.login, &signed_in.session.seen_from) {
        return Err(Failure::too_often());
    }
    let wrong = if app.people.authenticate(&user.login, &form.current).await?.is_none() {
        Some(WrongPassword::Current)
    } else if form.new.chars().count() < passwords::FEWEST_CHARACTERS {
        Some(WrongPassword::TooShort)
    } else if form.new != form.repeat {
        Some(WrongPassword::NotRepeated)
    } else {
        None
    };
    if wrong.is_some() {
        return page(&app, &signed_in, wrong).await;
    }
    app.change_password(user, &form.new, new_password(&app, &signed_in).await?).await?;
    signed_in.session.end(&app, Some("Your password is changed. Please sign in with the new one.")).await
}

/// Tells how a password was changed by a user who is signed in. With a code of the last minutes it is verified. Otherwise
/// it rests on the old password alone, and anybody who knew that may have changed it: a person at a screen that was left
/// open, or one who signed in where no code is required. All sessions end either way; but only a verified password is
/// reported as one that nobody else knows (R16).
///
/// No code is asked for here: a user who is blocked could not enter one, and has the best reason to change the password.
async fn new_password(app: &App, signed_in: &SignedIn) -> Result<NewPassword, Failure> {
    if signed_in.pass.role() == Role::Customer {
        return Ok(NewPassword::WithOldPasswordOnly);
    }
    let settings = app.two_factor.org(&signed_in.user.org).policy().await?.settings;
    Ok(if signed_in.pass.is_fresh(settings.fresh_code()) {
        NewPassword::Verified
    } else {
        NewPassword::WithOldPasswordOnly
    })
}

/// Starts setting up another phone. The current authenticator works until the first code of the new one was right.
pub(crate) async fn replace_authenticator(
    State(app): State<App>,
    signed_in: SignedIn,
) -> Result<Response, Failure> {
    match app.two_factor.signed_in(&signed_in.pass).replace().await? {
        Verdict::Granted(ticket) => {
            let cookie = signed_in.session.park_step_up(&app, &ticket, "/account").await?;
            Ok((cookie, Redirect::to("/setup")).into_response())
        }
        Verdict::Refused(refusal) => settings::after_refusal(&app, &signed_in, refusal, "/account").await,
    }
}

/// Cancels that: the QR code that was shown is void, and everything is as before.
pub(crate) async fn keep_authenticator(
    State(app): State<App>,
    signed_in: SignedIn,
) -> Result<Response, Failure> {
    let session = &signed_in.session;
    if let Some(ticket) = session.ticket() {
        // Refused only for a ticket that is void. Then there is nothing left to cancel.
        let _ = app.two_factor.cancel(ticket.seen_from(&session.seen_from)).await?;
    }
    let said =
        "Nothing has changed: your authenticator app works as before. You can remove the new entry from it.";
    Ok((session.unpark(&app, said).await?, back()).into_response())
}

pub(crate) async fn page(
    app: &App,
    signed_in: &SignedIn,
    wrong: Option<WrongPassword>,
) -> Result<Response, Failure> {
    let has_authenticator =
        matches!(signed_in.pass.means(), Means::Code | Means::RememberedDevice | Means::RecoveryCode);
    // Customers have no second step, even if the settings cannot be read.
    let (may_enroll, may_withdraw) = if signed_in.pass.role() == Role::Customer {
        (false, false)
    } else {
        let OrgPolicy { requirement, settings, .. } =
            app.two_factor.org(&signed_in.user.org).policy().await?;
        let by_choice = !requirement.asks() && settings.enrollment_by_choice();
        let may_enroll = !has_authenticator && (by_choice || signed_in.pass.means() == Means::Grace);
        (may_enroll, by_choice && has_authenticator)
    };
    let recovery_codes_left = if has_authenticator {
        app.two_factor.signed_in(&signed_in.pass).recovery_codes_left().await?.granted()
    } else {
        None
    };
    let status = if wrong.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    Ok(pages::page(
        status,
        &pages::Account {
            frame: Frame::from(signed_in),
            login: signed_in.user.login.clone(),
            has_authenticator,
            recovery_codes_left,
            devices: devices::of(app, signed_in).await?,
            may_enroll,
            may_withdraw,
            wrong,
        },
    ))
}
