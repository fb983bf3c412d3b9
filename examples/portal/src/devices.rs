//! Browsers on which users are not asked for a code: the cookie, and the list on the account page.

use axum::{
    extract::{Path, State},
    http::{HeaderMap, HeaderValue, header, header::InvalidHeaderValue},
    response::{IntoResponse, Response},
};
use countersign::{
    Clock, DeviceToken, Pass, SystemClock, Verdict,
    tokens::{Device, DeviceId, RememberedDevice},
};

use crate::{
    account,
    app::App,
    failure::{self, Failure},
    session::{SignedIn, cookie_in},
    settings,
};

/// Names a browser as its user would: "Firefox on Windows". The name is only shown, so a browser that lies about itself
/// gains nothing.
pub(crate) fn name(headers: &HeaderMap) -> String {
    let agent = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    // Each also claims to be the ones after it.
    let browsers = [("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome")];
    let systems = [
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Mac", "macOS"),
    ];
    let first = |known: &[(&str, &'static str)]| {
        known.iter().find(|(mark, _)| agent.contains(mark)).map(|(_, name)| *name)
    };
    let safari = || agent.contains("Safari/").then_some("Safari");
    let browser = first(&browsers).or_else(safari).unwrap_or("A browser");
    match first(&systems).or_else(|| agent.contains("Linux").then_some("Linux")) {
        Some(system) => format!("{browser} on {system}"),
        None => browser.to_owned(),
    }
}

/// Returns the token that this browser was given, if any.
pub(crate) fn token(app: &App, headers: &HeaderMap) -> Option<DeviceToken> {
    cookie_in(headers, cookie_name(app)).map(DeviceToken::from)
}

/// Remembers the browser after the box was ticked and the code was right: from the next sign-in on, it is not asked for
/// here. The user is let in even if this fails.
pub(crate) async fn remember(app: &App, pass: &Pass, name: &str) -> Option<HeaderValue> {
    let remembered = match app.two_factor.signed_in(pass).remember_device(name).await {
        Ok(verdict) => verdict.granted()?,
        Err(error) => {
            failure::log("a device is not remembered", &error);
            return None;
        }
    };
    let cookie = cookie(app, &remembered);
    cookie.inspect_err(|error| failure::log("a device is not remembered", error)).ok()
}

fn cookie_name(app: &App) -> &'static str {
    if app.https { "__Host-portal_device" } else { "portal_device" }
}

fn cookie(
    app: &App,
    RememberedDevice { token, expires_at }: &RememberedDevice,
) -> Result<HeaderValue, InvalidHeaderValue> {
    let (name, token) = (cookie_name(app), token.expose());
    let secure = if app.https { "; Secure" } else { "" };
    // The browser's clock may be off. The server itself knows how long the token is valid.
    let seconds = expires_at.since(SystemClock.now()).map_or(0, |left| left.as_secs());
    let text = format!("{name}={token}; HttpOnly; SameSite=Lax; Path=/; Max-Age={seconds}{secure}");
    let mut value = HeaderValue::from_str(&text)?;
    value.set_sensitive(true);
    Ok(value)
}

/// Returns the remembered browsers of the user who is signed in; none for users without a second step.
pub(crate) async fn of(app: &App, signed_in: &SignedIn) -> Result<Vec<Device>, Failure> {
    let listed = app.two_factor.signed_in(&signed_in.pass).devices().await?;
    Ok(listed.granted().unwrap_or_default())
}

/// *Forget this device*, or all of them.
pub(crate) async fn forget(
    State(app): State<App>,
    signed_in: SignedIn,
    id: Option<Path<String>>,
) -> Result<Response, Failure> {
    let me = app.two_factor.signed_in(&signed_in.pass);
    let verdict = match id {
        None => me.forget_devices().await?,
        Some(Path(id)) => match id.parse::<DeviceId>() {
            Ok(id) => me.forget_device(&id).await?,
            Err(_) => return Err(Failure::missing()),
        },
    };
    match verdict {
        Verdict::Granted(()) => {
            let notice = "It is forgotten. The code is asked for there at the next sign-in.";
            signed_in.session.say(&app, Some(notice)).await?;
            Ok(account::back().into_response())
        }
        Verdict::Refused(refusal) => settings::after_refusal(&app, &signed_in, refusal, "/account").await,
    }
}
