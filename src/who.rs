//! Who is who: orgs, users and their roles.
//!
//! This file knows names and roles. It does not know where they come from: the host's [`Directory`](crate::Directory)
//! is asked at every call.

use std::{fmt, str::FromStr};

/// The largest number of bytes of an id, which bounds the size of a record.
const MOST_BYTES: usize = 255;

/// A text that cannot be an id or an account name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidName {
    /// The text is empty.
    #[error("is empty")]
    Empty,
    /// The text has more than 255 bytes.
    #[error("is longer than 255 bytes")]
    TooLong,
    /// The text has a control character (NUL, a line feed, …), which would garble logs and does not fit every database.
    #[error("has a control character")]
    ControlCharacter,
}

fn checked(name: String) -> Result<Box<str>, InvalidName> {
    match &name {
        name if name.is_empty() => Err(InvalidName::Empty),
        name if name.len() > MOST_BYTES => Err(InvalidName::TooLong),
        name if name.contains(char::is_control) => Err(InvalidName::ControlCharacter),
        _ => Ok(name.into_boxed_str()),
    }
}

/// One shape for both ids: a bounded text, compared byte by byte. A number always makes a valid one.
macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Box<str>);

        impl $name {
            /// Creates an id of 1 to 255 bytes without control characters. Ids are compared byte by byte: `Ann` is not
            /// `ann`.
            ///
            /// # Errors
            /// [`InvalidName`] says what is wrong with the text.
            pub fn new(id: impl Into<String>) -> Result<Self, InvalidName> {
                checked(id.into()).map(Self)
            }

            /// Returns the id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidName;

            fn from_str(id: &str) -> Result<Self, InvalidName> {
                Self::new(id)
            }
        }

        /// The number in decimal.
        impl From<i64> for $name {
            fn from(id: i64) -> Self {
                Self(id.to_string().into_boxed_str())
            }
        }

        /// The number in decimal.
        impl From<u64> for $name {
            fn from(id: u64) -> Self {
                Self(id.to_string().into_boxed_str())
            }
        }

        /// The hyphenated lower-case form.
        #[cfg(feature = "uuid")]
        impl From<uuid::Uuid> for $name {
            fn from(id: uuid::Uuid) -> Self {
                Self(id.hyphenated().to_string().into_boxed_str())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

id! {
    /// The name of an org: one portal (tenant) with a policy of its own.
    ///
    /// ```
    /// use countersign::OrgId;
    /// assert_eq!(OrgId::from(7_i64), OrgId::new("7")?);
    /// assert!(OrgId::new("").is_err());
    /// # Ok::<(), countersign::InvalidName>(())
    /// ```
    OrgId
}

id! {
    /// The name of a user of an org, as the host's directory spells it.
    UserId
}

/// What a user is to the portal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Role {
    /// A customer: never asked, never enrolled, never written to.
    Customer,
    /// Staff: asked for a code if the org requires it.
    Internal,
    /// An internal user who may also change the policy and reset others.
    MasterAdmin,
}

/// A word that names no role. Nobody gets in on it (R4): an unknown role is an error of the directory, not a customer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a role: expected customer, internal or master-admin")]
pub struct UnknownRole;

impl Role {
    /// Returns the word for this role, for the host's own column. [`FromStr`] reads it back.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Internal => "internal",
            Self::MasterAdmin => "master-admin",
        }
    }
}

impl FromStr for Role {
    type Err = UnknownRole;

    fn from_str(word: &str) -> Result<Self, UnknownRole> {
        match word {
            "customer" => Ok(Self::Customer),
            "internal" => Ok(Self::Internal),
            "master-admin" => Ok(Self::MasterAdmin),
            _ => Err(UnknownRole),
        }
    }
}

/// A user as the host's directory describes them at this moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    pub(crate) org: OrgId,
    pub(crate) id: UserId,
    pub(crate) role: Role,
    pub(crate) account: Box<str>,
}

impl Person {
    /// Creates a user of `org`. Records, tickets and stamps are bound to the id as spelled here, whatever spelling the
    /// user typed. The account name is the id unless [`account_name`](Self::account_name) changes it.
    pub fn new(org: OrgId, id: UserId, role: Role) -> Self {
        let account = id.0.clone();
        Self { org, id, role, account }
    }

    /// Sets the name that the authenticator app shows beneath the issuer: an e-mail address or a login name says more
    /// than a number.
    ///
    /// The app shows at most 40 characters of it, and fewer of scripts that take many bytes; invisible ones are left
    /// out. A name that is empty, or has a colon or a control character, cannot be in a key URI. For such a user
    /// [`setup`](crate::TwoFactor::setup) fails with [`ErrorKind::UnusableName`](crate::ErrorKind::UnusableName).
    #[must_use]
    pub fn account_name(mut self, account: impl Into<String>) -> Self {
        self.account = account.into().into_boxed_str();
        self
    }

    /// Returns the org.
    pub fn org(&self) -> &OrgId {
        &self.org
    }

    /// Returns the id, in the directory's spelling.
    pub fn id(&self) -> &UserId {
        &self.id
    }

    /// Returns the name beneath the issuer in the authenticator app, as the host gave it.
    pub fn account(&self) -> &str {
        &self.account
    }

    /// Returns the role.
    pub fn role(&self) -> Role {
        self.role
    }
}
