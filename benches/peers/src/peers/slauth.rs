//! Asks the system for the time at every call, and cannot be told it. Its window leaves out the last step that it is
//! asked for, so two ahead are asked for here. Stops at the first step that matches. Has no base32 for secrets by
//! themselves; of a key URI it reads neither the account nor the issuer.

use slauth::oath::{
    OtpAuth as _,
    totp::{TOTPBuilder, TOTPContext},
};

use super::{
    Answer, KEY_URI, LONG_PERIOD, Peer, SECRET, Work, beginning_of_long_periods, black_box, decoded,
};

pub(super) const PEER: Peer = Peer {
    name: "slauth",
    generate: || {
        let totp = made(SECRET, beginning_of_long_periods());
        Work::new(move || totp.r#gen(), Answer::Code)
    },
    check: |code| {
        let mut totp = made(SECRET, beginning_of_long_periods());
        Work::new(move || totp.verify(black_box(code)), Answer::Accepted)
    },
    login: |code| {
        let beginning = beginning_of_long_periods();
        Work::new(move || made(&decoded(), beginning).verify(black_box(code)), Answer::Accepted)
    },
    key_uri: Some(|| {
        Work::new(
            || TOTPContext::from_uri(black_box(KEY_URI)).expect("it is a key URI"),
            |totp| {
                let uri = totp.to_uri(None, None);
                let (_, secret) = uri.split_once("secret=").expect("it writes the secret");
                Answer::Secret(secret.split('&').next().unwrap_or_default().to_owned())
            },
        )
    }),
};

#[inline]
fn made(secret: &[u8], beginning: u64) -> TOTPContext {
    TOTPBuilder::new()
        .secret(black_box(secret))
        .period(LONG_PERIOD.into())
        .initial_time(black_box(beginning))
        .re_sync_parameter(1, 2)
        .build()
}
