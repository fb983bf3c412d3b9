//! After an incident: everybody sets up an authenticator app again, and an admin vouches for a colleague's.

use axum::{
    Form,
    extract::{Path, State},
    response::{IntoResponse, Redirect, Response},
};
use countersign::{ActRefusal, UserId, Verdict, admin::NewEpoch, policy::Epoch, tokens::AuthenticatorId};
use serde::Deserialize;

use crate::{
    app::App,
    failure::Failure,
    pages::{self, Frame},
    session::SignedIn,
    settings,
};

/// The form names the epoch that was seen: sent twice, it begins one.
#[derive(Deserialize)]
pub(crate) struct Again {
    seen: String,
    end_sessions: Option<String>,
}

/// The form names the authenticator that was seen.
#[derive(Deserialize)]
pub(crate) struct Seen {
    seen: String,
}

/// *Everybody sets it up again?*
pub(crate) async fn form(State(app): State<App>, signed_in: SignedIn) -> Result<Response, Failure> {
    signed_in.master_admin()?;
    let seen = app.two_factor.org(&signed_in.user.org).policy().await?.epoch;
    Ok(pages::ok(&pages::StartAgain { frame: Frame::from(&signed_in), seen }))
}

pub(crate) async fn begin(
    State(app): State<App>,
    signed_in: SignedIn,
    Form(form): Form<Again>,
) -> Result<Response, Failure> {
    let Ok(seen) = form.seen.parse::<Epoch>() else { return Err(Failure::forged()) };
    let (new, ends) = (NewEpoch::after(seen), form.end_sessions.is_some());
    let new = if ends { new.ending_sessions() } else { new };
    match app.two_factor.admin(&signed_in.pass).begin_epoch(new).await? {
        Verdict::Granted(_) if ends => {
            let notice = "Everybody sets it up again, you too. Please sign in.";
            signed_in.session.end(&app, Some(notice)).await
        }
        Verdict::Granted(_) => {
            let notice = "Everybody sets it up again at the next sign-in.";
            signed_in.session.say(&app, Some(notice)).await?;
            Ok(Redirect::to("/settings").into_response())
        }
        Verdict::Refused(refusal) => {
            settings::after_refusal(&app, &signed_in, refusal, "/settings/start-again").await
        }
    }
}

/// Shows the authenticator app of a colleague who has used a recovery code, to be compared with the one in their hand.
pub(crate) async fn vouch_form(
    State(app): State<App>,
    signed_in: SignedIn,
    Path(id): Path<i64>,
) -> Result<Response, Failure> {
    signed_in.master_admin()?;
    let name = settings::colleague(&app, &signed_in, id).await?.ok_or_else(Failure::missing)?;
    let admin = app.two_factor.admin(&signed_in.pass);
    match admin.user(&UserId::from(id)).authenticator().await? {
        Verdict::Granted(authenticator) => {
            let frame = Frame::from(&signed_in);
            Ok(pages::ok(&pages::Vouch { frame, name, authenticator }))
        }
        Verdict::Refused(refusal) => settings::after_refusal(&app, &signed_in, refusal, "/settings").await,
    }
}

pub(crate) async fn vouch(
    State(app): State<App>,
    signed_in: SignedIn,
    Path(id): Path<i64>,
    Form(form): Form<Seen>,
) -> Result<Response, Failure> {
    let Ok(seen) = form.seen.parse::<AuthenticatorId>() else { return Err(Failure::forged()) };
    let admin = app.two_factor.admin(&signed_in.pass);
    let notice = match admin.user(&UserId::from(id)).vouch(&seen).await? {
        Verdict::Granted(()) => "Done. They can administer again.",
        Verdict::Refused(ActRefusal::AuthenticatorMoved) => {
            "They have set up another authenticator app since. Look again, and compare."
        }
        Verdict::Refused(refusal) => {
            let asked_for = format!("/settings/people/{id}/vouch");
            return settings::after_refusal(&app, &signed_in, refusal, &asked_for).await;
        }
    };
    signed_in.session.say(&app, Some(notice)).await?;
    Ok(Redirect::to("/settings").into_response())
}
