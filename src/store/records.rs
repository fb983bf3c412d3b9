//! What a store holds as a whole: which records there are, and under which keys; and what is erased of somebody who left.
//!
//! Two optional traits. Records are counted and listed by their first bytes, which are plain: what they mean, the library
//! knows.

use std::{future::Future, sync::Arc};

use super::Swap;
use crate::{
    error::BoxError,
    who::{OrgId, UserId},
};

/// The records of an org's users: of everybody for whom something was written, also of those who have left. Optional;
/// pass it to [`Builder::records`](crate::Builder::records). The ready-made stores are one.
///
/// 1. **All of them.** Each user's record counts once, and is on exactly one page, unless it is written or removed
///    meanwhile. Those of other orgs, and the settings, never.
/// 2. **By their first five bytes.** A record that has fewer, or a column that is `NULL` where it should have one, has no
///    head. It is counted as such, and is on the pages of those that ask for [everything](Heads::All) or for
///    [others](Heads::Except).
/// 3. **From where the last page ended.** The order is the store's choice; a page begins with the first user after the
///    given one, even if that one is gone by now.
/// 4. **No longer than asked for.** Shorter is fine; *empty* means that nobody follows.
/// 5. **Failure is an `Err`.**
pub trait Records: Send + Sync + 'static {
    /// The error of the store.
    type Error: Into<BoxError> + Send;

    /// Counts the records of an org's users by their heads.
    ///
    /// In SQL: `SELECT substr(record, 1, 5), count(*) … WHERE org_id = $org GROUP BY 1`, of rows with a revision.
    fn count(&self, org: &OrgId) -> impl Future<Output = Result<Vec<HeadCount>, Self::Error>> + Send;

    /// Returns the next users of an org who have a record with a head that is wanted.
    fn page(
        &self,
        wanted: RecordsRequest<'_>,
    ) -> impl Future<Output = Result<Vec<UserId>, Self::Error>> + Send;
}

/// The first five bytes of a record. A store cuts them off, and does not read them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RecordHead(pub(crate) [u8; 5]);

impl RecordHead {
    /// Returns the head of a record; `None` if it has fewer than five bytes.
    pub fn of(record: &[u8]) -> Option<Self> {
        record.first_chunk().copied().map(Self)
    }

    /// Returns the bytes.
    pub fn as_bytes(&self) -> &[u8; 5] {
        &self.0
    }
}

/// The number of records that have a head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeadCount {
    /// The head; `None` for records without one.
    pub head: Option<RecordHead>,
    /// The number of records.
    pub records: u64,
}

/// The records that are wanted.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct RecordsRequest<'a> {
    /// The org.
    pub org: &'a OrgId,
    /// Which heads.
    pub heads: Heads<'a>,
    /// Those that come after this user's; `None` for the beginning.
    pub after: Option<&'a UserId>,
    /// The largest number of users to return, from 1 to 1,000.
    pub limit: u32,
}

/// Which heads are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heads<'a> {
    /// Everything, with a head or without.
    All,
    /// These.
    Only(&'a [RecordHead]),
    /// All others, those without a head among them.
    Except(&'a [RecordHead]),
}

impl<'a> RecordsRequest<'a> {
    /// Creates the request for the first page.
    pub fn first(org: &'a OrgId, heads: Heads<'a>, limit: u32) -> Self {
        Self { org, heads, after: None, limit }
    }
}

impl Heads<'_> {
    /// Returns whether a record with this head is wanted.
    pub fn want(&self, head: Option<RecordHead>) -> bool {
        let is_in = |heads: &[RecordHead]| head.is_some_and(|head| heads.contains(&head));
        match self {
            Self::All => true,
            Self::Only(heads) => is_in(heads),
            Self::Except(heads) => !is_in(heads),
        }
    }

    /// Returns the list, and how it is meant, as statements take it.
    #[cfg(any(feature = "postgres", feature = "sqlite"))]
    pub(super) fn as_list(&self) -> (&[RecordHead], i32) {
        match self {
            Self::All => (&[], 0),
            Self::Only(heads) => (heads, 1),
            Self::Except(heads) => (heads, 2),
        }
    }
}

/// Erasing what a store keeps of somebody beside their record. Optional; pass it to
/// [`Builder::erasure`](crate::Builder::erasure). The ready-made stores do it.
///
/// 1. **Events stay, without the person.** In the org's trail, the pseudonym takes the place of the user's id, as the
///    one whom an event concerns and as the one who acted. Of the events that concern them the sentence is replaced by the
///    event's kind, since a sentence may have reasons and names of devices; of all these events, where the request came
///    from is removed.
/// 2. **Notices go.** What waits to be told about them, or of what they did, is removed.
/// 3. **Nobody else is touched.** Other users' events stay as they are, and so do those of other orgs.
/// 4. **Again is the same.** It may have been interrupted: a second call erases what is left.
/// 5. **Of an org nothing is left** in trail and notices, once it is erased as a whole.
/// 6. **A record is removed** only if it still has the revision that was seen, and with it its summary.
/// 7. **Failure is an `Err`.**
pub trait Erasure: Send + Sync + 'static {
    /// The error of the store.
    type Error: Into<BoxError> + Send;

    /// Erases a user's events and notices.
    fn erase(
        &self,
        org: &OrgId,
        user: &UserId,
        pseudonym: &UserId,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Erases the whole trail of an org, and all its notices.
    fn erase_org(&self, org: &OrgId) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Removes a user's record if it has this revision.
    fn remove(
        &self,
        org: &OrgId,
        user: &UserId,
        revision: u64,
    ) -> impl Future<Output = Result<Swap, Self::Error>> + Send;
}

impl<T: Records> Records for Arc<T> {
    type Error = T::Error;

    fn count(&self, org: &OrgId) -> impl Future<Output = Result<Vec<HeadCount>, Self::Error>> + Send {
        T::count(self, org)
    }

    fn page(
        &self,
        wanted: RecordsRequest<'_>,
    ) -> impl Future<Output = Result<Vec<UserId>, Self::Error>> + Send {
        T::page(self, wanted)
    }
}

impl<T: Erasure> Erasure for Arc<T> {
    type Error = T::Error;

    fn erase(
        &self,
        org: &OrgId,
        user: &UserId,
        pseudonym: &UserId,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send {
        T::erase(self, org, user, pseudonym)
    }

    fn erase_org(&self, org: &OrgId) -> impl Future<Output = Result<(), Self::Error>> + Send {
        T::erase_org(self, org)
    }

    fn remove(
        &self,
        org: &OrgId,
        user: &UserId,
        revision: u64,
    ) -> impl Future<Output = Result<Swap, Self::Error>> + Send {
        T::remove(self, org, user, revision)
    }
}
