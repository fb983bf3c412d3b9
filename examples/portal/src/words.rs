//! Words for people: why a code was not taken, why an act was refused, what a role is called.

use std::{fmt, time::Duration};

use countersign::{
    ActRefusal, Clock, Hint, Prompt, Refusal, Role, SystemClock, Timestamp, admin::Status, audit::Denied,
    otp::Digits,
};

/// What was typed into a form.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Typed {
    Code,
    RecoveryCode,
    Invitation,
}

/// What was wrong with it, in words for the person who typed it.
pub(crate) struct Complaint {
    pub(crate) sentence: String,
    /// For how many seconds no code is looked at; 0 if the next one may come at once.
    pub(crate) wait: u64,
    /// Whether a recovery code helps where codes of the app do not.
    pub(crate) offers_recovery: bool,
}

impl Complaint {
    pub(crate) fn about(typed: Typed, refusal: Refusal) -> Self {
        Self {
            sentence: refused(typed, refusal),
            wait: wait(refusal),
            offers_recovery: typed == Typed::Code && matches!(refusal, Refusal::ClockMovedBack { .. }),
        }
    }

    /// The same, for an authenticator whose codes may not have six digits.
    pub(crate) fn with_digits(mut self, digits: Digits) -> Self {
        if digits != Digits::Six {
            self.sentence = self.sentence.replace("six digits", &format!("{} digits", digits.count()));
        }
        self
    }

    /// "1 minute 30 seconds"
    pub(crate) fn span(&self) -> String {
        let count = |n: u64, unit: &str| match n {
            0 => None,
            1 => Some(format!("1 {unit}")),
            n => Some(format!("{n} {unit}s")),
        };
        let parts = [count(self.wait / 60, "minute"), count(self.wait % 60, "second")];
        parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
    }

    /// Before anything was typed; `None` if the user does not have to wait.
    pub(crate) fn before(prompt: Prompt) -> Option<Self> {
        let sentence = "There were too many wrong codes for your account.".to_owned();
        Some(Self { sentence, wait: seconds_to(prompt.wait_until?), offers_recovery: false })
    }

    /// After a write whose outcome nobody knows: the code may be spent.
    pub(crate) fn outcome_unknown() -> Self {
        let sentence =
            "Something went wrong on our side. Wait until your app shows the next code, and type that one.";
        Self { sentence: sentence.to_owned(), wait: 0, offers_recovery: false }
    }
}

/// A sentence for each refusal that a login page can meet. Where a refusal leads, `login.rs` says.
pub(crate) fn refused(typed: Typed, refusal: Refusal) -> String {
    let sentence = match refusal {
        Refusal::Malformed => match typed {
            Typed::Code => "A code has six digits. Type the ones that your app shows for this portal.",
            Typed::RecoveryCode => {
                "A recovery code has four groups of six letters and digits. Type all of them."
            }
            Typed::Invitation => "An invitation has five groups of six letters and digits. Type all of them.",
        },
        Refusal::WrongCode { hint: Some(hint), .. } => return helped(hint) + &tries(refusal),
        Refusal::WrongCode { hint: None, .. } => match typed {
            Typed::Code => {
                "That code is not right. Look for this portal’s entry in your app, and let your phone set its clock \
                 by itself."
            }
            Typed::RecoveryCode => {
                "That recovery code is not right, or it was used before. Each works once; try another one."
            }
            Typed::Invitation => {
                "That is not your invitation. Type all five groups as you got them. An invitation is valid for one \
                 day, and for one phone. A newer one makes it void."
            }
        },
        Refusal::AlreadyUsed { .. } => {
            "That code was used already, and each works once. Wait until your app shows the next one."
        }
        Refusal::Wait { .. } => "There were too many wrong codes, so this one was not looked at.",
        Refusal::Blocked => "There were too many wrong codes: your account is blocked.",
        Refusal::TicketVoid => {
            "That took too long, or your account has changed in the meantime. Please sign in again."
        }
        Refusal::SetupExpired => {
            "The QR code had expired, so here is a new one. Remove the entry that you just added from your app, and \
             scan this one."
        }
        Refusal::InvitationNeeded => {
            "You need an invitation to set up an authenticator app. Ask a Master Admin of your company."
        }
        Refusal::InvitationVoid => {
            "That invitation was right, but it has expired, or you were given a newer one. Type the newer one, or ask \
             a Master Admin of your company for another."
        }
        Refusal::ClockMovedBack { until } => {
            return format!(
                "Our server’s clock was wrong, and has been set back. No code of your app is looked at until {}. You \
                 can sign in with a recovery code instead.",
                day(until)
            );
        }
        Refusal::AlreadyDone => "That is done already: the form was sent twice.",
    };
    format!("{sentence}{}", tries(refusal))
}

