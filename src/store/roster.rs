//! The people of an org, in pages, each with the store's summary: for lists, counts and reports.
//!
//! The host implements it, since the host's tables have the people and the store's tables the facts about them. If both
//! are in one database, that is one join. It has facts only: their reader judges them, and they never decide who gets
//! in.

use std::{future::Future, sync::Arc};

use super::UserSummary;
use crate::{
    error::BoxError,
    policy::Epoch,
    time::Timestamp,
    who::{OrgId, Person, Role, UserId},
};

/// The people of an org, page by page. Optional; reports, counts and [`who_can_help`](crate::User::who_can_help) need
/// it. Pass it to [`Builder::roster`](crate::Builder::roster).
///
/// 1. **Everybody once.** Everyone in the org for the whole listing, customers included, appears on exactly one page.
///    People of other orgs are on none. The order is the host's choice; it never changes which of two ids comes first.
/// 2. **From where the last page ended.** A page begins with the first user [`after`](PageRequest::after) the given id,
///    even if that user is gone by now: `where id > $after order by id`, and no offset.
/// 3. **No longer than asked for.** Shorter is fine; *empty* means that nobody follows.
/// 4. **As the directory says.** The person is the one that [`Directory::find`](super::Directory::find) finds under
///    their id, including the role. With a role in the [request](PageRequest::role), exactly those of that role.
/// 5. **As the store was told.** The summary is that of the user's last swap that was [`Done`](super::Swap::Done), and
///    `None` if there was none. It may be a moment old, as on a replica.
/// 6. **Groups are sums.** [`groups`](Self::groups) counts everybody on the pages, each in a group of people who are
///    alike. (The default implementation reads them all.)
/// 7. **Failure is an `Err`.** So is a role that [`Role`] lacks.
///
/// The ready-made stores answer for many ids at once. So a host whose users are in another database joins by hand:
///
/// ```
/// use std::sync::Arc;
/// use countersign::{MemoryStore, Person, Roster, store::{Listed, PageRequest}};
///
/// # struct Users;
/// # impl Users { async fn page(&self, _: PageRequest<'_>) -> Result<Vec<Person>, std::convert::Infallible> { Ok(Vec::new()) } }
/// struct Everybody {
///     users: Users,
///     store: Arc<MemoryStore>, // or a SqliteStore, a PostgresStore, an EtcdStore: `summaries(…).await?`
/// }
///
/// impl Roster for Everybody {
///     type Error = std::convert::Infallible;
///
///     async fn page(&self, wanted: PageRequest<'_>) -> Result<Vec<Listed>, Self::Error> {
///         let people = self.users.page(wanted).await?;
///         let summaries = self.store.summaries(wanted.org, people.iter().map(Person::id));
///         Ok(people.into_iter().zip(summaries).map(|(person, summary)| Listed { person, summary }).collect())
///     }
/// }
/// ```
pub trait Roster: Send + Sync + 'static {
    /// The error when the host cannot read its people.
    type Error: Into<BoxError> + Send;

    /// Returns the next people of an org.
    fn page(&self, wanted: PageRequest<'_>) -> impl Future<Output = Result<Vec<Listed>, Self::Error>> + Send;

    /// Counts the people of an org, grouped by what they have in common at `now`: see [`RosterGroup`].
    ///
    /// The default implementation reads everybody, in pages. In SQL it is one query:
    ///
    /// ```sql
    /// SELECT people.role, account.revision IS NOT NULL, account.enrolled_epoch, account.chosen_under,
    ///        account.imported_epoch, account.wrong_in_a_row, max(account.blocked_since),
    ///        max(account.waiting_until), max(account.pending_until), count(*)
    /// FROM people LEFT JOIN countersign_users AS account ON …
    /// WHERE people.org_id = $org
    /// GROUP BY people.role, account.revision IS NOT NULL, account.enrolled_epoch, account.chosen_under,
    ///          account.imported_epoch, account.wrong_in_a_row, account.blocked_since IS NULL,
    ///          account.waiting_until > $now, account.pending_until > $now
    /// ```
    fn groups(
        &self,
        org: &OrgId,
        now: Timestamp,
    ) -> impl Future<Output = Result<Vec<RosterGroup>, Self::Error>> + Send {
        async move {
            let mut groups: Vec<(Alike, RosterGroup)> = Vec::new();
            let mut last: Option<UserId> = None;
            loop {
                let wanted = PageRequest { after: last.as_ref(), ..PageRequest::first(org, MOST_IN_A_PAGE) };
                let page = self.page(wanted).await?;
                let next = page.last().map(|listed| listed.person.id().clone());
                // A roster that begins again with each page would never end.
                if next.is_none() || next == last {
                    return Ok(groups.into_iter().map(|(_, group)| group).collect());
                }
                for Listed { person, summary } in page {
                    let alike = Alike::of(person.role(), summary.as_ref(), now);
                    match groups.iter_mut().find(|(other, _)| *other == alike) {
                        Some((_, group)) => group.people += 1,
                        None => {
                            groups.push((alike, RosterGroup { role: person.role(), summary, people: 1 }));
                        }
                    }
                }
                last = next;
            }
        }
    }
}

