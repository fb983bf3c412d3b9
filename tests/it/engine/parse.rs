//! Reading key URIs: odd ones and what they mean, also to others who read them; and texts that are none.

use countersign::otp::{Digits, Imported, InvalidKeyUri, InvalidSecret, KeyUri, NameFault, Secret, Totp};
use proptest::prelude::*;

use super::{label::labels, rfc_secret, secret_bytes};
use crate::tools::Tool;

/// The secret of the RFCs.
const K: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

/// What a URI means: the issuer, the account, digits and period. The secret is that of the RFCs.
type Meaning = (Option<&'static str>, &'static str, u8, u8);

/// What pyotp 2.12 or otplib 13.5 makes of it.
#[derive(Clone, Copy, Debug)]
enum Theirs {
    /// The same as we.
    Same,
    /// It refuses.
    Refused,
    /// It reads something else, and this is to be found in it.
    Else(&'static str),
}
use Theirs::{Else, Refused, Same};

/// A URI in which `K` stands for the secret, our reading of it, pyotp's and otplib's.
type Row = (&'static str, Result<Meaning, InvalidKeyUri>, Theirs, Theirs);

#[allow(clippy::unnecessary_wraps, reason = "a row of the table holds a result")]
const fn usual(issuer: Option<&'static str>, account: &'static str) -> Result<Meaning, InvalidKeyUri> {
    Ok((issuer, account, 6, 30))
}

/// SHA-256 and SHA-512 are read where the engine has them.
const SHA_2: Result<Meaning, InvalidKeyUri> =
    if cfg!(feature = "sha2") { usual(None, "ann") } else { Err(InvalidKeyUri::AlgorithmLeftOut) };

const ACME: Option<&str> = Some("Acme");

#[rustfmt::skip]
const TABLE: &[Row] = &[
    // As it should be.
    ("otpauth://totp/Acme:ann?secret=K&issuer=Acme", usual(ACME, "ann"), Same, Same),
    ("otpauth://totp/Acme:ann?secret=K&issuer=Acme&algorithm=SHA1&digits=6&period=30", usual(ACME, "ann"), Same, Same),
    ("otpauth://totp/Acme:ann?issuer=Acme&period=60&digits=8&secret=K", Ok((ACME, "ann", 8, 60)), Same, Same),
    ("otpauth://totp/A%20%26%20B:c%40d%3F%23%2B%25%2F%3D?secret=K&issuer=A%20%26%20B", usual(Some("A & B"), "c@d?#+%/="), Same, Same),
    ("otpauth://totp/B%C3%BCcher:%E6%A0%AA?secret=K&issuer=B%C3%BCcher", usual(Some("Bücher"), "株"), Same, Same),

    // Case. Both compare names of parameters by case, and so miss these; otplib the scheme and the type as well.
    ("OTPAUTH://TOTP/Acme:ann?secret=K", usual(ACME, "ann"), Refused, Refused),
    ("otpauth://TOTP/Acme:ann?secret=K", usual(ACME, "ann"), Refused, Refused),
    ("OtpAuth://totp/Acme:ann?secret=K", usual(ACME, "ann"), Same, Refused),
    ("otpauth://totp/Acme:ann?SECRET=K", usual(ACME, "ann"), Refused, Refused),
    ("otpauth://totp/Acme:ann?secret=K&Digits=8", Ok((ACME, "ann", 8, 30)), Else("digits=6"), Else("digits=6")),
    ("otpauth://totp/Acme:ann?secret=K&PERIOD=60", Ok((ACME, "ann", 6, 60)), Else("period=30"), Else("period=30")),

    // The secret: lower case, padding, blanks. RFC 4648 has none of these in mind, people have.
    ("otpauth://totp/ann?secret=gezdgnbvgy3tqojqgezdgnbvgy3tqojq", usual(None, "ann"), Same, Same),
    ("otpauth://totp/ann?secret=GezdGNBVgy3tqojqGEZDGNBVGY3TQOJq", usual(None, "ann"), Same, Same),
    ("otpauth://totp/ann?secret=GEZD%20GNBV%20GY3T%20QOJQ%20GEZD%20GNBV%20GY3T%20QOJQ", usual(None, "ann"), Refused, Refused),
    ("otpauth://totp/ann?secret=GEZD+GNBV+GY3T+QOJQ+GEZD+GNBV+GY3T+QOJQ", usual(None, "ann"), Refused, Refused),
    ("otpauth://totp/ann?secret=GEZD-GNBV-GY3T-QOJQ-GEZD-GNBV-GY3T-QOJQ", usual(None, "ann"), Refused, Refused),
    ("otpauth://totp/ann?secret=GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ", usual(None, "ann"), Refused, Refused),
    // More padding than there should be, as if it had been added twice.
    ("otpauth://totp/ann?secret=K======", usual(None, "ann"), Refused, Refused),
    ("otpauth://totp/ann?secret=K%3D%3D", usual(None, "ann"), Refused, Refused),
    ("otpauth://totp/ann?secret=%47EZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", usual(None, "ann"), Same, Same),

    // The colon. pyotp takes an encoded one for part of a name, as we do beside a literal one.
    ("otpauth://totp/Acme%3Aann?secret=K", usual(ACME, "ann"), Else("issuer=None account=Acme:ann"), Same),
    ("otpauth://totp/Acme%3aann?secret=K&issuer=Acme", usual(ACME, "ann"), Else("issuer=Acme account=Acme:ann"), Same),
    ("otpauth://totp/Acme%3A8443:ann?secret=K", usual(Some("Acme:8443"), "ann"), Same, Same),
    ("otpauth://totp/Acme:urn%3Aann?secret=K", usual(ACME, "urn:ann"), Same, Same),
    ("otpauth://totp/Acme:urn:ann?secret=K", usual(ACME, "urn:ann"), Same, Same),
    ("otpauth://totp/Acme%3Aurn%3Aann?secret=K", usual(ACME, "urn:ann"), Else("account=Acme:urn:ann"), Same),
    // "It may be preceded by spaces" is the format's own word of the account. pyotp leaves them there.
    ("otpauth://totp/Acme:%20%20ann?secret=K", usual(ACME, "ann"), Else("account=  ann"), Else("label=Acme:  ann")),
    ("otpauth://totp/Acme : ann ?secret=K", usual(ACME, "ann"), Else("issuer=Acme  account= ann"), Else("label=Acme : ann ")),

    // The issuer: in one of both places, or in none. An empty one is none.
    ("otpauth://totp/ann?secret=K", usual(None, "ann"), Same, Same),
    ("otpauth://totp/Acme:ann?secret=K", usual(ACME, "ann"), Same, Same),
    ("otpauth://totp/ann?secret=K&issuer=Acme", usual(ACME, "ann"), Same, Else("issuer=Acme label=ann")),
    ("otpauth://totp/ann?secret=K&issuer=", usual(None, "ann"), Same, Same),
    ("otpauth://totp/ann?secret=K&issuer", usual(None, "ann"), Same, Same),
    ("otpauth://totp/:ann?secret=K", usual(None, "ann"), Else("issuer= account"), Else("label=:ann")),
    ("otpauth://totp/:ann?secret=K&issuer=Acme", usual(ACME, "ann"), Refused, Else("issuer=Acme label=:ann")),
    ("otpauth://totp/Acme:ann?secret=K&issuer=", usual(ACME, "ann"), Same, Same),
    // Apps differ in which of two they show. It costs no key, and is told.
    ("otpauth://totp/Slack%20(Blue%20Team):ann@mail.example?secret=K&issuer=Slack", usual(Some("Slack"), "ann@mail.example"), Refused, Else("label=Slack (Blue Team):ann@mail.example")),
    ("otpauth://totp/Acme:ann?secret=K&issuer=Other", usual(Some("Other"), "ann"), Refused, Else("issuer=Other label=Acme:ann")),
    ("otpauth://totp/Acme:ann?secret=K&issuer=ACME", usual(Some("ACME"), "ann"), Refused, Else("issuer=ACME label=Acme:ann")),
    ("otpauth://totp/urn%3Aann?secret=K&issuer=Acme", usual(ACME, "ann"), Else("issuer=Acme account=urn:ann"), Else("issuer=Acme label=urn:ann")),
    // One name has one spelling: the same ü in two.
    ("otpauth://totp/M%C3%BCller:ann?secret=K&issuer=Mu%CC%88ller", usual(Some("Müller"), "ann"), Refused, Else("issuer=Mu\u{308}ller")),
    ("otpauth://totp/Acme%20:ann?secret=K&issuer=Acme", usual(ACME, "ann"), Refused, Else("label=Acme :ann")),

    // A plus is a space in what forms write, and a plus in a path. otplib takes it for itself everywhere.
    ("otpauth://totp/Acme%20Inc:ann?secret=K&issuer=Acme+Inc", usual(Some("Acme Inc"), "ann"), Same, Else("issuer=Acme+Inc label=Acme Inc:ann")),
    ("otpauth://totp/C+A:a+b?secret=K&issuer=C+A", usual(Some("C+A"), "a+b"), Refused, Same),
    ("otpauth://totp/C%2BA:a+b?secret=K&issuer=C%2BA", usual(Some("C+A"), "a+b"), Same, Same),
    ("otpauth://totp/ann?secret=K&issuer=C+A", usual(Some("C A"), "ann"), Same, Else("issuer=C+A")),

    // What ought to be encoded and is not.
    ("otpauth://totp/Bücher Söhne:ann@example.com?secret=K&issuer=Bücher Söhne", usual(Some("Bücher Söhne"), "ann@example.com"), Same, Same),
    ("otpauth://totp/ACME/ann/b?secret=K", usual(None, "ACME/ann/b"), Same, Same),
    ("otpauth://totp//ann?secret=K", usual(None, "/ann"), Same, Same),
    ("otpauth://totp/a&b=c?secret=K", usual(None, "a&b=c"), Same, Same),
    ("otpauth://totp/ann?secret=K&issuer=A=B", usual(Some("A=B"), "ann"), Same, Else("issuer=A=B label=ann")),
    ("otpauth://totp/ann?secret=K&issuer=A?B", usual(Some("A?B"), "ann"), Same, Else("issuer=A?B label=ann")),
    ("otpauth://totp/Acme#1:ann?secret=K", usual(None, "ann"), Refused, Else("label=Acme#1:ann")),
    ("otpauth://totp/user#1?secret=K&issuer=wso2", usual(Some("wso2"), ""), Refused, Else("issuer=wso2 label=user#1")),
    ("otpauth://totp/ann?secret=K&issuer=C#", usual(None, "ann"), Else("issuer=C account=ann"), Else("issuer=C#")),
    // A percent sign that encodes nothing: pyotp leaves it there.
    ("otpauth://totp/100%?secret=K", usual(None, ""), Else("account=100%"), Refused),
    ("otpauth://totp/ann?secret=K&issuer=5%zz", usual(None, "ann"), Else("issuer=5%zz"), Refused),
    ("otpauth://totp/%+f?secret=K", usual(None, ""), Else("account=%+f"), Refused),
    ("otpauth://totp/%FF?secret=K", usual(None, ""), Else("account=\u{fffd}"), Refused),
    ("otpauth://totp/ann?secret=%C3%28", Err(InvalidKeyUri::Encoding("secret")), Refused, Refused),
    ("otpauth://totp/a%00b?secret=K", usual(None, "ab"), Else("account=a\0b"), Else("label=a\0b")),
    ("otpauth://totp/ann?secret=K&issuer=a%1Bb", usual(Some("ab"), "ann"), Else("issuer=a\x1bb"), Else("issuer=a\x1bb")),

    // Odd queries.
    ("otpauth://totp/ann?&&secret=K&&", usual(None, "ann"), Same, Same),
    ("otpauth://totp/ann?secret=K&image=https%3A%2F%2Fexample.com&foo&=&lock=true", usual(None, "ann"), Same, Same),
    // As FreeOTP writes it. pyotp trips over it.
    ("otpauth://totp/ann?secret=K&counter=0", usual(None, "ann"), Refused, Same),
    ("  otpauth://totp/ann?secret=K\t ", usual(None, "ann"), Refused, Refused),
    ("\u{feff}otpauth://totp/ann?secret=K", usual(None, "ann"), Refused, Refused),
    ("\u{a0}\u{2028}otpauth://totp/ann?secret=K\u{200b}\u{3000}", usual(None, "ann"), Refused, Refused),

    // Through HTML, and what writes a semicolon for the sign. The others pass over what says how codes are made.
    ("otpauth://totp/ann@fw.example?secret=K&amp;digits=8&amp;period=60&amp;issuer=fw.example", Ok((Some("fw.example"), "ann@fw.example", 8, 60)), Else("issuer=None account=ann@fw.example"), Else("issuer=undefined label=ann@fw.example")),
    ("otpauth://totp/ann?secret=K&#38;digits=8&#x26;period=60", Ok((None, "ann", 8, 60)), Else("digits=6"), Else("digits=6")),
    ("otpauth://totp/ann?secret=K&AMP;digits=8", Ok((None, "ann", 8, 30)), Else("digits=6"), Else("digits=6")),
    ("otpauth://totp/ann?secret=K&ampdigits=8", Ok((None, "ann", 8, 30)), Else("digits=6"), Else("digits=6")),
    ("otpauth://totp/ann?secret=K&amp%3Bdigits=8", Ok((None, "ann", 8, 30)), Else("digits=6"), Else("digits=6")),
    ("otpauth://totp/ann?secret=K&digits%3D8", Err(InvalidKeyUri::Digits), Else("digits=6"), Else("digits=6")),
    ("otpauth://totp/ann?secret=K&amp;amp;digits=8", Ok((None, "ann", 8, 30)), Else("digits=6"), Else("digits=6")),
    ("otpauth://totp/ann?secret=K;digits=8", Ok((None, "ann", 8, 30)), Refused, Refused),
    ("otpauth://totp/ann?secret=K&image=data:image/png;base64,AAAA;digits=8", Ok((None, "ann", 8, 30)), Else("digits=6"), Else("digits=6")),
    ("otpauth://totp/ann?secret=K&digits=6&amp;digits=8", Err(InvalidKeyUri::Twice("digits")), Else("digits=6"), Else("digits=6")),
    ("otpauth://totp/ann?secret=K&issuer=A;B", usual(Some("A;B"), "ann"), Same, Else("issuer=A;B label=ann")),

    // Other programs' names of the same parameters.
    ("otpauth://totp/ann?secret=K&digit=8&interval=60", Ok((None, "ann", 8, 60)), Else("digits=6"), Else("digits=6")),
    ("otpauth://totp/ann?secret=K&size=7&step=60", Ok((None, "ann", 7, 60)), Else("digits=6"), Else("digits=6")),
    ("otpauth://totp/ann?secret=K&Num_Digits=8&time-step=60", Ok((None, "ann", 8, 60)), Else("digits=6"), Else("digits=6")),
    ("otpauth://totp/ann?secret=K& digits =8&%20period=60", Ok((None, "ann", 8, 60)), Else("digits=6"), Else("digits=6")),
    ("otpauth://totp/ann?secret=K&d%69git=8", Ok((None, "ann", 8, 30)), Else("digits=6"), Else("digits=6")),
    ("otpauth://totp/ann?secret=K&digits=8&size=8&period=60&interval=060", Ok((None, "ann", 8, 60)), Same, Same),
    ("otpauth://totp/ann?secret=K&digits=8&size=6", Err(InvalidKeyUri::Twice("digits")), Else("digits=8"), Else("digits=8")),
    ("otpauth://totp/ann?secret=K&period=30&step=", Err(InvalidKeyUri::Twice("period")), Else("period=30"), Else("period=30")),
    ("otpauth://totp/ann?secret=K&algorithm=SHA1&hash=MD5", Err(InvalidKeyUri::Twice("algorithm")), Else("digest=sha1"), Else("digest=sha1")),
    ("otpauth://totp/ann?secret=K&algorithm=SHA1&digest=sha-1", usual(None, "ann"), Same, Same),
    ("otpauth://totp/ann?secret=K&algo=MD5", Err(InvalidKeyUri::Algorithm), Else("digest=sha1"), Else("digest=sha1")),
    ("otpauth://totp/ann?secret=K&interval=10", Err(InvalidKeyUri::Period), Else("period=30"), Else("period=30")),
    ("otpauth://totp/ann?secret=K&size=200x200", Err(InvalidKeyUri::Digits), Else("digits=6"), Else("digits=6")),
    // What nobody supports, and would be passed over.
    ("otpauth://totp/ann?secret=K&t0=0", usual(None, "ann"), Same, Same),
    ("otpauth://totp/ann?secret=K&T0=30", Err(InvalidKeyUri::Start), Else("period=30"), Else("period=30")),
    ("otpauth://totp/ann?secret=K&2step_salt=8&2step_output=20", Err(InvalidKeyUri::TwoStep), Else("account=ann"), Else("label=ann")),

    // Twice. otplib takes the first.
    ("otpauth://totp/ann?secret=K&secret=K", Err(InvalidKeyUri::Twice("secret")), Refused, Else("label=ann")),
    ("otpauth://totp/ann?secret=K&%73ecret=AAAA", Err(InvalidKeyUri::Twice("secret")), Refused, Else("label=ann")),
    ("otpauth://totp/ann?secret=K&Secret=AAAA", Err(InvalidKeyUri::Twice("secret")), Else("account=ann"), Else("label=ann")),
    ("otpauth://totp/ann?secret=K&issuer=&issuer=B", usual(None, "ann"), Refused, Same),
    ("otpauth://totp/ann?secret=K&algorithm=SHA1&algorithm=SHA1", Err(InvalidKeyUri::Twice("algorithm")), Refused, Else("label=ann")),
    ("otpauth://totp/ann?secret=K&digits=6&digits=8", Err(InvalidKeyUri::Twice("digits")), Refused, Else("digits=6")),
    ("otpauth://totp/ann?secret=K&period=30&period", Err(InvalidKeyUri::Twice("period")), Refused, Else("period=30")),
    ("otpauth://totp/ann?secret=K&encoder&encoder", Err(InvalidKeyUri::Twice("encoder")), Refused, Else("label=ann")),

    // What is missing. pyotp calls an account without a name "Secret".
    ("otpauth://totp/ann", Err(InvalidKeyUri::Missing("secret")), Refused, Refused),
    ("otpauth://totp/ann?", Err(InvalidKeyUri::Missing("secret")), Refused, Refused),
    ("otpauth://totp/ann?issuer=Acme", Err(InvalidKeyUri::Missing("secret")), Refused, Refused),
    ("otpauth://totp/ann?secret=", Err(InvalidKeyUri::Secret(InvalidSecret::TooShort)), Refused, Refused),
    ("otpauth://totp/ann?secret", Err(InvalidKeyUri::Secret(InvalidSecret::TooShort)), Refused, Refused),
    ("otpauth://totp/?secret=K", usual(None, ""), Else("account=Secret"), Same),
    ("otpauth://totp/Acme:?secret=K", usual(ACME, ""), Else("account=Secret"), Same),
    ("otpauth://totp/%20?secret=K", usual(None, ""), Else("account=  secret"), Else("label=  secret")),

    // Secrets that are none, or shorter than RFC 4226 (R6) allows. otplib checks the length later.
    ("otpauth://totp/ann?secret=JBSWY3DPEHPK3PXP", Err(InvalidKeyUri::Secret(InvalidSecret::TooShort)), Refused, Else("secret=48656c6c6f21deadbeef")),
    ("otpauth://totp/ann?secret=GEZDGNBVGY3TQOJQGEZDGNBVG0", Err(InvalidKeyUri::Secret(InvalidSecret::NotBase32)), Refused, Refused),
    ("otpauth://totp/ann?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ1", Err(InvalidKeyUri::Secret(InvalidSecret::NotBase32)), Refused, Refused),
    // A length that no encoder makes; a lenient decoder drops the last letter.
    ("otpauth://totp/ann?secret=KA", Err(InvalidKeyUri::Secret(InvalidSecret::NotBase32)), Refused, Refused),

    // Algorithms.
    ("otpauth://totp/ann?secret=K&algorithm=sha1", usual(None, "ann"), Refused, Same),
    ("otpauth://totp/ann?secret=K&algorithm=SHA-1", usual(None, "ann"), Refused, Same),
    ("otpauth://totp/ann?secret=K&algorithm=HmacSHA1", usual(None, "ann"), Refused, Refused),
    ("otpauth://totp/ann?secret=K&algorithm=Algorithm.sha1", usual(None, "ann"), Refused, Refused),
    ("otpauth://totp/ann?secret=K&algorithm=HMAC_SHA_1", usual(None, "ann"), Refused, Refused),
    ("otpauth://totp/ann?secret=K&algorithm=Algorithm.", Err(InvalidKeyUri::Algorithm), Refused, Refused),
    ("otpauth://totp/ann?secret=K&algorithm=SHA256", SHA_2, Else("digest=sha256"), Else("digest=sha256")),
    ("otpauth://totp/ann?secret=K&algorithm=sha-512", SHA_2, Refused, Else("digest=sha512")),
    ("otpauth://totp/ann?secret=K&algorithm=MD5", Err(InvalidKeyUri::Algorithm), Refused, Refused),
    ("otpauth://totp/ann?secret=K&algorithm=SHA224", Err(InvalidKeyUri::Algorithm), Refused, Refused),
    ("otpauth://totp/ann?secret=K&algorithm=SHA", Err(InvalidKeyUri::Algorithm), Refused, Refused),
    ("otpauth://totp/ann?secret=K&algorithm=SHA1%20", Err(InvalidKeyUri::Algorithm), Refused, Refused),
    // Told, but empty: nobody knows what was meant. They take it for the default.
    ("otpauth://totp/ann?secret=K&algorithm=", Err(InvalidKeyUri::Algorithm), Else("digest=sha1"), Else("digest=sha1")),

    // Digits and periods. otplib does not bound the period.
    ("otpauth://totp/ann?secret=K&digits=7", Ok((None, "ann", 7, 30)), Same, Same),
    ("otpauth://totp/ann?secret=K&digits=06", usual(None, "ann"), Same, Same),
    ("otpauth://totp/ann?secret=K&digits=5", Err(InvalidKeyUri::Digits), Refused, Refused),
    ("otpauth://totp/ann?secret=K&digits=9", Err(InvalidKeyUri::Digits), Refused, Refused),
    ("otpauth://totp/ann?secret=K&digits=262", Err(InvalidKeyUri::Digits), Refused, Refused),
    ("otpauth://totp/ann?secret=K&digits=-6", Err(InvalidKeyUri::Digits), Refused, Refused),
    ("otpauth://totp/ann?secret=K&digits=six", Err(InvalidKeyUri::Digits), Refused, Refused),
    ("otpauth://totp/ann?secret=K&digits=", Err(InvalidKeyUri::Digits), Else("digits=6"), Refused),
    ("otpauth://totp/ann?secret=K&digits=+6", Err(InvalidKeyUri::Digits), Else("digits=6"), Refused),
    ("otpauth://totp/ann?secret=K&digits=%2B6", Err(InvalidKeyUri::Digits), Else("digits=6"), Refused),
    ("otpauth://totp/ann?secret=K&digits=6_", Err(InvalidKeyUri::Digits), Refused, Refused),
    ("otpauth://totp/ann?secret=K&digits=%D9%A6", Err(InvalidKeyUri::Digits), Else("digits=6"), Refused),
    // No writer encodes a digit, so we do not decode one.
    ("otpauth://totp/ann?secret=K&digits=%36", Err(InvalidKeyUri::Digits), Else("digits=6"), Else("digits=6")),
    ("otpauth://totp/ann?secret=K&period=15", Ok((None, "ann", 6, 15)), Same, Same),
    ("otpauth://totp/ann?secret=K&period=120", Ok((None, "ann", 6, 120)), Same, Same),
    ("otpauth://totp/ann?secret=K&period=14", Err(InvalidKeyUri::Period), Else("period=14"), Else("period=14")),
    ("otpauth://totp/ann?secret=K&period=121", Err(InvalidKeyUri::Period), Refused, Else("period=121")),
    ("otpauth://totp/ann?secret=K&period=0", Err(InvalidKeyUri::Period), Refused, Refused),
    ("otpauth://totp/ann?secret=K&period=286", Err(InvalidKeyUri::Period), Refused, Else("period=286")),
    ("otpauth://totp/ann?secret=K&period=0030", Err(InvalidKeyUri::Period), Else("period=30"), Else("period=30")),
    ("otpauth://totp/ann?secret=K&period=-30", Err(InvalidKeyUri::Period), Refused, Refused),
    ("otpauth://totp/ann?secret=K&period=30.0", Err(InvalidKeyUri::Period), Refused, Refused),
    ("otpauth://totp/ann?secret=K&period=30s", Err(InvalidKeyUri::Period), Refused, Refused),
    ("otpauth://totp/ann?secret=K&period=", Err(InvalidKeyUri::Period), Else("period=30"), Refused),

    // Other kinds of keys. otplib knows nothing of Steam, pyotp of its encoder.
    ("otpauth://hotp/ann?secret=K&counter=0", Err(InvalidKeyUri::Hotp), Else("a HOTP"), Else("a hotp")),
    ("otpauth://HOTP/ann?secret=K&counter=0", Err(InvalidKeyUri::Hotp), Refused, Refused),
    ("otpauth://steam/Steam:ann?secret=K", Err(InvalidKeyUri::Steam), Refused, Refused),
    ("otpauth://totp/Steam:ann?secret=K", Err(InvalidKeyUri::Steam), Else("issuer=Steam"), Else("label=Steam:ann")),
    ("otpauth://totp/ann?secret=K&issuer=sTEAM", Err(InvalidKeyUri::Steam), Else("issuer=sTEAM"), Else("issuer=sTEAM")),
    ("otpauth://totp/ann?secret=K&issuer=%20%C5%BFteam%20", Err(InvalidKeyUri::Steam), Else("issuer= ſteam "), Else("issuer= ſteam ")),
    ("otpauth://totp/ann?secret=K&encoder=steam", Err(InvalidKeyUri::Steam), Else("a Steam"), Else("label=ann")),
    ("otpauth://totp/ann?secret=K&encoder=Steam", Err(InvalidKeyUri::Steam), Else("account=ann"), Else("label=ann")),
    ("otpauth://totp/ann?secret=K&encoder=hex", Err(InvalidKeyUri::Encoder), Else("account=ann"), Else("label=ann")),
    ("otpauth://totp/ann?secret=K&encoder=", usual(None, "ann"), Same, Same),
    ("otpauth://totp/Steam?secret=K", usual(None, "Steam"), Same, Same),
    ("otpauth://yaotp/ann?secret=K", Err(InvalidKeyUri::NotTotp), Refused, Refused),

    // No key URIs at all.
    ("", Err(InvalidKeyUri::NotTotp), Refused, Refused),
    ("K", Err(InvalidKeyUri::NotTotp), Refused, Refused),
    ("otpauth", Err(InvalidKeyUri::NotTotp), Refused, Refused),
    ("otpauth://", Err(InvalidKeyUri::NotTotp), Refused, Refused),
    ("otpauth://totp", Err(InvalidKeyUri::NotTotp), Refused, Refused),
    ("otpauth://totp?secret=K", Err(InvalidKeyUri::NotTotp), Else("account=Secret"), Refused),
    ("otpauth:///totp/ann?secret=K", Err(InvalidKeyUri::NotTotp), Refused, Refused),
    ("otpauth:totp/ann?secret=K", Err(InvalidKeyUri::NotTotp), Refused, Refused),
    ("otpauth://totp:80/ann?secret=K", Err(InvalidKeyUri::NotTotp), Refused, Refused),
    ("otpauth://a@totp/ann?secret=K", Err(InvalidKeyUri::NotTotp), Refused, Refused),
    ("otpauth://t%6Ftp/ann?secret=K", Err(InvalidKeyUri::NotTotp), Refused, Refused),
    ("otpauth-migration://offline?data=CjEKCkhlbGxv", Err(InvalidKeyUri::NotTotp), Refused, Refused),
    ("https://totp/ann?secret=K", Err(InvalidKeyUri::NotTotp), Refused, Refused),
    ("steam://K", Err(InvalidKeyUri::NotTotp), Refused, Refused),
    ("ötpauth://totp/ann?secret=K", Err(InvalidKeyUri::NotTotp), Refused, Refused),
];

/// The rows with the secret in them.
fn rows() -> impl Iterator<Item = (String, &'static Row)> {
    TABLE.iter().map(|row| (row.0.replace("=K", &format!("={K}")), row))
}

#[test]
fn odd_uris_mean_what_the_table_says() {
    for (uri, (_, expected, ..)) in rows() {
        let read = Imported::parse(&uri);
        match (&read, expected) {
            (Ok(read), Ok((issuer, account, digits, period))) => {
                assert_eq!((read.issuer.as_deref(), &*read.account), (*issuer, *account), "{uri}");
                assert_eq!(read.secret.expose(), rfc_secret().expose(), "{uri}");
                assert_eq!((read.totp.digits().count(), read.totp.period()), (*digits, *period), "{uri}");
            }
            (Err(read), Err(expected)) => assert_eq!(read, expected, "{uri}"),
            _ => panic!("{read:?} of {uri}"),
        }
    }
}

#[cfg(feature = "sha2")]
#[test]
fn the_algorithm_is_read_too() {
    use countersign::otp::Algorithm;
    for (told, algorithm) in [
        ("algorithm=SHA1", Algorithm::Sha1),
        ("algorithm=sha256", Algorithm::Sha256),
        ("algorithm=HmacSHA256", Algorithm::Sha256),
        ("algorithm=SHA-512", Algorithm::Sha512),
        ("algorithm=Algorithm.sha512", Algorithm::Sha512),
        ("algorithm=OTPAlgorithm::SHA256", Algorithm::Sha256),
        ("algo=SHA256&digits=6&period=30", Algorithm::Sha256),
        ("alg=SHA512", Algorithm::Sha512),
        ("digest=SHA256", Algorithm::Sha256),
        ("hash=sha512", Algorithm::Sha512),
        ("Hash_Algorithm=sha-256", Algorithm::Sha256),
        ("amp;algo=SHA256", Algorithm::Sha256),
        ("algorithm=SHA256&algo=HMAC-SHA-256&hash=sha256", Algorithm::Sha256),
    ] {
        let read = Imported::parse(&format!("otpauth://totp/ann?secret={K}&{told}")).unwrap();
        assert_eq!(read.totp.algorithm(), algorithm, "{told}");
    }
}

/// R11: names make no code, so they cost no key.
#[test]
fn what_is_odd_about_names_is_told_beside_the_key() {
    let issuer_before = |name: &str| NameFault::OtherIssuer(name.to_owned());
    for (uri, faults) in [
        ("otpauth://totp/Acme:ann?secret=K&issuer=Acme", vec![]),
        (
            "otpauth://totp/Slack%20(Blue%20Team):ann?secret=K&issuer=Slack",
            vec![issuer_before("Slack (Blue Team)")],
        ),
        ("otpauth://totp/?secret=K", vec![NameFault::NoAccount]),
        ("otpauth://totp/user#1?secret=K&issuer=wso2", vec![NameFault::Undecodable("account name")]),
        (
            "otpauth://totp/%FF?secret=K&issuer=5%zz",
            ["account name", "issuer"].map(NameFault::Undecodable).into(),
        ),
        (
            "otpauth://totp/a%00b?secret=K&issuer=a%1Bb",
            ["account name", "issuer"].map(NameFault::Control).into(),
        ),
        ("otpauth://totp/ann?secret=K&issuer=A&issuer=B", vec![NameFault::IssuerTwice]),
        ("otpauth://totp/C+A:ann?secret=K&issuer=C+A", vec![]),
    ] {
        let read = Imported::parse(&uri.replace("=K", &format!("={K}"))).unwrap();
        assert_eq!(read.faults, faults, "{uri}");
        assert_eq!(read.secret.expose(), rfc_secret().expose());
    }
    // Steam's own codes are no matter of names.
    for uri in
        ["otpauth://totp/Steam:ann?secret=K&issuer=Other", "otpauth://totp/Other:ann?secret=K&issuer=Steam"]
    {
        let uri = uri.replace("=K", &format!("={K}"));
        assert_eq!(Imported::parse(&uri).unwrap_err(), InvalidKeyUri::Steam);
    }
}

/// What the others read is held to be our meaning, or written down as theirs; and nothing that is written down holds
/// no longer. `names` says how they would tell the names of a meaning, if there is a difference to them in several
/// ways.
fn compare(answers: &str, theirs: fn(&Row) -> Theirs, names: fn(&Meaning) -> Vec<String>) {
    let secret: String =
        rfc_secret().expose().iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
    let in_full = |meaning: &Meaning| {
        let (digits, period) = (meaning.2, meaning.3);
        let rest = format!("secret={secret} digest=sha1 digits={digits} period={period}");
        names(meaning).into_iter().map(move |names| format!("{names} {rest}"))
    };
    assert_eq!(answers.lines().count(), TABLE.len());
    let mut surprises = Vec::new();
    for ((uri, row), answer) in rows().zip(answers.lines()) {
        let is_same = row.1.iter().flat_map(in_full).any(|same| same == answer);
        let as_told = match theirs(row) {
            Same => is_same,
            Refused => answer.starts_with("refused"),
            Else(what) => answer.contains(what) && !is_same,
        };
        if !as_told {
            surprises.push(format!("{:?}: {uri}: {answer}", theirs(row)));
        }
    }
    assert!(surprises.is_empty(), "{}", surprises.join("\n"));
}

fn all_uris() -> Vec<u8> {
    rows().map(|(uri, _)| uri + "\n").collect::<String>().into_bytes()
}

#[test]
fn pyotp_reads_them_the_same_or_as_the_table_says() {
    let Some(python) = Tool::python_or_skip() else { return };
    let answers = python.run(&["-X", "utf8", "tests/oracles/python/keys.py"], &all_uris());
    compare(
        &answers,
        |row| row.2,
        |(issuer, account, ..)| vec![format!("issuer={} account={account}", issuer.unwrap_or("None"))],
    );
}

#[test]
fn otplib_reads_them_the_same_or_as_the_table_says() {
    let Some((node, modules)) = Tool::node_or_skip() else { return };
    let answers = node.run(&["tests/oracles/node/keys.mjs", &modules], &all_uris());
    // It leaves it to the caller to divide a label, and what an empty issuer means.
    compare(
        &answers,
        |row| row.3,
        |(issuer, account, ..)| match issuer {
            None => vec![format!("issuer=undefined label={account}"), format!("issuer= label={account}")],
            Some(issuer) => {
                ["undefined", "", issuer].map(|told| format!("issuer={told} label={issuer}:{account}")).into()
            }
        },
    );
}

/// R9
#[test]
fn an_error_says_which_part_is_wrong_and_repeats_none_of_it() {
    let mut said = Vec::new();
    for (uri, _) in rows() {
        if let Err(error) = Imported::parse(&uri) {
            let text = format!("{error} {error:?}");
            assert!(!text.contains("GEZD") && !text.contains("JBSW") && !text.contains("ann"), "{text}");
            said.push(error.to_string());
        }
    }
    for part in [
        "secret: is given twice",
        "secret: is missing",
        "secret: a secret must have at least 16 bytes",
        "digits: must be 6, 7 or 8",
        "period: must be 15 to 120 seconds",
        "algorithm: must be SHA1, SHA256 or SHA512",
        "secret: is not percent-encoded UTF-8",
    ] {
        assert!(said.iter().any(|said| said == part), "nobody said {part}");
    }
}

#[test]
fn a_text_of_more_than_8_kib_is_refused_at_once() {
    let uri = |length: usize| {
        let uri = format!("otpauth://totp/ann?secret={K}&image=");
        let rest = "a".repeat(length - uri.len());
        uri + &rest
    };
    assert!(Imported::parse(&uri(8192)).is_ok());
    assert_eq!(Imported::parse(&uri(8193)).unwrap_err(), InvalidKeyUri::TooLong);
    for text in ["a", " ", "%", "&", "otpauth://totp/", "\0", "🔒"] {
        assert_eq!(Imported::parse(&text.repeat(10_000_000)).unwrap_err(), InvalidKeyUri::TooLong);
    }
}

/// Texts close to key URIs: a good one with pieces of it replaced, and anything.
fn texts() -> impl Strategy<Value = String> {
    let pieces = [
        &[
            "otpauth://",
            "OTPAUTH://",
            "totp/",
            "hotp/",
            "steam/",
            "//",
            "/",
            "?",
            "&",
            "=",
            "#",
            ":",
            "%3A",
            "%",
            "%%",
        ][..],
        &[
            "%F",
            "%FF",
            "%C3%BC",
            "%00",
            "+",
            " ",
            "secret=",
            "SECRET=",
            "issuer=",
            "algorithm=",
            "digits=",
            "period=",
        ],
        &[
            "encoder=",
            K,
            "gezd gnbv",
            "======",
            "SHA1",
            "sha-256",
            "Hmac",
            "MD5",
            "6",
            "7",
            "8",
            "08",
            "30",
            "999",
            "-1",
        ],
        &["Acme", "Steam", "ann@example.com", "ü", "u\u{308}", "🔒", "\0", "\n", "\u{202e}"],
    ];
    let piece = prop::sample::select(pieces.concat());
    let near = ["otpauth://totp/Acme:ann?secret=", K, "&issuer=Acme"].concat();
    prop_oneof![
        prop::collection::vec(piece.clone(), 0..20).prop_map(|pieces| pieces.concat()),
        (prop::collection::vec(piece, 0..4), 0..=near.len(), 0..10_usize).prop_map(
            move |(pieces, at, cut)| {
                let after = (at + cut).min(near.len());
                [&near[..at], &pieces.concat(), &near[after..]].concat()
            }
        ),
        prop::collection::vec(any::<u8>(), 0..300)
            .prop_map(|bytes| String::from_utf8_lossy(&bytes).into_owned()),
        any::<String>().prop_map(|rest| format!("otpauth://totp/{rest}")),
        any::<String>(),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn what_we_build_we_read(
        label in labels(),
        bytes in secret_bytes(),
        digits in prop::sample::select(vec![Digits::Six, Digits::Seven, Digits::Eight]),
        period in prop_oneof![Just(30), 15..=120_u8],
        all in any::<bool>(),
    ) {
        let (secret, totp) = (Secret::from_bytes(&bytes).unwrap(), Totp::new(digits, period).unwrap());
        let build = if all { KeyUri::spelled_out } else { KeyUri::new };
        let read = Imported::parse(build(&label, &secret, totp).expose()).unwrap();
        prop_assert_eq!((read.issuer.as_deref(), &*read.account), (Some(label.issuer()), label.account()));
        prop_assert_eq!((read.secret.expose(), read.totp), (&*bytes, totp));
    }

    /// R9 and R11: nothing makes it panic, no error says anything that came in, and what is read can be told again.
    #[test]
    fn no_text_makes_reading_panic_or_an_error_repeat_it(text in texts()) {
        match Imported::parse(&text) {
            Ok(read) => {
                let shown = format!("{read:?}");
                prop_assert!(shown.contains("secret: Secret(…)"), "{}", shown);
                prop_assert!(!read.account.is_empty() || !read.faults.is_empty());
                prop_assert!(read.account.trim() == read.account);
                prop_assert!(!read.account.contains(char::is_control));
                prop_assert!(read.issuer.as_deref() != Some(""));
            }
            Err(error) => {
                let said = format!("{error} {error:?}");
                prop_assert!(said.len() < 120);
                let mut runs = text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|run| run.len() > 9);
                prop_assert!(!runs.any(|run| said.contains(run)), "{}", said);
            }
        }
    }
}
