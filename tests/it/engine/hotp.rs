//! Tokens with a button: looking ahead, and finding one again that has run far ahead (RFC 4226 §7.4).

use countersign::otp::{Code, Digits, Hotp};

use super::{hotp, rfc_secret};

fn code(counter: u64) -> Code {
    hotp(&rfc_secret(), counter, Digits::Six)
}

fn check(counter: u64, expected: u64, look_ahead: u32) -> Option<u64> {
    Hotp::default().check(&rfc_secret(), code(counter), expected, look_ahead).unwrap()
}

fn resynchronize(first: u64, second: u64, expected: u64, look_ahead: u32) -> Option<u64> {
    Hotp::default().resynchronize(&rfc_secret(), code(first), code(second), expected, look_ahead).unwrap()
}

/// RFC 4226 §7.2, §7.4, R1: nothing before the expected counter, and nothing beyond the look-ahead.
#[test]
fn a_code_is_found_from_the_expected_counter_up_to_the_look_ahead() {
    for counter in 95..=110 {
        let found = (100..=105).contains(&counter).then_some(counter);
        assert_eq!(check(counter, 100, 5), found, "{counter}");
        assert_eq!(check(counter, 100, 0), found.filter(|counter| *counter == 100));
    }
}

/// R1: expecting the one after it from then on, nothing is accepted twice.
#[test]
fn who_expects_the_next_counter_accepts_none_twice() {
    let mut expected = 7;
    for pressed in [7, 9, 9, 8, 12, 12, 13] {
        if let Some(found) = check(pressed, expected, 5) {
            assert!(found >= expected);
            expected = found + 1;
        }
    }
    assert_eq!(expected, 14);
}

#[test]
fn two_consecutive_codes_find_a_token_that_has_run_ahead() {
    assert_eq!(resynchronize(900, 901, 100, 1_000), Some(901));
    assert_eq!(resynchronize(100, 101, 100, 0), Some(101));
    // Not in a row, in the wrong order, the same twice, behind, too far ahead.
    for (first, second) in [(900, 902), (901, 900), (900, 900), (98, 99), (1_101, 1_102)] {
        assert_eq!(resynchronize(first, second, 100, 1_000), None, "{first}, {second}");
    }
}

#[test]
fn a_look_ahead_beyond_its_bound_is_refused() {
    let (hotp, secret) = (Hotp::default(), rfc_secret());
    for beyond in [Hotp::MOST_LOOK_AHEAD + 1, u32::MAX] {
        let refused = hotp.check(&secret, code(0), 0, beyond).unwrap_err();
        assert_eq!(refused.to_string(), "the look-ahead must be at most 20");
    }
    for beyond in [Hotp::MOST_RESYNCHRONIZATION + 1, u32::MAX] {
        assert!(hotp.resynchronize(&secret, code(0), code(1), 0, beyond).is_err());
    }
}

/// R11: a token at the end of its counter does not begin anew.
#[test]
fn the_last_counter_has_no_next() {
    assert_eq!(check(u64::MAX, u64::MAX, 20), Some(u64::MAX));
    assert_eq!(check(0, u64::MAX, 20), None);
    assert_eq!(resynchronize(u64::MAX, 0, u64::MAX - 5, 20), None);
    assert_eq!(resynchronize(u64::MAX - 1, u64::MAX, u64::MAX - 5, 20), Some(u64::MAX));
}

#[test]
fn codes_of_another_number_of_digits_are_no_codes_of_this_token() {
    let eight = |counter| hotp(&rfc_secret(), counter, Digits::Eight);
    let six = Hotp::default();
    assert_eq!(six.check(&rfc_secret(), eight(1), 0, 5).unwrap(), None);
    assert_eq!(six.resynchronize(&rfc_secret(), code(1), eight(2), 0, 5).unwrap(), None);
}
