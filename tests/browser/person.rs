//! A person in front of a browser: what they do, and what they must see.

use std::time::Duration;

use thirtyfour::prelude::*;

use crate::{
    page,
    phone::Phone,
    stage::{PASSWORD, Stage},
    time::STEP,
};

/// How long a page may take on a busy machine, and how often the test looks.
const PATIENCE: (Duration, Duration) = (Duration::from_secs(30), Duration::from_millis(20));

pub(crate) struct Person<'stage> {
    pub(crate) stage: &'stage Stage,
    pub(crate) password: String,
    login: &'static str,
    phone: Option<Phone>,
    /// Recovery codes, as they were written down from the one page that shows them.
    pub(crate) sheet: Vec<String>,
    browser: WebDriver,
}

/// With a browser.
impl<'stage> Person<'stage> {
    pub(crate) fn new(stage: &'stage Stage, login: &'static str, browser: WebDriver) -> Self {
        Self { stage, password: PASSWORD.to_owned(), login, phone: None, sheet: Vec::new(), browser }
    }

    pub(crate) async fn goes_to(&self, path: &str) {
        self.browser.goto(format!("{}{path}", self.stage.address)).await.expect("the portal answers");
    }

    /// Waits for this page, looks at it closely and keeps a picture.
    pub(crate) async fn sees(&self, name: &str) {
        let body = self.browser.query(By::Css(format!("body[data-page='{name}']")));
        if !body.wait(PATIENCE.0, PATIENCE.1).exists().await.unwrap_or(false) {
            self.wonders(&format!("does not see the page {name}")).await;
        }
        let picture = page::picture(&self.browser).await.expect("a page can be pictured");
        let file = self.stage.keeps_a_picture(&format!("{}-{name}", self.login), &picture);
        let faults = page::faults(&self.browser, &self.stage.address).await.expect("a page can be looked at");
        assert!(faults.is_empty(), "{}: {faults:#?}", file.display());
    }

    /// Fails the story, and says what there is instead.
    async fn wonders(&self, at: &str) -> ! {
        let picture = page::picture(&self.browser).await.unwrap_or_default();
        let file = self.stage.keeps_a_picture(&format!("{}-FAILED", self.login), &picture);
        let title = self.browser.title().await.unwrap_or_default();
        let text = match self.browser.find(By::Tag("body")).await {
            Ok(body) => body.text().await.unwrap_or_default(),
            Err(error) => error.to_string(),
        };
        let log = self.stage.log_of_the_portal();
        panic!(
            "{} {at}, but {title:?} ({}):\n{text}\n\nThe portal's log:\n{log}",
            self.login,
            file.display()
        );
    }

    async fn finds(&self, id: &str) -> WebElement {
        match self.browser.find(By::Id(id)).await {
            Ok(element) => element,
            Err(_) => self.wonders(&format!("does not find #{id}")).await,
        }
    }

    pub(crate) async fn finds_no(&self, id: &str) {
        let found = self.browser.find_all(By::Id(id)).await.expect("a page can be searched");
        if !found.is_empty() {
            self.wonders(&format!("should not find #{id}")).await;
        }
    }

    pub(crate) async fn reads(&self, id: &str) -> String {
        self.finds(id).await.text().await.expect("it can be read")
    }

    pub(crate) async fn reads_attribute(&self, id: &str, name: &str) -> String {
        self.finds(id).await.attr(name).await.expect("it can be read").unwrap_or_default()
    }

    pub(crate) async fn must_read(&self, id: &str, words: &str) {
        let text = self.reads(id).await;
        assert!(text.contains(words), "{} reads {text:?} in #{id}, and not {words:?}", self.login);
    }

    pub(crate) async fn types(&self, id: &str, text: &str) {
        let field = self.finds(id).await;
        field.clear().await.expect("it is a field");
        field.send_keys(text).await.expect("it is a field");
    }

    pub(crate) async fn ticks(&self, id: &str) {
        self.finds(id).await.click().await.expect("it can be clicked");
    }

    pub(crate) async fn is_ticked(&self, id: &str) -> bool {
        self.finds(id).await.is_selected().await.expect("it is a checkbox")
    }

    /// Presses a button or follows a link, and waits until this page has gone.
    pub(crate) async fn presses(&self, id: &str) {
        let page = self.browser.find(By::Tag("html")).await.expect("there is a page");
        self.finds(id).await.click().await.expect("it can be clicked");
        let gone = page.wait_until().wait(PATIENCE.0, PATIENCE.1).stale().await;
        if gone.is_err() {
            self.wonders(&format!("pressed #{id} and waits for another page")).await;
        }
    }

    /// Unfolds what is folded up.
    pub(crate) async fn opens(&self, id: &str) {
        self.finds(id).await.click().await.expect("it can be clicked");
    }

