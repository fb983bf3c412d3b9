//! What the server remembers of a browser between two requests.
//!
//! The browser holds a random id in a cookie, the database only its hash. Tickets and stamps stay on the server.
//! A session is signed in if it holds a stamp, and [`Session::open`] is the one function that writes a stamp:
//! it takes a [`Pass`], and only the library can make a pass. So no forgotten check elsewhere in the portal can
//! open a session without the second factor.

use std::net::SocketAddr;

use axum::{
    body::{Body, to_bytes},
    extract::{ConnectInfo, FromRequestParts, Request, State},
    http::{HeaderMap, HeaderValue, Method, header, request::Parts},
    middleware::Next,
    response::{AppendHeaders, IntoResponse, Redirect, Response},
};
use base64ct::{Base64UrlUnpadded, Encoding};
use countersign::{
    BoxError, Clock, DeviceToken, OsRandom, Pass, Role, SecureRandom, Stamp, SystemClock, Ticket, UserId,
};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::{app::App, devices, failure::Failure, people::User};

/// How long a visitor may take from the password to the code. The ticket itself ends earlier, if at all.
const VISIT_SECONDS: i64 = 60 * 60;
/// No form of the portal is larger.
const MOST_FORM_BYTES: usize = 16 * 1024;

/// The header that hands the browser its new session id.
pub(crate) type Cookie = AppendHeaders<[(header::HeaderName, HeaderValue); 1]>;

/// What the server remembers of a browser.
#[derive(Clone)]
pub(crate) struct Session {
    id: String,
    kept: Kept,
    /// Whether the browser came without an id.
    newcomer: bool,
    /// Where this request came from, for the audit trail. Behind a proxy that you run yourself, take the address
    /// that it adds to `X-Forwarded-For`; never what a stranger wrote there.
    pub(crate) seen_from: String,
    /// The proof that a code was shown here before, if its user had the browser remembered.
    pub(crate) device: Option<DeviceToken>,
    /// The name of the browser, as its user would say it.
    pub(crate) browser: String,
}

/// The row of a session. The default, of a browser that nothing is known about, is not stored at all: visitors
/// cannot fill the table.
#[derive(Clone, Default, sqlx::FromRow)]
struct Kept {
    user_id: Option<String>,
    stamp: Option<String>,
    ticket: Option<String>,
    return_to: Option<String>,
    notice: Option<String>,
    expires_at: i64,
    used_at: i64,
}

/// NIST SP 800-63B-4 §2.2.3 recommends that a session of AAL2 ends after an hour without use.
const IDLE_SECONDS: i64 = 60 * 60;

impl Session {
    /// The only door: from here on the browser is signed in as the user of this pass. It gets a new id, so that an id
    /// that somebody planted or saw earlier is worthless.
    pub(crate) async fn open(&self, app: &App, pass: &Pass, notice: Option<&str>) -> Result<Cookie, Failure> {
        let kept = Kept {
            user_id: Some(pass.user().as_str().to_owned()),
            stamp: Some(pass.stamp().expose().to_owned()),
            notice: notice.map(str::to_owned),
            expires_at: pass.expires_at().as_unix().cast_signed(),
            ..Kept::default()
        };
        self.renew(app, kept).await
    }

    /// Signs the browser in, and sends it on to its destination.
    pub(crate) async fn sign_in(
        &self,
        app: &App,
        pass: &Pass,
        notice: Option<&str>,
    ) -> Result<Response, Failure> {
        Ok((self.open(app, pass, notice).await?, Redirect::to(self.destination())).into_response())
    }

    pub(crate) fn destination(&self) -> &str {
        self.kept.return_to.as_deref().unwrap_or("/")
    }

    /// Keeps the ticket from the right password until the code arrives. Signs out the user who was signed in before.
    pub(crate) async fn park_login(
        &self,
        app: &App,
        user: &User,
        ticket: &Ticket,
    ) -> Result<Cookie, Failure> {
        let kept = Kept {
            user_id: Some(user.id().as_str().to_owned()),
            ticket: Some(ticket.expose().to_owned()),
            expires_at: now() + VISIT_SECONDS,
            ..Kept::default()
        };
        self.renew(app, kept).await
    }

    /// Keeps a ticket while its user stays signed in. After the code they continue at `return_to`, a path that the portal
    /// makes itself and never takes from a request.
    pub(crate) async fn park_step_up(
        &self,
        app: &App,
        ticket: &Ticket,
        return_to: &str,
    ) -> Result<Cookie, Failure> {
        let (ticket, return_to) = (Some(ticket.expose().to_owned()), Some(return_to.to_owned()));
        self.renew(app, Kept { ticket, return_to, ..self.kept.clone() }).await
    }

    /// Drops the ticket; its user stays signed in.
    pub(crate) async fn unpark(&self, app: &App, notice: &str) -> Result<Cookie, Failure> {
        let notice = Some(notice.to_owned());
        self.renew(app, Kept { ticket: None, return_to: None, notice, ..self.kept.clone() }).await
    }

