//! Exports of Google Authenticator, as the app writes them and as strangers might.

use std::fmt::Write as _;

use countersign::otp::{
    Digits, Exported, InvalidKeyUri, InvalidMigration, InvalidSecret, Migration, NameFault,
};
use proptest::prelude::*;

use super::mac::algorithms;
use crate::tools::Tool;

const BEGIN: &str = "otpauth-migration://offline?data=";

/// A message of protocol buffers, written apart from what reads it.
#[derive(Clone, Default)]
struct Message(Vec<u8>);

impl Message {
    fn varint(&mut self, mut number: u64) {
        while number > 127 {
            self.0.push(number.to_le_bytes()[0] | 128);
            number >>= 7;
        }
        self.0.push(number.to_le_bytes()[0]);
    }

    fn number(mut self, field: u64, number: u64) -> Self {
        self.varint(field << 3);
        self.varint(number);
        self
    }

    fn bytes(mut self, field: u64, bytes: &[u8]) -> Self {
        self.varint(field << 3 | 2);
        self.varint(bytes.len() as u64);
        self.0.extend(bytes);
        self
    }
}

fn key(secret: &[u8], name: &str, issuer: &str) -> Message {
    let names = Message::default().bytes(1, secret).bytes(2, name.as_bytes()).bytes(3, issuer.as_bytes());
    names.number(4, 1).number(5, 1).number(6, 2)
}

fn usual(name: &str) -> Message {
    key(b"12345678901234567890", name, "Acme")
}

/// A QR code of an export with these keys.
fn part(keys: &[Message], size: u64, index: u64, id: u64) -> String {
    let whole = keys.iter().fold(Message::default(), |whole, key| whole.bytes(1, &key.0));
    uri(&whole.number(2, 1).number(3, size).number(4, index).number(5, id).0)
}

fn uri(message: &[u8]) -> String {
    let mut text = BEGIN.to_owned();
    for byte in base64(message).bytes() {
        match byte {
            b'+' | b'/' | b'=' => write!(text, "%{byte:02X}").unwrap(),
            plain => text.push(plain.into()),
        }
    }
    text
}

/// RFC 4648 §4.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let bits =
            three.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - three.len()));
        for place in 0..4 {
            let letter = LETTERS[(bits >> (18 - 6 * place)) as usize & 63];
            text.push(if place <= three.len() { letter.into() } else { '=' });
        }
    }
    text
}

fn read(uri: &str) -> Result<Vec<Exported>, InvalidMigration> {
    let mut export = Migration::default();
    export.add(uri)?;
    Ok(export.complete().expect("one QR code is the whole export"))
}

fn read_one(key: &Message) -> Result<Vec<Exported>, InvalidMigration> {
    read(&part(std::slice::from_ref(key), 1, 0, 7))
}

/// The export that one finds wherever this format is written about: its secret has ten bytes only.
#[test]
fn the_well_known_export_is_read_and_its_short_secret_refused() {
    let known = "CjEKCkhlbGxvId6tvu8SGEV4YW1wbGU6YWxpY2VAZ29vZ2xlLmNvbRoHRXhhbXBsZSABKAEwAhABGAEgACjr4JKK%2B%2F%2F%2F%2F%2F8B";
    let keys = read(&format!("{BEGIN}{known}")).unwrap();
    let [alice] = keys.as_slice() else { panic!("there is one key") };
    assert_eq!(alice.name, "Example:alice@google.com");
    assert_eq!(*alice.key.as_ref().unwrap_err(), InvalidKeyUri::Secret(InvalidSecret::TooShort));
    // Also where somebody has undone the percent-encoding, as QR readers and shells do.
    assert_eq!(read(&format!("{BEGIN}{}", known.replace("%2B", "+").replace("%2F", "/"))).unwrap().len(), 1);
}

