//! The names of etcd's keys for everything that is stored.

use percent_encoding::{AsciiSet, CONTROLS, PercentEncode, percent_decode_str, utf8_percent_encode};

use crate::{
    store::logged::Position,
    who::{OrgId, UserId},
};

/// Characters that would end an id within a key, or be hard to see. Everything that is not ASCII is always escaped too.
const ESCAPED: &AsciiSet = &CONTROLS.add(b' ').add(b'%').add(b'/').add(b'~');

/// Replaces the user in keys about the org's settings. It sorts after all users, so of two events of the same second
/// the one about the settings counts as the older one.
const NOBODY: &str = "~";

/// A text that cannot be a prefix of keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidPrefix {
    /// It is empty.
    #[error("is empty")]
    Empty,
    /// It has more than 255 bytes.
    #[error("is longer than 255 bytes")]
    TooLong,
    /// It has a blank, a control character or something else that is not plain ASCII.
    #[error("must have visible ASCII characters only")]
    NotPlain,
    /// It ends with a slash, so keys under it would have two in a row.
    #[error("must not end with a slash")]
    EndsWithSlash,
}

/// The keys of one store, all under its prefix.
#[derive(Clone, Debug)]
pub(super) struct Keys {
    prefix: Box<str>,
}

impl Keys {
    pub(super) fn new(prefix: &str) -> Result<Self, InvalidPrefix> {
        match prefix {
            "" => Err(InvalidPrefix::Empty),
            prefix if prefix.len() > 255 => Err(InvalidPrefix::TooLong),
            prefix if !prefix.bytes().all(|b| b.is_ascii_graphic()) => Err(InvalidPrefix::NotPlain),
            prefix if prefix.ends_with('/') => Err(InvalidPrefix::EndsWithSlash),
            prefix => Ok(Self { prefix: prefix.into() }),
        }
    }

    pub(super) fn user(&self, org: &OrgId, user: &UserId) -> String {
        format!("{}/users/{}/{}", self.prefix, escaped(org.as_str()), escaped(user.as_str()))
    }

    /// Returns the prefix of the records of an org's users.
    pub(super) fn users(&self, org: &OrgId) -> String {
        format!("{}/users/{}/", self.prefix, escaped(org.as_str()))
    }

    /// Returns the user that [`user`](Self::user) spelled.
    pub(super) fn user_in(&self, org: &OrgId, key: &str) -> Option<UserId> {
        UserId::new(unescaped(key.strip_prefix(&self.users(org))?)?).ok()
    }

    pub(super) fn user_summary(&self, org: &OrgId, user: &UserId) -> String {
        format!("{}/user-summaries/{}/{}", self.prefix, escaped(org.as_str()), escaped(user.as_str()))
    }

    pub(super) fn settings(&self, org: &OrgId) -> String {
        format!("{}/settings/{}", self.prefix, escaped(org.as_str()))
    }

    pub(super) fn settings_summary(&self, org: &OrgId) -> String {
        format!("{}/settings-summaries/{}", self.prefix, escaped(org.as_str()))
    }

    /// Returns the trail of an org. Its events are under it, the newest first.
    pub(super) fn trail(&self, org: &OrgId) -> String {
        format!("{}/events/{}/", self.prefix, escaped(org.as_str()))
    }

    /// Returns the prefix of the notices of all orgs, the oldest of each org first.
    pub(super) fn outbox(&self) -> String {
        format!("{}/outbox/", self.prefix)
    }

    /// Returns the prefix of the notices of an org.
    pub(super) fn notices(&self, org: &OrgId) -> String {
        format!("{}{}/", self.outbox(), escaped(org.as_str()))
    }

    /// Returns the key of a notice: that of the event, except that the numbers count up here.
    pub(super) fn notice(
        &self,
        org: &OrgId,
        at: i64,
        user: Option<&UserId>,
        revision: i64,
        place: i64,
    ) -> String {
        let (outbox, org, user) = (self.outbox(), escaped(org.as_str()), user_or_nobody(user));
        format!("{outbox}{org}/{at:016x}/{user}/{revision:016x}/{place:016x}")
    }

