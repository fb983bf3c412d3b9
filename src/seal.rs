//! Sealing: keys, the form of what is sealed, and the generation to which everything handed out is bound.

mod generation;
mod codec;
mod keyring;

pub use self::keyring::{InvalidKeyring, KeyId, Keyring};
pub(crate) use self::{
    codec::{Damaged, Reader, Writer},
    generation::Generation,
    keyring::{Context, Kind},
};
