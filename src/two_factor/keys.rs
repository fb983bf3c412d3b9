//! What is sealed under which key, and sealing it anew (R17).

use std::{fmt, sync::Arc};

use crate::{
    audit::{Actor, EventKind},
    driver::{Anew, Core, Trace},
    error::{Error, ErrorKind},
    seal::{Head, KeyId},
    store::{HeadCount, Heads},
    who::{OrgId, UserId},
};

/// Under which keys an org's settings and records are sealed. From [`Org::keys`](crate::Org::keys).
///
/// ```
/// # fn may_go(keys: &countersign::admin::KeyUse) -> bool {
/// use countersign::KeyId;
/// !keys.need(KeyId(1))
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeyUse {
    /// The settings.
    pub settings: SealedUnder,
    /// The records of users, those of people who have left among them.
    pub users: Vec<KeyCount>,
}

/// What something says of itself: the key under which it is sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SealedUnder {
    /// It was never written.
    Nothing,
    /// This one.
    Key(KeyId),
    /// It is nothing that this version has written, so nobody can tell.
    Unknown,
}

/// The number of records under one key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyCount {
    /// The key, or [`Unknown`](SealedUnder::Unknown).
    pub under: SealedUnder,
    /// The number of records.
    pub records: u64,
}

impl KeyUse {
    /// Returns whether something may need this key: whether it is sealed under it, or under nobody knows which.
    pub fn need(&self, key: KeyId) -> bool {
        let users = self.users.iter().map(|count| count.under);
        users.chain([self.settings]).any(|under| match under {
            SealedUnder::Nothing => false,
            SealedUnder::Key(other) => other == key,
            SealedUnder::Unknown => true,
        })
    }
}

fn under(head: Option<Head>) -> SealedUnder {
    head.map_or(SealedUnder::Unknown, |head| SealedUnder::Key(head.key))
}

pub(super) async fn used(core: &Core, org: &OrgId) -> Result<KeyUse, Error> {
    let settings = match core.head(&core.org_place(org)).await? {
        None => SealedUnder::Nothing,
        Some(head) => under(head),
    };
    let mut users = Vec::<KeyCount>::new();
    for HeadCount { head, records } in core.count_records(org).await? {
        let under = under(head.and_then(|head| Head::of(head.as_bytes())));
        match users.iter_mut().find(|count| count.under == under) {
            Some(count) => count.records += records,
            None => users.push(KeyCount { under, records }),
        }
    }
    Ok(KeyUse { settings, users })
}

/// What became of one user's record. From [`User::reseal`](crate::User::reseal).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SealedAnew {
    /// It is sealed under the active key now.
    Done,
    /// It was already, or was never written.
    AsItWas,
    /// It does not open: a key is missing, or it is damaged. A reset makes a new one of it.
    Unreadable,
}

pub(super) async fn reseal_user(core: &Core, org: &OrgId, user: &UserId) -> Result<SealedAnew, Error> {
    Ok(match core.seal_anew(&core.user_place(org, user), &[]).await? {
        Anew::Sealed => SealedAnew::Done,
        Anew::AsItWas => SealedAnew::AsItWas,
        Anew::Unreadable => SealedAnew::Unreadable,
    })
}

/// A run that seals an org's settings and records under the active key. From [`Org::reseal`](crate::Org::reseal).
///
/// Each record is written on the condition that it is as it was read, so the portal goes on meanwhile. A run that was
/// interrupted is started again, and goes on with what is left: each record says under which key it is.
#[must_use = "nothing is sealed before `next` is called"]
pub struct Reseal {
    core: Arc<Core>,
    org: OrgId,
    has_begun: bool,
    /// The event of the run, until something was written with it.
    told: bool,
    after: Option<UserId>,
}

/// What one step of a run did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Resealed {
    /// How many records were sealed under the active key, the settings among them.
    pub records: u64,
    /// Those whose records do not open. They are left as they are.
    pub unreadable: Vec<UserId>,
}

impl Reseal {
    pub(super) fn new(core: &Arc<Core>, org: &OrgId) -> Self {
        Self { core: Arc::clone(core), org: org.clone(), has_begun: false, told: false, after: None }
    }

    /// Seals the next records, at most 500, and says how many; `None` after the last. The first step begins with the
    /// settings.
    ///
    /// # Errors
    /// * [`Unreadable`](crate::ErrorKind::Unreadable) if the org's settings do not open. Nothing is sealed then.
    /// * [`NoRecords`](crate::ErrorKind::NoRecords) without [`Builder::records`](crate::Builder::records), after the
    ///   settings were sealed: go through your users with [`User::reseal`](crate::User::reseal).
    /// * [`Unavailable`](crate::ErrorKind::Unavailable), [`Contended`](crate::ErrorKind::Contended) and
    ///   [`OutcomeUnknown`](crate::ErrorKind::OutcomeUnknown): the next call goes on where this one began.
    pub async fn next(&mut self) -> Result<Option<Resealed>, Error> {
        let (core, org) = (Arc::clone(&self.core), self.org.clone());
        let mut done = Resealed::default();
        if !self.has_begun {
            done.records += self.begin(&core).await?;
        }
        let under_active = core.heads_under_active();
        let page = core.page_of_records(&org, Heads::Except(&under_active), self.after.as_ref()).await?;
        let Some(last) = page.last().cloned() else {
            return Ok(Some(done).filter(|done| done.records > 0));
        };
        for user in page {
            // Where no settings were ever written, the first of the records has the event.
            let event = (!self.told).then(|| self.event(&core, Some(&user)));
            match core.seal_anew(&core.user_place(&org, &user), event.as_slice()).await? {
                Anew::Sealed => (done.records, self.told) = (done.records + 1, true),
                Anew::AsItWas => {}
                Anew::Unreadable => done.unreadable.push(user),
            }
        }
        self.after = Some(last);
        Ok(Some(done))
    }

    /// Seals the settings, if anything at all is to be sealed, and returns how many records that were.
    async fn begin(&mut self, core: &Core) -> Result<u64, Error> {
        let place = core.org_place(&self.org);
        let head = core.head(&place).await?;
        let is_current = match head {
            None => true,
            Some(head) => head.is_some_and(|head| core.is_active(head)),
        };
        let has_more = match core.records() {
            Ok(_) => {
                let under_active = core.heads_under_active();
                !core.page_of_records(&self.org, Heads::Except(&under_active), None).await?.is_empty()
            }
            Err(_) => false,
        };
        let mut sealed = 0;
        if head.is_some() && (!is_current || has_more) {
            let event = self.event(core, None);
            match core.seal_anew(&place, &[event]).await? {
                Anew::Unreadable => {
                    return Err(Error::new(ErrorKind::Unreadable, "sealing an org's settings anew"));
                }
                Anew::Sealed | Anew::AsItWas => (sealed, self.told) = (u64::from(!is_current), true),
            }
        }
        self.has_begun = true;
        Ok(sealed)
    }

    fn event(&self, core: &Core, user: Option<&UserId>) -> crate::audit::Event {
        let kind = EventKind::Resealed { key: core.active_key().0 };
        Trace::of(Actor::Host).event(core.clock.now(), &self.org, user, kind)
    }
}

impl fmt::Debug for Reseal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reseal").field("org", &self.org).finish_non_exhaustive()
    }
}
