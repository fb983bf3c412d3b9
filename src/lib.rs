#![doc = include_str!("../README.md")]

extern crate alloc;

mod time;
mod error;
mod random;
mod who;
mod requirement;
mod event;
pub mod store;
#[cfg(feature = "conformance")]
pub mod conformance;
pub mod otp;
mod policy;
mod authority;
mod generation;
mod codec;
mod seal;
mod ticket;
mod pass;
mod verdict;
mod account;
mod record;
mod request;
mod enrollment;
mod two_factor;
#[cfg(feature = "testing")]
pub mod testing;
pub mod manual;

pub use enrollment::{Enrolled, Setup};
pub use error::{BoxError, Error, ErrorKind};
pub use event::{Act, Actor, Denied, Event, EventKind, InvalidNote, Operator, Origin, Purpose, Reason};
pub use pass::{Means, Pass, Stamp};
pub use policy::{InvalidLimit, Limits};
pub use random::{OsRandom, SecureRandom};
pub use request::{Attempt, FirstFactor, Visit};
pub use requirement::{Epoch, InvalidEpoch, Requirement, RunningSessions, Settings};
pub use seal::{InvalidKeyring, KeyId, Keyring};
pub use store::{
    Change, Directory, MemoryStore, OrgSummary, SettingsStore, Stored, Swap, UserStore, UserSummary,
};
pub use ticket::Ticket;
pub use time::{Clock, SystemClock, Timestamp};
pub use two_factor::{Builder, Support, TwoFactor};
pub use verdict::{Gate, Refusal, Verdict};
pub use who::{InvalidName, OrgId, Person, Role, UnknownRole, UserId};
