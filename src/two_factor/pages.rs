//! What the pages need: the secret in every form that an app can take it in, what to say when asking for a code.

use std::fmt;

use zeroize::Zeroizing;

#[cfg(feature = "png")]
use crate::otp::InvalidModuleSize;
use crate::{
    account::Shown,
    otp::{Digits, KeyUri, Label, QrCode, TooLong, Totp},
    time::Timestamp,
    tokens::{Pass, RecoveryCodes},
};

/// What the page shows on which a user sets up his authenticator. It holds the secret: show it to him, in this
/// one answer, and keep it nowhere (send the page with `Cache-Control: no-store`).
pub struct Setup {
    label: Label,
    uri: KeyUri,
    key: Zeroizing<String>,
    qr: QrCode,
    totp: Totp,
    expires_at: Timestamp,
}

impl Setup {
    pub(crate) fn new(label: Label, shown: &Shown, expires_at: Timestamp) -> Result<Self, TooLong> {
        let uri = KeyUri::new(&label, &shown.secret, shown.totp);
        let qr = QrCode::new(&uri)?;
        Ok(Self { label, uri, key: shown.secret.to_grouped_base32(), qr, totp: shown.totp, expires_at })
    }

    /// The QR code as an SVG element, to be put into the page as it is. It holds no text but the words "QR code",
    /// and is black on white whatever the page's colors.
    pub fn svg(&self) -> Zeroizing<String> {
        self.qr.to_svg()
    }

    /// The QR code as a PNG file, for what shows no SVG; [`QrCode::to_png`] says which size is good for what. Send it
    /// as the page itself is sent: to the user who enrolls, with `Cache-Control: no-store`.
    ///
    /// # Errors
    /// [`InvalidModuleSize`] unless a module has 1 to 32 pixels.
    #[cfg(feature = "png")]
    pub fn png(&self, pixels_per_module: u8) -> Result<Zeroizing<Vec<u8>>, InvalidModuleSize> {
        self.qr.to_png(pixels_per_module)
    }

    /// The QR code as text for a terminal.
    pub fn terminal(&self) -> Zeroizing<String> {
        self.qr.to_terminal()
    }

    /// The key in groups of four, for typing it into the app by hand.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The key URI, for a link that opens the app on the phone itself.
    pub fn uri(&self) -> &str {
        self.uri.expose()
    }

    /// The issuer, as the app will show it.
    pub fn issuer(&self) -> &str {
        self.label.issuer()
    }

    /// The account, as the app will show it.
    pub fn account(&self) -> &str {
        self.label.account()
    }

    /// How codes are made from the key.
    pub fn totp(&self) -> Totp {
        self.totp
    }

    /// Until when the first code must be in.
    pub fn expires_at(&self) -> Timestamp {
        self.expires_at
    }
}

impl fmt::Debug for Setup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Setup").field("expires_at", &self.expires_at).finish_non_exhaustive()
    }
}

/// What a page may say that asks for a code, before anything is typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Prompt {
    /// How many digits the code has. Authenticators keep those with which they were enrolled.
    pub digits: Digits,
    /// How many codes can be tried before the account is blocked; at least one.
    pub left: u32,
    /// Until when no code is looked at, if that is a time to come.
    pub wait_until: Option<Timestamp>,
    /// Whether it is the authenticator of another system that is asked for, which was imported: the user has never
    /// seen it work here.
    pub is_imported: bool,
}

/// An enrollment that was finished.
#[derive(Debug)]
#[non_exhaustive]
pub struct Enrolled {
    /// The user is in: the first code was his login too.
    pub pass: Pass,
    /// What lets him in when his phone is lost, each once: show them now, they are never shown again. `None` when one
    /// authenticator was put in the place of another, which leaves the codes that there are as they were.
    pub recovery_codes: Option<RecoveryCodes>,
}

/// A login with a recovery code.
#[derive(Debug)]
#[non_exhaustive]
pub struct Recovered {
    /// The user is in.
    pub pass: Pass,
    /// How many recovery codes he has left.
    pub left: u32,
}
