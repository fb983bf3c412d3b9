//! Runs one case a number of times, so that `check` can count its instructions.
//!
//!     instructions            tells the cases
//!     instructions alike      tells those of which no two may differ, a group on each line (R12)
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

/// Wrong codes: of several secrets, at several times, far from the right one or a digit beside it, or right long ago.
/// Neither the byte at which the truncation begins nor how near the guess is may show.
const WRONG_CODES: [&str; 12] = [
    "254677", "254675", "754676", "254076", "000000", "999999", "123456", "123457", "755224", "287082",
    "359152", "969429",
];

/// Right codes: of the first, the middle and the last of nine steps (RFC 4226, Appendix D). A search that ended at the first
/// match would be seen.
const RIGHT_CODES: [&str; 3] = ["287082", RIGHT, "520489"];

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
        ["alike"] => {
            for (group, count) in [("wrong", WRONG_CODES.len()), ("right", RIGHT_CODES.len())] {
                let names: Vec<String> = (0..count).map(|number| format!("{group}-{number}")).collect();
                println!("{}", names.join(" "));
            }
            return ExitCode::SUCCESS;
        }
        [case, times] if case.starts_with("wrong-") || case.starts_with("right-") => {
            return alike(case, times).map_or(ExitCode::FAILURE, |()| ExitCode::SUCCESS);
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

/// One of a group. `None` if there is none of that name.
fn alike(case: &str, times: &str) -> Option<()> {
    let (group, number) = case.split_once('-')?;
    let (number, times): (usize, u32) = (number.parse().ok()?, times.parse().ok()?);
    match group {
        "wrong" if number < WRONG_CODES.len() => alike_wrong(number, times),
        "right" if number < RIGHT_CODES.len() => alike_right(number, times),
        _ => return None,
    }
    Some(())
}

fn alike_wrong(number: usize, times: u32) {
    // The first half at the time of the right code that they resemble, the others with secrets and times of their own.
    let (secret, now) = match u8::try_from(number) {
        Ok(0..6) | Err(_) => (secret(), now()),
        Ok(other) => {
            let secret = Secret::from_bytes(&[other.wrapping_mul(37); 20]).expect("20 bytes are enough");
            (secret, Timestamp::from_unix(black_box(NOW + 3_000 * u64::from(other))))
        }
    };
    search(&secret, WRONG_CODES[number], now, Window::ONE_EACH_WAY, times, |said| {
        matches!(said, Check::Wrong)
    });
}

fn alike_right(number: usize, times: u32) {
    let nine = Window::new(4, 4).expect("no window is too wide that has nine steps");
    search(&secret(), RIGHT_CODES[number], now(), nine, times, |said| matches!(said, Check::Right(_)));
}

/// The search alone: the code is read before.
fn search(
    secret: &Secret,
    code: &str,
    now: Timestamp,
    window: Window,
    times: u32,
    expected: fn(Check) -> bool,
) {
    let verifier = Totp::default().verifier(secret);
    let code = Code::parse(code, Digits::Six).expect("it has six digits");
    for _ in 0..times {
        let said = verifier.check(black_box(code), black_box(now), window, black_box(None));
        assert!(expected(said));
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
