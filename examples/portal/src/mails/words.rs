//! What a mail says.

use countersign::{audit::Recipient, store::Notice};

/// A mail, without its addressee.
pub(crate) struct Mail {
    pub(crate) subject: String,
    pub(crate) text: String,
}

/// Writes to one recipient of a notice: what happened, and what to do if that was not expected. There is no link: a mail
/// about an account that asks for a click is what phishers send, too.
pub(crate) fn mail(notice: &Notice, to: Recipient, about: &str, by: &str) -> Mail {
    let (subject, text) = match to {
        Recipient::User => to_the_user(notice, by),
        Recipient::MasterAdmins => to_the_master_admins(notice, about, by),
    };
    Mail { subject, text }
}

fn to_the_user(notice: &Notice, by: &str) -> (String, String) {
    const NOT_YOU: &str =
        "If that was not you, tell your Master Admin at once: somebody knows your password.";
    const NOT_EXPECTED: &str = "If you did not expect that, ask your Master Admin.";
    let told = &notice.event.text;
    let (subject, text) = match notice.event.kind.as_str() {
        "enrolled" => (
            "An authenticator app was added to your account",
            format!("From now on its codes sign you in. {NOT_YOU}"),
        ),
        "replaced" => (
            "Your authenticator app was replaced",
            format!("From now on the new one signs you in, and the old one never will again. {NOT_YOU}"),
        ),
        "withdrawn" => (
            "Your authenticator app was taken off your account",
            format!("Your password alone signs you in. {NOT_YOU}"),
        ),
        "codes-not-asked" => (
            "Your authenticator app is not asked for any more",
            format!("Your company has switched that off: your password alone signs you in. {NOT_EXPECTED}"),
        ),
        "enrollment-superseded" => {
            ("A new QR code was shown for your account", format!("The one from before is void. {NOT_YOU}"))
        }
        "vouched" => (
            "Your authenticator app was vouched for",
            format!("{by} did it: you administer again. {NOT_EXPECTED}"),
        ),
        "code-refused" => (
            "Wrong codes were typed for your account",
            format!("The password was right, and several codes in a row were wrong. {NOT_YOU}"),
        ),
        "recovery-used" => (
            "Your account was entered with a recovery code",
            format!("It was used instead of your phone: {told}. {NOT_YOU}"),
        ),
        "recovery-refused" => (
            "Wrong recovery codes were typed for your account",
            format!("The password was right, and several recovery codes in a row were wrong. {NOT_YOU}"),
        ),
        "recovery-codes-renewed" => {
            ("You have new recovery codes", format!("None of the old ones signs you in any more. {NOT_YOU}"))
        }
        "blocked" => (
            "Your account is blocked",
            format!("There were too many wrong codes, from a person who knows your password. {NOT_YOU}"),
        ),
        "reset" => (
            "Your authenticator app was reset",
            format!("{by} did it. You set up a new one at your next sign-in. {NOT_EXPECTED}"),
        ),
        "unlocked" => (
            "Your account was unlocked",
            format!("{by} did it. Your authenticator app works as before. {NOT_EXPECTED}"),
        ),
        "device-remembered" => (
            "A browser is remembered for your account",
            format!("Your password alone signs you in there: {told}. {NOT_YOU}"),
        ),
        "enrollment-due" => (
            "Please set up an authenticator app",
            format!("Your company asks for one: {told}. You find it under Account."),
        ),
        "grace-extended" => {
            ("You have more time to set up an authenticator app", format!("{by} gave it to you: {told}."))
        }
        "invited" => (
            "You are invited to set up an authenticator app",
            format!("{by} has an invitation for you, which your next sign-in asks for. {NOT_EXPECTED}"),
        ),
        "imported" => (
            "Your authenticator app was brought over from another system",
            format!("{by} did it. Your next sign-in asks for its code. {NOT_EXPECTED}"),
        ),
        // A kind that is newer than this page of words. The library's own sentence will do.
        _ => ("About two-factor authentication for your account", format!("{told}. {NOT_YOU}")),
    };
    (subject.to_owned(), text)
}

fn to_the_master_admins(notice: &Notice, about: &str, by: &str) -> (String, String) {
    const NOT_EXPECTED: &str = "If you did not expect that, ask your colleagues.";
    let told = &notice.event.text;
    match notice.event.kind.as_str() {
        "blocked" => (
            format!("The account of {about} is blocked"),
            format!(
                "There were too many wrong codes, from a person who knows the password. Speak to {about}: if it was \
                 somebody else, have the password changed first, then unlock the account."
            ),
        ),
        "epoch-begun" => (
            "Everybody sets up an authenticator app again".to_owned(),
            format!("{by} began that: {told}. {NOT_EXPECTED}"),
        ),
        "reset" => (
            format!("The authenticator app of {about} was reset"),
            format!("{by} did it: {told}. {NOT_EXPECTED}"),
        ),
        "unlocked" => {
            (format!("The account of {about} was unlocked"), format!("{by} did it: {told}. {NOT_EXPECTED}"))
        }
        "invited" => (
            format!("{about} was invited to set up an authenticator app"),
            format!("{by} did it: {told}. {NOT_EXPECTED}"),
        ),
        "imported" => (
            format!("The authenticator app of {about} was brought over from another system"),
            format!("{by} did it: {told}. {NOT_EXPECTED}"),
        ),
        "requirement-changed" | "settings-changed" => (
            "The rules of two-factor authentication were changed".to_owned(),
            format!("{by} did it: {told}. {NOT_EXPECTED}"),
        ),
        "act-refused" => (
            format!("{about} tried to do what only Master Admins may"),
            format!("It was {told}. Ask {about} whether it was a mistake, or somebody else at the keyboard."),
        ),
        _ => (format!("About two-factor authentication for {about}"), format!("{told}. {NOT_EXPECTED}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use countersign::{
        OrgId, Timestamp,
        audit::Audience,
        store::{EventId, LoggedEvent},
    };

    /// The kinds that are told, and to whom. The library's own tests say that it tells no others.
    const USER: [&str; 15] = [
        "enrolled",
        "replaced",
        "withdrawn",
        "code-refused",
        "recovery-used",
        "recovery-refused",
        "recovery-codes-renewed",
        "blocked",
        "reset",
        "unlocked",
        "device-remembered",
        "enrollment-due",
        "grace-extended",
        "invited",
        "imported",
    ];
    const MASTER_ADMINS: [&str; 8] = [
        "blocked",
        "reset",
        "unlocked",
        "invited",
        "imported",
        "requirement-changed",
        "settings-changed",
        "act-refused",
    ];

    /// Everything that the library tells people has its own words here, besides the trail's.
    #[test]
    fn every_kind_that_is_told_has_words() {
        let told = USER.map(|kind| (kind, Recipient::User)).into_iter();
        for (kind, recipient) in told.chain(MASTER_ADMINS.map(|kind| (kind, Recipient::MasterAdmins))) {
            let (id, at) = (EventId::numbered(1), Timestamp::from_unix(1_800_000_000));
            let (text, by) = ("the trail’s own sentence".to_owned(), "user".to_owned());
            let event = LoggedEvent::new(id, at, kind.to_owned(), text, by);
            let notice = Notice::new(OrgId::new("acme").unwrap(), Audience::UserAndMasterAdmins, event);
            let mail = mail(&notice, recipient, "Sam Okafor", "Riley Chen");
            assert!(!mail.subject.starts_with("About two-factor"), "{kind} has no words");
        }
    }
}
