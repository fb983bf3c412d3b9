//! How a command is decided: who asks, what is stored about them, what the state machine makes of it, and the write
//! that has to be acknowledged before anybody gets the answer.

use futures_lite::future::zip;

use crate::{
    account::{Account, Decision, Left, Terms, Write},
    audit::{Event, Origin, Purpose},
    driver::{
        Core,
        commit::{Loaded, OrgPlace, Proposal, UserPlace, contended},
        stop::Stop,
        trace::Trace,
    },
    error::{BoxError, Error, ErrorKind},
    policy::Policy,
    seal::Generation,
    store::Known,
    time::Timestamp,
    tokens::{
        Claims, Continued, Drawn, Mark, Means, Pass, Session, SessionId, Ticket, TicketClaims, TicketId,
        Witness,
    },
    verdict::{ActRefusal, Refusal},
    who::{OrgId, Person, Role, UserId},
};

/// How often a write is tried if the record has changed in the meantime. Each time another write succeeded, and few
/// can: after the hard stop an account looks at no more codes.
pub(crate) const TRIES: u32 = 16;

/// What everything handed out is bound to, and what ends it: the user's generation, the org's epoch and settings.
#[derive(Clone, Copy)]
pub(crate) struct Trust {
    pub(crate) generation: Generation,
    pub(crate) policy: Policy,
}

/// Everything by which a command is decided, as it was read at one time.
pub(crate) struct Before {
    pub(crate) account: Loaded<Account>,
    pub(crate) policy: Policy,
    pub(crate) now: Timestamp,
}

impl Before {
    pub(crate) fn account(&self) -> &Account {
        &self.account.record
    }

    pub(crate) fn trust(&self) -> Trust {
        Trust { generation: self.account().generation, policy: self.policy }
    }

    pub(crate) fn terms<'a>(&'a self, core: &'a Core) -> Terms<'a> {
        Terms { now: self.now, policy: &self.policy, codes: &core.codes }
    }
}

/// How long the session of a new pass lasts.
#[derive(Clone, Copy)]
pub(crate) enum Lasts {
    AsLongAsStamps,
    Until(Timestamp),
    /// It is the earlier session, proved again.
    LikeThe(Continued),
}

/// A command that was decided, and whose write, if it had one, was acknowledged.
pub(crate) struct Decided<R> {
    pub(crate) reply: R,
    pub(crate) policy: Policy,
    pub(crate) now: Timestamp,
    pub(crate) witness: Witness,
}

/// The user of a session that still holds. For a customer nothing is read.
pub(crate) struct Holder {
    pub(crate) person: Person,
    pub(crate) before: Option<Before>,
}

impl Core {
    /// Returns the user that the directory has under this id. A user of another org counts as none.
    pub(crate) async fn find(&self, org: &OrgId, user: &UserId) -> Result<Option<Person>, Error> {
        let unavailable = |source| Error::from_source(ErrorKind::Unavailable, "looking up a user", source);
        let person = self.directory.find(org, user).await.map_err(unavailable)?;
        Ok(person.filter(|person| person.org == *org))
    }

    /// Asks the host whether there is such an org.
    pub(crate) async fn knows(&self, org: &OrgId) -> Result<Known, Error> {
        let unavailable = |source| Error::from_source(ErrorKind::Unavailable, "looking up an org", source);
        self.directory.knows(org).await.map_err(unavailable)
    }

    pub(crate) async fn known(&self, org: &OrgId, user: &UserId) -> Result<Person, Error> {
        let unknown = || Error::new(ErrorKind::UnknownUser, "looking up a user");
        self.find(org, user).await?.ok_or_else(unknown)
    }

    pub(crate) fn place<'a>(&'a self, person: &'a Person) -> UserPlace<'a> {
        UserPlace { store: &*self.store, org: &person.org, user: &person.id }
    }

