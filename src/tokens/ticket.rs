//! Tickets: sealed, short-lived proof that the first factor was just accepted for a user (R3).
//!
//! A ticket is a text that the host keeps between two requests of a login. Nothing is stored for it: it names the
//! generation and the epoch in which it was made, and is void in any other. Only after it has let its user in does
//! their record remember it as spent.

use zeroize::Zeroizing;

use crate::{
    audit::{Origin, Purpose},
    policy::Epoch,
    seal::{Damaged, Generation, Kind, Reader, Writer},
    time::Timestamp,
    tokens::{
        stamp::SessionId,
        token::{Claims, token},
    },
    who::{OrgId, UserId},
};

token! {
    /// Proof that the first factor was accepted, for the second step of a login.
    ///
    /// Keep its text in the server's session or in an HttpOnly cookie, never in a URL. Any text can be made into a
    /// ticket. One that is forged, changed, expired or spent is answered with
    /// [`Refusal::TicketVoid`](crate::Refusal::TicketVoid).
    Ticket
}

/// The id of a ticket or of an invitation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TicketId(pub(crate) [u8; 16]);

/// The content of a ticket.
#[derive(Clone, Debug)]
pub(crate) struct TicketClaims {
    pub(crate) id: TicketId,
    pub(crate) org: OrgId,
    pub(crate) user: UserId,
    pub(crate) generation: Generation,
    pub(crate) epoch: Epoch,
    pub(crate) purpose: Purpose,
    pub(crate) issued_at: Timestamp,
    pub(crate) expires_at: Timestamp,
    /// The session in which a step-up or a replacement was asked for.
    pub(crate) continues: Option<Continued>,
    pub(crate) checked_in_from: Option<Origin>,
    /// The invitation with which the bearer enrolls.
    pub(crate) invitation: Option<TicketId>,
}

/// The session that a new pass continues: it has the same id, and lasts no longer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Continued {
    pub(crate) id: SessionId,
    pub(crate) begun_at: Timestamp,
    pub(crate) ends_at: Timestamp,
}

impl TicketClaims {
    /// Returns whether the clock allows it (R15).
    pub(crate) fn is_alive(&self, now: Timestamp) -> bool {
        self.issued_at.is_good_until(self.expires_at, now)
    }
}

impl Claims for TicketClaims {
    const KIND: Kind = Kind::Ticket;
    type Text = Ticket;

    fn write(&self, plain: &mut Writer) {
        plain.array(self.id.0);
        plain.bytes(self.org.as_str().as_bytes());
        plain.bytes(self.user.as_str().as_bytes());
        plain.generation(self.generation);
        plain.epoch(self.epoch);
        plain.u8(match self.purpose {
            Purpose::LogIn => 0,
            Purpose::StepUp => 1,
            Purpose::Enroll => 2,
            Purpose::Replace => 3,
            Purpose::TakeOver => 4,
        });
        plain.time(self.issued_at);
        plain.time(self.expires_at);
        plain.option(self.continues, |plain, session| {
            plain.array(session.id.0);
            plain.time(session.begun_at);
            plain.time(session.ends_at);
        });
        plain.option(self.checked_in_from.as_ref(), |plain, origin| plain.bytes(origin.as_str().as_bytes()));
        plain.option(self.invitation, |plain, invitation| plain.array(invitation.0));
    }

    fn read(plain: &mut Reader<'_>) -> Result<Self, Damaged> {
        Ok(Self {
            id: TicketId(plain.array()?),
            org: plain.org()?,
            user: plain.user()?,
            generation: plain.generation()?,
            epoch: plain.epoch()?,
            purpose: match plain.u8()? {
                0 => Purpose::LogIn,
                1 => Purpose::StepUp,
                2 => Purpose::Enroll,
                3 => Purpose::Replace,
                4 => Purpose::TakeOver,
                _ => return Err(Damaged),
            },
            issued_at: plain.time()?,
            expires_at: plain.time()?,
            continues: plain.option(|plain| {
                Ok(Continued {
                    id: SessionId(plain.array()?),
                    begun_at: plain.time()?,
                    ends_at: plain.time()?,
                })
            })?,
            checked_in_from: plain.option(Reader::text)?.and_then(|origin| Origin::new(&origin)),
            invitation: plain.option(|plain| plain.array().map(TicketId))?,
        })
    }
}
