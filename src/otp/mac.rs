//! HMAC (RFC 2104) over the compression functions of the hash crates, for many short messages under one key.
//!
//! A general HMAC takes its key in again for every message, which is half the work if messages have eight bytes. Here
//! the key is taken in once: the two states of the hash after the padded key are kept, and a message then costs two
//! compressions. Several messages are processed side by side: while the bytes of one are on their way to memory,
//! another is compressed.
//!
//! The states are as valuable as the key. They have no `Debug`, cannot be cloned, are never kept between requests, and
//! are wiped when dropped. The tests compare this file with the `hmac` crate as the oracle.

#![allow(clippy::cast_possible_truncation, reason = "words are taken apart on purpose")]

use zeroize::optimization_barrier;

use super::{
    hash::{Hash, hashed},
    mask::{masks, select},
    secret::Secret,
};

/// The padding of the key for the inner hash and for the outer one (RFC 2104 §2).
const INNER: u8 = 0x36;
const OUTER: u8 = 0x5c;

/// A key that was taken in.
pub(super) struct KeyState<H: Hash> {
    inner: Aligned<H::State>,
    outer: Aligned<H::State>,
}

impl<H: Hash> KeyState<H> {
    /// Makes room for a key. It is filled in place: if the states moved while their last words are still on their way
    /// to memory, the processor would wait.
    #[inline]
    pub(super) fn empty() -> Self {
        Self { inner: Aligned(H::INITIAL), outer: Aligned(H::INITIAL) }
    }

    /// Takes the key in.
    #[inline]
    pub(super) fn take_in(&mut self, secret: &Secret) {
        as_block::<H, _>(secret, |key| {
            pad::<H>(&mut self.inner, key, INNER);
            pad::<H>(&mut self.outer, key, OUTER);
        });
    }

    /// Returns the 31 bits that dynamic truncation takes from the MAC of each counter (RFC 4226 §5.3, step 2).
    #[inline]
    pub(super) fn truncated<const N: usize>(&self, counters: [u64; N]) -> [u32; N] {
        let messages = Messages::<H, N>::of(counters);
        Digests::of(&self.inner, &messages).truncated(&self.outer)
    }
}

/// Returns the same bits for a key that is not kept. The outer half of the key is taken in last, while the digests of
/// the inner hash are on their way to memory.
#[inline]
pub(super) fn truncated_once<H: Hash, const N: usize>(secret: &Secret, counters: [u64; N]) -> [u32; N] {
    let messages = Messages::<H, N>::of(counters);
    let mut key = KeyState::<H>::empty();
    as_block::<H, _>(secret, |block| {
        pad::<H>(&mut key.inner, block, INNER);
        let digests = Digests::of(&key.inner, &messages);
        pad::<H>(&mut key.outer, block, OUTER);
        digests.truncated(&key.outer)
    })
}

/// Passes the key on as a block, padded with zeros. A secret longer than a block is hashed first (RFC 2104 §2).
#[inline]
fn as_block<H: Hash, T>(secret: &Secret, work: impl FnOnce(&H::Block) -> T) -> T {
    if let Some(block) = H::padded(secret) {
        return work(block);
    }
    let mut block = hashed::<H>(secret);
    let done = work(&block);
    wipe(&mut block, H::BLANK);
    done
}

/// Takes the key, with its padding, into an initial state of the hash.
///
/// The padded key is put together byte by byte in the memory that is wiped afterwards. Copying the key there first and
/// padding it then leaves a copy that nobody wipes wherever the compiler makes one on the way, as it does in
/// unoptimized builds.
#[inline]
fn pad<H: Hash>(state: &mut Aligned<H::State>, key: &H::Block, padding: u8) {
    let mut block = Aligned(H::BLANK);
    for (padded, byte) in block.0.as_mut().iter_mut().zip(key.as_ref()) {
        *padded = byte ^ padding;
    }
    H::compress(&mut state.0, &block.0);
    wipe(&mut block.0, H::BLANK);
}

/// A block or a state, aligned so that none of its wide loads, of 16 bytes each, crosses from one cache line into the
/// next.
#[derive(Clone, Copy)]
#[repr(align(32))]
struct Aligned<T>(T);

