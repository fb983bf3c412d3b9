//! R11: what is a code and what is not.

use countersign::otp::{Code, Digits, Malformed};
use proptest::prelude::*;

const ALL_DIGITS: [Digits; 3] = [Digits::Six, Digits::Seven, Digits::Eight];

fn six(text: &str) -> Result<String, Malformed> {
    Code::parse(text, Digits::Six).map(|code| code.expose())
}

#[test]
fn six_digits_are_a_code() {
    for code in ["123456", "000000", "000001", "999999"] {
        assert_eq!(six(code).as_deref(), Ok(code));
    }
}

/// R11: apps show "123 456", and who copies that may catch a blank before or after it.
#[test]
fn spaces_around_and_between_groups_are_forgiven() {
    for text in [" 123456", "123456 ", "123 456", " 12 34 56 ", "1 2 3 4 5 6", "123    456"] {
        assert_eq!(six(text).as_deref(), Ok("123456"), "{text:?}");
    }
}

/// R11
#[test]
fn everything_else_is_malformed() {
    let odd: &[(&str, &[&str])] = &[
        ("nothing", &["", " ", "      "]),
        ("one short, one long, and more", &["12345", "1234567", "12345678", "123456123456"]),
        ("signs", &["+12345", "-12345", "+123456", "-123456", "−12345"]),
        ("what number parsers take", &["1_2345", "123_456", "123456u", "0x1234", "0b1010", "1e5000"]),
        ("separators", &["123,456", "123.456", "12345.", "123-456", "123'456", "123–456"]),
        ("full-width digits", &["１２３４５６", "１23456", "12345６", "１23 456"]),
        ("Arabic-Indic digits", &["١٢٣٤٥٦", "۱۲۳۴۵۶", "12345٦"]),
        ("digits of other scripts", &["१२३४५६", "১২৩৪৫৬", "𝟏𝟐𝟑𝟒𝟓𝟔", "𝟙𝟚𝟛𝟜𝟝𝟞"]),
        ("superscript, circle, Roman, fraction", &["12345²", "12345①", "12345Ⅵ", "12345½"]),
        ("letters like digits", &["I23456", "l23456", "12345O", "12345о"]),
        ("line ends", &["123456\n", "\n123456", "123456\r\n", "123\n456", "123456\u{85}", "123456\u{2028}"]),
        ("tabs", &["123\t456", "\t123456", "123456\t", "123456\x0b", "123456\x0c"]),
        ("no-break spaces", &["123\u{a0}456", "123456\u{a0}", "\u{a0}123456", "123\u{202f}456"]),
        ("other spaces", &["123\u{2009}456", "123\u{3000}456", "123\u{1680}456"]),
        ("what nobody sees", &["123\u{200b}456", "\u{feff}123456", "123\u{ad}456", "\u{202e}654321"]),
        ("combining marks", &["123456\u{301}", "1\u{20e3}23456", "6️⃣23456"]),
        ("NUL and other controls", &["\x00123456", "123456\0", "123\x00456", "12345\0", "12345\u{7f}"]),
        ("nothing but NUL", &["\0\0\0\0\0\0"]),
        ("quotes and markup", &["123456;", "'123456'", "\"123456\"", "123456--", "<b>123456"]),
        ("percent-encoding", &["%31%32%33%34%35%36", "123456%00", "123%20456", "123+456"]),
        ("bytes that a cast to u8 would take for digits", &["ı23456", "12345ĵ", "🔱23456"]),
    ];
    for (what, texts) in odd {
        for text in *texts {
            assert!(six(text).is_err(), "{what}: {text:?}");
        }
    }
}

/// R11
#[test]
fn ten_megabytes_are_malformed() {
    let ten_megabytes = 10_000_000;
    for character in ["1", "0", " ", "a", "\0"] {
        let text = character.repeat(ten_megabytes);
        for digits in ALL_DIGITS {
            assert!(Code::parse(&text, digits).is_err(), "so many {character:?}");
        }
    }
}

#[test]
fn a_malformed_code_is_told_how_many_digits_were_expected_and_nothing_of_what_came() {
    let malformed = Code::parse("1234567x", Digits::Eight).unwrap_err();
    assert_eq!(malformed.to_string(), "not a code of 8 digits");
}

#[test]
fn a_code_keeps_its_leading_zeros_when_shown_and_shows_nothing_when_debugged() {
    let code = Code::parse("00000420", Digits::Eight).unwrap();
    assert_eq!(code.expose(), "00000420");
    assert_eq!(format!("{code:?} {code:#?}"), "Code(…) Code(…)");
}

/// Texts close to codes, and texts far from them.
fn texts() -> impl Strategy<Value = String> {
    prop_oneof![
        "[0-9 ]{4,12}",
        "[0-9]{5,9}",
        "[0-9 +_\\-.,\t\n\r\0\u{a0}１６١٦²①eExX]{5,9}",
        "[0-9０-９]{5,9}",
        "[0-9٠-٩]{5,9}",
        "\\p{Nd}{5,9}",
        " {0,3}[0-9]{5,9} {0,3}\\PC?",
        any::<String>(),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// R11: exactly N ASCII digits, apart from spaces, is accepted, and nothing else; no text makes it panic.
    #[test]
    fn what_is_accepted_is_exactly_so_many_ascii_digits_and_spaces(text in texts()) {
        let (spaces, rest): (Vec<char>, Vec<char>) = text.chars().partition(|c| *c == '\u{20}');
        prop_assert_eq!(spaces.len() + rest.len(), text.chars().count());
        for digits in ALL_DIGITS {
            let is_code =
                rest.len() == usize::from(digits.count()) && rest.iter().all(|c| "0123456789".contains(*c));
            let read = Code::parse(&text, digits).map(|code| code.expose());
            prop_assert_eq!(read.ok(), is_code.then(|| rest.iter().collect::<String>()));
        }
    }

    /// R11
    #[test]
    fn one_foreign_character_anywhere_spoils_a_code(
        code in "[0-9]{6}", place in 0..=6_usize, foreign in "[^0-9 ]",
    ) {
        let mut inserted = code.clone();
        inserted.insert_str(place, &foreign);
        prop_assert!(six(&inserted).is_err());
        let mut replaced = code;
        replaced.replace_range(place.min(5)..=place.min(5), &foreign);
        prop_assert!(six(&replaced).is_err());
    }
}
