//! What somebody does who is signed in: prove themselves again, replace their authenticator, manage what is their own.

mod by_choice;
mod devices;
mod recovery;

use crate::{
    audit::Purpose,
    error::Error,
    tokens::{Pass, Ticket},
    two_factor::TwoFactor,
    verdict::Verdict,
};

impl TwoFactor {
    /// Asks a user who is signed in for a code, before something sensitive. [`verify`](Self::verify) takes it and
    /// gives a fresh pass, which lasts no longer than the session did before. Wrong codes count like those of a
    /// login.
    ///
    /// # Errors
    /// Those of [`resume`](Self::resume).
    pub async fn step_up(&self, pass: &Pass) -> Result<Verdict<Ticket>, Error> {
        self.0.prove(pass, Purpose::StepUp).await
    }

    /// Lets a user who has just shown a code, of his app or a recovery code, put another authenticator in the place of
    /// his own: the ticket is for
    /// [`setup`](Self::setup) and [`confirm`](Self::confirm). Until the new one is confirmed the old one works,
    /// and only it; [`cancel`](Self::cancel) leaves everything as it was.
    ///
    /// # Errors
    /// Those of [`resume`](Self::resume).
    pub async fn replace(&self, pass: &Pass) -> Result<Verdict<Ticket>, Error> {
        self.0.prove(pass, Purpose::Replace).await
    }
}
