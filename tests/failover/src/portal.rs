//! A portal: its people, its driver, and a store that writes down what was acknowledged.

use std::{collections::BTreeMap, convert::Infallible, path::Path};

use countersign::{
    ActRefusal, Attempt, Clock, Directory, FirstFactor, Gate, KeyId, Keyring, OrgId, Pass, Person,
    Requirement, Role, SettingsStore, Stamp, TwoFactor, UserId, UserStore, Verdict,
    admin::{NewEpoch, Support},
    audit::{Operator, Password, Reason},
    store::{
        Change, OrgSummary, Stored, Swap, UserSummary,
        postgres::{PostgresError, PostgresStore},
    },
    testing::Authenticator,
};

use sqlx::PgPool;

use crate::{
    Failure,
    kept::fingerprint,
    ledger::{Entry, Key, Ledger},
};

/// The org whose users log in, and one whose requirement is switched on and off.
pub(crate) const ACME: &str = "acme";
pub(crate) const GLOBEX: &str = "globex";

/// The users who log in, in all portals at once.
pub(crate) const RACERS: [&str; 6] = ["racer-0", "racer-1", "racer-2", "racer-3", "racer-4", "racer-5"];
/// The users whose codes are guessed.
pub(crate) const GUESSED: [&str; 2] = ["guessed-0", "guessed-1"];
/// The users who are reset again and again.
pub(crate) const RESET: [&str; 2] = ["reset-0", "reset-1"];

/// Every id that is asked for is an internal user.
struct Everybody;

impl Directory for Everybody {
    type Error = Infallible;

    async fn find(&self, org: &OrgId, user: &UserId) -> Result<Option<Person>, Infallible> {
        Ok(Some(Person::new(org.clone(), user.clone(), Role::Internal)))
    }
}

/// The store, and what it acknowledged.
struct Witnessed {
    store: PostgresStore,
    ledger: Option<Ledger>,
}

impl Witnessed {
    /// Returns what to enter if the change is done: the change itself is handed on.
    fn noted<S>(user: Option<&UserId>, change: &Change<'_, S>) -> Entry {
        Entry::Acknowledged {
            key: Key { org: change.org.as_str().to_owned(), user: user.map(|user| user.as_str().to_owned()) },
            revision: change.next.revision,
            record: fingerprint(&change.next.record),
            events: change.events.iter().map(|event| event.kind.name().to_owned()).collect(),
        }
    }

    fn enter(&self, swapped: Swap, entry: &Entry) {
        if let (Swap::Done, Some(ledger)) = (swapped, &self.ledger) {
            ledger.enter(entry);
        }
    }
}

impl UserStore for Witnessed {
    type Error = PostgresError;

    async fn load_user(&self, org: &OrgId, user: &UserId) -> Result<Option<Stored>, PostgresError> {
        self.store.load_user(org, user).await
    }

    async fn swap_user(&self, user: &UserId, change: Change<'_, UserSummary>) -> Result<Swap, PostgresError> {
        let entry = Self::noted(Some(user), &change);
        let swapped = self.store.swap_user(user, change).await?;
        self.enter(swapped, &entry);
        Ok(swapped)
    }
}

impl SettingsStore for Witnessed {
    type Error = PostgresError;

    async fn load_settings(&self, org: &OrgId) -> Result<Option<Stored>, PostgresError> {
        self.store.load_settings(org).await
    }

    async fn swap_settings(&self, change: Change<'_, OrgSummary>) -> Result<Swap, PostgresError> {
        let entry = Self::noted(None, &change);
        let swapped = self.store.swap_settings(change).await?;
        self.enter(swapped, &entry);
        Ok(swapped)
    }
}

/// What came of an act of the vendor's.
pub(crate) type Act = Verdict<(), ActRefusal>;

/// Connections to whichever server is the primary.
pub(crate) async fn pool(url: &str) -> Result<PgPool, Failure> {
    Ok(PostgresStore::pool_options().connect(url).await?)
}

/// A portal.
#[derive(Clone)]
pub(crate) struct Portal<C> {
    two_factor: TwoFactor,
    support: Support,
    clock: C,
}

