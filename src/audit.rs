//! What happened, for the audit trail, and who is told of it. Knows no secret, no code and no ticket (R9).

mod text;
mod act;
mod kind;
mod event;
mod audience;
mod listener;

pub use self::{
    act::{Act, Denied, Password, Purpose},
    audience::{Audience, Recipient, UnknownAudience},
    event::{Actor, Event},
    kind::EventKind,
    listener::Listener,
    text::{InvalidNote, Operator, Origin, Reason},
};
