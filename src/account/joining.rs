//! How a user who is not enrolled gets to enroll: at once, within the org's grace period, or with an invitation.

use std::time::Duration;

use super::{Account, Answer, Decision, Found, Guesses, Miss, Standing, Terms};
use crate::{
    audit::{EventKind, Purpose, Reason},
    policy::{Days, Epoch, Settings},
    seal::Generation,
    time::Timestamp,
    tokens::{Invitation, Paper, PaperCode, TicketClaims, TicketId},
    verdict::{ActRefusal, Refusal},
};

/// What is known of how a user gets to enroll. The default is a user who may enroll as their org's settings say, and
/// who was told nothing yet.
#[derive(Debug, Default)]
pub(crate) struct Joining {
    /// Until when they may go without, as they were told.
    pub(crate) due: Option<Due>,
    /// They were reset: no grace period begins or continues for them.
    pub(crate) at_once: bool,
    /// Only with an invitation, whatever the org's settings: someone else knows their password.
    pub(crate) invited_only: bool,
    pub(crate) invitation: Option<Invited>,
}

/// A day by which to enroll. It counts in its own epoch only.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Due {
    pub(crate) epoch: Epoch,
    pub(crate) by: Timestamp,
}

/// An invitation that was handed out and not used yet.
#[derive(Debug)]
pub(crate) struct Invited {
    pub(crate) id: TicketId,
    pub(crate) code: PaperCode,
    pub(crate) made_at: Timestamp,
    pub(crate) expires_at: Timestamp,
}

/// As long as a code for enrollment may be on its way by electronic mail (NIST SP 800-63A-4 §3.8).
const INVITATION: Duration = Duration::from_secs(24 * 60 * 60);

impl Invited {
    /// Returns whether it can be used (R15).
    fn is_alive(&self, now: Timestamp) -> bool {
        self.made_at.is_good_until(self.expires_at, now)
    }
}

/// The state of the grace period that an org gives to enroll.
enum Grace {
    /// The org gives none, or none to this user.
    No,
    Until {
        by: Timestamp,
        told: bool,
    },
    Over,
}

impl Account {
    /// Returns where a user goes after the password who has to enroll.
    pub(super) fn way_in(&self, terms: Terms<'_>) -> Standing {
        match self.grace(terms) {
            Grace::Until { by, told } => Standing::Grace { by, told },
            Grace::No | Grace::Over if self.needs_invitation(terms) => Standing::Uninvited,
            Grace::No | Grace::Over => Standing::NotEnrolled,
        }
    }

    fn grace(&self, terms: Terms<'_>) -> Grace {
        let Joining { due, at_once, invited_only, .. } = self.joining;
        let Some(days) = terms.settings().enroll_within() else { return Grace::No };
        if at_once || invited_only || !terms.policy.requirement.asks() {
            return Grace::No;
        }
        match due.filter(|due| due.epoch == terms.policy.epoch) {
            None => Grace::Until { by: terms.now.after(days.into()), told: false },
            Some(Due { by, .. }) if terms.now < by => Grace::Until { by, told: true },
            Some(_) => Grace::Over,
        }
    }

    fn needs_invitation(&self, terms: Terms<'_>) -> bool {
        self.joining.invited_only
            || terms.settings().invitation_required()
            || matches!(self.grace(terms), Grace::Over)
    }

    /// Checks whether this ticket opens an enrollment, beyond what every ticket has to show.
    pub(super) fn admit_to_enroll(&self, ticket: &TicketClaims, terms: Terms<'_>) -> Result<(), Refusal> {
        let invited = || {
            let invitation = self.joining.invitation.as_ref().filter(|invited| invited.is_alive(terms.now));
            invitation.is_some_and(|invited| ticket.invitation == Some(invited.id))
        };
        if ticket.purpose == Purpose::Enroll && self.needs_invitation(terms) && !invited() {
            return Err(Refusal::InvitationNeeded);
        }
        Ok(())
    }

    /// Returns where the user goes after the password, and in which generation. A user with a grace period is told when
    /// it ends, which is written the first time in an epoch.
    pub(crate) fn check_in(mut self, terms: Terms<'_>) -> Decision<(Generation, Standing)> {
        let standing = self.standing(terms);
        let reply = (self.generation, standing);
        let Standing::Grace { by, told: false } = standing else {
            return Decision::reply(reply);
        };
        self.joining.due = Some(Due { epoch: terms.policy.epoch, by });
        Decision::write(self, vec![EventKind::EnrollmentDue { by }], reply)
    }

    /// Takes an invitation as it was typed, and names it for a ticket that enrolls. A wrong one counts as a guess like
    /// any other (R2). The enrollment spends it, and nothing before: a user who closes the page may come again.
    pub(crate) fn accept(self, ticket: &TicketClaims, typed: &str, terms: Terms<'_>) -> Answer<TicketId> {
        if let Err(refusal) = self.admit(ticket, &[Purpose::Enroll], terms) {
            return Decision::reply(Err(refusal));
        }
        if let Some(locked) = self.locked(terms) {
            return self.keep_out(locked, terms);
        }
        let Ok(typed) = PaperCode::parse_as(Paper::Invitation, typed) else {
            return Decision::reply(Err(Refusal::Malformed));
        };
        match &self.joining.invitation {
            Some(invited) if invited.is_alive(terms.now) && invited.code.is(&typed) => {
                Decision::reply(Ok(invited.id))
            }
            _ => self.count(Purpose::Enroll, Miss::Wrong(None), terms),
        }
    }

