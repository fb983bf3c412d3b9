//! Resetting many: one after the other, each told for himself, and to be gone on with after an interruption.

mod outcome;
mod whom;

use std::fmt;

pub use self::{
    outcome::{Outcome, ResetOf},
    whom::Whom,
};
use crate::{
    account::{Account, Decision, Found},
    admin::{accounts::InternalActor, authority, support::Support},
    audit::{Act, Actor, Denied, EventKind, Operator, Reason, Remedy},
    driver::{Core, Trace},
    error::Error,
    time::Timestamp,
    tokens::Pass,
    two_factor::TwoFactor,
    verdict::{Refusal, Verdict},
    who::{OrgId, Person, UserId},
};

impl TwoFactor {
    /// Begins to reset many internal users of the Master Admin's own org. Nothing happens before
    /// [`next`](BulkReset::next) is called, and then to one after the other.
    ///
    /// ```
    /// # async fn lost_bus(two_factor: &countersign::TwoFactor, pass: &countersign::Pass, users: Vec<countersign::UserId>)
    /// # -> Result<(), countersign::Error> {
    /// use countersign::{Verdict, Whom};
    ///
    /// let mut run = two_factor.reset_many(pass, Whom::these(users)).dry_run();
    /// loop {
    ///     match run.next().await? {
    ///         Verdict::Granted(Some(one)) => println!("{}: {}", one.user, one.outcome),
    ///         Verdict::Granted(None) => return Ok(()),
    ///         Verdict::Refused(refusal) => return Ok(println!("stopped: {refusal}")),
    ///     }
    /// }
    /// # }
    /// ```
    pub fn reset_many<'p>(&self, pass: &'p Pass, whom: Whom) -> BulkReset<'p> {
        BulkReset::new(self, pass.org(), Authority::Admin(pass), whom)
    }
}

impl Support {
    /// Begins to reset many users of an org, Master Admins among them. See [`BulkReset`].
    pub fn reset_many(&self, org: &OrgId, whom: Whom, reason: &Reason) -> BulkReset<'static> {
        let authority = Authority::Operator(self.operator.clone(), reason.clone());
        BulkReset::new(&self.two_factor, org, authority, whom)
    }
}

/// A run that resets many users, each in a write and with an event of his own.
///
/// *Authority* is looked at anew for each (R13): a Master Admin who is demoted, reset or signed out in the middle
/// stops there, and so does one whose code grows old. [`go_on_with`](Self::go_on_with) a fresh pass.
///
/// *Interrupted*, a run is begun again with the same users and the [`begun_at`](Self::begun_at) of the first one
/// ([`go_on_from`](Self::go_on_from)): who was reset by then has nothing to reset, and who has begun to enroll anew
/// since then is left alone. No journal is needed, as every record knows when it was enrolled.
#[must_use = "nobody is reset before `next` is called"]
pub struct BulkReset<'p> {
    two_factor: TwoFactor,
    org: OrgId,
    authority: Authority<'p>,
    whom: Whom,
    /// Who is in hand. He stays so when a call is dropped in the middle, and comes again at the next.
    current: Option<UserId>,
    begun_at: Timestamp,
    is_dry: bool,
    remedy: Remedy,
}

enum Authority<'p> {
    Admin(&'p Pass),
    Operator(Operator, Reason),
}

impl<'p> BulkReset<'p> {
    fn new(two_factor: &TwoFactor, org: &OrgId, authority: Authority<'p>, whom: Whom) -> Self {
        let begun_at = two_factor.0.clock.now();
        let (two_factor, org) = (two_factor.clone(), org.clone());
        Self {
            two_factor,
            org,
            authority,
            whom,
            current: None,
            begun_at,
            is_dry: false,
            remedy: Remedy::None,
        }
    }

    /// Only tells what would become of each: nobody is reset and nothing is written, no event either. It wants the role,
    /// and no fresh code.
    pub fn dry_run(mut self) -> Self {
        self.is_dry = true;
        self
    }

    /// States that the passwords of all of them have been changed: those are reset too whose accounts are blocked, as
    /// [`reset_with_new_password`](TwoFactor::reset_with_new_password) does with one. Change them first.
    pub fn with_new_passwords(mut self) -> Self {
        self.remedy = Remedy::NewPassword;
        self
    }

    /// Goes on with a run that was begun at that time, in another process perhaps.
    pub fn go_on_from(mut self, begun_at: Timestamp) -> Self {
        self.begun_at = begun_at;
        self
    }

    /// When this run was begun: keep it, to go on if it is interrupted.
    pub fn begun_at(&self) -> Timestamp {
        self.begun_at
    }

    /// Another pass, of the same org: for a run that stopped at [`Refusal::FreshCodeNeeded`].
    pub fn go_on_with(&mut self, pass: &'p Pass) {
        self.authority = Authority::Admin(pass);
    }

