//! The portal, the browsers and the time: started for one story, and stopped after it, well or badly ended.

use std::{
    cell::{Cell, RefCell},
    env,
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use serde_json::json;
use tempfile::TempDir;
use thirtyfour::{
    ChromiumLikeCapabilities, DesiredCapabilities, WebDriver, common::log::LoggingPrefsLogLevel,
};

use crate::{
    person::Person,
    process::{self, Process},
    programs,
    time::Time,
};

/// What everybody's password is at first.
pub(crate) const PASSWORD: &str = "correct horse battery";

/// What a page is shown in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Window {
    /// 390 × 844, by touch, in dark colors.
    Phone,
    /// 1280 × 900, in light colors.
    Desktop,
}

pub(crate) struct Stage {
    pub(crate) time: Time,
    pub(crate) window: Window,
    pub(crate) scripts: bool,
    /// `http://127.0.0.1:PORT`
    pub(crate) address: String,
    portal: RefCell<Option<Process>>,
    chromedriver: Process,
    chromedriver_port: u16,
    pictures: PathBuf,
    picture_count: Cell<usize>,
    // The last field, so that it is dropped last: the others write into it.
    folder: TempDir,
}

impl Stage {
    /// Starts everything from scratch. `name` is the folder of the pictures.
    pub(crate) fn set(name: &str, window: Window, scripts: bool) -> Self {
        let folder = tempfile::tempdir().expect("there is a folder for temporary files");
        for part in ["home", "temporary"] {
            fs::create_dir(folder.path().join(part)).expect("the folder is ours");
        }
        let pictures = programs::target_folder().join("browser-screenshots").join(name);
        let _ = fs::remove_dir_all(&pictures);
        fs::create_dir_all(&pictures).expect("the target folder can be written");
        let time = Time::begin(folder.path().join("time"));
        let (portal, address) = start_portal(folder.path(), &time, "127.0.0.1:0");
        let (chromedriver, chromedriver_port) = start_chromedriver(folder.path());
        Self {
            time,
            window,
            scripts,
            address,
            portal: RefCell::new(Some(portal)),
            chromedriver,
            chromedriver_port,
            pictures,
            picture_count: Cell::new(0),
            folder,
        }
    }