/// A sentence for each refusal of an act. The library may add some: those are said in its own words.
pub(crate) fn act_refused(refusal: ActRefusal) -> String {
    let sentence = match refusal {
        ActRefusal::SessionOver => "Your session is over. Please sign in again.",
        ActRefusal::FreshCodeNeeded => "This needs a new code from your authenticator app.",
        ActRefusal::EnrollFirst => {
            "Two-factor authentication was switched on after you signed in. Sign out and in again to set up your \
             authenticator app; then you can do this."
        }
        ActRefusal::Blocked => "There were too many wrong codes: your account is blocked.",
        ActRefusal::PasswordKnown => {
            "Somebody else may know the password of this account. Have it changed first, or invite the user."
        }
        ActRefusal::NotOffered => "There is nothing to set up or to give here.",
        ActRefusal::AlreadyEnrolled => "The authenticator app is set up already.",
        ActRefusal::CodesRequired => {
            "Your company requires two-factor authentication: nobody can do without it."
        }
        ActRefusal::TooLateToImport => {
            "This user has, or had, an authenticator app here. No key is imported over it."
        }
        ActRefusal::AnotherKeyWaits => {
            "Another key was imported for this user before, and is not replaced. If it is the wrong one, reset the user."
        }
        ActRefusal::OnProbation { .. } => {
            "This account was recovered with a recovery code, so it administers nothing for a day. Another Master Admin can \
             confirm your new authenticator app; if there is none, contact support."
        }
        ActRefusal::AuthenticatorMoved => "There is another authenticator app by now. Please look again.",
        ActRefusal::SettingsMoved => {
            "Somebody else has changed the settings in the meantime. Look at them again."
        }
        ActRefusal::Denied(why) => denied(why),
        other => return sentence_of(other),
    };
    sentence.to_owned()
}

/// Makes a sentence of the library's words.
pub(crate) fn sentence_of(words: impl fmt::Display) -> String {
    let text = words.to_string();
    let mut letters = text.chars();
    letters.next().map(|first| format!("{}{}.", first.to_uppercase(), letters.as_str())).unwrap_or_default()
}

/// What users can do about their phone or their app.
fn helped(hint: Hint) -> String {
    match hint {
        Hint::ClockBehind { by } => format!(
            "That code is about {} old. If your app shows it right now, then your phone’s clock is behind: set it to \
             automatic.",
            minutes(by)
        ),
        Hint::ClockAhead { by } => {
            format!("Your phone’s clock seems to be about {} ahead. Set it to automatic.", minutes(by))
        }
        Hint::AppShows { .. } => {
            "Your app shows another kind of code than this portal needs. Please try another app.".to_owned()
        }
        _ => "That code is not right.".to_owned(),
    }
}

fn minutes(by: Duration) -> String {
    match by.as_secs().div_ceil(60) {
        0 | 1 => "a minute".to_owned(),
        minutes => format!("{minutes} minutes"),
    }
}

/// For how many seconds no code is looked at. A clock that was set back is told by the time of day: that may be long.
fn wait(refusal: Refusal) -> u64 {
    match refusal {
        Refusal::WrongCode { wait_until, .. } | Refusal::AlreadyUsed { wait_until, .. } => {
            wait_until.map_or(0, seconds_to)
        }
        Refusal::Wait { until } => seconds_to(until),
        Refusal::Malformed
        | Refusal::Blocked
        | Refusal::TicketVoid
        | Refusal::SetupExpired
        | Refusal::InvitationNeeded
        | Refusal::InvitationVoid
        | Refusal::ClockMovedBack { .. }
        | Refusal::AlreadyDone => 0,
    }
}

