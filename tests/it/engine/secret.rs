//! Secrets: their base32, their bounds, where they come from, and that they show themselves to nobody.

use std::sync::{Arc, Mutex};

use countersign::{
    BoxError, OsRandom, SecureRandom,
    otp::{InvalidSecret, KeyUri, Label, QrCode, Secret, Totp},
};
use proptest::prelude::*;

use super::{rfc_secret, secret_bytes};

const RFC_SECRET: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

/// RFC 4648 §6 by the letter: the bits in a row, five to a character, zeros after the end.
fn naive_base32(bytes: &[u8]) -> String {
    let bits: Vec<u8> = bytes.iter().flat_map(|byte| (0..8).rev().map(move |n| byte >> n & 1)).collect();
    let value = |five: &[u8]| (0..5).fold(0, |value, n| value * 2 + five.get(n).copied().unwrap_or(0));
    bits.chunks(5)
        .map(|five| char::from(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[usize::from(value(five))]))
        .collect()
}

fn read(text: &str) -> Result<Vec<u8>, InvalidSecret> {
    Secret::from_base32(text).map(|secret| secret.expose().to_vec())
}

#[test]
fn the_secret_of_the_rfcs_has_its_well_known_base32() {
    assert_eq!(*rfc_secret().to_base32(), RFC_SECRET);
    assert_eq!(*rfc_secret().to_grouped_base32(), "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ");
}

#[test]
fn base32_is_read_however_people_write_it() {
    for text in [
        RFC_SECRET,
        "gezdgnbvgy3tqojqgezdgnbvgy3tqojq",
        "GezDgnBvgY3tqOjqGEZDgnbvgy3tqojQ",
        "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ",
        "gezd-gnbv-gy3t-qojq-gezd-gnbv-gy3t-qojq",
        "  GEZDGNBVGY3TQOJQ - GEZDGNBVGY3TQOJQ  ",
        "G E Z D G N B V G Y 3 T Q O J Q G E Z D G N B V G Y 3 T Q O J Q",
    ] {
        assert_eq!(read(text).as_deref(), Ok(rfc_secret().expose()), "{text:?}");
    }
}

#[test]
fn padding_may_be_there_or_not() {
    // 16 bytes are 26 characters and 6 of padding.
    let sixteen = Ok(&b"1234567890123456"[..]);
    for text in [
        "GEZDGNBVGY3TQOJQGEZDGNBVGY",
        "GEZDGNBVGY3TQOJQGEZDGNBVGY======",
        "GEZDGNBVGY3TQOJQGEZDGNBVGY====== ",
        "GEZD GNBV GY3T QOJQ GEZD GNBV GY== ====",
    ] {
        assert_eq!(read(text).as_deref(), sixteen, "{text:?}");
    }
    for text in
        ["=GEZDGNBVGY3TQOJQGEZDGNBVGY", "GEZDGNBVGY3TQOJQ=GEZDGNBVGY", "GEZDGNBV==GY3TQOJQGEZDGNBVGY=="]
    {
        assert_eq!(read(text), Err(InvalidSecret::NotBase32), "{text:?}");
    }
}

/// R11: a key comes from a page, a file or a word processor, in groups with anything between them.
#[test]
fn blanks_invisible_characters_and_dashes_between_groups_are_passed_over() {
    for filler in [
        "\n", "\r\n", "\t", "\u{a0}", "\u{2009}", "\u{3000}", "\u{200b}", "\u{ad}", "\u{feff}", "–",
        "\u{2010}", "\u{2011}", "\u{2212}",
    ] {
        for text in [
            ["GEZD", "GNBV", "GY3T", "QOJQ", "GEZD", "GNBV", "GY3T", "QOJQ"].join(filler),
            format!("{filler}{RFC_SECRET}{filler}"),
        ] {
            assert_eq!(read(&text).as_deref(), Ok(&b"12345678901234567890"[..]), "{text:?}");
        }
    }
}

#[test]
fn what_is_not_base32_is_refused() {
    let head = &RFC_SECRET[1..];
    let odd: &[(&str, &[&str])] = &[
        ("digits that are not in the alphabet of RFC 4648 §6", &["0", "1", "8", "9"]),
        ("digits of other scripts", &["２", "٣", "²"]),
        ("letters like G", &["Ｇ", "ｇ", "Ԍ", "Ġ"]),
        ("letters whose other case is ASCII", &["ſ", "ı", "İ", "\u{212a}"]),
        ("marks and controls", &["\u{301}", "\0", "\u{7f}", "\u{1b}"]),
        ("characters of base64 and of URIs", &["+", "/", "_", "%3D", "&", "?", ":", "#"]),
        ("neighbors of the letters in ASCII", &["@", "[", "`", "{"]),
    ];
    for (what, odd) in odd.iter().flat_map(|(what, odd)| odd.iter().map(move |odd| (what, odd))) {
        for text in
            [format!("{odd}{head}"), format!("{head}{odd}"), format!("{}{odd}{}", &head[..9], &head[9..])]
        {
            assert_eq!(read(&text), Err(InvalidSecret::NotBase32), "{what}: {text:?}");
        }
    }
}

/// Base32 has no text of 8n+1, 8n+3 or 8n+6 characters (RFC 4648 §6): one of them got lost on the way.
#[test]
fn impossible_lengths_are_refused() {
    for length in 0..=205 {
        let text = "A".repeat(length);
        let expected = match (length % 8, length * 5 / 8) {
            (1 | 3 | 6, _) => Err(InvalidSecret::NotBase32),
            (_, 0..16) => Err(InvalidSecret::TooShort),
            (_, bytes) => Ok(vec![0; bytes]),
        };
        assert_eq!(read(&text), expected, "{length} characters");
    }
}

