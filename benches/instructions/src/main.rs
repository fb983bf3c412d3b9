//! Runs one case a number of times, so that `check` can count its instructions.
//!
//!     instructions            tells the cases
//!     instructions CASE TIMES
//!
//! It measures nothing by itself. What it does besides the case does not depend on the number of times, so the difference
//! of two runs is the case alone.

use std::{env, hint::black_box, process::ExitCode};

use countersign::{
    Timestamp,
    otp::{Check, Code, Digits, Imported, KeyUri, Label, Secret, Totp, Verifier, Window},
};

/// RFC 4226, Appendix D: the secret, and the code of step 5.
const SECRET_TEXT: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
const NOW: u64 = 5 * 30 + 12;
const RIGHT: &str = "254676";
const WRONG: &str = "123456";
const KEY_URI: &str = "otpauth://totp/Acme%20Portal:ann%40example.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ\
                       &issuer=Acme%20Portal&algorithm=SHA1&digits=6&period=30";

/// A word for the command line, and what is run that many times.
type Case = (&'static str, fn(u32));

/// What they are is said in `benches/peers`, whose cases they are but for the last.
const CASES: [Case; 6] = [
    ("generate", generate),
    ("wrong", |times| check(WRONG, times, |said| matches!(said, Check::Wrong))),
    ("right", |times| check(RIGHT, times, |said| matches!(said, Check::Right(_)))),
    ("login", login),
    ("read-uri", read_uri),
    ("write-uri", write_uri),
];

#[allow(clippy::print_stdout, reason = "it is a command")]
fn main() -> ExitCode {
    let words: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let asked = match words.as_slice() {
        [] => {
            for (name, _) in CASES {
                println!("{name}");
            }
            return ExitCode::SUCCESS;
        }
        [case, times] => CASES.iter().find(|(name, _)| name == case).zip(times.parse().ok()),
        _ => None,
    };
    let Some(((_, case), times)) = asked else { return ExitCode::FAILURE };
    case(times);
    ExitCode::SUCCESS
}

fn generate(times: u32) {
    let secret = secret();
    for _ in 0..times {
        black_box(Totp::default().code_at(&secret, now()));
    }
}

/// Counts only what does its work: another answer than the expected ends it.
fn check(code: &str, times: u32, expected: fn(Check) -> bool) {
    let verifier = Totp::default().verifier(&secret());
    for _ in 0..times {
        assert!(expected(asked(&verifier, code)));
    }
}

fn login(times: u32) {
    for _ in 0..times {
        assert!(matches!(asked(&Totp::default().verifier(&secret()), WRONG), Check::Wrong));
    }
}

fn read_uri(times: u32) {
    for _ in 0..times {
        black_box(Imported::parse(black_box(KEY_URI)).expect("it is a key URI"));
    }
}

fn write_uri(times: u32) {
    let (label, secret) = (Label::new("Acme Portal", "ann@example.com").expect("all apps show it"), secret());
    for _ in 0..times {
        black_box(KeyUri::new(black_box(&label), black_box(&secret), Totp::default()));
    }
}

fn secret() -> Secret {
    Secret::from_base32(black_box(SECRET_TEXT)).expect("it is base32")
}

fn now() -> Timestamp {
    Timestamp::from_unix(black_box(NOW))
}

fn asked(verifier: &Verifier, code: &str) -> Check {
    let code = Code::parse(black_box(code), Digits::Six).expect("it has six digits");
    verifier.check(code, now(), Window::ONE_EACH_WAY, black_box(None))
}
