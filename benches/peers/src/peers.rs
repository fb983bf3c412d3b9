//! The crates, each in a file of its own that says what it can do and cannot.
//!
//! Every input passes through `black_box`, so that nothing is computed before the clock runs. A code comes as the text
//! that a user typed, and each crate makes of it what it asks for.

#![cfg_attr(not(feature = "default"), allow(dead_code, unused_imports, reason = "no crate needs all of it"))]

use std::{
    hint::black_box,
    time::{SystemTime, UNIX_EPOCH},
};

use crate::{Answer, COUNTER, KEY_URI, Peer, SECRET, SECRET_TEXT, TIME, Work};

macro_rules! peers {
    ($($feature:literal: $module:ident,)*) => {
        $(#[cfg(feature = $feature)] mod $module;)*

        /// The names of all, in the order of the table. They are the names of the features, too.
        pub const NAMES: &[&str] = &[$($feature,)*];

        /// Those that were built in.
        pub const PEERS: &[Peer] = &[$(#[cfg(feature = $feature)] $module::PEER,)*];
    };
}

peers! {
    "countersign": countersign,
    "totp-rs": totp_rs,
    "totp-rfc": totp_rfc,
    "totp-lite": totp_lite,
    "totp_embed": totp_embed,
    "otp": otp,
    "slauth": slauth,
    "google-authenticator": google_authenticator,
    "boringauth": boringauth,
}

/// Returns a number as a code of six digits.
fn six_digits(number: impl Into<u64>) -> Answer {
    Answer::Code(format!("{:06}", number.into() % 1_000_000))
}

/// The steps around the present one, for crates that check a code against a single step.
fn window() -> [u64; 3] {
    black_box([COUNTER - 1, COUNTER, COUNTER + 1])
}

/// The secret's bytes out of its text, for crates that do not read base32 themselves.
fn decoded() -> Vec<u8> {
    let alphabet = base32::Alphabet::Rfc4648 { padding: false };
    base32::decode(alphabet, black_box(SECRET_TEXT)).expect("it is base32")
}

/// For crates that always use the system's clock: steps so long that the one which began a moment ago outlasts every
/// run, and the time at which counting began, so that it is the current step.
const LONG_PERIOD: u32 = 1_000_000;

#[allow(clippy::disallowed_methods, reason = "the crates in question ask it themselves")]
fn beginning_of_long_periods() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("1970 is over").as_secs();
    now - COUNTER * u64::from(LONG_PERIOD)
}
