//! Key URIs: whatever the names hold, every app reads the same from them.

use countersign::otp::{Digits, InvalidLabel, KeyUri, Label, QrCode, Secret, Totp};
use proptest::prelude::*;
use unicode_normalization::UnicodeNormalization as _;

use super::{rfc_secret, secret_bytes};

/// What an independent and strict reader makes of a key URI.
#[derive(Debug, PartialEq)]
struct Read {
    issuer: String,
    account: String,
    parameters: Vec<(String, String)>,
}

/// Reads a key URI by RFC 3986 and the rules of the format, and panics on everything that two readers could take
/// for two things.
fn read(uri: &str) -> Read {
    let rest = uri.strip_prefix("otpauth://totp/").expect("the scheme and the type");
    let [path, query] = parts(rest, '?');
    let [issuer, account] = parts(path, ':');
    let parameters = query.split('&').map(|parameter| {
        let [name, value] = parts(parameter, '=');
        (decode(name), decode(value))
    });
    Read { issuer: decode(issuer), account: decode(account), parameters: parameters.collect() }
}

/// The two parts around the only `separator`.
fn parts(text: &str, separator: char) -> [&str; 2] {
    let parts: Vec<&str> = text.split(separator).collect();
    parts.try_into().unwrap_or_else(|parts: Vec<_>| panic!("{} parts at {separator:?}: {text}", parts.len()))
}

/// Percent-decoding as strict as it gets: unreserved characters stand for themselves (RFC 3986 §2.3) and may not be
/// encoded, all else is `%` and two upper-case hexadecimal digits (§2.1), and the bytes are UTF-8.
fn decode(text: &str) -> String {
    let is_unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let digit = |byte: Option<u8>| match byte {
        Some(byte @ b'0'..=b'9') => byte - b'0',
        Some(byte @ b'A'..=b'F') => byte - b'A' + 10,
        other => panic!("{other:?} is no upper-case hexadecimal digit: {text}"),
    };
    let mut bytes = text.bytes();
    let mut decoded = Vec::new();
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let byte = digit(bytes.next()) * 16 + digit(bytes.next());
            assert!(!is_unreserved(byte), "encoded for nothing: {text}");
            decoded.push(byte);
        } else {
            assert!(is_unreserved(byte), "{:?} stands there as it is: {text}", char::from(byte));
            decoded.push(byte);
        }
    }
    String::from_utf8(decoded).expect("UTF-8")
}

fn uri(issuer: &str, account: &str) -> String {
    let label = Label::new(issuer, account).expect("two good names");
    KeyUri::new(&label, &rfc_secret(), Totp::default()).expose().to_owned()
}

#[test]
fn a_key_uri_says_what_every_app_understands() {
    assert_eq!(
        uri("Acme Portal", "ann@example.com"),
        "otpauth://totp/Acme%20Portal:ann%40example.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Acme%20Portal"
    );
}

#[test]
fn digits_and_period_are_told_where_they_differ_from_what_apps_assume() {
    let label = Label::new("Acme", "ann").unwrap();
    let end = |digits, period| {
        let uri = KeyUri::new(&label, &rfc_secret(), Totp::new(digits, period).unwrap());
        uri.expose().split_once("&issuer=Acme").unwrap().1.to_owned()
    };
    assert_eq!(end(Digits::Six, 30), "");
    assert_eq!(end(Digits::Seven, 30), "&digits=7");
    assert_eq!(end(Digits::Eight, 30), "&digits=8");
    assert_eq!(end(Digits::Six, 15), "&period=15");
    assert_eq!(end(Digits::Eight, 120), "&digits=8&period=120");
}

