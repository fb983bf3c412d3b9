//! Events as a database keeps them, and their position in the trail.

use std::{fmt, str::FromStr};

use base64ct::{Base64UrlUnpadded, Encoding as _};

use crate::{
    audit::{Event, Origin},
    time::Timestamp,
    who::UserId,
};

/// An event as a table keeps it: words and sentences, to be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LoggedEvent {
    /// Its position in its org's trail. The next page begins before it.
    pub id: EventId,
    /// When, by the clock of the process that decided it.
    pub at: Timestamp,
    /// Whose account it concerns; `None` for the org's settings.
    pub user: Option<String>,
    /// The stable word for what happened: [`EventKind::name`](crate::audit::EventKind::name).
    pub kind: String,
    /// What happened, as a sentence.
    pub text: String,
    /// `user`, `operator` or `host`: [`Actor::kind`](crate::audit::Actor::kind).
    pub by_kind: String,
    /// Which user or operator did it.
    pub by_name: Option<String>,
    /// Where the request came from that caused it.
    pub seen_from: Option<String>,
    /// Where the check-in came from whose ticket was used.
    pub checked_in_from: Option<String>,
}

impl LoggedEvent {
    /// Creates one for a store that reads it from its table, and fills in the remaining fields.
    pub fn new(id: EventId, at: Timestamp, kind: String, text: String, by_kind: String) -> Self {
        let (user, by_name, seen_from, checked_in_from) = (None, None, None, None);
        Self { id, at, user, kind, text, by_kind, by_name, seen_from, checked_in_from }
    }

    /// Returns how a store writes this event.
    pub fn of(event: &Event, id: EventId) -> Self {
        Self {
            id,
            at: event.at,
            user: event.user.as_ref().map(|user| user.as_str().to_owned()),
            kind: event.kind.name().to_owned(),
            text: event.kind.to_string(),
            by_kind: event.by.kind().to_owned(),
            by_name: event.by.name().map(str::to_owned),
            seen_from: event.seen_from.as_ref().map(|origin| Origin::as_str(origin).to_owned()),
            checked_in_from: event.checked_in_from.as_ref().map(|origin| Origin::as_str(origin).to_owned()),
        }
    }
}

/// The id of an event within its org's trail, given by the store.
///
/// Its text consists of letters, digits and `.`, `-`, `_`, so that it can be in a URL as it is.
///
/// ```
/// use countersign::store::EventId;
/// let id: EventId = "41".parse()?;
/// assert_eq!(id.to_string(), "41");
/// assert!("41&x".parse::<EventId>().is_err());
/// # Ok::<(), countersign::store::InvalidEventId>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct EventId(pub(super) Position);

/// The position of an event. Stores that can count have one number for all events. For other stores, agreeing on the
/// next number would cost a round; they order by time first, and name the write that brought the event.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Position {
    Number(i64),
    Write {
        at: i64,
        /// `None` for the org's settings.
        user: Option<UserId>,
        revision: i64,
        place: i64,
    },
}

impl EventId {
    /// Creates the id of a store that numbers its events, such as a host's own. The numbers must differ. They need not
    /// become visible in their order.
    pub const fn numbered(number: i64) -> Self {
        Self(Position::Number(number))
    }

    /// Returns the number, if the store that gave it numbers its events.
    pub const fn number(&self) -> Option<i64> {
        match self.0 {
            Position::Number(number) => Some(number),
            Position::Write { .. } => None,
        }
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Position::Number(number) => number.fmt(f),
            Position::Write { at, user, revision, place } => {
                let user = user.as_ref().map_or("", UserId::as_str);
                write!(f, "{at}.{revision}.{place}.{}", Base64UrlUnpadded::encode_string(user.as_bytes()))
            }
        }
    }
}

/// A text that is no [`EventId`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the id of an event")]
pub struct InvalidEventId;

/// Reads back what [`Display`](fmt::Display) wrote.
impl FromStr for EventId {
    type Err = InvalidEventId;

    fn from_str(text: &str) -> Result<Self, InvalidEventId> {
        let number = |digits: &str| digits.parse().map_err(|_| InvalidEventId);
        let mut parts = text.split('.');
        let position = match [parts.next(), parts.next(), parts.next(), parts.next(), parts.next()] {
            [Some(only), None, ..] => Position::Number(number(only)?),
            [Some(at), Some(revision), Some(place), Some(user), None] => Position::Write {
                at: number(at)?,
                user: user_in(user)?,
                revision: number(revision)?,
                place: number(place)?,
            },
            _ => return Err(InvalidEventId),
        };
        Ok(Self(position))
    }
}

fn user_in(text: &str) -> Result<Option<UserId>, InvalidEventId> {
    if text.is_empty() {
        return Ok(None);
    }
    let bytes = Base64UrlUnpadded::decode_vec(text).map_err(|_| InvalidEventId)?;
    let id = String::from_utf8(bytes).map_err(|_| InvalidEventId)?;
    UserId::new(id).map(Some).map_err(|_| InvalidEventId)
}

#[cfg(test)]
mod tests {
    use super::{EventId, InvalidEventId, Position};
    use crate::who::UserId;

    #[test]
    fn an_id_is_read_back_from_what_a_url_holds() {
        let users = [None, Some("ann"), Some("größe/& straße"), Some("👩‍👩‍👧")];
        let writes = users.map(|user| {
            let user = user.map(|user| UserId::new(user).unwrap());
            Position::Write { at: i64::MAX, user, revision: 7, place: 0 }
        });
        for position in writes.into_iter().chain([Position::Number(0), Position::Number(i64::MAX)]) {
            let text = EventId(position.clone()).to_string();
            assert!(text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b)), "{text}");
            assert_eq!(text.parse(), Ok(EventId(position)));
        }
    }

    #[test]
    fn what_no_store_wrote_is_no_id() {
        let long = "A".repeat(400);
        for text in [
            "",
            ".",
            "x",
            "1.2",
            "1.2.3",
            "1.2.3.4.5",
            "1.2.3.&",
            "1.2.3.AA",
            "1.2.3.Cg",
            &format!("1.2.3.{long}"),
        ] {
            assert_eq!(text.parse::<EventId>(), Err(InvalidEventId), "{text}");
        }
    }
}
