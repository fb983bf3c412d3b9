//! How a user who is not enrolled gets to enroll: at once, within the org's grace period, or with an invitation.

use std::time::Duration;

use super::{Account, Answer, Decision, Found, KnownTo, Miss, Standing, Terms};
use crate::{
    audit::{EventKind, Password, Purpose, Reason},
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
    /// The last invitation before it, which was superseded or ended. Whoever types it is told so.
    pub(crate) void: Option<PaperCode>,
}

/// A day by which to enroll. It counts in its own epoch only.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Due {
    pub(crate) epoch: Epoch,
    /// When the org's own time began. `None` if they were given time by name.
    pub(crate) told: Option<Timestamp>,
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

impl Joining {
    /// Voids the invitation. It is remembered as one that was right once.
    pub(super) fn void_invitation(&mut self) {
        if let Some(Invited { code, .. }) = self.invitation.take() {
            self.void = Some(code);
        }
    }
}

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
        let Joining { due, at_once, .. } = self.joining;
        let Some(days) = terms.settings().enroll_within() else { return Grace::No };
        if at_once || self.needs_more_than_the_password(terms.settings()) || !terms.policy.requirement.asks()
        {
            return Grace::No;
        }
        match due.filter(|due| due.epoch == terms.policy.epoch) {
            None => Grace::Until { by: terms.now.after(days.into()), told: false },
            // The earlier of what was promised and what the org gives now.
            Some(Due { by, told, .. }) => {
                let by = told.map_or(by, |told| by.min(told.after(days.into())));
                if terms.now < by { Grace::Until { by, told: true } } else { Grace::Over }
            }
        }
    }

    /// Returns whether a session that was opened in the time to enroll goes on: that time may have become shorter, or have
    /// ended with a block.
    pub(crate) fn has_time_left(&self, terms: Terms<'_>) -> bool {
        matches!(self.grace(terms), Grace::Until { .. })
    }

    /// Returns whether the bearer of this ticket enrolls in the time that they have for it.
    pub(super) fn has_time(&self, ticket: &TicketClaims, terms: Terms<'_>) -> bool {
        ticket.purpose == Purpose::Enroll && self.has_time_left(terms)
    }

    fn needs_invitation(&self, terms: Terms<'_>) -> bool {
        self.needs_more_than_the_password(terms.settings())
            || terms.settings().invitation_required()
            || matches!(self.grace(terms), Grace::Over)
    }

    /// Checks whether this ticket opens an enrollment, beyond what every ticket has to show.
    pub(super) fn admit_to_enroll(&self, ticket: &TicketClaims, terms: Terms<'_>) -> Result<(), Refusal> {
        if ticket.purpose != Purpose::Enroll || !self.needs_invitation(terms) {
            return Ok(());
        }
        let invitation = self.joining.invitation.as_ref().filter(|invited| invited.is_alive(terms.now));
        match ticket.invitation {
            None => Err(Refusal::InvitationNeeded),
            Some(accepted) if invitation.is_some_and(|invited| invited.id == accepted) => Ok(()),
            Some(_) => Err(Refusal::InvitationVoid),
        }
    }

    /// Returns where the user goes after the password, and in which generation. A user with a grace period is told when
    /// it ends, which is written the first time in an epoch.
    pub(crate) fn check_in(mut self, terms: Terms<'_>) -> Decision<(Generation, Standing)> {
        let standing = self.standing(terms);
        let reply = (self.generation, standing);
        let Standing::Grace { by, told: false } = standing else {
            return Decision::reply(reply);
        };
        self.joining.due = Some(Due { epoch: terms.policy.epoch, told: Some(terms.now), by });
        Decision::write(self, vec![EventKind::EnrollmentDue { by }], reply)
    }

    /// Takes an invitation as it was typed, and names it for a ticket that enrolls. A wrong one counts as a guess like
    /// any other (R2); one that was right once does not (R15). The enrollment spends it, and nothing before: a user who
    /// closes the page may come again.
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
        let Joining { invitation, void, .. } = &self.joining;
        let matching = invitation.as_ref().filter(|invited| invited.code.is(&typed));
        // Both are compared, whichever it is (R12).
        let was_void = void.as_ref().is_some_and(|void| void.is(&typed));
        match matching {
            Some(invited) if invited.is_alive(terms.now) => Decision::reply(Ok(invited.id)),
            Some(_) => Decision::reply(Err(Refusal::InvitationVoid)),
            None if was_void => Decision::reply(Err(Refusal::InvitationVoid)),
            None => self.count(Purpose::Enroll, Miss::Wrong(None), terms),
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
        self.joining.void_invitation();
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
        // No time is given in which the password is enough.
        if self.needs_more_than_the_password(terms.settings()) {
            return Decision::reply(Err(ActRefusal::PasswordKnown));
        }
        if !given {
            return Decision::reply(Err(ActRefusal::NotOffered));
        }
        let epoch = terms.policy.epoch;
        let before = self.joining.due.filter(|due| due.epoch == epoch).map(|due| due.by);
        let by = terms.now.after(days.into());
        if let Some(before) = before.filter(|before| by <= *before) {
            return Decision::reply(Ok(before));
        }
        self.joining = Joining { due: Some(Due { epoch, told: None, by }), at_once: false, ..self.joining };
        Decision::write(self, vec![EventKind::GraceExtended { by, reason }], Ok(by))
    }

    /// Returns the account after a reset (R7). Nothing is left of it but what is known of the password, and of one that
    /// cannot be read (`None`), that is the worst. No grace period begins: the user enrolls at their next login.
    ///
    /// Refused if the password alone would let somebody else enroll, unless the actor states that it was changed.
    pub(crate) fn reset(
        account: Option<Self>,
        password: Password,
        settings: &Settings,
        next: Generation,
        reason: Option<Reason>,
    ) -> Answer<(), ActRefusal> {
        let would_let_others_enroll =
            account.as_ref().is_some_and(|account| account.needs_more_than_the_password(settings));
        if would_let_others_enroll && password == Password::AsBefore {
            return Decision::reply(Err(ActRefusal::PasswordKnown));
        }
        let joining = Joining { at_once: true, ..Joining::default() };
        Self::reset_to(joining, account, password, settings, next, reason).map(Ok)
    }

    /// Returns whether the password alone opens no enrollment and gives no time, whatever the org's settings: somebody
    /// else knows it, or is to be kept out by an invitation that has not enrolled anybody yet (R16).
    fn needs_more_than_the_password(&self, settings: &Settings) -> bool {
        self.password_is_known(settings) || self.joining.invited_only
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
            _ if self.needs_more_than_the_password(settings) => Found::PasswordKnown,
            _ => Found::ToReset,
        }
    }

    /// Resets the account, blocked or not: only an invitation opens the enrollment.
    pub(crate) fn reset_and_invite(
        account: Option<Self>,
        (id, code): (TicketId, PaperCode),
        password: Password,
        settings: &Settings,
        (next, now): (Generation, Timestamp),
        reason: Option<Reason>,
    ) -> Decision<Invitation> {
        let (invited, invitation) = invitation(id, code, now);
        let event = EventKind::Invited { until: invitation.expires_at, reason: reason.clone() };
        let joining =
            Joining { at_once: true, invited_only: true, invitation: Some(invited), ..Joining::default() };
        let reset = Self::reset_to(joining, account, password, settings, next, reason);
        reset.with_event(event).map(|()| invitation)
    }

    fn reset_to(
        joining: Joining,
        account: Option<Self>,
        password: Password,
        settings: &Settings,
        next: Generation,
        reason: Option<Reason>,
    ) -> Decision<()> {
        let known_to = match (&account, password) {
            (None, Password::AsBefore) => KnownTo::Others,
            (None, Password::Changed) => KnownTo::Owner,
            (Some(account), _) => account.known_after(password, settings),
        };
        let void = account.and_then(|mut account| {
            account.joining.void_invitation();
            account.joining.void
        });
        let joining = Joining { void, ..joining };
        let account =
            Self { generation: next, joining, known_to, was_taken_off: true, ..Self::never_written() };
        Decision::write_and_end_sessions(account, EventKind::Reset { password, reason }, ())
    }
}

/// Creates what the record keeps of an invitation, and what the admin hands out.
fn invitation(id: TicketId, code: PaperCode, now: Timestamp) -> (Invited, Invitation) {
    let expires_at = now.after(INVITATION);
    let invitation = Invitation { code: code.copy(), expires_at };
    (Invited { id, code, made_at: now, expires_at }, invitation)
}
