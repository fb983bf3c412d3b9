//! What the store holds as a whole: records by their keys, and what is erased.

use crate::{
    audit::Event,
    driver::{
        Core,
        commit::{Place, Proposal, UserPlace, contended},
        deciding::TRIES,
    },
    error::{BoxError, Error, ErrorKind},
    seal::{Format, Head, KeyId},
    store::{
        HeadCount, Heads, RecordHead, RecordsRequest,
        erased::{AnyErasure, AnyRecords},
    },
    who::{OrgId, UserId},
};

/// The largest page of users that is asked for.
const PAGE: u32 = 500;

/// What became of a record that was to be sealed under the active key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Anew {
    Sealed,
    AsItWas,
    Unreadable,
}

impl Core {
    pub(crate) fn records(&self) -> Result<&dyn AnyRecords, Error> {
        self.records.as_deref().ok_or_else(|| Error::new(ErrorKind::NoRecords, "listing records"))
    }

    pub(crate) fn erasure(&self) -> Option<&dyn AnyErasure> {
        self.erasure.as_deref()
    }

    pub(crate) fn user_place<'a>(&'a self, org: &'a OrgId, user: &'a UserId) -> UserPlace<'a> {
        UserPlace { store: &*self.store, org, user }
    }

    pub(crate) async fn count_records(&self, org: &OrgId) -> Result<Vec<HeadCount>, Error> {
        self.records()?.count(org).await.map_err(|source| unavailable("counting records", source))
    }

    /// Returns the next users who have a record with a head that is wanted.
    pub(crate) async fn page_of_records(
        &self,
        org: &OrgId,
        heads: Heads<'_>,
        after: Option<&UserId>,
    ) -> Result<Vec<UserId>, Error> {
        let wanted = RecordsRequest { after, ..RecordsRequest::first(org, heads, PAGE) };
        let listing = |source| unavailable("listing records", source);
        let page = self.records()?.page(wanted).await.map_err(listing)?;
        // One that begins again with each page would never end.
        if page.last().is_some_and(|last| Some(last) == after) {
            return Err(listing("the list of records repeats a page (clause 3)".into()));
        }
        Ok(page)
    }

    /// Returns the key under which everything is sealed now.
    pub(crate) fn active_key(&self) -> KeyId {
        self.keyring.active()
    }

    pub(crate) fn is_active(&self, head: Head) -> bool {
        head.key == self.keyring.active()
    }

    /// Returns the heads of what needs no other key than the active one.
    pub(crate) fn heads_under_active(&self) -> [RecordHead; 2] {
        let key = self.keyring.active();
        [Format::Content, Format::Tombstone].map(|format| RecordHead(Head { format, key }.to_bytes()))
    }

    /// Returns the heads of what is left of those who were forgotten.
    pub(crate) fn heads_of_tombstones(&self) -> Vec<RecordHead> {
        let head = |key| RecordHead(Head { format: Format::Tombstone, key }.to_bytes());
        self.keyring.ids().map(head).collect()
    }

    /// Seals a record under the active key, as it is, if it is under another one; or, with events, in any case.
    pub(crate) async fn seal_anew<P: Place>(&self, place: &P, events: &[Event]) -> Result<Anew, Error> {
        let mut upon = 0;
        for _ in 0..TRIES {
            let Some(stored) = self.load_sealed(place).await? else { return Ok(Anew::AsItWas) };
            upon = stored.revision;
            if events.is_empty() && self.keyring.is_sealed_under_active(&stored.record) {
                return Ok(Anew::AsItWas);
            }
            let Ok((record, _)) = self.unseal(place, &stored) else { return Ok(Anew::Unreadable) };
            let anew = Proposal { upon, next: &record, events, ends_sessions: false };
            if self.write(place, &anew).await?.is_some() {
                return Ok(Anew::Sealed);
            }
        }
        Err(contended("sealing a record anew", upon))
    }
}

fn unavailable(doing: &'static str, source: BoxError) -> Error {
    Error::from_source(ErrorKind::Unavailable, doing, source)
}
