//! What a host passes in at the two steps of a login.

use std::fmt;

use crate::{
    audit::Origin,
    time::Timestamp,
    tokens::{DeviceToken, Ticket},
    who::{OrgId, UserId},
};

/// The host's word that it has just accepted a user's first factor: their password, a single sign-on.
///
/// Make one right after the check, and nowhere else. The library knows nothing else of the first factor.
#[derive(Clone, Debug)]
#[must_use = "pass it to `TwoFactor::check_in`"]
pub struct FirstFactor {
    pub(crate) org: OrgId,
    pub(crate) user: UserId,
    pub(crate) seen_from: Option<Origin>,
    pub(crate) device: Option<DeviceToken>,
    pub(crate) begun_at: Option<Timestamp>,
}

impl FirstFactor {
    /// States that the first factor of this user was accepted just now.
    pub fn accepted(org: &OrgId, user: &UserId) -> Self {
        Self { org: org.clone(), user: user.clone(), seen_from: None, device: None, begun_at: None }
    }

    /// Says when the host began to check the password: before it read the hash. If a new password was
    /// [reported](crate::User::password_changed) since, the check-in fails with
    /// [`PasswordMoved`](crate::ErrorKind::PasswordMoved).
    ///
    /// Checking a password takes its time, and the old one may be accepted a moment after it was changed. Take the time from
    /// the clock that the library has, on the same server.
    pub fn begun_at(mut self, time: Timestamp) -> Self {
        self.begun_at = Some(time);
        self
    }

    /// Says where the request came from, for the audit trail: an address, a device's name.
    pub fn seen_from(mut self, origin: impl fmt::Display) -> Self {
        self.seen_from = Origin::new(&origin);
        self
    }

    /// Adds the token from the cookie of a device that may be remembered. If it is
    /// [remembered](crate::SignedIn::remember_device), no code is asked for.
    pub fn on_device(mut self, token: impl Into<DeviceToken>) -> Self {
        self.device = Some(token.into());
        self
    }
}

/// A code that was typed, and the ticket it belongs to.
#[must_use = "pass it to `TwoFactor::verify`, `TwoFactor::confirm`, `TwoFactor::recover` or `TwoFactor::accept`"]
pub struct Attempt<'a> {
    pub(crate) ticket: &'a Ticket,
    pub(crate) code: &'a str,
    pub(crate) seen_from: Option<Origin>,
}

impl<'a> Attempt<'a> {
    /// Creates an attempt with this code, as it was typed.
    pub fn new(ticket: &'a Ticket, code: &'a str) -> Self {
        Self { ticket, code, seen_from: None }
    }

    /// Says where the request came from, for the audit trail: an address, a device's name.
    pub fn seen_from(mut self, origin: impl fmt::Display) -> Self {
        self.seen_from = Origin::new(&origin);
        self
    }
}

impl fmt::Debug for Attempt<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attempt").field("seen_from", &self.seen_from).finish_non_exhaustive()
    }
}

/// A visit to the page with the QR code, with the ticket it belongs to. A `&Ticket` is enough; [`Ticket::seen_from`]
/// says where the request came from.
#[must_use = "pass it to `TwoFactor::setup` or `TwoFactor::cancel`"]
pub struct Visit<'a> {
    pub(crate) ticket: &'a Ticket,
    pub(crate) seen_from: Option<Origin>,
}

impl<'a> From<&'a Ticket> for Visit<'a> {
    fn from(ticket: &'a Ticket) -> Self {
        Self { ticket, seen_from: None }
    }
}

impl Ticket {
    /// Creates a visit to the page with the QR code. `origin` says where the request came from, for the audit trail: an
    /// address, a device's name.
    pub fn seen_from(&self, origin: impl fmt::Display) -> Visit<'_> {
        Visit { ticket: self, seen_from: Origin::new(&origin) }
    }
}

impl fmt::Debug for Visit<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Visit").field("seen_from", &self.seen_from).finish_non_exhaustive()
    }
}