#[test]
fn a_key_keeps_its_names_and_how_its_codes_are_made() {
    for (name, issuer, expected) in [
        ("Acme:ann@example.com", "Acme", (Some("Acme"), "ann@example.com")),
        ("Acme: ann", "Acme", (Some("Acme"), "ann")),
        ("ann", "Acme", (Some("Acme"), "ann")),
        ("Globex:ann", "Acme", (Some("Acme"), "Globex:ann")),
        (" ann ", "", (None, "ann")),
        ("o\u{308}zil", "", (None, "\u{f6}zil")),
    ] {
        let keys = read_one(&key(&[7; 20], name, issuer)).unwrap();
        let imported = keys[0].key.as_ref().unwrap();
        assert_eq!((imported.issuer.as_deref(), imported.account.as_str()), expected);
        assert_eq!(imported.secret.expose(), [7; 20]);
    }
    let odd = Message::default().bytes(1, &[7; 20]).bytes(2, b"ann");
    let totp = |message: Message| read_one(&message).unwrap().remove(0).key.map(|imported| imported.totp);
    assert_eq!(
        totp(odd.clone()).unwrap(),
        countersign::otp::Totp::default(),
        "what is not told is the usual"
    );
    assert_eq!(totp(odd.clone().number(5, 2)).unwrap().digits(), Digits::Eight);
    for (number, algorithm) in (1..).zip(algorithms()) {
        assert_eq!(totp(odd.clone().number(4, number)).unwrap().algorithm(), algorithm);
    }
    for (message, why) in [
        (odd.clone().number(4, 4), InvalidKeyUri::Algorithm),
        (odd.clone().number(5, 3), InvalidKeyUri::Digits),
        (odd.clone().number(6, 1).number(7, 5), InvalidKeyUri::Hotp),
        (odd.clone().number(6, 3), InvalidKeyUri::NotTotp),
        (odd.clone().bytes(4, b"1"), InvalidKeyUri::Damaged),
        (key(&[7; 129], "ann", "Acme"), InvalidKeyUri::Secret(InvalidSecret::TooLong)),
    ] {
        assert_eq!(totp(message).unwrap_err(), why);
    }
}

/// R11: an account without a name, or with an odd one, can be moved all the same.
#[test]
fn what_is_odd_about_names_costs_no_key() {
    let latin_1 = Message::default().bytes(1, &[7; 20]).bytes(2, b"J\xf6rg").bytes(3, b"Acme");
    for (key, account, faults) in [
        (key(&[7; 20], "", "Acme"), "", vec![NameFault::NoAccount]),
        (key(&[7; 20], "Acme:", "Acme"), "", vec![NameFault::NoAccount]),
        (key(&[7; 20], "a\nb", "Acme"), "ab", vec![NameFault::Control("account name")]),
        (latin_1, "J\u{fffd}rg", vec![NameFault::Undecodable("account name")]),
    ] {
        let imported = read_one(&key).unwrap().remove(0).key.unwrap();
        assert_eq!((imported.issuer.as_deref(), &*imported.account), (Some("Acme"), account));
        assert_eq!(imported.faults, faults);
    }
    // As it was reported: of three keys, the name of the second is in Latin-1.
    let data = "CicKFDEyMzQ1Njc4OTAxMjM0NTY3ODkwEgNhbm4aBEFjbWUgASgBMAIKKAoUMTIzNDU2Nzg5MDEyMzQ1Njc4OTASBEr2cmcaBEFj\
                bWUgASgBMAIKJwoUMTIzNDU2Nzg5MDEyMzQ1Njc4OTASA2NpZBoEQWNtZSABKAEwAhABGAEgACiF0f%2FF%2Bv%2F%2F%2F%2F8B";
    let names: Vec<String> =
        read(&format!("{BEGIN}{data}")).unwrap().into_iter().map(|key| key.name).collect();
    assert_eq!(names, ["ann", "J\u{fffd}rg", "cid"]);
}

/// R11: a form makes blanks of the pluses, mails and terminals break lines, shells put backslashes.
#[test]
fn an_export_is_read_as_it_arrives_after_a_form_a_mail_or_a_shell() {
    let whole =
        part(&[key(&[0, 1, 0xfb, 0xef, 0xbe, 0xff, 0xff, 0xff, 9, 9, 9, 9, 9, 9, 9, 9], "ann", "")], 1, 0, 7);
    let plain = whole.replace("%2B", "+").replace("%2F", "/").replace("%3D", "=");
    assert!(plain.contains('+') && whole.contains('%'), "there is something to spoil");
    let (begin, data) = plain.split_at(BEGIN.len());
    let lines = |end: &str| {
        data.as_bytes().chunks(19).map(|line| str::from_utf8(line).unwrap()).collect::<Vec<_>>().join(end)
    };
    for arrived in [
        plain.replace('+', " "),
        format!("{begin}{}", data.replace('+', "-").replace('/', "_")),
        whole.replace("%2B", "%20"),
        format!("\u{feff}{plain}\r\n"),
        format!("{begin}{}\n", lines("\n")),
        format!("{begin}{}", lines("\r\n")),
        format!("{begin}{}", lines("%0D%0A")),
        format!("{begin}{}", lines("\u{200b}")),
        format!("{begin}3D{}=\r\n", lines("=\r\n")),
        plain.replace('?', "\\?").replace('=', "\\="),
    ] {
        assert_eq!(read(&arrived).map(|keys| keys[0].name.clone()), Ok("ann".to_owned()), "{arrived}");
    }
    // As it was reported.
    let data = "CicKFAAlSm Uud4DKE1yl7zhBitQdZq/EgNhbm4aBEFjbWUgASgBMAIQARgBIAAohdH/xfr/////AQ==";
    assert!(read(&format!("{BEGIN}{data}")).unwrap()[0].key.is_ok());
}

