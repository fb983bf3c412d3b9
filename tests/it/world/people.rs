//! Who there is: the host's users table, and the same people with what the store says of them.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
};

use countersign::{
    BoxError, Directory, OrgId, Person, Role, Roster, UserId,
    store::{Known, Listed, PageRequest},
};

use super::{backings::AnyStore, org, user};
/// Everybody of every org, as the host's users table would tell.
#[derive(Clone, Default)]
pub struct People {
    roles: Arc<Mutex<BTreeMap<(String, String), Role>>>,
    is_down: Arc<AtomicBool>,
    /// Answers with people of whatever org, as a careless host might.
    ignores_orgs: Arc<AtomicBool>,
    longest_page: Arc<AtomicU32>,
    marks: Arc<Mutex<BTreeMap<(String, String), String>>>,
}

impl People {
    pub fn set(&self, org: &str, id: &str, role: Role) {
        self.roles.lock().unwrap().insert((org.to_owned(), id.to_owned()), role);
    }

    pub fn remove(&self, org: &str, id: &str) {
        self.roles.lock().unwrap().remove(&(org.to_owned(), id.to_owned()));
    }

    /// The mark of somebody's sessions.
    pub fn mark(&self, org: &str, id: &str, mark: Option<&str>) {
        let (key, mut marks) = ((org.to_owned(), id.to_owned()), self.marks.lock().unwrap());
        match mark {
            Some(mark) => marks.insert(key, mark.to_owned()),
            None => marks.remove(&key),
        };
    }

    /// The longest page that was asked for.
    pub fn longest_page(&self) -> u32 {
        self.longest_page.load(Ordering::SeqCst)
    }

    /// In the order of their ids.
    fn page(&self, wanted: PageRequest<'_>) -> Result<Vec<Person>, BoxError> {
        if self.is_down.load(Ordering::SeqCst) {
            return Err("the directory is down".into());
        }
        self.longest_page.fetch_max(wanted.limit, Ordering::SeqCst);
        let after = wanted.after.map_or("", UserId::as_str);
        let roles = self.roles.lock().unwrap();
        let people = roles.iter().filter(|((of, id), role)| {
            of == wanted.org.as_str()
                && id.as_str() > after
                && wanted.role.is_none_or(|wanted| wanted == **role)
        });
        Ok(people.take(wanted.limit as usize).map(person).collect())
    }

    pub fn go_down(&self, down: bool) {
        self.is_down.store(down, Ordering::SeqCst);
    }

    pub fn ignore_orgs(&self) {
        self.ignores_orgs.store(true, Ordering::SeqCst);
    }
}

impl Directory for People {
    type Error = BoxError;

    async fn knows(&self, org: &OrgId) -> Result<Known, BoxError> {
        let is_known = self.roles.lock().unwrap().keys().any(|(of, _)| of == org.as_str());
        Ok(if is_known { Known::Yes } else { Known::No })
    }

    async fn find(&self, org: &OrgId, user: &UserId) -> Result<Option<Person>, BoxError> {
        if self.is_down.load(Ordering::SeqCst) {
            return Err("the directory is down".into());
        }
        // As a case-insensitive database would: one spelling, whatever was asked for.
        let asked = user.as_str().to_lowercase();
        let any_org = self.ignores_orgs.load(Ordering::SeqCst);
        let roles = self.roles.lock().unwrap();
        let mut everybody = roles.iter();
        let found = everybody.find(|((of, id), _)| *id == asked && (any_org || of == org.as_str()));
        let marks = self.marks.lock().unwrap();
        Ok(found.map(|found| match marks.get(found.0) {
            Some(mark) => person(found).session_mark(mark),
            None => person(found),
        }))
    }
}

fn person(((of, id), role): (&(String, String), &Role)) -> Person {
    Person::new(org(of), user(id), *role).account_name(format!("{id}@{of}.example"))
}

/// The people of the directory, with what the store says of them: as a host joins them whose users are elsewhere.
#[derive(Clone)]
pub struct Everybody {
    pub people: People,
    pub store: AnyStore,
}

impl Roster for Everybody {
    type Error = BoxError;

    async fn page(&self, wanted: PageRequest<'_>) -> Result<Vec<Listed>, BoxError> {
        let people = self.people.page(wanted)?;
        let ids: Vec<UserId> = people.iter().map(|person| person.id().clone()).collect();
        let summaries = self.store.0.summaries(wanted.org, &ids).await;
        Ok(people.into_iter().zip(summaries).map(|(person, summary)| Listed { person, summary }).collect())
    }
}