    pub(crate) fn org_place<'a>(&'a self, org: &'a OrgId) -> OrgPlace<'a> {
        OrgPlace { store: &*self.store, org }
    }

    pub(crate) async fn policy(&self, org: &OrgId) -> Result<Loaded<Policy>, Error> {
        self.load(&self.org_place(org), self.default_policy).await
    }

    /// Reads the account and the policy at the same time. An account from a later epoch than the policy means that the
    /// policy read was stale. It is read once more, and then this is an error (R6).
    pub(crate) async fn before(&self, person: &Person) -> Result<Before, Error> {
        for _ in 0..2 {
            let place = self.place(person);
            let (account, policy) =
                zip(self.load(&place, Account::never_written()), self.policy(&person.org)).await;
            let (mut account, policy) = (account?, policy?.record);
            match &account.record.left {
                // Whoever has the id now is somebody new.
                Some(Left::Forgotten { .. }) => account.record.left = None,
                Some(Left::Moved { .. }) => {
                    let why = "it is being carried over to another id; call `carry_over` again";
                    return Err(Error::from_source(
                        ErrorKind::Unavailable,
                        "reading a record",
                        BoxError::from(why),
                    ));
                }
                None => {}
            }
            if !account.record.is_ahead_of(&policy) {
                return Ok(Before { account, policy, now: self.clock.now() });
            }
        }
        Err(Error::new(ErrorKind::Unavailable, "reading settings that are older than the user's record"))
    }

