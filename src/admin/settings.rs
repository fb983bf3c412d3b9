//! Changing an org's settings.

use crate::{
    admin::{Admin, authority, right::Proof},
    audit::{Act, EventKind},
    driver::{Loaded, Proposal, Stop},
    policy::{Policy, Settings},
    verdict::ActRefusal,
};

/// Writes settings over those of the revision that was seen.
pub(super) async fn change(admin: &Admin<'_>, seen: u64, to: Settings) -> Result<(), Stop<ActRefusal>> {
    if let Some(actor) = admin.actor().await? {
        if let Err(why) = authority::must_be_master_admin(&actor.person) {
            return Err(admin.deny(&actor, Act::ChangeSettings, why, None).await?.into());
        }
        actor.shows(Proof::FreshCode)?;
    }
    let core = admin.core();
    let policy = core.policy(&admin.org).await?;
    let Some(next) = policy.record.set(to, core.clock.now()) else {
        // What is set already is not written again, no matter who asked for it last, unless under another key (R17).
        return seal_anew(admin, policy).await;
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

/// Seals settings that are to stay as they are under the active key, if they are not. Whoever writes in between has decided
/// something else, which was not seen, or has sealed them.
async fn seal_anew(admin: &Admin<'_>, policy: Loaded<Policy>) -> Result<(), Stop<ActRefusal>> {
    let Loaded { record, revision: upon, under_active_key } = policy;
    if under_active_key {
        return Ok(());
    }
    let core = admin.core();
    let anew = Proposal { upon, next: &record, events: &[], ends_sessions: false };
    if core.write(&core.org_place(&admin.org), &anew).await?.is_some() {
        return Ok(());
    }
    let now = core.policy(&admin.org).await?;
    let is_done = now.under_active_key && now.record.settings == record.settings;
    if is_done { Ok(()) } else { Err(ActRefusal::SettingsMoved.into()) }
}
