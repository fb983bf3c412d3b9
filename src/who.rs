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
    (@from $name:ident: $($number:ty),*) => {$(
        /// The number in decimal.
        impl From<$number> for $name {
            fn from(id: $number) -> Self {
                Self(id.to_string().into_boxed_str())
            }
        }
    )*};
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

            /// Reads the id back as the host's own key type, such as the number that it was made from.
            ///
            /// Several texts can be read as one key: as an `i64`, `007` and `+7` are 7 like `7`, and yet three ids. So
            /// look the key up, and go on with an id made from the row that was found, as
            /// [`Directory`](crate::Directory) asks for.
            ///
            /// ```
            #[doc = concat!("use countersign::", stringify!($name), ";")]
            #[doc = concat!("assert_eq!(", stringify!($name), "::from(7_i64).parse(), Ok(7_i64));")]
            #[doc = concat!("assert!(", stringify!($name), "::try_from(\"ann\")?.parse::<i64>().is_err());")]
            /// # Ok::<(), countersign::InvalidName>(())
            /// ```
            ///
            /// # Errors
            /// The error of `T` if the id cannot be read as one.
            pub fn parse<T: FromStr>(&self) -> Result<T, T::Err> {
                self.0.parse()
            }
        }

        impl FromStr for $name {
            type Err = InvalidName;

            fn from_str(id: &str) -> Result<Self, InvalidName> {
                Self::new(id)
            }
        }

        /// Like [`new`](Self::new).
        impl TryFrom<&str> for $name {
            type Error = InvalidName;

            fn try_from(id: &str) -> Result<Self, InvalidName> {
                Self::new(id)
            }
        }

        /// Like [`new`](Self::new).
        impl TryFrom<String> for $name {
            type Error = InvalidName;

            fn try_from(id: String) -> Result<Self, InvalidName> {
                Self::new(id)
            }
        }

        id!(@from $name: i32, u32, i64, u64);

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
    /// assert_eq!(OrgId::from(7), OrgId::new("7")?);
    /// assert_eq!(OrgId::try_from("acme")?.as_str(), "acme");
    /// assert!(OrgId::new("").is_err());
    /// # Ok::<(), countersign::InvalidName>(())
    /// ```
    OrgId
}

id! {
    /// The name of a user of an org, as the host's directory spells it.
    UserId
}

impl OrgId {
    /// Returns the org of a portal that has only one. Its text is `single`, and never changes.
    ///
    /// It is a function and no constant, since an id owns its text. Records are bound to the org they were written for,
    /// so a portal that may have several one day starts with ids of its own.
    ///
    /// ```
    /// use countersign::{FirstFactor, OrgId, UserId};
    /// let first_factor = FirstFactor::accepted(&OrgId::single(), &UserId::from(7));
    /// ```
    pub fn single() -> Self {
        Self("single".into())
    }
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
    pub(crate) mark: Option<Box<str>>,
}

impl Person {
    /// Creates a user of `org`. Records, tickets and stamps are bound to the id as spelled here, whatever spelling the
    /// user typed. The account name is the id unless [`account_name`](Self::account_name) changes it.
    pub fn new(org: OrgId, id: UserId, role: Role) -> Self {
        let account = id.0.clone();
        Self { org, id, role, account, mark: None }
    }

    /// Sets the mark of this user's sessions: any text that changes when their sessions should end, as a counter in the
    /// host's row does. It goes into the stamp as a hash. A stamp holds only while the directory gives the same mark, or none
    /// now and then.
    ///
    /// For a customer, for whom the library writes nothing (R5), this is how their sessions end before their time, if the
    /// stamp is all that the host keeps of a session. For internal users it is not needed.
    #[must_use]
    pub fn session_mark(mut self, mark: impl fmt::Display) -> Self {
        self.mark = Some(mark.to_string().into_boxed_str());
        self
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

#[cfg(test)]
mod tests {
    use super::{InvalidName, OrgId, UserId};

    #[test]
    fn a_number_becomes_the_same_id_whatever_its_type_and_is_read_back() {
        let seven = UserId::new("7").unwrap();
        for id in [UserId::from(7), UserId::from(7_u32), UserId::from(7_i64), UserId::from(7_u64)] {
            assert_eq!(id, seven);
        }
        assert_eq!((seven.parse(), seven.parse()), (Ok(7_i32), Ok("7".to_owned())));
        assert_eq!(UserId::from(i32::MIN).parse(), Ok(i32::MIN));
        assert_eq!(UserId::from(u64::MAX).parse(), Ok(u64::MAX));
        assert!(UserId::from(u64::MAX).parse::<i64>().is_err());
    }

    /// R11.
    #[test]
    fn a_text_becomes_an_id_by_the_same_rules_whatever_its_type() {
        for text in ["ann", "", "a\0b", &"a".repeat(256)] {
            let id = UserId::new(text);
            assert_eq!(
                (UserId::try_from(text), UserId::try_from(text.to_owned()), text.parse()),
                (id.clone(), id.clone(), id)
            );
        }
        assert_eq!(OrgId::try_from(""), Err(InvalidName::Empty));
    }

    /// Portals have stored it with their records.
    #[test]
    fn the_single_org_never_changes() {
        assert_eq!(OrgId::single(), OrgId::new("single").unwrap());
    }
}
