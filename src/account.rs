//! The state machine of a user's second factor: unenrolled, pending, enrolled.
//!
//! It is pure. Each command takes the account as it is stored, and returns what to store, what to record and what to
//! answer once that is written. It knows no store, no key and no role: its caller has made sure that the user is
//! internal.

mod decision;
mod guesses;
mod hourly;
mod password;
mod probation;
mod recovery;
mod hints;
mod joining;
mod import;
mod by_choice;
mod devices;
mod signing_out;
mod enrolling;
mod run;
mod leaving;
#[cfg(test)]
mod tests;

use self::guesses::Locked;
pub use self::run::{InvalidRunId, RunId};
pub(crate) use self::{
    decision::{Decision, Terms, Write},
    devices::Forgotten,
    guesses::{Guesses, Wait},
    hourly::{Drawings, Notice, Recorded},
    joining::{Due, GivenBy, Invited, Joining, Told},
    leaving::{Left, MoveId},
    password::KnownTo,
    recovery::Recovery,
    signing_out::SignedOut,
};
use crate::{
    audit::{EventKind, Password, Purpose, Reason},
    otp::{Check, Code, Match, Secret, Step, Totp, Window},
    policy::{Epoch, Policy},
    seal::Generation,
    time::Timestamp,
    tokens::{AuthenticatorId, Device, TicketClaims, TicketId},
    verdict::{ActRefusal, Hint, Refusal},
};

/// The stored content of a user. The default is a user for whom nothing was ever written.
#[derive(Debug)]
pub(crate) struct Account {
    pub(crate) generation: Generation,
    pub(crate) live: Option<Live>,
    pub(crate) pending: Option<Pending>,
    pub(crate) imported: Option<Imported>,
    /// Whether the second factor was ever removed from the account. Then no key of another system is imported.
    pub(crate) was_taken_off: bool,
    /// The run that reset the account, if it was reset last by one.
    pub(crate) reset_in: Option<RunId>,
    /// Whether there is no account under this id any more.
    pub(crate) left: Option<Left>,
    /// The move that brought it here from another id.
    pub(crate) carried_by: Option<MoveId>,
    pub(crate) guesses: Guesses,
    pub(crate) known_to: KnownTo,
    /// When the host last reported a new password.
    pub(crate) password_changed_at: Option<Timestamp>,
    /// Until when the account administers nothing after a recovery, whatever becomes of it.
    pub(crate) probation_until: Option<Timestamp>,
    /// Tickets that let somebody in, until they expire. Each took a step of the secret with it, so there are never more
    /// than a ticket's lifetime has steps.
    pub(crate) spent: Vec<Spent>,
    /// The ticket that enrolled the authenticator. Whoever sends its form again is told that it is done.
    pub(crate) confirmed: Option<Spent>,
    pub(crate) recorded: Vec<Recorded>,
    pub(crate) drawings: Drawings,
    /// How the user gets to enroll while they are not enrolled.
    pub(crate) joining: Joining,
    /// The devices on which the password is enough: a few, which their owner or an admin can forget.
    pub(crate) devices: Vec<Device>,
    /// Sessions that were signed out, until their stamps have expired everywhere.
    pub(crate) signed_out: Vec<SignedOut>,
}

/// An enrolled authenticator.
#[derive(Debug)]
pub(crate) struct Live {
    pub(crate) id: AuthenticatorId,
    pub(crate) secret: Secret,
    pub(crate) totp: Totp,
    pub(crate) epoch: Epoch,
    /// The counter of the feature, if it was enrolled by choice.
    pub(crate) chosen: Option<u32>,
    /// Whether its user was told that no code is asked for any more.
    pub(crate) told_unasked: bool,
    pub(crate) since: Timestamp,
    /// When a code of it was last accepted.
    pub(crate) last_used: Timestamp,
    /// The last step that was consumed. No step up to it is ever accepted again (R1).
    pub(crate) consumed: Step,
    /// How many steps the app's clock was off at the last right code, as far as the code rules follow it.
    pub(crate) drift: i8,
    pub(crate) recovery: Recovery,
}

