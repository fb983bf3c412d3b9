//! Checking a code: which step of the window it belongs to, and whether that one is still to be had.

use countersign::otp::{Check, Code, Digits, InvalidPeriod, Secret, Totp, Window, WindowTooWide};
use proptest::prelude::*;

use super::{Told, at, hotp, rfc_secret, secret_bytes, step, told};

/// Steps of the RFCs' secret with the same six digits as the step after them, and as the one after that: the first
/// that a loop over all steps from zero came upon. One pair in a million is such a one.
const LIKE_THE_NEXT: (u64, &str) = (910_737, "911617");
const LIKE_THE_NEXT_BUT_ONE: (u64, &str) = (153_567, "468457");

/// The code of a step of the RFCs' secret.
fn code_of(number: u64) -> Code {
    hotp(&rfc_secret(), number, Digits::Six)
}

/// Checks a code of the RFCs' secret in the middle of a step.
fn check(code: Code, now: u64, last_consumed: Option<u64>) -> Told {
    told(
        Totp::default(),
        &rfc_secret(),
        code,
        at(now * 30 + 15),
        Window::ONE_EACH_WAY,
        last_consumed.map(step),
    )
}

/// R1: and then it is told apart from a wrong one.
#[test]
fn a_code_is_accepted_once() {
    assert_eq!(check(code_of(100), 100, None), Told::Right(step(100)));
    assert_eq!(check(code_of(100), 100, Some(100)), Told::Used);
}

#[test]
fn a_code_is_accepted_one_step_early_and_one_step_late_and_no_more() {
    for (now, expected) in [
        (98, Told::Wrong),
        (99, Told::Right(step(100))),
        (100, Told::Right(step(100))),
        (101, Told::Right(step(100))),
        (102, Told::Wrong),
    ] {
        assert_eq!(check(code_of(100), now, None), expected, "at step {now}");
    }
}

#[test]
fn a_step_begins_with_its_first_second_and_ends_with_its_last() {
    let totp = Totp::default();
    let none = Window::new(0, 0).unwrap();
    for (second, expected) in [
        (2_999, Told::Wrong),
        (3_000, Told::Right(step(100))),
        (3_029, Told::Right(step(100))),
        (3_030, Told::Wrong),
    ] {
        assert_eq!(
            told(totp, &rfc_secret(), code_of(100), at(second), none, None),
            expected,
            "at {second} s"
        );
    }
}

/// R1: also when a code of the future was consumed first, or the clock was set back since.
#[test]
fn only_steps_later_than_the_last_consumed_are_accepted() {
    for (last_consumed, expected) in [
        (0, Told::Right(step(100))),
        (99, Told::Right(step(100))),
        (100, Told::Used),
        (101, Told::Used),
        (5_000_000, Told::Used),
        (u64::MAX, Told::Used),
    ] {
        assert_eq!(check(code_of(100), 100, Some(last_consumed)), expected, "{last_consumed} was consumed");
    }
}

#[test]
fn a_code_of_no_step_of_the_window_is_wrong_however_much_was_consumed() {
    let wrong = Code::parse("000000", Digits::Six).unwrap();
    for last_consumed in [None, Some(0), Some(100), Some(u64::MAX)] {
        assert_eq!(check(wrong, 100, last_consumed), Told::Wrong);
        assert_eq!(check(code_of(97), 100, last_consumed), Told::Wrong);
    }
}

/// R1, R12: an engine that stops at the first step that matches would tell the earlier one, and take the same code
/// again for the later one.
#[test]
fn a_code_of_two_steps_counts_for_the_later_one_and_burns_both() {
    for ((first, text), gap) in [(LIKE_THE_NEXT, 1), (LIKE_THE_NEXT_BUT_ONE, 2)] {
        let last = first + gap;
        assert_eq!((code_of(first).expose(), code_of(last).expose()), (text.to_owned(), text.to_owned()));
        let code = Code::parse(text, Digits::Six).unwrap();
        // Every present at which the window holds both.
        for now in last - 1..=first + 1 {
            assert_eq!(check(code, now, None), Told::Right(step(last)), "{first} and {last}, at {now}");
            assert_eq!(check(code, now, Some(last)), Told::Used, "{first} and {last}, at {now}");
            // What was consumed before has no say in which of the two it is, as long as one is left.
            for earlier in [0, first - 1, first, last - 1] {
                assert_eq!(check(code, now, Some(earlier)), Told::Right(step(last)));
            }
        }
    }
}

