//! Putting a [`TwoFactor`] together.

use std::{fmt, sync::Arc};

use crate::{
    audit::Listener,
    driver::Core,
    otp::{InvalidLabel, LabelRules},
    policy::{CodeRules, Epoch, Policy, Requirement, Settings},
    random::{OsRandom, SecureRandom},
    seal::Keyring,
    store::{
        Directory, Roster, SettingsStore, UserStore,
        erased::{AnyDirectory, AnyRoster, AnyStore},
    },
    time::{Clock, SystemClock},
    two_factor::TwoFactor,
};

/// A [`TwoFactor`] in the making.
#[must_use = "call `build`"]
pub struct Builder {
    directory: Box<dyn AnyDirectory>,
    store: Box<dyn AnyStore>,
    roster: Option<Box<dyn AnyRoster>>,
    keyring: Keyring,
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
            keyring,
            issuer: String::new(),
            issuer_rules: LabelRules::STRICT,
            codes: CodeRules::default(),
            default_policy: Policy {
                requirement: Requirement::Off,
                epoch: Epoch::FIRST,
                settings: Settings::default(),
            },
            clock: Box::new(SystemClock),
            random: Box::new(OsRandom),
            listeners: Vec::new(),
        }
    }

    /// The name of your portal, as the authenticator app shows it above the code: at most 30 characters that every
    /// app reads right ([`LabelRules::STRICT`]). There is no default.
    pub fn issuer(mut self, issuer: impl Into<String>) -> Self {
        (self.issuer, self.issuer_rules) = (issuer.into(), LabelRules::STRICT);
        self
    }

    /// The same, and it may have the characters `& ? # % + / =`, as in "Johnson & Johnson". What some apps make of
    /// them stands at [`LabelRules::allow_reserved`].
    pub fn issuer_with_reserved(mut self, issuer: impl Into<String>) -> Self {
        (self.issuer, self.issuer_rules) = (issuer.into(), LabelRules::STRICT.allow_reserved());
        self
    }

    /// Which codes authenticators make and which are taken, in all orgs.
    pub fn code_rules(mut self, rules: CodeRules) -> Self {
        self.codes = rules;
        self
    }

    /// The requirement of an org whose settings were never written. Default: off.
    pub fn default_requirement(mut self, requirement: Requirement) -> Self {
        self.default_policy.requirement = requirement;
        self
    }

    /// The settings of an org whose settings were never written. Its first decision, be it only to switch the
    /// requirement on, writes them down with it, and from then on they are its own.
    pub fn default_settings(mut self, settings: Settings) -> Self {
        self.default_policy.settings = settings;
        self
    }

    /// Who there is in an org: for [`report`](TwoFactor::report), [`counts`](TwoFactor::counts) and
    /// [`who_can_help`](TwoFactor::who_can_help), which fail without it.
    pub fn roster(mut self, roster: impl Roster) -> Self {
        self.roster = Some(Box::new(roster));
        self
    }

    /// Another clock than the system's: for tests.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Box::new(clock);
        self
    }

    /// Another source of randomness than the system's.
    pub fn random(mut self, random: impl SecureRandom) -> Self {
        self.random = Box::new(random);
        self
    }

    /// Somebody who hears of events as they happen, beside those who were named before.
    pub fn listener(mut self, listener: impl Listener) -> Self {
        self.listeners.push(Box::new(listener));
        self
    }

    /// Puts it together.
    ///
    /// # Errors
    /// [`InvalidLabel`] when the issuer was not given, or not every app would show it as it is.
    pub fn build(self) -> Result<TwoFactor, InvalidLabel> {
        // Any account name does to find out whether the issuer can stand in a label. Here it is refused, and not cut
        // or tidied up: it is the same for all users, and whoever chose it is reading this error.
        self.issuer_rules.label(&self.issuer, "account")?;
        Ok(TwoFactor(Arc::new(Core {
            directory: self.directory,
            store: self.store,
            roster: self.roster,
            keyring: self.keyring,
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
