//! The engine by itself: vectors of the RFCs, independent oracles, and hostile texts.

mod astray;
mod codes;
mod hotp;
mod label;
mod mac;
#[cfg(target_os = "linux")]
mod memory;
mod migration;
mod oracles;
mod parse;
mod qr;
mod rfc;
mod scan;
mod secret;
mod uri;
mod window;

use countersign::{
    Timestamp,
    otp::{Check, Code, Digits, Hotp, Match, Secret, Step, Totp, Window},
};
use proptest::prelude::*;

/// The secret of RFC 4226, Appendix D, and of the SHA-1 rows in RFC 6238, Appendix B.
fn rfc_secret() -> Secret {
    Secret::from_bytes(b"12345678901234567890").expect("20 bytes are a secret")
}

fn at(seconds: u64) -> Timestamp {
    Timestamp::from_unix(seconds)
}

fn step(number: u64) -> Step {
    Step::from_number(number)
}

/// The code of a counter.
fn hotp(secret: &Secret, counter: u64, digits: Digits) -> Code {
    Hotp::new(digits).code(secret, counter)
}

/// A check without its offset, which a test of its own looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    Right(Step),
    Used,
    Wrong,
}

fn told(totp: Totp, secret: &Secret, code: Code, now: Timestamp, window: Window, last: Option<Step>) -> Told {
    match totp.check(secret, code, now, window, last) {
        Check::Right(Match { step, .. }) => Told::Right(step),
        Check::Used => Told::Used,
        Check::Wrong => Told::Wrong,
    }
}

/// The bytes of any secret.
fn secret_bytes() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 16..=128)
}
