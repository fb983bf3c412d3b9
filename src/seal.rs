//! Sealing: keys, the form of what is sealed, and the generation to which everything handed out is bound.

mod generation;
mod codec;
mod head;
mod keyring;
mod deployment;

pub(crate) use self::{
    codec::{Damaged, Reader, Writer},
    deployment::Deployment,
    generation::Generation,
    head::{Format, Head},
    keyring::{Context, Kind},
};
pub use self::{
    deployment::InvalidDeployment,
    head::KeyId,
    keyring::{InvalidKeyring, Keyring},
};
