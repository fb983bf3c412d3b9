//! Lists of users and keys: every line comes out, good or not.

use countersign::{
    InvalidName,
    admin::{InvalidKeyList, InvalidLine, key_list},
    otp::{Digits, InvalidKeyUri, InvalidSecret},
};
use proptest::prelude::*;

const KEY: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

/// The number, the user and what is wrong, of each line.
fn told(list: &(impl AsRef<[u8]> + ?Sized)) -> Vec<(u64, Result<String, InvalidLine>)> {
    let shown = String::from_utf8_lossy(list.as_ref());
    let lines = key_list(list).unwrap_or_else(|why| panic!("{why}: {shown}"));
    lines.map(|line| (line.number, line.entry.map(|entry| entry.user.as_str().to_owned()))).collect()
}

#[test]
fn every_line_comes_out_with_its_number_and_a_bad_one_spoils_no_other() {
    let list = format!(
        "\u{feff}User, Key \r\n\
         ann,{KEY}\r\n\
         \r\n\
         bob,JBSWY3DPEHPK3PXP\n\
         ,{KEY}\n\
         cid,{KEY},SHA256\n\
         dan\n\
         \"eve, of Acme\",\"gezd gnbv gy3t qojq\ngezd gnbv gy3t qojq\"\n\
         \"fay \"\"the\"\" third\",{KEY}\n\
         gus,\"otpauth://totp/Old:gus?secret={KEY}&digits=8\"\n\
         hal,otpauth://hotp/Old:hal?secret={KEY}&counter=1\n\
         ida,\n\
         kim\"s,{KEY}\n\
         ,,\n\
         \"x\nmorgan,{KEY}\ny\",{KEY}\n\
         mia,otpauth-migration://offline?data=CiwK\n\
         ned,{KEY},,\r\
         \"jon,{KEY}\n\
         oda,{KEY}\n"
    );
    let key = |user: &str, why| Err(InvalidLine::Key { user: countersign::UserId::new(user).unwrap(), why });
    let expected = [
        (2, Ok("ann".to_owned())),
        (4, key("bob", InvalidKeyUri::Secret(InvalidSecret::TooShort))),
        (5, Err(InvalidLine::User(InvalidName::Empty))),
        (6, Err(InvalidLine::Columns)),
        (7, Err(InvalidLine::Columns)),
        (8, Ok("eve, of Acme".to_owned())),
        (10, Ok("fay \"the\" third".to_owned())),
        (11, Ok("gus".to_owned())),
        (12, key("hal", InvalidKeyUri::Hotp)),
        (13, key("ida", InvalidKeyUri::Missing("secret"))),
        (14, Ok("kim\"s".to_owned())),
        // A line end in quotation marks is one of a name, which may have none; nobody is called morgan here.
        (16, Err(InvalidLine::User(InvalidName::ControlCharacter))),
        (19, key("mia", InvalidKeyUri::NotTotp)),
        (20, Ok("ned".to_owned())),
        (21, Err(InvalidLine::QuoteNotClosed)),
    ];
    let told = told(&list);
    for (told, expected) in told.iter().zip(&expected) {
        assert_eq!(told, expected);
    }
    assert_eq!(told.len(), expected.len());
    let gus = key_list(&list).unwrap().nth(7).unwrap().entry.unwrap();
    assert_eq!((gus.key.totp.digits(), gus.key.issuer.as_deref()), (Digits::Eight, Some("Old")));
    assert_eq!(gus.key.secret.expose(), b"12345678901234567890");
}

#[test]
fn the_columns_come_in_either_order_and_no_others_are_overlooked() {
    assert_eq!(told(&format!("key,user\n{KEY},ann\n")), [(2, Ok("ann".to_owned()))]);
    assert_eq!(told("\n\nUSER,KEY\n"), []);
    for none in [
        "",
        "\n",
        "ann,GEZD",
        "user",
        "user,key,algorithm",
        "user:key",
        "user,user,key",
        "key,key",
        "user,\"key",
        "sep=;\nuser,key,digits",
    ] {
        assert_eq!(key_list(none).err(), Some(InvalidKeyList), "{none:?}");
    }
}

