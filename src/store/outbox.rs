//! Who is still to be told of what: events wait in an outbox until somebody acknowledges that they were told.
//!
//! A mailer that remembers how far it has read, by time or by number, misses what was written before that point and
//! became visible after it, because another process had a slower clock or a slower transaction. So nothing is
//! remembered here. The write that makes something happen also puts the notice of it into the outbox, where it stays
//! until it is removed by its id.

use std::{fmt, future::Future, str::FromStr, sync::Arc};

use base64ct::{Base64UrlUnpadded, Encoding as _};

use super::logged::{EventId, InvalidEventId, LoggedEvent};
use crate::{
    audit::{Audience, Event},
    error::BoxError,
    who::OrgId,
};

/// An event of which people should be told, and which nobody has acknowledged yet.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Notice {
    /// The id, by which a mailer can tell that it was given the notice twice.
    pub id: NoticeId,
    /// Who should be told. Never [`Audience::Nobody`].
    pub audience: Audience,
    /// What happened.
    pub event: LoggedEvent,
}

impl Notice {
    /// Creates one for a store that reads it from its table.
    pub fn new(org: OrgId, audience: Audience, event: LoggedEvent) -> Self {
        Self { id: NoticeId { org, event: event.id.clone() }, audience, event }
    }

    /// Creates one for a store that is about to write an event; `None` if nobody is to be told.
    pub fn of(event: &Event, id: EventId) -> Option<Self> {
        match event.audience() {
            Audience::Nobody => None,
            audience => Some(Self::new(event.org.clone(), audience, LoggedEvent::of(event, id))),
        }
    }
}

/// The id of a notice among those of all orgs: an event, and the org in whose trail it is.
///
/// Its text consists of letters, digits and `.`, `-`, `_`. It can be in a `Message-ID`, or be the key by which a mail
/// provider recognizes what it has sent already.
///
/// ```
/// use countersign::{OrgId, store::{EventId, NoticeId}};
/// let id = NoticeId { org: OrgId::new("acme")?, event: EventId::numbered(41) };
/// assert_eq!(id.to_string(), "YWNtZQ.41");
/// assert_eq!("YWNtZQ.41".parse(), Ok(id));
/// # Ok::<(), countersign::InvalidName>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct NoticeId {
    /// The org.
    pub org: OrgId,
    /// The event in the org's trail.
    pub event: EventId,
}

impl fmt::Display for NoticeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", Base64UrlUnpadded::encode_string(self.org.as_str().as_bytes()), self.event)
    }
}

/// Reads back what [`Display`](fmt::Display) wrote.
impl FromStr for NoticeId {
    type Err = InvalidEventId;

    fn from_str(text: &str) -> Result<Self, InvalidEventId> {
        let (org, event) = text.split_once('.').ok_or(InvalidEventId)?;
        let bytes = Base64UrlUnpadded::decode_vec(org).map_err(|_| InvalidEventId)?;
        let org = String::from_utf8(bytes).map_err(|_| InvalidEventId)?;
        Ok(Self { org: OrgId::new(org).map_err(|_| InvalidEventId)?, event: event.parse()? })
    }
}

/// The notices that wait to be told, of all orgs. Optional: for stores whose host tells people what happened to their
/// accounts.
///
/// 1. **In the same step.** A swap that is `Done` leaves a notice for each of its events whose
///    [`audience`](Event::audience) is not `Nobody`, in the atomic step that writes the record. What was not written
///    leaves none.
/// 2. **Until acknowledged.** A notice is there from that step until it is acknowledged. Reading it changes nothing.
/// 3. **Once and for all.** What was acknowledged is never there again, and everything else still is. Acknowledging
///    what is not there is no error.
/// 4. **Nobody is passed over.** The store has one order of all notices, by their ids. A call returns the first `limit`
///    of those that come `after` the given id, or from the beginning. None is left out that was there before the call
///    began.
/// 5. **Failure is an `Err`.** An `Err` from `acknowledge` may hide that some or all were acknowledged.
///
/// The position of a notice in that order says nothing about when it became visible. So start from the beginning every
/// time, as [`tell_waiting`] does.
pub trait Outbox: Send + Sync + 'static {
    /// The error of the store.
    type Error: Into<BoxError> + Send;

    /// Returns the first `limit` notices in the store's order, or the first of those after `after`.
    fn waiting(
        &self,
        after: Option<&NoticeId>,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<Notice>, Self::Error>> + Send;

    /// Removes notices that were told.
    fn acknowledge(&self, told: &[NoticeId]) -> impl Future<Output = Result<(), Self::Error>> + Send;
}

