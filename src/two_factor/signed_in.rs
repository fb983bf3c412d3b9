//! What somebody does who is signed in: prove themselves again, replace their authenticator, manage what is their own.

mod proving;
mod by_choice;
mod devices;
mod recovery;

use std::fmt;

use crate::{
    account::Forgotten,
    audit::{Origin, Purpose},
    driver::{Core, verdict},
    error::Error,
    tokens::{Device, DeviceId, Pass, RecoveryCodes, RecoveryCodesLeft, RememberedDevice, Ticket},
    two_factor::request::FirstFactor,
    verdict::{ActRefusal, Verdict},
};

/// What the bearer of a pass may do for themselves. From [`TwoFactor::signed_in`](crate::TwoFactor::signed_in).
///
/// The handle proves nothing: each method checks the session again, against the account, the directory and the policy of
/// that moment.
///
/// Every method is refused with [`SessionOver`](ActRefusal::SessionOver) if the session has ended. Every method fails
/// with [`Unavailable`](crate::ErrorKind::Unavailable) and [`Unreadable`](crate::ErrorKind::Unreadable) if what decides
/// cannot be read; those that write also with [`Contended`](crate::ErrorKind::Contended) and
/// [`OutcomeUnknown`](crate::ErrorKind::OutcomeUnknown).
#[derive(Clone, Copy)]
#[must_use = "a handle does nothing by itself"]
pub struct SignedIn<'a> {
    core: &'a Core,
    pass: &'a Pass,
}

impl<'a> SignedIn<'a> {
    pub(super) fn new(core: &'a Core, pass: &'a Pass) -> Self {
        Self { core, pass }
    }

    /// Starts asking for a code before something sensitive. [`verify`](crate::TwoFactor::verify) takes it, and returns a
    /// fresh pass that lasts no longer than the session did before. Wrong codes count like those of a login.
    ///
    /// # Refusals
    /// [`SessionOver`](ActRefusal::SessionOver), [`EnrollFirst`](ActRefusal::EnrollFirst),
    /// [`Blocked`](ActRefusal::Blocked).
    ///
    /// # Errors
    /// See [`SignedIn`]; it does not write.
    pub async fn step_up(self) -> Result<Verdict<Ticket, ActRefusal>, Error> {
        verdict(proving::prove(self.core, self.pass, Purpose::StepUp).await)
    }

    /// Starts replacing the authenticator. Requires a fresh app code or a recovery code just used.
    ///
    /// The ticket is for [`setup`](crate::TwoFactor::setup) and [`confirm`](crate::TwoFactor::confirm). Until the new
    /// authenticator is confirmed the old one works, and only it. [`cancel`](crate::TwoFactor::cancel) leaves everything
    /// as it was.
    ///
    /// # Refusals
    /// Those of [`step_up`](Self::step_up), and [`FreshCodeNeeded`](ActRefusal::FreshCodeNeeded).
    ///
    /// # Errors
    /// See [`SignedIn`]; it does not write.
    pub async fn replace(self) -> Result<Verdict<Ticket, ActRefusal>, Error> {
        verdict(proving::prove(self.core, self.pass, Purpose::Replace).await)
    }

    /// Starts the enrollment of a user who is not required to have an authenticator, where the org offers it
    /// ([`Settings::enrollment_by_choice`](crate::policy::Settings::enrollment_by_choice)). From then on they are asked
    /// for codes.
    ///
    /// Ask for the password again and hand in that `first_factor`. A session that was left open would otherwise bind
    /// somebody else's phone to the account (NIST SP 800-63B-4 §4.1.2.1 asks for an authentication before another
    /// authenticator is bound). The ticket is for [`setup`](crate::TwoFactor::setup) and
    /// [`confirm`](crate::TwoFactor::confirm).
    ///
    /// # Refusals
    /// * [`SessionOver`](ActRefusal::SessionOver), also if the first factor is that of another user.
    /// * [`NotOffered`](ActRefusal::NotOffered), [`AlreadyEnrolled`](ActRefusal::AlreadyEnrolled),
    ///   [`Blocked`](ActRefusal::Blocked).
    ///
    /// # Errors
    /// See [`SignedIn`]; it does not write. [`PasswordMoved`](crate::ErrorKind::PasswordMoved) as in
    /// [`check_in`](crate::TwoFactor::check_in).
    pub async fn enroll(self, first_factor: FirstFactor) -> Result<Verdict<Ticket, ActRefusal>, Error> {
        verdict(by_choice::enroll(self.core, self.pass, first_factor).await)
    }

    /// Removes the authenticator of a user whose org does not require one. Requires a fresh code.
    ///
    /// All their sessions end, this one too. Their next login opens with the password.
    ///
    /// # Refusals
    /// * [`CodesRequired`](ActRefusal::CodesRequired) where the org requires one.
    /// * [`FreshCodeNeeded`](ActRefusal::FreshCodeNeeded), [`SessionOver`](ActRefusal::SessionOver),
    ///   [`EnrollFirst`](ActRefusal::EnrollFirst), [`Blocked`](ActRefusal::Blocked).
    /// * [`NotOffered`](ActRefusal::NotOffered) to customers.
    ///
    /// # Errors
    /// See [`SignedIn`]. Whether it happened, the next login shows.
    pub async fn withdraw(self) -> Result<Verdict<(), ActRefusal>, Error> {
        verdict(by_choice::withdraw(self.core, self.pass).await)
    }

