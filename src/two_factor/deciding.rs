//! How a command is decided: who asks, what is stored about him, what the state machine makes of it, and the write
//! that has to be acknowledged before anybody hears the answer.

use futures_lite::future::zip;

use super::{
    Core,
    commit::{Loaded, OrgPlace, Proposal, UserPlace},
};
use crate::{
    account::{Account, Decision, Terms, Write},
    error::{Error, ErrorKind},
    event::{Actor, Event, EventKind, Origin, Purpose},
    generation::Generation,
    pass::{Means, Pass, Session, Witness},
    policy::Policy,
    ticket::{Ticket, TicketClaims, TicketId},
    time::Timestamp,
    verdict::{Refusal, Verdict},
    who::{OrgId, Person, Role, UserId},
};

/// How often a write is tried anew because the record had changed in the meantime. Each time somebody else got
/// through, and few can: after as many wrong codes an account looks at no more of them.
pub(super) const TRIES: u32 = 16;

/// Who did it and from where, for the events of one call.
pub(super) struct Trace {
    by: Actor,
    seen_from: Option<Origin>,
    checked_in_from: Option<Origin>,
}

impl Trace {
    pub(super) fn of(by: Actor) -> Self {
        Self { by, seen_from: None, checked_in_from: None }
    }

    pub(super) fn of_check_in(person: &Person, seen_from: Option<Origin>) -> Self {
        Self { by: Actor::User(person.id.clone()), seen_from, checked_in_from: None }
    }

    pub(super) fn of_bearer(claims: &TicketClaims, seen_from: Option<Origin>) -> Self {
        let by = Actor::User(claims.user.clone());
        Self { by, seen_from, checked_in_from: claims.checked_in_from.clone() }
    }

    pub(super) fn of_pass(pass: &Pass) -> Self {
        let by = Actor::User(pass.user().clone());
        Self { by, seen_from: pass.seen_from.clone(), checked_in_from: None }
    }

    pub(super) fn event(&self, at: Timestamp, org: &OrgId, user: Option<&UserId>, kind: EventKind) -> Event {
        Event {
            at,
            org: org.clone(),
            user: user.cloned(),
            by: self.by.clone(),
            kind,
            seen_from: self.seen_from.clone(),
            checked_in_from: self.checked_in_from.clone(),
        }
    }
}

/// To what everything that is handed out is bound, and by what it ends: the user's generation, the org's epoch and
/// settings.
#[derive(Clone, Copy)]
pub(super) struct Trust {
    pub(super) generation: Generation,
    pub(super) policy: Policy,
}

/// Everything by which a command is decided, as it was read at one time.
pub(super) struct Before {
    pub(super) account: Loaded<Account>,
    pub(super) policy: Policy,
    pub(super) now: Timestamp,
}

impl Before {
    pub(super) fn account(&self) -> &Account {
        &self.account.record
    }

    pub(super) fn trust(&self) -> Trust {
        Trust { generation: self.account().generation, policy: self.policy }
    }

    pub(super) fn terms<'a>(&'a self, core: &'a Core) -> Terms<'a> {
        Terms { now: self.now, policy: &self.policy, codes: &core.codes }
    }
}

/// A command that was decided, and whose write, if it had one, was acknowledged.
pub(super) struct Decided<R> {
    pub(super) reply: R,
    pub(super) policy: Policy,
    pub(super) now: Timestamp,
    pub(super) witness: Witness,
}

/// The user of a session that still holds. A customer has nothing that would have to be read.
pub(super) struct Holder {
    pub(super) person: Person,
    pub(super) before: Option<Before>,
}

impl Core {
    /// The user that the directory has under this id. One of another org is none of ours.
    pub(super) async fn find(&self, org: &OrgId, user: &UserId) -> Result<Option<Person>, Error> {
        let unavailable = |source| Error::from_source(ErrorKind::Unavailable, "looking up a user", source);
        let person = self.directory.find(org, user).await.map_err(unavailable)?;
        Ok(person.filter(|person| person.org == *org))
    }

    pub(super) async fn known(&self, org: &OrgId, user: &UserId) -> Result<Person, Error> {
        let unknown = || Error::new(ErrorKind::UnknownUser, "looking up a user");
        self.find(org, user).await?.ok_or_else(unknown)
    }

    pub(super) fn place<'a>(&'a self, person: &'a Person) -> UserPlace<'a> {
        UserPlace { store: &*self.store, org: &person.org, user: &person.id }
    }

    pub(super) fn org_place<'a>(&'a self, org: &'a OrgId) -> OrgPlace<'a> {
        OrgPlace { store: &*self.store, org }
    }

    pub(super) async fn policy(&self, org: &OrgId) -> Result<Loaded<Policy>, Error> {
        self.load(&self.org_place(org), self.at_first).await
    }

    /// Reads account and policy, at the same time. An account from a later epoch than the policy means that the
    /// policy was read from somewhere stale: it is read once more, and then this is an error (R6).
    pub(super) async fn before(&self, person: &Person) -> Result<Before, Error> {
        for _ in 0..2 {
            let place = self.place(person);
            let (account, policy) =
                zip(self.load(&place, Account::never_written()), self.policy(&person.org)).await;
            let (account, policy) = (account?, policy?.record);
            if !account.record.is_ahead_of(&policy) {
                return Ok(Before { account, policy, now: self.clock.now() });
            }
        }
        Err(Error::new(ErrorKind::Unavailable, "reading settings that are older than the user's record"))
    }

