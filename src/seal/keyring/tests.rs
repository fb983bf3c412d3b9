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
    Context::of(Kind::UserRecord).and(b"acme").and(b"ian")
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
        Context::of(Kind::OrgSettings).and(b"acme").and(b"ian"),
        Context::of(Kind::UserRecord).and(b"acme").and(b"ida"),
        Context::of(Kind::UserRecord).and(b"acmei").and(b"an"),
        Context::of(Kind::UserRecord).and(b"acmeian"),
        Context::of(Kind::UserRecord).and(b"acme").and(b"ian").and(b""),
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

/// R17.
#[test]
fn an_older_key_opens_and_the_active_one_seals() {
    let sealed = keyring().seal(context(), plain(), &OsRandom).unwrap();
    let rotated = Keyring::new(KeyId(2), [2; 32]).with_older(KeyId(1), [1; 32]).unwrap();
    assert_eq!(*rotated.open(context(), &sealed).unwrap(), *plain());
    let anew = rotated.seal(context(), plain(), &OsRandom).unwrap();
    assert_eq!(keyring().open(context(), &anew).unwrap_err(), DoesNotOpen::UnknownKey(KeyId(2)));
    assert_eq!(rotated.with_older(KeyId(2), [3; 32]).unwrap_err(), InvalidKeyring::TwiceTheId(KeyId(2)));
}

/// R17: what is handed out lives under the active key and the one beside it, and dies when that one is older.
#[test]
fn a_token_opens_under_the_active_key_and_the_one_beside_it() {
    let token = || Context::of(Kind::Stamp).and(b"acme");
    let of_one = keyring().seal(token(), plain(), &OsRandom).unwrap();
    let two = || Keyring::new(KeyId(2), [2; 32]);
    assert_eq!(*two().with_beside(KeyId(1), [1; 32]).unwrap().open(token(), &of_one).unwrap(), *plain());
    let older = two().with_older(KeyId(1), [1; 32]).unwrap();
    assert_eq!(older.open(token(), &of_one).unwrap_err(), DoesNotOpen::UnknownKey(KeyId(1)));
    // The coming key, before any server seals under it.
    let of_two = two().seal(token(), plain(), &OsRandom).unwrap();
    let coming = keyring().with_beside(KeyId(2), [2; 32]).unwrap();
    assert_eq!(*coming.open(token(), &of_two).unwrap(), *plain());
    assert_eq!(coming.seal(token(), plain(), &OsRandom).unwrap()[1..5], 1_u32.to_be_bytes());
}

/// R17: no two kinds of sealed thing share a key, so that one can be made from another by no mistake about contexts.
#[test]
fn each_kind_has_a_key_of_its_own() {
    let key = Key::derived(KeyId(1), &[1; 32]);
    let distinct: std::collections::BTreeSet<_> = key.subkeys.iter().collect();
    assert_eq!(distinct.len(), Kind::ALL.len());
    assert!(!key.subkeys.contains(&[1; 32]));
}

fn base16(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

/// Those of the key below, by `hmac` and `hashlib` of Python.
const DERIVED: [&str; Kind::ALL.len()] = [
    "7490675fac07a6bc9eb84741709e9d95e811513f08dfb14884bddcbf4ecfc455",
    "d55ee906343438a0a6f3b3a296c1eafc076cadc3d0cd90ff24e6204e5c3d0c7a",
    "b20a37fe336629fc09b48ed403f63ffa9d44fb729278c253187337408d079fe6",
    "a573ec945798ac8bc70ee51a30fc15de97a54f5cacc93550fd4506bc98345b77",
    "c67a07dac72969f7faa591bd71ebcb4fb0e3b06cc7944d2b7caf9f11b6320e8a",
];

/// RFC 5869 as Python's standard library computes it: what is derived today is derived by every later version.
#[test]
fn the_keys_are_those_of_rfc_5869() {
    let key = Key::derived(KeyId(1), b"the key that seals every record.");
    for (subkey, derived) in key.subkeys.iter().zip(DERIVED) {
        assert_eq!(subkey[..], base16(derived));
    }
}

#[test]
fn a_text_says_which_key_is_beside_the_active_one() {
    let text = |id: u32| {
        let text = Keyring::draw_text(KeyId(id), &OsRandom).unwrap();
        text.as_str().to_owned()
    };
    let (one, two, three) = (text(1), text(2), text(3));
    let keyring = Keyring::from_text(&format!("{three},+{two}\n{one}\n")).unwrap();
    assert_eq!((keyring.active.id, keyring.beside.as_ref().unwrap().id), (KeyId(3), KeyId(2)));
    assert_eq!(keyring.older.iter().map(|key| key.id).collect::<Vec<_>>(), [KeyId(1)]);
    for (odd, why) in [
        (format!("{three},+{two},+{one}"), InvalidKeyring::TwoBeside),
        (format!("{three},+{three}"), InvalidKeyring::TwiceTheId(KeyId(3))),
        (format!("+{three},{two}"), InvalidKeyring::Entry),
        (format!("{three},++{two}"), InvalidKeyring::Entry),
        (format!("{three},+"), InvalidKeyring::Entry),
    ] {
        assert_eq!(Keyring::from_text(&odd).unwrap_err(), why, "{odd}");
    }
}

/// Computed by an implementation of HKDF (RFC 5869) and one of XChaCha20-Poly1305 that know nothing of this one: what is
/// stored keeps its form, and each kind of thing has the key that its name derives.
#[test]
fn what_others_sealed_by_the_same_documents_opens() {
    let bytes = |hex: &str| -> Vec<u8> {
        let pairs = hex.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).unwrap());
        pairs.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect()
    };
    let keyring = Keyring::new(KeyId(5), [7; 32]);
    let head_and_nonce = "0100000005000102030405060708090a0b0c0d0e0f1011121314151617";
    let record = Context::of(Kind::UserRecord).and(b"acme").and(b"ann").and(&3_u64.to_be_bytes());
    let stamp = Context::of(Kind::Stamp).and(b"production");
    for (context, sealed) in [
        (record, "f6830818c0f0ebadf5ef670d0febf69d6daa50b3617938db87f579248009"),
        (stamp, "1540e328a4279910a8d33739e4765d2e80e6f86690aedd836b2de1a5668e"),
    ] {
        let opened = keyring.open(context, &bytes(&format!("{head_and_nonce}{sealed}"))).unwrap();
        assert_eq!(*opened, b"attack at dawn");
    }
}
