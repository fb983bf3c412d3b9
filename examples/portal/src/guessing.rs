//! How often passwords are looked at: so often from one place, so often for one name. Whoever guesses is slowed down before
//! the password is hashed, so that a flood takes neither an account nor the processor.

use std::{num::NonZeroU32, sync::Arc, time::Duration};

use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

/// More names and places than a portal sees in a quiet hour. Beyond that, those that are fresh again are forgotten.
const MANY: usize = 10_000;

/// The limits, for all pages that take a password.
#[derive(Clone)]
pub(crate) struct Guessing {
    /// Somebody at one place who tries one name: thirty at once, then one in 20 seconds.
    pairs: Arc<DefaultKeyedRateLimiter<(String, String)>>,
    /// One place, whatever the name: two hundred at once, then one in a second. A whole office may be behind one address.
    places: Arc<DefaultKeyedRateLimiter<String>>,
    /// One name, from wherever: a hundred at once (NIST SP 800-63B-4 §3.2.2 names that number), then one in a minute. It is
    /// the widest, so that strangers cannot keep somebody out for long.
    names: Arc<DefaultKeyedRateLimiter<String>>,
}

impl Guessing {
    pub(crate) fn new() -> Self {
        let limit = |at_once: u32, then: Duration| {
            let quota = Quota::with_period(then).expect("a period is not zero");
            quota.allow_burst(NonZeroU32::new(at_once).expect("a burst is not zero"))
        };
        Self {
            pairs: Arc::new(RateLimiter::keyed(limit(30, Duration::from_secs(20)))),
            places: Arc::new(RateLimiter::keyed(limit(200, Duration::from_secs(1)))),
            names: Arc::new(RateLimiter::keyed(limit(100, Duration::from_mins(1)))),
        }
    }

    /// Returns whether another password may be looked at, and counts it.
    pub(crate) fn may_try(&self, login: &str, seen_from: &str) -> bool {
        let (name, place) = (login.trim().to_lowercase(), seen_from.to_owned());
        if self.pairs.len() > MANY {
            self.pairs.retain_recent();
            self.places.retain_recent();
            self.names.retain_recent();
        }
        let pair = (name.clone(), place.clone());
        self.pairs.check_key(&pair).is_ok()
            && self.places.check_key(&place).is_ok()
            && self.names.check_key(&name).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::Guessing;

    #[test]
    fn a_guesser_is_slowed_down_and_nobody_else_is() {
        let guessing = Guessing::new();
        let tried = (0..200).filter(|_| guessing.may_try("Sam ", "192.0.2.1")).count();
        assert_eq!(tried, 30);
        assert!(!guessing.may_try("sam", "192.0.2.1"), "whatever the spelling");
        assert!(guessing.may_try("sam", "192.0.2.2") && guessing.may_try("riley", "192.0.2.1"));
        let from_everywhere = (0..200).filter(|n| guessing.may_try("sam", &format!("10.0.0.{n}"))).count();
        assert!(from_everywhere < 100, "{from_everywhere}");
        let at_all = (0..1_000).filter(|n| guessing.may_try(&format!("user{n}"), "192.0.2.3")).count();
        assert!(at_all < 210, "{at_all}");
    }
}
