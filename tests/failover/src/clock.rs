//! Time that runs fast, and the same for all processes: 30 seconds, a step of the codes, pass in a quarter of one.

use std::{
    str::FromStr,
    time::{SystemTime, UNIX_EPOCH},
};

use countersign::{Clock, Timestamp};

/// When it began: milliseconds since 1970.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Beginning(u128);

impl Beginning {
    pub(crate) fn now() -> Self {
        Self(milliseconds())
    }

    pub(crate) fn clock(self) -> Fast {
        Fast(self)
    }

    /// The milliseconds since then.
    pub(crate) fn elapsed(self) -> u64 {
        u64::try_from(milliseconds().saturating_sub(self.0)).expect("no load runs that long")
    }

    pub(crate) fn to_argument(self) -> String {
        self.0.to_string()
    }
}

impl FromStr for Beginning {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

#[allow(clippy::disallowed_methods, reason = "the one place that may ask")]
fn milliseconds() -> u128 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis()
}

/// A clock that runs 120 times as fast as others.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fast(Beginning);

impl Fast {
    const START: u64 = 1_700_000_000;
    const TIMES: u64 = 120;
}

impl Clock for Fast {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix(Self::START + self.0.elapsed() * Self::TIMES / 1000)
    }
}
