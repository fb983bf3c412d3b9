//! Asks the system for the time at every call; it can be told one, and asks all the same. Stops at the first step that
//! matches. Compares codes by two more MACs. Reads no key URIs.

use boringauth::oath::{HashFunction, TOTP, TOTPBuilder};

use super::{
    Answer, LONG_PERIOD, Peer, SECRET, SECRET_TEXT, Work, beginning_of_long_periods, black_box,
};

pub(super) const PEER: Peer = Peer {
    name: "boringauth",
    generate: || {
        let totp = made(TOTPBuilder::new().key(SECRET), beginning_of_long_periods());
        Work::new(move || totp.generate(), Answer::Code)
    },
    check: |code| {
        let totp = made(TOTPBuilder::new().key(SECRET), beginning_of_long_periods());
        Work::new(move || totp.is_valid(black_box(code)), Answer::Accepted)
    },
    login: |code| {
        let beginning = beginning_of_long_periods();
        Work::new(
            move || {
                let totp = made(TOTPBuilder::new().base32_key(black_box(SECRET_TEXT)), beginning);
                totp.is_valid(black_box(code))
            },
            Answer::Accepted,
        )
    },
    key_uri: None,
};

#[allow(deprecated, reason = "it would rather have SHA-256, which apps ignore")]
#[inline]
fn made(builder: &mut TOTPBuilder, beginning: u64) -> TOTP {
    let builder = builder.hash_function(HashFunction::Sha1).tolerance(1).period(LONG_PERIOD);
    match builder.initial_time(black_box(beginning)).finalize() {
        Ok(totp) => totp,
        Err(error) => panic!("the settings are sound: {error:?}"),
    }
}
