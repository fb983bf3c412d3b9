//! How codes are drawn, written, read and kept.

use super::*;

const FIRST: &str = "208H44-RM2MB1-E60S38-DHR78Y";
const LAST: &str = "M2GT58-X4MPKA-FA59NA-NTSBDE";
/// The first half of the SHA-256 of the salt, a zero and the fifteen bytes of the code.
const DIGEST_OF_FIRST: [u8; 16] =
    [0x0d, 0xcd, 0x5a, 0x22, 0x8d, 0xd7, 0x97, 0xd6, 0x0d, 0xb6, 0x5a, 0xcb, 0x70, 0x5a, 0xf2, 0x52];

/// Bytes that count up, so that everything drawn is different and known.
struct Counting(std::sync::Mutex<u8>);

impl SecureRandom for Counting {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), BoxError> {
        let mut next = self.0.lock().unwrap();
        for byte in bytes {
            *byte = *next;
            *next = next.wrapping_add(1);
        }
        Ok(())
    }
}

fn drawn() -> Drawn {
    Drawn::draw(&Counting(std::sync::Mutex::new(0))).unwrap()
}

/// The expected values are those of Python's `base64` and `hashlib`.
#[test]
fn codes_are_crockfords_base32_of_fifteen_bytes_in_groups_of_six() {
    let drawn = drawn();
    let lines: Vec<&str> = drawn.shown.expose().lines().collect();
    assert_eq!(lines.len(), RecoveryCodes::COUNT);
    // The sixteen bytes of the salt come first, and of the sixteen of each code the last one is dropped.
    assert_eq!(lines[0], FIRST);
    assert_eq!(lines[9], LAST);
    assert_eq!(drawn.kept.digests[0], DIGEST_OF_FIRST);
    for line in lines {
        assert!(line.len() == 27 && line.split('-').all(|group| group.len() == 6), "{line}");
    }
}

#[test]
fn spelling_is_forgiven_and_nothing_else() {
    let mut kept = drawn().kept;
    for spelling in [
        FIRST.to_lowercase(),
        FIRST.replace('-', ""),
        FIRST.replace('-', " "),
        format!("  {} - ", FIRST.replace('0', "O").replace('1', "l")),
        FIRST.replace('0', "o").replace('1', "I"),
    ] {
        let mut kept = KeptCodes { salt: kept.salt, digests: kept.digests.clone() };
        assert!(kept.take(&RecoveryCode::parse(&spelling).unwrap()).is_some(), "{spelling}");
    }
    for odd in [
        "",
        "123456",
        &FIRST[1..],
        &format!("{FIRST}0"),
        &FIRST.replace('-', "_"),
        &FIRST.replacen('2', "U", 1),
        &FIRST.replacen('2', "２", 1),
        &format!("{FIRST}\n"),
        &FIRST.repeat(1_000),
    ] {
        assert!(RecoveryCode::parse(odd).is_err(), "{odd}");
    }
    let mut almost = FIRST.to_owned();
    almost.replace_range(26.., if FIRST.ends_with('0') { "1" } else { "0" });
    assert!(kept.take(&RecoveryCode::parse(&almost).unwrap()).is_none());
}

/// R1.
#[test]
fn each_code_is_taken_once_and_takes_no_other_with_it() {
    let Drawn { shown, mut kept } = drawn();
    for (left, line) in (0..10).rev().zip(shown.expose().lines()) {
        let code = RecoveryCode::parse(line).unwrap();
        assert!(kept.take(&code).is_some());
        assert!(kept.take(&code).is_none());
        assert_eq!(kept.left(), left);
    }
}

/// R9: two users with the same codes, which never happens, would not be seen to have them.
#[test]
fn the_salt_is_part_of_the_hash() {
    let code = RecoveryCode::parse(FIRST).unwrap();
    assert_ne!(code.digest(&[0; 16]), code.digest(&[1; 16]));
}
