//! Makes codes and checks none: the loop over the window is what its user writes. Has no base32, and reads no key
//! URIs.

use totp_lite::{Sha1, totp_custom};

use super::{Answer, Peer, SECRET, TIME, Work, black_box, decoded, window};

pub(super) const PEER: Peer = Peer {
    name: "totp-lite",
    generate: || Work::new(|| totp_custom::<Sha1>(30, 6, black_box(SECRET), black_box(TIME)), Answer::Code),
    check: |code| Work::new(move || check(black_box(SECRET), code), Answer::Accepted),
    login: |code| Work::new(move || check(&decoded(), code), Answer::Accepted),
    key_uri: None,
};

#[inline]
fn check(secret: &[u8], code: &str) -> bool {
    window().into_iter().any(|step| totp_custom::<Sha1>(30, 6, secret, step * 30) == black_box(code))
}
