//! Choosing without branching (R12).

use core::hint::black_box;

/// All ones for a bit that is one, zero for one that is zero.
///
/// An optimizer that knew how a mask was made could see that it stands for a yes or no, and put a branch in the place
/// of the arithmetic. So the masks pass through where it cannot look.
#[inline]
pub(super) fn masks<const N: usize>(bits: [u32; N]) -> [u32; N] {
    let mut masks = bits;
    for mask in &mut masks {
        *mask = mask.wrapping_neg();
    }
    black_box(masks)
}

/// One for two equal numbers, and zero for others.
#[inline]
pub(super) const fn equal(a: u32, b: u32) -> u32 {
    // Only zero becomes negative by taking one away.
    ((((a ^ b) as u64).wrapping_sub(1)) >> 63) as u32
}

/// The one number where the mask has ones, and the other where it has zeros.
#[inline]
pub(super) const fn select(mask: u32, one: u32, other: u32) -> u32 {
    other ^ (mask & (one ^ other))
}