/// The authenticator of another system, which waits for its first code here. It is shown to nobody (R9).
#[derive(Debug)]
pub(crate) struct Imported {
    pub(crate) secret: Secret,
    pub(crate) totp: Totp,
    pub(crate) epoch: Epoch,
    pub(crate) at: Timestamp,
}

/// A secret that was shown and waits for its first code. It belongs to the ticket that drew it.
#[derive(Debug)]
pub(crate) struct Pending {
    pub(crate) secret: Secret,
    pub(crate) totp: Totp,
    pub(crate) ticket: TicketId,
    pub(crate) ticket_issued_at: Timestamp,
    pub(crate) drawn_at: Timestamp,
    /// The tickets that were here before it. They stay void, whichever of two clocks was ahead.
    pub(crate) superseded: Vec<TicketId>,
    pub(crate) expires_at: Timestamp,
    /// The wrong first codes of somebody who has time to enroll. They cost this secret, and not the account.
    pub(crate) guesses: Guesses,
}

#[derive(Debug)]
pub(crate) struct Spent {
    pub(crate) ticket: TicketId,
    pub(crate) expires_at: Timestamp,
}

/// Where an internal user goes after the password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    NotRequired,
    Enrolled,
    /// With an authenticator of another system that has not shown a code here yet.
    Imported,
    NotEnrolled,
    /// Not enrolled, and let in until `by`. It is written down unless the user was `told` before.
    Grace {
        by: Timestamp,
        told: bool,
    },
    /// Not enrolled, and only an invitation opens the enrollment.
    Uninvited,
    Blocked,
    /// The password was changed while it was being checked.
    Outdated,
}

/// The state in which a bulk reset finds a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    ToReset,
    /// Something to reset, but a plain reset would let someone else enroll.
    PasswordKnown,
    Nothing,
    /// This very run has reset them, before it was interrupted.
    ResetBefore,
}

/// The content of the page with the QR code.
#[derive(Debug)]
pub(crate) struct Shown {
    pub(crate) secret: Secret,
    pub(crate) totp: Totp,
    pub(crate) expires_at: Timestamp,
}

/// What a page may say that asks for a code.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Prompted {
    pub(crate) totp: Totp,
    pub(crate) left: u32,
    pub(crate) wait_until: Option<Timestamp>,
}

/// Why a guess was not accepted.
#[derive(Clone, Copy)]
enum Miss {
    Used,
    Wrong(Option<Hint>),
}

/// A user who was let in: the generation of their pass, and what they get along with it.
#[derive(Debug)]
pub(crate) struct Let<T> {
    pub(crate) generation: Generation,
    pub(crate) with: T,
}

/// The answer of a login or, with another `R`, of an act.
type Answer<T, R = Refusal> = Decision<Result<T, R>>;

impl Account {
    pub(crate) fn never_written() -> Self {
        Self {
            generation: Generation::FIRST,
            live: None,
            pending: None,
            imported: None,
            was_taken_off: false,
            reset_in: None,
            left: None,
            carried_by: None,
            guesses: Guesses::default(),
            known_to: KnownTo::Owner,
            password_changed_at: None,
            probation_until: None,
            spent: Vec::new(),
            confirmed: None,
            recorded: Vec::new(),
            drawings: Drawings::default(),
            joining: Joining::default(),
            devices: Vec::new(),
            signed_out: Vec::new(),
        }
    }

    /// Returns whether it was written in a later epoch than the policy at hand: then that policy is stale (R6).
    pub(crate) fn is_ahead_of(&self, policy: &Policy) -> bool {
        let live = self.live.as_ref().map(|live| live.epoch);
        let imported = self.imported.as_ref().map(|imported| imported.epoch);
        live.into_iter().chain(imported).any(|epoch| epoch.is_later_than(policy.epoch))
    }

    /// Returns the authenticator that counts: one that was enrolled in an epoch that does (R6), and chosen in an org that
    /// has offered the choice ever since (R14).
    fn enrolled(&self, policy: &Policy) -> Option<&Live> {
        self.live.as_ref().filter(|live| live.counts(policy))
    }

