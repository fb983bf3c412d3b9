#![doc = include_str!("../README.md")]

mod error;
mod event;
mod random;
mod requirement;
mod store;
mod time;
mod who;

pub use error::{BoxError, Error, ErrorKind};
pub use event::{Act, Actor, Denied, Event, EventKind, InvalidNote, Operator, Origin, Purpose, Reason};
pub use random::{OsRandom, SecureRandom};
pub use requirement::{Epoch, InvalidEpoch, Requirement, RunningSessions};
pub use store::{
    Change, Directory, MemoryStore, OrgSummary, SettingsStore, Stored, Swap, UserStore, UserSummary,
};
pub use time::{Clock, SystemClock, Timestamp};
pub use who::{InvalidName, OrgId, Person, Role, UnknownRole, UserId};
