#![cfg_attr(feature = "std", doc = include_str!("../docs/crate.md"))]
#![cfg_attr(not(feature = "std"), doc = "The engine of codes alone, without `std`: [`otp`].")]
#![cfg_attr(not(feature = "std"), no_std)]
// On docs.rs each item says which feature it needs. All but the engine needs `std`, which is on: that would say nothing.
#![cfg_attr(docsrs, feature(doc_cfg), doc(auto_cfg(hide(feature = "std"))))]

extern crate alloc;

// In the order of reading. Without `std` there is the engine, and what it uses, alone.

mod time;
#[cfg_attr(not(feature = "std"), expect(dead_code, reason = "the engine by itself fails in no such way"))]
mod error;
mod random;
pub mod otp;
#[cfg(feature = "std")]
mod who;
#[cfg(feature = "std")]
mod policy;
#[cfg(feature = "std")]
mod audit;
#[cfg(feature = "std")]
pub mod store;
#[cfg(feature = "conformance")]
pub mod conformance;
#[cfg(feature = "std")]
mod seal;
#[cfg(feature = "std")]
mod tokens;
#[cfg(feature = "std")]
mod verdict;
#[cfg(feature = "std")]
mod account;
#[cfg(feature = "std")]
mod driver;
#[cfg(feature = "std")]
mod two_factor;
#[cfg(feature = "std")]
mod admin;
#[cfg(feature = "testing")]
pub mod testing;
#[cfg(feature = "std")]
pub mod manual;

#[cfg(feature = "std")]
pub use self::{
    admin::{
        BulkReset, Counts, CsvLine, Entry, InvalidLine, Line, NoKeyList, NoStatus, Outcome, Report,
        ReportRow, ResetOf, Status, Support, Whom, key_list,
    },
    audit::{
        Act, Actor, Audience, Denied, Event, EventKind, InvalidNote, Listener, Operator, Origin, Purpose,
        Reason, Recipient, Remedy, UnknownAudience,
    },
    policy::{
        CodeRules, Days, Epoch, InForce, InvalidCodeRule, InvalidEpoch, InvalidSetting, Requirement,
        RunningSessions, Settings, Waits,
    },
    random::OsRandom,
    seal::{InvalidKeyring, KeyId, Keyring},
    store::{
        Change, Directory, Listed, MemoryStore, OrgSummary, PageOf, Roster, RosterGroup, SettingsStore,
        Stored, Swap, UserStore, UserSummary,
    },
    time::SystemClock,
    tokens::{
        Device, DeviceId, DeviceToken, InvalidDeviceId, Invitation, Means, Pass, RecoveryCodes,
        RememberedDevice, Stamp, Ticket,
    },
    two_factor::{Attempt, Builder, Enrolled, FirstFactor, Prompt, Recovered, Setup, TwoFactor, Visit},
    verdict::{Gate, Hint, Import, Refusal, Verdict},
    who::{InvalidName, OrgId, Person, Role, UnknownRole, UserId},
};
pub use error::{BoxError, Error, ErrorKind};
pub use random::SecureRandom;
pub use time::{Clock, Timestamp};
