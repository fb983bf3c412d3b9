#![cfg_attr(feature = "std", doc = include_str!("../docs/crate.md"))]
#![cfg_attr(not(feature = "std"), doc = "The engine of codes alone, without `std`: [`otp`].")]
#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

// In the order of reading. Without `std` there is the engine, and what it uses, alone.

mod time;
#[cfg_attr(not(feature = "std"), expect(dead_code, reason = "the engine by itself fails in no such way"))]
mod error;
mod random;
#[cfg(feature = "std")]
mod who;
#[cfg(feature = "std")]
mod requirement;
#[cfg(feature = "std")]
mod settings;
#[cfg(feature = "std")]
mod event;
#[cfg(feature = "std")]
mod listener;
#[cfg(feature = "std")]
pub mod store;
#[cfg(feature = "conformance")]
pub mod conformance;
pub mod otp;
#[cfg(feature = "std")]
mod key_list;
#[cfg(feature = "std")]
mod code_rules;
#[cfg(feature = "std")]
mod hint;
#[cfg(feature = "std")]
mod policy;
#[cfg(feature = "std")]
mod authority;
#[cfg(feature = "std")]
mod report;
#[cfg(feature = "std")]
mod recovery;
#[cfg(feature = "std")]
mod generation;
#[cfg(feature = "std")]
mod codec;
#[cfg(feature = "std")]
mod seal;
#[cfg(feature = "std")]
mod invitation;
#[cfg(feature = "std")]
mod ticket;
#[cfg(feature = "std")]
mod device;
#[cfg(feature = "std")]
mod pass;
#[cfg(feature = "std")]
mod verdict;
#[cfg(feature = "std")]
mod account;
#[cfg(feature = "std")]
mod record;
#[cfg(feature = "std")]
mod request;
#[cfg(feature = "std")]
mod enrollment;
#[cfg(feature = "std")]
mod two_factor;
#[cfg(feature = "testing")]
pub mod testing;
#[cfg(feature = "std")]
pub mod manual;

#[cfg(feature = "std")]
pub use self::{
    code_rules::{CodeRules, InvalidCodeRule},
    device::{Device, DeviceId, DeviceToken, InvalidDeviceId, RememberedDevice},
    enrollment::{Enrolled, Prompt, Recovered, Setup},
    event::{
        Act, Actor, Audience, Denied, Event, EventKind, InvalidNote, Operator, Origin, Purpose, Reason,
        Recipient, Remedy, UnknownAudience,
    },
    hint::Hint,
    invitation::Invitation,
    key_list::{Entry, InvalidLine, Line, NoKeyList, key_list},
    listener::Listener,
    pass::{Means, Pass, Stamp},
    policy::InForce,
    random::OsRandom,
    recovery::RecoveryCodes,
    report::{Counts, CsvLine, NoStatus, ReportRow, Status},
    request::{Attempt, FirstFactor, Visit},
    requirement::{Epoch, InvalidEpoch, Requirement, RunningSessions},
    seal::{InvalidKeyring, KeyId, Keyring},
    settings::{Days, InvalidSetting, Settings, Waits},
    store::{
        Change, Directory, Listed, MemoryStore, OrgSummary, PageOf, Roster, RosterGroup, SettingsStore,
        Stored, Swap, UserStore, UserSummary,
    },
    ticket::Ticket,
    time::SystemClock,
    two_factor::{Builder, BulkReset, Outcome, Report, ResetOf, Support, TwoFactor, Whom},
    verdict::{Gate, Import, Refusal, Verdict},
    who::{InvalidName, OrgId, Person, Role, UnknownRole, UserId},
};
pub use error::{BoxError, Error, ErrorKind};
pub use random::SecureRandom;
pub use time::{Clock, Timestamp};
