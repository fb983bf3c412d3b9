//! Where the records of a world really are, and what a test reads behind the driver's back.

use std::{pin::Pin, sync::Arc};

use countersign::{
    BoxError, MemoryStore, OrgId, SettingsStore, UserId, UserStore,
    audit::Event,
    store::{
        Change, Erasure, HeadCount, Notice, NoticeId, OrgSummary, Outbox, Records, RecordsRequest, Stored,
        Swap, UserSummary,
    },
};
/// A store that goes through every story: what the driver asks of it, and what a test reads behind the driver's back.
/// Another one needs this, a constructor at [`World`], and a module in [`over_every_store`].
pub trait Backing: UserStore + SettingsStore + Outbox + Records + Erasure {
    /// The audit trail of an org, oldest first.
    fn trail(&self, of: &OrgId) -> impl Future<Output = Vec<Told>> + Send;

    /// The summaries of these users, in the same order.
    fn summaries(
        &self,
        of: &OrgId,
        users: &[UserId],
    ) -> impl Future<Output = Vec<Option<UserSummary>>> + Send;

    /// All that is kept, byte by byte, by the names of files or tables; nothing where it is in memory only.
    fn dump(&self) -> impl Future<Output = Vec<(String, Vec<u8>)>> + Send;
}

impl Backing for Arc<MemoryStore> {
    async fn summaries(&self, of: &OrgId, users: &[UserId]) -> Vec<Option<UserSummary>> {
        MemoryStore::summaries(self, of, users)
    }

    async fn trail(&self, of: &OrgId) -> Vec<Told> {
        self.events().iter().filter(|event| event.org == *of).map(Told::from).collect()
    }

    async fn dump(&self) -> Vec<(String, Vec<u8>)> {
        Vec::new()
    }
}

#[cfg(feature = "sqlite")]
impl Backing for countersign::store::sqlite::SqliteStore {
    async fn summaries(&self, of: &OrgId, users: &[UserId]) -> Vec<Option<UserSummary>> {
        self.summaries(of, users).await.unwrap()
    }

    async fn trail(&self, of: &OrgId) -> Vec<Told> {
        self.events(of, None, 10_000).await.unwrap().into_iter().rev().map(Told::from).collect()
    }

    async fn dump(&self) -> Vec<(String, Vec<u8>)> {
        let file = sqlx::query_scalar("SELECT file FROM pragma_database_list WHERE name = 'main'");
        let file: String = file.fetch_one(self.pool()).await.unwrap();
        let folder = std::path::Path::new(&file).parent().unwrap();
        let paths = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        paths.map(|path| (path.display().to_string(), std::fs::read(&path).unwrap())).collect()
    }
}

#[cfg(feature = "postgres")]
impl Backing for countersign::store::postgres::PostgresStore {
    async fn summaries(&self, of: &OrgId, users: &[UserId]) -> Vec<Option<UserSummary>> {
        self.summaries(of, users).await.unwrap()
    }

    async fn trail(&self, of: &OrgId) -> Vec<Told> {
        self.events(of, None, 10_000).await.unwrap().into_iter().rev().map(Told::from).collect()
    }

    async fn dump(&self) -> Vec<(String, Vec<u8>)> {
        crate::stores::postgres::rows(self.pool()).await
    }
}

#[cfg(feature = "etcd")]
impl Backing for crate::stores::etcd::Private {
    async fn summaries(&self, of: &OrgId, users: &[UserId]) -> Vec<Option<UserSummary>> {
        self.store.summaries(of, users).await.unwrap()
    }

    async fn trail(&self, of: &OrgId) -> Vec<Told> {
        self.store.events(of, None, 10_000).await.unwrap().into_iter().rev().map(Told::from).collect()
    }

    async fn dump(&self) -> Vec<(String, Vec<u8>)> {
        self.keys_and_values().await
    }
}

