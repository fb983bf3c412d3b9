//! A small portal for the tests: its users, its clock, a store that can be slowed down and made to fail.

use std::{
    collections::{BTreeMap, VecDeque},
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use countersign::{
    ActRefusal, Attempt, BoxError, Builder, Clock, Directory, FirstFactor, Gate, KeyId, Keyring, MemoryStore,
    OrgId, Pass, Person, Refusal, Requirement, Role, Roster, SecureRandom, SettingsStore, Setup, SignedIn,
    Stamp, Ticket, Timestamp, TwoFactor, UserId, UserStore, Verdict,
    admin::ManagedUser,
    audit::{Event, Listener},
    policy::{CodeRules, Settings},
    store::{Change, Listed, Notice, NoticeId, OrgSummary, Outbox, PageRequest, Stored, Swap, UserSummary},
    testing::{Authenticator, ManualClock},
};

pub const ACME: &str = "acme";
pub const KEY: [u8; 32] = *b"the key that seals every record.";
/// Long enough after 1970 that no window reaches back to it.
pub const START: Timestamp = Timestamp::from_unix(1_800_000_000);
/// One step of the default period.
pub const STEP: Duration = Duration::from_secs(30);

pub fn org(id: &str) -> OrgId {
    OrgId::new(id).unwrap()
}

pub fn user(id: &str) -> UserId {
    UserId::new(id).unwrap()
}

pub fn keyring() -> Keyring {
    Keyring::new(KeyId(1), KEY)
}

/// Runs a future as an executor does that knows nothing of tokio.
#[cfg(any(feature = "etcd", feature = "sqlite"))]
pub fn off_the_runtime<T>(future: impl Future<Output = T>) -> T {
    use std::{
        task::{Context, Poll, Wake, Waker},
        thread::{self, Thread},
    };
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = std::pin::pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(answer) => return answer,
            Poll::Pending => thread::park(),
        }
    }
}

/// Everybody of every org, as the host's users table would tell.
#[derive(Clone, Default)]
pub struct People {
    roles: Arc<Mutex<BTreeMap<(String, String), Role>>>,
    is_down: Arc<AtomicBool>,
    /// Answers with people of whatever org, as a careless host might.
    ignores_orgs: Arc<AtomicBool>,
    longest_page: Arc<AtomicU32>,
}

impl People {
    pub fn set(&self, org: &str, id: &str, role: Role) {
        self.roles.lock().unwrap().insert((org.to_owned(), id.to_owned()), role);
    }

    pub fn remove(&self, org: &str, id: &str) {
        self.roles.lock().unwrap().remove(&(org.to_owned(), id.to_owned()));
    }

    /// The longest page that was asked for.
    pub fn longest_page(&self) -> u32 {
        self.longest_page.load(Ordering::SeqCst)
    }

    /// In the order of their ids.
    fn page(&self, wanted: PageRequest<'_>) -> Result<Vec<Person>, BoxError> {
        if self.is_down.load(Ordering::SeqCst) {
            return Err("the directory is down".into());
        }
        self.longest_page.fetch_max(wanted.limit, Ordering::SeqCst);
        let after = wanted.after.map_or("", UserId::as_str);
        let roles = self.roles.lock().unwrap();
        let people = roles.iter().filter(|((of, id), role)| {
            of == wanted.org.as_str()
                && id.as_str() > after
                && wanted.role.is_none_or(|wanted| wanted == **role)
        });
        Ok(people.take(wanted.limit as usize).map(person).collect())
    }

    pub fn go_down(&self, down: bool) {
        self.is_down.store(down, Ordering::SeqCst);
    }

    pub fn ignore_orgs(&self) {
        self.ignores_orgs.store(true, Ordering::SeqCst);
    }
}

impl Directory for People {
    type Error = BoxError;

    async fn find(&self, org: &OrgId, user: &UserId) -> Result<Option<Person>, BoxError> {
        if self.is_down.load(Ordering::SeqCst) {
            return Err("the directory is down".into());
        }
        // As a case-insensitive database would: one spelling, whatever was asked for.
        let asked = user.as_str().to_lowercase();
        let any_org = self.ignores_orgs.load(Ordering::SeqCst);
        let roles = self.roles.lock().unwrap();
        let mut everybody = roles.iter();
        let found = everybody.find(|((of, id), _)| *id == asked && (any_org || of == org.as_str()));
        Ok(found.map(person))
    }
}

