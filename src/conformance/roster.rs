//! Does a roster list everybody, once, as the directory and the store know them?

use super::{Broken, broken, failed};
use crate::{
    policy::Epoch,
    store::{
        Alike, Change, Directory, Listed, PageRequest, Roster, RosterGroup, Stored, Swap, UserStore,
        UserSummary,
    },
    time::Timestamp,
    who::{OrgId, Role, UserId},
};

const ONCE: &str = "1 (everybody once)";
const FROM: &str = "2 (from where the last page ended)";
const LIMIT: &str = "3 (no longer than asked for)";
const DIRECTORY: &str = "4 (as the directory says)";
const STORE: &str = "5 (as the store was told)";
const SUMS: &str = "6 (groups are sums)";
const FAILURE: &str = "7 (failure is an error)";

/// The largest number of pages of a listing: an org for a test has fewer people.
const MOST_PAGES: usize = 10_000;
/// The number of ways in which people differ.
const KINDS: usize = 10;
const NOW: Timestamp = Timestamp::from_unix(1_800_000_000);

/// Runs the suite against a [`Roster`], with an org for this test alone, for whose people nothing was ever written.
///
/// It needs at least twelve people: ten internal users, a Master Admin and a customer. There must also be a user in
/// another org. It creates no ids of its own. It writes meaningless records for these people through `store`; delete
/// the org afterwards.
///
/// # Errors
/// [`Broken`] names the first clause that is not kept, in a sentence.
pub async fn roster(
    roster: &impl Roster,
    directory: &impl Directory,
    store: &impl UserStore,
    org: &OrgId,
) -> Result<(), Broken> {
    let suite = Suite { roster, directory, store, org };
    let everybody = suite.walk(None, 1_000).await?;
    suite.everybody_once(&everybody).await?;
    suite.pages_begin_where_the_last_one_ended(&everybody).await?;
    suite.as_the_directory_says(&everybody).await?;
    suite.as_the_store_was_told(&everybody).await
}

struct Suite<'a, R, D, S> {
    roster: &'a R,
    directory: &'a D,
    store: &'a S,
    org: &'a OrgId,
}

