//! What may be done to one internal user, by a Master Admin of their org or by the vendor.

use std::fmt;

use crate::{
    account::Forgotten,
    admin::{Admin, accounts, devices, joining},
    audit::Password,
    driver::verdict,
    error::Error,
    policy::Days,
    time::Timestamp,
    tokens::{Authenticator, AuthenticatorId, Device, DeviceId, Invitation},
    verdict::{ActRefusal, Verdict},
    who::UserId,
};

/// What may be done to one internal user. From [`Admin::user`].
///
/// Besides what [`Admin`] says of every act, each is refused with [`Denied`](ActRefusal::Denied) if the user is a
/// customer, is not in the org, or is the Master Admin who acts. Nobody else's account is touched.
#[derive(Clone)]
#[must_use = "a handle does nothing by itself"]
pub struct ManagedUser<'a> {
    admin: Admin<'a>,
    user: UserId,
}

impl<'a> ManagedUser<'a> {
    pub(super) fn new(admin: Admin<'a>, user: UserId) -> Self {
        Self { admin, user }
    }

    /// Removes the user's second factor: they must enroll again at their next login. For a sole Master Admin who is locked
    /// out, this is the vendor's way to help.
    ///
    /// Everything that was handed out for that user is void, and nobody else is touched (R7). Works also if what is stored
    /// for them cannot be opened any more. Then their password counts as known to somebody else, unless it was changed:
    /// they enroll with an [invitation](Self::invite) only.
    ///
    /// # Refusals
    /// [`PasswordKnown`](ActRefusal::PasswordKnown) if the account was blocked by wrong codes after the password (even if
    /// unlocked since), or was reset to be [invited](Self::reset_and_invite): whoever else knows the password could enroll
    /// first. Once the host has [reported](crate::User::password_changed) a new password, or the act
    /// [states it](Password::Changed), they are reset like others. Those of every act: see [`ManagedUser`].
    ///
    /// # Errors
    /// See [`Admin`].
    pub async fn reset(&self, password: Password) -> Result<Verdict<(), ActRefusal>, Error> {
        verdict(accounts::reset(&self.admin, &self.user, password).await)
    }

    /// Resets the user, blocked or not, who then enrolls only with the invitation that is returned. Whoever else knows the
    /// password gets nowhere with it. If somebody does, the enrollment does not change that: only a new password does.
    ///
    /// # Refusals
    /// Those of every act: see [`ManagedUser`].
    ///
    /// # Errors
    /// See [`Admin`].
    pub async fn reset_and_invite(
        &self,
        password: Password,
    ) -> Result<Verdict<Invitation, ActRefusal>, Error> {
        verdict(joining::reset_and_invite(&self.admin, &self.user, password).await)
    }

    /// Lifts the wait or the block of the user. Their authenticator stays, their sessions end.
    ///
    /// Whoever blocked the account after its password knows that password. Unless the act states that it was changed, it
    /// stays known: it opens no enrollment, gives no time, and no device is remembered.
    ///
    /// # Refusals
    /// Those of every act: see [`ManagedUser`].
    ///
    /// # Errors
    /// See [`Admin`]; [`Unreadable`](crate::ErrorKind::Unreadable) also if the user's record does not open.
    pub async fn unlock(&self, password: Password) -> Result<Verdict<(), ActRefusal>, Error> {
        verdict(accounts::unlock(&self.admin, &self.user, password).await)
    }

    /// Invites the user to enroll, once, within the time that the [settings](crate::policy::Settings::invitation_lifetime) give. An earlier invitation is void.
    ///
    /// This is the way for those whose grace is over, and for all where the org's settings ask for invitations. It may be
    /// done before the requirement is switched on. Where invitations are asked for from the start, that is how the Master
    /// Admins themselves get in: one invites the other, and a sole one is invited by the vendor.
    ///
    /// # Refusals
    /// [`AlreadyEnrolled`](ActRefusal::AlreadyEnrolled), and those of every act: see [`ManagedUser`].
    ///
    /// # Errors
    /// Those of [`unlock`](Self::unlock).
    pub async fn invite(&self) -> Result<Verdict<Invitation, ActRefusal>, Error> {
        verdict(joining::invite(&self.admin, &self.user).await)
    }