#[test]
fn a_code_of_another_number_of_digits_is_wrong() {
    let all = [Digits::Six, Digits::Seven, Digits::Eight];
    let now = at(59);
    for (asked, given) in all.into_iter().flat_map(|asked| all.map(|given| (asked, given))) {
        let code = hotp(&rfc_secret(), 1, given);
        let check = told(Totp::new(asked, 30).unwrap(), &rfc_secret(), code, now, Window::ONE_EACH_WAY, None);
        let expected = if asked == given { Told::Right(step(1)) } else { Told::Wrong };
        assert_eq!(check, expected, "{given:?} of {asked:?}");
    }
}

/// "00123456" and "123456" are one number and two codes.
#[test]
fn leading_zeros_are_part_of_a_code() {
    let totp = Totp::new(Digits::Eight, 30).unwrap();
    let texts = (0..1000).map(|number| (number, hotp(&rfc_secret(), number, Digits::Eight).expose()));
    let (number, text) = { texts }.find(|(_, text)| text.starts_with("00")).expect("one in a hundred does");
    let check = |text: &str, digits| {
        let code = Code::parse(text, digits).unwrap();
        told(totp, &rfc_secret(), code, at(number * 30), Window::ONE_EACH_WAY, None)
    };
    assert_eq!(check(&text, Digits::Eight), Told::Right(step(number)));
    assert_eq!(check(&text[1..], Digits::Seven), Told::Wrong);
    assert_eq!(check(&text[2..], Digits::Six), Told::Wrong);
}

#[test]
fn another_secrets_code_is_wrong() {
    let other = Secret::from_bytes(b"09876543210987654321").unwrap();
    assert_eq!(check(hotp(&other, 100, Digits::Six), 100, None), Told::Wrong);
}

/// R11: at the beginning of time there is no step before; nothing stands in for it.
#[test]
fn at_time_zero_the_window_has_no_step_before() {
    let totp = Totp::default();
    for seconds in [0, 1, 29] {
        let check = |code, last| told(totp, &rfc_secret(), code, at(seconds), Window::ONE_EACH_WAY, last);
        assert_eq!(check(code_of(0), None), Told::Right(step(0)));
        assert_eq!(check(code_of(1), None), Told::Right(step(1)));
        assert_eq!(check(code_of(0), Some(step(0))), Told::Used);
        assert_eq!(check(code_of(1), Some(step(0))), Told::Right(step(1)));
        // The steps that minus one could be taken for.
        for wrapped in [u64::MAX, u64::MAX / 30, u64::from(u32::MAX), 2] {
            assert_eq!(check(code_of(wrapped), None), Told::Wrong, "the code of {wrapped}");
        }
    }
}

/// R11: and at its end nothing wraps around to its beginning.
#[test]
fn at_the_end_of_time_the_window_does_not_reach_its_beginning() {
    for period in 15..=120 {
        let totp = Totp::new(Digits::Six, period).unwrap();
        let last = u64::MAX / u64::from(period);
        let check = |code, seconds| told(totp, &rfc_secret(), code, at(seconds), Window::ONE_EACH_WAY, None);
        assert_eq!(totp.step_at(at(u64::MAX)), Some(step(last)));
        for near in [last - 1, last, last + 1] {
            assert_eq!(check(code_of(near), u64::MAX), Told::Right(step(near)));
            assert_eq!(check(code_of(near), 0), Told::Wrong);
        }
        for far in [0, 1, 2, u64::MAX] {
            assert_eq!(check(code_of(far), u64::MAX), Told::Wrong, "the code of {far}, {period} s");
        }
    }
}

#[test]
fn a_step_lasts_15_to_120_seconds() {
    for period in 0..=u8::MAX {
        let totp = Totp::new(Digits::Eight, period);
        if !(15..=120).contains(&period) {
            assert_eq!(totp, Err(InvalidPeriod), "{period} s");
            continue;
        }
        let totp = totp.unwrap();
        assert_eq!((totp.digits(), totp.period()), (Digits::Eight, period));
        let (first, last) = (at(7 * u64::from(period)), at(8 * u64::from(period) - 1));
        assert_eq!((totp.step_at(first), totp.step_at(last)), (Some(step(7)), Some(step(7))));
        for time in [first, last] {
            let code = hotp(&rfc_secret(), 7, Digits::Eight);
            let check = told(totp, &rfc_secret(), code, time, Window::new(0, 0).unwrap(), None);
            assert_eq!(check, Told::Right(step(7)), "{period} s");
        }
    }
}