fn person(((of, id), role): (&(String, String), &Role)) -> Person {
    Person::new(org(of), user(id), *role).account_name(format!("{id}@{of}.example"))
}

/// What happens to a store's next call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    LoadUser,
    LoadSettings,
    /// The write fails, and did not happen.
    SwapBefore,
    /// The write fails although it happened: the reply was lost.
    SwapAfter,
    /// The write fails although it happened, and so does every later call.
    SwapAfterAndDown,
    /// The write fails and did not happen, but another did: the [overtaker](Controls::overtake_with) ends the user's
    /// trust in its place.
    SwapBeforeAndOvertaken,
    /// The write fails although it happened, and the [overtaker](Controls::overtake_with) ends the user's trust
    /// before it can be read back.
    SwapAfterAndOvertaken,
}

/// The knobs of a [`Probe`], and what it counted.
#[derive(Default)]
pub struct Controls {
    latency: AtomicU64,
    /// What happens at the next calls, in this order.
    faults: Mutex<VecDeque<Fault>>,
    is_down: AtomicBool,
    overtaker: Mutex<Option<TwoFactor>>,
    /// Whose record was damaged, as long as it has this revision.
    damaged: Mutex<Option<(UserId, u64)>>,
    /// Whose record is served in the place of another user's.
    swapped_rows: Mutex<Option<(UserId, UserId)>>,
    /// What every read of settings shows, as a replica would that has fallen behind.
    stale_settings: Mutex<Option<Stored>>,
    always_stale: AtomicBool,
    pub user_loads: AtomicUsize,
    pub settings_loads: AtomicUsize,
    pub swaps: AtomicUsize,
}

impl Controls {
    /// Every call takes about this long, at random between nothing and twice as much, and yields in between.
    pub fn slow_down(&self, about: Duration) {
        self.latency.store(u64::try_from(about.as_micros()).unwrap(), Ordering::SeqCst);
    }

    pub fn fail_next(&self, fault: Fault) {
        self.faults.lock().unwrap().push_back(fault);
    }

    pub fn go_down(&self, down: bool) {
        self.is_down.store(down, Ordering::SeqCst);
    }

    pub fn overtake_with(&self, somebody_else: &TwoFactor) {
        *self.overtaker.lock().unwrap() = Some(somebody_else.clone());
    }

    /// How often the store was called, for whatever.
    pub fn calls(&self) -> usize {
        [&self.user_loads, &self.settings_loads, &self.swaps].iter().map(|n| n.load(Ordering::SeqCst)).sum()
    }

    /// From now on `row` is read where `instead_of` is asked for.
    pub fn serve_as(&self, instead_of: &str, row: &str) {
        *self.swapped_rows.lock().unwrap() = Some((user(instead_of), user(row)));
    }

    pub fn serve_settings(&self, stale: Option<Stored>) {
        *self.stale_settings.lock().unwrap() = stale;
    }

    /// Every write of a user's record finds that somebody else was faster.
    pub fn always_stale(&self, stale: bool) {
        self.always_stale.store(stale, Ordering::SeqCst);
    }

    fn takes(&self, fault: Fault) -> bool {
        let mut faults = self.faults.lock().unwrap();
        let hit = faults.front() == Some(&fault);
        if hit {
            faults.pop_front();
        }
        hit
    }

    /// The overtaker's turn.
    async fn overtake(&self, org: &OrgId, user: &UserId) -> Result<(), BoxError> {
        let somebody_else = self.overtaker.lock().unwrap().take().unwrap();
        Ok(somebody_else.user(org, user).password_changed().await?)
    }

    /// The latency of a real store, so that races have something to race in.
    async fn pause(&self) -> Result<(), BoxError> {
        let about = self.latency.load(Ordering::SeqCst);
        if about > 0 {
            let mut dice = [0; 4];
            countersign::OsRandom.fill(&mut dice)?;
            for _ in 0..dice[0] % 4 {
                tokio::task::yield_now().await;
            }
            let share = u64::from(u16::from_be_bytes([dice[1], dice[2]]));
            tokio::time::sleep(Duration::from_micros(2 * about * share / u64::from(u16::MAX))).await;
        }
        if self.is_down.load(Ordering::SeqCst) { Err("the store is down".into()) } else { Ok(()) }
    }
}