    /// Plays the scenes one after the other, and says where the pictures are.
    pub(crate) fn plays(&self, scenes: impl Future<Output = ()>) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime can be had").block_on(scenes);
        programs::says(&format!("{} pictures in {}", self.picture_count.get(), self.pictures.display()));
    }

    /// Opens a new browser for a person, which nobody used before.
    pub(crate) async fn enters(&self, login: &'static str) -> Person<'_> {
        Person::new(self, login, self.open_browser(login).await)
    }

    async fn open_browser(&self, name: &str) -> WebDriver {
        let server = format!("http://127.0.0.1:{}", self.chromedriver_port);
        let wanted = self.capabilities(name).expect("these settings can be said");
        let browser = WebDriver::builder(server, wanted)
            .request_timeout(Duration::from_mins(1))
            .connect()
            .await
            .unwrap_or_else(|error| panic!("{error}\n{}", self.chromedriver.log()));
        let scheme = if self.window == Window::Phone { "dark" } else { "light" };
        let media = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        browser
            .cdp()
            .send_raw("Emulation.setEmulatedMedia", media)
            .await
            .expect("Chromium knows this command");
        if self.window == Window::Desktop {
            let screen = json!({ "width": 1280, "height": 900, "deviceScaleFactor": 1, "mobile": false });
            let told = browser.cdp().send_raw("Emulation.setDeviceMetricsOverride", screen).await;
            told.expect("Chromium knows this command");
        }
        // What Chromium loaded for its own first page is no page of the portal's.
        browser.goto("about:blank").await.expect("there is always a blank page");
        browser.get_log("performance").await.expect("the log was asked for");
        browser
    }

    fn capabilities(&self, name: &str) -> thirtyfour::error::WebDriverResult<thirtyfour::ChromeCapabilities> {
        let mut wanted = DesiredCapabilities::chrome();
        wanted.set_binary(&programs::on_path("chromium").expect("it is installed").display().to_string())?;
        let profile = format!("--user-data-dir={}", self.folder.path().join("browser-of-").display());
        for flag in [
            "--headless=new",
            // Root has no sandbox, and CI runs as root. The pages are our own.
            "--no-sandbox",
            "--disable-dev-shm-usage",
            "--disable-gpu",
            "--hide-scrollbars",
            "--no-first-run",
            "--no-proxy-server",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            // A browser whose driver is gone goes, too.
            "--remote-debugging-pipe",
            &format!("{profile}{name}"),
        ] {
            wanted.add_arg(flag)?;
        }
        if self.window == Window::Phone {
            let screen =
                json!({ "width": 390, "height": 844, "pixelRatio": 2.0, "touch": true, "mobile": true });
            wanted.add_experimental_option("mobileEmulation", json!({ "deviceMetrics": screen }))?;
        }
        if !self.scripts {
            let settings = json!({ "profile.managed_default_content_settings.javascript": 2 });
            wanted.add_experimental_option("prefs", settings)?;
        }
        wanted.set_logging_prefs("performance", LoggingPrefsLogLevel::All)?;
        wanted.set_browser_log_level(LoggingPrefsLogLevel::All)?;
        Ok(wanted)
    }

    /// Pulls the plug and starts the portal again, at the same address.
    pub(crate) fn restarts_the_portal(&self) {
        self.portal.replace(None);
        let address = self.address.strip_prefix("http://").expect("so it was said");
        let (portal, _) = start_portal(self.folder.path(), &self.time, address);
        self.portal.replace(Some(portal));
    }

    /// What the vendor can do at the server, while the portal runs.
    pub(crate) fn at_the_server(&self, arguments: &[&str]) -> String {
        let mut command = Command::new(programs::portal());
        command.arg("--data").arg(self.folder.path().join("data")).args(arguments);
        command.envs(self.time.environment(programs::libfaketime().expect("it is installed")));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = command.spawn().expect("the portal can be started");
        let id = child.id();
        let output = child.wait_with_output().expect("it ends");
        process::tidy_up_after(id);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("it says text")
    }

    /// A file beside the portal's own, and where it is.
    pub(crate) fn writes_a_file(&self, name: &str, text: &str) -> String {
        let file = self.folder.path().join(name);
        fs::write(&file, text).expect("the story's folder can be written");
        file.to_str().expect("a path in UTF-8").to_owned()
    }

    /// Every file that the portal wrote, its log among them.
    pub(crate) fn files_of_the_portal(&self) -> Vec<PathBuf> {
        let data = self.folder.path().join("data").read_dir().expect("the portal made it").flatten();
        data.map(|file| file.path()).chain([self.folder.path().join("portal.log")]).collect()
    }

    pub(crate) fn log_of_the_portal(&self) -> String {
        self.portal.borrow().as_ref().map(Process::log).unwrap_or_default()
    }

    pub(crate) fn keeps_a_picture(&self, what: &str, png: &[u8]) -> PathBuf {
        self.picture_count.set(self.picture_count.get() + 1);
        let file = self.pictures.join(format!("{:03}-{what}.png", self.picture_count.get()));
        fs::write(&file, png).expect("the target folder can be written");
        file
    }
}

/// Starts the portal over the data of this folder, and returns its address.
pub(crate) fn start_portal(folder: &Path, time: &Time, listen: &str) -> (Process, String) {
    let data = folder.join("data");
    let arguments: [&OsStr; 6] = [
        "--data".as_ref(),
        data.as_ref(),
        "--listen".as_ref(),
        listen.as_ref(),
        "--seed-passwords".as_ref(),
        PASSWORD.as_ref(),
    ];
    let environment = time.environment(programs::libfaketime().expect("it is installed"));
    let address = |line: &str| line.strip_prefix("Portal: ").map(str::to_owned);
    Process::start(&programs::portal(), &arguments, &environment, folder.join("portal.log"), address)
}

/// Starts it with its own home folder: the Chromium of the person who runs the tests, and its settings, play no part.
fn start_chromedriver(folder: &Path) -> (Process, u16) {
    let home = folder.join("home");
    let environment = [
        ("HOME", home.clone()),
        ("TMPDIR", folder.join("temporary")),
        ("XDG_CONFIG_HOME", home.join("config")),
        ("XDG_CACHE_HOME", home.join("cache")),
        ("XDG_RUNTIME_DIR", folder.join("temporary")),
        ("PATH", env::var_os("PATH").unwrap_or_default().into()),
    ];
    let port = |line: &str| {
        line.strip_prefix("ChromeDriver was started successfully on port ")?.strip_suffix('.')?.parse().ok()
    };
    let program = programs::on_path("chromedriver").expect("it is installed");
    Process::start(&program, &["--port=0".as_ref()], &environment, folder.join("chromedriver.log"), port)
}
