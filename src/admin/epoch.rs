//! Beginning a new epoch: everybody enrolls again, without a moment in which nothing is asked.

use crate::{
    admin::{Admin, authority, right::Proof},
    audit::{Act, EventKind},
    driver::{Proposal, Stop, TRIES, contended},
    policy::Epoch,
    verdict::ActRefusal,
};

/// A new epoch, for [`Admin::begin_epoch`](super::Admin::begin_epoch).
///
/// ```
/// # fn form(seen: countersign::policy::Epoch) -> countersign::admin::NewEpoch {
/// use countersign::admin::NewEpoch;
/// NewEpoch::after(seen).ending_sessions()
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "it begins with `begin_epoch`"]
pub struct NewEpoch {
    after: Epoch,
    ends_sessions: bool,
    by_invitation: bool,
}

impl NewEpoch {
    /// Creates the one that follows the epoch which was seen: the [`epoch`](crate::policy::OrgPolicy::epoch) that the page
    /// was showing.
    pub const fn after(seen: Epoch) -> Self {
        Self { after: seen, ends_sessions: false, by_invitation: false }
    }

    /// Ends all sessions of internal users at once and for good, that of whoever begins it among them.
    pub const fn ending_sessions(mut self) -> Self {
        self.ends_sessions = true;
        self
    }

    /// Asks for an invitation from everybody who enrolls, in the same write: between the two, a thief who has a password
    /// would enroll first.
    pub const fn by_invitation(mut self) -> Self {
        self.by_invitation = true;
        self
    }
}

/// Decides only upon the epoch that was seen. Sent twice, or again after an unknown outcome, it begins once.
pub(super) async fn begin(admin: &Admin<'_>, new: NewEpoch) -> Result<Epoch, Stop<ActRefusal>> {
    let actor = admin.actor().await?;
    if let Some(actor) = &actor {
        if let Err(why) = authority::must_be_master_admin(&actor.person) {
            return Err(admin.deny(actor, Act::BeginEpoch, why, None).await?.into());
        }
        actor.shows(Proof::FreshCode)?;
    }
    let core = admin.core();
    let mut upon = 0;
    for _ in 0..TRIES {
        let policy = core.policy(&admin.org).await?;
        upon = policy.revision;
        let (before, now) = (policy.record, core.clock.now());
        if before.epoch != new.after {
            return Err(ActRefusal::SettingsMoved.into());
        }
        let settings =
            if new.by_invitation { before.settings.with_invitation_required(true) } else { before.settings };
        let mut next = before.set(settings, now).unwrap_or(before);
        if actor.is_some() {
            // The Master Admins would have to be invited themselves, by one who has enrolled.
            if settings.invitation_required() && before.requirement.asks() {
                return Err(ActRefusal::NobodyCouldInvite.into());
            }
            next = next.begun_by_admin(now).map_err(|until| ActRefusal::TooManyEpochs { until })?;
        }
        let next = next.in_new_epoch(core.draw()?, now, new.ends_sessions);
        let kind = EventKind::EpochBegun {
            epoch: next.epoch,
            ends_sessions: next.sessions_from == next.epoch.counter,
            by_invitation: settings.invitation_required(),
            reason: admin.reason.clone(),
        };
        let events = [admin.trace().event(now, &admin.org, None, kind)];
        let proposal = Proposal { upon, next: &next, events: &events, ends_sessions: false };
        if core.write(&core.org_place(&admin.org), &proposal).await?.is_some() {
            return Ok(next.epoch);
        }
    }
    Err(contended("writing an org's settings", upon).into())
}
