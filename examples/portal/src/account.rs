//! What everybody sees and does for himself: the first page, the password, another phone.

use axum::{
    Form,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use countersign::{Refusal, Role, Verdict, policy::OrgPolicy, tokens::Means};
use serde::Deserialize;

use crate::{
    app::App,
    devices,
    failure::Failure,
    pages::{self, Frame, WrongPassword},
    passwords,
    session::SignedIn,
    settings,
};

#[derive(Deserialize)]
pub(crate) struct NewPassword {
    current: String,
    new: String,
    repeat: String,
}

pub(crate) async fn home(State(app): State<App>, signed_in: SignedIn) -> Result<Response, Failure> {
    let role = signed_in.pass.role();
    // Customers have nothing to do with it: their first page must come up even when the settings cannot be read.
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

/// Where everything that the page offers ends.
pub(crate) fn back() -> Redirect {
    Redirect::to("/account")
}

/// A new password ends every session of the user, this one too: whoever else was signed in is out.
pub(crate) async fn change_password(
    State(app): State<App>,
    signed_in: SignedIn,
    Form(form): Form<NewPassword>,
) -> Result<Response, Failure> {
    let user = &signed_in.user;
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
    app.change_password(user, &form.new).await?;
    signed_in.session.end(&app, Some("Your password is changed. Please sign in with the new one.")).await
}

/// Another phone: the authenticator of now works until the new one's first code was right.
pub(crate) async fn replace_authenticator(
    State(app): State<App>,
    signed_in: SignedIn,
) -> Result<Response, Failure> {
    match app.two_factor.signed_in(&signed_in.pass).replace().await? {
        Verdict::Granted(ticket) => {
            let cookie = signed_in.session.park_step_up(&app, &ticket, "/account").await?;
            Ok((cookie, Redirect::to("/setup")).into_response())
        }
        Verdict::Refused(refusal) => settings::after_refusal(&app, signed_in, refusal, "/account").await,
    }
}

/// He thought better of it: the QR code that he saw is void, and all is as it was.
pub(crate) async fn keep_authenticator(
    State(app): State<App>,
    signed_in: SignedIn,
) -> Result<Response, Failure> {
    let session = &signed_in.session;
    if let Some(ticket) = session.ticket()
        && let Verdict::Refused(refusal) = app.two_factor.cancel(ticket.seen_from(&session.seen_from)).await?
        && refusal != Refusal::TicketVoid
    {
        return Ok(settings::refused(&signed_in, refusal));
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
    // Customers have nothing to do with it, whatever can be read of the settings.
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
