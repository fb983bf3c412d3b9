//! Building a [`TwoFactor`].

use std::{fmt, sync::Arc};

use crate::{
    audit::Listener,
    driver::Core,
    otp::{InvalidLabel, LabelRules},
    policy::{CodeRules, Policy, Requirement, Settings},
    random::{OsRandom, SecureRandom},
    seal::{Deployment, InvalidDeployment, Keyring},
    store::{
        Directory, Erasure, Records, Roster, SettingsStore, UserStore,
        erased::{AnyDirectory, AnyErasure, AnyRecords, AnyRoster, AnyStore},
    },
    time::{Clock, SystemClock},
    two_factor::TwoFactor,
};

/// Why a [`TwoFactor`] was not built.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// The name of the portal.
    #[error(transparent)]
    Issuer(#[from] InvalidLabel),
    /// The name of the deployment.
    #[error(transparent)]
    Deployment(#[from] InvalidDeployment),
}

/// The parts of a [`TwoFactor`] that is being built.
#[must_use = "call `build`"]
pub struct Builder {
    directory: Box<dyn AnyDirectory>,
    store: Box<dyn AnyStore>,
    roster: Option<Box<dyn AnyRoster>>,
    records: Option<Box<dyn AnyRecords>>,
    erasure: Option<Box<dyn AnyErasure>>,
    keyring: Keyring,
    deployment: String,
    issuer: String,
    issuer_rules: LabelRules,
    codes: CodeRules,
    default_policy: Policy,
    clock: Box<dyn Clock>,
    random: Box<dyn SecureRandom>,
    listeners: Vec<Box<dyn Listener>>,
}

impl Builder {
    pub(crate) fn new(
        directory: impl Directory,
        store: impl UserStore + SettingsStore,
        keyring: Keyring,
    ) -> Self {
        Self {
            directory: Box::new(directory),
            store: Box::new(store),
            roster: None,
            records: None,
            erasure: None,
            keyring,
            deployment: String::new(),
            issuer: String::new(),
            issuer_rules: LabelRules::STRICT,
            codes: CodeRules::default(),
            default_policy: Policy::first(Requirement::Off, Settings::default()),
            clock: Box::new(SystemClock),
            random: Box::new(OsRandom),
            listeners: Vec::new(),
        }
    }

    /// Sets the name of this deployment: `production`, `staging`, the name of a customer's installation. There is no default.
    ///
    /// All servers that share a store have the same one, and no other has it. It is part of everything that is handed out:
    /// tickets, stamps and device tokens of another deployment are void, even if it has a copy of this one's database and
    /// keys. Give it another name, and everybody signs in again; records do not depend on it.
    ///
    /// It has at most 100 bytes, without control characters, and without blanks around it.
    pub fn deployment(mut self, name: impl Into<String>) -> Self {
        self.deployment = name.into();
        self
    }

    /// Sets the name of your portal, as the authenticator app shows it above the code. There is no default.
    ///
    /// It has at most 30 characters that every app reads correctly ([`LabelRules::STRICT`]).
    pub fn issuer(mut self, issuer: impl Into<String>) -> Self {
        (self.issuer, self.issuer_rules) = (issuer.into(), LabelRules::STRICT);
        self
    }

    /// Sets the name, which may also have the characters `& ? # % + / =`, as in "Johnson & Johnson".
    /// [`LabelRules::allow_reserved`] says what some apps make of them.
    pub fn issuer_with_reserved(mut self, issuer: impl Into<String>) -> Self {
        (self.issuer, self.issuer_rules) = (issuer.into(), LabelRules::STRICT.allow_reserved());
        self
    }

    /// Sets which codes authenticators make and which are accepted, in all orgs.
    pub fn code_rules(mut self, rules: CodeRules) -> Self {
        self.codes = rules;
        self
    }

    /// Sets the requirement of an org whose settings were never written. Default: [`Requirement::Off`].
    pub fn default_requirement(mut self, requirement: Requirement) -> Self {
        self.default_policy.requirement = requirement;
        self
    }

    /// Sets the settings of an org whose settings were never written. The org's first decision, even if it only
    /// switches the requirement on, writes them down too, and from then on they are the org's own.
    pub fn default_settings(mut self, settings: Settings) -> Self {
        self.default_policy.settings = settings;
        self
    }

    /// Sets the people of an org. Without it, [`report`](crate::Admin::report), [`counts`](crate::Admin::counts) and
    /// [`who_can_help`](crate::User::who_can_help) fail with [`NoRoster`](crate::ErrorKind::NoRoster).
    pub fn roster(mut self, roster: impl Roster) -> Self {
        self.roster = Some(Box::new(roster));
        self
    }

    /// Sets the list of records, by the keys under which they are sealed: the store itself, if it is a ready-made one.
    /// Without it, [`Org::keys`](crate::Org::keys) and [`Org::reseal`](crate::Org::reseal) fail with
    /// [`NoRecords`](crate::ErrorKind::NoRecords).
    pub fn records(mut self, records: impl Records) -> Self {
        self.records = Some(Box::new(records));
        self
    }

    /// Sets what erases events and notices of people who are forgotten: the store itself, if it is a ready-made one.
    /// Without it, only their record is emptied.
    pub fn erasure(mut self, erasure: impl Erasure) -> Self {
        self.erasure = Some(Box::new(erasure));
        self
    }

    /// Replaces the system's clock, for tests.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Box::new(clock);
        self
    }

    /// Replaces the system's source of randomness.
    pub fn random(mut self, random: impl SecureRandom) -> Self {
        self.random = Box::new(random);
        self
    }

    /// Adds a listener that hears of events as they happen.
    pub fn listener(mut self, listener: impl Listener) -> Self {
        self.listeners.push(Box::new(listener));
        self
    }

    /// Builds it.
    ///
    /// # Errors
    /// [`BuildError::Issuer`] if the issuer was not set, or if not every app would show it as given, and
    /// [`BuildError::Deployment`] if the deployment has no name, or one that is not clear.
    pub fn build(self) -> Result<TwoFactor, BuildError> {
        // Any account name finds out whether the issuer can be in a label. The issuer is refused here, and not cut or
        // tidied up: it is the same for all users, and the person who chose it is reading this error.
        self.issuer_rules.label(&self.issuer, "account")?;
        Ok(TwoFactor(Arc::new(Core {
            directory: self.directory,
            store: self.store,
            roster: self.roster,
            records: self.records,
            erasure: self.erasure,
            keyring: self.keyring,
            deployment: Deployment::parse(&self.deployment)?,
            issuer: self.issuer,
            codes: self.codes,
            default_policy: self.default_policy,
            clock: self.clock,
            random: self.random,
            listeners: self.listeners,
        })))
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}
