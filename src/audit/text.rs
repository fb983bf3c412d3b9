//! The texts of an event that come from outside: who the operator is, why they act, where a request came from. All are
//! bounded and without control characters, so none can forge a line of a log.

use std::fmt;

/// Why a text of an operator is invalid. It must say something, within bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidNote {
    /// It is empty, or has nothing but blanks.
    #[error("is empty")]
    Empty,
    /// It has more than 500 bytes.
    #[error("is longer than 500 bytes")]
    TooLong,
    /// It has a control character, which could forge lines of a log.
    #[error("has a control character")]
    ControlCharacter,
}

/// One shape for the texts of an operator: trimmed, 1 to 500 bytes, no control characters.
macro_rules! note {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct $name(Box<str>);

        impl $name {
            /// Creates it from this text, without the blanks around it.
            ///
            /// # Errors
            /// [`InvalidNote`] if the text is empty, has more than 500 bytes or a control character.
            pub fn new(text: &str) -> Result<Self, InvalidNote> {
                match text.trim() {
                    "" => Err(InvalidNote::Empty),
                    text if text.len() > 500 => Err(InvalidNote::TooLong),
                    text if text.contains(char::is_control) => Err(InvalidNote::ControlCharacter),
                    text => Ok(Self(text.into())),
                }
            }

            /// Returns the text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
    };
}

note! {
    /// The name of the person at the support desk who acts.
    Operator
}
note! {
    /// The reason for an act.
    Reason
}

impl Reason {
    /// Creates a reason with the number of a case: `case 4711: called back at the number in the contract`.
    ///
    /// ```
    /// use countersign::audit::{InvalidNote, Reason};
    /// let reason = Reason::in_case("4711", "called back at the number in the contract")?;
    /// assert_eq!(reason.as_str(), "case 4711: called back at the number in the contract");
    /// assert_eq!(Reason::in_case(" ", "called back"), Err(InvalidNote::Empty));
    /// # Ok::<(), InvalidNote>(())
    /// ```
    ///
    /// # Errors
    /// [`InvalidNote`] if either is empty or has a control character, or both together have more than 500 bytes.
    pub fn in_case(case: &str, text: &str) -> Result<Self, InvalidNote> {
        let (case, text) = (Self::new(case)?, Self::new(text)?);
        Self::new(&format!("case {}: {}", case.as_str(), text.as_str()))
    }
}

/// Where a request came from, as the host tells it: an address, a device's name.
///
/// It is made from anything with a `Display`. It is silently kept within 128 bytes and without control characters: a
/// login must not fail because a proxy wrote something odd into a header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin(Box<str>);

impl Origin {
    const MOST_BYTES: usize = 128;

    pub(crate) fn new(shown: &dyn fmt::Display) -> Option<Self> {
        let mut text: String = shown.to_string().chars().filter(|c| !c.is_control()).collect();
        let end = (0..=Self::MOST_BYTES.min(text.len())).rev().find(|end| text.is_char_boundary(*end));
        text.truncate(end.unwrap_or(0));
        (!text.is_empty()).then(|| Self(text.into_boxed_str()))
    }

    /// Creates the name of a device from whatever the host knows of it.
    pub(crate) fn of_device(shown: &dyn fmt::Display) -> Self {
        Self::new(shown).unwrap_or_else(|| Self("unnamed".into()))
    }

    /// Returns the text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
