//! The hash functions as compression functions, in the form that [`mac`](super::mac) needs.

#![allow(clippy::cast_possible_truncation, reason = "words are taken apart on purpose")]

use sha1::Sha1;
#[cfg(feature = "sha2")]
use sha2::{Sha256, Sha512};

use zeroize::{Zeroize, Zeroizing};

use super::secret::Secret;

/// A hash as its compression function.
pub(super) trait Hash {
    type Block: Copy + AsRef<[u8]> + AsMut<[u8]> + Zeroize;
    type State: Copy + Zeroize;
    const BLANK: Self::Block;
    /// The last block of a message of eight bytes, and of one as long as the output. Both messages are still missing.
    const MESSAGE: Self::Block;
    const DIGEST: Self::Block;
    const INITIAL: Self::State;

    fn compress(state: &mut Self::State, block: &Self::Block);
    /// Writes the output of a state to the front of a block.
    fn write_output(state: &Self::State, block: &mut Self::Block);
    /// Returns the first twenty bytes of the output as big-endian words, and its last byte: all that dynamic truncation
    /// looks at.
    fn head_and_last(state: &Self::State) -> ([u32; 5], u8);
    /// Returns the secret as a block, padded with zeros, unless it is longer than one.
    fn padded(secret: &Secret) -> Option<&Self::Block>;
}

/// Hashes the secret into a block, padded with zeros.
///
/// Done by hand, since the hash crates keep what is shorter than a block in a buffer of their own, and leave copies
/// behind when they move it.
pub(super) fn hashed<H: Hash>(secret: &Secret) -> H::Block {
    let (mut state, mut block) = (Zeroizing::new(H::INITIAL), Zeroizing::new(H::BLANK));
    // The message, a one bit, zeros, and its length in bits, in as many whole blocks as needed (FIPS 180-4 §5.1).
    let (bytes, size) = (secret.expose(), H::BLANK.as_ref().len());
    let mut message = Zeroizing::new([0; 256]);
    message[..bytes.len()].copy_from_slice(bytes);
    message[bytes.len()] = 0x80;
    let end = (bytes.len() + 1 + size / 8).next_multiple_of(size);
    message[end - 8..end].copy_from_slice(&(8 * bytes.len() as u64).to_be_bytes());
    for part in message[..end].chunks_exact(size) {
        block.as_mut().copy_from_slice(part);
        H::compress(&mut state, &block);
    }
    let mut hashed = H::BLANK;
    H::write_output(&state, &mut hashed);
    hashed
}

/// Returns the last block of a message of `message` bytes that follows one block of padded key. The message is still
/// missing: only the one bit, the zeros, and the length of both in bits are there (FIPS 180-4 §5.1).
const fn padded<const N: usize>(message: usize) -> [u8; N] {
    let mut block = [0; N];
    block[message] = 0x80;
    let bits = (8 * (N + message) as u64).to_be_bytes();
    let mut place = 0;
    while place < 8 {
        block[N - 8 + place] = bits[place];
        place += 1;
    }
    block
}

/// What the hash functions share except for sizes: the bytes of a block, the bytes of the output, and the type and
/// number of the words of the state.
macro_rules! sizes {
    ($block:literal, $output:literal, [$word:ty; $words:literal]) => {
        type Block = [u8; $block];
        type State = [$word; $words];
        const BLANK: [u8; $block] = [0; $block];
        const MESSAGE: [u8; $block] = padded(8);
        const DIGEST: [u8; $block] = padded($output);

        #[inline]
        fn write_output(state: &[$word; $words], block: &mut [u8; $block]) {
            for (bytes, word) in block.chunks_exact_mut(size_of::<$word>()).zip(state) {
                bytes.copy_from_slice(&word.to_be_bytes());
            }
        }

        #[inline]
        fn padded(secret: &Secret) -> Option<&[u8; $block]> {
            secret.padded().first_chunk().filter(|_| secret.expose().len() <= $block)
        }
    };
}

impl Hash for Sha1 {
    sizes!(64, 20, [u32; 5]);
    /// FIPS 180-4 §5.3.1.
    const INITIAL: [u32; 5] = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476, 0xc3d2_e1f0];

    #[inline]
    fn compress(state: &mut [u32; 5], block: &[u8; 64]) {
        sha1::block_api::compress(state, core::slice::from_ref(block));
    }

    #[inline]
    fn head_and_last(state: &[u32; 5]) -> ([u32; 5], u8) {
        (*state, state[4] as u8)
    }
}

#[cfg(feature = "sha2")]
impl Hash for Sha256 {
    sizes!(64, 32, [u32; 8]);
    /// FIPS 180-4 §5.3.3.
    const INITIAL: [u32; 8] = [
        0x6a09_e667,
        0xbb67_ae85,
        0x3c6e_f372,
        0xa54f_f53a,
        0x510e_527f,
        0x9b05_688c,
        0x1f83_d9ab,
        0x5be0_cd19,
    ];

    #[inline]
    fn compress(state: &mut [u32; 8], block: &[u8; 64]) {
        sha2::block_api::compress256(state, core::slice::from_ref(block));
    }

    #[inline]
    fn head_and_last(state: &[u32; 8]) -> ([u32; 5], u8) {
        ([state[0], state[1], state[2], state[3], state[4]], state[7] as u8)
    }
}

#[cfg(feature = "sha2")]
impl Hash for Sha512 {
    sizes!(128, 64, [u64; 8]);
    /// FIPS 180-4 §5.3.5.
    const INITIAL: [u64; 8] = [
        0x6a09_e667_f3bc_c908,
        0xbb67_ae85_84ca_a73b,
        0x3c6e_f372_fe94_f82b,
        0xa54f_f53a_5f1d_36f1,
        0x510e_527f_ade6_82d1,
        0x9b05_688c_2b3e_6c1f,
        0x1f83_d9ab_fb41_bd6b,
        0x5be0_cd19_137e_2179,
    ];

    #[inline]
    fn compress(state: &mut [u64; 8], block: &[u8; 128]) {
        sha2::block_api::compress512(state, core::slice::from_ref(block));
    }

    #[inline]
    fn head_and_last(state: &[u64; 8]) -> ([u32; 5], u8) {
        let (high, low) = (|word: usize| (state[word] >> 32) as u32, |word: usize| state[word] as u32);
        ([high(0), low(0), high(1), low(1), high(2)], state[7] as u8)
    }
}