#[test]
fn a_name_cannot_become_a_parameter_a_path_or_a_fragment() {
    let names = [
        "a&secret=AAAA",
        "a?secret=AAAA&issuer=b",
        "a#b",
        "a/../b",
        "a=b",
        "a%3Ab",
        "a%26secret%3DAAAA",
        "100 %",
        "%",
        "a+b",
        "a;b",
        "a\\b",
        "a\"><script>",
        "a'b",
        "[a]",
        "a@b",
    ];
    for name in names {
        let read = read(&uri(name, name));
        assert_eq!((read.issuer.as_str(), read.account.as_str()), (name, name));
        let expected = [("secret", "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"), ("issuer", name)];
        assert_eq!(read.parameters, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }
}

#[test]
fn a_space_is_percent_20_and_a_plus_is_no_space() {
    let uri = uri("A B", "c+d e");
    assert!(uri.starts_with("otpauth://totp/A%20B:c%2Bd%20e?"), "{uri}");
    assert!(!uri.contains('+'), "{uri}");
}

#[test]
fn one_name_has_one_spelling() {
    // u and a combining diaeresis; the Ångström sign; Hangul in single letters.
    for (given, composed) in
        [("Mu\u{308}ller", "Müller"), ("\u{212b}", "Å"), ("\u{1112}\u{1161}\u{11ab}", "한")]
    {
        let label = Label::new(given, given).unwrap();
        assert_eq!((label.issuer(), label.account()), (composed, composed));
        assert_eq!(label, Label::new(composed, composed).unwrap());
    }
}

/// Several apps show Steam's own five-letter codes once the issuer is "Steam", and compare without case.
#[test]
fn steam_is_refused_in_every_case() {
    for upper in 0..32_u8 {
        let letters = "steam".chars().enumerate();
        let name: String =
            letters.map(|(n, c)| if upper >> n & 1 == 1 { c.to_ascii_uppercase() } else { c }).collect();
        assert_eq!(Label::new(&name, "ann"), Err(InvalidLabel::Steam), "{name}");
        assert!(Label::new(&format!(" {name}"), "ann").is_err(), "{name}");
        assert!(Label::new("Acme", &name).is_ok(), "an account may be called {name}");
    }
    for other in ["Steamworks", "Steam Portal", "My Steam"] {
        assert!(Label::new(other, "ann").is_ok(), "{other}");
    }
}

#[test]
fn a_name_that_cannot_be_represented_is_refused_with_the_reason() {
    const ISSUER: &str = "issuer";
    const ACCOUNT: &str = "account name";
    type Reason = fn(&'static str) -> InvalidLabel;
    let names: &[(Reason, &[&str])] = &[
        (InvalidLabel::Empty, &[""]),
        (InvalidLabel::OuterBlank, &[" ", " a", "a ", "\ta", "a\n", "\u{a0}a", "a\u{3000}", "\u{2028}a"]),
        (InvalidLabel::Colon, &[":", "a:b", "::", "a:", ":a", "a: b"]),
        (InvalidLabel::Invisible, &["a\0b", "a\nb", "a\tb", "\u{1b}[31m", "a\u{7f}", "a\u{9f}b", "\0"]),
        // Turning text around: marks, embeddings, overrides, isolates.
        (
            InvalidLabel::Invisible,
            &["\u{61c}a", "a\u{200e}", "a\u{200f}", "a\u{202a}", "a\u{202e}b", "a\u{2066}b"],
        ),
        (InvalidLabel::Invisible, &["a\u{202c}", "a\u{202d}b", "a\u{2067}b", "a\u{2068}b", "a\u{2069}b"]),
        // Not to be seen: line separators, zero width, soft hyphen, fillers.
        (
            InvalidLabel::Invisible,
            &["a\u{2028}b", "a\u{2029}b", "a\u{200b}b", "a\u{2060}b", "a\u{2064}", "\u{feff}a"],
        ),
        (InvalidLabel::Invisible, &["a\u{ad}b", "\u{3164}", "\u{ffa0}", "\u{115f}\u{1160}", "a\u{180e}b"]),
    ];
    for (reason, names) in names {
        for name in *names {
            assert_eq!(Label::new(name, "ann"), Err(reason(ISSUER)), "{name:?}");
            assert_eq!(Label::new("Acme", name), Err(reason(ACCOUNT)), "{name:?}");
        }
    }
}

#[test]
fn names_of_all_scripts_are_fine() {
    for name in [
        "Bücher & Söhne",
        "株式会社",
        "Ελλάδα",
        "مرحبا",
        "שלום",
        "नमस्ते",
        "می\u{200c}خواهم",
        "👩\u{200d}💻 Ann",
        "❤\u{fe0f}",
        "O'Brien",
        "a\u{a0}b",
    ] {
        let read = read(&uri(name, name));
        assert_eq!((read.issuer.as_str(), read.account.as_str()), (name, name));
    }
}

#[test]
fn a_name_takes_at_most_120_bytes_in_the_uri() {
    for (name, fits) in [
        ("a".repeat(120), true),
        ("a".repeat(121), false),
        // A space takes three bytes, "ü" six, a kanji nine, an emoji twelve.
        (format!("a{}b", " ".repeat(39)), true),
        (format!("aa{}bb", " ".repeat(39)), false),
        ("ü".repeat(20), true),
        ("ü".repeat(21), false),
        ("u\u{308}".repeat(20), true),
        ("社".repeat(13), true),
        ("社".repeat(14), false),
        ("🔒".repeat(10), true),
        ("🔒".repeat(11), false),
        // One character of three that composition takes apart (Unicode's composition exclusions).
        ("\u{fb2c}".repeat(6), true),
        ("\u{fb2c}".repeat(7), false),
        ("a".repeat(10_000_000), false),
    ] {
        let shown: String = name.chars().take(5).collect();
        let refused = |what| if fits { None } else { Some(InvalidLabel::TooLong(what)) };
        assert_eq!(Label::new(&name, "ann").err(), refused("issuer"), "{shown}…");
        assert_eq!(Label::new("Acme", &name).err(), refused("account name"), "{shown}…");
    }
}

/// The longest there is: three names of 120 bytes, 205 characters of secret, digits and period. A QR code of error
/// correction L holds 2953 bytes (ISO/IEC 18004, table 7), so there is room; and this one still has fewer than 90
/// modules a side.
const LONGEST_URI: usize = 617;

#[test]
fn the_longest_uri_has_617_bytes_and_fits_a_qr_code() {
    let secret = Secret::from_bytes(&[0xFF; 128]).unwrap();
    let totp = Totp::new(Digits::Eight, 120).unwrap();
    for name in ["a".repeat(120), "🔒".repeat(10), format!("a{}b{}", " ".repeat(39), "c")] {
        let label = Label::new(&name, &name).unwrap_or_else(|error| panic!("{error}"));
        let uri = KeyUri::new(&label, &secret, totp);
        assert_eq!(uri.expose().len(), LONGEST_URI);
        QrCode::new(&uri).unwrap();
    }
}

/// Names as an attacker would choose them, or a portal's users.
fn names() -> impl Strategy<Value = String> {
    let hostile = [
        &[":", "%", "%3A", "%00", "&secret=AAAA", "&issuer=Evil", "&", "?", "#", "/", "=", "+"][..],
        &[";", "@", "\\", "\"", "<", "'", "otpauth://totp/", "Steam", "steam", "Acme", "ann@example.com"],
        &[" ", "  ", "\t", "\n", "\r\n", "\0", "\u{7f}", "\u{85}", "\u{a0}", "\u{3000}"],
        &["\u{ad}", "\u{200b}", "\u{200d}", "\u{202e}", "\u{2066}", "\u{feff}", "\u{3164}"],
        &["ä", "a\u{308}", "ß", "ſ", "İ", "\u{212b}", "\u{fb2c}", "한"],
        &["🔒", "👩\u{200d}💻", "🏴\u{e0067}\u{e007f}"],
    ];
    let hostile = prop::sample::select(hostile.concat());
    prop_oneof![
        prop::collection::vec(hostile, 0..6).prop_map(|pieces| pieces.concat()),
        "[ -~]{0,40}",
        "\\PC{0,14}",
        any::<String>(),
    ]
}

/// What is left of them.
fn labels() -> impl Strategy<Value = Label> {
    (names(), names()).prop_filter_map("no label", |(issuer, account)| Label::new(&issuer, &account).ok())
}

/// Whether the reason of a refusal is true, and of the name it blames.
fn is_true(refusal: InvalidLabel, issuer: &str, account: &str) -> bool {
    let blamed = |what: &str| match what {
        "issuer" => issuer.nfc().collect::<String>(),
        "account name" => account.nfc().collect(),
        other => panic!("what is the {other}?"),
    };
    match refusal {
        InvalidLabel::Steam => issuer.to_lowercase() == "steam",
        InvalidLabel::Empty(what) => blamed(what).is_empty(),
        InvalidLabel::OuterBlank(what) => blamed(what).trim().len() < blamed(what).len(),
        InvalidLabel::Colon(what) => blamed(what).contains(':'),
        InvalidLabel::Invisible(what) => blamed(what).chars().any(is_invisible),
        InvalidLabel::TooLong(what) => {
            let name = blamed(what);
            let plain =
                name.bytes().filter(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(byte)).count();
            name.len() * 3 - plain * 2 > 120
        }
        other => panic!("{other:?} is new"),
    }
}

fn is_invisible(c: char) -> bool {
    let listed = "\u{ad}\u{61c}\u{115f}\u{1160}\u{180e}\u{200b}\u{200e}\u{200f}\u{3164}\u{feff}\u{ffa0}";
    c.is_control()
        || listed.contains(c)
        || [0x2028..=0x202e, 0x2060..=0x206f].iter().any(|range| range.contains(&u32::from(c)))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn a_name_is_refused_for_a_true_reason_or_taken_as_it_is((issuer, account) in (names(), names())) {
        match Label::new(&issuer, &account) {
            Err(refusal) => prop_assert!(is_true(refusal, &issuer, &account), "{refusal:?}"),
            Ok(label) => {
                let reasons = [
                    InvalidLabel::Empty,
                    InvalidLabel::OuterBlank,
                    InvalidLabel::Colon,
                    InvalidLabel::Invisible,
                    InvalidLabel::TooLong,
                ];
                let reasons = reasons.into_iter().flat_map(|reason| ["issuer", "account name"].map(reason));
                for reason in reasons.chain([InvalidLabel::Steam]) {
                    prop_assert!(!is_true(reason, &issuer, &account), "{reason:?} was overlooked");
                }
                prop_assert_eq!(label.issuer(), issuer.nfc().collect::<String>());
                prop_assert_eq!(label.account(), account.nfc().collect::<String>());
            }
        }
    }

    #[test]
    fn a_label_is_read_back_as_it_went_in_and_nothing_beside_it(
        label in labels(),
        bytes in secret_bytes(),
        digits in prop::sample::select(vec![Digits::Six, Digits::Seven, Digits::Eight]),
        period in prop_oneof![Just(30), 15..=120_u8],
    ) {
        let secret = Secret::from_bytes(&bytes).unwrap();
        let uri = KeyUri::new(&label, &secret, Totp::new(digits, period).unwrap());
        let mut parameters = vec![("secret", secret.to_base32().to_string()), ("issuer", label.issuer().to_owned())];
        if digits != Digits::Six {
            parameters.push(("digits", digits.count().to_string()));
        }
        if period != 30 {
            parameters.push(("period", period.to_string()));
        }
        let expected = Read {
            issuer: label.issuer().to_owned(),
            account: label.account().to_owned(),
            parameters: parameters.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        };
        prop_assert_eq!(read(uri.expose()), expected);
        prop_assert!(uri.expose().len() <= LONGEST_URI);
    }
}

proptest! {
    // Few, since drawing a QR code takes its time without optimization.
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn every_label_and_secret_fits_a_qr_code(label in labels(), bytes in secret_bytes()) {
        let totp = Totp::new(Digits::Eight, 120).unwrap();
        let uri = KeyUri::new(&label, &Secret::from_bytes(&bytes).unwrap(), totp);
        prop_assert!(QrCode::new(&uri).is_ok());
    }
}