impl<R: Roster, D: Directory, S: UserStore> Suite<'_, R, D, S> {
    async fn page(
        &self,
        role: Option<Role>,
        after: Option<&UserId>,
        limit: u32,
    ) -> Result<Vec<Listed>, Broken> {
        let wanted = PageRequest { role, after, ..PageRequest::first(self.org, limit) };
        let page = self.roster.page(wanted).await;
        let page = page.map_err(|error| failed(FAILURE, "a page cannot be read", error))?;
        if page.len() > limit as usize {
            return broken(LIMIT, format!("{} people came where {limit} were asked for", page.len()));
        }
        Ok(page)
    }

    async fn walk(&self, role: Option<Role>, limit: u32) -> Result<Vec<Listed>, Broken> {
        let mut everybody: Vec<Listed> = Vec::new();
        for _ in 0..MOST_PAGES {
            let after = everybody.last().map(|listed| listed.person.id.clone());
            let page = self.page(role, after.as_ref(), limit).await?;
            if page.is_empty() {
                return Ok(everybody);
            }
            everybody.extend(page);
        }
        broken(FROM, format!("after {MOST_PAGES} pages there is still another one"))
    }

    async fn everybody_once(&self, everybody: &[Listed]) -> Result<(), Broken> {
        let roles = [Role::Customer, Role::Internal, Role::MasterAdmin];
        let of = |role| everybody.iter().filter(|listed| listed.person.role == role).count();
        if of(Role::Internal) < KINDS || roles.into_iter().any(|role| of(role) == 0) {
            let needed = format!("at least {KINDS} internal users, a Master Admin and a customer are needed");
            return broken(ONCE, format!("{needed}, and {} people are listed", everybody.len()));
        }
        for (place, Listed { person, .. }) in everybody.iter().enumerate() {
            if person.org != *self.org {
                return broken(ONCE, format!("{} is listed, who is of the org {}", person.id, person.org));
            }
            if everybody[..place].iter().any(|other| other.person.id == person.id) {
                return broken(ONCE, format!("{} is listed twice", person.id));
            }
        }
        for role in roles {
            let of_role: Vec<&Listed> =
                everybody.iter().filter(|listed| listed.person.role == role).collect();
            let listed = self.walk(Some(role), 2).await?;
            if !listed.iter().eq(of_role) {
                return broken(
                    DIRECTORY,
                    format!("the role {} alone lists others than all roles do", role.as_str()),
                );
            }
        }
        Ok(())
    }

    async fn pages_begin_where_the_last_one_ended(&self, everybody: &[Listed]) -> Result<(), Broken> {
        for limit in [1, 2, 3, 5] {
            if self.walk(None, limit).await? != everybody {
                return broken(FROM, format!("pages of {limit} list others than pages of 1,000"));
            }
        }
        for (place, listed) in everybody.iter().enumerate() {
            let rest = self.page(None, Some(&listed.person.id), 1_000).await?;
            if rest.first() != everybody.get(place + 1) {
                return broken(
                    FROM,
                    format!("the page after {} does not begin with the next one", listed.person.id),
                );
            }
        }
        Ok(())
    }

    async fn as_the_directory_says(&self, everybody: &[Listed]) -> Result<(), Broken> {
        for Listed { person, .. } in everybody {
            let found = self.directory.find(self.org, &person.id).await;
            let found = found.map_err(|error| failed(FAILURE, "the directory cannot be read", error))?;
            if found.as_ref() != Some(person) {
                return broken(DIRECTORY, format!("the directory has another {} than the roster", person.id));
            }
        }
        Ok(())
    }

    /// Writes something different for every user, and nothing for some.
    async fn as_the_store_was_told(&self, everybody: &[Listed]) -> Result<(), Broken> {
        if let Some(listed) = everybody.iter().find(|listed| listed.summary.is_some()) {
            return broken(STORE, format!("{} has a summary before any was written", listed.person.id));
        }
        let mut told: Vec<(Role, Option<UserSummary>)> = Vec::new();
        for Listed { person, .. } in everybody {
            let place = told.iter().filter(|(role, _)| *role == person.role).count();
            let summary = summaries()[place % KINDS].clone();
            if let Some(summary) = &summary {
                let first = UserSummary { last_used: Some(NOW), ..UserSummary::default() };
                self.write(&person.id, 0, &first).await?;
                self.write(&person.id, 1, summary).await?;
            }
            told.push((person.role, summary));
        }
        let listed = self.walk(None, 2).await?;
        for (Listed { person, summary }, (_, told)) in listed.iter().zip(&told) {
            if summary != told {
                return broken(
                    STORE,
                    format!("{} is listed with {summary:?}, and the store was told {told:?}", person.id),
                );
            }
        }
        let groups = self.roster.groups(self.org, NOW).await;
        let groups = groups.map_err(|error| failed(FAILURE, "the groups cannot be read", error))?;
        for (role, summary) in &told {
            let alike = Alike::of(*role, summary.as_ref(), NOW);
            let counted: u64 =
                groups.iter().filter(|group| of(group) == alike).map(|group| group.people).sum();
            let there =
                told.iter().filter(|(role, told)| Alike::of(*role, told.as_ref(), NOW) == alike).count();
            if counted != there as u64 {
                return broken(
                    SUMS,
                    format!(
                        "{counted} are counted of the {there} who are {} with {summary:?}",
                        role.as_str()
                    ),
                );
            }
        }
        let counted: u64 = groups.iter().map(|group| group.people).sum();
        if counted != told.len() as u64 {
            return broken(SUMS, format!("{counted} people are counted, and {} are listed", told.len()));
        }
        Ok(())
    }

    async fn write(&self, user: &UserId, expected: u64, summary: &UserSummary) -> Result<(), Broken> {
        let next = Stored { revision: expected + 1, record: b"of no meaning".to_vec() };
        let change =
            Change { org: self.org, expected, next: &next, summary, events: &[], ends_sessions: false };
        match self.store.swap_user(user, change).await {
            Ok(Swap::Done) => Ok(()),
            Ok(Swap::Stale) => {
                broken(STORE, format!("something was written for {user} already: take people of their own"))
            }
            Err(error) => Err(failed(FAILURE, "the store cannot be written", error)),
        }
    }
}

fn of(group: &RosterGroup) -> Alike {
    Alike::of(group.role, group.summary.as_ref(), NOW)
}

/// Returns one summary in which everything is set and different, and the ways in which people differ that groups tell
/// apart.
fn summaries() -> [Option<UserSummary>; KINDS] {
    let at = |seconds: u64| Some(Timestamp::from_unix(NOW.as_unix() - 100 + seconds));
    let later = Epoch::FIRST.next([9; 8], NOW);
    [
        Some(UserSummary {
            enrolled_epoch: Some(later),
            enrolled_since: at(1),
            last_used: at(2),
            pending_until: at(103),
            waiting_until: at(104),
            blocked_since: at(5),
            probation_until: at(106),
            chosen_under: Some(7),
            imported_epoch: Some(Epoch::FIRST),
            wrong_in_a_row: 8,
            due_epoch: Some(later),
            due_told: at(9),
            due_by: at(110),
            invited_epoch: Some(Epoch::FIRST),
            invited_until: at(111),
        }),
        None,
        Some(UserSummary { enrolled_epoch: Some(later), enrolled_since: at(3), ..UserSummary::default() }),
        Some(UserSummary { enrolled_epoch: Some(Epoch::FIRST), ..UserSummary::default() }),
        // At that very moment it is over.
        Some(UserSummary { pending_until: at(100), waiting_until: at(101), ..UserSummary::default() }),
        Some(UserSummary { pending_until: at(101), waiting_until: at(100), ..UserSummary::default() }),
        Some(UserSummary::default()),
        Some(UserSummary { wrong_in_a_row: 3, ..UserSummary::default() }),
        Some(UserSummary { imported_epoch: Some(later), ..UserSummary::default() }),
        Some(UserSummary { enrolled_epoch: Some(later), chosen_under: Some(0), ..UserSummary::default() }),
    ]
}
