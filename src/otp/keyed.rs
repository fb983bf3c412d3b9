//! A prepared secret, and the search for the counter that a code belongs to.
//!
//! Constant time by construction (R12): every counter of the row is computed, whatever the code is and even if the
//! counter is consumed. Codes are compared as numbers, and masks keep what matched. Nothing is allocated.

use sha1::Sha1;
#[cfg(feature = "sha2")]
use sha2::{Sha256, Sha512};

use super::{
    algorithm::Algorithm,
    code::{Code, Digits},
    hash::Hash,
    mac::{KeyState, truncated_once},
    mask::{equal, masks},
    secret::Secret,
};

/// A secret under one of the algorithms.
pub(super) enum Keyed {
    Sha1(KeyState<Sha1>),
    #[cfg(feature = "sha2")]
    Sha256(KeyState<Sha256>),
    #[cfg(feature = "sha2")]
    Sha512(KeyState<Sha512>),
}

/// A row of counters around a center. Those before zero and after the last number do not exist. They are computed like
/// the others, so that the work is the same, and never match (R11).
#[derive(Clone, Copy)]
pub(super) struct Row {
    pub(super) center: u64,
    pub(super) back: u32,
    pub(super) ahead: u32,
    /// Counters up to this one are consumed.
    pub(super) consumed: Option<u64>,
}

/// The matches of a code among the counters of a row: masks, until the row ends.
#[derive(Clone, Copy, Default)]
pub(super) struct Found {
    fresh: u64,
    consumed: u64,
    latest: u64,
}

impl Found {
    /// Returns the latest counter that matched and was not consumed. Whether a code was right is no secret once the
    /// answer is on its way.
    pub(super) fn fresh(self) -> Option<u64> {
        (self.fresh != 0).then_some(self.latest)
    }

    /// Returns whether a consumed counter matched.
    pub(super) fn consumed(self) -> bool {
        self.consumed != 0
    }
}

impl Keyed {
    /// Makes room for a secret under this algorithm, to be [filled](Self::take_in) in place.
    #[inline]
    pub(super) fn empty(algorithm: Algorithm) -> Self {
        match algorithm {
            Algorithm::Sha1 => Self::Sha1(KeyState::empty()),
            #[cfg(feature = "sha2")]
            Algorithm::Sha256 => Self::Sha256(KeyState::empty()),
            #[cfg(feature = "sha2")]
            Algorithm::Sha512 => Self::Sha512(KeyState::empty()),
        }
    }

    #[inline]
    pub(super) fn take_in(&mut self, secret: &Secret) {
        match self {
            Self::Sha1(key) => key.take_in(secret),
            #[cfg(feature = "sha2")]
            Self::Sha256(key) => key.take_in(secret),
            #[cfg(feature = "sha2")]
            Self::Sha512(key) => key.take_in(secret),
        }
    }

    /// Looks for `code` in the row.
    #[inline]
    pub(super) fn find(&self, code: Code, row: Row) -> Found {
        match self {
            Self::Sha1(key) => find(key, code, row),
            #[cfg(feature = "sha2")]
            Self::Sha256(key) => find(key, code, row),
            #[cfg(feature = "sha2")]
            Self::Sha512(key) => find(key, code, row),
        }
    }
}

/// Returns the code of one counter.
#[inline]
pub(super) fn code(secret: &Secret, algorithm: Algorithm, counter: u64, digits: Digits) -> Code {
    let [bits] = match algorithm {
        Algorithm::Sha1 => truncated_once::<Sha1, 1>(secret, [counter]),
        #[cfg(feature = "sha2")]
        Algorithm::Sha256 => truncated_once::<Sha256, 1>(secret, [counter]),
        #[cfg(feature = "sha2")]
        Algorithm::Sha512 => truncated_once::<Sha512, 1>(secret, [counter]),
    };
    Code { value: digits.last_of(bits), digits }
}

/// Looks at three counters at a time: as many as the usual window has, and enough to keep a processor busy.
#[inline]
fn find<H: Hash>(key: &KeyState<H>, code: Code, row: Row) -> Found {
    let width = row.back + 1 + row.ahead;
    let mut found = Found::default();
    for first in (0..width).step_by(3) {
        match width - first {
            1 => look::<H, 1>(key, code, row, first, &mut found),
            2 => look::<H, 2>(key, code, row, first, &mut found),
            _ => look::<H, 3>(key, code, row, first, &mut found),
        }
    }
    found
}

#[inline]
fn look<H: Hash, const N: usize>(key: &KeyState<H>, code: Code, row: Row, first: u32, found: &mut Found) {
    let mut counters = [0_u64; N];
    let mut believed = [false; N];
    for (place, (counter, believed)) in (first..).zip(counters.iter_mut().zip(&mut believed)) {
        let candidate = row.center.checked_add_signed(i64::from(place) - i64::from(row.back));
        (*counter, *believed) = (candidate.unwrap_or(0), candidate.is_some());
    }
    let mut matches = key.truncated(counters);
    for bits in &mut matches {
        *bits = equal(code.digits.last_of(*bits), code.value);
    }
    for ((counter, believed), mask) in counters.into_iter().zip(believed).zip(masks(matches)) {
        // Time, window and last consumed counter are no secrets; whether the code matches is.
        let mask = u64::from(mask) << 32 | u64::from(mask);
        let fresh = if believed && Some(counter) > row.consumed { mask } else { 0 };
        let consumed = if believed && Some(counter) <= row.consumed { mask } else { 0 };
        found.latest ^= fresh & (found.latest ^ counter);
        found.fresh |= fresh;
        found.consumed |= consumed;
    }
}