    /// Returns the org and the position that [`notice`](Self::notice) spelled.
    pub(super) fn notice_in(&self, key: &str) -> Option<(OrgId, Position)> {
        let parts: Vec<&str> = key.strip_prefix(&self.outbox())?.split('/').collect();
        let [org, at, user, revision, place] = parts[..] else { return None };
        let number = |digits| i64::from_str_radix(digits, 16).ok();
        let (org, user) = (OrgId::new(unescaped(org)?).ok()?, user_in(user)?);
        let (at, revision, place) = (number(at)?, number(revision)?, number(place)?);
        // Only one spelling is ours: the same key spelled otherwise is not.
        let is_ours = self.notice(&org, at, user.as_ref(), revision, place) == key;
        is_ours.then_some((org, Position::Write { at, user, revision, place }))
    }
}

/// Returns the key of an event within its org's trail.
///
/// Writing an event needs no next number from anybody. The time gives the order, and the write that brought the event,
/// which happens once, tells it from all others.
pub(super) fn of_event(at: i64, user: Option<&UserId>, revision: i64, place: i64) -> String {
    let user = user_or_nobody(user);
    format!("{}/{user}/{}/{}", counted_down(at), counted_down(revision), counted_down(place))
}

/// Returns the position that [`of_event`] spelled.
pub(super) fn position_in(key: &str) -> Option<Position> {
    let mut parts = key.split('/');
    let [Some(at), Some(user), Some(revision), Some(place), None] =
        [parts.next(), parts.next(), parts.next(), parts.next(), parts.next()]
    else {
        return None;
    };
    let user = user_in(user)?;
    let (at, revision, place) = (counted_up(at)?, counted_up(revision)?, counted_up(place)?);
    Some(Position::Write { at, user, revision, place })
}

fn user_or_nobody(user: Option<&UserId>) -> String {
    user.map_or(NOBODY.to_owned(), |user| escaped(user.as_str()).to_string())
}

/// Returns `Some(None)` if the key is about the org's settings.
#[allow(clippy::option_option, reason = "misspelled, no user, a user: three outcomes, one line away")]
fn user_in(part: &str) -> Option<Option<UserId>> {
    match part {
        NOBODY => Some(None),
        user => Some(Some(UserId::new(unescaped(user)?).ok()?)),
    }
}

fn unescaped(part: &str) -> Option<String> {
    Some(percent_decode_str(part).decode_utf8().ok()?.into_owned())
}

fn escaped(id: &str) -> PercentEncode<'_> {
    utf8_percent_encode(id, ESCAPED)
}

/// Counts down, so that the higher number comes first among keys.
fn counted_down(number: i64) -> String {
    format!("{:016x}", i64::MAX - number)
}

