//! Whether a call comes from inside a tokio runtime. Without one, the drivers of the ready-made stores panic.
//!
//! This file knows nothing of stores. It cannot know whether the runtime's timer is on: tokio does not tell, and panics
//! with a message that says how to switch it on.

/// What failed, and what to do. Each store has its own error for it.
pub(super) const OFF_RUNTIME: &str = "called off a tokio runtime: make the store and call it inside the host's \
    runtime (#[tokio::main], Runtime::block_on or Handle::block_on)";

/// Returns `otherwise` as the error if there is no runtime.
pub(super) fn require<E>(otherwise: E) -> Result<(), E> {
    tokio::runtime::Handle::try_current().map(drop).map_err(|_| otherwise)
}