/// Counters as the last blocks of their messages.
struct Messages<H: Hash, const N: usize>([Aligned<H::Block>; N]);

impl<H: Hash, const N: usize> Messages<H, N> {
    #[inline]
    fn of(counters: [u64; N]) -> Self {
        let mut blocks = [Aligned(H::MESSAGE); N];
        for (block, counter) in blocks.iter_mut().zip(counters) {
            block.0.as_mut()[..8].copy_from_slice(&counter.to_be_bytes());
        }
        Self(blocks)
    }
}

/// The digests of the inner hash, as the last blocks of the outer hash.
///
/// A compression reads its block in wide pieces. It has to wait while a narrow piece that was just written is still on
/// its way to memory: until everything before it is done, including the compression before it. So each block is written
/// as soon as its digest is there, and read only after the other compressions.
struct Digests<H: Hash, const N: usize>([Aligned<H::Block>; N]);

impl<H: Hash, const N: usize> Digests<H, N> {
    #[inline]
    fn of(inner: &Aligned<H::State>, messages: &Messages<H, N>) -> Self {
        let mut blocks = [Aligned(H::DIGEST); N];
        let mut states = [Aligned(H::INITIAL); N];
        for state in &mut states {
            state.0 = inner.0;
        }
        for ((block, state), message) in blocks.iter_mut().zip(&mut states).zip(&messages.0) {
            H::compress(&mut state.0, &message.0);
            H::write_output(&state.0, &mut block.0);
            // Otherwise the optimizer would delay the writing until the last of them.
            optimization_barrier(block);
        }
        wipe_all(&mut states, H::INITIAL);
        Self(blocks)
    }

    #[inline]
    fn truncated(mut self, outer: &Aligned<H::State>) -> [u32; N] {
        let mut states = [Aligned(H::INITIAL); N];
        for state in &mut states {
            state.0 = outer.0;
        }
        for (state, block) in states.iter_mut().zip(&self.0) {
            H::compress(&mut state.0, &block.0);
        }
        let mut bits = [0; N];
        for (bits, state) in bits.iter_mut().zip(&states) {
            let (head, last) = H::head_and_last(&state.0);
            *bits = truncate(head, last);
        }
        wipe_all(&mut self.0, H::BLANK);
        wipe_all(&mut states, H::INITIAL);
        bits
    }
}

/// Overwrites what must not be left behind. The optimizer cannot see that nobody reads it any more.
#[inline]
fn wipe<T>(value: &mut T, blank: T) {
    *value = blank;
    optimization_barrier(value);
}

#[inline]
fn wipe_all<T: Copy>(all: &mut [Aligned<T>], blank: T) {
    for one in all {
        wipe(&mut one.0, blank);
    }
}

impl<H: Hash> Drop for KeyState<H> {
    fn drop(&mut self) {
        (self.inner, self.outer) = (Aligned(H::INITIAL), Aligned(H::INITIAL));
        optimization_barrier(self);
    }
}

/// Performs dynamic truncation (RFC 4226 §5.3, step 2): returns the 31 bits that begin at the byte named by the last
/// nibble.
///
/// That nibble is secret: a load from an address that depends on it could be seen in the cache, and a branch in the
/// timing. So each of its bits becomes a mask that moves all words by eight, four, two and one bytes, or does not
/// (R12).
#[inline]
fn truncate([w0, w1, w2, w3, w4]: [u32; 5], last: u8) -> u32 {
    let bit = |place: u8| u32::from(last >> place & 1);
    let [eight, four, two, one] = masks([bit(3), bit(2), bit(1), bit(0)]);
    let (w0, w1, w2) = (select(eight, w2, w0), select(eight, w3, w1), select(eight, w4, w2));
    let (w0, w1) = (select(four, w1, w0), select(four, w2, w1));
    let (w0, w1) = (select(two, w0 << 16 | w1 >> 16, w0), select(two, w1 << 16, w1));
    select(one, w0 << 8 | w1 >> 24, w0) & 0x7fff_ffff
}
