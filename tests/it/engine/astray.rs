//! Where a wrong code belongs: told within bounds, and never a help to a guesser.

use countersign::otp::{Astray, Check, Code, Digits, Secret, Step, Totp, Window};
use proptest::prelude::*;

use super::{at, hotp, rfc_secret, step};

fn astray(number: u64, now: u64, last_consumed: Option<u64>, way: Astray) -> Option<i16> {
    let verifier = Totp::default().verifier(&rfc_secret());
    let code = hotp(&rfc_secret(), number, Digits::Six);
    verifier.astray(code, at(now * 30 + 15), Window::ONE_EACH_WAY, last_consumed.map(step), way)
}

#[test]
fn a_clock_that_is_behind_is_found_out_up_to_an_hour() {
    for (number, expected) in
        [(10_000 - 122, Some(-122)), (10_000 - 123, None), (10_000 - 8, Some(-8)), (10_000 - 3, Some(-3))]
    {
        assert_eq!(astray(number, 10_000, None, Astray::Behind), expected, "step {number}");
    }
    assert_eq!(astray(10_000 - 120, 10_000, None, Astray::EitherWay), Some(-120));
    assert_eq!(astray(10_000 - 121, 10_000, None, Astray::EitherWay), None);
}

/// R2, R12: the codes of the window, of the step before it and of all that is to come are as unknown as any number.
#[test]
fn what_is_or_will_be_right_somewhere_is_not_told() {
    for number in 10_000 - 2..10_000 + 130 {
        assert_eq!(astray(number, 10_000, None, Astray::Behind), None, "step {number}");
    }
}

/// R2: a window that follows a clock which is fast begins after the present, and what lies between is still to come.
#[test]
fn behind_a_window_that_is_ahead_of_the_present_nothing_is_told_that_is_to_come() {
    let verifier = Totp::default().verifier(&rfc_secret());
    let window = Window::ONE_EACH_WAY.recentered(10).unwrap();
    for offset in -3_i16..9 {
        let code = hotp(&rfc_secret(), 10_000_u64.saturating_add_signed(offset.into()), Digits::Six);
        let told = verifier.astray(code, at(300_015), window, None, Astray::Behind);
        assert_eq!(told, Some(offset).filter(|offset| *offset <= -2));
    }
}

#[test]
fn a_clock_that_is_ahead_is_found_out_where_it_is_asked_for() {
    for ahead in [2, 8, 120] {
        assert_eq!(astray(10_000 + ahead, 10_000, None, Astray::EitherWay), i16::try_from(ahead).ok());
    }
    assert_eq!(astray(10_000 + 121, 10_000, None, Astray::EitherWay), None);
}

#[test]
fn a_code_that_was_used_says_nothing_of_a_clock() {
    for way in [Astray::Behind, Astray::EitherWay] {
        assert_eq!(astray(9_980, 10_000, Some(9_979), way), Some(-20));
        assert_eq!(astray(9_980, 10_000, Some(9_980), way), None);
        assert_eq!(astray(9_980, 10_000, Some(u64::MAX), way), None);
    }
}

#[test]
fn a_code_of_another_number_of_digits_is_of_no_time() {
    let verifier = Totp::new(Digits::Eight, 30).unwrap().verifier(&rfc_secret());
    let code = hotp(&rfc_secret(), 9_980, Digits::Six);
    let told = verifier.astray(code, at(300_000), Window::ONE_EACH_WAY, None, Astray::Behind);
    assert_eq!(told, None);
    let code = hotp(&rfc_secret(), 9_980, Digits::Eight);
    let told = verifier.astray(code, at(300_000), Window::ONE_EACH_WAY, None, Astray::Behind);
    assert_eq!(told, Some(-20));
}

/// R11.
#[test]
fn the_ends_of_time_are_survived() {
    let verifier = Totp::default().verifier(&rfc_secret());
    let code = hotp(&rfc_secret(), 0, Digits::Six);
    for (now, behind, either) in [
        (0, None, Some(0)),
        (89, None, Some(-2)),
        (90, Some(-3), Some(-3)),
        (3_600, Some(-120), Some(-120)),
        (u64::MAX, None, None),
    ] {
        let told = |way| verifier.astray(code, at(now), Window::ONE_EACH_WAY, None, way);
        assert_eq!((told(Astray::Behind), told(Astray::EitherWay)), (behind, either), "at {now} s");
    }
    let late = Totp::default().counted_from(at(1_000)).verifier(&rfc_secret());
    assert_eq!(late.astray(code, at(999), Window::ONE_EACH_WAY, None, Astray::EitherWay), None);
}

