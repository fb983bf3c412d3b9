//! Unpredictable bytes: from the operating system, and nowhere else.

use crate::error::BoxError;

/// A source of unpredictable bytes.
///
/// Hosts use [`OsRandom`]. The trait exists so that a host can use a hardware generator, and so that tests can make it
/// fail.
pub trait SecureRandom: Send + Sync + 'static {
    /// Fills all of `bytes`.
    ///
    /// # Errors
    /// An error if the source cannot deliver. The call at hand then fails as a whole with
    /// [`ErrorKind::Unavailable`](crate::ErrorKind::Unavailable): nothing predictable is ever used instead.
    fn fill(&self, bytes: &mut [u8]) -> Result<(), BoxError>;
}

/// The operating system's generator (`getrandom(2)`, `ProcessPrng`, …).
#[cfg(feature = "std")]
#[derive(Clone, Copy, Debug, Default)]
pub struct OsRandom;

#[cfg(feature = "std")]
impl SecureRandom for OsRandom {
    #[allow(clippy::disallowed_methods, reason = "this is the one place that may ask")]
    fn fill(&self, bytes: &mut [u8]) -> Result<(), BoxError> {
        getrandom::fill(bytes).map_err(Into::into)
    }
}

/// Returns `N` fresh bytes.
#[cfg(feature = "std")]
pub(crate) fn draw<const N: usize>(random: &dyn SecureRandom) -> Result<[u8; N], BoxError> {
    let mut bytes = [0; N];
    random.fill(&mut bytes)?;
    Ok(bytes)
}
