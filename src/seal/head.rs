//! The head of what is sealed: what it is, and under which key. It is plain, so that a store can count by it, and sealed in
//! with the rest, so that nobody can change it.

/// The id of a key of a [`Keyring`](crate::Keyring). A record says under which one it was sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyId(pub u32);

/// What is sealed. The number is the first byte; another one is nothing that this version has written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// A record or a token.
    Content = 1,
    /// What is left of somebody who was forgotten: a record that holds nothing of them.
    Tombstone = 2,
}

/// The first bytes of what is sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) format: Format,
    pub(crate) key: KeyId,
}

impl Head {
    pub(crate) const BYTES: usize = 5;

    pub(crate) const fn to_bytes(self) -> [u8; Self::BYTES] {
        let [a, b, c, d] = self.key.0.to_be_bytes();
        [self.format as u8, a, b, c, d]
    }

    /// Reads the head of something; `None` if it is nothing of ours.
    pub(crate) fn of(sealed: &[u8]) -> Option<Self> {
        let (format, key) = sealed.get(..Self::BYTES)?.split_first()?;
        let format = match format {
            1 => Format::Content,
            2 => Format::Tombstone,
            _ => return None,
        };
        Some(Self { format, key: KeyId(u32::from_be_bytes(key.try_into().ok()?)) })
    }
}