/// A store around a store, which can be slowed down and made to fail, and counts its calls.
pub struct Probe<S> {
    store: S,
    controls: Arc<Controls>,
}

impl<S> Probe<S> {
    pub fn around(store: S, controls: Arc<Controls>) -> Self {
        Self { store, controls }
    }
}

impl<S: UserStore + SettingsStore> UserStore for Probe<S> {
    type Error = BoxError;

    async fn load_user(&self, org: &OrgId, user: &UserId) -> Result<Option<Stored>, BoxError> {
        self.controls.user_loads.fetch_add(1, Ordering::SeqCst);
        self.controls.pause().await?;
        if self.controls.takes(Fault::LoadUser) {
            return Err("the load failed".into());
        }
        let row = match &*self.controls.swapped_rows.lock().unwrap() {
            Some((instead_of, row)) if instead_of == user => row.clone(),
            _ => user.clone(),
        };
        let mut loaded = self.store.load_user(org, &row).await.map_err(Into::into)?;
        if let Some(stored) = &mut loaded
            && *self.controls.damaged.lock().unwrap() == Some((user.clone(), stored.revision))
        {
            let middle = stored.record.len() / 2;
            stored.record[middle] ^= 1;
        }
        self.controls.pause().await?;
        Ok(loaded)
    }

    async fn swap_user(&self, user: &UserId, change: Change<'_, UserSummary>) -> Result<Swap, BoxError> {
        self.controls.swaps.fetch_add(1, Ordering::SeqCst);
        self.controls.pause().await?;
        if self.controls.takes(Fault::SwapBefore) {
            return Err("the write failed".into());
        }
        if self.controls.always_stale.load(Ordering::SeqCst) {
            return Ok(Swap::Stale);
        }
        let org = change.org.clone();
        if self.controls.takes(Fault::SwapBeforeAndOvertaken) {
            self.controls.overtake(&org, user).await?;
            return Err("the write failed".into());
        }
        let swapped = self.store.swap_user(user, change).await.map_err(Into::into)?;
        self.controls.pause().await?;
        if self.controls.takes(Fault::SwapAfter) {
            return Err("the reply was lost".into());
        }
        if self.controls.takes(Fault::SwapAfterAndDown) {
            self.controls.go_down(true);
            return Err("the reply was lost".into());
        }
        if self.controls.takes(Fault::SwapAfterAndOvertaken) {
            self.controls.overtake(&org, user).await?;
            return Err("the reply was lost".into());
        }
        Ok(swapped)
    }
}

impl<S: UserStore + SettingsStore> SettingsStore for Probe<S> {
    type Error = BoxError;

    async fn load_settings(&self, org: &OrgId) -> Result<Option<Stored>, BoxError> {
        self.controls.settings_loads.fetch_add(1, Ordering::SeqCst);
        self.controls.pause().await?;
        if self.controls.takes(Fault::LoadSettings) {
            return Err("the load failed".into());
        }
        if let Some(stale) = &*self.controls.stale_settings.lock().unwrap() {
            return Ok(Some(stale.clone()));
        }
        let loaded = self.store.load_settings(org).await.map_err(Into::into);
        self.controls.pause().await?;
        loaded
    }

    async fn swap_settings(&self, change: Change<'_, OrgSummary>) -> Result<Swap, BoxError> {
        self.controls.swaps.fetch_add(1, Ordering::SeqCst);
        self.controls.pause().await?;
        if self.controls.takes(Fault::SwapBefore) {
            return Err("the write failed".into());
        }
        let swapped = self.store.swap_settings(change).await.map_err(Into::into)?;
        self.controls.pause().await?;
        if self.controls.takes(Fault::SwapAfter) { Err("the reply was lost".into()) } else { Ok(swapped) }
    }
}

/// A store that goes through every story: what the driver asks of it, and what a test reads behind the driver's back.
/// Another one needs this, a constructor at [`World`], and a module in [`over_every_store`].
pub trait Backing: UserStore + SettingsStore + Outbox {
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
        crate::postgres::rows(self.pool()).await
    }
}

#[cfg(feature = "etcd")]
impl Backing for crate::etcd::Private {
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
trait Boxed: Send + Sync {
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
}

/// Where the records of a [`World`] really are.
#[derive(Clone)]
pub struct AnyStore(Arc<dyn Boxed>);

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

impl Outbox for AnyStore {
    type Error = BoxError;

