//! The clauses of [`UserStore`](crate::UserStore) that can be tried from outside, as a finding names them.

pub(super) const READ: &str = "1 (what was written is read)";
pub(super) const ATOMIC: &str = "2 (one atomic step)";
pub(super) const ONE: &str = "3 (one of many)";
pub(super) const NOTHING: &str = "4 (nothing comes from nothing)";
pub(super) const STALE: &str = "6 (stale changed nothing)";
pub(super) const CURRENT: &str = "7 (reads are current)";
pub(super) const FAILURE: &str = "8 (failure is an error)";
