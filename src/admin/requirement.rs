//! Switching an org's requirement.

use crate::{
    admin::{Admin, authority, right::Proof},
    audit::{Act, Denied, EventKind},
    driver::{Proposal, Stop, TRIES, contended},
    error::Error,
    policy::Requirement,
    store::Known,
    verdict::ActRefusal,
};

pub(super) async fn require(admin: &Admin<'_>, to: Requirement) -> Result<(), Stop<ActRefusal>> {
    let Some(actor) = admin.actor().await? else {
        if to == Requirement::Mandated && admin.core().knows(&admin.org).await? == Known::No {
            return Err(ActRefusal::Denied(Denied::NoSuchOrg).into());
        }
        // The vendor may switch from anything to anything.
        return Ok(switch(admin, to, |_| Ok(())).await?.map_err(ActRefusal::Denied)?);
    };
    let may = |now| authority::may_switch(&actor.person, now, to);
    if let Err(why) = may(actor.requirement()) {
        return Err(admin.deny(&actor, Act::Require, why, None).await?.into());
    }
    actor.shows(Proof::FreshCode)?;
    // Checked again for what is about to be overwritten: the vendor may have mandated it just now.
    match switch(admin, to, may).await? {
        Ok(()) => Ok(()),
        Err(why) => Err(admin.deny(&actor, Act::Require, why, None).await?.into()),
    }
}

/// Switches the requirement, if `may` allows it for the requirement at that moment.
async fn switch(
    admin: &Admin<'_>,
    to: Requirement,
    may: impl Fn(Requirement) -> Result<(), Denied>,
) -> Result<Result<(), Denied>, Error> {
    let core = admin.core();
    let mut upon = 0;
    for _ in 0..TRIES {
        let policy = core.policy(&admin.org).await?;
        upon = policy.revision;
        let from = policy.record.requirement;
        if let Err(why) = may(from) {
            return Ok(Err(why));
        }
        let next = policy.record.switched(to, core.draw()?, core.clock.now());
        let event = next.map(|next| {
            let kind = EventKind::RequirementChanged {
                from,
                to,
                epoch: next.epoch,
                sessions: next.settings.running_sessions(),
                reason: admin.reason.clone(),
            };
            admin.trace().event(core.clock.now(), &admin.org, None, kind)
        });
        // What changes nothing is written nevertheless, if it seals the settings under another key (R17).
        if next.is_none() && policy.under_active_key {
            return Ok(Ok(()));
        }
        let next = next.unwrap_or(policy.record);
        let proposal = Proposal { upon, next: &next, events: event.as_slice(), ends_sessions: false };
        if core.write(&core.org_place(&admin.org), &proposal).await?.is_some() {
            return Ok(Ok(()));
        }
    }
    Err(contended("writing an org's settings", upon))
}
