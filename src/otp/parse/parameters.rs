//! The parameters of a key URI, by all the names that programs have for them, and what they say about a key.

use super::{
    super::{algorithm::Algorithm, code::Digits, secret::Secret, totp::Totp, typed::is_blank},
    InvalidKeyUri,
    percent::{Plus, divided, has, with_decoded},
};

/// The parameters that change what a key means.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Known {
    Secret,
    Issuer,
    Algorithm,
    Digits,
    Period,
    Encoder,
    Start,
    TwoStep,
}

impl Known {
    /// Their names, the usual one first.
    const NAMED: [(&'static str, Self); 7] = [
        ("secret", Self::Secret),
        ("issuer", Self::Issuer),
        ("algorithm", Self::Algorithm),
        ("digits", Self::Digits),
        ("period", Self::Period),
        ("encoder", Self::Encoder),
        ("t0", Self::Start),
    ];

    /// What other programs call them, without the hyphens and underscores that some write.
    const ALSO_NAMED: [(&'static str, Self); 28] = [
        ("algo", Self::Algorithm),
        ("alg", Self::Algorithm),
        ("digest", Self::Algorithm),
        ("hash", Self::Algorithm),
        ("hashalgo", Self::Algorithm),
        ("hashalgorithm", Self::Algorithm),
        ("hashfunction", Self::Algorithm),
        ("hmac", Self::Algorithm),
        ("digit", Self::Digits),
        ("size", Self::Digits),
        ("length", Self::Digits),
        ("codelength", Self::Digits),
        ("codedigits", Self::Digits),
        ("codesize", Self::Digits),
        ("numdigits", Self::Digits),
        ("otplength", Self::Digits),
        ("otpdigits", Self::Digits),
        ("interval", Self::Period),
        ("step", Self::Period),
        ("steps", Self::Period),
        ("stepsize", Self::Period),
        ("timestep", Self::Period),
        ("timeperiod", Self::Period),
        ("timeinterval", Self::Period),
        ("epoch", Self::Start),
        ("start", Self::Start),
        ("starttime", Self::Start),
        ("offset", Self::Start),
    ];

    /// Longer than any of these names with everything in it encoded.
    const LONGEST: usize = 64;

    /// Returns the parameter of this name, and the name as we spell it.
    fn named(spelled: &str) -> Option<(&'static str, Self)> {
        let find =
            |spelled: &str| Self::NAMED.into_iter().find(|(name, _)| spelled.eq_ignore_ascii_case(name));
        find(spelled).or_else(|| {
            // Encoded letters are letters (RFC 3986 §6.2.2.2): overlooking `%73ecret` would be overlooking a second secret.
            let is_short = spelled.len() <= Self::LONGEST;
            is_short.then(|| with_decoded(spelled, Plus::IsSpace, Self::named_otherwise)).flatten().flatten()
        })
    }

    /// The same of a name that is spelled in another way. Where what divides it from what is around it was encoded, too
    /// (`amp%3Bdigits`, `digits%3D8`), or lost its semicolon (`ampdigits`), it is told all the same, and what is left of its
    /// value is read or refused: to pass it over would be to expect other codes than the app shows.
    fn named_otherwise(decoded: &str) -> Option<(&'static str, Self)> {
        let decoded = divided(decoded, b'=').map_or(decoded, |(name, _)| name);
        let decoded = decoded.rsplit_once(';').map_or(decoded, |(_, name)| name);
        let decoded = decoded.trim_start_matches("amp");
        let letters = || decoded.chars().filter(|c| !is_blank(*c) && !matches!(c, '-' | '_'));
        let is = |name: &str| letters().map(|c| c.to_ascii_lowercase()).eq(name.chars());
        if "2step".chars().eq(letters().take(5).map(|c| c.to_ascii_lowercase())) {
            return Some(("2step", Self::TwoStep));
        }
        Self::NAMED.into_iter().chain(Self::ALSO_NAMED).find(|(name, _)| is(name))
    }

    /// Returns the usual name.
    fn name(self) -> &'static str {
        Self::NAMED.into_iter().find(|(_, known)| *known == self).map_or("2step", |(name, _)| name)
    }

    /// Returns whether two values of this parameter mean the same, and anything at all.
    fn agrees(self, one: &str, other: &str) -> bool {
        match self {
            Self::Algorithm => algorithm(one).is_ok_and(|one| algorithm(other) == Ok(one)),
            Self::Digits | Self::Period | Self::Start => {
                number(one).is_some_and(|one| number(other) == Some(one))
            }
            Self::Secret | Self::Issuer | Self::Encoder | Self::TwoStep => false,
        }
    }
}

/// The parameters as the query spells them: the name that was used for it, and the value.
#[derive(Default)]
pub(super) struct Parameters<'a> {
    told: [Option<(&'static str, &'a str)>; 8],
    /// Whether there is another issuer than the one that is told. Names cost no key.
    pub(super) issuer_twice: bool,
}

impl<'a> Parameters<'a> {
    /// Takes a query apart.
    pub(super) fn of(query: &'a str) -> Result<Self, InvalidKeyUri> {
        let mut parameters = Self::default();
        let semicolons = has(query, |byte| byte == b';');
        let mut rest = Some(query);
        while let Some(query) = rest {
            let mut parameter;
            (parameter, rest) = divided(query, b'&').map_or((query, None), |(one, more)| (one, Some(more)));
            while semicolons && let Some(place) = semicolon(parameter) {
                parameters.take(&parameter[..place])?;
                parameter = &parameter[place + 1..];
            }
            parameters.take(parameter)?;
        }
        Ok(parameters)
    }

