//! Countersign beside the other crates that check codes: the same cases, for each crate that can do them.
//!
//! What is measured is written here once, for three users: `tests/agree.rs` (does each do its work, and do all say the
//! same?), `benches/verify.rs` (criterion) and `src/bin/table.rs` (`benches/RESULTS.md`). This file does not know how
//! often a case is run, or what becomes of the times.

use std::{
    fmt,
    hint::black_box,
    time::{Duration, Instant},
};

#[cfg(feature = "countersign")]
mod floor;
mod peers;

#[cfg(feature = "countersign")]
pub use floor::floor;
pub use peers::{NAMES, PEERS};

/// The secret of RFC 4226, Appendix D, which also has the codes below.
pub const SECRET: &[u8; 20] = b"12345678901234567890";
/// The same as a user or a database has it.
pub const SECRET_TEXT: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
/// The step that is the present one in every case.
pub const COUNTER: u64 = 5;
/// A time within that step.
pub const TIME: u64 = COUNTER * 30 + 12;
/// The codes of the steps around the present one, which is in the middle.
pub const CODES: [&str; 5] = ["969429", "338314", "254676", "287922", "162583"];
/// The code of the present step.
pub const RIGHT: &str = CODES[2];
/// The code of no step near.
pub const WRONG: &str = "123456";
/// What an authenticator app would be given.
pub const KEY_URI: &str = "otpauth://totp/Acme%20Portal:ann%40example.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ\
                           &issuer=Acme%20Portal&algorithm=SHA1&digits=6&period=30";

/// Something that a server has to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Case {
    /// Make the code of a time, from a secret that was read before.
    Generate,
    /// Refuse a wrong code, one step looked at each way; the secret was taken in before, as far as a crate can.
    Wrong,
    /// Accept the code of the present step.
    Right,
    /// The same as `Wrong` from the secret's base32 text on: what a login costs.
    LoginWrong,
    /// The same as `Right` from the secret's base32 text on.
    LoginRight,
    /// Read a key URI.
    KeyUri,
}

impl Case {
    /// All of them, in the order of the table.
    pub const ALL: [Self; 6] =
        [Self::Generate, Self::Wrong, Self::Right, Self::LoginWrong, Self::LoginRight, Self::KeyUri];

    /// The title of its column.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Generate => "make a code",
            Self::Wrong => "wrong code",
            Self::Right => "right code",
            Self::LoginWrong => "login, wrong code",
            Self::LoginRight => "login, right code",
            Self::KeyUri => "read a key URI",
        }
    }
}

/// A crate, and how each case is done with it.
#[derive(Clone, Copy)]
pub struct Peer {
    /// Its name on crates.io.
    pub name: &'static str,
    /// [`Case::Generate`].
    pub generate: fn() -> Work,
    /// [`Case::Wrong`] and [`Case::Right`], depending on the code.
    pub check: fn(&'static str) -> Work,
    /// [`Case::LoginWrong`] and [`Case::LoginRight`], depending on the code.
    pub login: fn(&'static str) -> Work,
    /// [`Case::KeyUri`], if the crate reads key URIs.
    pub key_uri: Option<fn() -> Work>,
}

impl Peer {
    /// A case made ready, if the crate can do it.
    pub fn work(&self, case: Case) -> Option<Work> {
        match case {
            Case::Generate => Some((self.generate)()),
            Case::Wrong => Some((self.check)(WRONG)),
            Case::Right => Some((self.check)(RIGHT)),
            Case::LoginWrong => Some((self.login)(WRONG)),
            Case::LoginRight => Some((self.login)(RIGHT)),
            Case::KeyUri => self.key_uri.map(|ready| ready()),
        }
    }
}

impl fmt::Debug for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// What came out of a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// A code was made.
    Code(String),
    /// A code was accepted, or not.
    Accepted(bool),
    /// A secret was read, here as base32 again.
    Secret(String),
    /// Nothing that says anything: the floor.
    Nothing,
}

/// A case made ready, to be done over and over.
pub struct Work(Box<dyn Deed>);

impl Work {
    /// A case. What `deed` gives back is what the crate gives; `read` makes it comparable, and is not measured.
    pub fn new<T: 'static>(deed: impl FnMut() -> T + 'static, read: fn(T) -> Answer) -> Self {
        Self(Box::new(Ready { deed, read }))
    }

    /// Does it once and tells what came out.
    pub fn answer(&mut self) -> Answer {
        self.0.answer()
    }

    /// Runs it that many times and returns how long that took. What the crate gave back is dropped within that time.
    pub fn time(&mut self, times: u64) -> Duration {
        self.0.time(times)
    }
}

impl fmt::Debug for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Work(…)")
    }
}

trait Deed {
    fn answer(&mut self) -> Answer;
    fn time(&mut self, times: u64) -> Duration;
}

struct Ready<F, T> {
    deed: F,
    read: fn(T) -> Answer,
}

/// The loop is in here, where the compiler knows the deed, so that no call through a pointer is measured with it.
impl<T, F: FnMut() -> T> Deed for Ready<F, T> {
    fn answer(&mut self) -> Answer {
        (self.read)((self.deed)())
    }

    #[allow(clippy::disallowed_methods, reason = "it is what a bench is for")]
    fn time(&mut self, times: u64) -> Duration {
        let start = Instant::now();
        for _ in 0..times {
            black_box((self.deed)());
        }
        start.elapsed()
    }
}