    async fn waiting(&self, after: Option<&NoticeId>, limit: u32) -> Result<Vec<Notice>, BoxError> {
        self.0.waiting(after, limit).await
    }

    async fn acknowledge(&self, told: &[NoticeId]) -> Result<(), BoxError> {
        self.0.acknowledge(told).await
    }
}

/// The people of the directory, with what the store says of them: as a host joins them whose users are elsewhere.
#[derive(Clone)]
pub struct Everybody {
    pub people: People,
    pub store: AnyStore,
}

impl Roster for Everybody {
    type Error = BoxError;

    async fn page(&self, wanted: PageRequest<'_>) -> Result<Vec<Listed>, BoxError> {
        let people = self.people.page(wanted)?;
        let ids: Vec<UserId> = people.iter().map(|person| person.id().clone()).collect();
        let summaries = self.store.0.summaries(wanted.org, &ids).await;
        Ok(people.into_iter().zip(summaries).map(|(person, summary)| Listed { person, summary }).collect())
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

/// A portal with two Master Admins (ann, bob), two internal users (ian, ida) and a customer (carl).
pub struct World {
    pub clock: ManualClock,
    pub people: People,
    pub controls: Arc<Controls>,
    pub store: AnyStore,
    /// The driver, its store behind the probe.
    pub two_factor: TwoFactor,
    /// What the store needs for as long as it is there.
    _ground: Option<tempfile::TempDir>,
}

impl World {
    pub fn in_memory() -> Self {
        Self::new(Arc::new(MemoryStore::new()), None)
    }

    #[cfg(feature = "sqlite")]
    pub async fn in_sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = countersign::store::sqlite::SqliteStore::open(folder.path().join("store.sqlite")).await;
        Self::new(store.unwrap(), Some(folder))
    }

    /// `None` where there is no server for it.
    #[cfg(feature = "postgres")]
    pub async fn in_postgres() -> Option<Self> {
        Some(Self::over(crate::postgres::store().await?))
    }

    /// A world on a store of the test's own.
    #[cfg(any(feature = "sqlite", feature = "postgres"))]
    pub fn over(store: impl Backing) -> Self {
        Self::new(store, None)
    }

    /// `None` where there is no server for it.
    #[cfg(feature = "etcd")]
    pub fn in_etcd() -> Option<Self> {
        Some(Self::new(crate::etcd::Private::or_skip()?, None))
    }

    fn new(store: impl Backing, ground: Option<tempfile::TempDir>) -> Self {
        let store = AnyStore(Arc::new(store));
        let people = People::default();
        for (id, role) in [
            ("ann", Role::MasterAdmin),
            ("bob", Role::MasterAdmin),
            ("ian", Role::Internal),
            ("ida", Role::Internal),
            ("carl", Role::Customer),
        ] {
            people.set(ACME, id, role);
        }
        people.set("globex", "gus", Role::Internal);
        let (clock, controls) = (ManualClock::at(START), Arc::default());
        let two_factor = driver(builder(&store, &people, &controls, keyring()), &clock);
        Self { clock, people, controls, store, two_factor, _ground: ground }
    }

    pub fn builder(&self, keyring: Keyring) -> Builder {
        builder(&self.store, &self.people, &self.controls, keyring)
    }

    /// The same world, whose host has other rules for codes.
    pub fn with_code_rules(mut self, rules: CodeRules) -> Self {
        self.two_factor = driver(self.builder(keyring()).code_rules(rules), &self.clock);
        self
    }

    /// The same world, whose orgs begin with other settings.
    pub fn with_settings(mut self, settings: Settings) -> Self {
        self.two_factor = driver(self.builder(keyring()).default_settings(settings), &self.clock);
        self
    }

    /// The same world, where somebody hears of the events.
    pub fn with_listener(mut self, listener: impl Listener) -> Self {
        self.two_factor = driver(self.builder(keyring()).listener(listener), &self.clock);
        self
    }

    /// The same world with other keys.
    pub fn with_keyring(mut self, keyring: Keyring) -> Self {
        self.two_factor = self.another_process_with(keyring);
        self
    }

    /// The same world with another source of randomness.
    pub fn with_random(mut self, random: impl SecureRandom) -> Self {
        self.two_factor = driver(self.builder(keyring()).random(random), &self.clock);
        self
    }

    /// A second driver over the same store, as another process of the portal would have.
    pub fn another_process(&self) -> TwoFactor {
        self.another_process_with(keyring())
    }

    pub fn another_process_with(&self, keyring: Keyring) -> TwoFactor {
        driver(self.builder(keyring), &self.clock)
    }

    /// One whose store is not behind the probe.
    pub fn undisturbed_process(&self) -> TwoFactor {
        let builder = builder(&self.store, &self.people, &Arc::default(), keyring());
        driver(builder, &self.clock)
    }

    /// One whose orgs have this requirement before anybody sets one.
    pub fn another_process_requiring(&self, requirement: Requirement) -> TwoFactor {
        driver(self.builder(keyring()).default_requirement(requirement), &self.clock)
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub fn step(&self) {
        self.clock.advance(STEP);
    }

    pub async fn check_in(&self, id: &str) -> Gate {
        let first_factor = FirstFactor::accepted(&org(ACME), &user(id)).seen_from("10.0.0.1");
        self.two_factor.check_in(first_factor).await.unwrap()
    }

    /// Signs in somebody of whom no code is asked.
    pub async fn walk_in(&self, id: &str) -> Pass {
        match self.check_in(id).await {
            Gate::Open(pass) => pass,
            other => panic!("{id} should walk in, not {other:?}"),
        }
    }

    pub async fn ticket_to_enroll(&self, id: &str) -> Ticket {
        match self.check_in(id).await {
            Gate::Enroll(ticket) => ticket,
            other => panic!("{id} should enroll, not {other:?}"),
        }
    }

    pub async fn ticket_for_code(&self, id: &str) -> Ticket {
        match self.check_in(id).await {
            Gate::AskCode(ticket) => ticket,
            other => panic!("{id} should be asked for a code, not {other:?}"),
        }
    }

    pub async fn setup(&self, ticket: &Ticket) -> Setup {
        granted(self.two_factor.setup(ticket).await.unwrap())
    }

    /// Shows the QR code, scans it, types the first code.
    pub async fn enroll(&self, id: &str) -> (Authenticator, Pass) {
        let ticket = self.ticket_to_enroll(id).await;
        let phone = Authenticator::enrolled_with(&self.setup(&ticket).await).unwrap();
        let code = phone.code(&self.clock);
        let enrolled = granted(self.two_factor.confirm(Attempt::new(&ticket, &code)).await.unwrap());
        (phone, enrolled.pass)
    }

    /// Waits for the next code and signs in with it.
    pub async fn log_in(&self, id: &str, phone: &Authenticator) -> Pass {
        self.step();
        let ticket = self.ticket_for_code(id).await;
        granted(self.verify(&ticket, &phone.code(&self.clock)).await)
    }

    pub async fn verify(&self, ticket: &Ticket, code: &str) -> Verdict<Pass> {
        self.two_factor.verify(Attempt::new(ticket, code).seen_from("10.0.0.2")).await.unwrap()
    }

    pub async fn resume(&self, stamp: &Stamp) -> Option<Pass> {
        self.two_factor.resume(stamp).await.unwrap()
    }

    /// Ann signs in while nothing is required yet, and switches the requirement on.
    pub async fn switch_on(&self) {
        let _ = self.switch_on_and_stay().await;
    }

    /// Her session, which goes on.
    pub async fn switch_on_and_stay(&self) -> Pass {
        let ann = self.walk_in("ann").await;
        granted(self.switch(&ann, Requirement::On).await);
        ann
    }

    pub fn signed_in<'a>(&'a self, pass: &'a Pass) -> SignedIn<'a> {
        self.two_factor.signed_in(pass)
    }

    /// Somebody of the admin's org, as the admin may treat them.
    pub fn managed<'a>(&self, admin: &'a Pass, id: &str) -> ManagedUser<'a> {
        self.two_factor.admin(admin).user(&user(id))
    }

