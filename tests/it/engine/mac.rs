//! The key that is taken in once, against the `hmac` crate, which takes it in for every message.

use countersign::otp::{Algorithm, Check, Digits, Hotp, Secret, Totp, Window};
use hmac::{Hmac, KeyInit, Mac};
use proptest::prelude::*;

use super::{at, secret_bytes};

/// RFC 4226 §5.3, word for word, with the secret index and all.
fn truncated(mac: &[u8]) -> u32 {
    let offset = usize::from(mac[mac.len() - 1] & 0xf);
    u32::from_be_bytes(mac[offset..offset + 4].try_into().unwrap()) & 0x7fff_ffff
}

fn by_the_hmac_crate(algorithm: Algorithm, secret: &Secret, counter: u64) -> String {
    macro_rules! mac {
        ($hash:ty) => {{
            let mac = Hmac::<$hash>::new_from_slice(secret.expose()).unwrap();
            truncated(&mac.chain_update(counter.to_be_bytes()).finalize().into_bytes())
        }};
    }
    let bits = match algorithm {
        Algorithm::Sha1 => mac!(sha1::Sha1),
        #[cfg(feature = "sha2")]
        Algorithm::Sha256 => mac!(sha2::Sha256),
        #[cfg(feature = "sha2")]
        Algorithm::Sha512 => mac!(sha2::Sha512),
        other => panic!("{other:?} is new"),
    };
    format!("{:08}", bits % 100_000_000)
}

pub(super) fn algorithms() -> Vec<Algorithm> {
    vec![
        Algorithm::Sha1,
        #[cfg(feature = "sha2")]
        Algorithm::Sha256,
        #[cfg(feature = "sha2")]
        Algorithm::Sha512,
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn the_engine_computes_what_the_hmac_crate_computes(
        bytes in secret_bytes(),
        counter in any::<u64>(),
        algorithm in prop::sample::select(algorithms()),
    ) {
        let secret = Secret::from_bytes(&bytes).unwrap();
        let expected = by_the_hmac_crate(algorithm, &secret, counter);
        let hotp = Hotp::new(Digits::Eight).algorithm(algorithm);
        prop_assert_eq!(hotp.code(&secret, counter).expose(), expected);
    }

    /// Every width of window goes through the same key, three counters at a time and what is left over.
    #[test]
    fn every_step_of_every_window_is_computed_right(
        bytes in secret_bytes(),
        algorithm in prop::sample::select(algorithms()),
        (back, ahead) in (0..=10_u8, 0..=10_u8),
        number in 100..u64::MAX / 200,
    ) {
        let secret = Secret::from_bytes(&bytes).unwrap();
        let totp = Totp::new(Digits::Eight, 30).unwrap().with_algorithm(algorithm);
        let (verifier, window) = (totp.verifier(&secret), Window::new(back, ahead).unwrap());
        for off in -i64::from(back)..=i64::from(ahead) {
            let step = number.saturating_add_signed(off);
            let code = Hotp::new(Digits::Eight).algorithm(algorithm).code(&secret, step);
            let check = verifier.check(code, at(number * 30), window, None);
            // The latest is told, should one code be that of two steps.
            let Check::Right(found) = check else { panic!("{check:?}, {off} steps off") };
            prop_assert!(found.step.number() >= step);
            prop_assert_eq!(i64::from(found.offset), found.step.number().cast_signed() - number.cast_signed());
        }
    }
}

/// RFC 6238, Appendix B, the rows of SHA-256 and SHA-512. Their secrets have 32 and 64 bytes, as the reference
/// implementation has them and the RFC's text does not say (errata 2866).
#[cfg(feature = "sha2")]
#[test]
fn the_times_of_rfc_6238_give_its_codes_with_sha_256_and_sha_512_too() {
    let digits = b"1234567890".iter().copied().cycle();
    let secret = |length| Secret::from_bytes(&digits.clone().take(length).collect::<Vec<u8>>()).unwrap();
    let totp = Totp::new(Digits::Eight, 30).unwrap();
    for (time, sha256, sha512) in [
        (59, "46119246", "90693936"),
        (1_111_111_109, "68084774", "25091201"),
        (1_111_111_111, "67062674", "99943326"),
        (1_234_567_890, "91819424", "93441116"),
        (2_000_000_000, "90698825", "38618901"),
        (20_000_000_000, "77737706", "47863826"),
    ] {
        for (algorithm, length, expected) in
            [(Algorithm::Sha256, 32, sha256), (Algorithm::Sha512, 64, sha512)]
        {
            let code = totp.with_algorithm(algorithm).code_at(&secret(length), at(time)).unwrap();
            assert_eq!(code.expose(), expected, "{algorithm:?} at {time}");
        }
    }
}

/// Neither taking a key in nor checking a code allocates: nothing is left on the heap that would have to be wiped.
#[test]
fn verification_allocates_nothing() {
    let secret = Secret::from_bytes(&[7; 20]).unwrap();
    let code = countersign::otp::Code::parse("123456", Digits::Six).unwrap();
    for algorithm in algorithms() {
        let totp = Totp::default().with_algorithm(algorithm);
        let allocations = allocation_counter::measure(|| {
            let window = Window::new(10, 10).unwrap();
            let _ = totp.verifier(&secret).check(code, at(1_800_000_000), window, None);
            let _ = countersign::otp::Code::parse("12345x", Digits::Six);
        });
        assert_eq!(allocations.count_total, 0, "{algorithm:?}");
    }
    // The counter does count.
    assert_eq!(allocation_counter::measure(|| drop(std::hint::black_box(Box::new(1)))).count_total, 1);
}
