//! The form of sealed content: numbers are big-endian, and everything of variable length has its length before it.
//!
//! It is hand-written and small on purpose. A serialization framework would need secrets to implement its traits, and
//! then anything could serialize them (R9). It would also leave copies of them in buffers that nobody wipes.

use std::time::Duration;

use zeroize::Zeroizing;

use crate::{
    policy::Epoch,
    seal::generation::Generation,
    time::Timestamp,
    who::{OrgId, UserId},
};

/// Collects bytes in a buffer that is wiped. It is large enough from the start for anything we seal, so that growing
/// leaves no copy behind.
pub(crate) struct Writer(Zeroizing<Vec<u8>>);

impl Writer {
    /// A record with two secrets of the greatest length, a full list of spent tickets and everything else.
    const ENOUGH: usize = 8 * 1024;

    pub(crate) fn new() -> Self {
        Self(Zeroizing::new(Vec::with_capacity(Self::ENOUGH)))
    }

    pub(crate) fn finish(self) -> Zeroizing<Vec<u8>> {
        debug_assert!(self.0.len() <= Self::ENOUGH, "a record outgrew the buffer that is wiped");
        self.0
    }

    pub(crate) fn u8(&mut self, n: u8) {
        self.0.push(n);
    }

    pub(crate) fn bool(&mut self, yes: bool) {
        self.u8(u8::from(yes));
    }

    pub(crate) fn u32(&mut self, n: u32) {
        self.0.extend_from_slice(&n.to_be_bytes());
    }

    pub(crate) fn u64(&mut self, n: u64) {
        self.0.extend_from_slice(&n.to_be_bytes());
    }

    pub(crate) fn array<const N: usize>(&mut self, bytes: [u8; N]) {
        self.0.extend_from_slice(&bytes);
    }

    /// Writes at most 65,535 bytes; ids, names and secrets are bounded far below.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        let length = u16::try_from(bytes.len()).expect("everything sealed is bounded below 64 KiB");
        self.array(length.to_be_bytes());
        self.0.extend_from_slice(bytes);
    }

    pub(crate) fn time(&mut self, time: Timestamp) {
        self.u64(time.as_unix());
    }

    pub(crate) fn seconds(&mut self, duration: Duration) {
        self.u64(duration.as_secs());
    }

    pub(crate) fn epoch(&mut self, epoch: Epoch) {
        self.u64(epoch.counter);
        self.array(epoch.random);
    }

    pub(crate) fn generation(&mut self, generation: Generation) {
        self.array(generation.0);
    }

    pub(crate) fn flag(&mut self, is_so: bool) {
        self.u8(u8::from(is_so));
    }

    pub(crate) fn option<T>(&mut self, value: Option<T>, write: impl FnOnce(&mut Self, T)) {
        self.bool(value.is_some());
        if let Some(value) = value {
            write(self, value);
        }
    }

    pub(crate) fn list<T>(&mut self, values: &[T], mut write: impl FnMut(&mut Self, &T)) {
        self.u32(u32::try_from(values.len()).expect("lists in records are short"));
        for value in values {
            write(self, value);
        }
    }
}

/// Bytes that are not what was written.
#[derive(Debug, thiserror::Error)]
#[error("the sealed content has a form that this version does not know")]
pub(crate) struct Damaged;

/// Reads bytes back. We wrote what is sealed, so `Damaged` means another version. It is still an error, and never a
/// guess.
pub(crate) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// Checks that everything was read: leftovers mean that something was misunderstood.
    pub(crate) fn finish(self) -> Result<(), Damaged> {
        if self.0.is_empty() { Ok(()) } else { Err(Damaged) }
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], Damaged> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(Damaged)?;
        self.0 = rest;
        Ok(taken)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], Damaged> {
        self.take(N)?.try_into().map_err(|_| Damaged)
    }

    pub(crate) fn u8(&mut self) -> Result<u8, Damaged> {
        Ok(u8::from_be_bytes(self.array()?))
    }

    pub(crate) fn bool(&mut self) -> Result<bool, Damaged> {
        match self.u8()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(Damaged),
        }
    }

    pub(crate) fn u32(&mut self) -> Result<u32, Damaged> {
        Ok(u32::from_be_bytes(self.array()?))
    }

    pub(crate) fn u64(&mut self) -> Result<u64, Damaged> {
        Ok(u64::from_be_bytes(self.array()?))
    }

    pub(crate) fn bytes(&mut self) -> Result<&'a [u8], Damaged> {
        let length = u16::from_be_bytes(self.array()?);
        self.take(length.into())
    }

    pub(crate) fn text(&mut self) -> Result<&'a str, Damaged> {
        str::from_utf8(self.bytes()?).map_err(|_| Damaged)
    }

    pub(crate) fn org(&mut self) -> Result<OrgId, Damaged> {
        OrgId::new(self.text()?).map_err(|_| Damaged)
    }

    pub(crate) fn user(&mut self) -> Result<UserId, Damaged> {
        UserId::new(self.text()?).map_err(|_| Damaged)
    }

    pub(crate) fn time(&mut self) -> Result<Timestamp, Damaged> {
        Ok(Timestamp::from_unix(self.u64()?))
    }

    pub(crate) fn seconds(&mut self) -> Result<Duration, Damaged> {
        Ok(Duration::from_secs(self.u64()?))
    }

    pub(crate) fn epoch(&mut self) -> Result<Epoch, Damaged> {
        Ok(Epoch { counter: self.u64()?, random: self.array()? })
    }

    pub(crate) fn generation(&mut self) -> Result<Generation, Damaged> {
        Ok(Generation(self.array()?))
    }

    pub(crate) fn flag(&mut self) -> Result<bool, Damaged> {
        match self.u8()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(Damaged),
        }
    }

    pub(crate) fn option<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, Damaged>,
    ) -> Result<Option<T>, Damaged> {
        if self.bool()? { read(self).map(Some) } else { Ok(None) }
    }

    pub(crate) fn list<T>(
        &mut self,
        mut read: impl FnMut(&mut Self) -> Result<T, Damaged>,
    ) -> Result<Vec<T>, Damaged> {
        // Collected one by one: a false count runs out of bytes, and reserves nothing before it does.
        let count = self.u32()?;
        (0..count).map(|_| read(self)).collect()
    }
}
