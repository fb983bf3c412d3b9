//! The floor: nothing but the compressions that a case cannot do without, in the order in which they must follow each
//! other.
//!
//! HMAC (RFC 2104) takes two compressions for the key and two for each message. The second of a message hashes what
//! the first gave, which is here an addition from state to state: it costs nothing, and keeps a processor from doing
//! side by side what no HMAC can. What the compressions of one row need of each other is nothing, as in any HMAC.

use std::hint::black_box;

use sha1::block_api::compress;

use crate::{Answer, Case, Work};

/// Any state and any block: what is in them makes no difference.
const STATE: [u32; 5] = [1, 2, 3, 4, 5];
const BLOCK: [u8; 64] = [0x36; 64];

/// The floor of a case, where it has one. A right code needs as much as a wrong one, since all steps are computed.
pub fn floor(case: Case) -> Option<Work> {
    let deed: fn() -> [u32; 5] = match case {
        Case::Generate => || message::<1>(key()),
        Case::Wrong | Case::Right => || message::<3>(black_box([STATE; 2])),
        Case::LoginWrong | Case::LoginRight => || message::<3>(key()),
        Case::KeyUri => return None,
    };
    Some(Work::new(deed, |_| Answer::Nothing))
}

/// The two states that a key leaves.
#[inline]
fn key() -> [[u32; 5]; 2] {
    row(black_box([STATE; 2]))
}

/// N messages under one key, side by side.
#[inline]
fn message<const N: usize>([inner, outer]: [[u32; 5]; 2]) -> [u32; 5] {
    let mut states = row([inner; N]);
    for state in &mut states {
        add(state, outer);
    }
    let mut all = [0; 5];
    for state in row(states) {
        add(&mut all, state);
    }
    all
}

/// Compressions that do not depend on each other.
#[inline]
fn row<const N: usize>(mut states: [[u32; 5]; N]) -> [[u32; 5]; N] {
    for state in &mut states {
        compress(state, black_box(&[BLOCK]));
    }
    states
}

#[inline]
fn add(state: &mut [u32; 5], other: [u32; 5]) {
    for (word, other) in state.iter_mut().zip(other) {
        *word ^= other;
    }
}