impl<C: Clock + Clone> Portal<C> {
    pub(crate) fn new(store: PostgresStore, clock: C, ledger: Option<Ledger>) -> Result<Self, Failure> {
        // The same in all of them.
        let keyring = Keyring::new(KeyId(1), [7; 32]);
        let two_factor = TwoFactor::builder(Everybody, Witnessed { store, ledger }, keyring)
            .deployment("test")
            .issuer("Acme Portal")
            .clock(clock.clone())
            .build()?;
        let support = Support::new(&two_factor, Operator::new("failover")?);
        Ok(Self { two_factor, support, clock })
    }

    /// Switches the requirement on, and enrolls all whose authenticators are handed around.
    pub(crate) async fn enroll_all(&self, keys: &Path) -> Result<(), Failure> {
        self.require(ACME, Requirement::On).await?.into_result()?;
        let mut lines = Vec::new();
        for user in RACERS.into_iter().chain(GUESSED) {
            let key = self.enroll(user).await?.ok_or("the first enrollment is refused")?;
            lines.push(format!("{user}\t{key}\n"));
        }
        Ok(std::fs::write(keys, lines.concat())?)
    }

    /// Enrolls a user who has nothing yet, and returns the key that the app was given; `None` if the login has ended on
    /// the way.
    pub(crate) async fn enroll(&self, user: &str) -> Result<Option<String>, countersign::Error> {
        let Gate::Enroll(ticket) = self.check_in(user).await? else { return Ok(None) };
        let Verdict::Granted(setup) = self.two_factor.setup(&ticket).await? else { return Ok(None) };
        let app = Authenticator::enrolled_with(&setup).expect("the page shows a key");
        let code = app.code(&self.clock);
        let confirmed = self.two_factor.confirm(Attempt::new(&ticket, &code)).await?;
        Ok(confirmed.granted().map(|_| setup.key().to_owned()))
    }

    /// Types a code after the password. `None` if no code is asked for.
    pub(crate) async fn log_in(
        &self,
        user: &str,
        code: &str,
    ) -> Result<Option<Verdict<Pass>>, countersign::Error> {
        let Gate::AskCode(ticket) = self.check_in(user).await? else { return Ok(None) };
        self.two_factor.verify(Attempt::new(&ticket, code)).await.map(Some)
    }

    async fn check_in(&self, user: &str) -> Result<Gate, countersign::Error> {
        let (org, user) = (org(ACME), self::user(user));
        self.two_factor.check_in(FirstFactor::accepted(&org, &user)).await
    }

    pub(crate) async fn reset(&self, user: &str) -> Result<Act, countersign::Error> {
        let act = self.support.in_org(&org(ACME), &reason()).user(&self::user(user));
        Box::pin(act.reset(Password::AsBefore)).await
    }

    pub(crate) async fn unlock(&self, user: &str) -> Result<Act, countersign::Error> {
        let act = self.support.in_org(&org(ACME), &reason()).user(&self::user(user));
        Box::pin(act.unlock(Password::AsBefore)).await
    }

    /// Whether a session goes on.
    pub(crate) async fn resumes(&self, stamp: &Stamp) -> Result<bool, countersign::Error> {
        Ok(self.two_factor.resume(stamp).await?.is_some())
    }

    /// As the manual's page on failovers says.
    pub(crate) async fn begin_epoch_ending_sessions(&self, of: &str) -> Result<(), Failure> {
        let seen = self.two_factor.org(&org(of)).policy().await?.epoch;
        let new = NewEpoch::after(seen).ending_sessions();
        self.support.in_org(&org(of), &reason()).begin_epoch(new).await?.into_result()?;
        Ok(())
    }

    pub(crate) async fn require(&self, of: &str, to: Requirement) -> Result<Act, countersign::Error> {
        self.support.in_org(&org(of), &reason()).require(to).await
    }
}

pub(crate) fn org(id: &str) -> OrgId {
    OrgId::new(id).expect("an id")
}

pub(crate) fn user(id: &str) -> UserId {
    UserId::new(id).expect("an id")
}

fn reason() -> Reason {
    Reason::new("a test of what a failover loses").expect("a reason")
}

/// The authenticator apps that were handed around.
pub(crate) fn authenticators(keys: &Path) -> Result<BTreeMap<String, Authenticator>, Failure> {
    let text = std::fs::read_to_string(keys)?;
    let lines = text.lines().filter_map(|line| line.split_once('\t'));
    lines.map(|(user, key)| Ok((user.to_owned(), Authenticator::with_key(key)?))).collect()
}
