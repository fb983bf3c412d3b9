//! What is handed out: sealed texts, and codes on paper. For most of them nothing is stored.

mod token;
mod id;
mod stamp;
mod ticket;
mod pass;
mod device;
mod authenticator;
mod paper;
mod recovery;
mod invitation;

pub use self::{
    authenticator::{Authenticator, AuthenticatorId, InvalidAuthenticatorId},
    device::{Device, DeviceId, DeviceToken, InvalidDeviceId, RememberedDevice},
    invitation::Invitation,
    pass::Pass,
    recovery::{RecoveryCodes, RecoveryCodesLeft},
    stamp::{Means, Stamp},
    ticket::Ticket,
};
pub(crate) use self::{
    device::DeviceClaims,
    id::id,
    paper::{Paper, PaperCode},
    pass::Witness,
    recovery::{Drawn, KeptCodes},
    stamp::{Mark, Session, SessionId},
    ticket::{Continued, TicketClaims, TicketId},
    token::Claims,
};
