//! Words for people: why a code was not taken, why an act was refused, what a role is called, what a mail says.

use std::time::Duration;

use countersign::{
    Clock, Denied, Hint, Prompt, Recipient, Refusal, Role, SystemClock, Timestamp, otp::Digits, store::Notice,
};

/// What was wrong with a code, in words for the one who typed it.
pub(crate) struct Complaint {
    pub(crate) sentence: String,
    /// How long no code is looked at; 0 if the next one may come at once.
    pub(crate) wait: u64,
}

impl Complaint {
    pub(crate) fn about(refusal: Refusal) -> Self {
        let wait = match refusal {
            Refusal::WrongCode { wait_until: Some(until), .. }
            | Refusal::AlreadyUsed { wait_until: Some(until), .. }
            | Refusal::Wait { until } => seconds_to(until),
            _ => 0,
        };
        let sentence = match refusal {
            Refusal::WrongCode { hint: Some(hint), .. } => {
                return Self { sentence: helped(hint) + &tries(refusal), wait };
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
            Refusal::EnrollFirst => {
                "Two-factor authentication was switched on after you signed in. Sign out and in again to set up \
                 your authenticator app; then you can do this."
            }
            Refusal::SettingsMoved => {
                "Somebody else has changed the settings in the meantime. Look at them again."
            }
            Refusal::NotOffered => "There is nothing to set up or to give here.",
            Refusal::AlreadyEnrolled => "The authenticator app is set up already.",
            Refusal::CodesRequired => {
                "Your company requires two-factor authentication: nobody can do without."
            }
            Refusal::Denied(why) => denied(why),
            _ => "Please sign in again.",
        };
        Self { sentence: format!("{sentence}{}", tries(refusal)), wait }
    }

    /// The same about an invitation, which is no code of an app.
    pub(crate) fn about_an_invitation(self) -> Self {
        let sentence = if self.wait > 0 {
            "There were too many wrong ones."
        } else {
            "That is not your invitation. Type all four groups as you got them: it is good for one day, and for one \
             phone. A newer one makes it void."
        };
        Self { sentence: sentence.to_owned(), ..self }
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

pub(crate) fn role(role: Role) -> &'static str {
    match role {
        Role::Customer => "Customer",
        Role::Internal => "Internal user",
        Role::MasterAdmin => "Master Admin",
        _ => "Unknown",
    }
}

/// A mail, without its addressee.
pub(crate) struct Mail {
    pub(crate) subject: String,
    pub(crate) text: String,
}

/// What to write about a notice to one of its recipients: what happened, and what to do if that was not expected. No
/// link: a mail about one's account that asks to click is what the other side sends, too.
pub(crate) fn mail(notice: &Notice, to: Recipient, about: &str, by: &str) -> Mail {
    const NOT_YOU: &str =
        "If that was not you, tell your Master Admin at once: somebody knows your password.";
    const NOT_EXPECTED: &str = "If you did not expect that, ask your Master Admin.";
    const NOT_AGREED: &str = "If you did not expect that, ask your colleagues.";
    let (subject, text) = match (notice.event.kind.as_str(), to) {
        ("enrolled", _) => (
            "An authenticator app was added to your account".to_owned(),
            format!("From now on its codes sign you in. {NOT_YOU}"),
        ),
        ("replaced", _) => (
            "Your authenticator app was replaced".to_owned(),
            format!("A new one signs you in; the old one never will again. {NOT_YOU}"),
        ),
        ("withdrawn", _) => (
            "Your authenticator app was taken off your account".to_owned(),
            format!("Your password alone signs you in. {NOT_YOU}"),
        ),
        ("code-refused", _) => (
            "Wrong codes were typed for your account".to_owned(),
            format!("Your password was right, and several codes in a row were not. {NOT_YOU}"),
        ),
        ("blocked", Recipient::User) => (
            "Your account is blocked".to_owned(),
            format!("There were too many wrong codes, from somebody who has your password. {NOT_YOU}"),
        ),
        ("blocked", Recipient::MasterAdmins) => (
            format!("The account of {about} is blocked"),
            format!(
                "There were too many wrong codes, from somebody who has the password. Speak to {about}: if it was \
                 somebody else, have the password changed first, and unlock the account then."
            ),
        ),
        ("reset", Recipient::User) => (
            "Your authenticator app was reset".to_owned(),
            format!("{by} did it. You set up a new one at your next sign-in. {NOT_EXPECTED}"),
        ),
        ("reset", Recipient::MasterAdmins) => (
            format!("The authenticator app of {about} was reset"),
            format!("{by} did it: {}. {NOT_AGREED}", notice.event.text),
        ),
        ("unlocked", Recipient::User) => (
            "Your account was unlocked".to_owned(),
            format!("{by} did it. Your authenticator app works as before. {NOT_EXPECTED}"),
        ),
        ("unlocked", Recipient::MasterAdmins) => (
            format!("The account of {about} was unlocked"),
            format!("{by} did it: {}. {NOT_AGREED}", notice.event.text),
        ),
        ("device-remembered", _) => (
            "A browser is remembered for your account".to_owned(),
            format!("Your password alone signs you in there: {}. {NOT_YOU}", notice.event.text),
        ),
        ("enrollment-due", _) => (
            "Please set up an authenticator app".to_owned(),
            format!("Your company asks for one: {}. You find it under Account.", notice.event.text),
        ),
        ("grace-extended", _) => (
            "You have more time to set up an authenticator app".to_owned(),
            format!("{by} gave it to you: {}.", notice.event.text),
        ),
        ("invited", Recipient::User) => (
            "You are invited to set up an authenticator app".to_owned(),
            format!("{by} has a code for you to begin with. {NOT_EXPECTED}"),
        ),
        ("invited", Recipient::MasterAdmins) => (
            format!("{about} was invited to set up an authenticator app"),
            format!("{by} did it: {}. {NOT_AGREED}", notice.event.text),
        ),
        ("imported", Recipient::User) => (
            "Your authenticator app was brought over from another system".to_owned(),
            format!("{by} did it. Your next sign-in asks for its code. {NOT_EXPECTED}"),
        ),
        ("imported", Recipient::MasterAdmins) => (
            format!("The authenticator app of {about} was brought over from another system"),
            format!("{by} did it: {}. {NOT_AGREED}", notice.event.text),
        ),
        ("requirement-changed" | "settings-changed", _) => (
            "The rules of two-factor authentication were changed".to_owned(),
            format!("{by} did it: {}. {NOT_AGREED}", notice.event.text),
        ),
        ("act-refused", _) => (
            format!("{about} tried to do what only Master Admins may"),
            format!(
                "It was {}. Ask {about} whether it was a mistake, or somebody else at the keyboard.",
                notice.event.text
            ),
        ),
        // A kind that is newer than this page of words. The library's own sentence will do.
        (_, Recipient::User) => (
            "About two-factor authentication for your account".to_owned(),
            format!("{}. {NOT_YOU}", notice.event.text),
        ),
        (_, Recipient::MasterAdmins) => (
            format!("About two-factor authentication for {about}"),
            format!("{}. {NOT_AGREED}", notice.event.text),
        ),
    };
    Mail { subject, text }
}
