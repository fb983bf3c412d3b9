//! What the host's own jobs and desks read of an org, and do to it as a whole.

use std::fmt;

use crate::{
    driver::{Core, Loaded},
    error::Error,
    policy::{OrgPolicy, Policy},
    report::{self, Counts, Report},
    two_factor::{
        keys::{self, KeyUse, Reseal},
        leaving::{self, Forgotten},
    },
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
        Report::begin(self.core, self.org, &policy, self.core.clock.now())
    }

    /// Returns how many people there are in the org, by status. Needs a [`roster`](crate::Builder::roster).
    ///
    /// # Errors
    /// Those of [`report`](Self::report).
    pub async fn counts(self) -> Result<Counts, Error> {
        let policy = self.core.policy(self.org).await?.record;
        report::counts(self.core, self.org, &policy, self.core.clock.now()).await
    }

    /// Returns under which keys the org's settings and records are sealed. Needs [`records`](crate::Builder::records).
    ///
    /// A key may go from the keyring once it is [needed](KeyUse::need) in no org.
    ///
    /// # Errors
    /// [`NoRecords`](crate::ErrorKind::NoRecords) and [`Unavailable`](crate::ErrorKind::Unavailable).
    pub async fn keys(self) -> Result<KeyUse, Error> {
        keys::used(self.core, self.org).await
    }

    /// Starts sealing everything in the org under the active key: the settings, and the records of all users, those who
    /// have left among them. Nothing happens before [`next`](Reseal::next) is called.
    ///
    /// ```
    /// # async fn job(two_factor: &countersign::TwoFactor, org: &countersign::OrgId) -> Result<(), countersign::Error> {
    /// let mut run = two_factor.org(org).reseal();
    /// while let Some(done) = run.next().await? {
    ///     println!("{} sealed anew, {} unreadable", done.records, done.unreadable.len());
    /// }
    /// # Ok(()) }
    /// ```
    pub fn reseal(self) -> Reseal {
        Reseal::new(self.core, self.org)
    }

    /// Forgets the org: ends everything that was handed out in it, and leaves nothing of what it had decided. With
    /// [`records`](crate::Builder::records) and [`erasure`](crate::Builder::erasure) it also removes the records of its
    /// users, its trail and its notices.
    ///
    /// Whoever gets its id one day begins in an epoch of their own. If it fails in between, call it again: the first write
    /// has ended the org already. End customers' sessions yourself.
    ///
    /// # Errors
    /// [`Unavailable`](crate::ErrorKind::Unavailable), [`Contended`](crate::ErrorKind::Contended),
    /// [`OutcomeUnknown`](crate::ErrorKind::OutcomeUnknown).
    pub async fn forget(self) -> Result<Forgotten, Error> {
        leaving::forget_org(self.core, self.org).await
    }

    /// Removes what is left of those who were forgotten more than 30 days ago, the longest time that a session can last,
    /// and returns how many that were. Run it now and then. Needs [`records`](crate::Builder::records) and
    /// [`erasure`](crate::Builder::erasure).
    ///
    /// # Errors
    /// Those of [`keys`](Self::keys), and [`Contended`](crate::ErrorKind::Contended).
    pub async fn prune(self) -> Result<u64, Error> {
        leaving::prune(self.core, self.org).await
    }
}

impl fmt::Debug for Org<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Org").field("org", self.org).finish_non_exhaustive()
    }
}