    /// The host reports a new password.
    pub async fn password_changed(&self, id: &str) {
        self.two_factor.user(&org(ACME), &user(id)).password_changed().await.unwrap();
    }

    pub async fn switch(&self, admin: &Pass, to: Requirement) -> Verdict<(), ActRefusal> {
        self.two_factor.admin(admin).require(to).await.unwrap()
    }

    /// A code that is wrong now and for the next hour, and was in the last one.
    pub fn wrong_code(&self, phone: &Authenticator) -> String {
        let near = |steps: u64| Timestamp::from_unix(self.now().as_unix() + 30 * steps - 3_720);
        let right: Vec<String> = (0..248).map(|steps| phone.code_at(near(steps))).collect();
        // From above: six zeros stand in many a point in time.
        (0..1_000_000).rev().map(|n| format!("{n:06}")).find(|code| !right.contains(code)).unwrap()
    }

    /// Types wrong codes, and waits as told, until the account is blocked.
    pub async fn block(&self, id: &str, phone: &Authenticator) {
        let wrong = self.wrong_code(phone);
        let ticket = self.ticket_for_code(id).await;
        loop {
            match refused(self.verify(&ticket, &wrong).await) {
                Refusal::WrongCode { wait_until: Some(until), .. } => self.clock.set(until),
                Refusal::WrongCode { .. } => {}
                Refusal::TicketVoid => return Box::pin(self.block(id, phone)).await,
                Refusal::Blocked => return,
                other => panic!("{other:?}"),
            }
        }
    }

