//! What the manual says to do after a loss of which nobody can tell what it was, done on the database that is left.

use std::{path::Path, time::Duration};

use countersign::{Clock as _, Timestamp, Verdict, store::postgres::PostgresStore, testing::ManualClock};

use crate::{
    Failure,
    portal::{self, Portal, RACERS},
};

/// Follows it, step by step, and fails if anything of before is worth something afterwards, or somebody cannot enroll again.
pub(crate) async fn follow(store: &PostgresStore, keys: &Path, now: Timestamp) -> Result<(), Failure> {
    let clock = ManualClock::at(now);
    let portal = Portal::new(store.clone(), clock.clone(), None)?;
    let apps = portal::authenticators(keys)?;
    let mut sessions = Vec::new();
    for user in RACERS {
        portal.unlock(user).await?.into_result()?;
        clock.advance(Duration::from_secs(30));
        if let Some(Verdict::Granted(pass)) = portal.log_in(user, &apps[user].code(&clock)).await? {
            sessions.push(pass);
        }
    }
    if sessions.is_empty() {
        return Err("nobody has a session before the runbook, so nothing of before can be seen to end".into());
    }
    // Wait until the windows of all codes from before are over.
    clock.advance(Duration::from_mins(2));
    // A new epoch, which ends the sessions.
    portal.begin_epoch().await?;
    for pass in &sessions {
        if portal.goes_on(pass).await? {
            return Err(format!("a session of {} goes on after the runbook", pass.user()).into());
        }
    }
    for user in RACERS {
        let code = apps[user].code_at(clock.now());
        if let Some(answer) = portal.log_in(user, &code).await? {
            return Err(format!("{user} is asked for a code of before, and gets {answer:?}").into());
        }
        portal.enroll(user).await?.ok_or_else(|| format!("{user} cannot enroll again"))?;
    }
    Ok(())
}