/// Programs that write keys and nothing else: in proto3 what is not there is zero.
#[test]
fn an_export_without_version_and_batch_is_one_qr_code_of_the_first_version() {
    for rest in
        [Message::default(), Message::default().number(3, 1), Message::default().number(2, 1).number(5, 9)]
    {
        let message = [Message::default().bytes(1, &usual("ann").0).0, rest.0].concat();
        assert_eq!(read(&uri(&message)).unwrap()[0].name, "ann");
    }
    let second_of_none = Message::default().bytes(1, &usual("ann").0).number(4, 1);
    assert_eq!(read(&uri(&second_of_none.0)).unwrap_err(), InvalidMigration::Damaged);
}

#[test]
fn a_bad_key_spoils_no_other() {
    let damaged = Message(vec![1, 2, 3]);
    let keys = [usual("ann"), key(&[7; 10], "bob\u{7}", ""), damaged, usual("cid")];
    let keys = read(&part(&keys, 1, 0, 7)).unwrap();
    let told: Vec<(&str, bool)> = keys.iter().map(|key| (key.name.as_str(), key.key.is_ok())).collect();
    assert_eq!(told, [("ann", true), ("bob", false), ("", false), ("cid", true)]);
}

#[test]
fn an_export_of_several_qr_codes_is_whole_only_with_all_of_them() {
    let parts: Vec<String> =
        (0..3).map(|n| part(&[usual(&format!("user {n}"))], 3, n, u64::MAX - 4)).collect();
    let mut export = Migration::default();
    assert_eq!(export.missing(), [1]);
    export.add(&parts[2]).unwrap();
    export.add(&parts[0]).unwrap();
    export.add(&parts[2]).unwrap();
    assert_eq!(export.missing(), [2]);
    let mut export = export.complete().unwrap_err();
    // Nothing of it is lost by what belongs to another one.
    for other in [
        part(&[usual("user 1")], 3, 1, 7),
        part(&[usual("user 1")], 4, 1, u64::MAX - 4),
        part(&[usual("another")], 3, 0, u64::MAX - 4),
    ] {
        assert_eq!(export.add(&other), Err(InvalidMigration::OtherExport));
    }
    export.add(&parts[1]).unwrap();
    let names: Vec<String> = export.complete().unwrap().into_iter().map(|key| key.name).collect();
    assert_eq!(names, ["user 0", "user 1", "user 2"]);
}

#[test]
fn what_is_no_export_is_refused() {
    let good = part(&[usual("ann")], 1, 0, 7);
    for (text, why) in [
        (String::new(), InvalidMigration::NotAnExport),
        ("otpauth://totp/ann?secret=AAAA".to_owned(), InvalidMigration::NotAnExport),
        (good.replace("offline", "online"), InvalidMigration::NotAnExport),
        (format!("{BEGIN}%"), InvalidMigration::Damaged),
        (format!("{BEGIN}===="), InvalidMigration::Damaged),
        (BEGIN.to_owned(), InvalidMigration::Damaged),
        (format!("{BEGIN}CiwK"), InvalidMigration::Damaged),
        (format!("{good}&more=1"), InvalidMigration::Damaged),
        (format!("{BEGIN}{}", "A".repeat(8192)), InvalidMigration::TooLong),
        (part(&[usual("ann")], 1, 1, 7), InvalidMigration::Damaged),
        (part(&[usual("ann")], 101, 0, 7), InvalidMigration::Damaged),
        (uri(&Message::default().number(2, 3).number(3, 1).0), InvalidMigration::Version),
        (uri(&Message::default().bytes(2, b"1").0), InvalidMigration::Damaged),
        (uri(&Message::default().number(1, 1).0), InvalidMigration::Damaged),
        (uri(&Message::default().number(2, 3).0), InvalidMigration::Version),
        (uri(&Message::default().number(0, 1).0), InvalidMigration::Damaged),
        // A number of eleven bytes, and one of more than 64 bits.
        (uri(&[&[2 << 3][..], &[0x80; 10], &[0]].concat()), InvalidMigration::Damaged),
        (uri(&[&[2 << 3][..], &[0xff; 9], &[2]].concat()), InvalidMigration::Damaged),
    ] {
        assert_eq!(read(&text).unwrap_err(), why, "{text}");
    }
    // Fields of a later version are passed over, whatever their kind.
    let later = usual("ann").bytes(8, b"id").number(9, 1);
    let fixed =
        Message([later.0, vec![10 << 3 | 5, 0, 0, 0, 0, 11 << 3 | 1, 0, 0, 0, 0, 0, 0, 0, 0]].concat());
    assert!(read_one(&fixed).unwrap()[0].key.is_ok());
    assert_eq!(read(&good.replace("offline", "OFFLINE")).unwrap().len(), 1);
}

