//! What is sealed opens for what it was sealed for, and for nothing else (R9).

use super::*;
use crate::random::OsRandom;

fn keyring() -> Keyring {
    Keyring::new(KeyId(1), [1; 32])
}

fn plain() -> Zeroizing<Vec<u8>> {
    Zeroizing::new(b"what nobody may read".to_vec())
}

fn context() -> Context {
    Context::of("record").and(b"acme").and(b"ian")
}

/// R9.
#[test]
fn what_is_sealed_opens_again_and_shows_nothing_meanwhile() {
    let sealed = keyring().seal(context(), plain(), &OsRandom).unwrap();
    assert!(!sealed.windows(4).any(|window| window == b"what"));
    assert_eq!(*keyring().open(context(), &sealed).unwrap(), *plain());
    // A fresh nonce each time.
    assert_ne!(keyring().seal(context(), plain(), &OsRandom).unwrap(), sealed);
}

/// R9: another purpose, another owner, or the same letters cut at another place.
#[test]
fn what_is_sealed_opens_in_no_other_context() {
    let sealed = keyring().seal(context(), plain(), &OsRandom).unwrap();
    for other in [
        Context::of("ticket").and(b"acme").and(b"ian"),
        Context::of("record").and(b"acme").and(b"ida"),
        Context::of("record").and(b"acmei").and(b"an"),
        Context::of("record").and(b"acmeian"),
        Context::of("record").and(b"acme").and(b"ian").and(b""),
        Context::of("recordacme").and(b"ian"),
    ] {
        assert_eq!(keyring().open(other, &sealed).unwrap_err(), DoesNotOpen::Forged);
    }
}

/// R9, R11: no bit of it can be changed, and no text of a stranger's makes it panic.
#[test]
fn what_was_changed_does_not_open() {
    let sealed = keyring().seal(context(), plain(), &OsRandom).unwrap();
    for place in 0..sealed.len() {
        for bit in 0..8 {
            let mut changed = sealed.clone();
            changed[place] ^= 1 << bit;
            assert!(keyring().open(context(), &changed).is_err(), "byte {place}, bit {bit}");
        }
    }
    for length in 0..sealed.len() {
        assert!(keyring().open(context(), &sealed[..length]).is_err(), "cut to {length}");
    }
}

#[test]
fn an_older_key_opens_and_the_active_one_seals() {
    let sealed = keyring().seal(context(), plain(), &OsRandom).unwrap();
    let rotated = Keyring::new(KeyId(2), [2; 32]).with_older(KeyId(1), [1; 32]).unwrap();
    assert_eq!(*rotated.open(context(), &sealed).unwrap(), *plain());
    let anew = rotated.seal(context(), plain(), &OsRandom).unwrap();
    assert_eq!(keyring().open(context(), &anew).unwrap_err(), DoesNotOpen::UnknownKey(KeyId(2)));
    assert_eq!(rotated.with_older(KeyId(2), [3; 32]).unwrap_err(), InvalidKeyring::TwiceTheId(KeyId(2)));
}