    /// Types where the cursor is already, and presses Enter: no mouse, no tab.
    pub(crate) async fn types_blindly(&self, text: &str) {
        let page = self.browser.find(By::Tag("html")).await.expect("there is a page");
        let keys = self.browser.action_chain().send_keys(text).send_keys(Key::Enter);
        keys.perform().await.expect("there is a keyboard");
        if page.wait_until().wait(PATIENCE.0, PATIENCE.1).stale().await.is_err() {
            self.wonders("pressed Enter and waits for another page").await;
        }
    }

    pub(crate) async fn reloads(&self) {
        self.browser.refresh().await.expect("the portal answers");
    }

    /// The id of the element that the keyboard writes to.
    pub(crate) async fn focus(&self) -> String {
        let element = self.browser.active_element().await.expect("a page has one");
        element.id().await.expect("it can be read").unwrap_or_default()
    }

    /// The HTTP status of the page.
    pub(crate) async fn status(&self) -> u64 {
        let script = "return performance.getEntriesByType('navigation')[0].responseStatus";
        let status = self.browser.execute(script, []).await.expect("the browser knows it");
        status.json().as_u64().expect("it is a number")
    }

    pub(crate) async fn source(&self) -> String {
        self.browser.source().await.expect("a page has a source")
    }

    /// The values of an attribute, of all elements that a CSS selector finds.
    pub(crate) async fn lists(&self, selector: &str, attribute: &str) -> Vec<String> {
        let mut values = Vec::new();
        for element in self.browser.find_all(By::Css(selector)).await.expect("a page can be searched") {
            values.extend(element.attr(attribute).await.expect("it can be read"));
        }
        values
    }
}

/// At the portal.
impl Person<'_> {
    /// The first step of a sign-in.
    pub(crate) async fn gives_the_password(&self) {
        self.goes_to("/login").await;
        self.sees("login").await;
        self.types("login", self.login).await;
        self.types("password", &self.password).await;
        self.presses("sign-in").await;
    }

    pub(crate) async fn signs_out(&self) {
        self.presses("sign-out").await;
        self.sees("login").await;
    }

    /// The whole of it, for somebody who is enrolled: with the next code that the app shows.
    pub(crate) async fn signs_in(&self) {
        self.gives_the_password().await;
        self.sees("code").await;
        self.gives_the_next_code().await;
        self.sees("home").await;
    }

    /// After more than an hour without a click: the session has ended.
    pub(crate) async fn comes_back(&self) {
        self.goes_to("/account").await;
        self.sees("login").await;
        self.signs_in().await;
    }

    /// Waits for the next code and types it: each works once.
    pub(crate) async fn gives_the_next_code(&self) {
        self.stage.time.passes(STEP);
        self.gives_the_code().await;
    }

    pub(crate) async fn gives_the_code(&self) {
        self.types("code", &self.phone().code(&self.stage.time)).await;
        self.presses("submit-code").await;
    }

    pub(crate) async fn gives_a_wrong_code(&self) {
        self.types("code", &self.phone().wrong_code(&self.stage.time)).await;
        self.presses("submit-code").await;
    }

    /// From the QR code on the screen to the first page.
    pub(crate) async fn enrolls(&mut self) {
        self.sees("setup").await;
        self.scans().await;
        self.gives_the_code().await;
        self.writes_the_recovery_codes_down().await;
        self.presses("continue").await;
        self.sees("home").await;
        self.must_read("notice", "Your authenticator app is set up.").await;
    }

    /// All ten, and the file that can be downloaded has the same ones.
    pub(crate) async fn writes_the_recovery_codes_down(&mut self) {
        self.sees("recovery-codes").await;
        self.sheet = self.reads("recovery-codes").await.split_whitespace().map(str::to_owned).collect();
        assert_eq!(self.sheet.len(), 10, "{:?}", self.sheet);
        let file = self.reads_attribute("download-codes", "href").await;
        for code in &self.sheet {
            assert!(file.contains(&format!("%0A{code}%0A")), "{code} is not in {file}");
        }
    }

    /// Instead of the app's code, at the end of a sign-in.
    pub(crate) async fn gives_a_recovery_code(&self, code: &str) {
        self.types("code", code).await;
        self.presses("submit-code").await;
    }

    /// Holds the phone before the screen. The app forgets what it showed before.
    pub(crate) async fn scans(&mut self) {
        let screen = page::picture(&self.browser).await.expect("a page can be pictured");
        self.phone = Some(Phone::scan(&screen));
    }

    /// Has a phone already, with this key in its app.
    pub(crate) fn brings(&mut self, key: &str) {
        self.phone = Some(Phone::with(key));
    }

    pub(crate) fn phone(&self) -> &Phone {
        self.phone.as_ref().unwrap_or_else(|| panic!("{} has scanned nothing yet", self.login))
    }

    /// Takes the phone away, as a thief or the sea does.
    pub(crate) fn loses_the_phone(&mut self) -> Phone {
        self.phone.take().unwrap_or_else(|| panic!("{} has scanned nothing yet", self.login))
    }
}

impl Drop for Person<'_> {
    /// The stage stops chromedriver, and with it all browsers at once; asking each one first only takes longer.
    fn drop(&mut self) {
        let _ = self.browser.clone().leak();
    }
}
