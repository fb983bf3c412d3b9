//! Runs over many accounts. What a run has reset names it, so that a resumed run spares exactly that.

use super::{Account, Found};
use crate::{
    error::BoxError,
    policy::Settings,
    random::{self, SecureRandom},
    tokens::id,
};

id! {
    /// The id of a run that resets many users. It is no secret and opens nothing.
    ///
    /// Keep its text, 32 hexadecimal digits, to [start the run again](crate::admin::BulkReset::in_run) if it is interrupted.
    RunId(16),
    /// A text that is no run's id.
    InvalidRunId("a run", 32)
}

impl RunId {
    /// Draws the id of a new run.
    ///
    /// # Errors
    /// The error of `random` if it cannot deliver.
    pub fn draw(random: &dyn SecureRandom) -> Result<Self, BoxError> {
        random::draw(random).map(Self)
    }
}

impl Account {
    /// Returns what a run finds (R7). Only what it has reset itself is left alone: somebody who binds an authenticator while
    /// it goes on may be the thief that it is meant for.
    pub(crate) fn found_by(&self, run: Option<RunId>, settings: &Settings) -> Found {
        let has_nothing = self.live.is_none() && self.pending.is_none() && self.imported.is_none();
        if run.is_some() && self.reset_in == run {
            Found::ResetBefore
        } else if has_nothing && self.rows().all(|row| row.in_a_row == 0) {
            Found::Nothing
        } else if self.needs_more_than_the_password(settings) {
            Found::PasswordKnown
        } else {
            Found::ToReset
        }
    }
}
