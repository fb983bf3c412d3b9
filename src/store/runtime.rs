//! Whether a call comes from inside a tokio runtime. The drivers of the ready-made stores panic where none is.
//!
//! This file knows nothing of stores. It does not know either whether the runtime's timer is on: tokio tells nobody,
//! and panics with a message that says how to switch it on.

/// What failed, and what to do. Each store has an error of its own for it.
pub(super) const OFF_RUNTIME: &str = "called off a tokio runtime: make the store and call it inside the host's \
    runtime (#[tokio::main], Runtime::block_on or Handle::block_on)";

/// Returns `otherwise` where no runtime is.
pub(super) fn require<E>(otherwise: E) -> Result<(), E> {
    tokio::runtime::Handle::try_current().map(drop).map_err(|_| otherwise)
}