/// R9.
#[test]
fn neither_an_export_nor_what_is_wrong_with_it_shows_a_secret() {
    let mut export = Migration::default();
    export
        .add(&part(&[key(b"12345678901234567890", "ann", ""), key(b"1234567890", "bob", "")], 1, 0, 7))
        .unwrap();
    let before = format!("{export:?}");
    let keys = export.complete().unwrap();
    let told = format!("{before} {keys:?} {}", keys[1].key.as_ref().unwrap_err());
    for secret in ["1234567890", "GEZDGNBV", "49, 50, 51", "31323334"] {
        assert!(!told.contains(secret), "{told}");
    }
}

/// Protocol buffers as their own compiler writes them.
#[test]
fn what_protoc_writes_is_read() {
    let Some(protoc) = Tool::or_skip("protoc", "protobuf-compiler") else { return };
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/engine");
    let mut text = "version: 1 batch_size: 1 batch_id: -1463818107\n".to_owned();
    for n in 0..40_u8 {
        let secret = (0..16 + n)
            .fold(String::new(), |text, byte| text + &format!("\\{:03o}", byte.wrapping_mul(n + 7)));
        let (algorithm, digits) = (1 + n % 3, 1 + n % 2);
        writeln!(
            text,
            "keys {{ secret: \"{secret}\" name: \"user {n} \u{fc}\" issuer: \"Acme\" algorithm: {algorithm} \
             digits: {digits} type: 2 counter: {n} }}"
        )
        .unwrap();
    }
    // Which are more than one QR code has room for, so by halves.
    let lines: Vec<&str> = text.lines().collect();
    for half in [&lines[1..21], &lines[21..]] {
        let text = format!("{}\n{}\n", lines[0], half.join("\n"));
        let path = format!("--proto_path={folder}");
        let message =
            protoc.run_for_bytes(&[&path, "--encode=MigrationPayload", "migration.proto"], text.as_bytes());
        let keys = read(&uri(&message)).unwrap();
        assert_eq!(keys.len(), 20);
        for exported in keys {
            let n: u8 = exported.name.split(' ').nth(1).unwrap().parse().unwrap();
            if !n.is_multiple_of(3) && !cfg!(feature = "sha2") {
                assert_eq!(exported.key.unwrap_err(), InvalidKeyUri::AlgorithmLeftOut);
                continue;
            }
            let imported = exported.key.unwrap();
            let secret: Vec<u8> = (0..16 + n).map(|byte: u8| byte.wrapping_mul(n + 7)).collect();
            assert_eq!(imported.secret.expose(), secret);
            assert_eq!(imported.totp.digits(), if n.is_multiple_of(2) { Digits::Six } else { Digits::Eight });
            assert_eq!(imported.totp.algorithm(), algorithms()[usize::from(n % 3)]);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// R11: whatever is in a QR code, reading it comes to an end and never panics.
    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let mut export = Migration::default();
        let added = export.add(&uri(&bytes));
        prop_assert!(added.is_err() || !bytes.is_empty());
        prop_assert!(export.missing().len() <= 100);
    }

    #[test]
    fn any_text_is_read_or_refused(text in "\\PC*") {
        prop_assert!(Migration::default().add(&text).is_err());
        let _ = Migration::default().add(&format!("{BEGIN}{text}"));
    }

    /// An export that is damaged in one place is read as something, or refused.
    #[test]
    fn a_damaged_export_does_no_harm(place in 0_usize..70, bit in 0_u8..8) {
        let whole = Message::default().bytes(1, &usual("ann").0).bytes(1, &usual("bob").0);
        let mut bytes = whole.number(2, 1).number(3, 1).number(5, 7).0;
        let place = place % bytes.len();
        bytes[place] ^= 1 << bit;
        if let Ok(keys) = read(&uri(&bytes)) {
            prop_assert!(keys.len() <= 2);
        }
    }

    #[test]
    fn what_was_written_is_read(
        secrets in prop::collection::vec(prop::collection::vec(any::<u8>(), 16..=64), 0..10),
        name in "[a-z]{1,20}",
        id in any::<u64>(),
    ) {
        let keys: Vec<Message> = secrets.iter().map(|secret| key(secret, &name, "Acme")).collect();
        let read = read(&part(&keys, 1, 0, id)).unwrap();
        let read: Vec<Vec<u8>> = read.iter().map(|key| key.key.as_ref().unwrap().secret.expose().to_vec()).collect();
        prop_assert_eq!(read, secrets);
    }
}
