//! Words for people: why a code was not taken, why an act was refused, what a role is called.

use std::time::Duration;

use countersign::{
    ActRefusal, Clock, Hint, Prompt, Refusal, Role, SystemClock, Timestamp, admin::Status, audit::Denied,
    otp::Digits,
};

/// What was wrong with a code, in words for the one who typed it.
pub(crate) struct Complaint {
    pub(crate) sentence: String,
    /// How long no code is looked at; 0 if the next one may come at once.
    pub(crate) wait: u64,
}

impl Complaint {
    pub(crate) fn about(refusal: Refusal) -> Self {
        let sentence = match refusal {
            Refusal::WrongCode { hint: Some(hint), .. } => {
                return Self { sentence: helped(hint) + &tries(refusal), wait: wait(refusal) };
            }
            Refusal::Malformed => "A code has six digits. Type the ones that your app shows for this portal.",
            Refusal::WrongCode { .. } => {
                "That code is not right. Look for this portal’s entry in your app, and let your phone set its clock \
                 by itself."
            }
            Refusal::AlreadyUsed { .. } => {
                "That code was used already, and each works once. Wait until your app shows the next one."
            }
            Refusal::Wait { .. } => "There were too many wrong codes, so this one was not looked at.",
            Refusal::Blocked => "There were too many wrong codes: your account is blocked.",
            Refusal::SetupExpired => {
                "The QR code had expired, so here is a new one. Remove the entry that you just added from your app, \
                 and scan this one."
            }
            ActRefusal::EnrollFirst => {
                "Two-factor authentication was switched on after you signed in. Sign out and in again to set up \
                 your authenticator app; then you can do this."
            }
            ActRefusal::SettingsMoved => {
                "Somebody else has changed the settings in the meantime. Look at them again."
            }
            ActRefusal::NotOffered => "There is nothing to set up or to give here.",
            ActRefusal::AlreadyEnrolled => "The authenticator app is set up already.",
            ActRefusal::CodesRequired => {
                "Your company requires two-factor authentication: nobody can do without."
            }
            ActRefusal::Denied(why) => denied(why),
            _ => "Please sign in again.",
        };
        Self { sentence: format!("{sentence}{}", tries(refusal)), wait: wait(refusal) }
    }

    /// What was wrong with a recovery code.
    pub(crate) fn about_recovery(refusal: Refusal) -> Self {
        let sentence = match refusal {
            Refusal::Malformed => {
                "A recovery code has four groups of six letters and digits. Type all of them."
            }
            Refusal::WrongCode { .. } => {
                "That recovery code is not right, or it was used before. Each works once; try another one."
            }
            Refusal::Wait { .. } => "There were too many wrong codes, so this one was not looked at.",
            _ => return Self::about(refusal),
        };
        Self { sentence: format!("{sentence}{}", tries(refusal)), wait: wait(refusal) }
    }

    /// What was wrong with an invitation, which is no code of an app.
    pub(crate) fn about_an_invitation(refusal: Refusal) -> Self {
        let wait = wait(refusal);
        let sentence = if wait > 0 {
            "There were too many wrong ones."
        } else {
            "That is not your invitation. Type all four groups as you got them: it is good for one day, and for one \
             phone. A newer one makes it void."
        };
        Self { sentence: sentence.to_owned(), wait }
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

    /// Before anything was typed; `None` if nobody has to wait.
    pub(crate) fn before(prompt: Prompt) -> Option<Self> {
        let sentence = "There were too many wrong codes for your account.".to_owned();
        Some(Self { sentence, wait: seconds_to(prompt.wait_until?) })
    }

    /// After a write whose outcome nobody knows: the code may be spent.
    pub(crate) fn outcome_unknown() -> Self {
        let sentence =
            "Something went wrong on our side. Wait until your app shows the next code, and type that one.";
        Self { sentence: sentence.to_owned(), wait: 0 }
    }
}

/// What somebody can do about his phone or his app.
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

/// How long no code is looked at, in seconds.
fn wait(refusal: Refusal) -> u64 {
    match refusal {
        Refusal::WrongCode { wait_until: Some(until), .. }
        | Refusal::AlreadyUsed { wait_until: Some(until), .. }
        | Refusal::Wait { until } => seconds_to(until),
        _ => 0,
    }
}

/// How many tries are left, once there are few: a further sentence.
fn tries(refusal: Refusal) -> String {
    match refusal {
        Refusal::WrongCode { left: 1, .. } | Refusal::AlreadyUsed { left: 1, .. } => {
            " One try is left before the account is blocked.".to_owned()
        }
        Refusal::WrongCode { left, .. } | Refusal::AlreadyUsed { left, .. } if left <= 5 => {
            format!(" {left} tries are left before the account is blocked.")
        }
        _ => String::new(),
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
        Status::Outdated => "To be set up anew",
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
