//! How a user who is not enrolled gets to enroll: at once, within the org's grace period, or with an invitation.

use super::{Account, Answer, Decision, KnownTo, Miss, Notice, RunId, Standing, Terms};
use crate::{
    audit::{EventKind, Password, Purpose, Reason},
    policy::{Days, Epoch, Policy, Requirement, Settings},
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
    /// When they were first told, whatever became of it since: more time is counted from then on.
    pub(crate) told: Option<Told>,
    /// They were reset: no grace period begins or continues for them.
    pub(crate) at_once: bool,
    /// Only with an invitation, whatever the org's settings: someone else knows their password.
    pub(crate) invited_only: bool,
    pub(crate) invitation: Option<Invited>,
    /// The last invitation before it, which was superseded or ended. Whoever types it is told so.
    pub(crate) void: Option<PaperCode>,
}

/// A day by which to enroll. It counts in its own epoch only, and while the org gives time (R14).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Due {
    pub(crate) epoch: Epoch,
    /// The counter of the feature.
    pub(crate) granted_under: u32,
    pub(crate) by: Timestamp,
    pub(crate) given: GivenBy,
}

/// Who gave the time to enroll.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum GivenBy {
    /// The org, to everybody: it may shorten it, and prolong it.
    Org { told: Timestamp },
    /// An admin, to this user by name.
    Admin,
}

/// When a user was first told to enroll.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Told {
    /// The counter of the epoch.
    pub(crate) epoch: u64,
    pub(crate) at: Timestamp,
}

/// An invitation that was handed out and not used yet.
#[derive(Debug)]
pub(crate) struct Invited {
    pub(crate) id: TicketId,
    pub(crate) code: PaperCode,
    /// The epoch in which it was made, and the counter of the feature if the settings asked for invitations then.
    pub(crate) epoch: Epoch,
    pub(crate) granted_under: Option<u32>,
    pub(crate) made_at: Timestamp,
    pub(crate) expires_at: Timestamp,
}

/// The longest time that a user gets in with the password alone, however often it is extended, counted from the day on
/// which they were first told. Our own choice: a quarter of a year is enough for everybody to get a phone.
const LONGEST: Days = Days::MOST;

impl Due {
    /// Returns when the org's own time began; `None` if it was given by name.
    pub(crate) fn told(self) -> Option<Timestamp> {
        match self.given {
            GivenBy::Org { told } => Some(told),
            GivenBy::Admin => None,
        }
    }

    fn given(by: Timestamp, given: GivenBy, policy: &Policy) -> Self {
        Self { epoch: policy.epoch, granted_under: policy.features.grace, by, given }
    }
}

impl Joining {
    /// Returns what is left of it once the user is enrolled.
    pub(super) fn after_enrolling(&self) -> Self {
        Self { told: self.told, ..Self::default() }
    }

    /// Voids the invitation. It is remembered as one that was right once.
    pub(super) fn void_invitation(&mut self) {
        if let Some(Invited { code, .. }) = self.invitation.take() {
            self.void = Some(code);
        }
    }
}

impl Invited {
    /// Creates what the record keeps of an invitation, and what the admin hands out.
    fn new((id, code): (TicketId, PaperCode), policy: &Policy, now: Timestamp) -> (Self, Invitation) {
        let expires_at = now.after(policy.settings.invitation_lifetime());
        let invitation = Invitation { code: code.copy(), expires_at };
        let invited = Self { id, code, epoch: policy.epoch, granted_under: None, made_at: now, expires_at };
        (invited, invitation)
    }

    /// Returns whether it can be used (R14, R15).
    fn is_alive(&self, terms: Terms<'_>) -> bool {
        let asked_for = terms.policy.features.invitations;
        terms.policy.counts(self.epoch)
            && self.granted_under.is_none_or(|granted_under| granted_under == asked_for)
            && self.made_at.is_good_until(self.expires_at, terms.now)
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
        let Terms { policy, now, .. } = terms;
        let Joining { due, at_once, .. } = self.joining;
        if at_once || self.needs_more_than_the_password(&policy.settings) || !policy.requirement.asks() {
            return Grace::No;
        }
        let end_for = |told| policy.given.end_for(told, &policy.settings);
        let due = due.filter(|due| due.epoch == policy.epoch);
        let by = match due {
            None if self.may_be_told(policy) => end_for(now),
            Some(due) if due.granted_under == policy.features.grace => match due.given {
                GivenBy::Org { told } => end_for(told),
                GivenBy::Admin => Some(due.by).filter(|_| policy.settings.gives_time()),
            },
            None | Some(_) => None,
        };
        match by {
            None => Grace::No,
            Some(by) if now < by => Grace::Until { by, told: due.is_some() },
            Some(_) => Grace::Over,
        }
    }

