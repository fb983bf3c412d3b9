//! Checks a code, as a number, against a single step: the loop over the window is what its user writes. Has no
//! base32, and reads no key URIs.

use std::time::{Duration, SystemTime};

use otp::{totp, totp_validate};

use super::{Answer, Peer, SECRET, TIME, Work, black_box, decoded, six_digits, window};

const PERIOD: Duration = Duration::from_secs(30);

pub(super) const PEER: Peer = Peer {
    name: "otp",
    generate: || Work::new(|| totp(black_box(SECRET), at(black_box(TIME)), PERIOD), six_digits),
    check: |code| Work::new(move || check(black_box(SECRET), code), Answer::Accepted),
    login: |code| Work::new(move || check(&decoded(), code), Answer::Accepted),
    key_uri: None,
};

#[inline]
fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}

#[inline]
fn check(secret: &[u8], code: &str) -> bool {
    let Ok(code) = black_box(code).parse() else { return false };
    window().into_iter().any(|step| totp_validate(secret, at(step * 30), PERIOD, code, 6))
}
