//! A small portal for the tests: its users, its clock, a store that can be slowed down and made to fail.

mod backings;
mod every_store;
mod people;
mod probe;

use std::{sync::Arc, time::Duration};

use countersign::{
    ActRefusal, Attempt, Builder, Clock, FirstFactor, Gate, KeyId, Keyring, MemoryStore, OrgId, Pass,
    Refusal, Requirement, Role, SecureRandom, SettingsStore, Setup, SignedIn, Stamp, Ticket, Timestamp,
    TwoFactor, UserId, UserStore, Verdict,
    admin::ManagedUser,
    audit::Listener,
    policy::{CodeRules, Settings},
    store::Stored,
    testing::{Authenticator, ManualClock},
};

pub use self::{
    backings::{AnyStore, Backing, Told},
    people::{Everybody, People},
    probe::{Controls, Fault, Probe},
};
pub(crate) use every_store::over_every_store;

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
        Some(Self::over(crate::stores::postgres::store().await?))
    }

    /// A world on a store of the test's own.
    #[cfg(any(feature = "sqlite", feature = "postgres"))]
    pub fn over(store: impl Backing) -> Self {
        Self::new(store, None)
    }

    /// `None` where there is no server for it.
    #[cfg(feature = "etcd")]
    pub fn in_etcd() -> Option<Self> {
        Some(Self::new(crate::stores::etcd::Private::or_skip()?, None))
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

    /// The same people at the same time, over a database that was restored.
    #[cfg(any(feature = "sqlite", feature = "postgres"))]
    pub fn moved_to(self, store: impl Backing) -> Self {
        let (store, controls) = (AnyStore(Arc::new(store)), Arc::default());
        let two_factor = driver(builder(&store, &self.people, &controls, keyring()), &self.clock);
        Self { controls, store, two_factor, ..self }
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

    /// Another server of the portal, whose clock is so many seconds ahead of this one's, or behind it.
    pub fn another_server(&self, ahead: i64) -> TwoFactor {
        self.another_server_with(keyring(), ahead)
    }

    pub fn another_server_with(&self, keyring: Keyring, ahead: i64) -> TwoFactor {
        let clock = Astray { clock: self.clock.clone(), ahead };
        self.builder(keyring).deployment("test").issuer("Acme Portal").clock(clock).build().unwrap()
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

fn builder(store: &AnyStore, people: &People, controls: &Arc<Controls>, keyring: Keyring) -> Builder {
    TwoFactor::builder(people.clone(), Probe::around(store.clone(), Arc::clone(controls)), keyring)
        .roster(Everybody { people: people.clone(), store: store.clone() })
        .records(store.clone())
        .erasure(store.clone())
}

/// A clock that always differs from another by so many seconds.
struct Astray {
    clock: ManualClock,
    ahead: i64,
}

impl Clock for Astray {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix(self.clock.now().as_unix().saturating_add_signed(self.ahead))
    }
}

fn driver(builder: Builder, clock: &ManualClock) -> TwoFactor {
    builder.deployment("test").issuer("Acme Portal").clock(clock.clone()).build().unwrap()
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
