//! The common form of sealed texts. Hosts keep them; only `expose` shows one.

use base64ct::{Base64UrlUnpadded, Encoding as _};
use zeroize::Zeroizing;

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

/// The longest text that is taken for a token. One with ids and origin at their bounds is well below.
const LONGEST: usize = 4096;

pub(crate) fn encode(sealed: &[u8]) -> Zeroizing<String> {
    Zeroizing::new(Base64UrlUnpadded::encode_string(sealed))
}

pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    if text.len() > LONGEST {
        return None;
    }
    Base64UrlUnpadded::decode_vec(text).ok()
}