#[test]
fn a_secret_has_16_to_128_bytes() {
    for length in 0..=300 {
        let bytes = vec![0xA5; length];
        let expected = match length {
            0..16 => Err(InvalidSecret::TooShort),
            16..=128 => Ok(bytes.clone()),
            _ => Err(InvalidSecret::TooLong),
        };
        assert_eq!(Secret::from_bytes(&bytes).map(|secret| secret.expose().to_vec()), expected, "{length}");
        assert_eq!(read(&naive_base32(&bytes)), expected, "{length} as base32");
    }
}

#[test]
fn the_longest_secret_may_be_written_in_groups_and_ten_megabytes_are_refused() {
    let longest = Secret::from_bytes(&[7; 128]).unwrap();
    assert_eq!(read(&longest.to_grouped_base32()).as_deref(), Ok(longest.expose()));
    for text in ["A", " ", "=", "-", "é", "\0"] {
        assert_eq!(read(&text.repeat(10_000_000)), Err(InvalidSecret::TooLong));
    }
}

/// Randomness that counts: what it was asked for, and what it gave.
#[derive(Clone, Default)]
struct Counting(Arc<Mutex<Vec<usize>>>);

impl SecureRandom for Counting {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), BoxError> {
        self.0.lock().expect("nobody panicked").push(bytes.len());
        for (byte, value) in bytes.iter_mut().zip(1..) {
            *byte = value;
        }
        Ok(())
    }
}

struct Broken;

impl SecureRandom for Broken {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), BoxError> {
        // Half done, which is worse than nothing.
        bytes[0] = 1;
        Err("the generator is on fire".into())
    }
}

#[test]
fn a_secret_is_drawn_from_the_given_randomness_and_from_nothing_else() {
    let random = Counting::default();
    let secret = Secret::draw(&random).unwrap();
    assert_eq!(secret.expose(), (1..=20).collect::<Vec<u8>>());
    assert_eq!(*random.0.lock().unwrap(), [Secret::DRAWN_BYTES]);
}

/// RFC 4226 §4 R6 recommends 160 bits.
#[test]
fn a_drawn_secret_has_20_bytes_and_no_twin() {
    let [one, other] = [(), ()].map(|()| Secret::draw(&OsRandom).unwrap());
    assert_eq!((one.expose().len(), other.expose().len()), (20, 20));
    assert_ne!(one.expose(), other.expose());
}

#[test]
fn no_secret_is_drawn_when_the_randomness_fails() {
    assert_eq!(Secret::draw(&Broken).unwrap_err().to_string(), "the generator is on fire");
}

/// R9
#[test]
fn nothing_that_holds_a_secret_shows_it_when_debugged() {
    let secret = rfc_secret();
    let uri = KeyUri::new(&Label::new("Acme", "ann").unwrap(), &secret, Totp::default());
    let code = QrCode::new(&uri).unwrap();
    assert_eq!(format!("{secret:?} {secret:#?}"), "Secret(…) Secret(…)");
    assert_eq!(format!("{uri:?} {uri:#?}"), "KeyUri(…) KeyUri(…)");
    assert_eq!(format!("{code:?} {code:#?}"), "QrCode(…) QrCode(…)");
}

/// R9
#[test]
fn a_refused_secret_is_not_repeated_in_the_error() {
    for text in ["GEZDGNBVGY3TQ", "GEZDGNBVGY3TQ\u{e9}", &"GEZDGNBVGY3TQ".repeat(50)] {
        let error = Secret::from_base32(text).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("GEZD"), "{error}");
    }
}

proptest! {
    #[test]
    fn base32_round_trips(bytes in secret_bytes()) {
        let secret = Secret::from_bytes(&bytes).unwrap();
        let (text, grouped) = (secret.to_base32(), secret.to_grouped_base32());
        prop_assert_eq!(&*text, &naive_base32(&bytes));
        prop_assert_eq!(read(&text), Ok(bytes.clone()));
        prop_assert_eq!(read(&text.to_lowercase()), Ok(bytes.clone()));
        prop_assert_eq!(read(&grouped), Ok(bytes.clone()));
        prop_assert_eq!(read(&grouped.replace(' ', "-")), Ok(bytes.clone()));
        let padding = "=".repeat(text.len().next_multiple_of(8) - text.len());
        prop_assert_eq!(read(&format!("{}{padding}", *text)), Ok(bytes.clone()));
        prop_assert!(grouped.split(' ').rev().skip(1).all(|group| group.len() == 4));
        prop_assert_eq!(grouped.replace(' ', ""), &**text);
    }

    #[test]
    fn no_text_makes_reading_panic(text in prop_oneof![any::<String>(), "[A-Za-z2-7 =\\-]{0,220}", "[A-Z2-7]{24,32}\\PC", "[A-Z2-7]{26,32}[\\pZ\\p{Cf}\\p{Pd}=]{1,4}"]) {
        // Where a text is accepted, these and fillers are all that there is in it.
        let plain: String = text.chars().filter(char::is_ascii_alphanumeric).collect();
        match read(&text) {
            // What is accepted is base32 of what was read, but for the bits that no byte has room for.
            Ok(bytes) => {
                let again = naive_base32(&bytes);
                prop_assert_eq!(again.len(), plain.len());
                prop_assert_eq!(&again[..again.len() - 1], &plain.to_ascii_uppercase()[..again.len() - 1]);
            }
            Err(InvalidSecret::TooShort) => prop_assert!(plain.len() < 26),
            Err(InvalidSecret::TooLong) => prop_assert!(plain.len() > 205 || text.len() > 410),
            Err(_) => {}
        }
    }
}
