//! Who is to be reset: some who are named, or everybody, a page at a time.

use std::{collections::VecDeque, fmt};

use crate::{
    driver::Core,
    error::Error,
    who::{OrgId, Role, UserId},
};

/// Who is to be reset.
pub struct Targets(Source);

enum Source {
    These(Box<dyn Iterator<Item = UserId> + Send + Sync>),
    /// Those who were listed and are still to come; the roles that are still to be listed, and the last one of the
    /// first of these.
    Everybody {
        listed: VecDeque<UserId>,
        roles: &'static [Role],
        last: Option<UserId>,
    },
}

impl Targets {
    /// These, in this order. An iterator that reads them off a file keeps memory flat.
    pub fn these<I>(users: I) -> Self
    where
        I: IntoIterator<Item = UserId>,
        I::IntoIter: Send + Sync + 'static,
    {
        Self(Source::These(Box::new(users.into_iter())))
    }

    /// All internal users of the org as the [`roster`](crate::Builder::roster) lists them, then all Master Admins, so
    /// that these can help for as long as possible. A Master Admin who does it is left out himself.
    pub fn everybody() -> Self {
        const ROLES: &[Role] = &[Role::Internal, Role::MasterAdmin];
        Self(Source::Everybody { listed: VecDeque::new(), roles: ROLES, last: None })
    }

    /// The next one. A call that is dropped in the middle passes nobody over.
    pub(crate) async fn next(&mut self, core: &Core, org: &OrgId) -> Result<Option<UserId>, Error> {
        let (listed, roles, last) = match &mut self.0 {
            Source::These(users) => return Ok(users.next()),
            Source::Everybody { listed, roles, last } => (listed, roles, last),
        };
        loop {
            if let Some(user) = listed.pop_front() {
                return Ok(Some(user));
            }
            let Some(role) = roles.first() else { return Ok(None) };
            let page = core.page(org, Some(*role), last.as_ref()).await?;
            listed.extend(page.into_iter().map(|listed| listed.person.id));
            *last = listed.back().cloned();
            if last.is_none() {
                *roles = &roles[1..];
            }
        }
    }

    /// Whether somebody named them, and wants to be told of each.
    pub(crate) fn is_named(&self) -> bool {
        matches!(self.0, Source::These(_))
    }
}

impl fmt::Debug for Targets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Source::These(_) => "Targets::these",
            Source::Everybody { .. } => "Targets::everybody",
        })
    }
}
