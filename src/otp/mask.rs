//! Choosing without branching (R12).

use core::hint::black_box;

/// Returns all ones for a bit that is one, and zero for a bit that is zero.
///
/// An optimizer that knew how a mask was made could see that it means yes or no, and replace the arithmetic by a
/// branch. So the masks pass through a place where it cannot look.
#[inline]
pub(super) fn masks<const N: usize>(bits: [u32; N]) -> [u32; N] {
    let mut masks = bits;
    for mask in &mut masks {
        *mask = mask.wrapping_neg();
    }
    black_box(masks)
}

/// Returns one for two equal numbers, and zero for others.
#[inline]
pub(super) const fn equal(a: u32, b: u32) -> u32 {
    // Only zero becomes negative when one is subtracted.
    ((((a ^ b) as u64).wrapping_sub(1)) >> 63) as u32
}

/// Returns `one` where the mask has ones, and `other` where it has zeros.
#[inline]
pub(super) const fn select(mask: u32, one: u32, other: u32) -> u32 {
    other ^ (mask & (one ^ other))
}
