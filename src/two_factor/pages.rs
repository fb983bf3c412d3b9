//! What the pages need: the secret in every form that an app accepts, and what to say when asking for a code.

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

/// The content of the page on which a user sets up their authenticator. It holds the secret: show it to them in this
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

    /// Returns the QR code as an SVG element, to be put into the page as it is. It has no text except the words "QR
    /// code", and is black on white whatever the page's colors.
    pub fn svg(&self) -> Zeroizing<String> {
        self.qr.to_svg()
    }

    /// Returns the QR code as a PNG file, for what shows no SVG; [`QrCode::to_png`] says which size fits which use.
    /// Send it like the page: to the user who enrolls, with `Cache-Control: no-store`.
    ///
    /// # Errors
    /// [`InvalidModuleSize`] unless a module has 1 to 32 pixels.
    #[cfg(feature = "png")]
    pub fn png(&self, pixels_per_module: u8) -> Result<Zeroizing<Vec<u8>>, InvalidModuleSize> {
        self.qr.to_png(pixels_per_module)
    }

    /// Returns the QR code as text for a terminal.
    pub fn terminal(&self) -> Zeroizing<String> {
        self.qr.to_terminal()
    }

    /// Returns the key in groups of four, for typing it into the app by hand.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Returns the key URI, for a link that opens the app on the same phone.
    pub fn uri(&self) -> &str {
        self.uri.expose()
    }

    /// Returns the issuer, as the app will show it.
    pub fn issuer(&self) -> &str {
        self.label.issuer()
    }

    /// Returns the account, as the app will show it.
    pub fn account(&self) -> &str {
        self.label.account()
    }

    /// Returns how codes are made from the key.
    pub fn totp(&self) -> Totp {
        self.totp
    }

    /// Returns the time until which the first code must be entered.
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
    /// The number of digits of a code. Authenticators keep the number with which they were enrolled.
    pub digits: Digits,
    /// How many codes can be tried before the account is blocked; at least one.
    pub left: u32,
    /// Until when no code is looked at, if that is in the future.
    pub wait_until: Option<Timestamp>,
    /// Whether the code is asked for from an authenticator of another system, whose key was imported: the user has
    /// never seen it work here.
    pub is_imported: bool,
}

/// A finished enrollment.
#[derive(Debug)]
#[non_exhaustive]
pub struct Enrolled {
    /// The pass: the first code was also the user's login.
    pub pass: Pass,
    /// Recovery codes, each of which lets the user in once if their phone is lost. Show them now; they are never shown
    /// again. `None` after a replacement, which leaves the existing codes as they are.
    pub recovery_codes: Option<RecoveryCodes>,
}

/// A login with a recovery code.
#[derive(Debug)]
#[non_exhaustive]
pub struct Recovered {
    /// The pass: the user is in.
    pub pass: Pass,
    /// How many recovery codes they have left.
    pub left: u32,
}