#[test]
fn a_window_reaches_at_most_ten_steps_each_way() {
    assert_eq!(Window::ONE_EACH_WAY, Window::new(1, 1).unwrap());
    for (back, ahead) in [(11, 0), (0, 11), (11, 11), (u8::MAX, 0), (0, u8::MAX)] {
        assert_eq!(Window::new(back, ahead), Err(WindowTooWide));
    }
    assert!(Window::new(10, 10).is_ok());
}

#[test]
fn a_window_may_reach_further_one_way_than_the_other() {
    let totp = Totp::default();
    let window = Window::new(3, 0).unwrap();
    for (number, expected) in
        [(96, Told::Wrong), (97, Told::Right(step(97))), (100, Told::Right(step(100))), (101, Told::Wrong)]
    {
        assert_eq!(told(totp, &rfc_secret(), code_of(number), at(3_000), window, None), expected, "{number}");
    }
}

/// RFC 6238 §6: what a right code tells of the clock it was made by.
#[test]
fn a_right_code_tells_how_far_off_it_was() {
    let window = Window::new(10, 10).unwrap();
    for offset in -10_i8..=10 {
        let code = code_of(100_u64.saturating_add_signed(offset.into()));
        let check = Totp::default().check(&rfc_secret(), code, at(3_000), window, None);
        let Check::Right(found) = check else { panic!("{check:?}, {offset} steps off") };
        assert_eq!((found.step, found.offset), (step(100_u64.saturating_add_signed(offset.into())), offset));
    }
}

/// RFC 6238 §6: a window that follows a clock moves, and accepts as many codes as before, and not those of its old
/// place.
#[test]
fn a_recentered_window_moves_and_does_not_grow() {
    for drift in -10_i8..=10 {
        let window = Window::ONE_EACH_WAY.recentered(drift).unwrap();
        let right: Vec<i64> = (-20..=20)
            .filter(|off| {
                let code = code_of(1_000_u64.saturating_add_signed(*off));
                told(Totp::default(), &rfc_secret(), code, at(30_000), window, None) != Told::Wrong
            })
            .collect();
        let center = i64::from(drift);
        assert_eq!(right, [center - 1, center, center + 1], "{drift}");
    }
    for drift in [-11, 11, i8::MIN, i8::MAX] {
        assert_eq!(Window::ONE_EACH_WAY.recentered(drift), Err(WindowTooWide));
    }
}

/// R11: a window that drifts beyond either end of time accepts what exists, and nothing in the place of the rest.
#[test]
fn a_recentered_window_does_not_wrap_around() {
    let slow = Window::ONE_EACH_WAY.recentered(-10).unwrap();
    let fast = Window::ONE_EACH_WAY.recentered(10).unwrap();
    let last = u64::MAX / 15;
    let totp = Totp::new(Digits::Six, 15).unwrap();
    for number in (0..=20).chain(last - 20..=last) {
        let code = code_of(number);
        let at_zero = told(totp, &rfc_secret(), code, at(0), slow, None);
        assert_eq!(at_zero, Told::Wrong, "{number}");
        let at_the_end = told(totp, &rfc_secret(), code, at(u64::MAX), fast, None);
        assert_eq!(at_the_end, Told::Wrong, "{number}");
    }
}

/// RFC 6238 §4.2, R11: before T0 there is no step, no code and no right one.
#[test]
fn before_the_counting_begins_there_is_nothing() {
    let totp = Totp::new(Digits::Six, 15).unwrap().counted_from(at(1_000));
    for time in [0, 1, 999] {
        assert_eq!(totp.step_at(at(time)), None);
        assert!(totp.code_at(&rfc_secret(), at(time)).is_none());
        for number in [0, 1, u64::MAX] {
            let check = told(totp, &rfc_secret(), code_of(number), at(time), Window::ONE_EACH_WAY, None);
            assert_eq!(check, Told::Wrong);
        }
    }
    assert_eq!((totp.step_at(at(1_000)), totp.step_at(at(1_015))), (Some(step(0)), Some(step(1))));
    let check = told(totp, &rfc_secret(), code_of(1), at(1_015), Window::ONE_EACH_WAY, None);
    assert_eq!(check, Told::Right(step(1)));
    assert_eq!(totp.t0(), at(1_000));
}