    /// Resets the next one, and tells what became of it; `None` after the last. A refusal is of the Master Admin
    /// himself: nobody was reset by this call, and the next call begins with the same user.
    ///
    /// # Errors
    /// What concerns one user is an [`Outcome`]. An error is of what concerns all, the roster, the settings or the Master
    /// Admin's own record: [`NoRoster`](crate::ErrorKind::NoRoster), [`Unavailable`](crate::ErrorKind::Unavailable) and
    /// [`Unreadable`](crate::ErrorKind::Unreadable). The next call tries again.
    pub async fn next(&mut self) -> Result<Verdict<Option<ResetOf>>, Error> {
        let actor = match self.actor().await? {
            Ok(actor) => actor,
            Err(refusal) => return Ok(Verdict::Refused(refusal)),
        };
        let Some(user) = self.upcoming(actor.as_ref()).await? else { return Ok(Verdict::Granted(None)) };
        let outcome = self.reset(actor, &user).await.unwrap_or_else(Outcome::Failed);
        self.current = None;
        Ok(Verdict::Granted(Some(ResetOf { user, outcome })))
    }

    /// Who acts, at this moment; nobody's user is an operator.
    async fn actor(&self) -> Result<Result<Option<InternalActor>, Refusal>, Error> {
        let core = &*self.two_factor.0;
        let Authority::Admin(pass) = &self.authority else { return Ok(Ok(None)) };
        if *pass.org() != self.org {
            return Ok(Err(Refusal::Denied(Denied::NotInThisOrg)));
        }
        let actor = match core.actor(pass).await? {
            Ok(actor) => actor,
            Err(refusal) => return Ok(Err(refusal)),
        };
        if let Err(why) = authority::must_be_master_admin(&actor.person) {
            return self.deny(&actor, why).await.map(|denied| Err(Refusal::Denied(denied)));
        }
        if !self.is_dry && actor.needs_fresh_code(pass) {
            return Ok(Err(Refusal::FreshCodeNeeded));
        }
        Ok(Ok(Some(actor)))
    }

    /// Refuses, and records it on the actor's own record (R10), unless the run is dry.
    async fn deny(&self, actor: &InternalActor, why: Denied) -> Result<Denied, Error> {
        if !self.is_dry {
            self.two_factor.0.deny(actor, &self.trace(), Act::Reset, why).await?;
        }
        Ok(why)
    }

    fn trace(&self) -> Trace {
        match &self.authority {
            Authority::Admin(pass) => Trace::of_pass(pass),
            Authority::Operator(operator, _) => Trace::of(Actor::Operator(operator.clone())),
        }
    }

    /// Who is in hand, or else the next one. Of everybody, the Master Admin himself is left out.
    async fn upcoming(&mut self, actor: Option<&InternalActor>) -> Result<Option<UserId>, Error> {
        while self.current.is_none() {
            let Some(user) = self.whom.next(&self.two_factor.0, &self.org).await? else { return Ok(None) };
            let is_himself = actor.is_some_and(|actor| actor.person.id == user);
            self.current = Some(user).filter(|_| self.whom.is_named() || !is_himself);
        }
        Ok(self.current.clone())
    }

    async fn reset(&self, actor: Option<InternalActor>, user: &UserId) -> Result<Outcome, Error> {
        let core = &*self.two_factor.0;
        let found = core.find(&self.org, user).await?;
        let (may, reason) = match (&self.authority, &actor) {
            (Authority::Operator(_, reason), _) => (authority::may_be_reset(found), Some(reason)),
            (Authority::Admin(_), Some(actor)) => (authority::may_touch(&actor.person, found), None),
            (Authority::Admin(_), None) => (Err(Denied::NotMasterAdmin), None),
        };
        match (may, actor) {
            (Ok(target), _) => core.reset_if_due(&target, self, reason).await,
            (Err(why), Some(actor)) => self.deny(&actor, why).await.map(Outcome::Denied),
            (Err(why), None) => Ok(Outcome::Denied(why)),
        }
    }
}

impl Core {
    /// Like [`reset`](Self::reset), of an account that has something to reset from before the run.
    async fn reset_if_due(
        &self,
        target: &Person,
        run: &BulkReset<'_>,
        reason: Option<&Reason>,
    ) -> Result<Outcome, Error> {
        let settings = self.settings_or_first(&target.org).await?;
        let BulkReset { begun_at, is_dry, remedy, .. } = *run;
        let event = EventKind::Reset { remedy, reason: reason.cloned() };
        let reset = |account: Option<Account>, next, _| {
            // What cannot be read can be reset all the same.
            let found = account.map_or(Found::ToReset, |account| account.found_by_run(begun_at, &settings));
            Ok(match found {
                Found::Nothing => Decision::reply(Outcome::NothingToReset),
                Found::BegunAnew => Decision::reply(Outcome::EnrollsAnew),
                Found::PasswordKnown if remedy == Remedy::None => Decision::reply(Outcome::PasswordKnown),
                Found::PasswordKnown | Found::ToReset if is_dry => Decision::reply(Outcome::WouldReset),
                Found::PasswordKnown | Found::ToReset => {
                    Account::reset(next, event.clone()).map(|()| Outcome::Reset)
                }
            })
        };
        self.overwrite(target, &run.trace(), reset).await
    }
}

impl fmt::Debug for BulkReset<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BulkReset")
            .field("org", &self.org)
            .field("begun_at", &self.begun_at)
            .field("is_dry", &self.is_dry)
            .finish_non_exhaustive()
    }
}
