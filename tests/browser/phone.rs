//! An authenticator app, of programs that know nothing of this library: `zbarimg` for the camera, `oathtool` for
//! the codes.

use std::{io::Write, path::Path, process::Command, time::Duration};

use crate::time::{STEP, Time};

pub(crate) struct Phone {
    /// What the QR code said.
    pub(crate) uri: String,
    /// The key in base32, as in the URI.
    pub(crate) key: String,
}

impl Phone {
    /// Holds the camera before the screen.
    pub(crate) fn scan(screen: &[u8]) -> Self {
        let mut picture =
            tempfile::Builder::new().suffix(".png").tempfile().expect("there is a folder for it");
        picture.write_all(screen).expect("a picture can be written");
        let uri =
            said_by(Command::new("zbarimg").args(["--quiet", "--raw", "--oneshot"]).arg(picture.path()));
        let key = parameter(&uri, "secret").unwrap_or_else(|| panic!("no secret in {uri}")).to_owned();
        Self { uri, key }
    }

    /// One that was set up elsewhere.
    pub(crate) fn with(key: &str) -> Self {
        Self { uri: format!("otpauth://totp/Elsewhere?secret={key}"), key: key.to_owned() }
    }

    /// What the app shows at this moment.
    pub(crate) fn code(&self, time: &Time) -> String {
        self.code_at(time.now())
    }

    /// What the app shows while the clock of the phone is so much behind.
    pub(crate) fn late_code(&self, time: &Time, behind: Duration) -> String {
        self.code_at(time.now() - behind.as_secs())
    }

    /// What the app shows while the clock of the phone is so much ahead.
    pub(crate) fn early_code(&self, time: &Time, ahead: Duration) -> String {
        self.code_at(time.now() + ahead.as_secs())
    }

    /// A code that the app shows at no moment that a server could have in mind.
    pub(crate) fn wrong_code(&self, time: &Time) -> String {
        let begin = format!("@{}", time.now() - 130 * STEP.as_secs());
        let two_hours = ["--totp", "--base32", "--window=260", "--now", &begin, &self.key];
        let right = said_by(Command::new("oathtool").args(two_hours));
        let mut codes = (0..).map(|n| format!("{n:06}"));
        codes.find(|code| !right.lines().any(|line| line == code)).expect("some hundred codes are not all")
    }

    pub(crate) fn code_at(&self, now: u64) -> String {
        said_by(Command::new("oathtool").args(["--totp", "--base32", "--now", &format!("@{now}"), &self.key]))
    }

    /// A part of the URI, percent-encoded as it is there.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        parameter(&self.uri, name)
    }

    /// Whether the key, in text or in bytes, is in this file.
    pub(crate) fn is_known_to(&self, file: &Path) -> bool {
        let content = std::fs::read(file).expect("the file can be read");
        let bytes = self.key_bytes();
        content.windows(bytes.len()).any(|part| part == bytes)
            || content.windows(self.key.len()).any(|part| part.eq_ignore_ascii_case(self.key.as_bytes()))
    }

    fn key_bytes(&self) -> Vec<u8> {
        let shown = said_by(Command::new("oathtool").args(["--totp", "--base32", "--verbose", &self.key]));
        let hex = shown.lines().find_map(|line| line.strip_prefix("Hex secret: ")).expect("oathtool says it");
        let pairs = hex.as_bytes().chunks(2).map(|pair| str::from_utf8(pair).expect("hex is ASCII"));
        pairs.map(|pair| u8::from_str_radix(pair, 16).expect("it is hex")).collect()
    }
}

fn parameter<'uri>(uri: &'uri str, name: &str) -> Option<&'uri str> {
    let (_, query) = uri.split_once('?')?;
    query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
}

fn said_by(command: &mut Command) -> String {
    let output = command.output().expect("it is installed");
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("it says text").trim().to_owned()
}
