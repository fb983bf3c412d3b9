//! Stops at the first step that matches: of a right code of the present step it computes two of three.

use totp_rs::{Builder, Secret, Totp};

use super::{Answer, KEY_URI, Peer, SECRET, SECRET_TEXT, TIME, Work, black_box};

pub(super) const PEER: Peer = Peer {
    name: "totp-rs",
    generate: || {
        let totp = made(*SECRET);
        Work::new(move || totp.generate(black_box(TIME)), |token| Answer::Code(token.to_string()))
    },
    check: |code| {
        let totp = made(*SECRET);
        Work::new(move || totp.check(black_box(code), black_box(TIME)), accepted)
    },
    login: |code| {
        Work::new(
            move || {
                let secret = Secret::try_from_base32(black_box(SECRET_TEXT)).expect("it is base32");
                made(secret).check(black_box(code), black_box(TIME))
            },
            accepted,
        )
    },
    key_uri: Some(|| {
        Work::new(
            || Totp::from_url(black_box(KEY_URI)).expect("it is a key URI"),
            |totp| Answer::Secret(totp.secret().to_base32()),
        )
    }),
};

/// Its defaults are ours: SHA-1, six digits, 30 seconds, one step each way.
#[inline]
fn made(secret: impl Into<Secret>) -> Totp {
    Builder::new().with_secret(secret).build().expect("a secret of 20 bytes is long enough")
}

fn accepted(step: Option<u64>) -> Answer {
    Answer::Accepted(step.is_some())
}