    /// Another Master Admin, with a code of just now.
    pub async fn fresh_admin(&self) -> Pass {
        self.enroll("bob").await.1
    }

    /// From now on the user's record is read with a bit turned, until it is written anew.
    pub async fn damage(&self, id: &str) {
        let revision = self.record(id).await.unwrap().revision;
        *self.controls.damaged.lock().unwrap() = Some((user(id), revision));
    }

    /// The audit trail, oldest first.
    pub async fn events(&self) -> Vec<Told> {
        let mut told = self.store.0.trail(&org(ACME)).await;
        told.extend(self.store.0.trail(&org("globex")).await);
        told
    }

    pub async fn kinds_for(&self, id: &str) -> Vec<String> {
        let events = self.events().await.into_iter();
        events.filter(|told| told.user.as_deref() == Some(id)).map(|told| told.kind).collect()
    }

    /// All that the store keeps, byte by byte, as somebody has it who took the disk.
    pub async fn dump(&self) -> Vec<(String, Vec<u8>)> {
        self.store.0.dump().await
    }

    /// The sealed settings of the org, as the store has them.
    pub async fn settings(&self) -> Stored {
        self.store.load_settings(&org(ACME)).await.unwrap().unwrap()
    }

    /// The sealed record of a user, as the store has it.
    pub async fn record(&self, id: &str) -> Option<Stored> {
        self.store.load_user(&org(ACME), &user(id)).await.unwrap()
    }
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

fn builder(store: &AnyStore, people: &People, controls: &Arc<Controls>, keyring: Keyring) -> Builder {
    TwoFactor::builder(people.clone(), Probe::around(store.clone(), Arc::clone(controls)), keyring)
        .roster(Everybody { people: people.clone(), store: store.clone() })
}

fn driver(builder: Builder, clock: &ManualClock) -> TwoFactor {
    builder.issuer("Acme Portal").clock(clock.clone()).build().unwrap()
}

pub fn granted<T, R: std::fmt::Display>(verdict: Verdict<T, R>) -> T {
    match verdict {
        Verdict::Granted(granted) => granted,
        Verdict::Refused(refusal) => panic!("should be granted, but: {refusal}"),
    }
}

pub fn refused<T: std::fmt::Debug, R>(verdict: Verdict<T, R>) -> R {
    match verdict {
        Verdict::Granted(granted) => panic!("should be refused, but granted {granted:?}"),
        Verdict::Refused(refusal) => refusal,
    }
}

/// Runs stories over every store, each in a fresh world.
macro_rules! over_every_store {
    ($($(#[doc = $doc:literal])* async fn $name:ident($world:ident: World) $body:block)*) => {
        $($(#[doc = $doc])* async fn $name($world: $crate::world::World) $body)*

        mod in_memory {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name($crate::world::World::in_memory()).await;
            })*
        }

        #[cfg(feature = "sqlite")]
        mod in_sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name($crate::world::World::in_sqlite().await).await;
            })*
        }

        #[cfg(feature = "etcd")]
        mod in_etcd {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                if let Some(world) = $crate::world::World::in_etcd() {
                    super::$name(world).await;
                }
            })*
        }

        #[cfg(feature = "postgres")]
        mod in_postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                if let Some(world) = $crate::world::World::in_postgres().await {
                    super::$name(world).await;
                }
            })*
        }
    };
}
pub(crate) use over_every_store;
