//! Why a code may have been wrong. Nothing here accepts one, and the guess counts whatever is found (R2).

use std::time::Duration;

use super::{Imported, Live, Pending, Terms};
use crate::{
    otp::{Algorithm, Astray, Check, Code, Digits, Step, Totp, Verifier, Window},
    time::Timestamp,
    verdict::Hint,
};

impl Live {
    /// Returns what a wrong code says about the phone's clock. Only past steps are looked at: the code of a future step
    /// would soon be a right one.
    pub(super) fn hint(&self, code: Code, window: Window, now: Timestamp) -> Option<Hint> {
        let verifier = self.totp.verifier(&self.secret);
        clock(&verifier, self.totp, code, now, window, Some(self.consumed), Astray::Behind)
    }
}

impl Imported {
    /// Returns the same for an imported authenticator, whose secret is on nobody's screen.
    pub(super) fn hint(&self, code: Code, terms: Terms<'_>) -> Option<Hint> {
        let verifier = self.totp.verifier(&self.secret);
        clock(&verifier, self.totp, code, terms.now, terms.codes.window, None, Astray::Behind)
    }
}

/// A first code as it was typed.
#[derive(Clone, Copy)]
pub(super) enum FirstCode {
    AsAsked(Code),
    /// Six digits where more are asked for, as apps show that ignore the number of digits.
    Six(Code),
}

impl FirstCode {
    pub(super) fn parse(text: &str, asked: Digits) -> Option<Self> {
        let as_asked = Code::parse(text, asked).map(Self::AsAsked);
        as_asked.or_else(|_| Code::parse(text, Digits::Six).map(Self::Six)).ok()
    }
}

impl Pending {
    /// Returns what a wrong first code says about the phone's clock and the app. The secret is on the screen of the
    /// user who typed it, so nothing is revealed that they could not compute.
    pub(super) fn hint(&self, code: FirstCode, terms: Terms<'_>) -> Option<Hint> {
        let (now, window) = (terms.now, terms.codes.window);
        // All of them are computed for every code, whichever matches (R12).
        let shows = |totp: Totp, code: Code| {
            let is_it = matches!(totp.check(&self.secret, code, now, window, None), Check::Right(_));
            let (algorithm, digits) = (totp.algorithm(), totp.digits());
            is_it.then_some(Hint::AppShows { algorithm, digits })
        };
        let with_sha1 = self.totp.with_algorithm(Algorithm::Sha1);
        match code {
            FirstCode::AsAsked(code) => {
                let verifier = self.totp.verifier(&self.secret);
                let clock = clock(&verifier, self.totp, code, now, window, None, Astray::EitherWay);
                let algorithm = shows(with_sha1, code);
                clock.or(algorithm)
            }
            FirstCode::Six(code) => {
                let digits = shows(self.totp.with_digits(Digits::Six), code);
                let both = shows(with_sha1.with_digits(Digits::Six), code);
                digits.or(both)
            }
        }
    }
}

fn clock(
    verifier: &Verifier,
    totp: Totp,
    code: Code,
    now: Timestamp,
    window: Window,
    consumed: Option<Step>,
    way: Astray,
) -> Option<Hint> {
    let steps = verifier.astray(code, now, window, consumed, way)?;
    let by = Duration::from_secs(u64::from(steps.unsigned_abs()) * u64::from(totp.period()));
    Some(if steps < 0 { Hint::ClockBehind { by } } else { Hint::ClockAhead { by } })
}
