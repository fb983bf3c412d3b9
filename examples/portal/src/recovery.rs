//! Recovery codes: the page that shows them once, the page that takes one, and new ones.

use axum::{
    Extension, Form,
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use countersign::{Attempt, Recovered, Verdict, tokens::RecoveryCodes};
use serde::Deserialize;

use crate::{
    app::App,
    failure::Failure,
    login::{self, Outcome},
    pages::{self, Frame},
    session::{Session, SignedIn},
    settings,
    words::{Complaint, Typed},
};

#[derive(Deserialize)]
pub(crate) struct TypedCode {
    code: String,
}

/// The one page that shows them. It answers the request that drew them, since the server keeps none of them, not even until
/// the next request.
pub(crate) fn codes_page(codes: RecoveryCodes, csrf: String, next: &str) -> Response {
    pages::ok(&pages::Sheet { frame: Frame::default(), csrf, codes, next: next.to_owned() })
}

#[derive(Deserialize)]
pub(crate) struct Kept {
    /// Where they were on their way to.
    next: String,
}

/// *I have kept them.* Until then, the account page says that nobody has.
pub(crate) async fn kept(
    State(app): State<App>,
    signed_in: SignedIn,
    Form(form): Form<Kept>,
) -> Result<Response, Failure> {
    // A path of the portal's own, and of no other site.
    let next = if form.next.starts_with('/') && !form.next.starts_with("//") && !form.next.contains('\\') {
        form.next
    } else {
        "/".to_owned()
    };
    match app.two_factor.signed_in(&signed_in.pass).acknowledge_recovery_codes().await? {
        Verdict::Granted(()) => Ok(Redirect::to(&next).into_response()),
        Verdict::Refused(refusal) => settings::after_refusal(&app, &signed_in, refusal, "/account").await,
    }
}

/// *Use a recovery code*, instead of a code of the app.
pub(crate) async fn form(
    State(app): State<App>,
    Extension(session): Extension<Session>,
) -> Result<Response, Failure> {
    let Some(ticket) = session.ticket().filter(|_| !session.is_signed_in()) else {
        return Ok(Redirect::to("/").into_response());
    };
    match app.two_factor.prompt(&ticket).await? {
        Verdict::Granted(prompt) => {
            let complaint = Complaint::before(prompt);
            Ok(pages::ok(&pages::Recover { frame: Frame::from(&session), complaint }))
        }
        Verdict::Refused(refusal) => login::over(&app, &session, refusal).await,
    }
}

pub(crate) async fn recover(
    State(app): State<App>,
    Extension(session): Extension<Session>,
    Form(form): Form<TypedCode>,
) -> Result<Response, Failure> {
    let Some(ticket) = session.ticket() else { return Ok(Redirect::to("/").into_response()) };
    let attempt = Attempt::new(&ticket, &form.code).seen_from(&session.seen_from);
    let complaint = match login::outcome(app.two_factor.recover(attempt).await, Typed::RecoveryCode)? {
        Outcome::Granted(Recovered { pass, left, .. }) => {
            // To the page where they can set up another phone.
            let cookie = session.open(&app, &pass, Some(&said(left))).await?;
            return Ok((cookie, Redirect::to("/account")).into_response());
        }
        Outcome::Again(complaint) => complaint,
        Outcome::Over(refusal) => return login::over(&app, &session, refusal).await,
    };
    Ok(pages::again(&pages::Recover { frame: Frame::from(&session), complaint: Some(complaint) }))
}

/// Draws new ones, which make the old ones void. A reload asks before it draws others.
pub(crate) async fn renew(State(app): State<App>, signed_in: SignedIn) -> Result<Response, Failure> {
    match app.two_factor.signed_in(&signed_in.pass).renew_recovery_codes().await? {
        Verdict::Granted(codes) => Ok(codes_page(codes, signed_in.session.csrf(), "/account")),
        Verdict::Refused(refusal) => settings::after_refusal(&app, &signed_in, refusal, "/account").await,
    }
}

fn said(left: u32) -> String {
    let left = match left {
        0 => "It was your last one".to_owned(),
        1 => "One is left".to_owned(),
        left => format!("{left} are left"),
    };
    format!(
        "You signed in with a recovery code, which is used up now. {left}. If your phone is lost, set up another \
         authenticator here."
    )
}
