//! Who is to be reset: named users, or everybody, a page at a time.

use std::{collections::VecDeque, fmt};

use crate::{
    driver::Core,
    error::Error,
    who::{OrgId, Role, UserId},
};

/// The users who are to be reset.
pub struct Targets(Source);

enum Source {
    These(Box<dyn Iterator<Item = UserId> + Send + Sync>),
    /// The listed users who are still to come; the roles still to be listed; and the last user of the first of these
    /// roles.
    Everybody {
        listed: VecDeque<UserId>,
        roles: &'static [Role],
        last: Option<UserId>,
    },
}

impl Targets {
    /// Names these users, in this order. An iterator that reads them from a file keeps memory flat.
    pub fn these<I>(users: I) -> Self
    where
        I: IntoIterator<Item = UserId>,
        I::IntoIter: Send + Sync + 'static,
    {
        Self(Source::These(Box::new(users.into_iter())))
    }

    /// Names all internal users of the org as the [`roster`](crate::Builder::roster) lists them. Master Admins come
    /// last, so that they can help for as long as possible. The Master Admin who acts is left out.
    pub fn everybody() -> Self {
        const ROLES: &[Role] = &[Role::Internal, Role::MasterAdmin];
        Self(Source::Everybody { listed: VecDeque::new(), roles: ROLES, last: None })
    }

    /// Returns the next user. A call that is dropped in the middle skips nobody.
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

    /// Returns whether the users were named, so that the caller wants an outcome for each.
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
