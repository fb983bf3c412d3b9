//! The library itself. All steps of the window are computed, whatever the code.

use countersign::{Timestamp, otp::{Check, Code, Digits, Imported, Secret, Totp, Verifier, Window}};

use super::{Answer, KEY_URI, Peer, SECRET, SECRET_TEXT, TIME, Work, black_box};

pub(super) const PEER: Peer = Peer {
    name: "countersign",
    generate: || {
        let secret = Secret::from_bytes(SECRET).expect("it has 20 bytes");
        Work::new(
            move || Totp::default().code_at(&secret, now()),
            |code| Answer::Code(code.expect("the counting has begun").expose()),
        )
    },
    check: |code| {
        let verifier = Totp::default().verifier(&Secret::from_bytes(SECRET).expect("it has 20 bytes"));
        Work::new(move || check(&verifier, code), accepted)
    },
    login: |code| {
        Work::new(
            move || {
                let secret = Secret::from_base32(black_box(SECRET_TEXT)).expect("it is base32");
                check(&Totp::default().verifier(&secret), code)
            },
            accepted,
        )
    },
    key_uri: Some(|| {
        Work::new(
            || Imported::parse(black_box(KEY_URI)).expect("it is a key URI"),
            |imported| Answer::Secret(imported.secret.to_base32().to_string()),
        )
    }),
};

#[inline]
fn now() -> Timestamp {
    Timestamp::from_unix(black_box(TIME))
}

#[inline]
fn check(verifier: &Verifier, code: &str) -> Check {
    let code = Code::parse(black_box(code), Digits::Six).expect("it has six digits");
    verifier.check(code, now(), Window::ONE_EACH_WAY, black_box(None))
}

fn accepted(check: Check) -> Answer {
    Answer::Accepted(matches!(check, Check::Right(_)))
}
