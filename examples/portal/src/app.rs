//! Everything put together: what the handlers share, the paths, the headers of every answer.

use std::sync::Arc;

use axum::{
    Router,
    extract::{Request, State},
    http::{HeaderName, HeaderValue, header},
    middleware::{self, Next},
    response::Response,
    routing::{MethodRouter, get, post},
};
use countersign::{BoxError, Clock, TwoFactor, store::sqlite::SqliteStore};
use sqlx::SqlitePool;

use crate::{
    account,
    data::Data,
    devices,
    failure::Failure,
    guessing::Guessing,
    incident, joining, login, mails,
    passwords::Passwords,
    people::{People, User},
    recovery, report, reset, rules, session, settings,
};

#[derive(Clone)]
pub(crate) struct App {
    pub(crate) pool: SqlitePool,
    pub(crate) people: People,
    pub(crate) two_factor: TwoFactor,
    /// The same store that `two_factor` writes to, for reading the audit trail.
    pub(crate) store: SqliteStore,
    pub(crate) https: bool,
    pub(crate) guessing: Guessing,
    /// The one that the library has.
    pub(crate) clock: Arc<dyn Clock>,
}

impl App {
    pub(crate) async fn new(
        data: Data,
        passwords: Passwords,
        clock: impl Clock,
        https: bool,
        deployment: &str,
    ) -> Result<Self, BoxError> {
        let clock: Arc<dyn Clock> = Arc::new(clock);
        let Data { pool, keyring } = data;
        let people = People::new(pool.clone(), passwords);
        let store = SqliteStore::new(pool.clone()).await?;
        let two_factor = TwoFactor::builder(people.clone(), store.clone(), keyring)
            .roster(people.clone())
            .records(store.clone())
            .erasure(store.clone())
            .deployment(deployment)
            .issuer("Acme Portal")
            .clock(Arc::clone(&clock))
            .build()?;
        Ok(Self { pool, people, two_factor, store, https, guessing: Guessing::new(), clock })
    }

    /// Sets a new password, and ends everything that the old one opened: the sessions here, and what the library handed
    /// out.
    pub(crate) async fn change_password(
        &self,
        user: &User,
        password: &str,
        new: NewPassword,
    ) -> Result<(), BoxError> {
        self.people.set_password(user, password, new).await?;
        self.tell_of_new_password(user).await
    }

    /// Tells the library of a new password that it has not heard of. That is written down with the password itself, so that a
    /// failure in between loses nothing: nobody gets past the next sign-in before the library knows.
    pub(crate) async fn tell_of_new_password(&self, user: &User) -> Result<(), BoxError> {
        let Some(news) = self.people.news_of(user).await? else { return Ok(()) };
        let (org, id) = (&user.org, user.id());
        let account = self.two_factor.user(org, &id);
        match news {
            NewPassword::Verified => account.password_changed().await?,
            NewPassword::WithOldPasswordOnly => account.end_sessions().await?,
        }
        self.people.told_of(user, news).await
    }
}

/// How a new password was set. After a block somebody else knows the old one (R16), and may be the one who sets the new one
/// with it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum NewPassword {
    /// With the old password and nothing else. It says nothing about who set it.
    WithOldPasswordOnly,
    /// With a fresh code as well, or by a person at the desk who knows the user.
    Verified,
}

impl NewPassword {
    /// Returns the word for it, as the users table keeps it.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::WithOldPasswordOnly => "old-password-only",
            Self::Verified => "verified",
        }
    }
}

pub(crate) fn router(app: App) -> Router {
    Router::new()
        .route("/", get(account::home))
        .route("/login", get(login::form).post(login::sign_in))
        .route("/code", get(login::code_form).post(login::code))
        .route("/setup", get(login::setup_form).post(login::setup))
        .route("/recover", get(recovery::form).post(recovery::recover))
        .route("/logout", post(login::sign_out))
        .route("/account", get(account::form))
        .route("/account/password", post(account::change_password))
        .route("/account/authenticator", post(account::replace_authenticator))
        .route("/account/enroll", post(joining::enroll))
        .route("/account/withdraw", post(joining::withdraw))
        .route("/invitation", get(joining::form).post(joining::accept))
        .route("/account/devices/forget", post(devices::forget))
        .route("/account/devices/{id}/forget", post(devices::forget))
        .route("/account/authenticator/keep", post(account::keep_authenticator))
        .route("/account/recovery-codes", post(recovery::renew))
        .route("/account/recovery-codes/kept", post(recovery::kept))
        .route("/settings", get(settings::form).post(settings::save))
        .route("/settings/start-again", get(incident::form).post(incident::begin))
        .route("/settings/people/{id}/vouch", get(incident::vouch_form).post(incident::vouch))
        .route("/settings/people/{id}/{act}", get(settings::confirm).post(settings::act))
        .route("/settings/rules", get(rules::form).post(rules::save))
        .route("/settings/report", get(report::page))
        .route("/settings/report.csv", get(report::csv))
        .route("/settings/reset", get(reset::form).post(reset::reset))
        .route("/settings/trail", get(settings::trail))
        .route("/settings/mails", get(mails::page))
        .fallback(|| async { Failure::missing() })
        .layer(middleware::from_fn_with_state(app.clone(), session::guard))
        // Below this line are no pages: no session is looked for.
        .route("/style.css", asset("text/css", include_str!("../assets/style.css")))
        .route("/comfort.js", asset("text/javascript", include_str!("../assets/comfort.js")))
        .route("/mark.svg", asset("image/svg+xml", include_str!("../assets/mark.svg")))
        .layer(middleware::from_fn_with_state(app.clone(), headers))
        .with_state(app)
}

/// A file that is part of the program.
fn asset(media_type: &'static str, text: &'static str) -> MethodRouter<App> {
    let headers = [(header::CONTENT_TYPE, media_type), (header::CACHE_CONTROL, "max-age=3600")];
    get(move || async move { (headers, text) })
}

/// Sets the headers of every answer. The policy allows no inline script or style, so text that slipped through the
/// templates' escaping would still not run.
async fn headers(State(app): State<App>, request: Request, next: Next) -> Response {
    const ALWAYS: [(HeaderName, &str); 5] = [
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; form-action 'self'; \
             base-uri 'none'; frame-ancestors 'none'",
        ),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    ];
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.extend(ALWAYS.map(|(name, value)| (name, HeaderValue::from_static(value))));
    // Pages show secrets and names: neither the disk nor the back button after a sign-out may keep them.
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    if app.https {
        let year = HeaderValue::from_static("max-age=31536000");
        headers.insert(header::STRICT_TRANSPORT_SECURITY, year);
    }
    response
}
