//! Sealed content that no version of ours can have written.

use super::*;
use crate::requirement::Epoch;

fn policy() -> Policy {
    Policy { requirement: Requirement::On, epoch: Epoch::FIRST, settings: Settings::pci_dss() }
}

/// R4: settings out of their bounds are no settings, whoever sealed them.
#[test]
fn settings_that_no_admin_could_have_chosen_are_damaged() {
    let id = WriteId([3; 16]);
    let bytes = to_bytes(&policy(), id);
    assert_eq!(from_bytes::<Policy>(&bytes).unwrap(), (policy(), id));
    // After version, id, requirement and epoch: the hard stop, the waits, four lifetimes, sessions, days.
    let settings = 1 + 16 + 1 + 16;
    let hard_stop = settings..settings + 4;
    let mut changed = bytes.clone();
    changed[hard_stop].copy_from_slice(&101_u32.to_be_bytes());
    assert!(from_bytes::<Policy>(&changed).is_err());
    for place in settings..bytes.len() {
        let mut changed = bytes.clone();
        changed[place] = 0xff;
        let read = from_bytes::<Policy>(&changed);
        // Only where 255 is a number like any other may it be read, and then it is read as what it is.
        assert!(read.is_err() || to_bytes(&read.unwrap().0, id) == changed, "byte {place}");
    }
    for length in 0..bytes.len() {
        assert!(from_bytes::<Policy>(&bytes[..length]).is_err());
    }
}
