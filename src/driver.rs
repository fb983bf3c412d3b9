//! The driver: loads what a call needs, lets the state machine decide, writes the result, and only then answers.
//!
//! It holds no state between calls and takes no lock, so any number of processes can work on one store. Apart from the
//! stores, this is the only chapter that waits, and the only one that writes.

mod stop;
mod trace;
mod record;
mod commit;
mod deciding;
mod roster;
mod whole;

use crate::{
    audit::Listener,
    policy::{CodeRules, Policy},
    random::SecureRandom,
    seal::{Deployment, Keyring},
    store::erased::{AnyDirectory, AnyErasure, AnyRecords, AnyRoster, AnyStore},
    time::Clock,
};

pub(crate) use self::{
    commit::{Loaded, Proposal, contended},
    deciding::{Before, Decided, Holder, Lasts, TRIES, Trust},
    stop::{Stop, verdict},
    trace::Trace,
    whole::Anew,
};

/// What every call works with.
pub(crate) struct Core {
    pub(crate) directory: Box<dyn AnyDirectory>,
    pub(crate) store: Box<dyn AnyStore>,
    pub(crate) roster: Option<Box<dyn AnyRoster>>,
    pub(crate) records: Option<Box<dyn AnyRecords>>,
    pub(crate) erasure: Option<Box<dyn AnyErasure>>,
    pub(crate) keyring: Keyring,
    pub(crate) deployment: Deployment,
    pub(crate) issuer: String,
    pub(crate) codes: CodeRules,
    /// The policy of an org whose settings were never written.
    pub(crate) default_policy: Policy,
    pub(crate) clock: Box<dyn Clock>,
    pub(crate) random: Box<dyn SecureRandom>,
    pub(crate) listeners: Vec<Box<dyn Listener>>,
}
