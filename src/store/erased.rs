//! Private versions of the host's traits that can be boxed, so that [`TwoFactor`](crate::TwoFactor) needs no type
//! parameters. The price is one allocation per store call, next to a round trip to a database.

use std::{future::Future, pin::Pin};

use super::{
    Change, Directory, Erasure, HeadCount, Known, Listed, OrgSummary, PageRequest, Records, RecordsRequest,
    Roster, RosterGroup, SettingsStore, Stored, Swap, UserStore, UserSummary,
};
use crate::{
    error::BoxError,
    time::Timestamp,
    who::{OrgId, Person, UserId},
};

pub(crate) type Boxed<'a, T> = Pin<Box<dyn Future<Output = Result<T, BoxError>> + Send + 'a>>;

pub(crate) trait AnyDirectory: Send + Sync {
    fn find<'a>(&'a self, org: &'a OrgId, user: &'a UserId) -> Boxed<'a, Option<Person>>;
    fn knows<'a>(&'a self, org: &'a OrgId) -> Boxed<'a, Known>;
}

impl<D: Directory> AnyDirectory for D {
    fn find<'a>(&'a self, org: &'a OrgId, user: &'a UserId) -> Boxed<'a, Option<Person>> {
        Box::pin(async move { Directory::find(self, org, user).await.map_err(Into::into) })
    }

    fn knows<'a>(&'a self, org: &'a OrgId) -> Boxed<'a, Known> {
        Box::pin(async move { Directory::knows(self, org).await.map_err(Into::into) })
    }
}

pub(crate) trait AnyStore: Send + Sync {
    fn load_user<'a>(&'a self, org: &'a OrgId, user: &'a UserId) -> Boxed<'a, Option<Stored>>;
    fn swap_user<'a>(&'a self, user: &'a UserId, change: Change<'a, UserSummary>) -> Boxed<'a, Swap>;
    fn load_settings<'a>(&'a self, org: &'a OrgId) -> Boxed<'a, Option<Stored>>;
    fn swap_settings<'a>(&'a self, change: Change<'a, OrgSummary>) -> Boxed<'a, Swap>;
}

impl<S: UserStore + SettingsStore> AnyStore for S {
    fn load_user<'a>(&'a self, org: &'a OrgId, user: &'a UserId) -> Boxed<'a, Option<Stored>> {
        Box::pin(async move { UserStore::load_user(self, org, user).await.map_err(Into::into) })
    }

    fn swap_user<'a>(&'a self, user: &'a UserId, change: Change<'a, UserSummary>) -> Boxed<'a, Swap> {
        Box::pin(async move { UserStore::swap_user(self, user, change).await.map_err(Into::into) })
    }

    fn load_settings<'a>(&'a self, org: &'a OrgId) -> Boxed<'a, Option<Stored>> {
        Box::pin(async move { SettingsStore::load_settings(self, org).await.map_err(Into::into) })
    }

    fn swap_settings<'a>(&'a self, change: Change<'a, OrgSummary>) -> Boxed<'a, Swap> {
        Box::pin(async move { SettingsStore::swap_settings(self, change).await.map_err(Into::into) })
    }
}

pub(crate) trait AnyRecords: Send + Sync {
    fn count<'a>(&'a self, org: &'a OrgId) -> Boxed<'a, Vec<HeadCount>>;
    fn page<'a>(&'a self, wanted: RecordsRequest<'a>) -> Boxed<'a, Vec<UserId>>;
}

impl<R: Records> AnyRecords for R {
    fn count<'a>(&'a self, org: &'a OrgId) -> Boxed<'a, Vec<HeadCount>> {
        Box::pin(async move { Records::count(self, org).await.map_err(Into::into) })
    }

    fn page<'a>(&'a self, wanted: RecordsRequest<'a>) -> Boxed<'a, Vec<UserId>> {
        Box::pin(async move { Records::page(self, wanted).await.map_err(Into::into) })
    }
}

pub(crate) trait AnyErasure: Send + Sync {
    fn erase<'a>(&'a self, org: &'a OrgId, user: &'a UserId, pseudonym: &'a UserId) -> Boxed<'a, ()>;
    fn erase_org<'a>(&'a self, org: &'a OrgId) -> Boxed<'a, ()>;
    fn remove<'a>(&'a self, org: &'a OrgId, user: &'a UserId, revision: u64) -> Boxed<'a, Swap>;
}

impl<E: Erasure> AnyErasure for E {
    fn erase<'a>(&'a self, org: &'a OrgId, user: &'a UserId, pseudonym: &'a UserId) -> Boxed<'a, ()> {
        Box::pin(async move { Erasure::erase(self, org, user, pseudonym).await.map_err(Into::into) })
    }

    fn erase_org<'a>(&'a self, org: &'a OrgId) -> Boxed<'a, ()> {
        Box::pin(async move { Erasure::erase_org(self, org).await.map_err(Into::into) })
    }

    fn remove<'a>(&'a self, org: &'a OrgId, user: &'a UserId, revision: u64) -> Boxed<'a, Swap> {
        Box::pin(async move { Erasure::remove(self, org, user, revision).await.map_err(Into::into) })
    }
}

pub(crate) trait AnyRoster: Send + Sync {
    fn page<'a>(&'a self, wanted: PageRequest<'a>) -> Boxed<'a, Vec<Listed>>;
    fn groups<'a>(&'a self, org: &'a OrgId, now: Timestamp) -> Boxed<'a, Vec<RosterGroup>>;
}

impl<R: Roster> AnyRoster for R {
    fn page<'a>(&'a self, wanted: PageRequest<'a>) -> Boxed<'a, Vec<Listed>> {
        Box::pin(async move { Roster::page(self, wanted).await.map_err(Into::into) })
    }

    fn groups<'a>(&'a self, org: &'a OrgId, now: Timestamp) -> Boxed<'a, Vec<RosterGroup>> {
        Box::pin(async move { Roster::groups(self, org, now).await.map_err(Into::into) })
    }
}
