//! Two servers of one portal, whose clocks are as far apart as R15 allows: one is 29 s ahead of true time, the other 29 s
//! behind. Phones have the true time. Whatever is done is done in turns, each request at the other server.

use std::{cell::Cell, collections::HashMap, time::Duration};

use reqwest::{Client, Response, StatusCode, header, redirect::Policy};

use crate::{
    phone::Phone,
    process::Process,
    programs,
    stage::{PASSWORD, start_portal},
    time::{A_WHILE, STEP, Time},
};

/// All who are asked for codes.
const INTERNAL: [&str; 5] = ["morgan", "riley", "sam", "jamie", "robin"];

/// The two servers, and the time of both.
struct Pair {
    times: [Time; 2],
    addresses: [String; 2],
    turn: Cell<usize>,
    _servers: [Process; 2],
    _folder: tempfile::TempDir,
}

impl Pair {
    fn start() -> Self {
        let folder = tempfile::tempdir().expect("there is a folder for temporary files");
        let [ahead, behind] = [("ahead", 29), ("behind", -29)]
            .map(|(name, off)| Time::off_by(off, folder.path().join(format!("time-{name}"))));
        let (first, at) = start_portal(folder.path(), &ahead, "127.0.0.1:0");
        let (second, other) = start_portal(folder.path(), &behind, "127.0.0.1:0");
        Self {
            times: [ahead, behind],
            addresses: [at, other],
            turn: Cell::new(0),
            _servers: [first, second],
            _folder: folder,
        }
    }

    fn passes(&self, duration: Duration) {
        self.times.iter().for_each(|time| time.passes(duration));
    }

    /// The server whose turn it is.
    fn next(&self) -> &str {
        self.turn.set(1 - self.turn.get());
        &self.addresses[self.turn.get()]
    }
}

/// A browser that does as little as one can: it keeps a cookie and sends the form of the page that it shows.
struct Visitor<'a> {
    pair: &'a Pair,
    client: Client,
    login: &'static str,
    cookies: HashMap<String, String>,
    page: String,
    phone: Option<Phone>,
}

impl<'a> Visitor<'a> {
    fn new(pair: &'a Pair, login: &'static str) -> Self {
        let client = Client::builder().redirect(Policy::none()).no_proxy().build();
        let client = client.expect("a client needs nothing");
        Self { pair, client, login, cookies: HashMap::new(), page: String::new(), phone: None }
    }

