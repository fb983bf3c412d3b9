//! Reading the host's roster, and comparing whom it lists with what was asked for.

use crate::{
    driver::Core,
    error::{BoxError, Error, ErrorKind},
    store::{Listed, MOST_IN_A_PAGE, PageRequest, RosterGroup, erased::AnyRoster},
    time::Timestamp,
    who::{OrgId, Role, UserId},
};

impl Core {
    pub(crate) fn roster(&self) -> Result<&dyn AnyRoster, Error> {
        self.roster.as_deref().ok_or_else(|| Error::new(ErrorKind::NoRoster, "listing users"))
    }

    /// Counts people by what they have in common.
    pub(crate) async fn groups(&self, org: &OrgId, now: Timestamp) -> Result<Vec<RosterGroup>, Error> {
        self.roster()?.groups(org, now).await.map_err(unavailable)
    }

    /// Returns the next people of an org, as the roster lists them.
    pub(crate) async fn page(
        &self,
        org: &OrgId,
        role: Option<Role>,
        after: Option<&UserId>,
    ) -> Result<Vec<Listed>, Error> {
        let wanted = PageRequest { role, after, ..PageRequest::first(org, MOST_IN_A_PAGE) };
        let page = self.roster()?.page(wanted).await.map_err(unavailable)?;
        // A roster that begins again with each page would never end.
        if page.last().is_some_and(|end| Some(&end.person.id) == after) {
            return Err(unavailable("the roster repeats a page (clause 2)".into()));
        }
        // People of this org will see the list. A person who was not asked for is no slip to be passed over in silence.
        let is_asked_for = |Listed { person, .. }: &Listed| {
            person.org == *org && role.is_none_or(|role| person.role == role)
        };
        if !page.iter().all(is_asked_for) {
            return Err(unavailable(
                "the roster lists somebody of another org or role (clauses 1, 4)".into(),
            ));
        }
        Ok(page)
    }
}

fn unavailable(source: BoxError) -> Error {
    Error::from_source(ErrorKind::Unavailable, "listing users", source)
}