    /// Ends the session, keeping only a sentence for the sign-in page. Where there is none, nothing is kept either: anybody
    /// can ask for this as often as they like.
    pub(crate) async fn end(&self, app: &App, notice: Option<&str>) -> Result<Response, Failure> {
        if self.kept.user_id.is_none() {
            return Ok(Redirect::to("/login").into_response());
        }
        Ok((self.forget(app, notice).await?, Redirect::to("/login")).into_response())
    }

    async fn forget(&self, app: &App, notice: Option<&str>) -> Result<Cookie, Failure> {
        let notice = notice.map(str::to_owned);
        self.renew(app, Kept { notice, expires_at: now() + VISIT_SECONDS, ..Kept::default() }).await
    }

    /// Keeps a sentence for the next page, or forgets it after it was shown.
    pub(crate) async fn say(&self, app: &App, notice: Option<&str>) -> Result<(), Failure> {
        let update = sqlx::query("UPDATE portal_sessions SET notice = ? WHERE id_hash = ?");
        update.bind(notice).bind(hash(&self.id)).execute(&app.pool).await?;
        Ok(())
    }

    pub(crate) fn is_signed_in(&self) -> bool {
        self.kept.stamp.is_some()
    }

    /// Returns the stamp, for pages that are also open to users who are not signed in.
    pub(crate) fn stamp(&self) -> Option<Stamp> {
        self.kept.stamp.as_deref().map(Stamp::from)
    }

    pub(crate) fn ticket(&self) -> Option<Ticket> {
        self.kept.ticket.as_deref().map(Ticket::from)
    }

    /// Returns the user of the ticket or the stamp.
    pub(crate) fn user(&self) -> Option<UserId> {
        self.kept.user_id.as_deref().and_then(|id| UserId::new(id).ok())
    }

    /// Returns the sentence for this page.
    pub(crate) fn notice(&self) -> Option<&str> {
        self.kept.notice.as_deref()
    }

    /// The proof that a form came from one of the portal's own pages. It is made from the session's id, which
    /// other sites cannot read, and changes with it; so it needs no place in the database.
    pub(crate) fn csrf(&self) -> String {
        Base64UrlUnpadded::encode_string(&hash(&format!("csrf token of {}", self.id)))
    }

    /// The same for the session that a cookie begins, which the answer at hand brings.
    pub(crate) fn csrf_of(new: &Cookie) -> String {
        let AppendHeaders([(_, value)]) = new;
        let id = value.to_str().ok().and_then(|text| text.split(['=', ';']).nth(1)).unwrap_or_default();
        Base64UrlUnpadded::encode_string(&hash(&format!("csrf token of {id}")))
    }