    /// Returns whether there is something to protect: an authenticator that counts now, asked for or not.
    pub(crate) fn has_factor(&self, policy: &Policy) -> bool {
        self.enrolled(policy).is_some()
    }

    /// Returns whether the user is asked for a code: it is required, or they enrolled by choice.
    pub(crate) fn is_asked(&self, policy: &Policy) -> bool {
        policy.requirement.asks() || (policy.takes_codes() && self.enrolled(policy).is_some())
    }

    /// Returns where the user goes after the password. Writes nothing.
    pub(crate) fn standing(&self, terms: Terms<'_>) -> Standing {
        if !self.is_asked(terms.policy) {
            Standing::NotRequired
        } else if self.is_blocked(terms) {
            Standing::Blocked
        } else if self.enrolled(terms.policy).is_some() {
            Standing::Enrolled
        } else if self.imported(terms.policy).is_some() {
            Standing::Imported
        } else {
            self.way_in(terms)
        }
    }

    /// Takes a code of the enrolled authenticator (R1, R2).
    pub(crate) fn verify(mut self, ticket: &TicketClaims, code: &str, terms: Terms<'_>) -> Answer<Let<()>> {
        if let Err(refusal) = self.admit(ticket, &[Purpose::LogIn, Purpose::StepUp], terms) {
            return Decision::reply(Err(refusal));
        }
        if let Some(locked) = self.locked(terms) {
            return self.keep_out(locked, terms);
        }
        let Some(live) = self.live.as_mut().filter(|live| live.counts(terms.policy)) else {
            return Decision::reply(Err(Refusal::TicketVoid));
        };
        let Ok(code) = Code::parse(code, live.totp.digits()) else {
            return Decision::reply(Err(Refusal::Malformed));
        };
        let window = terms.codes.window_for(live.drift);
        if let Some(until) = live.is_ahead_until(window, terms.now) {
            let refusal = Refusal::ClockMovedBack { until };
            return self.uncounted(Notice::ClockMovedBack, EventKind::ClockWentBack, refusal, terms.now);
        }
        match live.totp.check(&live.secret, code, terms.now, window, Some(live.consumed)) {
            Check::Right(Match { step, offset, .. }) => {
                live.consumed = step;
                live.last_used = terms.now;
                live.drift = terms.codes.followed(offset);
                self.guesses = Guesses::default();
                self.spend(ticket, terms.now);
                let accepted = EventKind::CodeAccepted { purpose: ticket.purpose };
                let granted = Let { generation: self.generation, with: () };
                Decision::write(self, vec![accepted], Ok(granted))
            }
            Check::Used if live.has_consumed(code) => self.tell_used_again(ticket.purpose, terms),
            Check::Used => self.count(ticket.purpose, Miss::Used, terms),
            Check::Wrong => {
                let hint = live.hint(code, window, terms.now);
                self.count(ticket.purpose, Miss::Wrong(hint), terms)
            }
        }
    }

    /// Returns what a page may say before anything is typed. Writes nothing.
    pub(crate) fn prompt(&self, ticket: &TicketClaims, terms: Terms<'_>) -> Result<Prompted, Refusal> {
        let purposes =
            [Purpose::LogIn, Purpose::StepUp, Purpose::TakeOver, Purpose::Enroll, Purpose::Replace];
        self.admit(ticket, &purposes, terms)?;
        let wait_until = match self.locked(terms) {
            Some(Locked::Blocked) => return Err(Refusal::Blocked),
            Some(Locked::Until(until)) => Some(until),
            // As long as it will be when the next code starts it again.
            Some(Locked::ClockWentBack) => {
                self.waiting_rows().filter_map(|row| row.wait).map(|wait| terms.now.after(wait.lasts)).max()
            }
            None => None,
        };
        let totp = match ticket.purpose {
            Purpose::LogIn | Purpose::StepUp => self.live.as_ref().map(|live| live.totp),
            Purpose::TakeOver => self.imported.as_ref().map(|imported| imported.totp),
            Purpose::Enroll | Purpose::Replace => self.pending.as_ref().map(|pending| pending.totp),
        };
        let totp = totp.unwrap_or(terms.codes.totp);
        let row = self.pending_row(ticket, terms).unwrap_or(&self.guesses);
        Ok(Prompted { totp, left: row.left(terms.settings()), wait_until })
    }

