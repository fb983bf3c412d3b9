//! Putting a [`TwoFactor`] together.

use std::{fmt, sync::Arc};

use super::{Core, TwoFactor};
use crate::{
    otp::{InvalidLabel, Label},
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
            limits: Limits::default(),
            requirement_at_first: Requirement::Off,
            clock: Box::new(SystemClock),
            random: Box::new(OsRandom),
        }
    }

    /// The name of your portal, as the authenticator app shows it above the code. There is no default.
    pub fn issuer(mut self, issuer: impl Into<String>) -> Self {
        self.issuer = issuer.into();
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
    /// [`InvalidLabel`] when the issuer was not given, or cannot stand in a key URI.
    pub fn build(self) -> Result<TwoFactor, InvalidLabel> {
        // Any account name does to find out whether the issuer can stand in a label.
        Label::new(&self.issuer, "account")?;
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