/// R11: as the spreadsheets and programs of this world write it.
#[test]
fn a_table_is_recognized_by_what_it_is() {
    let list = format!("user,key\r\nj\u{f6}rg,{KEY}\r\n\r\nann,{KEY}\r\n");
    let expected = |first| [(first, Ok("j\u{f6}rg".to_owned())), (first + 2, Ok("ann".to_owned()))];
    let utf_16 = |mark: &str, unit: fn(u16) -> [u8; 2]| -> Vec<u8> {
        format!("{mark}{list}").encode_utf16().flat_map(unit).collect()
    };
    for bytes in [
        list.clone().into_bytes(),
        format!("\u{feff}{list}").into_bytes(),
        utf_16("", u16::to_le_bytes),
        utf_16("", u16::to_be_bytes),
        utf_16("\u{feff}", u16::to_le_bytes),
        utf_16("\u{feff}", u16::to_be_bytes),
        list.replace(',', ";").into_bytes(),
        list.replace(',', "\t").into_bytes(),
        list.replace(',', "|").into_bytes(),
        list.replace("\r\n", "\r").into_bytes(),
        list.replace("\r\n", "\n").into_bytes(),
        list.replace(',', ",,").replace("\r\n", ",,\r\n").into_bytes(),
        list.replace("user", " \"User\"").replace(" \"User\"", "\"User \"").into_bytes(),
        list.trim_end().as_bytes().to_vec(),
    ] {
        assert_eq!(told(&bytes), expected(2), "{}", String::from_utf8_lossy(&bytes));
    }
    for sep in ["sep=;", "SEP=;", "\"sep=;\""] {
        assert_eq!(told(&format!("{sep}\r\n{}", list.replace(',', ";"))), expected(3));
    }
    assert_eq!(told(&format!("sep=\t\n{}", list.replace(',', "\t"))), expected(3));
    assert_eq!(told(&format!("sep=^\n{}", list.replace(',', "^"))), expected(3));
}

/// R11.
#[test]
fn a_byte_that_is_no_text_costs_its_own_record() {
    let latin_1 = [b"user,key\nm\xfcller,".as_slice(), KEY.as_bytes(), b"\nann,", KEY.as_bytes()].concat();
    assert_eq!(told(&latin_1), [(2, Err(InvalidLine::NotText)), (3, Ok("ann".to_owned()))]);
    // Half a character, and half a unit at the end.
    let units = |text: &str| text.encode_utf16().collect::<Vec<_>>();
    let utf_16 =
        [units("user,key\nb"), vec![0xd800], units(&format!("b,{KEY}\nann,{KEY}\ncid,{KEY}"))].concat();
    let mut bytes: Vec<u8> = utf_16.iter().flat_map(|unit| unit.to_le_bytes()).collect();
    bytes.push(7);
    let expected =
        [(2, Err(InvalidLine::NotText)), (3, Ok("ann".to_owned())), (4, Err(InvalidLine::NotText))];
    assert_eq!(told(&bytes), expected);
}

/// R9.
#[test]
fn what_is_wrong_is_told_without_the_key() {
    let list = format!("user,key\nann,{KEY}1\nbob,{KEY},\ncid,otpauth://totp/?secret={KEY}\ndan,{KEY}\n");
    for line in key_list(&list).unwrap() {
        let told =
            format!("{line:?} {}", line.entry.as_ref().err().map(ToString::to_string).unwrap_or_default());
        assert!(!told.contains("GEZD") && !told.contains("49, 50"), "{told}");
    }
}

proptest! {
    #[test]
    fn any_text_is_a_list_or_none(text in any::<Vec<u8>>()) {
        for list in [text.clone(), [b"user,key\n".as_slice(), &text].concat()] {
            if let Ok(lines) = key_list(&list) {
                let numbers: Vec<u64> = lines.map(|line| line.number).collect();
                prop_assert!(numbers.is_sorted_by(|one, next| one < next), "{numbers:?}");
            }
        }
    }

    /// RFC 4180: a user of any name, written as a spreadsheet writes it, is read as they were.
    #[test]
    fn a_quoted_name_is_read_as_it_was_written(name in "[ -~\u{e0}-\u{ff}]{1,40}") {
        let quoted = name.replace('"', "\"\"");
        let list = format!("user,key\n\"{quoted}\",{KEY}\n");
        prop_assert_eq!(told(&list), [(2, Ok(name))]);
    }
}
