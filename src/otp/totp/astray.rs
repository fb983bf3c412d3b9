//! The step outside the window that a wrong code belongs to, so that a user can be told that their phone's clock is
//! wrong.
//!
//! What is found here is never accepted. The search takes as long for every code (R12), and takes no part in
//! [`Verifier::check`].

use super::{Row, Step, Verifier, Window};
use crate::{otp::code::Code, time::Timestamp};

/// The direction to look in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Astray {
    /// At past steps only, and not at the one right before the window: a server whose clock is a step behind may still
    /// accept it. A guess that hits a past step reveals one expired code.
    Behind,
    /// Ahead as well. That reveals codes of the next hour to a guess that hits one, so use it only for a user who has
    /// the secret on their screen and could compute them all.
    EitherWay,
}

impl Astray {
    /// How many seconds are looked at either way: one hour. A phone is that far off if its time zone was set instead of
    /// its clock.
    pub const REACH: u16 = 60 * 60;
}

impl Verifier {
    /// Finds the step outside the window that a [wrong](super::Check::Wrong) code belongs to, and returns how many
    /// steps it lies after the current one. Below zero it lies before, as the codes of a slow clock do.
    ///
    /// Steps up to the last consumed one are not found: their codes are old ones, and say nothing about a clock. With
    /// [`Astray::Behind`], the step right before the window is not found either. If several match, the latest is
    /// returned.
    ///
    /// ```
    /// use countersign::{Timestamp, otp::{Astray, Check, Secret, Totp, Window}};
    ///
    /// let secret = Secret::from_bytes(b"12345678901234567890")?;
    /// let (totp, window) = (Totp::default(), Window::ONE_EACH_WAY);
    /// let four_minutes_ago = totp.code_at(&secret, Timestamp::from_unix(1_800_000_000 - 4 * 60)).unwrap();
    ///
    /// let (verifier, now) = (totp.verifier(&secret), Timestamp::from_unix(1_800_000_000));
    /// assert_eq!(verifier.check(four_minutes_ago, now, window, None), Check::Wrong);
    /// assert_eq!(verifier.astray(four_minutes_ago, now, window, None, Astray::Behind), Some(-8));
    /// # Ok::<(), countersign::otp::InvalidSecret>(())
    /// ```
    #[inline(never)]
    pub fn astray(
        &self,
        code: Code,
        now: Timestamp,
        window: Window,
        last_consumed: Option<Step>,
        way: Astray,
    ) -> Option<i16> {
        let Step(present) = self.totp.step_at(now)?;
        let reach = u32::from(Astray::REACH) / u32::from(self.totp.period);
        let consumed = last_consumed.map(Step::number);
        let row = match way {
            Astray::Behind => {
                let earliest =
                    present.checked_add_signed(window.drift.into())?.checked_sub(window.back.into())?;
                // One for the other server, and one because the row ends there. A window that follows a fast clock
                // begins after the current step; what lies between the two is still to come.
                let last = earliest.checked_sub(2)?.min(present.checked_sub(2)?);
                Row { center: last, back: reach - 1, ahead: 0, consumed }
            }
            Astray::EitherWay => Row { center: present, back: reach, ahead: reach, consumed },
        };
        let found = self.keyed.find(code, row);
        let counter = found.fresh().filter(|_| code.digits == self.totp.digits)?;
        // Some hundred steps at most: two steps beyond the farthest window, and the reach.
        i16::try_from(i128::from(counter) - i128::from(present)).ok()
    }
}