    async fn take(&mut self, response: Response) -> (StatusCode, String) {
        for line in response.headers().get_all(header::SET_COOKIE) {
            let pair = line.to_str().expect("cookies are text").split(';').next().unwrap_or_default();
            if let Some((name, value)) = pair.split_once('=') {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        let status = response.status();
        let to = response.headers().get(header::LOCATION);
        let to = to.map_or("", |to| to.to_str().expect("paths are text")).to_owned();
        self.page = response.text().await.expect("the page arrives");
        (status, to)
    }

    fn cookie(&self) -> String {
        let pairs = self.cookies.iter().map(|(name, value)| format!("{name}={value}"));
        pairs.collect::<Vec<_>>().join("; ")
    }

    async fn get(&mut self, path: &str) {
        let request = self.client.get(format!("{}{path}", self.pair.next())).header("cookie", self.cookie());
        let (status, to) = self.take(request.send().await.expect("the server is there")).await;
        assert_eq!((status, &*to), (StatusCode::OK, ""), "{} at {path}: {}", self.login, self.page);
    }

    /// Sends the form, and returns where it leads.
    async fn post(&mut self, path: &str, fields: &str) -> String {
        let csrf = between(&self.page, "name=\"csrf\" value=\"", "\"").expect("the page has a form");
        let request = self.client.post(format!("{}{path}", self.pair.next())).header("cookie", self.cookie());
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        let sent = request.body(format!("csrf={csrf}&{fields}")).send().await;
        let (status, to) = self.take(sent.expect("the server is there")).await;
        let fine = [StatusCode::OK, StatusCode::SEE_OTHER].contains(&status);
        assert!(fine, "{} at {path}: {status} {}", self.login, self.page);
        to
    }

    fn code(&self) -> String {
        // Phones have the true time.
        self.phone.as_ref().expect("they have enrolled").code_at(self.pair.times[0].now())
    }

    async fn gives_the_password(&mut self) -> String {
        self.cookies.clear();
        self.get("/login").await;
        let form = format!("login={}&password={}", self.login, PASSWORD.replace(' ', "+"));
        self.post("/login", &form).await
    }

    /// From the page with the QR code to the next one.
    async fn scans(&mut self) {
        self.get("/setup").await;
        let key = between(&self.page, "id=\"key\">", "<").expect("the key is on the page");
        // The page is loaded again at the other server: the same code.
        self.get("/setup").await;
        assert_eq!(between(&self.page, "id=\"key\">", "<"), Some(key.clone()), "{}", self.login);
        self.phone = Some(Phone::with(&key.replace(' ', "")));
        let form = format!("code={}", self.code());
        self.post("/setup", &form).await;
    }

    async fn enrolls(&mut self) {
        assert_eq!(self.gives_the_password().await, "/setup");
        self.scans().await;
        assert!(self.page.contains("id=\"recovery-codes\""), "{}: {}", self.login, self.page);
        assert_eq!(self.post("/account/recovery-codes/kept", "next=/").await, "/");
        self.is_in().await;
    }

    async fn replaces(&mut self) {
        self.get("/account").await;
        assert_eq!(self.post("/account/authenticator", "").await, "/setup");
        self.scans().await;
        self.is_in().await;
    }

    async fn signs_in(&mut self) {
        assert_eq!(self.gives_the_password().await, "/code");
        self.get("/code").await;
        let form = format!("code={}", self.code());
        assert_eq!(self.post("/code", &form).await, "/", "{}", self.login);
        self.is_in().await;
    }

    /// What needs a code of the last minutes, which is asked for first.
    async fn steps_up(&mut self) {
        self.get("/account").await;
        assert_eq!(self.post("/account/recovery-codes", "").await, "/code", "{}", self.login);
        self.get("/code").await;
        let form = format!("code={}", self.code());
        assert_eq!(self.post("/code", &form).await, "/account", "{}", self.login);
        self.get("/account").await;
        assert_eq!(self.post("/account/recovery-codes", "").await, "");
        assert!(self.page.contains("id=\"recovery-codes\""), "{}: {}", self.login, self.page);
        self.is_in().await;
    }

    /// At either server.
    async fn is_in(&mut self) {
        for _ in 0..2 {
            self.get("/").await;
            assert!(self.page.contains("data-page=\"home\""), "{}: {}", self.login, self.page);
        }
    }
}

fn between(page: &str, begins: &str, ends: &str) -> Option<String> {
    let (_, rest) = page.split_once(begins)?;
    rest.split_once(ends).map(|(between, _)| between.to_owned())
}

/// R15: two hundred logins, enrollments and step-ups without one lost session and without one wrong refusal.
#[test]
fn two_servers_almost_a_minute_apart_are_one_portal() {
    if !programs::are_installed() {
        return;
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime can be had").block_on(async {
        let pair = Pair::start();
        let mut casey = Visitor::new(&pair, "casey");
        assert_eq!(casey.gives_the_password().await, "/");
        casey.is_in().await;
        let mut morgan = Visitor::new(&pair, "morgan");
        assert_eq!(morgan.gives_the_password().await, "/");
        morgan.get("/settings").await;
        morgan.post("/settings", "two_factor=on").await;

        let mut done = 0;
        let mut people: Vec<Visitor<'_>> = INTERNAL.map(|login| Visitor::new(&pair, login)).into();
        for one in &mut people {
            one.enrolls().await;
            done += 1;
        }
        for _ in 0..12 {
            // Every code is of another step.
            pair.passes(STEP);
            for one in &mut people {
                one.signs_in().await;
                done += 1;
            }
        }
        for _ in 0..26 {
            pair.passes(A_WHILE);
            // A session that nobody uses ends after an hour.
            casey.is_in().await;
            for one in &mut people {
                one.steps_up().await;
                done += 1;
            }
        }
        for one in &mut people {
            one.replaces().await;
            done += 1;
        }
        casey.is_in().await;
        assert_eq!(done, 200);
    });
}
