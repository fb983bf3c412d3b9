//! The vectors of RFC 4226 and RFC 6238, and the RFC's own truncation.

use std::collections::BTreeSet;

use countersign::otp::{Code, Digits, Totp, Window};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha1::Sha1;

use super::{Told, at, hotp, rfc_secret, step, told};

/// RFC 4226, Appendix D: for the counters 0 to 9 the truncated value in decimal, and the HOTP value.
const RFC_4226_APPENDIX_D: [(u32, &str); 10] = [
    (1_284_755_224, "755224"),
    (1_094_287_082, "287082"),
    (137_359_152, "359152"),
    (1_726_969_429, "969429"),
    (1_640_338_314, "338314"),
    (868_254_676, "254676"),
    (1_918_287_922, "287922"),
    (82_162_583, "162583"),
    (673_399_871, "399871"),
    (645_520_489, "520489"),
];

/// RFC 6238, Appendix B, the rows of SHA-1: the time in seconds, the value of T, the TOTP.
const RFC_6238_APPENDIX_B: [(u64, u64, &str); 6] = [
    (59, 0x1, "94287082"),
    (1_111_111_109, 0x0235_23EC, "07081804"),
    (1_111_111_111, 0x0235_23ED, "14050471"),
    (1_234_567_890, 0x0273_EF07, "89005924"),
    (2_000_000_000, 0x03F9_40AA, "69279037"),
    (20_000_000_000, 0x27BC_86AA, "65353130"),
];

#[test]
fn the_ten_counters_of_rfc_4226_give_its_codes() {
    for (counter, (truncated, code)) in (0..).zip(RFC_4226_APPENDIX_D) {
        assert_eq!(hotp(&rfc_secret(), counter, Digits::Six).expose(), code);
        // The same table holds the codes of seven and eight digits (§5.3: "possibly 7 and 8-digit code").
        let (seven, eight) = (truncated % 10_000_000, truncated % 100_000_000);
        assert_eq!(hotp(&rfc_secret(), counter, Digits::Seven).expose(), format!("{seven:07}"));
        assert_eq!(hotp(&rfc_secret(), counter, Digits::Eight).expose(), format!("{eight:08}"));
    }
}

#[test]
fn the_times_of_rfc_6238_give_its_steps_and_codes() {
    let totp = Totp::new(Digits::Eight, 30).unwrap();
    for (time, t, code) in RFC_6238_APPENDIX_B {
        assert_eq!(totp.step_at(at(time)), Some(step(t)), "at {time}");
        assert_eq!(totp.code_at(&rfc_secret(), at(time)).unwrap().expose(), code, "at {time}");
        assert_eq!(hotp(&rfc_secret(), t, Digits::Eight).expose(), code, "at {time}");
    }
}

#[test]
fn the_codes_of_rfc_6238_are_accepted_at_their_times() {
    let totp = Totp::new(Digits::Eight, 30).unwrap();
    for (time, t, code) in RFC_6238_APPENDIX_B {
        let code = Code::parse(code, Digits::Eight).unwrap();
        let check = told(totp, &rfc_secret(), code, at(time), Window::ONE_EACH_WAY, None);
        assert_eq!(check, Told::Right(step(t)), "at {time}");
    }
}

#[test]
fn six_digits_and_thirty_seconds_are_the_default() {
    let totp = Totp::default();
    assert_eq!((totp.digits(), totp.period()), (Digits::Six, 30));
    assert_eq!(Digits::default(), Digits::Six);
}

/// R12: the byte that the code begins at is secret, so all 16 candidates are read. Each of them must be right: the
/// RFC's own way (§5.3), with the secret index, says what right is.
#[test]
fn every_offset_of_the_dynamic_truncation_is_right() {
    let mut offsets = BTreeSet::new();
    for counter in 0..200_u64 {
        let mac = Hmac::<Sha1>::new_from_slice(rfc_secret().expose()).unwrap();
        let mac = mac.chain_update(counter.to_be_bytes()).finalize().into_bytes();
        let offset = usize::from(mac[19] & 0xf);
        let bits = u32::from_be_bytes(mac[offset..offset + 4].try_into().unwrap()) & 0x7fff_ffff;
        assert_eq!(
            hotp(&rfc_secret(), counter, Digits::Eight).expose(),
            format!("{:08}", bits % 100_000_000)
        );
        offsets.insert(offset);
    }
    assert_eq!(offsets.len(), 16, "200 counters reach every offset");
}
