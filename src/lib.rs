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
pub mod policy;
#[cfg(feature = "std")]
pub mod audit;
#[cfg(feature = "std")]
pub mod store;
#[cfg(feature = "conformance")]
pub mod conformance;
#[cfg(feature = "std")]
mod seal;
#[cfg(feature = "std")]
pub mod tokens;
#[cfg(feature = "std")]
mod verdict;
#[cfg(feature = "std")]
mod account;
#[cfg(feature = "std")]
mod driver;
#[cfg(feature = "std")]
mod report;
#[cfg(feature = "std")]
mod two_factor;
#[cfg(feature = "std")]
pub mod admin;
#[cfg(feature = "testing")]
pub mod testing;
#[cfg(feature = "std")]
pub mod manual;

#[cfg(feature = "std")]
pub use self::{
    admin::Admin,
    policy::Requirement,
    random::OsRandom,
    seal::{InvalidKeyring, KeyId, Keyring},
    store::{Directory, MemoryStore, Roster, SettingsStore, UserStore},
    time::SystemClock,
    tokens::{DeviceToken, Pass, Stamp, Ticket},
    two_factor::{
        Attempt, Builder, Enrolled, FirstFactor, Org, Prompt, Recovered, Setup, SignedIn, TwoFactor, User,
        Visit,
    },
    verdict::{ActRefusal, Gate, Hint, Refusal, Verdict},
    who::{InvalidName, OrgId, Person, Role, UnknownRole, UserId},
};
pub use error::{BoxError, Error, ErrorKind};
pub use random::SecureRandom;
pub use time::{Clock, Timestamp};
