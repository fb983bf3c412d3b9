//! Recovery codes: signing in with one, renewing them, telling how many are left.

use crate::{
    account::{Account, Terms},
    driver::{Core, Holder, Trace},
    error::{Error, ErrorKind},
    seal::Generation,
    tokens::{Drawn, Means, Pass, RecoveryCodes},
    two_factor::{TwoFactor, pages::Recovered, request::Attempt},
    verdict::{Refusal, Verdict},
};

impl TwoFactor {
    /// Takes a recovery code in the place of the app's, with the ticket of [`check_in`](Self::check_in), and lets the
    /// user in. Each works once. Everything that was handed out before is void; the authenticator stays, and its codes
    /// go on working, until the user [replaces](Self::replace) it, for which this pass is enough while it is new, or is
    /// reset.
    ///
    /// Wrong ones count in a row of their own, under the same ceiling as wrong codes of the app. While one of the two
    /// rows is waiting or blocked, neither kind of code is looked at.
    ///
    /// ```
    /// # use countersign::{Attempt, Error, Pass, Recovered, Ticket, TwoFactor, Verdict};
    /// # async fn page(two_factor: &TwoFactor, ticket: &Ticket, typed: &str) -> Result<Option<Pass>, Error> {
    /// Ok(match two_factor.recover(Attempt::new(ticket, typed)).await? {
    ///     Verdict::Granted(Recovered { pass, left, .. }) => {
    ///         println!("signed in; recovery codes left: {left}");
    ///         Some(pass)
    ///     }
    ///     Verdict::Refused(refusal) => {
    ///         println!("{refusal}");
    ///         None
    ///     }
    /// })
    /// # }
    /// ```
    ///
    /// # Errors
    /// Those of [`verify`](Self::verify). After [`ErrorKind::OutcomeUnknown`] this code may be used up.
    pub async fn recover(&self, attempt: Attempt<'_>) -> Result<Verdict<Recovered>, Error> {
        let recovered = self.attempt(attempt, Means::RecoveryCode, |core, account, claims, code, terms| {
            Ok(account.recover(claims, code, Generation(core.draw()?), terms))
        });
        Ok(recovered.await?.map(|(pass, left)| Recovered { pass, left }))
    }

    /// Draws new recovery codes for a user who has just shown a code of his app: show them now, they are never shown
    /// again. None of the old ones works any more.
    ///
    /// # Errors
    /// Those of [`resume`](Self::resume), [`ErrorKind::Contended`] and [`ErrorKind::OutcomeUnknown`]: the old ones may
    /// be void and the new ones nobody's; do it again.
    pub async fn renew_recovery_codes(&self, pass: &Pass) -> Result<Verdict<RecoveryCodes>, Error> {
        let core = &*self.0;
        let session = &pass.session;
        let (person, before) = match core.holder(session).await? {
            None => return Ok(Verdict::Refused(Refusal::SessionOver)),
            Some(Holder { before: None, .. }) => return Ok(Verdict::Refused(Refusal::EnrollFirst)),
            Some(Holder { person, before: Some(before) }) => (person, before),
        };
        let terms = before.terms(core);
        if let Err(refusal) = before.account().may_prove(terms) {
            return Ok(Verdict::Refused(refusal));
        }
        if !session.shows_fresh_code(terms.policy, terms.now) {
            return Ok(Verdict::Refused(Refusal::FreshCodeNeeded));
        }
        // Asked again upon what is about to be overwritten: a reset may have come in between.
        let renew = |account: Account, terms: Terms<'_>| {
            Ok(account.renew_recovery_codes(session.generation, core.recovery_codes()?, terms))
        };
        Ok(match core.decide(&person, &Trace::of_pass(pass), renew).await?.reply {
            Ok(codes) => Verdict::Granted(codes),
            Err(refusal) => Verdict::Refused(refusal),
        })
    }

    /// Tells how many recovery codes a user who is signed in has left, for the page on which he renews them.
    /// [`Refusal::EnrollFirst`] if he has no authenticator that counts.
    ///
    /// # Errors
    /// Those of [`resume`](Self::resume).
    pub async fn recovery_codes_left(&self, pass: &Pass) -> Result<Verdict<u32>, Error> {
        let core = &*self.0;
        Ok(match core.holder(&pass.session).await? {
            None => Verdict::Refused(Refusal::SessionOver),
            Some(Holder { before: None, .. }) => Verdict::Refused(Refusal::EnrollFirst),
            Some(Holder { before: Some(before), .. }) => {
                match before.account().recovery_codes_left(before.terms(core)) {
                    Ok(left) => Verdict::Granted(left),
                    Err(refusal) => Verdict::Refused(refusal),
                }
            }
        })
    }
}

impl Core {
    /// A new set of recovery codes.
    pub(crate) fn recovery_codes(&self) -> Result<Drawn, Error> {
        Drawn::draw(&*self.random)
            .map_err(|source| Error::from_source(ErrorKind::Unavailable, "drawing recovery codes", source))
    }
}
