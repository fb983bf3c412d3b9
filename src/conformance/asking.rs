//! How a trial asks the store and what the host lent, and what the suite says about an impossible answer.
//!
//! This file knows the usual causes of a finding, and names them with what to do about them. It refuses to know which
//! database is behind the store.

use super::{
    Broken, Suite, broken,
    clauses::{FAILURE, NOTHING},
    failed, lent_failed,
    records::{Key, Records},
};
use crate::{
    audit::Event,
    store::{Stored, Swap},
    who::OrgId,
};

impl<T: Records> Suite<'_, T> {
    pub(super) fn store(&self) -> &T {
        &self.through[0]
    }

    /// Returns an id that was never used, after checking that the store says so.
    pub(super) async fn fresh(&mut self) -> Result<Key, Broken> {
        let key = self.fresh.key().await.map_err(|error| lent_failed("`fresh` failed", error))?;
        if self.given.contains(&key) {
            return Err(lent_failed("`fresh` failed", format!("it gave {key} twice").into()));
        }
        self.given.push(key.clone());
        let Some(Stored { revision, record }) = self.load(&key).await? else { return Ok(key) };
        let instead = "answer `None` until the first swap is done, even where the row itself exists";
        broken(
            NOTHING,
            match (revision, record.len()) {
                (0, _) => {
                    format!("revision 0 is read for {key}: was this row ever written? If not, {instead}")
                }
                (_, 0) => format!(
                    "revision {revision} with an empty record is read for {key}: \
                     was this row ever written? If not, {instead}"
                ),
                _ => format!(
                    "{key} should be fresh and has a record at revision {revision}: \
                     let `fresh` make ids for which nothing was ever written"
                ),
            },
        )
    }

    pub(super) async fn load(&self, key: &Key) -> Result<Option<Stored>, Broken> {
        self.store().load(key).await.map_err(|error| failed(FAILURE, "a load failed", error))
    }

    pub(super) async fn swap(
        &self,
        key: &Key,
        expected: u64,
        record: &[u8],
        events: &[Event],
    ) -> Result<Swap, Broken> {
        let swapped = self.store().try_swap(key, expected, record, events).await;
        swapped.map_err(|error| {
            failed(FAILURE, &format!("a swap that expects revision {expected} failed"), error)
        })
    }

    /// Returns how many events an org has; 0 if they cannot be counted.
    pub(super) async fn events(&self, org: &OrgId) -> Result<u64, Broken> {
        match &self.count_events {
            Some(events) => {
                events.count(org).await.map_err(|error| lent_failed("counting the events failed", error))
            }
            None => Ok(0),
        }
    }

    pub(super) async fn must_swap(
        &self,
        key: &Key,
        expected: u64,
        record: &[u8],
        clause: &'static str,
    ) -> Result<(), Broken> {
        self.must_swap_with(key, expected, record, &[], clause).await
    }

    pub(super) async fn must_swap_with(
        &self,
        key: &Key,
        expected: u64,
        record: &[u8],
        events: &[Event],
        clause: &'static str,
    ) -> Result<(), Broken> {
        match (self.swap(key, expected, record, events).await?, expected) {
            (Swap::Done, _) => Ok(()),
            (Swap::Stale, 0) => broken(
                clause,
                format!(
                    "the first swap for {key}, which expects revision 0, was stale. If rows exist before their \
                     records: an update has to find them (`revision = 0` is not true of NULL), \
                     and an insert does not change them"
                ),
            ),
            (Swap::Stale, _) => {
                broken(clause, format!("a swap upon revision {expected}, which is the stored one, was stale"))
            }
        }
    }

    pub(super) async fn must_show(
        &self,
        key: &Key,
        revision: u64,
        record: &[u8],
        clause: &'static str,
    ) -> Result<(), Broken> {
        match self.load(key).await? {
            None => {
                let instead = "store the change's revision and record as they are";
                broken(clause, format!("revision {revision} was done, and nothing is there: {instead}"))
            }
            Some(read) if read.revision != revision => {
                broken(clause, format!("revision {revision} was done, and {} is read", read.revision))
            }
            Some(read) if read.record != record => broken(
                clause,
                format!(
                    "{} bytes were done, and {} bytes, not the same, are read",
                    record.len(),
                    read.record.len()
                ),
            ),
            Some(_) => Ok(()),
        }
    }
}