/// A further sentence, once few tries are left.
fn tries(refusal: Refusal) -> String {
    match refusal {
        Refusal::WrongCode { left: 1, .. } | Refusal::AlreadyUsed { left: 1, .. } => {
            " One try is left before the account is blocked.".to_owned()
        }
        Refusal::WrongCode { left, .. } | Refusal::AlreadyUsed { left, .. } if left <= 5 => {
            format!(" {left} tries are left before the account is blocked.")
        }
        Refusal::WrongCode { .. }
        | Refusal::AlreadyUsed { .. }
        | Refusal::Malformed
        | Refusal::Wait { .. }
        | Refusal::Blocked
        | Refusal::TicketVoid
        | Refusal::SetupExpired
        | Refusal::InvitationNeeded
        | Refusal::InvitationVoid
        | Refusal::ClockMovedBack { .. }
        | Refusal::AlreadyDone => String::new(),
    }
}

fn seconds_to(until: Timestamp) -> u64 {
    until.since(SystemClock.now()).map_or(0, |wait| wait.as_secs())
}

/// "24 Nov 2026, 14:00 UTC"
pub(crate) fn day(at: Timestamp) -> String {
    let seconds = i64::try_from(at.as_unix()).unwrap_or(i64::MAX);
    let instant = jiff::Timestamp::from_second(seconds).unwrap_or(jiff::Timestamp::MAX);
    instant.strftime("%-d %b %Y, %H:%M UTC").to_string()
}

pub(crate) fn denied(why: Denied) -> &'static str {
    match why {
        Denied::NotMasterAdmin => "Only a Master Admin may do this.",
        Denied::Yourself => "You cannot do this to yourself. Ask another Master Admin.",
        Denied::Customer => "Customers have no two-factor authentication here.",
        Denied::NotInThisOrg => "There is no such user.",
        Denied::Mandated => "Your vendor requires two-factor authentication; it cannot be changed here.",
        _ => "You may not do this.",
    }
}

pub(crate) fn status(status: Status) -> &'static str {
    match status {
        Status::Enrolled => "Set up",
        Status::Pending => "QR code shown",
        Status::NotEnrolled => "Not set up yet",
        Status::Outdated => "To be set up again",
        Status::Waiting => "Waiting",
        Status::Blocked => "Blocked",
        Status::NotRequired => "Not required",
        Status::Exempt => "Never asked",
        _ => "Unknown",
    }
}

pub(crate) fn role(role: Role) -> &'static str {
    match role {
        Role::Customer => "Customer",
        Role::Internal => "Internal user",
        Role::MasterAdmin => "Master Admin",
        _ => "Unknown",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNTIL: Timestamp = Timestamp::from_unix(1_800_000_000);

    /// Each in words of its own, and those that come with a number tell it.
    #[test]
    fn every_refusal_has_a_sentence_for_whatever_was_typed() {
        let refusals = [
            Refusal::Malformed,
            Refusal::WrongCode { left: 3, wait_until: None, hint: None },
            Refusal::AlreadyUsed { left: 9, wait_until: None },
            Refusal::Wait { until: UNTIL },
            Refusal::Blocked,
            Refusal::TicketVoid,
            Refusal::SetupExpired,
            Refusal::InvitationNeeded,
            Refusal::InvitationVoid,
            Refusal::ClockMovedBack { until: UNTIL },
            Refusal::AlreadyDone,
        ];
        for typed in [Typed::Code, Typed::RecoveryCode, Typed::Invitation] {
            let mut said: Vec<String> = refusals.iter().map(|refusal| refused(typed, *refusal)).collect();
            assert!(said[1].ends_with(" 3 tries are left before the account is blocked."), "{}", said[1]);
            assert!(said[9].contains("until 15 Jan 2027, 08:00 UTC"), "{}", said[9]);
            for sentence in &said {
                assert!(sentence.ends_with('.') && sentence.starts_with(char::is_uppercase), "{sentence}");
            }
            said.sort_unstable();
            said.dedup();
            assert_eq!(said.len(), refusals.len(), "{said:#?}");
        }
    }

    #[test]
    fn a_clock_that_was_set_back_leads_to_a_recovery_code() {
        let refusal = Refusal::ClockMovedBack { until: UNTIL };
        assert!(Complaint::about(Typed::Code, refusal).offers_recovery);
        assert!(!Complaint::about(Typed::RecoveryCode, refusal).offers_recovery, "that is where it leads");
        assert!(!Complaint::about(Typed::Code, Refusal::Wait { until: UNTIL }).offers_recovery);
    }

    #[test]
    fn what_the_library_says_becomes_a_sentence() {
        assert_eq!(sentence_of(ActRefusal::AlreadyEnrolled), "There is an authenticator already.");
    }
}
