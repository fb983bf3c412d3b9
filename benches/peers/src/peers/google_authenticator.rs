//! Takes the secret's text at every call and decodes it again for each step, so there is nothing to be made ready: its
//! logins are its checks. Stops at the first step that matches. Writes key URIs and reads none.

use google_authenticator::GoogleAuthenticator;

use super::{Answer, COUNTER, Peer, SECRET_TEXT, Work, black_box};

pub(super) const PEER: Peer = Peer {
    name: "google-authenticator",
    generate: || {
        let app = GoogleAuthenticator::new();
        Work::new(
            move || app.get_code(black_box(SECRET_TEXT), black_box(COUNTER)).expect("it is base32"),
            Answer::Code,
        )
    },
    check,
    login: check,
    key_uri: None,
};

fn check(code: &'static str) -> Work {
    let app = GoogleAuthenticator::new();
    Work::new(
        move || app.verify_code(black_box(SECRET_TEXT), black_box(code), 1, black_box(COUNTER)),
        Answer::Accepted,
    )
}