    /// Remembers the device that the user is at, if the org
    /// [allows it](crate::policy::Settings::with_remember_devices). Requires a fresh code.
    ///
    /// Until the time that the answer tells, or until it is forgotten, the password is enough on it. The `name` is shown
    /// when devices are listed, and is in the audit trail; the first 128 bytes of a longer one. A user has at most eight:
    /// one more replaces the one whose time would have ended first.
    ///
    /// # Refusals
    /// [`NotOffered`](ActRefusal::NotOffered), [`FreshCodeNeeded`](ActRefusal::FreshCodeNeeded),
    /// [`SessionOver`](ActRefusal::SessionOver), [`EnrollFirst`](ActRefusal::EnrollFirst) (also to customers),
    /// [`Blocked`](ActRefusal::Blocked).
    ///
    /// # Errors
    /// See [`SignedIn`]. If it fails, the code will be asked for.
    pub async fn remember_device(
        self,
        name: impl fmt::Display,
    ) -> Result<Verdict<RememberedDevice, ActRefusal>, Error> {
        verdict(devices::remember(self.core, self.pass, Origin::of_device(&name)).await)
    }

    /// Returns the user's devices on which no code is asked for, the oldest first.
    ///
    /// # Refusals
    /// [`SessionOver`](ActRefusal::SessionOver), and [`EnrollFirst`](ActRefusal::EnrollFirst) to customers.
    ///
    /// # Errors
    /// See [`SignedIn`]; it does not write.
    pub async fn devices(self) -> Result<Verdict<Vec<Device>, ActRefusal>, Error> {
        verdict(devices::list(self.core, self.pass).await)
    }

    /// Forgets a device: the code is asked for on it again. Succeeds if it is not remembered.
    ///
    /// Sessions that are running on it go on. To end them as well, as when it was stolen, the host calls
    /// [`User::end_sessions`](crate::User::end_sessions), which forgets all devices.
    ///
    /// # Refusals
    /// Those of [`devices`](Self::devices). To ask for more codes than before takes no fresh one.
    ///
    /// # Errors
    /// See [`SignedIn`].
    pub async fn forget_device(self, device: &DeviceId) -> Result<Verdict<(), ActRefusal>, Error> {
        verdict(devices::forget(self.core, self.pass, Forgotten::One(*device)).await)
    }

    /// Forgets all devices of the user, like [`forget_device`](Self::forget_device).
    ///
    /// # Refusals
    /// Those of [`devices`](Self::devices).
    ///
    /// # Errors
    /// See [`SignedIn`].
    pub async fn forget_devices(self) -> Result<Verdict<(), ActRefusal>, Error> {
        verdict(devices::forget(self.core, self.pass, Forgotten::All).await)
    }

    /// Draws new recovery codes. Requires a fresh code of the app. Show them now, they are never shown again. None of the
    /// old ones works any more.
    ///
    /// # Refusals
    /// [`FreshCodeNeeded`](ActRefusal::FreshCodeNeeded), [`SessionOver`](ActRefusal::SessionOver),
    /// [`EnrollFirst`](ActRefusal::EnrollFirst), [`Blocked`](ActRefusal::Blocked).
    ///
    /// # Errors
    /// See [`SignedIn`]. After [`OutcomeUnknown`](crate::ErrorKind::OutcomeUnknown) the old ones may be void and the new
    /// ones unseen: do it again.
    pub async fn renew_recovery_codes(self) -> Result<Verdict<RecoveryCodes, ActRefusal>, Error> {
        verdict(recovery::renew(self.core, self.pass).await)
    }

    /// Reports that the user has seen and kept the recovery codes that were shown last: they pressed the button on that
    /// page. Until then [`recovery_codes_left`](Self::recovery_codes_left) says that nobody has.
    ///
    /// # Refusals
    /// Those of [`recovery_codes_left`](Self::recovery_codes_left).
    ///
    /// # Errors
    /// See [`SignedIn`].
    pub async fn acknowledge_recovery_codes(self) -> Result<Verdict<(), ActRefusal>, Error> {
        verdict(recovery::acknowledge(self.core, self.pass).await)
    }

    /// Returns how many recovery codes the user has left, and whether they have acknowledged them, for the page on which
    /// they renew them.
    ///
    /// # Refusals
    /// [`SessionOver`](ActRefusal::SessionOver), and [`EnrollFirst`](ActRefusal::EnrollFirst) to users without an
    /// authenticator that counts.
    ///
    /// # Errors
    /// See [`SignedIn`]; it does not write.
    pub async fn recovery_codes_left(self) -> Result<Verdict<RecoveryCodesLeft, ActRefusal>, Error> {
        verdict(recovery::left(self.core, self.pass).await)
    }
}

impl fmt::Debug for SignedIn<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignedIn").field("pass", self.pass).finish_non_exhaustive()
    }
}
