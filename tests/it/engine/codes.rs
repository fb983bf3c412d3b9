//! R11: what is a code and what is not.

use countersign::otp::{Code, Digits, Malformed};
use proptest::prelude::*;

use crate::tools::Tool;

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

/// R11: what pages, keyboards and word processors put between digits says nothing.
#[test]
fn blanks_invisible_characters_and_dashes_of_every_kind_are_passed_over() {
    let fillers = [
        "\n", "\r\n", "\t", "\u{b}", "\u{c}", "\u{85}", "\u{2028}", "\u{a0}", "\u{202f}", "\u{2009}",
        "\u{3000}", "\u{1680}", "\u{200b}", "\u{feff}", "\u{ad}", "\u{202e}", "\u{2060}", "-", "–", "—",
        "\u{2010}", "\u{2011}", "−", "\u{30a0}", "\u{ff0d}",
    ];
    for filler in fillers {
        for text in [
            format!("123{filler}456"),
            format!("{filler}123456"),
            format!("123456{filler}"),
            format!("1{filler}{filler}23456"),
        ] {
            assert_eq!(six(&text).as_deref(), Ok("123456"), "{text:?}");
        }
        assert!(six(&format!("12345{filler}")).is_err(), "{filler:?} counts");
    }
}

/// The same by Python's copy of the Unicode Character Database: every character that it knows is passed over, or is not.
#[test]
fn what_is_passed_over_is_what_unicode_calls_so() {
    let Some(python) = Tool::python_or_skip() else { return };
    let script = "import sys, unicodedata\nfor n in range(0x110000):\n  c = unicodedata.category(chr(n))\n  \
                  if c != 'Cs': print(c)";
    let answers = python.run(&["-c", script], b"");
    let characters = (0..=u32::from(char::MAX)).filter_map(char::from_u32);
    let mut seen = 0;
    for (c, category) in characters.zip(answers.lines()) {
        let expected = match category {
            "Cf" | "Pd" | "Zs" | "Zl" | "Zp" => true,
            // The white space among the controls has no category of its own; the minus sign is a symbol.
            "Cc" => matches!(c, '\t'..='\r' | '\u{85}'),
            "Sm" => c == '\u{2212}',
            // Unknown to a database that is older than ours.
            "Cn" => continue,
            _ => false,
        };
        assert_eq!(six(&format!("123{c}456")).is_ok(), expected, "{c:?} ({category})");
        seen += 1;
    }
    assert!(seen > 250_000, "only {seen} characters were compared");
}

/// R11
#[test]
fn everything_else_is_malformed() {
    let odd: &[(&str, &[&str])] = &[
        ("nothing", &["", " ", "      "]),
        ("one short, one long, and more", &["12345", "1234567", "12345678", "123456123456"]),
        ("signs", &["+12345", "-12345", "+123456", "−12345"]),
        ("what number parsers take", &["1_2345", "123_456", "123456u", "0x1234", "0b1010", "1e5000"]),
        ("separators", &["123,456", "123.456", "12345.", "123'456", "123_456", "123·456"]),
        ("full-width digits", &["１２３４５６", "１23456", "12345６", "１23 456"]),
        ("Arabic-Indic digits", &["١٢٣٤٥٦", "۱۲۳۴۵۶", "12345٦"]),
        ("digits of other scripts", &["१२३४५६", "১২৩৪৫৬", "𝟏𝟐𝟑𝟒𝟓𝟔", "𝟙𝟚𝟛𝟜𝟝𝟞"]),
        ("superscript, circle, Roman, fraction", &["12345²", "12345①", "12345Ⅵ", "12345½"]),
        ("letters like digits", &["I23456", "l23456", "12345O", "12345о"]),
        ("combining marks", &["123456\u{301}", "1\u{20e3}23456", "6️⃣23456"]),
        ("NUL and other controls", &["\x00123456", "123456\0", "123\x00456", "12345\0", "12345\u{7f}"]),
        ("nothing but NUL", &["\0\0\0\0\0\0"]),
        ("quotes and markup", &["123456;", "'123456'", "\"123456\"", "123456-;", "<b>123456"]),
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
    // The text is bounded before it is looked at.
    assert!(six(&format!("123456{}", " ".repeat(194))).is_ok());
    assert!(six(&format!("123456{}", " ".repeat(195))).is_err());
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

    /// R11: exactly N ASCII digits, apart from fillers of a kind, is accepted, and nothing else; no text makes it panic.
    #[test]
    fn what_is_accepted_is_exactly_so_many_ascii_digits_and_fillers(text in texts()) {
        let is_ours = |c: &char| c.is_ascii_graphic() || *c == ' ';
        let fillers = |c: &char| matches!(c, ' ' | '-');
        let rest: String = text.chars().filter(|c| !fillers(c)).collect();
        for digits in ALL_DIGITS {
            let read = Code::parse(&text, digits).map(|code| code.expose());
            let count = usize::from(digits.count());
            let is_code = rest.len() == count && rest.bytes().all(|c| c.is_ascii_digit()) && text.len() <= 200;
            if is_code || text.chars().all(|c| is_ours(&c)) {
                prop_assert_eq!(read.ok(), is_code.then(|| rest.clone()));
            } else if let Ok(read) = read {
                // Of the characters that are no fillers here nothing but digits may be left.
                let ascii: String = text.chars().filter(char::is_ascii_graphic).filter(|c| !fillers(c)).collect();
                prop_assert_eq!(read, ascii);
            }
        }
    }

    /// R11
    #[test]
    fn one_foreign_character_anywhere_spoils_a_code(
        code in "[0-9]{6}", place in 0..=6_usize, foreign in "[\\p{L}\\p{N}\\p{M}\\p{Po}\\p{Sc}\\p{Pc}--0-9]",
    ) {
        let mut inserted = code.clone();
        inserted.insert_str(place, &foreign);
        prop_assert!(six(&inserted).is_err());
        let mut replaced = code;
        replaced.replace_range(place.min(5)..=place.min(5), &foreign);
        prop_assert!(six(&replaced).is_err());
    }
}
