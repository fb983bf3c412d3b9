//! The form of ids that are drawn and shown: as many hexadecimal digits as they have bits for. They are no secrets.

/// An id of random bytes. `Display` writes its digits in lower case, and `FromStr` reads them back.
macro_rules! id {
    ($(#[$doc:meta])* $name:ident($bytes:literal), $(#[$invalid_doc:meta])* $invalid:ident($what:literal, $digits:literal)) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub struct $name(pub(crate) [u8; $bytes]);

        $(#[$invalid_doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
        #[error("not the id of {}: expected {} hexadecimal digits", $what, $digits)]
        pub struct $invalid;

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }

        impl std::str::FromStr for $name {
            type Err = $invalid;

            fn from_str(text: &str) -> Result<Self, $invalid> {
                let mut id = [0; $bytes];
                let digits = text.as_bytes();
                if digits.len() != 2 * id.len() {
                    return Err($invalid);
                }
                for (byte, pair) in id.iter_mut().zip(digits.chunks_exact(2)) {
                    let digit = |of: u8| char::from(of).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
                    let (Some(high), Some(low)) = (digit(pair[0]), digit(pair[1])) else { return Err($invalid) };
                    *byte = high << 4 | low;
                }
                Ok(Self(id))
            }
        }
    };
}
pub(crate) use id;
