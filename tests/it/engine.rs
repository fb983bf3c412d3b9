//! The engine by itself: vectors of the RFCs, independent oracles, and hostile texts.

mod codes;
mod label;
mod qr;
mod rfc;
mod secret;
mod uri;
mod window;

use countersign::{
    Timestamp,
    otp::{Secret, Step},
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

/// The bytes of any secret.
fn secret_bytes() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 16..=128)
}
