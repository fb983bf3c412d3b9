//! Codes of anything that can be asked for, against two implementations that share no line with ours: pyotp (Python)
//! and `oathtool` (C).

use std::{num::NonZero, thread};

use countersign::otp::{Algorithm, Digits, Hotp, Secret, Totp};
use proptest::{
    prelude::*,
    strategy::ValueTree as _,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};

use super::{at, mac::algorithms, secret_bytes};
use crate::tools::Tool;

const CASES: usize = 20_000;

/// Something to compute a code of. The secret has 16 to 128 bytes: shorter ones we refuse (RFC 4226 §4 R6).
#[derive(Clone, Debug)]
struct Case {
    algorithm: Algorithm,
    digits: Digits,
    period: u8,
    t0: u64,
    time: u64,
    secret: Vec<u8>,
}

fn cases() -> impl Strategy<Value = Case> {
    let digits = prop::sample::select(vec![Digits::Six, Digits::Seven, Digits::Eight]);
    // Of our days, up to the year 9999, and as far as oathtool's signed 64 bits go with room for the next step. Most of
    // the last two lie beyond 2^32 seconds, and the steps of the last beyond 2^32 too.
    let times = prop_oneof![0..4_000_000_000_u64, 0..253_402_300_800_u64, 0..1_u64 << 62];
    // Never after the time: before T0 we have no code, and oathtool one of a negative step.
    let moments = times.prop_flat_map(|time| (prop_oneof![Just(0), 0..=time], Just(time)));
    (prop::sample::select(algorithms()), digits, 15..=120_u8, moments, secret_bytes()).prop_map(
        |(algorithm, digits, period, (t0, time), secret)| Case {
            algorithm,
            digits,
            period,
            t0,
            time,
            secret,
        },
    )
}

/// The same cases at every run, so that a failure is one everywhere. It shows the whole case.
fn drawn() -> Vec<Case> {
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let cases = cases();
    (0..CASES).map(|_| cases.new_tree(&mut runner).expect("nothing is filtered out").current()).collect()
}

impl Case {
    fn secret(&self) -> Secret {
        Secret::from_bytes(&self.secret).expect("16 to 128 bytes")
    }

    /// The code of the step, and the one after it.
    fn by_us(&self) -> [String; 2] {
        let (secret, period) = (self.secret(), u64::from(self.period));
        let totp = Totp::new(self.digits, self.period).expect("15 to 120 seconds");
        let totp = totp.with_algorithm(self.algorithm).counted_from(at(self.t0));
        let codes = [self.time, self.time + period]
            .map(|time| totp.code_at(&secret, at(time)).expect("T0 has passed").expose());
        // HOTP is the same with the number of the step for a counter (RFC 6238 §4.2).
        let (hotp, step) = (Hotp::new(self.digits).algorithm(self.algorithm), (self.time - self.t0) / period);
        assert_eq!(codes, [step, step + 1].map(|step| hotp.code(&secret, step).expose()), "{self:?}");
        codes
    }

    /// A line for tests/oracles/python/codes.py.
    fn for_pyotp(&self) -> String {
        let Self { algorithm, digits, period, t0, time, .. } = self;
        let (algorithm, digits) = (algorithm.as_str().to_lowercase(), digits.count());
        format!("{algorithm} {digits} {period} {t0} {time} {}\n", *self.secret().to_base32())
    }

    /// The code of the step, and the one after it.
    fn by_oathtool(&self, oathtool: &Tool) -> Vec<String> {
        let Self { algorithm, digits, period, t0, time, .. } = self;
        let arguments = [
            format!("--totp={}", algorithm.as_str()),
            format!("--digits={}", digits.count()),
            format!("--time-step-size={period}s"),
            format!("--start-time=@{t0}"),
            format!("--now=@{time}"),
            "--window=1".to_owned(),
            "--base32".to_owned(),
            self.secret().to_base32().to_string(),
        ];
        oathtool.run(&arguments, b"").lines().map(str::to_owned).collect()
    }
}

#[test]
fn twenty_thousand_codes_are_those_that_pyotp_computes() {
    let Some(python) = Tool::python_or_skip() else { return };
    let cases = drawn();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/oracles/python/codes.py");
    let input: String = cases.iter().map(Case::for_pyotp).collect();
    let answers = python.run(&[script], input.as_bytes());
    assert_eq!(answers.lines().count(), CASES);
    for (case, theirs) in cases.iter().zip(answers.lines()) {
        assert_eq!(case.by_us()[0], theirs, "{case:?}");
    }
}

/// It takes one case a process, about a millisecond each.
#[test]
fn twenty_thousand_codes_are_those_that_oathtool_computes() {
    let Some(oathtool) = Tool::or_skip("oathtool", "oathtool") else { return };
    let cases = drawn();
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    thread::scope(|scope| {
        for share in cases.chunks(CASES.div_ceil(threads)) {
            let oathtool = &oathtool;
            scope.spawn(move || {
                for case in share {
                    assert_eq!(case.by_oathtool(oathtool), case.by_us(), "{case:?}");
                }
            });
        }
    });
}
