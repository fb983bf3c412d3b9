//! Labels: which names are taken, as they are or cut and tidied up, and that none is refused without a true reason.

use std::iter;

use countersign::otp::{Digits, InvalidLabel, KeyUri, Label, LabelRules, Totp};
use proptest::prelude::*;
use unicode_normalization::UnicodeNormalization as _;

use super::rfc_secret;

const ISSUER: &str = "issuer";
const ACCOUNT: &str = "account name";

fn forgiven(issuer: &str, account: &str) -> Result<(String, String), InvalidLabel> {
    LabelRules::FORGIVING
        .label(issuer, account)
        .map(|label| (label.issuer().to_owned(), label.account().to_owned()))
}

fn forgiven_account(account: &str) -> String {
    forgiven("Acme", account).unwrap_or_else(|error| panic!("{account:?}: {error}")).1
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

/// Several apps show Steam's own five-letter codes once the issuer is "Steam", and compare without case; some of
/// them (those in Java) by upper case, in which ſ is an S and ﬅ an ST.
#[test]
fn steam_is_refused_in_every_case_by_all_rules() {
    let all = [LabelRules::STRICT, LabelRules::STRICT.allow_reserved(), LabelRules::FORGIVING];
    let cases = (0..32_u8).map(|upper| {
        let letters = "steam".chars().enumerate();
        letters.map(|(n, c)| if upper >> n & 1 == 1 { c.to_ascii_uppercase() } else { c }).collect()
    });
    for name in cases.chain(["ſteam", "ﬅeam", "ﬆEAM"].map(str::to_owned)) {
        for rules in all {
            assert_eq!(rules.label(&name, "ann"), Err(InvalidLabel::Steam), "{name}");
            assert!(rules.label("Acme", &name).is_ok(), "an account may be called {name}");
        }
        assert!(Label::new(&format!(" {name}"), "ann").is_err(), "{name}");
        for disguised in [format!(" {name}\t"), format!("\u{200b}{name}"), name.replacen('e', "e\u{ad}", 1)] {
            assert_eq!(forgiven(&disguised, "ann"), Err(InvalidLabel::Steam), "{disguised:?}");
        }
    }
    for other in ["Steamworks", "Steam Portal", "My Steam", "Stéam"] {
        assert!(Label::new(other, "ann").is_ok(), "{other}");
    }
}

#[test]
fn a_name_that_not_every_app_would_show_is_refused_with_the_reason() {
    type Reason = fn(&'static str) -> InvalidLabel;
    let names: &[(Reason, &[&str])] = &[
        (InvalidLabel::Empty, &["", "\u{200d}", "\u{fe0f}\u{200c}", "\u{200d} \u{200d}", "\u{e0061}"]),
        (InvalidLabel::OuterBlank, &[" ", " a", "a ", "\ta", "a\n", "\u{a0}a", "a\u{3000}", "\u{2028}a"]),
        (InvalidLabel::Colon, &[":", "a:b", "::", "a:", ":a", "a: b"]),
        (InvalidLabel::Control, &["a\0b", "a\nb", "a\tb", "\u{1b}[31m", "a\u{7f}", "a\u{9f}b", "\0"]),
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
        (InvalidLabel::Invisible, &["a\u{34f}b", "a\u{17b4}", "\u{fff9}a", "a\u{1d173}", "a\u{e0001}b"]),
        (InvalidLabel::Reserved, &["a&b", "a?b", "a#b", "100 %", "a+b", "a/b", "a=b", "&", "%41"]),
        (
            InvalidLabel::TooLong,
            &["12345678901234567890123456789012345678901", "a b c d e f g h i j k l m n o p q r s t u"],
        ),
    ];
    for (reason, names) in names {
        for name in *names {
            assert_eq!(Label::new(name, "ann"), Err(reason(ISSUER)), "{name:?}");
            assert_eq!(Label::new("Acme", name), Err(reason(ACCOUNT)), "{name:?}");
        }
    }
}

#[test]
fn reserved_characters_are_taken_where_the_rules_allow_them_and_nothing_else() {
    let rules = LabelRules::STRICT.allow_reserved();
    for name in ["a&b", "a?b", "a#b", "100 %", "a+b", "a/b", "a=b", "&?#%+/="] {
        let label = rules.label(name, name).unwrap();
        assert_eq!((label.issuer(), label.account()), (name, name));
    }
    for name in ["a+b:c", " a+b", "a+b\0", "a+\u{202e}b", ""] {
        assert!(rules.label("Acme", name).is_err(), "{name:?}");
    }
    assert_eq!(LabelRules::default(), LabelRules::STRICT);
}

#[test]
fn names_of_all_scripts_are_fine() {
    for name in [
        "Bücher Söhne",
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
        "ACME\\ann",
    ] {
        let label = Label::new(name, name).unwrap();
        assert_eq!((label.issuer(), label.account()), (name, name));
        assert_eq!(forgiven(name, name), Ok((name.to_owned(), name.to_owned())));
    }
}

#[test]
fn an_issuer_has_at_most_30_characters_and_an_account_40() {
    let name = |length| "a".repeat(length);
    for (issuer, account, refusal) in [
        (30, 40, None),
        (31, 40, Some(InvalidLabel::TooLong(ISSUER))),
        (30, 41, Some(InvalidLabel::TooLong(ACCOUNT))),
        (10_000_000, 1, Some(InvalidLabel::TooLong(ISSUER))),
        (1, 10_000_000, Some(InvalidLabel::TooLong(ACCOUNT))),
    ] {
        let (issuer, account) = (name(issuer), name(account));
        assert_eq!(Label::new(&issuer, &account).err(), refusal);
        let issuer_cut = issuer[..issuer.len().min(30)].to_owned();
        let account_cut = account[..account.len().min(40)].to_owned();
        assert_eq!(forgiven(&issuer, &account), Ok((issuer_cut, account_cut)));
    }
    // Counted as composed, for one name has one spelling.
    assert!(Label::new(&"e\u{301}".repeat(12), "ann").is_ok());
    assert_eq!(forgiven_account(&"a\u{323}\u{302}".repeat(14)), "ậ".repeat(14));
}

/// A space takes three bytes in a URI, "ü" six, a kanji nine, an emoji twelve.
#[test]
fn what_many_bytes_are_made_of_has_fewer_characters() {
    for (character, of_issuer, of_account) in [("ü", 12, 9), ("社", 8, 6), ("🔒", 6, 4)] {
        // Beside the longest issuer the account has 54 bytes.
        let longest = character.repeat(of_issuer);
        let longer = character.repeat(of_issuer + 1);
        assert!(Label::new(&longest, &character.repeat(of_account)).is_ok(), "{character}");
        assert_eq!(Label::new(&longer, "a"), Err(InvalidLabel::TooLong(ISSUER)), "{character}");
        let account = character.repeat(of_account + 1);
        assert_eq!(Label::new(&longest, &account), Err(InvalidLabel::TooLong(ACCOUNT)), "{character}");
        assert_eq!(forgiven(&longer, &account), Ok((longest, character.repeat(of_account))));
    }
    // Beside a short one, it has 190.
    assert!(Label::new("Acme", &"ü".repeat(31)).is_ok());
    assert_eq!(Label::new("Acme", &"ü".repeat(32)), Err(InvalidLabel::TooLong(ACCOUNT)));
    // One character of three that composition takes apart (Unicode's composition exclusions).
    assert!(Label::new("Acme", &"\u{fb2c}".repeat(10)).is_ok());
    assert!(Label::new("Acme", &"\u{fb2c}".repeat(11)).is_err());
}

#[test]
fn a_name_is_cut_at_the_end_of_a_character_and_never_before_a_blank() {
    let kept = |length, end: &str| {
        let name = format!("{}{end}", "a".repeat(length));
        let cut = forgiven_account(&name);
        cut.strip_prefix(&name[..length.min(cut.len())]).unwrap().to_owned()
    };
    assert_eq!(kept(39, "bc"), "b");
    assert_eq!(kept(40, "b"), "");
    // Blanks before the cut go as well.
    assert_eq!(kept(39, " b"), "");
    assert_eq!(kept(30, "          b"), "");
    assert_eq!(kept(38, "\u{a0}\u{3000}b"), "");
    // A letter keeps its accents, also those that compose with nothing; an emoji its parts.
    assert_eq!(kept(39, "e\u{301}b"), "é");
    assert_eq!(kept(39, "q\u{301}b"), "");
    assert_eq!(kept(38, "q\u{301}b"), "q\u{301}");
    assert_eq!(kept(37, "👩\u{200d}💻b"), "👩\u{200d}💻");
    assert_eq!(kept(38, "👩\u{200d}💻b"), "");
    assert_eq!(kept(39, "👩\u{200d}💻b"), "");
    assert_eq!(kept(39, "👍\u{1f3fd}b"), "");
    assert_eq!(kept(39, "❤\u{fe0f}b"), "");
    assert_eq!(kept(39, "कि"), "");
    // More accents than a name may have characters: then within.
    let stacked = format!("a{}", "\u{301}".repeat(1000));
    assert_eq!(forgiven_account(&stacked), format!("á{}", "\u{301}".repeat(30)));
    assert_eq!(
        LabelRules::STRICT
            .cut_long_names()
            .label("Acme", &format!("{} b", "a".repeat(39)))
            .unwrap()
            .account(),
        "a".repeat(39)
    );
}

/// An ordinary user is never kept from enrolling by their name.
#[test]
fn forgiving_rules_take_what_ordinary_names_have() {
    for (given, shown) in [
        ("ann+work@example.com", "ann+work@example.com"),
        ("o'brien/sales=1?#%&@example.com", "o'brien/sales=1?#%&@example.com"),
        // A guest's login name in Microsoft's directories.
        ("ann_example.com#EXT#@fabrikam.onmicrosoft.com", "ann_example.com#EXT#@fabrikam.onmicrosof"),
        ("  ann@example.com\r\n", "ann@example.com"),
        ("Ann\u{ad}Marie \u{200b}Smith\u{200b} ", "AnnMarie Smith"),
        // Marks of direction, as they come from spreadsheets.
        ("\u{200f}דנה כהן\u{200f}", "דנה כהן"),
        ("\u{202b}أحمد\u{202c}", "أحمد"),
        ("\u{feff}ann", "ann"),
        ("a \u{200b}", "a"),
        ("Wolfeschlegelsteinhausenbergerdorff, Hubert Blaine", "Wolfeschlegelsteinhausenbergerdorff, Hub"),
    ] {
        assert_eq!(forgiven_account(given), shown);
    }
    for (unusable, reason) in [
        ("", InvalidLabel::Empty(ACCOUNT)),
        (" \u{200b}\t", InvalidLabel::Empty(ACCOUNT)),
        ("urn:ann", InvalidLabel::Colon(ACCOUNT)),
        ("an\0n", InvalidLabel::Control(ACCOUNT)),
        ("an\nn", InvalidLabel::Control(ACCOUNT)),
    ] {
        assert_eq!(forgiven("Acme", unusable), Err(reason), "{unusable:?}");
    }
}

#[test]
fn each_rule_forgives_one_thing() {
    let (reserved, long, untidy) = ("a+b", "a".repeat(41), "a\u{200b}");
    let taken =
        |rules: LabelRules| [reserved, &*long, untidy, " a"].map(|name| rules.label("Acme", name).is_ok());
    assert_eq!(taken(LabelRules::STRICT), [false, false, false, false]);
    assert_eq!(taken(LabelRules::STRICT.allow_reserved()), [true, false, false, false]);
    assert_eq!(taken(LabelRules::STRICT.cut_long_names()), [false, true, false, false]);
    assert_eq!(taken(LabelRules::STRICT.tidy_up()), [false, false, true, true]);
    assert_eq!(taken(LabelRules::FORGIVING), [true, true, true, true]);
}

/// Names as an attacker would choose them, or a portal's users.
pub(super) fn names() -> impl Strategy<Value = String> {
    let hostile = [
        &[":", "%", "%3A", "%00", "&secret=AAAA", "&issuer=Evil", "&", "?", "#", "/", "=", "+"][..],
        &[";", "@", "\\", "\"", "<", "'", "otpauth://totp/", "Steam", "steam", "Acme", "ann@example.com"],
        &[" ", "  ", "\t", "\n", "\r\n", "\0", "\u{7f}", "\u{85}", "\u{a0}", "\u{3000}"],
        &["\u{ad}", "\u{200b}", "\u{200d}", "\u{202e}", "\u{2066}", "\u{feff}", "\u{3164}"],
        &["ä", "a\u{308}", "ß", "ſ", "İ", "\u{212b}", "\u{fb2c}", "한", "\u{301}", "कि"],
        &["🔒", "👩\u{200d}💻", "🏴\u{e0067}\u{e007f}", "👍\u{1f3fd}", "❤\u{fe0f}"],
    ];
    let hostile = prop::sample::select(hostile.concat());
    prop_oneof![
        prop::collection::vec(hostile.clone(), 0..6).prop_map(|pieces| pieces.concat()),
        prop::collection::vec(prop_oneof![hostile, "[a-z]{1,8}".prop_map(|word| &*word.leak())], 5..20)
            .prop_map(|pieces| pieces.concat()),
        "[ -~]{0,40}",
        "[a-zA-Z .@_-]{25,45}",
        "\\PC{0,14}",
        any::<String>(),
    ]
}

/// What is left of them.
pub(super) fn labels() -> impl Strategy<Value = Label> {
    let rules = prop::sample::select(vec![LabelRules::STRICT, LabelRules::FORGIVING]);
    (rules, names(), names())
        .prop_filter_map("no label", |(rules, issuer, account)| rules.label(&issuer, &account).ok())
}

/// How many bytes a name takes in a URI.
fn encoded(name: &str) -> usize {
    name.bytes().map(|byte| if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) { 1 } else { 3 }).sum()
}

fn is_invisible(c: char) -> bool {
    let listed = "\u{ad}\u{34f}\u{61c}\u{115f}\u{1160}\u{17b4}\u{17b5}\u{180e}\u{200b}\u{200e}\u{200f}\u{3164}\u{feff}\u{ffa0}";
    let ranges = [
        0x2028..=0x202e,
        0x2060..=0x206f,
        0xfff0..=0xfffb,
        0x1bca0..=0x1bca3,
        0x1d173..=0x1d17a,
        0xe0000..=0xe001f,
        0xe0080..=0xe00ff,
        0xe01f0..=0xe0fff,
    ];
    listed.contains(c) || ranges.iter().any(|range| range.contains(&u32::from(c)))
}

/// Joiners, variation selectors, tags.
fn is_nothing_alone(c: char) -> bool {
    let ranges = [
        0x200c..=0x200d,
        0x180b..=0x180d,
        0x180f..=0x180f,
        0xfe00..=0xfe0f,
        0xe0020..=0xe007f,
        0xe0100..=0xe01ef,
    ];
    ranges.iter().any(|range| range.contains(&u32::from(c)))
}

/// Whether a name, which is in NFC, is too long for its place.
fn is_too_long(what: &str, name: &str, issuer: &str) -> bool {
    let (characters, bytes) = if what == ISSUER { (30, 72) } else { (40, 198 - 2 * encoded(issuer)) };
    name.chars().count() > characters || encoded(name) > bytes
}

/// Whether the reason of a refusal is true, and of the name it blames. The names are in NFC.
fn is_true(refusal: InvalidLabel, issuer: &str, account: &str) -> bool {
    let blamed = |what: &str| match what {
        ISSUER => issuer,
        ACCOUNT => account,
        other => panic!("what is the {other}?"),
    };
    match refusal {
        InvalidLabel::Steam => issuer.to_uppercase() == "STEAM",
        InvalidLabel::Empty(what) => blamed(what).chars().all(|c| c.is_whitespace() || is_nothing_alone(c)),
        InvalidLabel::OuterBlank(what) => blamed(what).trim().len() < blamed(what).len(),
        InvalidLabel::Colon(what) => blamed(what).contains(':'),
        InvalidLabel::Control(what) => blamed(what).chars().any(char::is_control),
        InvalidLabel::Invisible(what) => blamed(what).chars().any(is_invisible),
        InvalidLabel::Reserved(what) => blamed(what).chars().any(|c| "&?#%+/=".contains(c)),
        InvalidLabel::TooLong(what) => is_too_long(what, blamed(what), issuer),
        other => panic!("{other:?} is new"),
    }
}

/// Every reason there is to refuse two names.
fn reasons() -> impl Iterator<Item = InvalidLabel> {
    let reasons = [
        InvalidLabel::Empty,
        InvalidLabel::OuterBlank,
        InvalidLabel::Colon,
        InvalidLabel::Control,
        InvalidLabel::Invisible,
        InvalidLabel::Reserved,
        InvalidLabel::TooLong,
    ];
    reasons
        .into_iter()
        .flat_map(|reason| [ISSUER, ACCOUNT].map(reason))
        .chain(iter::once(InvalidLabel::Steam))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn a_name_is_refused_for_a_true_reason_or_taken_as_it_is((issuer, account) in (names(), names())) {
        let composed: [String; 2] = [&issuer, &account].map(|name| name.nfc().collect());
        match Label::new(&issuer, &account) {
            Err(refusal) => prop_assert!(is_true(refusal, &composed[0], &composed[1]), "{refusal:?}"),
            Ok(label) => {
                for reason in reasons() {
                    prop_assert!(!is_true(reason, &composed[0], &composed[1]), "{reason:?} was overlooked");
                }
                prop_assert_eq!([label.issuer(), label.account()], [&*composed[0], &*composed[1]]);
            }
        }
    }

    /// What is cut is a beginning of the tidy name, and only a name that does not fit is cut.
    #[test]
    fn forgiving_rules_refuse_only_what_cannot_be_represented((issuer, account) in (names(), names())) {
        let tidy: [String; 2] = [&issuer, &account].map(|name| {
            let seen: String = name.chars().filter(|c| !is_invisible(*c)).nfc().collect();
            seen.trim().to_owned()
        });
        let cannot = |name: &str| {
            let cut: String = name.chars().take(40).collect();
            cut.chars().any(|c| c == ':' || c.is_control())
                || cut.chars().all(|c| c.is_whitespace() || is_nothing_alone(c))
        };
        match LabelRules::FORGIVING.label(&issuer, &account) {
            Err(InvalidLabel::Steam) => prop_assert!(tidy[0].to_uppercase().starts_with("STEAM")),
            Err(InvalidLabel::Empty(what) | InvalidLabel::Colon(what) | InvalidLabel::Control(what)) => {
                prop_assert!(cannot(&tidy[usize::from(what == ACCOUNT)]));
            }
            Err(other) => prop_assert!(false, "{:?}", other),
            Ok(label) => {
                for (what, shown, tidy) in [(ISSUER, label.issuer(), &tidy[0]), (ACCOUNT, label.account(), &tidy[1])] {
                    prop_assert!(tidy.starts_with(shown), "{shown:?} of {tidy:?}");
                    prop_assert!(!is_too_long(what, shown, label.issuer()));
                    prop_assert!(shown == tidy || is_too_long(what, tidy, label.issuer()), "{shown:?} of {tidy:?}");
                }
                // And what is left is as good as any.
                let again = LabelRules::STRICT.allow_reserved().label(label.issuer(), label.account());
                prop_assert_eq!(again, Ok(label));
            }
        }
    }

    /// So that its QR code is easy to scan. SHA-256 and SHA-512 have names that are two characters longer.
    #[test]
    fn the_uri_of_a_usual_secret_stays_under_300_bytes(label in labels(), shortest in any::<bool>()) {
        let totp = Totp::new(Digits::Eight, if shortest { 15 } else { 120 }).unwrap();
        let uri = KeyUri::spelled_out(&label, &rfc_secret(), totp);
        prop_assert!(uri.expose().len() + "SHA512".len() - "SHA1".len() < 300, "{}", uri.expose().len());
    }
}