    /// Returns whether this epoch gives time to a user who was not told in it yet. Where the vendor mandates codes, nobody
    /// gets time who has had it.
    fn may_be_told(&self, policy: &Policy) -> bool {
        let has_had_it = policy.requirement == Requirement::Mandated && self.joining.told.is_some();
        policy.gives_time() && !has_had_it
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
        let invitation = self.joining.invitation.as_ref().filter(|invited| invited.is_alive(terms));
        match ticket.invitation {
            None => Err(Refusal::InvitationNeeded),
            Some(accepted) if invitation.is_some_and(|invited| invited.id == accepted) => Ok(()),
            Some(_) => Err(Refusal::InvitationVoid),
        }
    }

    /// Returns where the user goes after the password, and in which generation. A user with a grace period is told when
    /// it ends, which is written the first time in an epoch.
    pub(crate) fn check_in(
        mut self,
        begun_at: Option<Timestamp>,
        terms: Terms<'_>,
    ) -> Decision<(Generation, Standing)> {
        if self.has_newer_password(begun_at) {
            return Decision::reply((self.generation, Standing::Outdated));
        }
        let standing = self.standing(terms);
        let reply = (self.generation, standing);
        let mut events = Vec::new();
        match standing {
            Standing::Grace { by, told: false } => {
                let given = GivenBy::Org { told: terms.now };
                self.tell(Due::given(by, given, terms.policy), terms);
                events.push(EventKind::EnrollmentDue { by });
            }
            Standing::NotRequired => events.extend(self.tell_unasked()),
            Standing::Enrolled | Standing::Imported | Standing::NotEnrolled | Standing::Uninvited
                if terms.settings().record_first_factors() && self.notes(Notice::FirstFactor, terms.now) =>
            {
                events.push(EventKind::FirstFactorAccepted);
            }
            _ => {}
        }
        if events.is_empty() { Decision::reply(reply) } else { Decision::write(self, events, reply) }
    }

    /// Notes by when the user has to enroll, and that they were told.
    fn tell(&mut self, due: Due, terms: Terms<'_>) {
        let is_of_this_time = |told: &Told| told.epoch >= terms.policy.asked_since;
        let first = Told { epoch: terms.policy.epoch.counter, at: terms.now };
        self.joining.told = self.joining.told.filter(is_of_this_time).or(Some(first));
        (self.joining.due, self.joining.at_once) = (Some(due), false);
    }

