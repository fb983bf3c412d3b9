//! Key URIs: whatever the names hold, every app reads the same from them.

use countersign::otp::{Digits, KeyUri, Label, LabelRules, QrCode, Secret, Totp};
use proptest::prelude::*;

use super::{label::labels, rfc_secret, secret_bytes};

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
    let label = LabelRules::FORGIVING.label(issuer, account).expect("two good names");
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
fn all_parameters_are_told_on_request() {
    let label = Label::new("Acme", "ann").unwrap();
    for (totp, end) in [
        (Totp::default(), "&issuer=Acme&algorithm=SHA1&digits=6&period=30"),
        (Totp::new(Digits::Eight, 60).unwrap(), "&issuer=Acme&algorithm=SHA1&digits=8&period=60"),
    ] {
        let uri = KeyUri::spelled_out(&label, &rfc_secret(), totp);
        let begin = "otpauth://totp/Acme:ann?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
        assert_eq!(uri.expose(), format!("{begin}{end}"));
    }
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

/// The longest there is: 198 bytes of names, 205 characters of secret, all parameters. A QR code of error correction L
/// holds 2953 bytes (ISO/IEC 18004, table 7), so there is room; and this one still has fewer than 90 modules a side.
const LONGEST_URI: usize = 470;

#[test]
fn the_longest_uri_has_470_bytes_and_fits_a_qr_code() {
    let secret = Secret::from_bytes(&[0xFF; 128]).unwrap();
    let totp = Totp::new(Digits::Eight, 120).unwrap();
    for (issuer, account) in
        [("🔒".repeat(6), format!("aaaaaa{}", "🔒".repeat(4))), ("ü".repeat(12), "ü".repeat(9))]
    {
        let label = Label::new(&issuer, &account).unwrap();
        let uri = KeyUri::spelled_out(&label, &secret, totp);
        assert_eq!(uri.expose().len(), LONGEST_URI);
        QrCode::new(&uri).unwrap();
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

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
