//! Naming an authenticator, so that an admin vouches for the one that they saw and for no other.

use crate::{time::Timestamp, tokens::id::id};

id! {
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
    AuthenticatorId(8),
    /// A text that is no authenticator's id.
    InvalidAuthenticatorId("an authenticator", 16)
}

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
