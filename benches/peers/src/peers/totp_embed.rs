//! totp-lite for small machines: makes codes as numbers and checks none, so the loop over the window is what its user
//! writes. Has no base32, and reads no key URIs.

use totp_embed::{Sha1, totp_custom};

use super::{Answer, Peer, SECRET, TIME, Work, black_box, decoded, six_digits, window};

pub(super) const PEER: Peer = Peer {
    name: "totp_embed",
    generate: || {
        Work::new(|| totp_custom::<Sha1>(30, 6, black_box(SECRET), black_box(TIME)), six_digits)
    },
    check: |code| Work::new(move || check(black_box(SECRET), code), Answer::Accepted),
    login: |code| Work::new(move || check(&decoded(), code), Answer::Accepted),
    key_uri: None,
};

#[inline]
fn check(secret: &[u8], code: &str) -> bool {
    let code = black_box(code).parse().ok();
    window().into_iter().any(|step| Some(totp_custom::<Sha1>(30, 6, secret, step * 30)) == code)
}