/// What the search should find, in the plainest words: all codes of an hour, one after the other.
fn plainly(case: &Case, code: Code) -> Option<i16> {
    let (present, period) = (case.now / u64::from(case.period), i64::from(case.period));
    let earliest = (i64::from(case.drift) - i64::from(case.back)).min(0);
    let offsets = match case.way {
        Astray::Behind => earliest - 1 - 3_600 / period..=earliest - 2,
        Astray::EitherWay => -(3_600 / period)..=3_600 / period,
    };
    let matches = |offset: &i64| {
        present.checked_add_signed(*offset).is_some_and(|number| {
            hotp(&case.secret(), number, case.digits).expose() == code.expose()
                && case.consumed.is_none_or(|consumed| number > consumed)
        })
    };
    offsets.rev().find(matches).map(|offset| offset.try_into().unwrap())
}

#[derive(Clone, Debug)]
struct Case {
    key: [u8; 20],
    now: u64,
    period: u8,
    digits: Digits,
    back: u8,
    ahead: u8,
    drift: i8,
    consumed: Option<u64>,
    way: Astray,
    /// Whose code is typed, so many steps from the present one.
    typed: i64,
}

impl Case {
    fn secret(&self) -> Secret {
        Secret::from_bytes(&self.key).unwrap()
    }

    fn window(&self) -> Window {
        Window::new(self.back, self.ahead).unwrap().recentered(self.drift).unwrap()
    }

    fn totp(&self) -> Totp {
        Totp::new(self.digits, self.period).unwrap()
    }
}

fn case() -> impl Strategy<Value = Case> {
    let present = prop_oneof![0_u64..10_000, 1_700_000_000_u64..1_800_000_000];
    let digits = prop_oneof![Just(Digits::Six), Just(Digits::Seven), Just(Digits::Eight)];
    let way = prop_oneof![Just(Astray::Behind), Just(Astray::EitherWay)];
    let consumed = prop::option::weighted(0.5, -200_i64..20);
    let periods = prop_oneof![Just(30_u8), 15_u8..=120];
    (
        any::<[u8; 20]>(),
        present,
        periods,
        digits,
        (0_u8..=10, 0_u8..=10, -10_i8..=10),
        consumed,
        way,
        -260_i64..260,
    )
        .prop_map(|(key, now, period, digits, (back, ahead, drift), consumed, way, typed)| {
            let present = now / u64::from(period);
            let consumed = consumed.map(|steps| present.saturating_add_signed(steps));
            Case { key, now, period, digits, back, ahead, drift, consumed, way, typed }
        })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_told_is_what_a_plain_search_finds(case in case()) {
        let number = (case.now / u64::from(case.period)).saturating_add_signed(case.typed);
        let code = hotp(&case.secret(), number, case.digits);
        let verifier = case.totp().verifier(&case.secret());
        let told = verifier.astray(code, at(case.now), case.window(), case.consumed.map(step), case.way);
        prop_assert_eq!(told, plainly(&case, code));
    }

    /// R1: what was told as a step that is over is not taken from then on, here or by a server whose clock is a step
    /// behind.
    #[test]
    fn what_is_told_as_past_is_never_right_again(case in case(), later in 0_u64..200) {
        let case = Case { way: Astray::Behind, consumed: None, ..case };
        let number = (case.now / u64::from(case.period)).saturating_add_signed(case.typed);
        let code = hotp(&case.secret(), number, case.digits);
        let verifier = case.totp().verifier(&case.secret());
        let Some(offset) = verifier.astray(code, at(case.now), case.window(), None, case.way) else { return Ok(()) };
        let told = (case.now / u64::from(case.period)).saturating_add_signed(offset.into());
        let period = u64::from(case.period);
        let then = case.now.saturating_sub(period) + later * period;
        match verifier.check(code, at(then), case.window(), None) {
            // One in a hundred thousand: the code of a later step as well, as any number could be.
            Check::Right(found) => prop_assert!(found.step > Step::from_number(told)),
            Check::Used => prop_assert!(false, "nothing was consumed"),
            Check::Wrong => {}
        }
    }
}
