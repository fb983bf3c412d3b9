//! Accounts and settings as versioned, sealed bytes, and back.
//!
//! Every record carries the random id of the write that made it. If a store fails in the middle of a write, the driver
//! reads the record back, and knows by this id whether it is its own.

mod notices;
mod joining;
mod account;
mod policy;
#[cfg(test)]
mod tests;

use zeroize::Zeroizing;

use crate::seal::{Damaged, Format, Reader, Writer};

/// The version of the forms below. Another one is an error, never a guess.
const VERSION: u8 = 1;

/// The id of one write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct WriteId(pub(crate) [u8; 16]);

/// Something that is kept as a sealed record.
pub(crate) trait Record: Sized {
    /// What is stored beside it in plain columns.
    type Summary;
    fn summary(&self) -> Self::Summary;
    fn format(&self) -> Format {
        Format::Content
    }
    fn write_fields(&self, plain: &mut Writer);
    fn read_fields(plain: &mut Reader<'_>) -> Result<Self, Damaged>;
}

pub(crate) fn to_bytes(record: &impl Record, id: WriteId) -> Zeroizing<Vec<u8>> {
    let mut plain = Writer::new();
    plain.u8(VERSION);
    plain.array(id.0);
    record.write_fields(&mut plain);
    plain.finish()
}

pub(crate) fn from_bytes<R: Record>(plain: &[u8]) -> Result<(R, WriteId), Damaged> {
    let mut plain = Reader::new(plain);
    if plain.u8()? != VERSION {
        return Err(Damaged);
    }
    let id = WriteId(plain.array()?);
    let record = R::read_fields(&mut plain)?;
    plain.finish()?;
    Ok((record, id))
}
