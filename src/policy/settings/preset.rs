//! Settings that documents ask for, by their clauses. If a document leaves a choice, the product's default is taken.

use super::{HOUR, Settings};
use crate::policy::requirement::RunningSessions;

impl Settings {
    /// Returns settings within what NIST SP 800-63B-4 asks for at AAL2.
    ///
    /// | clause | asks for | setting |
    /// | --- | --- | --- |
    /// | §2.2.1 | two factors in every authentication | running sessions without a code end |
    /// | §2.2.3 | a new login after some time, at most 24 hours is recommended | sessions last 24 hours |
    /// | §3.2.2 | at most 100 wrong codes in a row; growing waits, for example of 30 s up to an hour, are permitted | hard stop at 10, waits of 30 s to an hour from the 5th on |
    /// | §5.1 | no remembered browser instead of an authentication | no device is remembered |
    ///
    /// What settings cannot do:
    ///
    /// * §2.2.2 wants users to be offered a phishing-resistant option as well, which codes are not. The host offers it.
    /// * §2.2.3 recommends an end after an hour without activity. Only the host sees activity, so it ends such
    ///   sessions.
    /// * §3.2.2 wants an authenticator that has reached its limit to be bound again. So reset blocked users, [with an
    ///   invitation](crate::admin::ManagedUser::reset_and_invite) or [a new
    ///   password](crate::audit::Password::Changed). An [unlocked](crate::admin::ManagedUser::unlock) user
    ///   keeps their authenticator, and the count begins again.
    /// * §4.2.2.2 wants more than a password from a user who lost their authenticator. An invitation is more: [always
    ///   ask for one](Self::with_invitation_required), or hand one out with the reset.
    pub const fn nist_aal2() -> Self {
        Self {
            stamp: HOUR.saturating_mul(24),
            sessions: RunningSessions::End,
            remember_devices: None,
            ..Self::PRODUCT
        }
    }

    /// Returns settings within what PCI DSS v4.0.1 asks for.
    ///
    /// | clause | asks for | setting |
    /// | --- | --- | --- |
    /// | 8.3.4 | a lock after 10 attempts at most, for 30 minutes or until the user's identity is confirmed | hard stop at 10; somebody unlocks |
    /// | 8.4.2, 8.5.1 | several factors for all access to card data, except at the console; all of them before access, and no way around | running sessions without a code end; no device is remembered |
    ///
    /// 8.2.8 asks for a new login after 15 minutes without activity. Only the host sees activity, so it ends such
    /// sessions. By 8.3.3 and 8.3.4, an admin who unlocks, resets or invites a user first makes sure who that is. 8.5.1
    /// also asks that a code works once; no setting can change that (R1).
    pub const fn pci_dss() -> Self {
        Self { hard_stop: 10, sessions: RunningSessions::End, remember_devices: None, ..Self::PRODUCT }
    }

    /// Returns settings within what OWASP ASVS 5.0 asks for at level 2.
    ///
    /// | clause | asks for | setting |
    /// | --- | --- | --- |
    /// | 6.3.3 | several factors for access to the application | running sessions without a code end; no device is remembered |
    /// | 7.3.2 | a maximum lifetime of sessions, by one's own analysis (3.3.2 of version 4.0.3: 12 hours, or 30 minutes without activity) | sessions last 12 hours |
    /// | 7.5.1 | a full new authentication before changes to authentication | a fresh code at most five minutes old; the host asks for the password as well |
    ///
    /// 7.3.1, a new login after some time without activity, is for the host. No setting can change 6.5.1 (a code works
    /// once), 6.5.3 (secrets from a secure random source) and 7.4.3 (other sessions can be ended after an authenticator
    /// was changed: here they always are). 6.5.5 gives a code 30 seconds at most. If that is read as 30 seconds
    /// altogether, set the [window](crate::policy::CodeRules::window) to 0 steps each way.
    pub const fn asvs_l2() -> Self {
        Self {
            stamp: HOUR.saturating_mul(12),
            sessions: RunningSessions::End,
            remember_devices: None,
            ..Self::PRODUCT
        }
    }
}
