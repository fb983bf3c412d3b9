//! What a host lends the suite: ids, each with the row that must exist first, and a look at its trail.
//!
//! This file knows how to ask, and refuses to make up ids: only the host knows what may be an id, and what must be
//! inserted before one can have a record. Its closures are boxed, so that a suite has no type for each of them.

use std::pin::Pin;

use super::records::Key;
use crate::{
    error::BoxError,
    who::{OrgId, UserId},
};

type Later<'s, T> = Pin<Box<dyn Future<Output = Result<T, BoxError>> + 's>>;

/// Makes ids that were never used before.
pub(super) trait Fresh {
    fn key(&mut self) -> Later<'_, Key>;
}

pub(super) struct OfUsers<F>(pub(super) F);
pub(super) struct OfOrgs<F>(pub(super) F);

impl<F: AsyncFnMut() -> Result<(OrgId, UserId), BoxError>> Fresh for OfUsers<F> {
    fn key(&mut self) -> Later<'_, Key> {
        Box::pin(async {
            let (org, user) = (self.0)().await?;
            Ok(Key { org, user: Some(user) })
        })
    }
}

impl<F: AsyncFnMut() -> Result<OrgId, BoxError>> Fresh for OfOrgs<F> {
    fn key(&mut self) -> Later<'_, Key> {
        Box::pin(async { Ok(Key { org: (self.0)().await?, user: None }) })
    }
}

/// Counts the events of an org.
pub(super) trait Count {
    fn count<'s>(&'s self, org: &'s OrgId) -> Later<'s, u64>;
}

impl<F: AsyncFn(&OrgId) -> Result<u64, BoxError>> Count for F {
    fn count<'s>(&'s self, org: &'s OrgId) -> Later<'s, u64> {
        Box::pin(async move { self(org).await })
    }
}