type Later<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The same in a box, so that a [`World`] is one whatever it stands on.
pub(super) trait Boxed: Send + Sync {
    fn load_user<'a>(
        &'a self,
        org: &'a OrgId,
        user: &'a UserId,
    ) -> Later<'a, Result<Option<Stored>, BoxError>>;
    fn swap_user<'a>(
        &'a self,
        user: &'a UserId,
        change: Change<'a, UserSummary>,
    ) -> Later<'a, Result<Swap, BoxError>>;
    fn load_settings<'a>(&'a self, org: &'a OrgId) -> Later<'a, Result<Option<Stored>, BoxError>>;
    fn swap_settings<'a>(&'a self, change: Change<'a, OrgSummary>) -> Later<'a, Result<Swap, BoxError>>;
    fn trail<'a>(&'a self, of: &'a OrgId) -> Later<'a, Vec<Told>>;
    fn waiting<'a>(
        &'a self,
        after: Option<&'a NoticeId>,
        limit: u32,
    ) -> Later<'a, Result<Vec<Notice>, BoxError>>;
    fn acknowledge<'a>(&'a self, told: &'a [NoticeId]) -> Later<'a, Result<(), BoxError>>;
    fn summaries<'a>(&'a self, of: &'a OrgId, users: &'a [UserId]) -> Later<'a, Vec<Option<UserSummary>>>;
    fn dump(&self) -> Later<'_, Vec<(String, Vec<u8>)>>;
    fn count<'a>(&'a self, org: &'a OrgId) -> Later<'a, Result<Vec<HeadCount>, BoxError>>;
    fn page<'a>(&'a self, wanted: RecordsRequest<'a>) -> Later<'a, Result<Vec<UserId>, BoxError>>;
    fn erase<'a>(
        &'a self,
        org: &'a OrgId,
        user: &'a UserId,
        pseudonym: &'a UserId,
    ) -> Later<'a, Result<(), BoxError>>;
    fn erase_org<'a>(&'a self, org: &'a OrgId) -> Later<'a, Result<(), BoxError>>;
    fn remove<'a>(
        &'a self,
        org: &'a OrgId,
        user: &'a UserId,
        revision: u64,
    ) -> Later<'a, Result<Swap, BoxError>>;
}

impl<B: Backing> Boxed for B {
    fn load_user<'a>(
        &'a self,
        org: &'a OrgId,
        user: &'a UserId,
    ) -> Later<'a, Result<Option<Stored>, BoxError>> {
        Box::pin(async move { UserStore::load_user(self, org, user).await.map_err(Into::into) })
    }

    fn swap_user<'a>(
        &'a self,
        user: &'a UserId,
        change: Change<'a, UserSummary>,
    ) -> Later<'a, Result<Swap, BoxError>> {
        Box::pin(async move { UserStore::swap_user(self, user, change).await.map_err(Into::into) })
    }

    fn load_settings<'a>(&'a self, org: &'a OrgId) -> Later<'a, Result<Option<Stored>, BoxError>> {
        Box::pin(async move { SettingsStore::load_settings(self, org).await.map_err(Into::into) })
    }

    fn swap_settings<'a>(&'a self, change: Change<'a, OrgSummary>) -> Later<'a, Result<Swap, BoxError>> {
        Box::pin(async move { SettingsStore::swap_settings(self, change).await.map_err(Into::into) })
    }

    fn trail<'a>(&'a self, of: &'a OrgId) -> Later<'a, Vec<Told>> {
        Box::pin(Backing::trail(self, of))
    }

    fn waiting<'a>(
        &'a self,
        after: Option<&'a NoticeId>,
        limit: u32,
    ) -> Later<'a, Result<Vec<Notice>, BoxError>> {
        Box::pin(async move { Outbox::waiting(self, after, limit).await.map_err(Into::into) })
    }

    fn acknowledge<'a>(&'a self, told: &'a [NoticeId]) -> Later<'a, Result<(), BoxError>> {
        Box::pin(async move { Outbox::acknowledge(self, told).await.map_err(Into::into) })
    }

    fn summaries<'a>(&'a self, of: &'a OrgId, users: &'a [UserId]) -> Later<'a, Vec<Option<UserSummary>>> {
        Box::pin(Backing::summaries(self, of, users))
    }

    fn dump(&self) -> Later<'_, Vec<(String, Vec<u8>)>> {
        Box::pin(Backing::dump(self))
    }

    fn count<'a>(&'a self, org: &'a OrgId) -> Later<'a, Result<Vec<HeadCount>, BoxError>> {
        Box::pin(async move { Records::count(self, org).await.map_err(Into::into) })
    }

    fn page<'a>(&'a self, wanted: RecordsRequest<'a>) -> Later<'a, Result<Vec<UserId>, BoxError>> {
        Box::pin(async move { Records::page(self, wanted).await.map_err(Into::into) })
    }

    fn erase<'a>(
        &'a self,
        org: &'a OrgId,
        user: &'a UserId,
        pseudonym: &'a UserId,
    ) -> Later<'a, Result<(), BoxError>> {
        Box::pin(async move { Erasure::erase(self, org, user, pseudonym).await.map_err(Into::into) })
    }

    fn erase_org<'a>(&'a self, org: &'a OrgId) -> Later<'a, Result<(), BoxError>> {
        Box::pin(async move { Erasure::erase_org(self, org).await.map_err(Into::into) })
    }

    fn remove<'a>(
        &'a self,
        org: &'a OrgId,
        user: &'a UserId,
        revision: u64,
    ) -> Later<'a, Result<Swap, BoxError>> {
        Box::pin(async move { Erasure::remove(self, org, user, revision).await.map_err(Into::into) })
    }
}

