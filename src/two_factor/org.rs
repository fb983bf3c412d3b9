//! What the host's own jobs and desks read of an org. Nothing is changed here.

use std::fmt;

use crate::{
    driver::{Core, Loaded},
    error::Error,
    policy::{OrgPolicy, Policy},
    report::{self, Counts, Report},
    who::OrgId,
};
use std::sync::Arc;

/// What the host's own jobs and desks read of an org. From [`TwoFactor::org`](crate::TwoFactor::org).
///
/// Nobody's authority is looked at: show what it returns to nobody whom you have not authorized yourself. What a Master
/// Admin may see, [`Admin`](crate::Admin) decides.
#[derive(Clone, Copy)]
#[must_use = "a handle does nothing by itself"]
pub struct Org<'a> {
    core: &'a Arc<Core>,
    org: &'a OrgId,
}

impl<'a> Org<'a> {
    pub(super) fn new(core: &'a Arc<Core>, org: &'a OrgId) -> Self {
        Self { core, org }
    }

    /// Returns what is in force: the requirement, the epoch and the settings.
    ///
    /// # Errors
    /// [`Unavailable`](crate::ErrorKind::Unavailable) and [`Unreadable`](crate::ErrorKind::Unreadable).
    pub async fn policy(self) -> Result<OrgPolicy, Error> {
        let Loaded { record: Policy { requirement, epoch, settings, .. }, revision, .. } =
            self.core.policy(self.org).await?;
        Ok(OrgPolicy { requirement, epoch, settings, revision })
    }

    /// Starts a report on everybody in the org, customers included. Needs a [`roster`](crate::Builder::roster).
    ///
    /// # Errors
    /// [`NoRoster`](crate::ErrorKind::NoRoster), and those of [`policy`](Self::policy).
    pub async fn report(self) -> Result<Report, Error> {
        let policy = self.core.policy(self.org).await?.record;
        Report::begin(self.core, self.org, policy, self.core.clock.now())
    }

    /// Returns how many people there are in the org, by status. Needs a [`roster`](crate::Builder::roster).
    ///
    /// # Errors
    /// Those of [`report`](Self::report).
    pub async fn counts(self) -> Result<Counts, Error> {
        let policy = self.core.policy(self.org).await?.record;
        report::counts(self.core, self.org, policy, self.core.clock.now()).await
    }
}

impl fmt::Debug for Org<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Org").field("org", self.org).finish_non_exhaustive()
    }
}