impl<T: Outbox> Outbox for Arc<T> {
    type Error = T::Error;

    fn waiting(
        &self,
        after: Option<&NoticeId>,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<Notice>, Self::Error>> + Send {
        T::waiting(self, after, limit)
    }

    fn acknowledge(&self, told: &[NoticeId]) -> impl Future<Output = Result<(), Self::Error>> + Send {
        T::acknowledge(self, told)
    }
}

/// The outcome of telling people of a notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// Told, or handed to something that will not lose it. The notice is removed.
    Done,
    /// Not told, for example because the mailer is down. The notice stays, and comes again with the next round.
    NotYet,
}

/// The outcome of a round of [`tell_waiting`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Round {
    /// The number of notices that were told.
    pub told: u64,
    /// The number of notices that stay for the next round.
    pub left: u64,
}

/// The number of notices that are asked for at a time: few enough for memory, enough to save round trips.
const PAGE: u32 = 64;

/// Runs one round: hands every waiting notice to `tell`, one after the other, and acknowledges those that were told.
///
/// Run it every few seconds, and whenever a [`Listener`](crate::audit::Listener) says that there is something. Delivery
/// is *at least once*: everything that was in the outbox when the round began is handed over, and nothing is removed
/// that was not told. If the process dies between telling and acknowledging, or if two rounds run at once, a notice is
/// handed over twice. Pass its `id` to the mailer, so that it can tell.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use countersign::{MemoryStore, store::{Delivery, tell_waiting}};
/// # async fn send_mail(_: &str, _: &str) -> Result<(), std::io::Error> { Ok(()) }
///
/// let store = MemoryStore::new(); // the one that the `TwoFactor` has
/// let round = tell_waiting(&store, async |notice| {
///     match send_mail(&notice.id.to_string(), &notice.event.text).await {
///         Ok(()) => Delivery::Done,
///         Err(_) => Delivery::NotYet,
///     }
/// });
/// assert_eq!(round.await?.left, 0);
/// # Ok(()) }
/// ```
///
/// # Errors
/// Those of the store. A notice that was told but could not be acknowledged comes again.
pub async fn tell_waiting<O, T, F>(outbox: &O, mut tell: T) -> Result<Round, O::Error>
where
    O: Outbox,
    T: FnMut(Notice) -> F,
    F: Future<Output = Delivery>,
{
    let mut round = Round::default();
    // Remembered for this round only, so that one that cannot be told now does not hold up the others.
    let mut after = None;
    loop {
        let page = outbox.waiting(after.as_ref(), PAGE).await?;
        let Some(last) = page.last() else { return Ok(round) };
        after = Some(last.id.clone());
        for notice in page {
            let id = [notice.id.clone()];
            match tell(notice).await {
                Delivery::Done => {
                    outbox.acknowledge(&id).await?;
                    round.told += 1;
                }
                Delivery::NotYet => round.left += 1,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::logged::Position, EventId, InvalidEventId, NoticeId};
    use crate::who::{OrgId, UserId};

    #[test]
    fn a_notices_name_is_read_back_from_its_text() {
        for org in ["acme", "größe/& straße", ".", "👩‍🚀"] {
            let write =
                Position::Write { at: 7, user: Some(UserId::new("ian").unwrap()), revision: 3, place: 1 };
            for event in [EventId(write), EventId::numbered(41)] {
                let id = NoticeId { org: OrgId::new(org).unwrap(), event };
                let text = id.to_string();
                assert!(text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b)), "{text}");
                assert_eq!(text.parse(), Ok(id));
            }
        }
        for text in ["", "41", ".41", "YWNtZQ", "YWNtZQ.", "YWNtZQ.x", "!.41", "Cg.41"] {
            assert_eq!(text.parse::<NoticeId>(), Err(InvalidEventId), "{text}");
        }
    }
}