    /// Loads, lets `command` decide, and writes what it demands; anew if somebody else wrote in between. The
    /// reply is not seen by anybody before the write was acknowledged (R2, R4).
    pub(super) async fn decide<R>(
        &self,
        person: &Person,
        trace: &Trace,
        command: impl Fn(Account, Terms<'_>) -> Result<Decision<R>, Error>,
    ) -> Result<Decided<R>, Error> {
        for _ in 0..TRIES {
            let Before { account: Loaded { record, revision }, policy, now } = self.before(person).await?;
            let terms = Terms { now, policy: &policy, codes: &self.codes };
            let Decision { write, reply } = command(record, terms)?;
            let witness = match write {
                None => Some(Witness::nothing_to_write()),
                Some(write) => self.write_account(person, revision, write, trace, now).await?,
            };
            if let Some(witness) = witness {
                return Ok(Decided { reply, policy, now, witness });
            }
        }
        Err(Error::new(ErrorKind::Contended, "writing a record"))
    }

    pub(super) async fn write_account(
        &self,
        person: &Person,
        upon: u64,
        write: Write,
        trace: &Trace,
        now: Timestamp,
    ) -> Result<Option<Witness>, Error> {
        let event = |kind| trace.event(now, &person.org, Some(&person.id), kind);
        let events: Vec<Event> = write.events.into_iter().map(event).collect();
        let proposal =
            Proposal { upon, next: &write.next, events: &events, ends_sessions: write.ends_sessions };
        self.write(&self.place(person), &proposal).await
    }

    /// What a ticket says and whom it is for, if it is one of ours, of a user who is still there and internal.
    pub(super) async fn bearer(&self, ticket: &Ticket) -> Result<Option<(TicketClaims, Person)>, Error> {
        let Some(claims) = TicketClaims::open(ticket, &self.keyring) else {
            return Ok(None);
        };
        let person = self.find(&claims.org, &claims.user).await?;
        let person = person.filter(|person| person.id == claims.user && person.role != Role::Customer);
        Ok(person.map(|person| (claims, person)))
    }

    /// Whose session this is, if it still holds.
    pub(super) async fn holder(&self, session: &Session) -> Result<Option<Holder>, Error> {
        if !session.is_alive(self.clock.now()) {
            return Ok(None);
        }
        let person = self.find(&session.org, &session.user).await?;
        let Some(person) = person.filter(|person| person.id == session.user) else {
            return Ok(None);
        };
        if person.role == Role::Customer {
            return Ok(Some(Holder { person, before: None }));
        }
        let before = self.before(&person).await?;
        let (generation, asked) = (before.account().generation, before.account().is_asked(&before.policy));
        let holds = session.holds(&person, generation, asked, &before.policy);
        Ok(holds.then_some(Holder { person, before: Some(before) }))
    }

    /// A ticket for somebody who is signed in and proves himself anew.
    pub(super) async fn prove(&self, pass: &Pass, purpose: Purpose) -> Result<Verdict<Ticket>, Error> {
        let session = &pass.session;
        let (person, before) = match self.holder(session).await? {
            None => return Ok(Verdict::Refused(Refusal::SessionOver)),
            Some(Holder { before: None, .. }) => return Ok(Verdict::Refused(Refusal::EnrollFirst)),
            Some(Holder { person, before: Some(before) }) => (person, before),
        };
        let terms = before.terms(self);
        if let Err(refusal) = before.account().may_prove(terms) {
            return Ok(Verdict::Refused(refusal));
        }
        if purpose == Purpose::Replace && !session.may_replace(terms.policy, terms.now) {
            return Ok(Verdict::Refused(Refusal::FreshCodeNeeded));
        }
        let ends_at = Some(session.expires_at);
        self.ticket(&person, before.trust(), purpose, before.now, ends_at, pass.seen_from.clone())
            .map(Verdict::Granted)
    }

    pub(super) fn ticket(
        &self,
        person: &Person,
        trust: Trust,
        purpose: Purpose,
        now: Timestamp,
        session_ends_at: Option<Timestamp>,
        checked_in_from: Option<Origin>,
    ) -> Result<Ticket, Error> {
        let claims = TicketClaims {
            id: self.draw().map(TicketId)?,
            org: person.org.clone(),
            user: person.id.clone(),
            generation: trust.generation,
            epoch: trust.policy.epoch,
            purpose,
            issued_at: now,
            expires_at: now.after(trust.policy.settings.ticket()),
            session_ends_at,
            checked_in_from,
            invitation: None,
        };
        self.seal(&claims)
    }

    pub(super) fn seal(&self, claims: &TicketClaims) -> Result<Ticket, Error> {
        claims
            .seal(&self.keyring, &*self.random)
            .map_err(|source| Error::from_source(ErrorKind::Unavailable, "sealing a ticket", source))
    }

    /// Opens a session: the pass and its stamp.
    pub(super) fn pass(
        &self,
        person: &Person,
        trust: Trust,
        means: Means,
        now: Timestamp,
        ends_at: Option<Timestamp>,
        witness: Witness,
    ) -> Result<Pass, Error> {
        let session = Session {
            org: person.org.clone(),
            user: person.id.clone(),
            role: person.role,
            generation: trust.generation,
            epoch: trust.policy.epoch,
            means,
            earned_at: now,
            expires_at: ends_at.unwrap_or_else(|| now.after(trust.policy.settings.stamp())),
        };
        let stamp = session
            .seal(&self.keyring, &*self.random)
            .map_err(|source| Error::from_source(ErrorKind::Unavailable, "sealing a stamp", source))?;
        Ok(Pass::new(session, person, stamp, now, witness))
    }
}
