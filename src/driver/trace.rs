//! Who did it and from where, for the events of one call.

use crate::{
    audit::{Actor, Event, EventKind, Origin},
    time::Timestamp,
    tokens::{Pass, TicketClaims},
    who::{OrgId, Person, UserId},
};

/// Who did it and from where, for the events of one call.
pub(crate) struct Trace {
    by: Actor,
    seen_from: Option<Origin>,
    checked_in_from: Option<Origin>,
}

impl Trace {
    pub(crate) fn of(by: Actor) -> Self {
        Self { by, seen_from: None, checked_in_from: None }
    }

    pub(crate) fn of_check_in(person: &Person, seen_from: Option<Origin>) -> Self {
        Self { by: Actor::User(person.id.clone()), seen_from, checked_in_from: None }
    }

    pub(crate) fn of_bearer(claims: &TicketClaims, seen_from: Option<Origin>) -> Self {
        let by = Actor::User(claims.user.clone());
        Self { by, seen_from, checked_in_from: claims.checked_in_from.clone() }
    }

    pub(crate) fn of_pass(pass: &Pass) -> Self {
        let by = Actor::User(pass.user().clone());
        Self { by, seen_from: pass.seen_from.clone(), checked_in_from: None }
    }

    pub(crate) fn event(&self, at: Timestamp, org: &OrgId, user: Option<&UserId>, kind: EventKind) -> Event {
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
