//! Which codes authenticators make, and which of them are accepted: the same for all orgs of a host.

use crate::otp::{Totp, Window};

/// The codes that new authenticators make, and the codes that are accepted at a given time. They are the same for all
/// orgs; what an org may choose is in its [`Settings`](crate::policy::Settings).
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

/// A rule out of its bounds. Each message says what the bounds are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidCodeRule {
    /// The window is too wide.
    #[error("a login window is at most two steps each way")]
    Window,
    /// The drift is too large.
    #[error("a remembered drift is at most ten steps")]
    Drift,
}

impl Default for CodeRules {
    fn default() -> Self {
        Self { totp: Totp::default(), window: Window::ONE_EACH_WAY, drift: 0 }
    }
}

impl CodeRules {
    /// Sets the digits and the period of authenticators that are enrolled from now on; those already enrolled keep
    /// theirs. Default: 6 digits and 30 seconds, which every app supports.
    #[must_use]
    pub const fn totp(mut self, totp: Totp) -> Self {
        self.totp = totp;
        self
    }

    /// Sets how many steps before and after the current one are accepted. Default: one each way (RFC 6238 §5.2).
    ///
    /// # Errors
    /// [`InvalidCodeRule::Window`] if either is above two. Five steps make five of a million codes right.
    pub fn window(mut self, back: u8, ahead: u8) -> Result<Self, InvalidCodeRule> {
        if back > 2 || ahead > 2 {
            return Err(InvalidCodeRule::Window);
        }
        self.window = Window::new(back, ahead).map_err(|_| InvalidCodeRule::Window)?;
        Ok(self)
    }

    /// Follows users' clocks: the window moves to where a user's clock was at their last right code, up to `steps` (RFC
    /// 6238 §6).
    ///
    /// The window does not grow: no more codes are right than without. Default: 0, which follows nothing. Phones set
    /// their clocks by themselves; this is for hardware tokens, which cannot.
    ///
    /// # Errors
    /// [`InvalidCodeRule::Drift`] if `steps` is above ten.
    pub const fn drift(mut self, steps: u8) -> Result<Self, InvalidCodeRule> {
        if steps > Window::MOST {
            return Err(InvalidCodeRule::Drift);
        }
        self.drift = steps;
        Ok(self)
    }

    /// Returns the window around where a user's clock was at their last right code.
    pub(crate) fn window_for(&self, drift: i8) -> Window {
        let within = self.followed(drift);
        self.window.recentered(within).expect("a drift is at most ten steps")
    }

    /// Returns how much of an offset is remembered.
    pub(crate) fn followed(&self, offset: i8) -> i8 {
        let most = self.drift.cast_signed();
        offset.clamp(-most, most)
    }
}
