//! Settings that documents ask for, by their clauses. Where a document leaves a choice, the product's own stands.

use super::{HOUR, Settings};
use crate::policy::requirement::RunningSessions;

impl Settings {
    /// Settings within what NIST SP 800-63B-4 asks for at AAL2.
    ///
    /// | clause | asks for | setting |
    /// | --- | --- | --- |
    /// | §2.2.1 | two factors in every authentication | running sessions without a code end |
    /// | §2.2.3 | a new login after some time, at most 24 hours as is recommended | sessions last 24 hours |
    /// | §3.2.2 | at most 100 wrong ones in a row; waits that grow, say of 30 s up to an hour, are permitted | hard stop at 10, waits of 30 s to an hour from the 5th on |
    /// | §5.1 | no remembered browser instead of an authentication | no device is remembered |
    ///
    /// What they cannot do:
    ///
    /// * §2.2.2 wants that users are offered something beside that resists phishing, which codes do not: that is the
    ///   host's.
    /// * §2.2.3 recommends an end after an hour without activity, which only the host sees: it ends such sessions.
    /// * §3.2.2 wants an authenticator that has come to its limit bound anew. So whoever is blocked is to be reset,
    ///   [with an invitation](crate::TwoFactor::reset_and_invite) or
    ///   [a new password](crate::TwoFactor::reset_with_new_password): [unlocked](crate::TwoFactor::unlock) he keeps the
    ///   authenticator he has, and the count begins again.
    /// * §4.2.2.2 wants more than a password of somebody who lost his authenticator. An invitation is more: have it
    ///   [always asked for](Self::with_invitation_required), or hand one out with the reset.
    pub const fn nist_aal2() -> Self {
        Self {
            stamp: HOUR.saturating_mul(24),
            sessions: RunningSessions::End,
            remember_devices: None,
            ..Self::PRODUCT
        }
    }

    /// Settings within what PCI DSS v4.0.1 asks for.
    ///
    /// | clause | asks for | setting |
    /// | --- | --- | --- |
    /// | 8.3.4 | a lock after 10 attempts at most, for 30 minutes or until the user's identity is confirmed | hard stop at 10; somebody unlocks |
    /// | 8.4.2, 8.5.1 | several factors for all access to where card data is, but at the console; all of them before it, and no way around | running sessions without a code end; no device is remembered |
    ///
    /// 8.2.8 asks for a new login after 15 minutes without activity, which only the host sees: it ends such sessions.
    /// Whoever unlocks, resets or invites somebody makes sure first who that is, by 8.3.3 and 8.3.4. That a code works
    /// once, as 8.5.1 asks as well, no setting can change (R1).
    pub const fn pci_dss() -> Self {
        Self { hard_stop: 10, sessions: RunningSessions::End, remember_devices: None, ..Self::PRODUCT }
    }

    /// Settings within what OWASP ASVS 5.0 asks for at level 2.
    ///
    /// | clause | asks for | setting |
    /// | --- | --- | --- |
    /// | 6.3.3 | several factors for access to the application | running sessions without a code end; no device is remembered |
    /// | 7.3.2 | a greatest lifetime of sessions, by one's own analysis (in 3.3.2 of version 4.0.3: 12 hours, or 30 minutes without activity) | sessions last 12 hours |
    /// | 7.5.1 | a full new authentication before changes to authentication | a fresh code at most five minutes old; the password beside it is the host's |
    ///
    /// 7.3.1, a new login after some time without activity, is the host's. 6.5.1 (a code works once), 6.5.3 (secrets from
    /// a secure random source) and 7.4.3 (other sessions can be ended when an authenticator was changed: here they are)
    /// no setting can change. 6.5.5 gives a code 30 seconds at most: where that is read as 30 seconds altogether, narrow
    /// the [window](crate::CodeRules::window) to none.
    pub const fn asvs_l2() -> Self {
        Self {
            stamp: HOUR.saturating_mul(12),
            sessions: RunningSessions::End,
            remember_devices: None,
            ..Self::PRODUCT
        }
    }
}
