//! Computes all steps of the window, and processes the key again for each. Has no base32, and reads no key URIs.

use totp_rfc::{Secret, Totp, TotpMatch, ValidationWindow, VerifyError};

use super::{Answer, Peer, SECRET, TIME, Work, black_box, decoded, six_digits};

pub(super) const PEER: Peer = Peer {
    name: "totp-rfc",
    generate: || {
        let secret = Secret::new(SECRET).expect("it has 20 bytes");
        Work::new(
            move || Totp::default().generate(&secret, black_box(TIME)).expect("the counting has begun"),
            |code| six_digits(code.value()),
        )
    },
    check: |code| {
        let secret = Secret::new(SECRET).expect("it has 20 bytes");
        Work::new(move || check(&secret, code), accepted)
    },
    login: |code| {
        Work::new(
            move || check(&Secret::new(&decoded()).expect("it has 20 bytes"), code),
            accepted,
        )
    },
    key_uri: None,
};

type Found = Result<Option<TotpMatch>, VerifyError>;

#[inline]
fn check(secret: &Secret<'_>, code: &str) -> Found {
    let one_each_way = ValidationWindow::new(1, 1);
    Totp::default().verify_window(secret, black_box(TIME), one_each_way, black_box(code))
}

fn accepted(found: Found) -> Answer {
    Answer::Accepted(found.expect("it is a code").is_some())
}