    /// Gives the user so many days from now to enroll, if that is more than they have, and returns when that time ends. In
    /// all, nobody has more than 90 days, counted from the day on which they were first told.
    ///
    /// # Refusals
    /// * [`NoMoreTime`](ActRefusal::NoMoreTime): they have had it all.
    /// * [`NotOffered`](ActRefusal::NotOffered) where the org gives no time.
    /// * [`PasswordKnown`](ActRefusal::PasswordKnown): nobody gets in on a password that somebody else knows.
    /// * [`AlreadyEnrolled`](ActRefusal::AlreadyEnrolled).
    /// * Those of every act: see [`ManagedUser`].
    ///
    /// # Errors
    /// Those of [`unlock`](Self::unlock).
    pub async fn extend(&self, days: Days) -> Result<Verdict<Timestamp, ActRefusal>, Error> {
        verdict(joining::extend(&self.admin, &self.user, days).await)
    }

    /// Returns the user's authenticator that counts now, for the page on which an admin [vouches](Self::vouch) for it. Like
    /// every list, it asks for no fresh code.
    ///
    /// # Refusals
    /// Those of every act but [`FreshCodeNeeded`](ActRefusal::FreshCodeNeeded): see [`ManagedUser`].
    ///
    /// # Errors
    /// Those of [`unlock`](Self::unlock).
    pub async fn authenticator(&self) -> Result<Verdict<Option<Authenticator>, ActRefusal>, Error> {
        verdict(accounts::authenticator(&self.admin, &self.user).await)
    }

    /// Vouches for the authenticator that was seen: after a recovery, the user may administer again at once. Make sure
    /// that it is theirs, by their voice or in person. Succeeds if nothing keeps them from it.
    ///
    /// # Refusals
    /// [`AuthenticatorMoved`](ActRefusal::AuthenticatorMoved) if they have another one by now, or none. Those of every
    /// act: see [`ManagedUser`].
    ///
    /// # Errors
    /// Those of [`unlock`](Self::unlock).
    pub async fn vouch(&self, seen: &AuthenticatorId) -> Result<Verdict<(), ActRefusal>, Error> {
        verdict(accounts::vouch(&self.admin, &self.user, *seen).await)
    }

    /// Returns the user's devices on which no code is asked for, the oldest first. Like every list, it asks for no fresh
    /// code.
    ///
    /// # Refusals
    /// Those of every act but [`FreshCodeNeeded`](ActRefusal::FreshCodeNeeded): see [`ManagedUser`].
    ///
    /// # Errors
    /// Those of [`unlock`](Self::unlock).
    pub async fn devices(&self) -> Result<Verdict<Vec<Device>, ActRefusal>, Error> {
        verdict(devices::list(&self.admin, &self.user).await)
    }

    /// Forgets a device of the user: the code is asked for on it again. Succeeds if it is not remembered. Sessions that
    /// are running on it go on.
    ///
    /// # Refusals
    /// Those of every act: see [`ManagedUser`].
    ///
    /// # Errors
    /// Those of [`unlock`](Self::unlock).
    pub async fn forget_device(&self, device: &DeviceId) -> Result<Verdict<(), ActRefusal>, Error> {
        verdict(devices::forget(&self.admin, &self.user, Forgotten::One(*device)).await)
    }

    /// Forgets all devices of the user, like [`forget_device`](Self::forget_device).
    ///
    /// # Refusals
    /// Those of every act: see [`ManagedUser`].
    ///
    /// # Errors
    /// Those of [`unlock`](Self::unlock).
    pub async fn forget_devices(&self) -> Result<Verdict<(), ActRefusal>, Error> {
        verdict(devices::forget(&self.admin, &self.user, Forgotten::All).await)
    }
}

impl fmt::Debug for ManagedUser<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ManagedUser").field("user", &self.user).finish_non_exhaustive()
    }
}
