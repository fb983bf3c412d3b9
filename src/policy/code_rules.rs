//! Which codes authenticators make, and which of them are taken: what holds for all orgs of a host.

use crate::otp::{Totp, Window};

/// Which codes new authenticators make, and which codes are taken at a time. The same for all orgs: what an org may
/// choose are its [`Settings`](crate::Settings).
///
/// ```
/// use countersign::policy::{CodeRules, InvalidCodeRule};
/// let stricter = CodeRules::default().window(1, 0)?;
/// assert_eq!(CodeRules::default().window(3, 3), Err(InvalidCodeRule::Window));
/// # Ok::<(), InvalidCodeRule>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CodeRules {
    pub(crate) totp: Totp,
    pub(crate) window: Window,
    pub(crate) drift: u8,
}

/// A rule out of its bounds. Each says which they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidCodeRule {
    /// The window.
    #[error("a login window reaches at most two steps each way")]
    Window,
    /// The drift.
    #[error("a remembered drift is at most ten steps")]
    Drift,
}

impl Default for CodeRules {
    fn default() -> Self {
        Self { totp: Totp::default(), window: Window::ONE_EACH_WAY, drift: 0 }
    }
}

impl CodeRules {
    /// The digits and the period of authenticators that are enrolled from now on; those enrolled already keep
    /// theirs. Default: 6 digits and 30 seconds, which every app takes.
    #[must_use]
    pub const fn totp(mut self, totp: Totp) -> Self {
        self.totp = totp;
        self
    }

    /// How many steps before and after the present one are accepted. Default: one each way (RFC 6238 §5.2).
    ///
    /// # Errors
    /// [`InvalidCodeRule::Window`] beyond two: five steps make a guess five in a million.
    pub fn window(mut self, back: u8, ahead: u8) -> Result<Self, InvalidCodeRule> {
        if back > 2 || ahead > 2 {
            return Err(InvalidCodeRule::Window);
        }
        self.window = Window::new(back, ahead).map_err(|_| InvalidCodeRule::Window)?;
        Ok(self)
    }

    /// Remembers how far off a user's clock was at his last right code, up to so many steps, and moves the window there
    /// for the next one (RFC 6238 §6). The window does not grow: as many codes are right as without. Default: 0, which
    /// follows nothing; phones set their clocks by themselves, and this is for tokens that cannot.
    ///
    /// # Errors
    /// [`InvalidCodeRule::Drift`] beyond ten steps.
    pub const fn drift(mut self, steps: u8) -> Result<Self, InvalidCodeRule> {
        if steps > Window::MOST {
            return Err(InvalidCodeRule::Drift);
        }
        self.drift = steps;
        Ok(self)
    }

    /// The window around where a user's clock was at his last right code.
    pub(crate) fn window_for(&self, drift: i8) -> Window {
        let within = self.followed(drift);
        self.window.recentered(within).expect("a drift is at most ten steps")
    }

    /// How much of an offset is remembered.
    pub(crate) fn followed(&self, offset: i8) -> i8 {
        let most = self.drift.cast_signed();
        offset.clamp(-most, most)
    }
}
