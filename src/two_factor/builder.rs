//! Putting a [`TwoFactor`] together.

use std::{fmt, sync::Arc};

use super::{Core, TwoFactor};
use crate::{
    otp::{InvalidLabel, LabelRules},
    policy::Limits,
    random::{OsRandom, SecureRandom},
    requirement::Requirement,
    seal::Keyring,
    store::{
        Directory, SettingsStore, UserStore,
        erased::{AnyDirectory, AnyStore},
    },
    time::{Clock, SystemClock},
};

/// A [`TwoFactor`] in the making.
#[must_use = "call `build`"]
pub struct Builder {
    directory: Box<dyn AnyDirectory>,
    store: Box<dyn AnyStore>,
    keyring: Keyring,
    issuer: String,
    issuer_rules: LabelRules,
    limits: Limits,
    requirement_at_first: Requirement,
    clock: Box<dyn Clock>,
    random: Box<dyn SecureRandom>,
}

impl Builder {
    pub(super) fn new(
        directory: impl Directory,
        store: impl UserStore + SettingsStore,
        keyring: Keyring,
    ) -> Self {
        Self {
            directory: Box::new(directory),
            store: Box::new(store),
            keyring,
            issuer: String::new(),
            issuer_rules: LabelRules::STRICT,
            limits: Limits::default(),
            requirement_at_first: Requirement::Off,
            clock: Box::new(SystemClock),
            random: Box::new(OsRandom),
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

    /// The limits within which codes are tried and proofs last.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// The requirement of an org whose settings were never written. Default: off.
    pub fn requirement_at_first(mut self, requirement: Requirement) -> Self {
        self.requirement_at_first = requirement;
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
            keyring: self.keyring,
            issuer: self.issuer,
            limits: self.limits,
            requirement_at_first: self.requirement_at_first,
            clock: self.clock,
            random: self.random,
        })))
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}