/// What a naive reading of RFC 6238 §5.2 says: compare the texts of the steps that exist, and take the latest.
fn naive(
    totp: Totp,
    secret: &Secret,
    text: &str,
    now: u64,
    (back, ahead): (u8, u8),
    consumed: Option<u64>,
) -> Told {
    let present = now / u64::from(totp.period());
    let window = present.saturating_sub(back.into())..=present.saturating_add(ahead.into());
    match window.rev().find(|number| hotp(secret, *number, totp.digits()).expose() == text) {
        None => Told::Wrong,
        Some(number) if consumed.is_none_or(|consumed| number > consumed) => Told::Right(step(number)),
        Some(_) => Told::Used,
    }
}

/// A secret and a period, and a point in time: of our days, of the beginning and the end of time, or one at which a
/// code belongs to two steps.
fn moments() -> impl Strategy<Value = (Vec<u8>, u8, u64)> {
    let times = prop_oneof![
        1_500_000_000..4_000_000_000_u64,
        0..2_000_u64,
        u64::MAX - 2_000..=u64::MAX,
        any::<u64>(),
    ];
    let twice = prop::sample::select(vec![LIKE_THE_NEXT.0, LIKE_THE_NEXT_BUT_ONE.0]);
    let at_twice = (twice, -60..=120_i64).prop_map(|(number, off)| (number * 30).saturating_add_signed(off));
    prop_oneof![
        3 => (secret_bytes(), 15..=120_u8, times),
        1 => at_twice.prop_map(|time| (rfc_secret().expose().to_vec(), 30, time)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    /// R1, R11
    #[test]
    fn check_agrees_with_a_naive_reading_of_the_rfc(
        (bytes, period, now) in moments(),
        digits in prop::sample::select(vec![Digits::Six, Digits::Seven, Digits::Eight]),
        reach in prop_oneof![Just((1, 1)), (0..=10_u8, 0..=10_u8)],
        // Which step's code is typed; before zero and after the last it wraps around, which must not match.
        typed in prop_oneof![4 => -3..=3_i64, 1 => -12..=12_i64],
        consumed in prop::option::of(-12..=12_i64),
        noise in prop::option::weighted(0.1, 0..1_000_000_u32),
    ) {
        let secret = Secret::from_bytes(&bytes).unwrap();
        let totp = Totp::new(digits, period).unwrap();
        let present = now / u64::from(period);
        let text = match noise {
            Some(number) => format!("{number:0width$}", width = usize::from(digits.count())),
            None => hotp(&secret, present.wrapping_add_signed(typed), digits).expose(),
        };
        let consumed = consumed.map(|off| present.saturating_add_signed(off));
        let code = Code::parse(&text, digits).unwrap();
        let window = Window::new(reach.0, reach.1).unwrap();
        prop_assert_eq!(
            told(totp, &secret, code, at(now), window, consumed.map(step)),
            naive(totp, &secret, &text, now, reach, consumed)
        );
    }

    /// R1: whatever is typed, in whatever order, with the clock going forth and back: who stores the step that was
    /// told accepts no step twice, and no text twice in a row.
    #[test]
    fn who_stores_the_step_accepts_no_step_twice(
        (bytes, period, start) in moments(),
        attempts in prop::collection::vec((-100..=100_i64, -2..=2_i64), 1..20),
    ) {
        let secret = Secret::from_bytes(&bytes).unwrap();
        let totp = Totp::new(Digits::Six, period).unwrap();
        let (mut now, mut consumed) = (start, None);
        for (passed, typed) in attempts {
            now = now.saturating_add_signed(passed);
            let number = totp.step_at(at(now)).unwrap().number().saturating_add_signed(typed);
            let code = hotp(&secret, number, Digits::Six);
            let check = |consumed| told(totp, &secret, code, at(now), Window::ONE_EACH_WAY, consumed);
            if let Told::Right(step) = check(consumed) {
                prop_assert!(Some(step) > consumed, "{step:?} after {consumed:?}");
                consumed = Some(step);
                prop_assert_eq!(check(consumed), Told::Used);
            }
        }
    }
}
