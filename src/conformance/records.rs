//! Users' records and settings under one interface, so that one suite tries both.

use std::fmt;

use crate::{
    audit::Event,
    error::BoxError,
    policy::{Epoch, Requirement},
    store::{Change, OrgSummary, SettingsStore, Stored, Swap, UserStore, UserSummary},
    who::{OrgId, UserId},
};

/// The owner of a record. Settings have no user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    pub(super) org: OrgId,
    pub(super) user: Option<UserId>,
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.user {
            Some(user) => write!(f, "user {:?} of org {:?}", user.as_str(), self.org.as_str()),
            None => write!(f, "org {:?}", self.org.as_str()),
        }
    }
}

/// Records of one kind, so that one suite tries both.
#[allow(async_fn_in_trait, reason = "nobody but the suite uses it, and it drives the futures itself")]
pub trait Records {
    async fn load(&self, key: &Key) -> Result<Option<Stored>, BoxError>;
    async fn try_swap(
        &self,
        key: &Key,
        expected: u64,
        record: &[u8],
        events: &[Event],
    ) -> Result<Swap, BoxError>;
}

/// A store as a store of users' records.
#[derive(Debug)]
pub struct UserRecords<'a, S>(pub(super) &'a S);

/// A store as a store of settings.
#[derive(Debug)]
pub struct SettingsRecords<'a, S>(pub(super) &'a S);

impl<S: UserStore> Records for UserRecords<'_, S> {
    async fn load(&self, key: &Key) -> Result<Option<Stored>, BoxError> {
        let Some(user) = &key.user else { return Err("a user's record needs a user".into()) };
        self.0.load_user(&key.org, user).await.map_err(Into::into)
    }

    async fn try_swap(
        &self,
        key: &Key,
        expected: u64,
        record: &[u8],
        events: &[Event],
    ) -> Result<Swap, BoxError> {
        let Some(user) = &key.user else { return Err("a user's record needs a user".into()) };
        let next = Stored { revision: expected + 1, record: record.to_vec() };
        let summary = UserSummary { enrolled_epoch: Some(Epoch::FIRST), ..UserSummary::default() };
        let change =
            Change { org: &key.org, expected, next: &next, summary: &summary, events, ends_sessions: false };
        self.0.swap_user(user, change).await.map_err(Into::into)
    }
}

impl<S: SettingsStore> Records for SettingsRecords<'_, S> {
    async fn load(&self, key: &Key) -> Result<Option<Stored>, BoxError> {
        self.0.load_settings(&key.org).await.map_err(Into::into)
    }

    async fn try_swap(
        &self,
        key: &Key,
        expected: u64,
        record: &[u8],
        events: &[Event],
    ) -> Result<Swap, BoxError> {
        let next = Stored { revision: expected + 1, record: record.to_vec() };
        let summary = OrgSummary { requirement: Requirement::On, epoch: Epoch::FIRST, chosen_in: None };
        let change =
            Change { org: &key.org, expected, next: &next, summary: &summary, events, ends_sessions: false };
        self.0.swap_settings(change).await.map_err(Into::into)
    }
}
