//! HMAC (RFC 2104) over the compression functions of the hash crates, for many short messages under one key.
//!
//! A general HMAC takes its key in anew for every message, which is half the work when messages have eight bytes.
//! Here the key is taken in once: what is kept are the two states of the hash after the padded key, and a message
//! then costs two compressions. Several messages go side by side, since each compression by itself leaves most of
//! the processor waiting.
//!
//! The states are as good as the key. They have no `Debug`, cannot be cloned, are never kept between requests, and
//! are wiped when they go. The `hmac` crate is the oracle that the tests hold this file against.

#![allow(clippy::cast_possible_truncation, reason = "words are taken apart on purpose")]

use zeroize::optimization_barrier;

use super::{
    hash::Hash,
    mask::{masks, select},
    secret::Secret,
};

/// The padding of the key for the inner hash and for the outer one (RFC 2104 §2).
const INNER: u8 = 0x36;
const OUTER: u8 = 0x5c;

/// A key, taken in.
pub(super) struct KeyState<H: Hash> {
    inner: H::State,
    outer: H::State,
}

impl<H: Hash> KeyState<H> {
    /// A place for a key. It is filled where it stands: moving the states while the last words of them are still on
    /// their way to memory would make the processor wait.
    #[inline]
    pub(super) fn empty() -> Self {
        Self { inner: H::INITIAL, outer: H::INITIAL }
    }

    /// Takes the key in.
    #[inline]
    pub(super) fn take_in(&mut self, secret: &Secret) {
        match H::padded(secret) {
            Some(block) => self.compress(block),
            None => self.take_in_long(secret),
        }
    }

    /// A secret that is longer than a block stands for its hash (RFC 2104 §2).
    #[cold]
    #[inline(never)]
    fn take_in_long(&mut self, secret: &Secret) {
        let mut block = H::hashed(secret);
        self.compress(&block);
        wipe(&mut block, H::BLANK);
    }

    #[inline]
    fn compress(&mut self, key: &H::Block) {
        let (mut inner, mut outer) = (*key, *key);
        inner.as_mut().iter_mut().for_each(|byte| *byte ^= INNER);
        outer.as_mut().iter_mut().for_each(|byte| *byte ^= OUTER);
        H::compress(&mut self.inner, &inner);
        H::compress(&mut self.outer, &outer);
        wipe(&mut inner, H::BLANK);
        wipe(&mut outer, H::BLANK);
    }

    /// The 31 bits that dynamic truncation takes out of the MAC of each counter (RFC 4226 §5.3, step 2).
    ///
    /// All first blocks are made before the first compression, and all second ones likewise: made and compressed
    /// one by one, each compression would wait for the narrow stores that have just filled its block.
    #[inline]
    pub(super) fn truncated<const N: usize>(&self, messages: &mut Messages<H, N>) -> [u32; N] {
        let blocks = &mut messages.0;
        let mut states = [self.inner; N];
        for (state, block) in states.iter_mut().zip(&*blocks) {
            H::compress(state, block);
        }
        *blocks = [H::DIGEST; N];
        for (block, state) in blocks.iter_mut().zip(&states) {
            H::write_output(state, block);
        }
        states = [self.outer; N];
        for (state, block) in states.iter_mut().zip(&*blocks) {
            H::compress(state, block);
        }
        let mut bits = [0; N];
        for (bits, state) in bits.iter_mut().zip(&states) {
            let (head, last) = H::head_and_last(state);
            *bits = truncate(head, last);
        }
        wipe(blocks, [H::BLANK; N]);
        wipe(&mut states, [H::INITIAL; N]);
        bits
    }
}

/// Counters as the last blocks of their messages.
///
/// A compression reads its block in wide pieces, and has to wait while a narrow piece that was just written is still
/// on its way to memory. So they are made as early as possible, before the key is taken in where there is a choice.
pub(super) struct Messages<H: Hash, const N: usize>([H::Block; N]);

impl<H: Hash, const N: usize> Messages<H, N> {
    #[inline]
    pub(super) fn of(counters: [u64; N]) -> Self {
        let mut blocks = [H::MESSAGE; N];
        for (block, counter) in blocks.iter_mut().zip(counters) {
            let words = [(counter >> 32) as u32, counter as u32, 0x8000_0000, 0];
            for (bytes, word) in block.as_mut().chunks_exact_mut(4).zip(words) {
                bytes.copy_from_slice(&word.to_be_bytes());
            }
        }
        Self(blocks)
    }
}

/// Overwrites what must not be left behind; the optimizer cannot see that nobody reads it any more.
fn wipe<T>(value: &mut T, blank: T) {
    *value = blank;
    optimization_barrier(value);
}

impl<H: Hash> Drop for KeyState<H> {
    fn drop(&mut self) {
        (self.inner, self.outer) = (H::INITIAL, H::INITIAL);
        optimization_barrier(self);
    }
}

/// Dynamic truncation (RFC 4226 §5.3, step 2): the 31 bits that begin at the byte which the last nibble names.
///
/// That nibble is secret: a load from an address that depends on it could be seen in the cache, and a branch in time.
/// So each of its bits becomes a mask that moves all words along by eight, four, two and one bytes, or does not (R12).
#[inline]
fn truncate([w0, w1, w2, w3, w4]: [u32; 5], last: u8) -> u32 {
    let bit = |place: u8| u32::from(last >> place & 1);
    let [eight, four, two, one] = masks([bit(3), bit(2), bit(1), bit(0)]);
    let (w0, w1, w2) = (select(eight, w2, w0), select(eight, w3, w1), select(eight, w4, w2));
    let (w0, w1) = (select(four, w1, w0), select(four, w2, w1));
    let (w0, w1) = (select(two, w0 << 16 | w1 >> 16, w0), select(two, w1 << 16, w1));
    select(one, w0 << 8 | w1 >> 24, w0) & 0x7fff_ffff
}
