//! Many enrolled users, whose records are as long as real ones and whose events say what real ones say: one user
//! enrolls and logs in through the library, and all others are copies of that one.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use countersign::{
    BoxError, MemoryStore, OrgId, Requirement, SettingsStore, UserId, UserStore,
    audit::Event,
    store::{Change, Delivery, OrgSummary, Outbox, Stored, Swap, UserSummary, tell_waiting},
};
use tokio::task::JoinSet;

use crate::portal::{Portal, admin, org};

/// What the store has of one enrolled user.
#[derive(Clone, Debug)]
pub(crate) struct Population {
    record: Vec<u8>,
    summary: UserSummary,
    /// What an enrollment leaves in the trail, in the order in which it was written.
    enrollment: Vec<Event>,
    /// What a login leaves.
    login: Vec<Event>,
    settings: (Stored, OrgSummary),
}

impl Population {
    /// Watches one user enroll and log in.
    pub(crate) async fn of_one() -> Result<Self, BoxError> {
        let store = Arc::new(MemoryStore::new());
        let portal = Portal::over(Arc::clone(&store))?;
        let pass = portal.walk_in(&admin()).await?;
        portal.switch(&pass, Requirement::On).await?;
        let before = store.events().len();
        let (phone, _) = portal.enroll(&admin()).await?;
        let enrolled = store.events().len();
        let _ = portal.log_in(&admin(), &phone).await?;

        let events = store.events();
        let Some(Stored { record, .. }) = store.load_user(&org(), &admin()).await? else {
            return Err("a user who enrolled has a record".into());
        };
        let settings = store.load_settings(&org()).await?.zip(store.org_summary(&org()));
        Ok(Self {
            record,
            summary: store.user_summary(&org(), &admin()).unwrap_or_default(),
            enrollment: events[before..enrolled].to_vec(),
            login: events[enrolled..].to_vec(),
            settings: settings.ok_or("the requirement was switched on")?,
        })
    }

    /// The same, but logins leave nothing in the trail.
    pub(crate) fn without_login_events(&self) -> Self {
        Self { login: Vec::new(), ..self.clone() }
    }

    /// Acknowledges all that waits in the outbox, like a portal that has sent its mails. What waits is soon gone, and does
    /// not count as room that users take.
    pub(crate) async fn tell(store: &impl Outbox) -> Result<(), BoxError> {
        tell_waiting(store, async |_| Delivery::Done).await.map(drop).map_err(Into::into)
    }

    /// The length of a record.
    pub(crate) fn record_bytes(&self) -> usize {
        self.record.len()
    }

    /// Enrolls `users` users in an empty store, as the library would: with the org's settings, each user's record and
    /// the events of their enrollment.
    pub(crate) async fn enroll<S>(&self, store: &S, users: u64) -> Result<(), BoxError>
    where
        S: UserStore + SettingsStore + Clone,
    {
        let (settings, summary) = &self.settings;
        done(store.swap_settings(Change::new(&org(), 0, settings, summary, &[])).await)?;
        let (mut tasks, next) = (JoinSet::<Result<(), BoxError>>::new(), Arc::new(AtomicU64::new(0)));
        for _ in 0..256 {
            let (this, store, next) = (self.clone(), store.clone(), Arc::clone(&next));
            tasks.spawn(async move {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= users {
                        return Ok(());
                    }
                    done(this.write(&store, number, 0, &this.enrollment).await)?;
                }
            });
        }
        for joined in tasks.join_all().await {
            joined?;
        }
        Ok(())
    }

    /// What a login asks of the store at the least: reads the user's record, and writes the next one with what a
    /// login leaves in the trail.
    pub(crate) async fn log_in<S: UserStore>(&self, store: &S, number: u64) -> Result<Swap, BoxError> {
        let loaded = store.load_user(&org(), &user(number)).await.map_err(Into::into)?;
        let stored = loaded.ok_or("everybody is enrolled")?;
        self.write(store, number, stored.revision, &self.login).await.map_err(Into::into)
    }

    async fn write<S: UserStore>(
        &self,
        store: &S,
        number: u64,
        expected: u64,
        events: &[Event],
    ) -> Result<Swap, S::Error> {
        let (org, user): (OrgId, UserId) = (org(), user(number));
        let mut events = events.to_vec();
        for event in &mut events {
            event.user = Some(user.clone());
        }
        let next = Stored { revision: expected + 1, record: self.record.clone() };
        store.swap_user(&user, Change::new(&org, expected, &next, &self.summary, &events)).await
    }
}

/// An id as long as an e-mail address or a UUID is.
fn user(number: u64) -> UserId {
    UserId::new(format!("user-{number:08}@portal.example")).expect("a short text is an id")
}

fn done<E: Into<BoxError>>(swapped: Result<Swap, E>) -> Result<(), BoxError> {
    match swapped.map_err(Into::into)? {
        Swap::Done => Ok(()),
        Swap::Stale => Err("the store was not empty".into()),
    }
}