/// The largest page that is asked for: a thousand people take about 400 kilobytes.
pub(crate) const MOST_IN_A_PAGE: u32 = 1_000;

/// The people of an org that are wanted.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct PageRequest<'a> {
    /// The org.
    pub org: &'a OrgId,
    /// Only people of this role; `None` for everybody.
    pub role: Option<Role>,
    /// Those who come after this one; `None` for the beginning.
    pub after: Option<&'a UserId>,
    /// The largest number of people to return, from 1 to 1,000.
    pub limit: u32,
}

impl<'a> PageRequest<'a> {
    /// Creates the request for the first page of everybody.
    pub fn first(org: &'a OrgId, limit: u32) -> Self {
        Self { org, role: None, after: None, limit }
    }
}

/// One person of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The person, as the directory describes them.
    pub person: Person,
    /// What was last written about them; `None` if nothing ever was.
    pub summary: Option<UserSummary>,
}

/// A group of people who are alike, and their number.
///
/// They have in common their role, whether anything was ever written for them, their
/// [`enrolled_epoch`](UserSummary::enrolled_epoch), [`chosen_under`](UserSummary::chosen_under),
/// [`imported_epoch`](UserSummary::imported_epoch) and [`wrong_in_a_row`](UserSummary::wrong_in_a_row), whether there is a [`blocked_since`](UserSummary::blocked_since),
/// and whether [`waiting_until`](UserSummary::waiting_until) and [`pending_until`](UserSummary::pending_until) are
/// after the moment of counting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RosterGroup {
    /// Their role.
    pub role: Role,
    /// The summary of any one of them, or one that is alike.
    pub summary: Option<UserSummary>,
    /// The number of people.
    pub people: u64,
}

/// What the people of one group have in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Alike {
    role: Role,
    enrolled_epoch: Option<Epoch>,
    chosen_under: Option<u32>,
    imported_epoch: Option<Epoch>,
    wrong_in_a_row: u32,
    /// Whether anything was written, and whether they are blocked, waiting and pending.
    marks: [bool; 4],
}

impl Alike {
    pub(crate) fn of(role: Role, summary: Option<&UserSummary>, now: Timestamp) -> Self {
        let later = |at: Option<Timestamp>| at.is_some_and(|at| at > now);
        Self {
            role,
            enrolled_epoch: summary.and_then(|summary| summary.enrolled_epoch),
            chosen_under: summary.and_then(|summary| summary.chosen_under),
            imported_epoch: summary.and_then(|summary| summary.imported_epoch),
            wrong_in_a_row: summary.map_or(0, |summary| summary.wrong_in_a_row),
            marks: [
                summary.is_some(),
                summary.is_some_and(|summary| summary.blocked_since.is_some()),
                later(summary.and_then(|summary| summary.waiting_until)),
                later(summary.and_then(|summary| summary.pending_until)),
            ],
        }
    }
}

impl<T: Roster> Roster for Arc<T> {
    type Error = T::Error;

    fn page(&self, wanted: PageRequest<'_>) -> impl Future<Output = Result<Vec<Listed>, Self::Error>> + Send {
        T::page(self, wanted)
    }

    fn groups(
        &self,
        org: &OrgId,
        now: Timestamp,
    ) -> impl Future<Output = Result<Vec<RosterGroup>, Self::Error>> + Send {
        T::groups(self, org, now)
    }
}
