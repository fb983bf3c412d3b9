//! What must hold whatever the pages look like. A real browser tries the rest (`tests/browser` of the library).

mod hardening;
mod many;
mod rules;

use std::time::Duration;

use argon2::Params;
use axum::{
    Router,
    body::{Body, to_bytes},
    http::{Request, StatusCode, header},
    response::Response,
};
use clap::{Args, Parser};
use countersign::{
    ActRefusal, Clock, OrgId, SystemClock, Timestamp,
    otp::{Digits, Secret, Totp},
    policy::{Days, Settings},
    testing::ManualClock,
};
use tower::ServiceExt;

use crate::{
    app::{self, App},
    data::{self, Data},
    desk::{Desk, ResetOne},
    import,
    passwords::Passwords,
};

const PASSWORD: &str = "correct horse battery";
/// By the order in which they are added at the first start.
const SAM: u32 = 3;

/// A portal on a folder of its own, in which everybody has the same password and the clock stops.
struct Portal {
    app: App,
    clock: ManualClock,
    folder: tempfile::TempDir,
}

impl Portal {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = ManualClock::at(SystemClock.now());
        // The weakest that argon2 takes: these tests are not about guessing passwords.
        let passwords = Passwords::with(Params::new(8, 1, 1, None).unwrap()).unwrap();
        let data = Data::open(folder.path()).await.unwrap();
        let app = App::new(data, passwords, clock.clone(), false, "test").await.unwrap();
        data::seed(&app.pool, &app.people, Some(PASSWORD)).await.unwrap();
        Self { app, clock, folder }
    }

    fn browser(&self) -> Browser {
        Browser { router: app::router(self.app.clone()), cookie: None, device: None, page: String::new() }
    }

    async fn signed_in(&self, login: &str) -> Browser {
        let mut browser = self.browser();
        browser.password(login).await;
        browser
    }

    /// How often something happened.
    async fn count(&self, kind: &str) -> usize {
        let events = self.app.store.events(&OrgId::new("acme").unwrap(), None, 100).await.unwrap();
        events.iter().filter(|event| event.kind == kind).count()
    }

    /// Guesses at the codes of a user whose password is known, until none is looked at any more.
    async fn block(&self, login: &str, secret: &Secret) {
        // The right one of yesterday. (A million to one that it is a right one of today, too.)
        let yesterday = Timestamp::from_unix(self.clock.now().as_unix() - 24 * 60 * 60);
        let wrong = Totp::default().code_at(secret, yesterday).unwrap().expose();
        let before = self.count("blocked").await;
        while self.count("blocked").await == before {
            let mut guesser = self.signed_in(login).await;
            guesser.get("/code").await;
            guesser.post("/code", &format!("code={wrong}")).await;
            self.clock.advance(Duration::from_hours(1));
        }
    }

    /// Each code works once, so every one is of a later time.
    fn next_code(&self, secret: &Secret) -> String {
        self.clock.advance(Duration::from_secs(30));
        Totp::default().code_at(secret, self.clock.now()).unwrap().expose()
    }
}

struct Browser {
    router: Router,
    cookie: Option<String>,
    /// The cookie of a remembered browser, which outlives the session's.
    device: Option<String>,
    page: String,
}

impl Browser {
    async fn get(&mut self, path: &str) -> Response<()> {
        self.send(Request::get(path), Body::empty()).await
    }

    /// Fills in the form of the page that is open.
    async fn post(&mut self, path: &str, fields: &str) -> Response<()> {
        let csrf = self.between("name=\"csrf\" value=\"", "\"").unwrap_or_default();
        self.post_as(path, &format!("csrf={csrf}&{fields}")).await
    }

    async fn post_as(&mut self, path: &str, form: &str) -> Response<()> {
        let request = Request::post(path).header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.send(request, Body::from(form.to_owned())).await
    }

