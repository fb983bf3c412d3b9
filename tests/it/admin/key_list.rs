//! Lists of users and keys: every line comes out, good or not.

use countersign::{
    InvalidName,
    admin::{InvalidKeyList, InvalidLine, key_list},
    otp::{Digits, InvalidKeyUri, InvalidSecret},
};
use proptest::prelude::*;

const KEY: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

/// The number, the user and what is wrong, of each line.
fn told(list: &str) -> Vec<(u64, Result<String, InvalidLine>)> {
    let lines = key_list(list).unwrap();
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
         \"eve, of Acme\" , \"gezd gnbv gy3t qojq gezd gnbv gy3t qojq\"\n\
         \"fay \"\"the\"\" third\",{KEY}\n\
         gus,\"otpauth://totp/Old:gus?secret={KEY}&digits=8\"\n\
         hal,otpauth://hotp/Old:hal?secret={KEY}&counter=1\n\
         ida,\n\
         \"jon,{KEY}\n\
         kim\"s,{KEY}\n\
         \"lea\"s,{KEY}\n\
         mia,otpauth-migration://offline?data=CiwK\n\
         ned,{KEY}"
    );
    let key = |user: &str, why| Err(InvalidLine::Key { user: countersign::UserId::new(user).unwrap(), why });
    let expected = [
        (2, Ok("ann".to_owned())),
        (4, key("bob", InvalidKeyUri::Secret(InvalidSecret::TooShort))),
        (5, Err(InvalidLine::User(InvalidName::Empty))),
        (6, Err(InvalidLine::Columns)),
        (7, Err(InvalidLine::Columns)),
        (8, Ok("eve, of Acme".to_owned())),
        (9, Ok("fay \"the\" third".to_owned())),
        (10, Ok("gus".to_owned())),
        (11, key("hal", InvalidKeyUri::Hotp)),
        (12, key("ida", InvalidKeyUri::Missing("secret"))),
        (13, Err(InvalidLine::Columns)),
        (14, Err(InvalidLine::Columns)),
        (15, Err(InvalidLine::Columns)),
        (16, key("mia", InvalidKeyUri::NotTotp)),
        (17, Ok("ned".to_owned())),
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
    for none in
        ["", "\n", "ann,GEZD", "user", "user,key,algorithm", "user;key", "user,user", "key,key", "user,\"key"]
    {
        assert_eq!(key_list(none).err(), Some(InvalidKeyList), "{none:?}");
    }
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
    /// R11: nothing is lost and nothing panics, whatever somebody uploads.
    #[test]
    fn of_any_text_every_line_that_is_not_empty_comes_out_once(text in "[a-zA-Z0-9,\" \r\n:/?=%\u{fc}]{0,200}") {
        let list = format!("user,key\n{text}");
        let numbers: Vec<u64> = key_list(&list).unwrap().map(|line| line.number).collect();
        let expected: Vec<u64> = (1..)
            .zip(list.lines())
            .skip(1)
            .filter(|(_, line)| !line.trim().is_empty())
            .map(|(number, _)| number)
            .collect();
        prop_assert_eq!(numbers, expected);
    }

    #[test]
    fn any_text_is_a_list_or_none(text in "\\PC*") {
        if let Ok(lines) = key_list(&text) {
            lines.for_each(drop);
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
