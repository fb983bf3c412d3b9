//! The manual's steps after a loss, taken upon what an asynchronous failover has really lost.

use std::{path::Path, time::Duration};

use countersign::{
    Requirement, Stamp, Timestamp, Verdict,
    store::postgres::PostgresStore,
    testing::{Authenticator, ManualClock},
};

use crate::{
    Failure,
    portal::{self, ACME, GLOBEX, Portal, RACERS},
};

/// The user whose phone and session are stolen.
const ROBBED: &str = "robbed";

/// What a thief has of them.
pub(crate) struct Stolen {
    portal: Portal<ManualClock>,
    app: Authenticator,
    stamp: Stamp,
}

impl Stolen {
    /// Enrolls the user and signs them in.
    pub(crate) async fn from_somebody(store: PostgresStore, now: Timestamp) -> Result<Self, Failure> {
        let clock = ManualClock::at(now);
        let portal = Portal::new(store, clock.clone(), None)?;
        let key = portal.enroll(ROBBED).await?.ok_or("the first enrollment is refused")?;
        let app = Authenticator::with_key(&key)?;
        clock.advance(Duration::from_secs(30));
        let stamp = sign_in(&portal, ROBBED, &app.code(&clock)).await?.ok_or("the first login is refused")?;
        Ok(Self { portal, app, stamp })
    }

    /// Resets the user, which ends all of it.
    pub(crate) async fn report(&self) -> Result<(), Failure> {
        self.portal.reset(ROBBED).await?.into_result()?;
        if self.portal.resumes(&self.stamp).await? {
            return Err("a reset has ended nothing".into());
        }
        Ok(())
    }
}

/// Takes the steps, and returns what is not as the manual says.
pub(crate) async fn take_the_steps(
    store: PostgresStore,
    keys: &Path,
    stolen: &Stolen,
    now: Timestamp,
) -> Result<Vec<String>, Failure> {
    let clock = ManualClock::at(now);
    let portal = Portal::new(store, clock.clone(), None)?;
    let apps = portal::authenticators(keys)?;
    let mut wrong = Vec::new();
    // The loss has brought back what the thief has.
    if !portal.resumes(&stolen.stamp).await? {
        wrong.push("the stolen session has not come back".to_owned());
    }
    let mut stamps = vec![(ROBBED, stolen.stamp.clone())];
    match sign_in(&portal, ROBBED, &stolen.app.code(&clock)).await? {
        Some(stamp) => stamps.push((ROBBED, stamp)),
        None => wrong.push("the stolen authenticator has not come back".to_owned()),
    }
    let mut spent = vec![(ROBBED, stolen.app.code(&clock))];
    for user in RACERS {
        portal.unlock(user).await?.into_result()?;
        let code = apps[user].code(&clock);
        stamps.extend(sign_in(&portal, user, &code).await?.map(|stamp| (user, stamp)));
        spent.push((user, code));
    }

    // 1. Wait. 2. Each org's requirement is as it should be. 3. A new epoch, which ends the sessions.
    clock.advance(Duration::from_mins(3));
    for (of, to) in [(ACME, Requirement::On), (GLOBEX, Requirement::Off)] {
        portal.require(of, to).await?.into_result()?;
        portal.begin_epoch_ending_sessions(of).await?;
    }

    for (user, stamp) in stamps {
        if portal.resumes(&stamp).await? {
            wrong.push(format!("a session of {user} from before goes on"));
        }
    }
    spent.push((ROBBED, stolen.app.code(&clock)));
    for (user, code) in spent {
        if let Some(verdict) = portal.log_in(user, &code).await? {
            wrong.push(format!("{user} is asked for a code of the authenticator from before: {verdict:?}"));
        }
    }
    for user in RACERS.into_iter().chain([ROBBED]) {
        let key = portal.enroll(user).await?.ok_or("nobody enrolls again")?;
        clock.advance(Duration::from_secs(30));
        let code = Authenticator::with_key(&key)?.code(&clock);
        if sign_in(&portal, user, &code).await?.is_none() {
            wrong.push(format!("{user} does not get in again"));
        }
    }
    Ok(wrong)
}

/// Signs somebody in, and returns the stamp of the session; `None` if they do not get in.
async fn sign_in(portal: &Portal<ManualClock>, user: &str, code: &str) -> Result<Option<Stamp>, Failure> {
    Ok(match portal.log_in(user, code).await? {
        Some(Verdict::Granted(pass)) => Some(pass.stamp().clone()),
        Some(Verdict::Refused(_)) | None => None,
    })
}