    async fn send(&mut self, mut request: axum::http::request::Builder, body: Body) -> Response<()> {
        for cookie in self.cookie.iter().chain(&self.device) {
            request = request.header(header::COOKIE, cookie);
        }
        let response = self.router.clone().oneshot(request.body(body).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        for cookie in parts.headers.get_all(header::SET_COOKIE) {
            let pair = cookie.to_str().unwrap().split(';').next().map(str::to_owned);
            let is_device = pair.as_deref().is_some_and(|pair| pair.starts_with("portal_device="));
            *(if is_device { &mut self.device } else { &mut self.cookie }) = pair;
        }
        self.page = String::from_utf8(to_bytes(body, usize::MAX).await.unwrap().into()).unwrap();
        Response::from_parts(parts, ())
    }

    fn between(&self, before: &str, after: &str) -> Option<String> {
        let (_, rest) = self.page.split_once(before)?;
        rest.split_once(after).map(|(text, _)| text.to_owned())
    }

    /// Changes the password on the account page, and returns where that leads.
    async fn changes_the_password(&mut self, from: &str, to: &str) -> String {
        self.get("/account").await;
        let form = format!("current={from}&new={to}&repeat={to}");
        destination(&self.post("/account/password", &form).await)
    }

    /// The first step, and where it leads.
    async fn password(&mut self, login: &str) -> String {
        self.get("/login").await;
        let response = self.post("/login", &format!("login={login}&password={PASSWORD}")).await;
        destination(&response)
    }

    /// The second step for the first time: the key of the page is typed into an app, and its code into the page.
    /// The recovery codes are on the page then.
    async fn enroll(&mut self, portal: &Portal) -> Secret {
        self.get("/setup").await;
        let secret = Secret::from_base32(&self.between("id=\"key\">", "<").unwrap()).unwrap();
        let code = portal.next_code(&secret);
        let end = if self.page.contains(">Finish and sign in<") { "/" } else { "/account" };
        assert_eq!(self.post("/setup", &format!("code={code}")).await.status(), StatusCode::OK);
        assert_eq!(self.recovery_codes().len(), 10);
        assert!(self.page.contains(&format!("name=\"next\" value=\"{end}\"")));
        let sheet = self.page.clone();
        let kept = self.post("/account/recovery-codes/kept", &format!("next={end}")).await;
        assert_eq!(destination(&kept), end);
        self.page = sheet;
        secret
    }
}

impl Browser {
    fn recovery_codes(&self) -> Vec<String> {
        let listed = self.page.split("<li><code>").skip(1);
        listed.map(|rest| rest.split('<').next().unwrap().to_owned()).collect()
    }
}

fn destination(response: &Response<()>) -> String {
    response.headers().get(header::LOCATION).map_or("", |to| to.to_str().unwrap()).to_owned()
}

/// Reads a command of the vendor's, with an operator and a reason.
fn try_vendor<A: Args>(words: &[&str]) -> Result<A, clap::Error> {
    let always = ["portal", "--operator", "sue@vendor.example", "--reason", "case 4711"];
    Line::try_parse_from(always.iter().chain(words)).map(|line: Line<A>| line.args)
}

#[derive(Parser)]
struct Line<A: Args> {
    #[command(flatten)]
    args: A,
}

fn reset_one(words: &[&str]) -> ResetOne {
    try_vendor(words).unwrap()
}

fn desk() -> Desk {
    try_vendor(&[]).unwrap()
}

async fn switch_on(portal: &Portal) {
    let mut morgan = portal.signed_in("morgan").await;
    morgan.get("/settings").await;
    assert_eq!(destination(&morgan.post("/settings", "two_factor=on").await), "/settings");
}

#[tokio::test]
async fn the_story_from_off_to_a_code_at_sign_in() {
    let portal = Portal::new().await;
    assert_eq!(portal.browser().password("sam").await, "/", "nobody is asked at first");
    switch_on(&portal).await;

    let mut sam = portal.browser();
    assert_eq!(sam.password("sam").await, "/setup");
    assert_eq!(destination(&sam.get("/").await), "/login", "the password alone opens nothing");
    let secret = sam.enroll(&portal).await;
    assert_eq!(sam.get("/").await.status(), StatusCode::OK);

    let mut sam = portal.browser();
    assert_eq!(sam.password("sam").await, "/code");
    assert_eq!(destination(&sam.get("/account").await), "/login", "the password alone opens nothing");
    sam.get("/code").await;
    assert_eq!(sam.post("/code", "code=12345").await.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert!(sam.page.contains("A code has six digits"));
    let code = portal.next_code(&secret);
    assert_eq!(destination(&sam.post("/code", &format!("code={code}")).await), "/");

    assert_eq!(portal.browser().password("casey").await, "/", "customers are never asked");
}

#[tokio::test]
async fn on_a_remembered_browser_no_code_is_asked_for_until_it_is_forgotten() {
    let portal = Portal::new().await;
    switch_on(&portal).await;
    let secret = portal.signed_in("sam").await.enroll(&portal).await;
    let mut sam = portal.signed_in("sam").await;
    sam.get("/code").await;
    assert!(!sam.page.contains("id=\"remember\""), "not before the company allows it");

    let acme = OrgId::new("acme").unwrap();
    let vendor = desk().admin(&portal.app, &acme);
    let settings = Settings::default().with_remember_devices(Some(Days::new(30).unwrap()));
    let changed = vendor.change_settings(0, settings).await.unwrap();
    assert_eq!(changed.refusal(), Some(ActRefusal::SettingsMoved), "switching on was the first change");
    let seen = portal.app.two_factor.org(&acme).policy().await.unwrap().revision;
    assert!(vendor.change_settings(seen, settings).await.unwrap().granted().is_some());

    sam.get("/code").await;
    assert!(sam.page.contains("in this browser for 30 days"));
    let code = portal.next_code(&secret);
    assert_eq!(destination(&sam.post("/code", &format!("code={code}&remember=on")).await), "/");
    let token = sam.device.clone().unwrap();
    sam.get("/").await;
    sam.post("/logout", "").await;
    assert_eq!(sam.password("sam").await, "/", "the password is enough here");
    assert_eq!(portal.browser().password("sam").await, "/code", "and nowhere else");

    sam.get("/account").await;
    assert!(sam.page.contains("Remembered browsers") && sam.page.contains("last used"));
    let forget = sam.between("action=\"/account/devices/", "/forget\"").unwrap();
    assert_eq!(sam.post("/account/devices/none/forget", "").await.status(), StatusCode::NOT_FOUND);
    sam.get("/account").await;
    let path = format!("/account/devices/{forget}/forget");
    assert_eq!(destination(&sam.post(&path, "").await), "/account");
    sam.get("/account").await;
    assert!(!sam.page.contains("Remembered browsers"));
    sam.post("/logout", "").await;
    assert_eq!(sam.device, Some(token));
    assert_eq!(sam.password("sam").await, "/code");
}

#[tokio::test]
async fn a_form_from_elsewhere_is_refused() {
    let portal = Portal::new().await;
    let mut morgan = portal.signed_in("morgan").await;
    for form in ["two_factor=on", "csrf=&two_factor=on", "csrf=AAAA&two_factor=on"] {
        assert_eq!(morgan.post_as("/settings", form).await.status(), StatusCode::FORBIDDEN);
    }
    assert_eq!(portal.count("requirement-changed").await, 0);

    // The token is right, but the browser says that another site sent the form.
    morgan.get("/settings").await;
    let token = morgan.between("name=\"csrf\" value=\"", "\"").unwrap();
    let request = Request::post("/settings").header("sec-fetch-site", "cross-site");
    let response = morgan.send(request, Body::from(format!("csrf={token}&two_factor=on"))).await;
    assert_eq!(response.status(), StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn who_is_no_master_admin_is_refused_and_that_is_recorded() {
    let portal = Portal::new().await;
    let mut sam = portal.signed_in("sam").await;
    for path in ["/settings", "/settings/trail", "/settings/mails", "/settings/people/2/reset"] {
        assert_eq!(sam.get(path).await.status(), StatusCode::FORBIDDEN, "{path}");
    }
    sam.get("/").await;
    assert_eq!(sam.post("/settings", "two_factor=on").await.status(), StatusCode::FORBIDDEN);
    sam.get("/").await;
    assert_eq!(sam.post("/settings/people/2/reset", "").await.status(), StatusCode::FORBIDDEN);
    assert_eq!(portal.count("act-refused").await, 2);
    assert_eq!(portal.count("requirement-changed").await, 0);
}

#[tokio::test]
async fn who_is_concerned_is_written_to_once() {
    let portal = Portal::new().await;
    switch_on(&portal).await;
    portal.signed_in("sam").await.enroll(&portal).await;
    let mut morgan = portal.signed_in("morgan").await;
    morgan.enroll(&portal).await;
    // No matter how often the page is opened, and how many open it at the same time.
    let mut riley = portal.signed_in("riley").await;
    riley.enroll(&portal).await;
    for _ in 0..2 {
        let (one, other) = tokio::join!(morgan.get("/settings/mails"), riley.get("/settings/mails"));
        assert_eq!((one.status(), other.status()), (StatusCode::OK, StatusCode::OK));
        let count = |text| morgan.page.matches(text).count();
        assert_eq!(count("An authenticator app was added to your account"), 3);
        assert_eq!(count("<td data-label=\"To\" class=\"to\">sam</td>"), 1);
        assert_eq!(count("The rules of two-factor authentication were changed"), 2, "to each Master Admin");
    }
}

#[tokio::test]
async fn a_session_gets_a_new_id_at_sign_in_and_the_old_one_opens_nothing() {
    let portal = Portal::new().await;
    let mut planted = portal.browser();
    planted.get("/login").await;
    let mut sam = portal.browser();
    sam.cookie.clone_from(&planted.cookie);
    sam.password("sam").await;
    assert_ne!(sam.cookie, planted.cookie);
    assert_eq!(destination(&planted.get("/").await), "/login");
    let signed_in = sam.cookie.clone();
    sam.get("/").await;
    sam.post("/logout", "").await;
    sam.cookie = signed_in;
    assert_eq!(destination(&sam.get("/").await), "/login", "signed out is signed out");
}

/// Also for a copy of the database that was made before.
#[tokio::test]
async fn a_stamp_that_was_signed_out_holds_nowhere() {
    let portal = Portal::new().await;
    let select = "SELECT stamp FROM portal_sessions WHERE stamp IS NOT NULL";
    let mut sam = portal.signed_in("sam").await;
    let copy: String = sqlx::query_scalar(select).fetch_one(&portal.app.pool).await.unwrap();
    let mut elsewhere = portal.signed_in("sam").await;
    sam.get("/").await;
    assert_eq!(destination(&sam.post("/logout", "").await), "/login");
    assert!(sam.get("/login").await.status().is_success() && sam.page.contains("You are signed out."));
    assert!(portal.app.two_factor.resume(&copy.into()).await.unwrap().is_none());
    assert_eq!(portal.count("signed-out").await, 1);
    assert_eq!(elsewhere.get("/").await.status(), StatusCode::OK, "another session goes on");
}

#[tokio::test]
async fn an_old_code_is_not_enough_to_reset_somebody_and_the_admin_comes_back_after_a_new_one() {
    let portal = Portal::new().await;
    switch_on(&portal).await;
    let mut sam = portal.signed_in("sam").await;
    sam.enroll(&portal).await;
    let mut riley = portal.signed_in("riley").await;
    let secret = riley.enroll(&portal).await;

    portal.clock.advance(Duration::from_mins(6));
    let reset = format!("/settings/people/{SAM}/reset");
    riley.get(&reset).await;
    assert_eq!(destination(&riley.post(&reset, "").await), "/code");
    assert_eq!(portal.count("reset").await, 0);
    riley.get("/code").await;
    let code = portal.next_code(&secret);
    assert_eq!(destination(&riley.post("/code", &format!("code={code}")).await), reset);
    riley.get(&reset).await;
    assert_eq!(destination(&riley.post(&reset, "").await), "/settings");
    assert_eq!(portal.count("reset").await, 1);

    assert_eq!(destination(&sam.get("/").await), "/login", "the sessions of who was reset are over");
    sam.get("/login").await;
    assert!(sam.page.contains("Your session is over."));
    assert_eq!(sam.password("sam").await, "/setup");
}

#[tokio::test]
async fn who_signed_in_before_the_switch_is_told_to_enroll_first() {
    let portal = Portal::new().await;
    let mut riley = portal.signed_in("riley").await;
    switch_on(&portal).await;
    let reset = format!("/settings/people/{SAM}/reset");
    assert_eq!(riley.get(&reset).await.status(), StatusCode::OK, "running sessions go on");
    assert_eq!(riley.post(&reset, "").await.status(), StatusCode::FORBIDDEN);
    assert!(riley.page.contains("Sign out and in again"));
}

#[tokio::test]
async fn a_blocked_user_is_told_who_can_help() {
    let portal = Portal::new().await;
    switch_on(&portal).await;
    let mut sam = portal.signed_in("sam").await;
    let secret = sam.enroll(&portal).await;
    portal.block("sam", &secret).await;
    let mut sam = portal.browser();
    sam.password("sam").await;
    assert!(sam.page.contains("id=\"support\""), "no Master Admin can sign in with a code yet");
    let mut riley = portal.signed_in("riley").await;
    riley.enroll(&portal).await;
    sam.password("sam").await;
    assert!(sam.page.contains("<li>Riley Chen</li>") && !sam.page.contains("<li>Morgan Hale</li>"));
}

#[tokio::test]
async fn a_new_password_ends_every_session() {
    let portal = Portal::new().await;
    let (mut here, mut there) = (portal.signed_in("sam").await, portal.signed_in("sam").await);
    assert_eq!(here.changes_the_password(PASSWORD, "a much longer one").await, "/login");
    assert_eq!(destination(&here.get("/").await), "/login");
    assert_eq!(destination(&there.get("/").await), "/login");
    assert_eq!(portal.count("sessions-ended").await, 1);
    assert_eq!(portal.browser().password("sam").await, "", "the old one is wrong now");
}

/// After a block somebody else knows the password (R16). A new one that rests on the old one alone may be theirs.
#[tokio::test]
async fn only_a_new_password_with_a_fresh_code_is_one_that_nobody_else_knows() {
    let portal = Portal::new().await;
    switch_on(&portal).await;
    let mut sam = portal.signed_in("sam").await;
    let secret = sam.enroll(&portal).await;
    portal.block("sam", &secret).await;
    reset_one(&["sam"]).run(&portal.app).await.unwrap_err();

    // The thief, or Sam, at a session whose code is hours old.
    assert_eq!(sam.changes_the_password(PASSWORD, "a much longer one").await, "/login");
    assert_eq!((portal.count("password-changed").await, portal.count("sessions-ended").await), (0, 1));
    reset_one(&["sam"]).run(&portal.app).await.unwrap_err();

    // Sam, unlocked, with a code of this minute.
    let mut riley = portal.signed_in("riley").await;
    riley.enroll(&portal).await;
    let unlock = format!("/settings/people/{SAM}/unlock");
    riley.get(&unlock).await;
    assert_eq!(destination(&riley.post(&unlock, "").await), "/settings");
    sam.get("/login").await;
    let signed_in = sam.post("/login", "login=sam&password=a much longer one").await;
    assert_eq!(destination(&signed_in), "/code");
    sam.get("/code").await;
    let code = portal.next_code(&secret);
    assert_eq!(destination(&sam.post("/code", &format!("code={code}")).await), "/");
    reset_one(&["sam"]).run(&portal.app).await.unwrap_err();
    assert_eq!(sam.changes_the_password("a much longer one", "yet another long one").await, "/login");
    assert_eq!((portal.count("password-changed").await, portal.count("sessions-ended").await), (1, 1));
    reset_one(&["sam"]).run(&portal.app).await.unwrap();
    assert_eq!(portal.count("reset").await, 1);
}

#[tokio::test]
async fn the_desk_resets_a_blocked_account_with_an_invitation_or_a_new_password() {
    let portal = Portal::new().await;
    switch_on(&portal).await;
    for (way, login) in [("--invite", "sam"), ("--new-password", "jamie")] {
        let secret = portal.signed_in(login).await.enroll(&portal).await;
        portal.block(login, &secret).await;
        let why = reset_one(&[login]).run(&portal.app).await.unwrap_err().to_string();
        assert!(why.contains("may know the password") && why.contains(way), "{why}");
        reset_one(&[login, way]).run(&portal.app).await.unwrap();
    }
    assert_eq!(portal.browser().password("sam").await, "/invitation");
    assert_eq!(portal.browser().password("jamie").await, "/setup");
    assert!(reset_one(&["casey"]).run(&portal.app).await.is_err(), "a customer");
}

#[tokio::test]
async fn every_answer_carries_the_headers() {
    let portal = Portal::new().await;
    let mut browser = portal.browser();
    for path in ["/login", "/style.css", "/nowhere", "/"] {
        let response = browser.get(path).await;
        let header = |name: &str| response.headers().get(name).map_or("", |value| value.to_str().unwrap());
        assert!(header("content-security-policy").contains("default-src 'none'"), "{path}");
        assert!(!header("content-security-policy").contains("unsafe"), "{path}");
        assert_eq!(header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(header("referrer-policy"), "no-referrer", "{path}");
        assert_eq!(header("cache-control") == "no-store", path != "/style.css", "{path}");
    }
}

#[tokio::test]
async fn a_lost_keyring_is_not_replaced() {
    let folder = tempfile::tempdir().unwrap();
    drop(Data::open(folder.path()).await.unwrap());
    assert!(Data::open(folder.path()).await.is_ok(), "a later start");
    std::fs::remove_file(folder.path().join("keyring.txt")).unwrap();
    assert!(Data::open(folder.path()).await.is_err());
}

#[tokio::test]
async fn an_admin_who_applies_it_at_once_is_the_first_to_enroll() {
    let portal = Portal::new().await;
    let mut sam = portal.signed_in("sam").await;
    let mut morgan = portal.signed_in("morgan").await;
    morgan.get("/settings").await;
    assert_eq!(destination(&morgan.post("/settings", "two_factor=on&at_once=on").await), "/login");
    assert_eq!(destination(&morgan.get("/").await), "/login");
    assert_eq!(destination(&sam.get("/").await), "/login");
    assert_eq!(morgan.password("morgan").await, "/setup");
}

#[tokio::test]
async fn a_list_is_imported_line_by_line_and_again_with_the_same_result() {
    const KEY: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
    let portal = Portal::new().await;
    let file = portal.folder.path().join("keys.csv");
    let list = format!(
        "user,key\nsam,otpauth://totp/Old:sam?secret={KEY}&digits=8\nnobody,{KEY}\njamie,JBSWY3DPEHPK3PXP\n\
         casey,{KEY}\nrobin,{KEY}\n"
    );
    std::fs::write(&file, list).unwrap();
    for (imported, there_already) in [(2, 0), (0, 2)] {
        let outcome = import::import(&portal.app, &file, &desk()).await.unwrap();
        assert_eq!((outcome.imported, outcome.there_already), (imported, there_already));
        let refused: Vec<(u64, &str)> =
            outcome.refused.iter().map(|(number, why)| (*number, why.split(':').next().unwrap())).collect();
        assert_eq!(refused, [(3, "nobody"), (4, "jamie"), (5, "casey")]);
        assert_eq!(portal.count("imported").await, 2);
    }
    switch_on(&portal).await;

    let mut sam = portal.browser();
    assert_eq!(sam.password("sam").await, "/code", "with the app that they have");
    sam.get("/code").await;
    assert!(sam.page.contains("id=\"imported\""));
    sam.post("/code", "code=123456").await;
    assert!(sam.page.contains("A code has 8 digits"));
    let secret = Secret::from_base32(KEY).unwrap();
    let code = Totp::default().with_digits(Digits::Eight).code_at(&secret, portal.clock.now()).unwrap();
    assert_eq!(destination(&sam.post("/code", &format!("code={}", code.expose())).await), "/");
    assert_eq!(portal.count("enrolled").await, 1);
    let none = portal.folder.path().join("none.csv");
    assert!(import::import(&portal.app, &none, &desk()).await.is_err());
}

#[tokio::test]
async fn a_recovery_code_signs_in_once_and_leads_to_another_phone() {
    let portal = Portal::new().await;
    switch_on(&portal).await;
    let mut sam = portal.signed_in("sam").await;
    sam.enroll(&portal).await;
    let codes = sam.recovery_codes();
    // The file to download is in the page itself, and the page is shown once.
    let file = sam.between("href=\"data:text/plain;charset=utf-8,", "\"").unwrap();
    assert!(codes.iter().all(|code| file.contains(&format!("%0A{code}%0A"))), "{file}");
    sam.get("/account").await;
    assert!(sam.page.contains("You have 10 left.") && !sam.page.contains(&codes[0]));

    let mut elsewhere = portal.browser();
    assert_eq!(destination(&elsewhere.get("/recover").await), "/", "the password comes first");
    elsewhere.password("sam").await;
    elsewhere.get("/recover").await;
    for (typed, complaint) in
        [("123456", "four groups of six"), ("000000-000000-000000-000000", "it was used before")]
    {
        let response = elsewhere.post("/recover", &format!("code={typed}")).await;
        assert_eq!(response.status(), StatusCode::UNPROCESSABLE_ENTITY);
        assert!(elsewhere.page.contains(complaint), "{typed}");
    }
    let typed = format!("code={}", codes[4].to_lowercase().replace('-', "+"));
    assert_eq!(destination(&elsewhere.post("/recover", &typed).await), "/account");
    assert_eq!(destination(&sam.get("/").await), "/login", "what was open before is over");
    elsewhere.get("/account").await;
    assert!(elsewhere.page.contains("9 are left.") && elsewhere.page.contains("You have 9 left."));

    // New codes want the phone, another phone does not.
    assert_eq!(destination(&elsewhere.post("/account/recovery-codes", "").await), "/code");
    elsewhere.get("/account").await;
    assert_eq!(destination(&elsewhere.post("/account/authenticator", "").await), "/setup");
    elsewhere.get("/setup").await;
    let secret = Secret::from_base32(&elsewhere.between("id=\"key\">", "<").unwrap()).unwrap();
    let code = portal.next_code(&secret);
    assert_eq!(destination(&elsewhere.post("/setup", &format!("code={code}")).await), "/account");
    elsewhere.get("/account").await;
    // Whoever has the sheet draws no other one for a day.
    assert_eq!(elsewhere.post("/account/recovery-codes", "").await.status(), StatusCode::FORBIDDEN);
    assert!(elsewhere.page.contains("administers nothing for a day"));
    portal.clock.advance(Duration::from_hours(24));
    let mut elsewhere = portal.signed_in("sam").await;
    elsewhere.get("/code").await;
    let code = portal.next_code(&secret);
    assert_eq!(destination(&elsewhere.post("/code", &format!("code={code}")).await), "/");
    elsewhere.get("/account").await;
    assert_eq!(elsewhere.post("/account/recovery-codes", "").await.status(), StatusCode::OK);
    let renewed = elsewhere.recovery_codes();
    assert!(renewed.len() == 10 && !renewed.contains(&codes[0]));

    let mut again = portal.signed_in("sam").await;
    again.get("/recover").await;
    let old = again.post("/recover", &format!("code={}", codes[0])).await;
    assert_eq!(old.status(), StatusCode::UNPROCESSABLE_ENTITY, "a renewal voids the old ones");
    assert_eq!(destination(&again.post("/recover", &format!("code={}", renewed[0])).await), "/account");
    assert_eq!(portal.count("recovery-used").await, 2);
}