    fn take(&mut self, parameter: &'a str) -> Result<(), InvalidKeyUri> {
        let (spelled, value) = divided(parameter, b'=').unwrap_or((parameter, ""));
        let Some((name, known)) = Known::named(spelled) else { return Ok(()) };
        let slot = &mut self.told[known as usize];
        match *slot {
            None => *slot = Some((name, value)),
            Some(_) if known == Known::Issuer => self.issuer_twice = true,
            Some(_) if known == Known::TwoStep => {}
            Some((before, first)) if before != name && known.agrees(first, value) => {}
            Some(_) => return Err(InvalidKeyUri::Twice(known.name())),
        }
        Ok(())
    }

    fn value(&self, known: Known) -> Option<&'a str> {
        self.told[known as usize].map(|(_, value)| value)
    }

    /// Returns the issuer, still encoded.
    pub(super) fn issuer(&self) -> Option<&'a str> {
        self.value(Known::Issuer)
    }

    /// Reads the secret.
    pub(super) fn secret(&self) -> Result<Secret, InvalidKeyUri> {
        let raw = self.value(Known::Secret).ok_or(InvalidKeyUri::Missing("secret"))?;
        let secret = with_decoded(raw, Plus::IsSpace, Secret::from_base32);
        Ok(secret.ok_or(InvalidKeyUri::Encoding("secret"))??)
    }

    /// Reads how codes are made.
    pub(super) fn totp(&self) -> Result<Totp, InvalidKeyUri> {
        self.value(Known::Encoder).map_or(Ok(()), encoder)?;
        if self.value(Known::TwoStep).is_some() {
            return Err(InvalidKeyUri::TwoStep);
        }
        if self.value(Known::Start).is_some_and(|start| number(start) != Some(0)) {
            return Err(InvalidKeyUri::Start);
        }
        let algorithm = self.value(Known::Algorithm).map_or(Ok(Algorithm::Sha1), algorithm)?;
        let digits = match self.value(Known::Digits).map(number) {
            None | Some(Some(6)) => Digits::Six,
            Some(Some(7)) => Digits::Seven,
            Some(Some(8)) => Digits::Eight,
            Some(_) => return Err(InvalidKeyUri::Digits),
        };
        let period = self
            .value(Known::Period)
            .map_or(Some(Totp::default().period()), number)
            .ok_or(InvalidKeyUri::Period)?;
        let totp = Totp::new(digits, period).map_err(|_| InvalidKeyUri::Period)?;
        Ok(totp.with_algorithm(algorithm))
    }
}

/// Returns the first semicolon that is followed by the name of a parameter that we know. It divides two parameters: the
/// query has gone through HTML, which makes `&amp;` or `&#38;` of `&`, or was written by what writes `;` for it.
fn semicolon(parameter: &str) -> Option<usize> {
    let mut places = parameter.match_indices(';').map(|(place, _)| place);
    places.find(|place| {
        let rest = &parameter[place + 1..];
        let name =
            rest.bytes().take(Known::LONGEST + 1).position(|byte| byte == b'=').map(|end| &rest[..end]);
        name.is_some_and(|name| Known::named(name).is_some())
    })
}

/// Reads the name of an algorithm, also as programs write it that print the constant of their language:
/// `Algorithm.sha1`, `OTPAlgorithm::SHA1`.
fn algorithm(raw: &str) -> Result<Algorithm, InvalidKeyUri> {
    match named_algorithm(raw) {
        Err(InvalidKeyUri::Algorithm) => named_algorithm(raw.rsplit(['.', ':']).next().unwrap_or_default()),
        found => found,
    }
}

/// Reads `SHA1`, `sha-1`, `HmacSHA1`.
fn named_algorithm(raw: &str) -> Result<Algorithm, InvalidKeyUri> {
    let is = |name: &str| {
        let letters = || raw.bytes().filter(|byte| !matches!(byte, b'-' | b'_'));
        let bare = || {
            let hmac = letters().take(4).map(|byte| byte.to_ascii_uppercase()).eq(*b"HMAC");
            letters().skip(if hmac { 4 } else { 0 })
        };
        // Nearly all write it as we do.
        raw == name || bare().map(|byte| byte.to_ascii_uppercase()).eq(name.bytes())
    };
    let all = [
        Algorithm::Sha1,
        #[cfg(feature = "sha2")]
        Algorithm::Sha256,
        #[cfg(feature = "sha2")]
        Algorithm::Sha512,
    ];
    match all.into_iter().find(|algorithm| is(algorithm.as_str())) {
        Some(algorithm) => Ok(algorithm),
        None if is("SHA256") || is("SHA512") => Err(InvalidKeyUri::AlgorithmLeftOut),
        None => Err(InvalidKeyUri::Algorithm),
    }
}

fn encoder(raw: &str) -> Result<(), InvalidKeyUri> {
    match raw {
        "" => Ok(()),
        steam if steam.eq_ignore_ascii_case("steam") => Err(InvalidKeyUri::Steam),
        _ => Err(InvalidKeyUri::Encoder),
    }
}

/// Reads a small number in ASCII digits and nothing else: no sign, no blank, no other script.
fn number(raw: &str) -> Option<u8> {
    let is_plain = raw.len() <= 3 && raw.bytes().all(|byte| byte.is_ascii_digit());
    raw.parse().ok().filter(|_| is_plain)
}