/// Where the records of a [`World`] really are.
#[derive(Clone)]
pub struct AnyStore(pub(super) Arc<dyn Boxed>);

impl UserStore for AnyStore {
    type Error = BoxError;

    async fn load_user(&self, org: &OrgId, user: &UserId) -> Result<Option<Stored>, BoxError> {
        self.0.load_user(org, user).await
    }

    async fn swap_user(&self, user: &UserId, change: Change<'_, UserSummary>) -> Result<Swap, BoxError> {
        self.0.swap_user(user, change).await
    }
}

impl SettingsStore for AnyStore {
    type Error = BoxError;

    async fn load_settings(&self, org: &OrgId) -> Result<Option<Stored>, BoxError> {
        self.0.load_settings(org).await
    }

    async fn swap_settings(&self, change: Change<'_, OrgSummary>) -> Result<Swap, BoxError> {
        self.0.swap_settings(change).await
    }
}

impl Records for AnyStore {
    type Error = BoxError;

    async fn count(&self, org: &OrgId) -> Result<Vec<HeadCount>, BoxError> {
        self.0.count(org).await
    }

    async fn page(&self, wanted: RecordsRequest<'_>) -> Result<Vec<UserId>, BoxError> {
        self.0.page(wanted).await
    }
}

impl Erasure for AnyStore {
    type Error = BoxError;

    async fn erase(&self, org: &OrgId, user: &UserId, pseudonym: &UserId) -> Result<(), BoxError> {
        self.0.erase(org, user, pseudonym).await
    }

    async fn erase_org(&self, org: &OrgId) -> Result<(), BoxError> {
        self.0.erase_org(org).await
    }

    async fn remove(&self, org: &OrgId, user: &UserId, revision: u64) -> Result<Swap, BoxError> {
        self.0.remove(org, user, revision).await
    }
}

impl Outbox for AnyStore {
    type Error = BoxError;

    async fn waiting(&self, after: Option<&NoticeId>, limit: u32) -> Result<Vec<Notice>, BoxError> {
        self.0.waiting(after, limit).await
    }

    async fn acknowledge(&self, told: &[NoticeId]) -> Result<(), BoxError> {
        self.0.acknowledge(told).await
    }
}

/// An event as the audit trail tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    pub user: Option<String>,
    pub kind: String,
    pub text: String,
    pub by: Option<String>,
    pub seen_from: Option<String>,
    pub checked_in_from: Option<String>,
}

impl From<&Event> for Told {
    fn from(event: &Event) -> Self {
        Self {
            user: event.user.as_ref().map(|user| user.as_str().to_owned()),
            kind: event.kind.name().to_owned(),
            text: event.kind.to_string(),
            by: event.by.name().map(str::to_owned),
            seen_from: event.seen_from.as_ref().map(|origin| origin.as_str().to_owned()),
            checked_in_from: event.checked_in_from.as_ref().map(|origin| origin.as_str().to_owned()),
        }
    }
}

#[cfg(any(feature = "sqlite", feature = "postgres", feature = "etcd"))]
impl From<countersign::store::LoggedEvent> for Told {
    fn from(event: countersign::store::LoggedEvent) -> Self {
        Self {
            user: event.user,
            kind: event.kind,
            text: event.text,
            by: event.by_name,
            seen_from: event.seen_from,
            checked_in_from: event.checked_in_from,
        }
    }
}
