//! Sealed content that no version of ours can have written.

use super::*;
use crate::{
    account::{Account, Guesses, Live, Recovery},
    otp::{Secret, Step, Totp},
    policy::{Epoch, Policy, Requirement, Settings},
    seal::Generation,
    time::Timestamp,
    tokens::{AuthenticatorId, KeptCodes},
};

fn policy() -> Policy {
    let sessions_since = Timestamp::from_unix(1_800_000_000);
    Policy { sessions_since, ..Policy::first(Requirement::On, Settings::pci_dss()) }
}

/// R4: settings out of their bounds are no settings, whoever sealed them.
#[test]
fn settings_that_no_admin_could_have_chosen_are_damaged() {
    let id = WriteId([3; 16]);
    let bytes = to_bytes(&policy(), id);
    assert_eq!(from_bytes::<Policy>(&bytes).unwrap(), (policy(), id));
    // After version, id, requirement, epochs and floors: the hard stop, the waits, the lifetimes, sessions, days.
    let settings = 1 + 16 + 1 + 16 + 1 + 8 + 8 + 8;
    let hard_stop = settings..settings + 4;
    let mut changed = bytes.clone();
    changed[hard_stop].copy_from_slice(&101_u32.to_be_bytes());
    assert!(from_bytes::<Policy>(&changed).is_err());
    for place in settings..bytes.len() {
        let mut changed = bytes.clone();
        changed[place] = 0xff;
        let read = from_bytes::<Policy>(&changed);
        // 255 may only be read where it is a number like any other, and then it is read as 255.
        assert!(read.is_err() || to_bytes(&read.unwrap().0, id) == changed, "byte {place}");
    }
    for length in 0..bytes.len() {
        assert!(from_bytes::<Policy>(&bytes[..length]).is_err());
    }
}

fn account(recovery_codes: u8) -> Account {
    let now = Timestamp::from_unix(1_800_000_000);
    let codes = KeptCodes { salt: [9; 16], digests: (0..recovery_codes).map(|n| [n; 16]).collect() };
    let guesses = Guesses { in_a_row: 10, wait: None, blocked_since: Some(now), under_first_factor: true };
    let live = Live {
        id: AuthenticatorId([7; 8]),
        secret: Secret::from_bytes(&[1; 20]).unwrap(),
        totp: Totp::default(),
        epoch: Epoch::FIRST,
        chosen: None,
        told_unasked: false,
        since: now,
        last_used: now,
        consumed: Step::from_number(7),
        drift: -1,
        recovery: Recovery { codes, acknowledged: false, guesses },
    };
    Account { generation: Generation([2; 16]), live: Some(live), ..Account::never_written() }
}

/// R1, R2: what was spent and counted is read back as it was written; more codes than there can be are none.
#[test]
fn recovery_codes_and_their_row_are_kept_and_no_more_of_them_than_there_are() {
    let id = WriteId([3; 16]);
    for codes in [0, 1, 10] {
        let bytes = to_bytes(&account(codes), id);
        let (read, _) = from_bytes::<Account>(&bytes).unwrap();
        assert_eq!(*to_bytes(&read, id), *bytes);
        assert_eq!(read.blocked_since(), account(codes).blocked_since());
        let recovery = read.live.unwrap().recovery;
        assert_eq!(recovery.codes.digests, (0..codes).map(|n| [n; 16]).collect::<Vec<_>>());
        assert_eq!((recovery.codes.salt, recovery.guesses.in_a_row), ([9; 16], 10));
        for length in 0..bytes.len() {
            assert!(from_bytes::<Account>(&bytes[..length]).is_err());
        }
    }
    assert!(from_bytes::<Account>(&to_bytes(&account(11), id)).is_err());
}
