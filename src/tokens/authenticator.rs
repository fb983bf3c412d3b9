//! Naming an authenticator, so that an admin vouches for the one that they saw and for no other.

use std::{fmt, str::FromStr};

use crate::time::Timestamp;

/// The id of an enrolled authenticator: drawn anew with each enrollment and each replacement. It is no secret and opens
/// nothing.
///
/// Its text, 16 hexadecimal digits, goes into the form with which a Master Admin [vouches](crate::admin::ManagedUser::vouch)
/// for it.
///
/// ```
/// use countersign::tokens::AuthenticatorId;
/// let text = "0001020304050607";
/// assert_eq!(text.parse::<AuthenticatorId>()?.to_string(), text);
/// assert!("00".parse::<AuthenticatorId>().is_err());
/// # Ok::<(), countersign::tokens::InvalidAuthenticatorId>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AuthenticatorId(pub(crate) [u8; 8]);

/// A text that is no authenticator's id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the id of an authenticator: expected 16 hexadecimal digits")]
pub struct InvalidAuthenticatorId;

/// An enrolled authenticator, as it is shown to an admin. Never its secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Authenticator {
    /// The id, to vouch for it.
    pub id: AuthenticatorId,
    /// When it was enrolled.
    pub since: Timestamp,
    /// When a code of it was last accepted.
    pub last_used: Timestamp,
    /// Until when its user administers nothing, after a recovery.
    pub probation_until: Option<Timestamp>,
}

impl fmt::Display for AuthenticatorId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl FromStr for AuthenticatorId {
    type Err = InvalidAuthenticatorId;

    fn from_str(text: &str) -> Result<Self, InvalidAuthenticatorId> {
        // `from_str_radix` would accept a sign.
        if text.len() != 16 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(InvalidAuthenticatorId);
        }
        u64::from_str_radix(text, 16).map(|id| Self(id.to_be_bytes())).map_err(|_| InvalidAuthenticatorId)
    }
}
