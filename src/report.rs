//! Who is enrolled and who is not, in pages, and who can help whom. It reads, and decides nothing.

mod status;
mod csv;

use std::{collections::VecDeque, fmt, sync::Arc};

pub use self::{
    csv::CsvLine,
    status::{Counts, ReportRow, Status, UnknownStatus},
};
use crate::{
    driver::Core,
    error::Error,
    policy::Policy,
    store::MOST_IN_A_PAGE,
    time::Timestamp,
    who::{OrgId, Person, Role, UserId},
};

/// A report, as of the moment when it was started and by the policy of that moment.
///
/// It holds at most one page of people at a time, however many there are.
#[must_use = "a report is read with `next_page`"]
pub struct Report {
    core: Arc<Core>,
    org: OrgId,
    policy: Policy,
    now: Timestamp,
    role: Option<Role>,
    status: Option<Status>,
    after: Option<UserId>,
    read_up_to: Option<UserId>,
    /// What was read and not returned yet.
    waiting: VecDeque<ReportRow>,
}

impl Report {
    pub(crate) fn begin(
        core: &Arc<Core>,
        org: &OrgId,
        policy: &Policy,
        now: Timestamp,
    ) -> Result<Self, Error> {
        core.roster()?;
        Ok(Self {
            core: Arc::clone(core),
            org: org.clone(),
            policy: *policy,
            now,
            role: None,
            status: None,
            after: None,
            read_up_to: None,
            waiting: VecDeque::new(),
        })
    }

    /// Lists only people of this role.
    pub fn of_role(mut self, role: Role) -> Self {
        self.role = Some(role);
        self
    }

    /// Lists only people of this status. The host's roster does not know it, so the others are read all the same.
    pub fn of_status(mut self, status: Status) -> Self {
        self.status = Some(status);
        self
    }

    /// Starts after this user: the last of a page that was shown earlier.
    pub fn after(mut self, user: UserId) -> Self {
        self.after = Some(user);
        self
    }

    /// Returns when the report was started.
    pub fn as_of(&self) -> Timestamp {
        self.now
    }

    /// Reads the next rows, in the roster's order: exactly `rows` (at most 1,000) unless the report ends before. An
    /// empty page means that it is complete.
    ///
    /// # Errors
    /// [`Unavailable`](crate::ErrorKind::Unavailable) if the roster cannot be read. The next call tries again, and
    /// nothing is missed.
    pub async fn next_page(&mut self, rows: usize) -> Result<Vec<ReportRow>, Error> {
        let wanted = rows.clamp(1, MOST_IN_A_PAGE as usize);
        while self.waiting.len() < wanted {
            let from = self.read_up_to.as_ref().or(self.after.as_ref());
            let page = self.core.page(&self.org, self.role, from).await?;
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

pub(crate) async fn counts(
    core: &Core,
    org: &OrgId,
    policy: &Policy,
    now: Timestamp,
) -> Result<Counts, Error> {
    let groups = core.groups(org, now).await?;
    Ok(Counts::sum(&groups, policy, now))
}

/// Returns Master Admins who can reset a user; no more than anybody needs.
pub(crate) async fn helpers(core: &Core, org: &OrgId, user: &UserId) -> Result<Vec<Person>, Error> {
    const ENOUGH: usize = 100;
    core.roster()?;
    let (policy, now) = (core.policy(org).await?.record, core.clock.now());
    let mut helpers = Vec::new();
    let mut last = None;
    loop {
        let page = core.page(org, Some(Role::MasterAdmin), last.as_ref()).await?;
        let Some(end) = page.last() else { return Ok(helpers) };
        last = Some(end.person.id.clone());
        let able = page.into_iter().filter(|listed| status::can_help(listed, &policy, now));
        helpers.extend(able.map(|listed| listed.person).filter(|person| person.id != *user));
        if helpers.len() >= ENOUGH {
            helpers.truncate(ENOUGH);
            return Ok(helpers);
        }
    }
}
