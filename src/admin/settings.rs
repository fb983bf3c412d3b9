//! Changing an org's settings.

use crate::{
    admin::{Admin, authority, right::Proof},
    audit::{Act, EventKind},
    driver::{Loaded, Proposal, Stop},
    policy::Settings,
    verdict::ActRefusal,
};

/// Writes settings over those of the revision that was seen.
pub(super) async fn change(admin: &Admin<'_>, seen: u64, to: Settings) -> Result<(), Stop<ActRefusal>> {
    if let Some(actor) = admin.actor().await? {
        if let Err(why) = authority::must_be_master_admin(&actor.person) {
            return Err(admin.deny(&actor, Act::ChangeSettings, why).await?.into());
        }
        actor.shows(Proof::FreshCode)?;
    }
    let core = admin.core();
    let policy = core.policy(&admin.org).await?;
    let Some(next) = policy.record.set(to, core.clock.now()) else {
        // What is set already is not written again, no matter who asked for it last, unless under another key (R17).
        if !policy.under_active_key {
            let Loaded { record, revision, .. } = &policy;
            let anew = Proposal { upon: *revision, next: record, events: &[], ends_sessions: false };
            core.write(&core.org_place(&admin.org), &anew).await?;
        }
        return Ok(());
    };
    let from = Box::new(policy.record.settings);
    let kind = EventKind::SettingsChanged { from, to: Box::new(to), reason: admin.reason.clone() };
    let events = [admin.trace().event(core.clock.now(), &admin.org, None, kind)];
    let proposal = Proposal { upon: seen, next: &next, events: &events, ends_sessions: false };
    // The write itself compares the stored revision with `seen`, and is not tried again: the write in between decided
    // something that was not seen.
    let written = core.write(&core.org_place(&admin.org), &proposal).await?;
    written.map(drop).ok_or(ActRefusal::SettingsMoved.into())
}