    /// Loads, lets `command` decide, and writes the result; starts again if somebody else wrote in between. Nobody sees
    /// the reply before the write was acknowledged (R2, R4).
    pub(crate) async fn decide<R>(
        &self,
        person: &Person,
        trace: &Trace,
        command: impl Fn(Account, Terms<'_>) -> Result<Decision<R>, Error>,
    ) -> Result<Decided<R>, Error> {
        let mut upon = 0;
        for _ in 0..TRIES {
            let Before { account: Loaded { record, revision, .. }, policy, now } =
                self.before(person).await?;
            upon = revision;
            let terms = Terms { now, policy: &policy, codes: &self.codes };
            let Decision { write, reply } = command(record, terms)?;
            let witness = match write {
                None => Some(Witness::nothing_to_write()),
                Some(write) => self.write_account(person, upon, write, trace, now).await?,
            };
            if let Some(witness) = witness {
                return Ok(Decided { reply, policy, now, witness });
            }
        }
        Err(contended("writing a record", upon))
    }

    pub(crate) async fn write_account(
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

    /// Decides like [`decide`](Self::decide), for commands that may refuse. A grant or a refusal is returned only after
    /// its write was acknowledged.
    pub(crate) async fn judge<T, R>(
        &self,
        person: &Person,
        trace: &Trace,
        command: impl Fn(Account, Terms<'_>) -> Result<Decision<Result<T, R>>, Error>,
    ) -> Result<Decided<T>, Stop<R>> {
        let Decided { reply, policy, now, witness } = self.decide(person, trace, command).await?;
        let reply = reply.map_err(Stop::Refused)?;
        Ok(Decided { reply, policy, now, witness })
    }

    /// Opens a ticket and finds its user: the ticket is one of ours, and the user still exists and is internal.
    pub(crate) async fn bearer(&self, ticket: &Ticket) -> Result<(TicketClaims, Person), Stop<Refusal>> {
        let claims = self.open::<TicketClaims>(ticket).ok_or(Refusal::TicketVoid)?;
        let person = self.find(&claims.org, &claims.user).await?;
        let person = person.filter(|person| person.id == claims.user && person.role != Role::Customer);
        Ok((claims, person.ok_or(Refusal::TicketVoid)?))
    }

    /// Returns the user of a session, if it still holds.
    pub(crate) async fn holder(&self, session: &Session) -> Result<Option<Holder>, Error> {
        if !session.is_alive(self.clock.now()) {
            return Ok(None);
        }
        let person = self.find(&session.org, &session.user).await?;
        let Some(person) = person.filter(|person| person.id == session.user) else {
            return Ok(None);
        };
        // A mark on one side only is none.
        if Mark::of(&person) != session.mark {
            return Ok(None);
        }
        // What was ended is written on the record, and a customer's is not read: so no stamp crosses that line.
        if (person.role == Role::Customer) != (session.role == Role::Customer) {
            return Ok(None);
        }
        if person.role == Role::Customer {
            return Ok(Some(Holder { person, before: None }));
        }
        let before = self.before(&person).await?;
        if before.account().has_signed_out(session.id) {
            return Ok(None);
        }
        let (generation, asked) = (before.account().generation, before.account().is_asked(&before.policy));
        let holds = session.holds(&person, generation, asked, &before.policy)
            && before.now < session.ends_at(&before.policy)
            && (!asked
                || session.means != Means::Grace
                || before.account().has_time_left(before.terms(self)));
        Ok(holds.then_some(Holder { person, before: Some(before) }))
    }

    /// Returns the internal user of a session that still holds, and what decides about them. A customer, for whom
    /// nothing is read, is refused with `customer`.
    pub(crate) async fn internal_holder(
        &self,
        session: &Session,
        customer: ActRefusal,
    ) -> Result<(Person, Before), Stop<ActRefusal>> {
        match self.holder(session).await? {
            None => Err(ActRefusal::SessionOver.into()),
            Some(Holder { before: None, .. }) => Err(customer.into()),
            Some(Holder { person, before: Some(before) }) => Ok((person, before)),
        }
    }

    pub(crate) fn ticket(
        &self,
        person: &Person,
        trust: &Trust,
        purpose: Purpose,
        now: Timestamp,
        continues: Option<Continued>,
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
            expires_at: now.after(trust.policy.settings.ticket_lifetime()),
            continues,
            checked_in_from,
            invitation: None,
        };
        self.seal(&claims)
    }

    /// Seals what is handed out.
    pub(crate) fn seal<C: Claims>(&self, claims: &C) -> Result<C::Text, Error> {
        claims
            .seal(&self.keyring, &self.deployment, &*self.random)
            .map_err(|source| Error::from_source(ErrorKind::Unavailable, "sealing a token", source))
    }

    /// Opens what was handed out; `None` if it is none of ours.
    pub(crate) fn open<C: Claims>(&self, text: &C::Text) -> Option<C> {
        C::open(text, &self.keyring, &self.deployment)
    }

    /// Draws a new set of recovery codes.
    pub(crate) fn recovery_codes(&self) -> Result<Drawn, Error> {
        Drawn::draw(&*self.random)
            .map_err(|source| Error::from_source(ErrorKind::Unavailable, "drawing recovery codes", source))
    }

    /// Opens a session: creates the pass and its stamp.
    pub(crate) fn pass(
        &self,
        person: &Person,
        trust: &Trust,
        means: Means,
        now: Timestamp,
        lasts: Lasts,
        witness: Witness,
    ) -> Result<Pass, Error> {
        let (id, begun_at, expires_at) = match lasts {
            Lasts::AsLongAsStamps => {
                (self.draw().map(SessionId)?, now, now.after(trust.policy.settings.stamp_lifetime()))
            }
            Lasts::Until(ends_at) => (self.draw().map(SessionId)?, now, ends_at),
            Lasts::LikeThe(Continued { id, begun_at, ends_at }) => (id, begun_at, ends_at),
        };
        let session = Session {
            id,
            org: person.org.clone(),
            user: person.id.clone(),
            role: person.role,
            mark: Mark::of(person),
            generation: trust.generation,
            epoch: trust.policy.epoch,
            means,
            begun_at,
            earned_at: now,
            expires_at,
        };
        let stamp = self.seal(&session)?;
        Ok(Pass::new(session, person, stamp, now, witness))
    }
}