    /// Tells somebody, once, that the codes of their authenticator are not asked for any more: their org has switched them
    /// off, or has taken back the choice.
    fn tell_unasked(&mut self) -> Option<EventKind> {
        let live = self.live.as_mut().filter(|live| !live.told_unasked)?;
        live.told_unasked = true;
        Some(EventKind::CodesNotAsked)
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
            Some(invited) if invited.is_alive(terms) => Decision::reply(Ok(invited.id)),
            Some(_) => Decision::reply(Err(Refusal::InvitationVoid)),
            None if was_void => Decision::reply(Err(Refusal::InvitationVoid)),
            None => self.count(Purpose::Enroll, Miss::Wrong(None), terms),
        }
    }

    /// Keeps an invitation, which replaces an earlier one.
    pub(crate) fn invite(
        mut self,
        drawn: (TicketId, PaperCode),
        reason: Option<Reason>,
        terms: Terms<'_>,
    ) -> Answer<Invitation, ActRefusal> {
        if self.is_asked(terms.policy) && self.enrolled(terms.policy).is_some() {
            return Decision::reply(Err(ActRefusal::AlreadyEnrolled));
        }
        let (invited, invitation) = Invited::new(drawn, terms.policy, terms.now);
        let asked_for = terms.settings().invitation_required();
        let granted_under = asked_for.then_some(terms.policy.features.invitations);
        self.joining.void_invitation();
        self.joining.invitation = Some(Invited { granted_under, ..invited });
        let event = EventKind::Invited { until: invitation.expires_at, reason };
        Decision::write(self, vec![event], Ok(invitation))
    }

    /// Gives the user `days` days from now, if that is longer than they have, and not too long in all.
    pub(crate) fn extend(
        mut self,
        days: Days,
        reason: Option<Reason>,
        terms: Terms<'_>,
    ) -> Answer<Timestamp, ActRefusal> {
        let given = terms.policy.requirement.asks() && terms.settings().gives_time();
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
        let is_of_this_time = |told: &Told| told.epoch >= terms.policy.asked_since;
        let first = self.joining.told.filter(is_of_this_time).map_or(terms.now, |told| told.at);
        let by = terms.now.after(days.into()).min(first.after(LONGEST.into()));
        if let Grace::Until { by: before, .. } = self.grace(terms)
            && by <= before
        {
            return Decision::reply(Ok(before));
        }
        if by <= terms.now {
            return Decision::reply(Err(ActRefusal::NoMoreTime));
        }
        self.tell(Due::given(by, GivenBy::Admin, terms.policy), terms);
        Decision::write(self, vec![EventKind::GraceExtended { by, reason }], Ok(by))
    }

    /// Returns the account after a reset (R7). Nothing is left of it but what is known of the password, and of one that
    /// cannot be read (`None`), that is the worst. No grace period begins: the user enrolls at their next login.
    ///
    /// Refused if the password alone would let somebody else enroll, unless the actor states that it was changed.
    pub(crate) fn reset(
        account: Option<Self>,
        password: Password,
        run: Option<RunId>,
        next: Generation,
        reason: Option<Reason>,
        terms: Terms<'_>,
    ) -> Answer<(), ActRefusal> {
        let would_let_others_enroll =
            account.as_ref().is_some_and(|account| account.needs_more_than_the_password(terms.settings()));
        if would_let_others_enroll && password == Password::AsBefore {
            return Decision::reply(Err(ActRefusal::PasswordKnown));
        }
        let joining = Joining { at_once: true, ..Joining::default() };
        Self::reset_to(joining, account, (password, run), next, reason, terms).map(Ok)
    }

    /// Returns whether the password alone opens no enrollment and gives no time, whatever the org's settings: somebody
    /// else knows it, or is to be kept out by an invitation that has not enrolled anybody yet (R16).
    pub(super) fn needs_more_than_the_password(&self, settings: &Settings) -> bool {
        self.password_is_known(settings) || self.joining.invited_only
    }

    /// Resets the account, blocked or not: only an invitation opens the enrollment.
    pub(crate) fn reset_and_invite(
        account: Option<Self>,
        drawn: (TicketId, PaperCode),
        password: Password,
        next: Generation,
        reason: Option<Reason>,
        terms: Terms<'_>,
    ) -> Decision<Invitation> {
        let (invited, invitation) = Invited::new(drawn, terms.policy, terms.now);
        let event = EventKind::Invited { until: invitation.expires_at, reason: reason.clone() };
        let joining =
            Joining { at_once: true, invited_only: true, invitation: Some(invited), ..Joining::default() };
        let reset = Self::reset_to(joining, account, (password, None), next, reason, terms);
        reset.with_event(event).map(|()| invitation)
    }

    fn reset_to(
        joining: Joining,
        account: Option<Self>,
        (password, run): (Password, Option<RunId>),
        next: Generation,
        reason: Option<Reason>,
        terms: Terms<'_>,
    ) -> Decision<()> {
        let known_to = match (&account, password) {
            (None, Password::AsBefore) => KnownTo::Others,
            (None, Password::Changed) => KnownTo::Owner,
            (Some(account), _) => account.known_after(password, terms.settings()),
        };
        let before = account.as_ref().and_then(|account| account.password_changed_at);
        let password_changed_at = match password {
            Password::AsBefore => before,
            Password::Changed => Some(terms.now),
        };
        let (told, void) = account.map_or((None, None), |mut account| {
            account.joining.void_invitation();
            (account.joining.told, account.joining.void)
        });
        let joining = Joining { told, void, ..joining };
        let account = Self {
            generation: next,
            joining,
            known_to,
            was_taken_off: true,
            reset_in: run,
            password_changed_at,
            ..Self::never_written()
        };
        Decision::write_and_end_sessions(account, EventKind::Reset { password, reason }, ())
    }
}
