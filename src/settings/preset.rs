//! Settings that documents ask for, by their clauses. Where a document leaves a choice, the product's own stands.

use super::{HOUR, Settings};
use crate::requirement::RunningSessions;

impl Settings {
    /// Settings within what NIST SP 800-63B-4 asks for at AAL2.
    ///
    /// | clause | asks for | setting |
    /// | --- | --- | --- |
    /// | §2.2.1 | two factors in every authentication | running sessions without a code end; no device is remembered |
    /// | §2.2.3 | a new login after 24 hours at most | sessions last 24 hours |
    /// | §3.2.2 | at most 100 wrong ones in a row, waits of 30 s up to an hour as they add up | hard stop at 10, waits of 30 s to an hour from the 5th on |
    ///
    /// §2.2.3 also asks for an end after an hour without activity, which only the host sees: it ends such sessions.
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
    /// | 8.3.4 | a lock after 10 attempts at most, until the user's identity is confirmed | hard stop at 10; somebody unlocks |
    /// | 8.4.2, 8.5.1 | all factors before access, and no way around | running sessions without a code end; no device is remembered |
    ///
    /// 8.2.8 asks for a new login after 15 minutes without activity, which only the host sees: it ends such sessions.
    /// That a code works once, as 8.5.1 asks as well, no setting can change (R1).
    pub const fn pci_dss() -> Self {
        Self { hard_stop: 10, sessions: RunningSessions::End, remember_devices: None, ..Self::PRODUCT }
    }

    /// Settings within what OWASP ASVS 5.0 asks for at level 2.
    ///
    /// | clause | asks for | setting |
    /// | --- | --- | --- |
    /// | 6.3.3 | several factors for access to the application | running sessions without a code end; no device is remembered |
    /// | 7.3.2 | a greatest lifetime of sessions, by one's own analysis (12 hours in 3.3.2 of version 4.0.3) | sessions last 12 hours |
    /// | 7.5.1 | a new authentication before changes to authentication | a fresh code at most five minutes old |
    ///
    /// 7.3.1, a new login after some time without activity, is the host's. 6.5.1 (a code works once), 6.5.3 (secrets from
    /// a secure random source) and 7.4.3 (sessions end when an authenticator was changed) no setting can change. Where
    /// 6.5.5 is read as 30 seconds for a code altogether, narrow the [window](crate::CodeRules::window) to none.
    pub const fn asvs_l2() -> Self {
        Self {
            stamp: HOUR.saturating_mul(12),
            sessions: RunningSessions::End,
            remember_devices: None,
            ..Self::PRODUCT
        }
    }
}