    /// Returns whether the user may be asked for a code, or for another authenticator, on the strength of their
    /// session.
    pub(crate) fn may_prove(&self, terms: Terms<'_>) -> Result<(), ActRefusal> {
        if self.is_blocked(terms) {
            Err(ActRefusal::Blocked)
        } else if !self.is_asked(terms.policy) || self.enrolled(terms.policy).is_none() {
            Err(ActRefusal::EnrollFirst)
        } else {
            Ok(())
        }
    }

    /// Lifts waiting and blocking. The authenticator stays; everything handed out is void. If someone else knows the
    /// password, they still do, unless the actor states that it was changed.
    pub(crate) fn unlock(
        mut self,
        password: Password,
        next: Generation,
        reason: Option<Reason>,
        terms: Terms<'_>,
    ) -> Decision<()> {
        self.known_to = self.known_after(password, terms.settings());
        if password == Password::Changed {
            self.password_changed_at = Some(terms.now);
        }
        self.forgive();
        self.move_to(next);
        Decision::write_and_end_sessions(self, EventKind::Unlocked { password, reason }, ())
    }

    /// Voids everything handed out. What is known of the password stays as it is.
    pub(crate) fn end_sessions(mut self, next: Generation, _: Timestamp) -> Decision<()> {
        self.move_to(next);
        Decision::write_and_end_sessions(self, EventKind::SessionsEnded, ())
    }

    /// Checks whether this ticket is good for one of `purposes` now. All that R3 asks is checked here, before any code
    /// is looked at and any counter moves.
    fn admit(&self, ticket: &TicketClaims, purposes: &[Purpose], terms: Terms<'_>) -> Result<(), Refusal> {
        let good = purposes.contains(&ticket.purpose)
            && terms.policy.takes_codes()
            && ticket.is_alive(terms.now)
            && ticket.generation == self.generation
            && ticket.epoch == terms.policy.epoch
            && !self.spent.iter().any(|spent| spent.ticket == ticket.id);
        // Enrolling needs no live authenticator and none to take over, and replacing needs a live one (R8).
        let imported = self.imported(terms.policy).is_some();
        let fits = match ticket.purpose {
            Purpose::Enroll => self.enrolled(terms.policy).is_none() && !imported,
            Purpose::TakeOver => self.enrolled(terms.policy).is_none() && imported,
            Purpose::LogIn | Purpose::StepUp | Purpose::Replace => self.enrolled(terms.policy).is_some(),
        };
        if good && fits { Ok(()) } else { Err(Refusal::TicketVoid) }
    }

    /// Admits a ticket to show the first code of an authenticator. The form that has shown it, sent again, is told so
    /// without a look at the code: its answer may have been lost (R15). It gets no pass.
    fn admit_first(
        &self,
        ticket: &TicketClaims,
        purposes: &[Purpose],
        terms: Terms<'_>,
    ) -> Result<(), Refusal> {
        let has_confirmed = self.confirmed.as_ref().is_some_and(|confirmed| confirmed.ticket == ticket.id);
        if has_confirmed && ticket.is_alive(terms.now) && self.enrolled(terms.policy).is_some() {
            return Err(Refusal::AlreadyDone);
        }
        self.admit(ticket, purposes, terms)
    }

    /// Answers while locked. A wait that began later than now by any clock is started again: a clock that was set back
    /// makes nobody wait longer than the longest wait, and the leeway (R11, R15).
    fn keep_out<T>(mut self, locked: Locked, terms: Terms<'_>) -> Answer<T> {
        match locked {
            Locked::Blocked => Decision::reply(Err(Refusal::Blocked)),
            Locked::Until(until) => Decision::reply(Err(Refusal::Wait { until })),
            Locked::ClockWentBack => {
                let until = self.wait_anew(terms.now);
                Decision::write(self, vec![EventKind::ClockWentBack], Err(Refusal::Wait { until }))
            }
        }
    }