    /// Keeps an invitation, which replaces an earlier one.
    pub(crate) fn invite(
        mut self,
        id: TicketId,
        code: PaperCode,
        reason: Option<Reason>,
        terms: Terms<'_>,
    ) -> Answer<Invitation, ActRefusal> {
        if self.is_asked(terms.policy) && self.enrolled(terms.policy).is_some() {
            return Decision::reply(Err(ActRefusal::AlreadyEnrolled));
        }
        let (invited, invitation) = invitation(id, code, terms.now);
        self.joining.invitation = Some(invited);
        let event = EventKind::Invited { until: invitation.expires_at, reason };
        Decision::write(self, vec![event], Ok(invitation))
    }

    /// Gives the user `days` days from now, if that is longer than they have.
    pub(crate) fn extend(
        mut self,
        days: Days,
        reason: Option<Reason>,
        terms: Terms<'_>,
    ) -> Answer<Timestamp, ActRefusal> {
        let given = terms.policy.requirement.asks() && terms.settings().enroll_within().is_some();
        if self.enrolled(terms.policy).is_some() {
            return Decision::reply(Err(ActRefusal::AlreadyEnrolled));
        }
        // If someone else knows the password, no time is given in which the password is enough.
        if !given || self.joining.invited_only {
            return Decision::reply(Err(ActRefusal::NotOffered));
        }
        let epoch = terms.policy.epoch;
        let before = self.joining.due.filter(|due| due.epoch == epoch).map(|due| due.by);
        let by = terms.now.after(days.into());
        if let Some(before) = before.filter(|before| by <= *before) {
            return Decision::reply(Ok(before));
        }
        self.joining = Joining { due: Some(Due { epoch, by }), at_once: false, ..self.joining };
        Decision::write(self, vec![EventKind::GraceExtended { by, reason }], Ok(by))
    }

    /// Returns the account after a reset (R7). Nothing is left of it, so it can be made even if the record cannot be
    /// read any more. No grace period begins: the user enrolls at their next login.
    pub(crate) fn reset(next: Generation, event: EventKind) -> Decision<()> {
        let joining = Joining { at_once: true, ..Joining::default() };
        Self::reset_to(joining, next, event, ())
    }

    /// Resets the account unless someone else knows its password, who would then enroll with it.
    pub(crate) fn reset_unless_known(
        account: Option<Self>,
        settings: &Settings,
        next: Generation,
        event: EventKind,
    ) -> Answer<(), ActRefusal> {
        if account.is_some_and(|account| account.lets_others_enroll(settings)) {
            return Decision::reply(Err(ActRefusal::PasswordKnown));
        }
        Self::reset(next, event).map(Ok)
    }

    /// Returns whether a plain reset would let someone else enroll who knows the password. They have blocked the
    /// account, or were to be kept out by an invitation that has not enrolled anybody yet.
    fn lets_others_enroll(&self, settings: &Settings) -> bool {
        // A hard stop that was lowered blocks without another guess.
        let is_beyond = |row: &Guesses| row.blocked_since.is_none() && row.is_blocked(settings);
        self.password_is_known || self.joining.invited_only || self.rows().any(is_beyond)
    }

    /// Returns what a bulk reset that was started at `begun_at` finds (R7). A user who was reset and has started again
    /// since is not reset again when an interrupted run resumes.
    pub(crate) fn found_by_run(&self, begun_at: Timestamp, settings: &Settings) -> Found {
        let live = self.live.as_ref().map(|live| live.since);
        let pending = self.pending.as_ref().map(|pending| pending.drawn_at);
        let imported = self.imported.as_ref().map(|imported| imported.at);
        match live.or(pending).or(imported) {
            Some(since) if since > begun_at => Found::BegunAnew,
            None if self.rows().all(|row| row.in_a_row == 0) => Found::Nothing,
            _ if self.lets_others_enroll(settings) => Found::PasswordKnown,
            _ => Found::ToReset,
        }
    }

    /// Resets the account, blocked or not: only an invitation opens the enrollment.
    pub(crate) fn reset_and_invite(
        next: Generation,
        id: TicketId,
        code: PaperCode,
        now: Timestamp,
        event: EventKind,
    ) -> Decision<Invitation> {
        let (invited, invitation) = invitation(id, code, now);
        let joining = Joining { due: None, at_once: true, invited_only: true, invitation: Some(invited) };
        Self::reset_to(joining, next, event, invitation)
    }

    fn reset_to<R>(joining: Joining, next: Generation, event: EventKind, reply: R) -> Decision<R> {
        let account = Self { generation: next, joining, was_taken_off: true, ..Self::never_written() };
        Decision::write_and_end_sessions(account, event, reply)
    }
}

/// Creates what the record keeps of an invitation, and what the admin hands out.
fn invitation(id: TicketId, code: PaperCode, now: Timestamp) -> (Invited, Invitation) {
    let expires_at = now.after(INVITATION);
    let invitation = Invitation { code: code.copy(), expires_at };
    (Invited { id, code, made_at: now, expires_at }, invitation)
}
