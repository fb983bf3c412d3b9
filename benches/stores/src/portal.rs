//! A portal over any store, whose users are all Master Admins unless something else is given otherwise: what is measured is what the
//! library itself does.

use std::{convert::Infallible, fmt, time::Duration};

use countersign::{
    Attempt, BoxError, Builder, Directory, FirstFactor, Gate, KeyId, Keyring, OrgId, Pass, Person,
    Requirement, Role, Roster, SettingsStore, Timestamp, TwoFactor, UserId, UserStore, Verdict,
    testing::{Authenticator, ManualClock},
};

struct Everybody;

impl Directory for Everybody {
    type Error = Infallible;

    async fn find(&self, org: &OrgId, user: &UserId) -> Result<Option<Person>, Infallible> {
        Ok(Some(Person::new(org.clone(), user.clone(), Role::MasterAdmin)))
    }
}

/// The org that all measurements are about.
pub(crate) fn org() -> OrgId {
    OrgId::from(7_u64)
}

/// The user who administers it.
pub(crate) fn admin() -> UserId {
    UserId::new("admin").expect("a short text is an id")
}

#[derive(Debug)]
pub(crate) struct Portal {
    pub(crate) two_factor: TwoFactor,
    clock: ManualClock,
}

impl Portal {
    pub(crate) fn over(store: impl UserStore + SettingsStore) -> Result<Self, BoxError> {
        Self::build(|keyring| TwoFactor::builder(Everybody, store, keyring))
    }

    /// A portal whose people are in a table.
    pub(crate) fn of<P>(people: P, store: impl UserStore + SettingsStore) -> Result<Self, BoxError>
    where
        P: Directory + Roster + Clone,
    {
        Self::build(|keyring| TwoFactor::builder(people.clone(), store, keyring).roster(people))
    }

    fn build(begin: impl FnOnce(Keyring) -> Builder) -> Result<Self, BoxError> {
        let clock = ManualClock::at(Timestamp::from_unix(1_800_000_000));
        let keyring = Keyring::new(KeyId(1), *b"the key that seals every record.");
        let two_factor =
            begin(keyring).deployment("test").issuer("Acme Portal").clock(clock.clone()).build()?;
        Ok(Self { two_factor, clock })
    }

    pub(crate) async fn check_in(&self, user: &UserId) -> Result<Gate, BoxError> {
        Ok(self.two_factor.check_in(FirstFactor::accepted(&org(), user).seen_from("192.0.2.7")).await?)
    }

    /// Signs in a user who is asked for nothing.
    pub(crate) async fn walk_in(&self, user: &UserId) -> Result<Pass, BoxError> {
        match self.check_in(user).await? {
            Gate::Open(pass) => Ok(pass),
            other => Err(format!("nothing should be asked, and yet it is {other:?}").into()),
        }
    }

    pub(crate) async fn enroll(&self, user: &UserId) -> Result<(Authenticator, Pass), BoxError> {
        let Gate::Enroll(ticket) = self.check_in(user).await? else {
            return Err("not asked to enroll".into());
        };
        let phone = Authenticator::enrolled_with(&granted(self.two_factor.setup(&ticket).await?)?)?;
        let code = phone.code(&self.clock);
        let attempt = Attempt::new(&ticket, &code).seen_from("192.0.2.7");
        Ok((phone, granted(self.two_factor.confirm(attempt).await?)?.pass))
    }

    /// Waits for the next code, checks in and hands it to `verify`.
    pub(crate) async fn log_in(&self, user: &UserId, phone: &Authenticator) -> Result<Pass, BoxError> {
        self.next_step();
        let Gate::AskCode(ticket) = self.check_in(user).await? else {
            return Err("not asked for a code".into());
        };
        let code = phone.code(&self.clock);
        granted(self.two_factor.verify(Attempt::new(&ticket, &code).seen_from("192.0.2.7")).await?)
    }

    pub(crate) fn next_step(&self) {
        self.clock.advance(Duration::from_secs(30));
    }

    pub(crate) fn code(&self, phone: &Authenticator) -> String {
        phone.code(&self.clock)
    }

    pub(crate) async fn switch(&self, admin: &Pass, to: Requirement) -> Result<(), BoxError> {
        granted(self.two_factor.admin(admin).require(to).await?)
    }
}

/// Returns what was granted. Nothing that is measured should be refused.
pub(crate) fn granted<T, R: fmt::Display>(verdict: Verdict<T, R>) -> Result<T, BoxError> {
    verdict.into_result().map_err(|refusal| format!("refused: {refusal}").into())
}
