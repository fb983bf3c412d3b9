//! The hash functions from which codes are made.

/// The hash function under the HMAC (RFC 6238 §1.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Algorithm {
    /// SHA-1: the only one that every authenticator app supports. What makes SHA-1 unfit for signatures (collisions)
    /// does not affect HMAC-SHA-1.
    #[default]
    Sha1,
    /// SHA-256. Several apps ignore it silently and show the codes of SHA-1.
    #[cfg(feature = "sha2")]
    Sha256,
    /// SHA-512. Several apps ignore it silently and show the codes of SHA-1.
    #[cfg(feature = "sha2")]
    Sha512,
}

impl Algorithm {
    /// Returns the name that key URIs use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sha1 => "SHA1",
            #[cfg(feature = "sha2")]
            Self::Sha256 => "SHA256",
            #[cfg(feature = "sha2")]
            Self::Sha512 => "SHA512",
        }
    }
}
