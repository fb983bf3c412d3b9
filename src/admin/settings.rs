//! Changing an org's settings: by a Master Admin with his pass (R13), by the vendor's support with a reason.

use crate::{
    admin::{authority, support::Support},
    audit::{Act, EventKind, Reason},
    driver::{Core, Proposal, Trace},
    error::Error,
    policy::Settings,
    tokens::Pass,
    two_factor::TwoFactor,
    verdict::{Refusal, Verdict},
    who::OrgId,
};

impl TwoFactor {
    /// Changes the settings of the Master Admin's own org. They hold from then on, for everybody: waits and the hard
    /// stop from the next code on, lifetimes for what is handed out from then on, what is asked of sessions and of
    /// administration at once. No epoch begins: whoever is enrolled stays so.
    ///
    /// `seen` is the [`revision`](crate::InForce::revision) that the Master Admin was looking at. If somebody decided
    /// something in between, this is refused with [`Refusal::SettingsMoved`], so that of two admins none undoes
    /// unknowingly what the other has just done.
    ///
    /// ```
    /// # use countersign::{Error, InForce, OrgId, Pass, Settings, TwoFactor, Verdict};
    /// # async fn page(two_factor: &TwoFactor, pass: &Pass) -> Result<(), Error> {
    /// // The page shows what is in force, and keeps its revision in the form …
    /// let InForce { settings, revision, .. } = two_factor.settings(pass.org()).await?;
    /// // … and what comes back is validated before it gets here.
    /// let Ok(stricter) = settings.with_hard_stop(5) else { return Ok(()) };
    /// match two_factor.change_settings(pass, revision, stricter).await? {
    ///     Verdict::Granted(()) => { /* they hold */ }
    ///     Verdict::Refused(refusal) => { /* a code is needed, or look again */ }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Those of [`reset`](Self::reset).
    pub async fn change_settings(&self, pass: &Pass, seen: u64, to: Settings) -> Result<Verdict<()>, Error> {
        let core = &*self.0;
        let trace = Trace::of_pass(pass);
        let actor = match core.actor(pass).await? {
            Ok(actor) => actor,
            Err(refusal) => return Ok(Verdict::Refused(refusal)),
        };
        if let Err(why) = authority::must_be_master_admin(&actor.person) {
            return core.deny(&actor, &trace, Act::ChangeSettings, why).await.map(Verdict::Refused);
        }
        if actor.needs_fresh_code(pass) {
            return Ok(Verdict::Refused(Refusal::FreshCodeNeeded));
        }
        core.set(pass.org(), &trace, seen, to, None).await
    }
}

impl Support {
    /// Changes an org's settings. `seen` is as with [`TwoFactor::change_settings`].
    ///
    /// # Errors
    /// Those of [`TwoFactor::change_settings`].
    pub async fn change_settings(
        &self,
        org: &OrgId,
        seen: u64,
        to: Settings,
        reason: &Reason,
    ) -> Result<Verdict<()>, Error> {
        self.two_factor.0.set(org, &self.trace(), seen, to, Some(reason)).await
    }
}

impl Core {
    /// Writes settings over those of the revision that was seen.
    async fn set(
        &self,
        org: &OrgId,
        trace: &Trace,
        seen: u64,
        to: Settings,
        reason: Option<&Reason>,
    ) -> Result<Verdict<()>, Error> {
        let policy = self.policy(org).await?;
        // What holds already is not written again, whoever asked for it last.
        let Some(next) = policy.record.set(to) else {
            return Ok(Verdict::Granted(()));
        };
        let from = Box::new(policy.record.settings);
        let kind = EventKind::SettingsChanged { from, to: Box::new(to), reason: reason.cloned() };
        let events = [trace.event(self.clock.now(), org, None, kind)];
        let proposal = Proposal { upon: seen, next: &next, events: &events, ends_sessions: false };
        // The write itself compares what was seen with what is there, and is not tried anew: whoever got in between
        // decided something that was not seen.
        Ok(match self.write(&self.org_place(org), &proposal).await? {
            Some(_) => Verdict::Granted(()),
            None => Verdict::Refused(Refusal::SettingsMoved),
        })
    }
}