fn counted_up(digits: &str) -> Option<i64> {
    let number = i64::MAX.checked_sub(i64::from_str_radix(digits, 16).ok()?)?;
    (counted_down(number) == digits).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::{InvalidPrefix, Keys, of_event, position_in};
    use crate::{
        store::logged::Position,
        who::{OrgId, UserId},
    };

    fn keys() -> Keys {
        Keys::new("portal/countersign").unwrap()
    }

    const ODD: [&str; 15] =
        ["~", "a", "a/b", "b", "a%2Fb", "%", "%2", "/", "//", ".", "..", " ", "größe", "e\u{301}", "👩‍🚀"];

    #[test]
    fn no_two_users_of_whatever_orgs_share_a_key() {
        let mut seen = std::collections::BTreeSet::new();
        for org in ODD {
            for user in ODD {
                let (org, user) = (OrgId::new(org).unwrap(), UserId::new(user).unwrap());
                assert!(seen.insert(keys().user(&org, &user)), "{org} {user}");
                assert!(seen.insert(keys().user_summary(&org, &user)), "{org} {user}");
            }
            let org = OrgId::new(org).unwrap();
            for of_the_org in [keys().settings(&org), keys().settings_summary(&org), keys().trail(&org)] {
                assert!(seen.insert(of_the_org), "{org}");
            }
        }
    }

    #[test]
    fn what_lies_beneath_an_org_is_its_own() {
        let beneath = |org: &str| keys().trail(&OrgId::new(org).unwrap());
        for org in ODD {
            for other in ODD.into_iter().filter(|other| *other != org) {
                assert!(!beneath(other).starts_with(&beneath(org)), "{other} within {org}");
            }
        }
    }

    #[test]
    fn a_key_is_visible_ascii() {
        let key = keys().user(&OrgId::new("größe 7").unwrap(), &UserId::new("a/b%").unwrap());
        assert_eq!(key, "portal/countersign/users/gr%C3%B6%C3%9Fe%207/a%2Fb%25");
    }

    #[test]
    fn an_event_is_read_back_from_its_key() {
        for user in ODD.map(|id| Some(UserId::new(id).unwrap())).into_iter().chain([None]) {
            for (at, revision, place) in [(0, 1, 0), (1_800_000_000, 7, 2), (i64::MAX, i64::MAX, 3)] {
                let key = of_event(at, user.as_ref(), revision, place);
                let position = Position::Write { at, user: user.clone(), revision, place };
                assert_eq!(position_in(&key), Some(position), "{key}");
            }
        }
    }

    #[test]
    fn a_notice_is_read_back_from_its_key() {
        for org in ODD.map(|id| OrgId::new(id).unwrap()) {
            for user in ODD.map(|id| Some(UserId::new(id).unwrap())).into_iter().chain([None]) {
                let key = keys().notice(&org, 1_800_000_000, user.as_ref(), 7, 2);
                let position = Position::Write { at: 1_800_000_000, user, revision: 7, place: 2 };
                assert_eq!(keys().notice_in(&key), Some((org.clone(), position)), "{key}");
            }
        }
        let acme = OrgId::new("acme").unwrap();
        let key = keys().notice(&acme, 1, None, 1, 0);
        for other in [&key[1..], &key[..key.len() - 1], &key.replace("acme", "%61cme"), &key.replace('~', "")]
        {
            assert_eq!(keys().notice_in(other), None, "{other}");
        }
        let ascending = [(1, 2, 1), (1, 3, 0), (1, 3, 1), (2, 1, 0)]
            .map(|(at, revision, place)| keys().notice(&acme, at, None, revision, place));
        assert!(ascending.is_sorted(), "{ascending:?}");
    }

    #[test]
    fn later_events_come_first() {
        let ann = UserId::new("ann").unwrap();
        let key = |at, revision, place| of_event(at, Some(&ann), revision, place);
        let of_settings = of_event(1, None, 9, 9);
        let ascending = [key(2, 1, 0), key(1, 4, 1), key(1, 4, 0), key(1, 3, 0), of_settings, key(0, 9, 9)];
        assert!(ascending.is_sorted(), "{ascending:?}");
    }

    #[test]
    fn what_no_event_is_called_is_no_event() {
        let nine = "9".repeat(16);
        for key in [
            "",
            "/",
            "a/b/c/d",
            &format!("{nine}/ann/{nine}/{nine}"),
            &of_event(1, None, 1, 1)[1..].repeat(2),
        ] {
            assert_eq!(position_in(key), None, "{key}");
        }
    }

    #[test]
    fn a_prefix_that_would_be_hard_to_type_is_refused() {
        for (prefix, why) in [
            ("", InvalidPrefix::Empty),
            (&"x".repeat(256), InvalidPrefix::TooLong),
            ("two words", InvalidPrefix::NotPlain),
            ("größe", InvalidPrefix::NotPlain),
            ("a\n", InvalidPrefix::NotPlain),
            ("portal/", InvalidPrefix::EndsWithSlash),
        ] {
            assert_eq!(Keys::new(prefix).unwrap_err(), why, "{prefix}");
        }
    }
}
