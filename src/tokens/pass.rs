//! Passes: proof that everything the policy asks was met. The form that a session keeps is a stamp.

use std::{fmt, time::Duration};

use crate::{
    audit::Origin,
    time::Timestamp,
    tokens::stamp::{Means, Session, Stamp},
    who::{OrgId, Person, Role, UserId},
};

/// Proof that a user met everything that their org's policy asks.
///
/// Make it an argument of the host's one function that opens a session. Only the library makes passes. They can be
/// neither copied nor stored; a session keeps its [`stamp`](Pass::stamp) instead.
///
/// ```compile_fail,E0451
/// // The fields are private, so nobody can make one up.
/// let forged = countersign::Pass { session: todo!() };
/// ```
/// ```compile_fail,E0599
/// fn duplicate(pass: &countersign::Pass) -> countersign::Pass { pass.clone() }
/// ```
#[must_use = "a pass opens the session it was earned for"]
pub struct Pass {
    pub(crate) session: Session,
    pub(crate) role: Role,
    pub(crate) seen_from: Option<Origin>,
    checked_at: Timestamp,
    stamp: Stamp,
    _witness: Witness,
}

/// Evidence for R4: a decision is answered only after its write. Made in two places of the driver only.
pub(crate) struct Witness(());

impl Witness {
    /// States that the store answered `Done` to the write on which the decision rests.
    pub(crate) fn write_acknowledged() -> Self {
        Self(())
    }

    /// States that the decision rests on no write.
    pub(crate) fn nothing_to_write() -> Self {
        Self(())
    }
}

impl Pass {
    /// Creates a pass, in the only place where one is made. It keeps the witness.
    pub(crate) fn new(
        session: Session,
        person: &Person,
        stamp: Stamp,
        now: Timestamp,
        witness: Witness,
    ) -> Self {
        Self { session, role: person.role, seen_from: None, checked_at: now, stamp, _witness: witness }
    }

    /// Returns the org.
    pub fn org(&self) -> &OrgId {
        &self.session.org
    }

    /// Returns the user, in the directory's spelling.
    pub fn user(&self) -> &UserId {
        &self.session.user
    }

    /// Returns the role that the directory gave when the pass was made.
    pub fn role(&self) -> Role {
        self.role
    }

    /// Returns how it was earned.
    pub fn means(&self) -> Means {
        self.session.means
    }

    /// Returns when it was earned, by the clock of the server that served it: up to 60 s later than now by another's.
    /// A resumed pass keeps the time of its login, or of its last step-up.
    pub fn earned_at(&self) -> Timestamp {
        self.session.earned_at
    }

    /// Returns when its session ends at the latest.
    pub fn expires_at(&self) -> Timestamp {
        self.session.expires_at
    }

    /// Returns whether it was earned with a code at most `age` ago.
    pub fn is_fresh(&self, age: Duration) -> bool {
        self.session.has_fresh_code(age, self.checked_at)
    }

    /// Returns what the session keeps.
    pub fn stamp(&self) -> &Stamp {
        &self.stamp
    }

    /// Adds the address of the current request, for the events of what is done with this pass.
    pub fn seen_from(mut self, origin: impl fmt::Display) -> Self {
        self.seen_from = Origin::new(&origin);
        self
    }
}

impl fmt::Debug for Pass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pass")
            .field("org", self.org())
            .field("user", self.user())
            .field("role", &self.role)
            .field("means", &self.means())
            .finish_non_exhaustive()
    }
}