    /// Counts a guess that was looked at and not accepted. The reply may be given once that is written (R2).
    fn count<T>(mut self, purpose: Purpose, miss: Miss, terms: Terms<'_>) -> Answer<T> {
        // A step-up is asked for in a session, which may be stolen without the password.
        let under_first_factor = !matches!(purpose, Purpose::StepUp | Purpose::Replace);
        self.guesses = self.guesses.and_another(under_first_factor, terms.settings(), terms.now);
        let (left, wait_until) = (self.guesses.left(terms.settings()), self.guesses.wait_until());
        let mut events = vec![EventKind::CodeRefused {
            purpose,
            already_used: matches!(miss, Miss::Used),
            in_a_row: self.guesses.in_a_row,
            wait: self.guesses.wait.map(|wait| wait.lasts),
        }];
        if left == 0 {
            events.push(self.block(terms));
        }
        let refusal = match miss {
            _ if left == 0 => Refusal::Blocked,
            Miss::Used => Refusal::AlreadyUsed { left, wait_until },
            Miss::Wrong(hint) => Refusal::WrongCode { left, wait_until, hint },
        };
        Decision::write(self, events, Err(refusal))
    }

    /// Answers a code that has let somebody in already. It is no guess: the form was sent twice, or its answer was lost,
    /// or someone has seen the code and is late (R15).
    fn tell_used_again<T>(self, purpose: Purpose, terms: Terms<'_>) -> Answer<T> {
        let Guesses { in_a_row, .. } = self.guesses;
        let refusal = Refusal::AlreadyUsed { left: self.guesses.left(terms.settings()), wait_until: None };
        let event = EventKind::CodeRefused { purpose, already_used: true, in_a_row, wait: None };
        self.uncounted(Notice::CodeUsedAgain, event, refusal, terms.now)
    }

    fn spend(&mut self, ticket: &TicketClaims, now: Timestamp) {
        self.spent.retain(|spent| !spent.expires_at.has_passed_everywhere(now));
        self.spent.push(Spent::of(ticket));
    }

    /// Moves to the next generation. Everything handed out before is void, including a pending secret and remembered
    /// devices.
    fn move_to(&mut self, next: Generation) {
        self.generation = next;
        self.pending = None;
        self.joining.void_invitation();
        self.spent.clear();
        self.devices.clear();
        self.signed_out.clear();
    }
}

impl Spent {
    fn of(ticket: &TicketClaims) -> Self {
        Self { ticket: ticket.id, expires_at: ticket.expires_at }
    }
}

impl Live {
    fn counts(&self, policy: &Policy) -> bool {
        policy.counts(self.epoch) && self.chosen.is_none_or(|chosen| chosen == policy.features.choice)
    }

    /// Returns until when no code can be right, if the last one that was accepted lies beyond the window: a clock was
    /// set back since (R15). What was consumed stays so (R1).
    fn is_ahead_until(&self, window: Window, now: Timestamp) -> Option<Timestamp> {
        let newest = window.newest(self.totp.step_at(now)?);
        let first_fresh = Step::from_number(self.consumed.number().saturating_add(1));
        (self.consumed > newest).then(|| self.totp.begin_of(first_fresh))
    }

    /// Returns whether this is the very code that was accepted last.
    fn has_consumed(&self, code: Code) -> bool {
        let (then, only) = (self.totp.begin_of(self.consumed), Window::ONLY);
        matches!(self.totp.check(&self.secret, code, then, only, None), Check::Right(_))
    }
}

impl Pending {
    /// Returns whether it can still be confirmed (R15). A hard stop that was lowered voids it without another guess.
    fn is_alive(&self, terms: Terms<'_>) -> bool {
        self.drawn_at.is_good_until(self.expires_at, terms.now) && !self.guesses.is_blocked(terms.settings())
    }

    fn shown(&self) -> Shown {
        Shown { secret: self.secret.copy(), totp: self.totp, expires_at: self.expires_at }
    }
}
