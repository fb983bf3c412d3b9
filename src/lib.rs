#![cfg_attr(feature = "std", doc = include_str!("../docs/crate.md"))]
#![cfg_attr(not(feature = "std"), doc = "The engine of codes alone, without `std`: [`otp`].")]
#![cfg_attr(not(feature = "std"), no_std)]
// On docs.rs each item says which feature it needs. All but the engine needs `std`, which is on: that would say nothing.
#![cfg_attr(docsrs, feature(doc_cfg), doc(auto_cfg(hide(feature = "std"))))]

extern crate alloc;

// In the order of reading. Without `std` there is the engine, and what it uses, alone.

mod time; // points in time, and the clock that tells them
#[cfg_attr(not(feature = "std"), expect(dead_code, reason = "the engine by itself fails in no such way"))]
mod error; // what could not be decided
mod random; // where secrets come from
pub mod otp; // the engine: codes, key URIs, QR codes; knows nothing of users
#[cfg(feature = "std")]
mod who; // orgs, users, roles
#[cfg(feature = "std")]
pub mod policy; // what an org has decided
#[cfg(feature = "std")]
pub mod audit; // what happened, and who hears of it
#[cfg(feature = "std")]
pub mod store; // what a host implements, and what is ready made
#[cfg(feature = "conformance")]
pub mod conformance; // does a store keep its contract?
#[cfg(feature = "std")]
mod seal; // keys, and the form of what is sealed
#[cfg(feature = "std")]
pub mod tokens; // what is handed out
#[cfg(feature = "std")]
mod verdict; // the answers
#[cfg(feature = "std")]
mod account; // the state machine of one account: pure
#[cfg(feature = "std")]
mod driver; // the only room that waits and writes
#[cfg(feature = "std")]
mod report; // who is enrolled and who is not
#[cfg(feature = "std")]
mod two_factor; // the login, and what users do themselves
#[cfg(feature = "std")]
pub mod admin; // what Master Admins and the vendor do
#[cfg(feature = "testing")]
pub mod testing; // a clock moved by hand, and an authenticator app
#[cfg(feature = "std")]
pub mod manual; // no code, only what one has to know

#[cfg(feature = "std")]
pub use self::{
    admin::Admin,
    policy::Requirement,
    random::OsRandom,
    seal::{InvalidDeployment, InvalidKeyring, KeyId, Keyring},
    store::{Directory, MemoryStore, Roster, SettingsStore, UserStore},
    time::SystemClock,
    tokens::{DeviceToken, Pass, Stamp, Ticket},
    two_factor::{
        Attempt, BuildError, Builder, Enrolled, FirstFactor, Org, Prompt, Recovered, Setup, SignedIn,
        TwoFactor, User, Visit,
    },
    verdict::{ActRefusal, Gate, Hint, Refusal, SignOut, Verdict},
    who::{InvalidName, OrgId, Person, Role, UnknownRole, UserId},
};
pub use error::{BoxError, Error, ErrorKind};
pub use random::SecureRandom;
pub use time::{Clock, Timestamp};
