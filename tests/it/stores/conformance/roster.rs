//! The suite for rosters, tested itself: a sound one passes, and every broken one is caught by the clause it breaks.

use countersign::{
    BoxError, Directory, OrgId, Person, Role, Roster, Timestamp, UserId,
    conformance::{self, Broken},
    store::{Listed, PageRequest, RosterGroup},
};

use crate::world::{ACME, Everybody, World, org, over_every_store};

/// Ten internal users and others in one org, and one in another.
fn everybody(world: &World) -> Everybody {
    for id in ["abe", "uma", "zoe", "quo\"te", "back\\slash", "größe", "x", "y", "z"] {
        world.people.set(ACME, id, if id == "abe" { Role::Customer } else { Role::Internal });
    }
    Everybody { people: world.people.clone(), store: world.store.clone() }
}

over_every_store! {
    async fn a_roster_that_joins_by_hand_keeps_the_contract(world: World) {
        let roster = everybody(&world);
        conformance::roster(&roster, &world.people, &world.store, &org(ACME)).await.unwrap();
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Flaw {
    ListsOtherOrgs,
    ListsSomebodyTwice,
    ForgetsCustomers,
    BeginsWithTheLastOne,
    CountsByOffset,
    IgnoresTheLimit,
    EndsWithAFullPage,
    SpellsIdsDifferently,
    CopiesRoles,
    IgnoresTheRole,
    HasNoSummaries,
    MixesSummaries,
    MakesUpSummaries,
    CountsNoCustomers,
    CountsWaitsThatAreOver,
    Fails,
}

struct Flawed {
    of: Everybody,
    flaw: Flaw,
}

impl Roster for Flawed {
    type Error = BoxError;

    async fn page(&self, mut wanted: PageRequest<'_>) -> Result<Vec<Listed>, BoxError> {
        let (globex, limit) = (org("globex"), wanted.limit);
        match self.flaw {
            Flaw::Fails => return Err("no".into()),
            Flaw::IgnoresTheLimit => wanted.limit += 1,
            Flaw::IgnoresTheRole => wanted.role = None,
            Flaw::CountsByOffset => {
                // As many as come before: whoever was asked for last is taken for the first one's neighbor.
                wanted.limit = if wanted.after.is_some() && limit > 2 { 0 } else { limit };
            }
            _ => {}
        }
        let mut page = self.of.page(wanted).await?;
        match self.flaw {
            Flaw::ListsOtherOrgs if wanted.after.is_none() => {
                page.splice(0..1, self.of.page(PageRequest::first(&globex, 1)).await?);
            }
            Flaw::ListsSomebodyTwice if page.len() > 2 => page[1] = page[0].clone(),
            Flaw::ForgetsCustomers => page.retain(|listed| listed.person.role() != Role::Customer),
            Flaw::BeginsWithTheLastOne => {
                if let Some(after) = wanted.after {
                    let mut again = self.of.page(PageRequest::first(wanted.org, 1_000)).await?;
                    again.retain(|listed| listed.person.id() >= after);
                    again.truncate(limit as usize);
                    page = again;
                }
            }
            Flaw::EndsWithAFullPage if page.len() < limit as usize => page.clear(),
            Flaw::SpellsIdsDifferently => {
                for listed in &mut page {
                    let id = UserId::new(format!("{} ", listed.person.id()))?;
                    listed.person = Person::new(wanted.org.clone(), id, listed.person.role());
                }
            }
            Flaw::CopiesRoles => {
                for listed in &mut page {
                    if listed.person.id().as_str() == "zoe"
                        && wanted.role.is_none_or(|role| role == Role::Internal)
                    {
                        let person =
                            Person::new(wanted.org.clone(), listed.person.id().clone(), Role::Internal);
                        listed.person = person.account_name("an older name");
                    }
                }
            }
            Flaw::HasNoSummaries => {
                for listed in &mut page {
                    listed.summary = None;
                }
            }
            Flaw::MixesSummaries => {
                let first = self.of.page(PageRequest::first(wanted.org, 1)).await?;
                for listed in &mut page {
                    listed.summary.clone_from(&first[0].summary);
                }
            }
            Flaw::MakesUpSummaries => {
                for listed in &mut page {
                    listed.summary.get_or_insert_default();
                }
            }
            _ => {}
        }
        Ok(page)
    }

    async fn groups(&self, of: &OrgId, now: Timestamp) -> Result<Vec<RosterGroup>, BoxError> {
        let mut groups = self.of.groups(of, now).await?;
        match self.flaw {
            Flaw::CountsNoCustomers => groups.retain(|group| group.role != Role::Customer),
            Flaw::CountsWaitsThatAreOver => return self.of.groups(of, Timestamp::from_unix(0)).await,
            _ => {}
        }
        Ok(groups)
    }
}

async fn verdict(flaw: Flaw) -> Broken {
    let world = World::in_memory();
    let flawed = Flawed { of: everybody(&world), flaw };
    let run = conformance::roster(&flawed, &world.people, &world.store, &org(ACME)).await;
    run.expect_err(&format!("{flaw:?} was not caught"))
}

#[tokio::test]
async fn every_broken_roster_is_caught_by_the_clause_it_breaks() {
    for (flaw, clause) in [
        (Flaw::ListsOtherOrgs, "1"),
        (Flaw::ListsSomebodyTwice, "1"),
        (Flaw::ForgetsCustomers, "1"),
        (Flaw::BeginsWithTheLastOne, "2"),
        (Flaw::CountsByOffset, "2"),
        (Flaw::IgnoresTheLimit, "3"),
        (Flaw::EndsWithAFullPage, "1"),
        (Flaw::SpellsIdsDifferently, "4"),
        (Flaw::CopiesRoles, "4"),
        (Flaw::IgnoresTheRole, "4"),
        (Flaw::HasNoSummaries, "5"),
        (Flaw::MixesSummaries, "5"),
        (Flaw::MakesUpSummaries, "5"),
        (Flaw::CountsNoCustomers, "6"),
        (Flaw::CountsWaitsThatAreOver, "6"),
        (Flaw::Fails, "7"),
    ] {
        let broken = verdict(flaw).await;
        assert!(broken.clause().unwrap().starts_with(clause), "{flaw:?}: {broken}");
        assert!(broken.to_string().len() > 20, "{flaw:?} is told in a sentence");
    }
}

/// A roster of the directory's own people finds each of them there.
#[tokio::test]
async fn the_suite_says_what_it_needs() {
    let world = World::in_memory();
    let few = Everybody { people: world.people.clone(), store: world.store.clone() };
    let broken = conformance::roster(&few, &world.people, &world.store, &org(ACME)).await.unwrap_err();
    assert!(broken.to_string().contains("at least 10 internal users"), "{broken}");
    assert!(
        Directory::find(&world.people, &org(ACME), &UserId::new("ann").unwrap()).await.unwrap().is_some()
    );
}
