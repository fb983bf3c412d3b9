//! How codes are drawn, written, read and kept.

use super::*;

const FIRST: &str = "GHJKMN-PQRSTV-WXYZ01-234567";
const LAST: &str = "YZ0123-456789-ABCDEF-GHJKMN";
/// The first half of the SHA-256 of the salt and the 24 characters of the code.
const DIGEST_OF_FIRST: [u8; 16] =
    [0x50, 0xb8, 0x16, 0x5d, 0xb4, 0xab, 0x03, 0x32, 0xe8, 0x51, 0x48, 0xae, 0x91, 0x80, 0x46, 0xdb];

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

fn read(text: &str) -> PaperCode {
    PaperCode::parse_as(Paper::RecoveryCode, text).unwrap()
}

fn drawn() -> Drawn {
    Drawn::draw(&Counting(std::sync::Mutex::new(0))).unwrap()
}

/// The expected values are those of Python's `hashlib`.
#[test]
fn ten_codes_are_drawn_and_their_salted_hashes_are_kept() {
    let drawn = drawn();
    let lines: Vec<&str> = drawn.shown.expose().lines().collect();
    assert_eq!(lines.len(), RecoveryCodes::COUNT);
    assert_eq!(lines[0], FIRST);
    assert_eq!(lines[9], LAST);
    assert_eq!(drawn.kept.digests[0], DIGEST_OF_FIRST);
}

#[test]
fn another_code_is_not_taken() {
    let mut kept = drawn().kept;
    let mut almost = FIRST.to_owned();
    almost.replace_range(26.., if FIRST.ends_with('0') { "1" } else { "0" });
    assert!(kept.take(&read(&almost)).is_none());
    assert!(kept.take(&read(&FIRST.to_lowercase())).is_some());
}

/// R1.
#[test]
fn each_code_is_taken_once_and_takes_no_other_with_it() {
    let Drawn { shown, mut kept } = drawn();
    for (left, line) in (0..10).rev().zip(shown.expose().lines()) {
        let code = read(line);
        assert!(kept.take(&code).is_some());
        assert!(kept.take(&code).is_none());
        assert_eq!(kept.left(), left);
    }
}

/// R9: two users with the same codes, which never happens, would not be seen to have them.
#[test]
fn the_salt_is_part_of_the_hash() {
    let code = read(FIRST);
    assert_ne!(digest(&code, &[0; 16]), digest(&code, &[1; 16]));
}
