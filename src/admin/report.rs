//! Who is enrolled and who is not, for Master Admins; and who can help whom.

mod status;
mod csv;

use std::{collections::VecDeque, fmt};

pub use self::{
    csv::CsvLine,
    status::{Counts, NoStatus, ReportRow, Status},
};
use crate::{
    admin::authority,
    audit::Act,
    driver::{Core, Trace},
    error::{BoxError, Error, ErrorKind},
    policy::Policy,
    store::{Listed, MOST_IN_A_PAGE, PageOf, erased::AnyRoster},
    time::Timestamp,
    tokens::Pass,
    two_factor::TwoFactor,
    verdict::Verdict,
    who::{OrgId, Person, Role, UserId},
};

impl TwoFactor {
    /// Begins a report on everybody of the Master Admin's own org: page after page of who is enrolled, since when,
    /// and who is not. Needs a [`roster`](crate::Builder::roster).
    ///
    /// Reading wants the role, and no fresh code: it changes nothing, and an admin who types a code for every list
    /// learns to type codes wherever he is asked.
    ///
    /// ```
    /// # async fn file(two_factor: &countersign::TwoFactor, pass: &countersign::Pass) -> Result<String, countersign::Error> {
    /// use countersign::{CsvLine, Status, Verdict};
    ///
    /// let mut report = match two_factor.report(pass).await? {
    ///     Verdict::Granted(report) => report.of_status(Status::NotEnrolled),
    ///     Verdict::Refused(refusal) => return Ok(refusal.to_string()),
    /// };
    /// let mut file = CsvLine::HEAD.to_string();
    /// loop {
    ///     let page = report.next_page(500).await?; // send each on its way, and memory stays flat
    ///     if page.is_empty() {
    ///         return Ok(file);
    ///     }
    ///     file.extend(page.iter().map(|row| row.csv().to_string()));
    /// }
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::NoRoster`], and those of [`resume`](Self::resume).
    pub async fn report(&self, pass: &Pass) -> Result<Verdict<Report>, Error> {
        self.0.roster()?;
        Ok(match self.0.reader(pass).await? {
            Verdict::Refused(refusal) => Verdict::Refused(refusal),
            Verdict::Granted(Reader { policy, now }) => Verdict::Granted(Report {
                two_factor: self.clone(),
                org: pass.org().clone(),
                policy,
                now,
                role: None,
                status: None,
                after: None,
                read_up_to: None,
                waiting: VecDeque::new(),
            }),
        })
    }

    /// How many people of the Master Admin's own org there are, by how things stand with them, and how many Master
    /// Admins. Where the host's roster can, no record is read for it. Like [`report`](Self::report), it wants the
    /// role, and no fresh code.
    ///
    /// # Errors
    /// Those of [`report`](Self::report).
    pub async fn counts(&self, pass: &Pass) -> Result<Verdict<Counts>, Error> {
        let core = &*self.0;
        let roster = core.roster()?;
        Ok(match core.reader(pass).await? {
            Verdict::Refused(refusal) => Verdict::Refused(refusal),
            Verdict::Granted(Reader { policy, now }) => {
                let groups = roster.groups(pass.org(), now).await.map_err(unavailable)?;
                Verdict::Granted(Counts::sum(&groups, &policy, now))
            }
        })
    }

    /// Who can reset a user who is locked out: the Master Admins of his org who are enrolled in the current epoch and
    /// not blocked, himself not among them; at most 100. When nobody is, only the vendor's [`Support`](crate::Support)
    /// can.
    ///
    /// No pass is asked for, as whoever needs this has none. Show it to somebody whose password was right, and to
    /// nobody else: strangers have no business with the names of admins.
    ///
    /// # Errors
    /// [`ErrorKind::NoRoster`], [`ErrorKind::Unavailable`] and [`ErrorKind::Unreadable`].
    pub async fn who_can_help(&self, org: &OrgId, user: &UserId) -> Result<Vec<Person>, Error> {
        const ENOUGH: usize = 100;
        let core = &*self.0;
        core.roster()?;
        let policy = core.policy(org).await?.record;
        let mut helpers = Vec::new();
        let mut last = None;
        loop {
            let page = core.page(org, Some(Role::MasterAdmin), last.as_ref()).await?;
            let Some(end) = page.last() else { return Ok(helpers) };
            last = Some(end.person.id.clone());
            let able = page.into_iter().filter(|listed| status::can_help(listed, &policy));
            helpers.extend(able.map(|listed| listed.person).filter(|person| person.id != *user));
            if helpers.len() >= ENOUGH {
                helpers.truncate(ENOUGH);
                return Ok(helpers);
            }
        }
    }
}

/// A report that was begun: as of the moment at which it was, and by the policy of that moment.
///
/// It holds no more than a page of people at once, however many there are.
#[must_use = "a report is read with `next_page`"]
pub struct Report {
    two_factor: TwoFactor,
    org: OrgId,
    policy: Policy,
    now: Timestamp,
    role: Option<Role>,
    status: Option<Status>,
    after: Option<UserId>,
    read_up_to: Option<UserId>,
    /// What was read and not yet given out.
    waiting: VecDeque<ReportRow>,
}

impl Report {
    /// Only people of this role.
    pub fn of_role(mut self, role: Role) -> Self {
        self.role = Some(role);
        self
    }

    /// Only people of this status. (The host's roster does not know it, so that the others are read all the same.)
    pub fn of_status(mut self, status: Status) -> Self {
        self.status = Some(status);
        self
    }

    /// Begins after this one: the last of a page that was shown earlier.
    pub fn after(mut self, user: UserId) -> Self {
        self.after = Some(user);
        self
    }

    /// When it was begun.
    pub fn as_of(&self) -> Timestamp {
        self.now
    }

    /// The next rows, in the roster's order: exactly so many (at most 1,000) unless they end before. None means that
    /// the report is complete.
    ///
    /// # Errors
    /// [`ErrorKind::Unavailable`] when the roster cannot be read; the next call tries again, and nothing is missed.
    pub async fn next_page(&mut self, rows: usize) -> Result<Vec<ReportRow>, Error> {
        let wanted = rows.clamp(1, MOST_IN_A_PAGE as usize);
        while self.waiting.len() < wanted {
            let from = self.read_up_to.as_ref().or(self.after.as_ref());
            let page = self.two_factor.0.page(&self.org, self.role, from).await?;
            let Some(end) = page.last() else { break };
            self.read_up_to = Some(end.person.id.clone());
            let row = |listed| ReportRow::new(listed, &self.policy, self.now);
            let is_wanted = |row: &ReportRow| self.status.is_none_or(|status| row.status == status);
            self.waiting.extend(page.into_iter().map(row).filter(is_wanted));
        }
        Ok(self.waiting.drain(..wanted.min(self.waiting.len())).collect())
    }
}

impl fmt::Debug for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Report").field("org", &self.org).field("as_of", &self.now).finish_non_exhaustive()
    }
}

/// By what a Master Admin's report judges.
struct Reader {
    policy: Policy,
    now: Timestamp,
}

impl Core {
    fn roster(&self) -> Result<&dyn AnyRoster, Error> {
        self.roster.as_deref().ok_or_else(|| Error::new(ErrorKind::NoRoster, "listing users"))
    }

    /// Lets a Master Admin read (R13). The refusal of anybody else is recorded (R10).
    async fn reader(&self, pass: &Pass) -> Result<Verdict<Reader>, Error> {
        let actor = match self.actor(pass).await? {
            Ok(actor) => actor,
            Err(refusal) => return Ok(Verdict::Refused(refusal)),
        };
        match authority::must_be_master_admin(&actor.person) {
            Ok(()) => Ok(Verdict::Granted(Reader { policy: actor.before.policy, now: actor.before.now })),
            Err(why) => {
                let refusal = self.deny(&actor, &Trace::of_pass(pass), Act::Report, why).await?;
                Ok(Verdict::Refused(refusal))
            }
        }
    }

    /// The next people of an org, as the roster lists them.
    pub(crate) async fn page(
        &self,
        org: &OrgId,
        role: Option<Role>,
        after: Option<&UserId>,
    ) -> Result<Vec<Listed>, Error> {
        let wanted = PageOf { role, after, ..PageOf::first(org, MOST_IN_A_PAGE) };
        let page = self.roster()?.page(wanted).await.map_err(unavailable)?;
        // One that begins anew with each page would never come to an end.
        if page.last().is_some_and(|end| Some(&end.person.id) == after) {
            return Err(unavailable("the roster does not move on".into()));
        }
        // To be seen by somebody of this org. One who is not asked for is no slip to be passed over in silence.
        let is_asked_for = |Listed { person, .. }: &Listed| {
            person.org == *org && role.is_none_or(|role| person.role == role)
        };
        if !page.iter().all(is_asked_for) {
            return Err(unavailable("the roster lists somebody of another org or role".into()));
        }
        Ok(page)
    }
}

fn unavailable(source: BoxError) -> Error {
    Error::from_source(ErrorKind::Unavailable, "listing users", source)
}
