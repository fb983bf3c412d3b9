//! The common form of sealed texts. Hosts keep them; only `expose` shows one.

use base64ct::{Base64UrlUnpadded, Encoding as _};
use zeroize::Zeroizing;

use crate::{
    error::BoxError,
    random::SecureRandom,
    seal::{Damaged, Deployment, Keyring, Kind, Reader, Writer},
};

/// A sealed text that is handed out. Only `expose` shows it, and it is wiped when it is dropped.
macro_rules! token {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone)]
        pub struct $name(Zeroizing<String>);

        impl $name {
            /// Returns the text. Keep it where only this user's browser or the server can read it.
            pub fn expose(&self) -> &str {
                &self.0
            }
        }

        impl crate::tokens::token::Text for $name {
            fn sealed(text: Zeroizing<String>) -> Self {
                Self(text)
            }

            fn text(&self) -> &str {
                self.expose()
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(Zeroizing::new(text))
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self::from(text.to_owned())
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        }
    };
}
pub(crate) use token;

/// The version of the content of every token. Another one is no token of ours.
const VERSION: u8 = 1;

/// The content of a token: how it is written and read is its own matter, how it is sealed is the same for all.
pub(crate) trait Claims: Sized {
    const KIND: Kind;
    type Text: Text;

    fn write(&self, plain: &mut Writer);
    fn read(plain: &mut Reader<'_>) -> Result<Self, Damaged>;

    /// Seals it for one deployment: what a test system hands out is nothing to production, though it may have its keys.
    fn seal(
        &self,
        keyring: &Keyring,
        deployment: &Deployment,
        random: &dyn SecureRandom,
    ) -> Result<Self::Text, BoxError> {
        let mut plain = Writer::new();
        plain.u8(VERSION);
        self.write(&mut plain);
        let sealed = keyring.seal(deployment.context(Self::KIND), plain.finish(), random)?;
        Ok(Self::Text::sealed(Zeroizing::new(Base64UrlUnpadded::encode_string(&sealed))))
    }

    /// Returns the content, or `None` if the text is no token of ours. Nobody is told why it is none.
    fn open(text: &Self::Text, keyring: &Keyring, deployment: &Deployment) -> Option<Self> {
        let plain = keyring.open(deployment.context(Self::KIND), &decode(text.text())?).ok()?;
        let mut plain = Reader::new(&plain);
        let claims =
            plain.u8().ok().filter(|version| *version == VERSION).map(|_| Self::read(&mut plain))?.ok()?;
        plain.finish().ok()?;
        Some(claims)
    }
}

/// The text of a token, for the trait above alone.
pub(crate) trait Text {
    fn sealed(text: Zeroizing<String>) -> Self;
    fn text(&self) -> &str;
}

/// The longest text that is taken for a token. One with ids and origin at their bounds is well below.
const LONGEST: usize = 4096;

fn decode(text: &str) -> Option<Vec<u8>> {
    if text.len() > LONGEST {
        return None;
    }
    Base64UrlUnpadded::decode_vec(text).ok()
}
