//! The key URI: `otpauth://totp/Issuer:account?secret=…&issuer=…`, which a QR code tells an authenticator app.
//!
//! It is built so that every app reads the same. It has exactly one literal colon, everything else that is not
//! unreserved (RFC 3986 §2.3) is percent-encoded, and parameters are given only where they differ from what all apps
//! assume. Whatever a name contains, it cannot become a parameter.

use alloc::string::String;
use core::fmt::{self, Write as _};

use zeroize::Zeroizing;

use super::{
    label::{Label, encode},
    secret::Secret,
    totp::Totp,
};

/// A key URI. It holds the secret: show it only to the user who enrolls.
pub struct KeyUri(Zeroizing<String>);

impl KeyUri {
    /// Creates the URI that enrolls `secret` under `label`. Parameters are given only where they differ from what all
    /// apps assume (SHA-1, six digits, 30 seconds): some apps ignore them, and some misread them.
    pub fn new(label: &Label, secret: &Secret, totp: Totp) -> Self {
        let (mut uri, usual) = (Self::of(label, secret), Totp::default());
        if totp.algorithm() != usual.algorithm() {
            uri.tell("algorithm", totp.algorithm().as_str());
        }
        if totp.digits() != usual.digits() {
            uri.tell("digits", totp.digits().count());
        }
        if totp.period() != usual.period() {
            uri.tell("period", totp.period());
        }
        uri
    }

    /// Creates the same URI with `algorithm`, `digits` and `period` spelled out in any case, for apps and importers
    /// that ask for all of them.
    pub fn spelled_out(label: &Label, secret: &Secret, totp: Totp) -> Self {
        let mut uri = Self::of(label, secret);
        uri.tell("algorithm", totp.algorithm().as_str());
        uri.tell("digits", totp.digits().count());
        uri.tell("period", totp.period());
        uri
    }

    fn of(label: &Label, secret: &Secret) -> Self {
        // Long enough from the start, so that no smaller buffer is left behind unwiped.
        let mut uri = Zeroizing::new(String::with_capacity(512));
        uri.push_str("otpauth://totp/");
        uri.extend(encode(label.issuer()));
        uri.push(':');
        uri.extend(encode(label.account()));
        uri.push_str("?secret=");
        uri.push_str(&secret.to_base32());
        uri.push_str("&issuer=");
        uri.extend(encode(label.issuer()));
        Self(uri)
    }

    fn tell(&mut self, parameter: &str, value: impl fmt::Display) {
        // A `String` takes everything, so there is nothing to check.
        let _ = write!(*self.0, "&{parameter}={value}");
    }

    /// Returns the URI as text.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for KeyUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyUri(…)")
    }
}
