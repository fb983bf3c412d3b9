//! Probation: the time after a recovery in which the account administers nothing (R13).
//!
//! A sheet of recovery codes can be copied and lie about for years. Whoever has it and the password regains the account,
//! binds an authenticator of their own and shows right codes from then on. So for a while no code of the account is worth
//! more than its own login, whatever becomes of it: it is replaced again, withdrawn, off and on.

use super::{Account, Answer, Decision, Terms};
use crate::{
    audit::{EventKind, Reason},
    time::Timestamp,
    tokens::{Authenticator, AuthenticatorId},
    verdict::ActRefusal,
};

impl Account {
    /// Begins it. One that runs already is not shortened, not even by an org that has none any more.
    pub(super) fn begin_probation(&mut self, terms: Terms<'_>) -> Option<Timestamp> {
        let until = Some(terms.now.after(terms.settings().probation())).filter(|until| *until > terms.now);
        self.probation_until = self.probation_until.filter(|running| *running > terms.now).max(until);
        self.probation_until
    }

    /// Refuses what an account on probation may not do.
    pub(crate) fn is_trusted(&self, now: Timestamp) -> Result<(), ActRefusal> {
        match self.probation_until {
            Some(until) if now < until => Err(ActRefusal::OnProbation { until }),
            _ => Ok(()),
        }
    }

    /// Returns the authenticator that counts now, as it is shown to an admin.
    pub(crate) fn authenticator(&self, terms: Terms<'_>) -> Option<Authenticator> {
        self.enrolled(terms.policy).map(|live| Authenticator {
            id: live.id,
            since: live.since,
            last_used: live.last_used,
            probation_until: self.probation_until.filter(|until| terms.now < *until),
        })
    }

    /// Ends it, on the word of somebody who has made sure whose authenticator it is: the one that they saw.
    pub(crate) fn vouch(
        mut self,
        seen: AuthenticatorId,
        reason: Option<Reason>,
        terms: Terms<'_>,
    ) -> Answer<(), ActRefusal> {
        if self.enrolled(terms.policy).is_none_or(|live| live.id != seen) {
            return Decision::reply(Err(ActRefusal::AuthenticatorMoved));
        }
        if self.is_trusted(terms.now).is_ok() {
            return Decision::reply(Ok(()));
        }
        self.probation_until = None;
        Decision::write(self, vec![EventKind::Vouched { reason }], Ok(()))
    }
}