    /// Moves to a new id and to `kept`, and drops what was kept under the old one, in one step.
    async fn renew(&self, app: &App, kept: Kept) -> Result<Cookie, Failure> {
        let id = draw_id()?;
        let mut both = app.pool.begin().await?;
        sqlx::query("DELETE FROM portal_sessions WHERE id_hash = ? OR expires_at <= ?")
            .bind(hash(&self.id))
            .bind(now())
            .execute(&mut *both)
            .await?;
        sqlx::query(
            "INSERT INTO portal_sessions (id_hash, user_id, stamp, ticket, return_to, notice, expires_at, used_at)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(hash(&id))
        .bind(kept.user_id)
        .bind(kept.stamp)
        .bind(kept.ticket)
        .bind(kept.return_to)
        .bind(kept.notice)
        .bind(kept.expires_at)
        .bind(now())
        .execute(&mut *both)
        .await?;
        both.commit().await?;
        cookie(app, &id)
    }

    async fn of_request(app: &App, parts: &Parts) -> Result<Self, Failure> {
        let from = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        let seen_from = from.map(|ConnectInfo(address)| address.ip().to_string()).unwrap_or_default();
        let (device, browser) = (devices::token(app, &parts.headers), devices::name(&parts.headers));
        let Some(id) = id_in(app, &parts.headers) else {
            return Ok(Self {
                id: draw_id()?,
                kept: Kept::default(),
                newcomer: true,
                seen_from,
                device,
                browser,
            });
        };
        // One that nobody uses ends before its time.
        let kept = sqlx::query_as(
            "SELECT * FROM portal_sessions WHERE id_hash = ? AND expires_at > ? AND used_at > ?",
        );
        let kept: Option<Kept> =
            kept.bind(hash(&id)).bind(now()).bind(now() - IDLE_SECONDS).fetch_optional(&app.pool).await?;
        if kept.as_ref().is_some_and(|kept| kept.used_at <= now() - 60) {
            sqlx::query("UPDATE portal_sessions SET used_at = ? WHERE id_hash = ?")
                .bind(now())
                .bind(hash(&id))
                .execute(&app.pool)
                .await?;
        }
        Ok(Self { id, kept: kept.unwrap_or_default(), newcomer: false, seen_from, device, browser })
    }

    /// Whether this form is the portal's own. `Sec-Fetch-Site` is what the browser itself says about where the
    /// request came from; browsers that do not say it (or connections without TLS) leave the token to decide.
    fn admits(&self, headers: &HeaderMap, form: &[u8]) -> bool {
        let same_origin = headers
            .get("sec-fetch-site")
            .is_none_or(|site| site.as_bytes() == b"same-origin" || site.as_bytes() == b"none");
        let token = form_urlencoded::parse(form).find(|(field, _)| field == "csrf");
        let right = token.is_some_and(|(_, token)| token.as_bytes().ct_eq(self.csrf().as_bytes()).into());
        same_origin && right
    }
}

/// Runs before every page: finds the session, and lets no form pass that another site may have sent. It is here and not in
/// the handlers, so that no handler can forget it.
pub(crate) async fn guard(State(app): State<App>, request: Request, next: Next) -> Result<Response, Failure> {
    let (mut parts, body) = request.into_parts();
    let session = Session::of_request(&app, &parts).await?;
    let body = if matches!(parts.method, Method::GET | Method::HEAD) {
        if session.notice().is_some() {
            // It is shown once.
            session.say(&app, None).await?;
        }
        body
    } else {
        let form = to_bytes(body, MOST_FORM_BYTES).await.map_err(|_| Failure::too_large())?;
        if !session.admits(&parts.headers, &form) {
            return Err(Failure::forged());
        }
        Body::from(form)
    };
    parts.extensions.insert(session.clone());
    let response = next.run(Request::from_parts(parts, body)).await;
    // A newcomer's form needs an id to go with its token.
    if session.newcomer && !response.headers().contains_key(header::SET_COOKIE) {
        return Ok((cookie(&app, &session.id)?, response).into_response());
    }
    Ok(response)
}

/// A user who is signed in. A handler that asks for this is closed to everybody else. The library checks the stamp again at
/// every request, so a reset or a changed role takes effect at the next click.
pub(crate) struct SignedIn {
    pub(crate) user: User,
    pub(crate) pass: Pass,
    pub(crate) session: Session,
}

/// The answer to a browser that is not signed in.
pub(crate) enum Closed {
    SignIn(Option<Cookie>),
    Failed(Failure),
}

impl FromRequestParts<App> for SignedIn {
    type Rejection = Closed;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Closed> {
        let session = parts.extensions.get::<Session>().cloned();
        let session = session.ok_or_else(|| Failure::from(BoxError::from("a route without the guard")))?;
        let Some(stamp) = session.stamp() else {
            return Err(Closed::SignIn(None));
        };
        let resumed = app.two_factor.resume(&stamp).await.map_err(Failure::from)?;
        if let Some(pass) = resumed
            && let Some(user) = app.people.by_id(pass.user()).await.map_err(Failure::from)?
        {
            let pass = pass.seen_from(&session.seen_from);
            return Ok(Self { user, pass, session });
        }
        // The sentence says no more than a person with a stolen cookie may know.
        Err(Closed::SignIn(Some(
            session.forget(app, Some("Your session is over. Please sign in again.")).await?,
        )))
    }
}

impl SignedIn {
    /// Closes a page to everybody but Master Admins. The role of the pass was read from the users table just now.
    pub(crate) fn master_admin(&self) -> Result<(), Failure> {
        if self.pass.role() == Role::MasterAdmin { Ok(()) } else { Err(Failure::not_master_admin()) }
    }
}

impl From<Failure> for Closed {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl IntoResponse for Closed {
    fn into_response(self) -> Response {
        match self {
            Self::SignIn(cookie) => (cookie, Redirect::to("/login")).into_response(),
            Self::Failed(failure) => failure.into_response(),
        }
    }
}

fn now() -> i64 {
    SystemClock.now().as_unix().cast_signed()
}

fn draw_id() -> Result<String, BoxError> {
    let mut bytes = [0; 32];
    OsRandom.fill(&mut bytes)?;
    Ok(Base64UrlUnpadded::encode_string(&bytes))
}

/// An id has 256 random bits: a plain hash is enough, there is nothing to guess.
fn hash(text: &str) -> Vec<u8> {
    Sha256::digest(text).to_vec()
}

/// `__Host-` makes the browser refuse this cookie from sibling domains and from connections without TLS.
fn cookie_name(app: &App) -> &'static str {
    if app.https { "__Host-portal_session" } else { "portal_session" }
}

fn cookie(app: &App, id: &str) -> Result<Cookie, Failure> {
    let secure = if app.https { "; Secure" } else { "" };
    let text = format!("{}={id}; HttpOnly; SameSite=Lax; Path=/{secure}", cookie_name(app));
    let value = HeaderValue::from_str(&text).map_err(BoxError::from)?;
    Ok(AppendHeaders([(header::SET_COOKIE, value)]))
}

fn id_in(app: &App, headers: &HeaderMap) -> Option<String> {
    cookie_in(headers, cookie_name(app)).filter(|id| id.len() == 43).map(str::to_owned)
}

pub(crate) fn cookie_in<'a>(headers: &'a HeaderMap, wanted: &str) -> Option<&'a str> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find_map(|(name, value)| (name == wanted).then_some(value))
}
