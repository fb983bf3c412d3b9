//! What happened, for the audit trail.
//!
//! Every change leaves an event in the same atomic write (R10). An event says who did what to which account, when and
//! from where. It knows no secret, no code and no ticket (R9): its types have no place for one.

use std::fmt;

use crate::{
    audit::{
        kind::EventKind,
        text::{Operator, Origin},
    },
    time::Timestamp,
    who::{OrgId, UserId},
};

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Event {
    /// When, by the clock of the process that decided it.
    pub at: Timestamp,
    /// The org.
    pub org: OrgId,
    /// The user whose account it concerns; `None` for the org's settings.
    pub user: Option<UserId>,
    /// Who did it.
    pub by: Actor,
    /// What it was.
    pub kind: EventKind,
    /// Where the request came from that caused it, as the host said.
    pub seen_from: Option<Origin>,
    /// Where the check-in came from whose ticket was used. A password typed in one place and a code in another is worth
    /// a look.
    pub checked_in_from: Option<Origin>,
}

/// Who did something.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Actor {
    /// This user, on their own account or, as a Master Admin, on somebody else's.
    User(UserId),
    /// A person at the vendor's support desk, by the name that [`Support`](crate::admin::Support) was given.
    Operator(Operator),
    /// The host application itself, for example when it reports a changed password.
    Host,
}

impl Actor {
    /// Returns the word for this kind of actor: `user`, `operator` or `host`.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::User(_) => "user",
            Self::Operator(_) => "operator",
            Self::Host => "host",
        }
    }

    /// Returns which user or operator it is; `None` for the host.
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::User(user) => Some(user.as_str()),
            Self::Operator(operator) => Some(operator.as_str()),
            Self::Host => None,
        }
    }
}

/// The kind, then the name: `user ann`, `operator sue@vendor.example`, `host`. With the kind in front, nobody's name can
/// look like an actor of another kind.
impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => write!(f, "{} {name}", self.kind()),
            None => f.write_str(self.kind()),
        }
    }
}

impl Event {
    /// Puts a pseudonym in the place of a user who is forgotten, and leaves out what says more than that.
    pub(crate) fn erase(&mut self, user: &UserId, pseudonym: &UserId) {
        let concerns = self.user.as_ref() == Some(user);
        let is_by = matches!(&self.by, Actor::User(by) if by == user);
        let aimed_at =
            matches!(&self.kind, EventKind::ActRefused { target: Some(target), .. } if target == user);
        if concerns {
            self.user = Some(pseudonym.clone());
        }
        if concerns || aimed_at {
            self.kind = EventKind::Erased { was: self.kind.name() };
        }
        if is_by {
            self.by = Actor::User(pseudonym.clone());
        }
        if concerns || is_by {
            (self.seen_from, self.checked_in_from) = (None, None);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Actor;
    use crate::audit::text::Operator;

    #[test]
    fn an_actor_is_shown_with_kind_and_name() {
        let sue = Operator::new("sue@vendor.example").unwrap();
        for (actor, shown) in [
            (Actor::User("ann".parse().unwrap()), "user ann"),
            (Actor::User("host".parse().unwrap()), "user host"),
            (Actor::Operator(sue), "operator sue@vendor.example"),
            (Actor::Host, "host"),
        ] {
            assert_eq!(actor.to_string(), shown);
        }
    }
}
