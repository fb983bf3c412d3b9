//! Scenes in which something goes wrong, and what becomes of it.

use std::time::Duration;

use crate::{
    person::Person,
    stage::PASSWORD,
    story::Cast,
    time::{A_WHILE, STEP},
};

/// A Master Admin resets one account; nobody else notices.
pub(crate) async fn a_lost_phone(Cast { morgan, riley, sam, .. }: &mut Cast<'_>) {
    let lost = sam.loses_the_phone();
    morgan.stage.time.passes(A_WHILE);
    morgan.presses("reset-sam").await;
    morgan.sees("reset").await;
    morgan.must_read("title", "Reset Sam").await;
    morgan.presses("confirm").await;
    // A person who sits down at a forgotten screen has no code.
    morgan.sees("code").await;
    morgan.gives_the_next_code().await;
    morgan.sees("reset").await;
    morgan.presses("confirm").await;
    morgan.sees("settings").await;
    morgan.must_read("notice", "has to be set up again").await;
    assert_eq!(morgan.reads_attribute("state-sam", "data-state").await, "not-enrolled");
    assert_eq!(morgan.reads_attribute("state-riley", "data-state").await, "enrolled");

    // Their session ends, wherever it is.
    sam.reloads().await;
    sam.sees("login").await;
    sam.must_read("notice", "Your session is over").await;
    sam.gives_the_password().await;
    sam.sees("setup").await;
    let old_code = lost.code(&sam.stage.time);
    sam.types("code", &old_code).await;
    sam.presses("submit-code").await;
    sam.sees("setup").await;
    sam.must_read("code-error", "not right").await;
    sam.enrolls().await;
    assert_ne!(sam.phone().key, lost.key, "a new key");

    for other in [riley, morgan] {
        other.goes_to("/").await;
        other.sees("home").await;
    }
}

/// Five wrong codes cost half a minute, in which not even the right one is looked at.
pub(crate) async fn a_forgetful_user(riley: &Person<'_>) {
    riley.signs_out().await;
    riley.gives_the_password().await;
    for _ in 0..5 {
        riley.sees("code").await;
        riley.gives_a_wrong_code().await;
    }
    riley.sees("code").await;
    riley.must_read("code-error", "5 tries are left").await;
    assert_eq!(riley.reads_attribute("wait", "data-seconds").await, "30");
    riley.gives_the_code().await;
    riley.sees("code").await;
    riley.must_read("code-error", "not looked at").await;
    // A user who comes in the middle of it is told before they type.
    riley.goes_to("/code").await;
    riley.sees("code").await;
    assert_eq!(riley.reads_attribute("wait", "data-seconds").await, "30");
    riley.gives_the_next_code().await;
    riley.sees("home").await;
}

/// A phone whose clock is off is told so: at the sign-in only of times that are over, where it is set up of any.
pub(crate) async fn a_clock_that_is_off(robin: &mut Person<'_>) {
    let four_minutes = Duration::from_mins(4);
    robin.goes_to("/").await;
    robin.gives_the_password().await;
    robin.sees("setup").await;
    robin.scans().await;
    let early = robin.phone().early_code(&robin.stage.time, four_minutes);
    robin.types("code", &early).await;
    robin.presses("submit-code").await;
    robin.sees("setup").await;
    robin.must_read("code-error", "about 4 minutes ahead").await;
    robin.gives_the_code().await;
    robin.writes_the_recovery_codes_down().await;
    robin.presses("continue").await;
    robin.sees("home").await;

    // An hour and a half later nothing of the last hour is consumed.
    robin.stage.time.passes(Duration::from_mins(90));
    robin.signs_out().await;
    robin.gives_the_password().await;
    robin.sees("code").await;
    let late = robin.phone().late_code(&robin.stage.time, four_minutes);
    robin.types("code", &late).await;
    robin.presses("submit-code").await;
    robin.sees("code").await;
    assert_eq!(robin.status().await, 422);
    robin.must_read("code-error", "about 4 minutes old").await;
    let early = robin.phone().early_code(&robin.stage.time, four_minutes);
    robin.types("code", &early).await;
    robin.presses("submit-code").await;
    robin.sees("code").await;
    robin.must_read("code-error", "not right").await;
    robin.gives_the_code().await;
    robin.sees("home").await;
}

/// A user who brings an app from another system is asked for its code, and the list can be imported again.
pub(crate) async fn somebody_who_moves_in(jamie: &mut Person<'_>) {
    let key = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP";
    let file = jamie.stage.writes_a_file("keys.csv", &format!("user,key\njamie,{key}\n"));
    let arguments = ["import", &file, "--operator", "Mia", "--reason", "Moving in from the old portal"];
    for outcome in ["Imported: 1. There already: 0.", "Imported: 0. There already: 1."] {
        let told = jamie.stage.at_the_server(&arguments);
        assert!(told.contains(outcome), "{told}");
    }
    jamie.goes_to("/").await;
    jamie.gives_the_password().await;
    jamie.sees("code").await;
    jamie.must_read("imported", "Keep using the authenticator app that you have").await;
    jamie.brings(key);
    jamie.gives_a_wrong_code().await;
    jamie.sees("code").await;
    jamie.must_read("code-error", "not right").await;
    jamie.gives_the_code().await;
    jamie.sees("home").await;
    jamie.signs_out().await;
    jamie.gives_the_password().await;
    jamie.sees("code").await;
    jamie.finds_no("imported").await;
    jamie.gives_the_next_code().await;
    jamie.sees("home").await;
}

/// Ten wrong codes in a row block the account, until another Master Admin unlocks it.
pub(crate) async fn somebody_who_guesses(Cast { morgan, sam, .. }: &Cast<'_>) {
    sam.signs_out().await;
    sam.gives_the_password().await;
    for guess in 1..=10 {
        sam.sees("code").await;
        for wait in sam.lists("#wait", "data-seconds").await {
            let seconds = wait.parse().expect("it is a number");
            sam.stage.time.passes(Duration::from_secs(seconds));
        }
        if guess == 8 {
            // A new sign-in refills nothing.
            sam.gives_the_password().await;
            sam.sees("code").await;
        }
        sam.gives_a_wrong_code().await;
    }
    sam.sees("blocked").await;
    assert_eq!(sam.status().await, 403);
    for helper in ["Morgan Hale", "Riley Chen"] {
        sam.must_read("helpers", helper).await;
    }
    sam.presses("start-over").await;
    sam.gives_the_password().await;
    sam.sees("blocked").await;

    // Among many the account is not reset, since somebody else knows its password.
    morgan.goes_to("/settings/report?status=blocked").await;
    morgan.sees("report").await;
    morgan.ticks("select-sam").await;
    morgan.presses("reset-selected").await;
    morgan.sees("reset-many").await;
    morgan.must_read("title", "There is nobody to reset").await;
    morgan.must_read("outcomes", "Sam Okafor: needs a new password or an invitation").await;
    morgan.finds_no("confirm").await;

    morgan.goes_to("/settings").await;
    assert_eq!(morgan.reads_attribute("state-sam", "data-state").await, "blocked");
    morgan.presses("unlock-sam").await;
    morgan.sees("unlock").await;
    morgan.presses("confirm").await;
    morgan.sees("code").await;
    morgan.gives_the_next_code().await;
    morgan.sees("unlock").await;
    morgan.presses("confirm").await;
    morgan.sees("settings").await;
    assert_eq!(morgan.reads_attribute("state-sam", "data-state").await, "enrolled");
    sam.signs_in().await;
}

/// The old one works until the new one has shown that it does.
pub(crate) async fn a_new_phone(riley: &mut Person<'_>) {
    riley.stage.time.passes(A_WHILE);
    riley.goes_to("/account").await;
    riley.sees("account").await;
    riley.presses("replace-authenticator").await;
    riley.sees("code").await;
    riley.gives_the_next_code().await;
    riley.sees("account").await;
    riley.presses("replace-authenticator").await;
    riley.sees("setup").await;
    // A change of mind leaves everything as it was.
    riley.presses("start-over").await;
    riley.sees("account").await;
    riley.must_read("notice", "Nothing has changed").await;
    riley.goes_to("/").await;
    riley.signs_out().await;
    riley.signs_in().await;
    riley.goes_to("/account").await;
    riley.presses("replace-authenticator").await;
    riley.sees("setup").await;
    let old = riley.loses_the_phone();
    riley.scans().await;
    assert_ne!(riley.phone().key, old.key, "a new key");
    riley.gives_the_code().await;
    riley.sees("account").await;
    riley.goes_to("/").await;
    riley.signs_out().await;
    riley.gives_the_password().await;
    riley.sees("code").await;
    riley.stage.time.passes(STEP);
    riley.types("code", &old.code(&riley.stage.time)).await;
    riley.presses("submit-code").await;
    riley.sees("code").await;
    riley.must_read("code-error", "not right").await;
    riley.gives_the_code().await;
    riley.sees("home").await;
}

/// New ones, and the old ones are void.
pub(crate) async fn another_sheet(riley: &mut Person<'_>) {
    let old = riley.sheet[0].clone();
    riley.goes_to("/account").await;
    riley.presses("renew-codes").await;
    riley.writes_the_recovery_codes_down().await;
    assert!(!riley.sheet.contains(&old), "new ones");
    riley.presses("continue").await;
    riley.sees("account").await;
    assert_eq!(riley.reads_attribute("codes-left", "data-left").await, "10");
    riley.goes_to("/").await;
    riley.signs_out().await;
    riley.gives_the_password().await;
    riley.goes_to("/recover").await;
    riley.gives_a_recovery_code(&old).await;
    riley.sees("recover").await;
    riley.goes_to("/code").await;
    riley.gives_the_next_code().await;
    riley.sees("home").await;
}

/// With one of the ten codes that nobody thought of until now.
pub(crate) async fn a_phone_in_the_sea(riley: &mut Person<'_>) {
    let drowned = riley.loses_the_phone();
    riley.goes_to("/").await;
    riley.signs_out().await;
    riley.gives_the_password().await;
    riley.sees("code").await;
    riley.opens("lost-phone").await;
    riley.presses("use-recovery-code").await;
    riley.sees("recover").await;
    assert_eq!(riley.focus().await, "code", "the cursor is where the code goes");
    riley.gives_a_recovery_code("one of the ten").await;
    riley.sees("recover").await;
    assert_eq!(riley.status().await, 422);
    riley.must_read("code-error", "four groups of six").await;
    let used = riley.sheet[2].clone();
    riley.gives_a_recovery_code(&used.to_lowercase().replace('-', " ")).await;
    riley.sees("account").await;
    riley.must_read("notice", "9 are left").await;
    assert_eq!(riley.reads_attribute("codes-left", "data-left").await, "9");
    riley.goes_to("/").await;
    riley.must_read("signed-in-with", "a recovery code").await;

    // Another phone, without the old one.
    riley.goes_to("/account").await;
    riley.presses("replace-authenticator").await;
    riley.sees("setup").await;
    riley.scans().await;
    assert_ne!(riley.phone().key, drowned.key, "a new key");
    riley.gives_the_code().await;
    riley.sees("account").await;

    // A used code is used.
    riley.goes_to("/").await;
    riley.signs_out().await;
    riley.gives_the_password().await;
    riley.goes_to("/recover").await;
    riley.sees("recover").await;
    riley.gives_a_recovery_code(&used).await;
    riley.sees("recover").await;
    riley.must_read("code-error", "it was used before").await;
    riley.presses("use-app").await;
    riley.sees("code").await;
    riley.gives_the_next_code().await;
    riley.sees("home").await;

    // Whoever has a sheet and the password draws no other sheet.
    riley.goes_to("/account").await;
    riley.presses("renew-codes").await;
    riley.sees("refused").await;
    riley.must_read("explanation", "administers nothing for a day").await;
    riley.goes_to("/").await;
    riley.sees("home").await;
}

/// A new password ends what the old one opened; the phone stays as it is. With a code of the last minutes, it is one that
/// nobody else knows.
pub(crate) async fn a_password_that_is_known_to_others(sam: &mut Person<'_>) {
    sam.signs_out().await;
    sam.signs_in().await;
    sam.presses("nav-account").await;
    sam.sees("account").await;
    sam.types("current-password", PASSWORD).await;
    sam.types("new-password", "short").await;
    sam.types("repeat-password", "short").await;
    sam.presses("change-password").await;
    sam.sees("account").await;
    sam.must_read("new-error", "too short").await;

    sam.password = "stapled batteries are horses".to_owned();
    sam.types("current-password", PASSWORD).await;
    sam.types("new-password", &sam.password).await;
    sam.types("repeat-password", &sam.password).await;
    sam.presses("change-password").await;
    sam.sees("login").await;
    sam.must_read("notice", "Your password is changed").await;
    sam.signs_in().await;
}

/// The support desk resets an account; that forces a new enrollment and skips nothing.
pub(crate) async fn nobody_left_but_the_vendor(morgan: &mut Person<'_>) {
    let lost = morgan.loses_the_phone();
    let reason = "Called back at the number in the contract";
    let arguments = ["support-reset", "morgan", "--operator", "Kim", "--reason", reason];
    assert!(
        morgan.stage.at_the_server(&arguments).contains("has to be set up again"),
        "the desk is told what comes next"
    );
    morgan.reloads().await;
    morgan.sees("login").await;
    morgan.gives_the_password().await;
    morgan.enrolls().await;
    assert_ne!(morgan.phone().key, lost.key, "a new key");
    morgan.presses("nav-trail").await;
    morgan.sees("trail").await;
    morgan.must_read("trail", "Kim (support)").await;
    morgan.must_read("trail", reason).await;
}

/// Sessions, half-done sign-ins and spent codes outlive it.
pub(crate) async fn a_power_cut(Cast { morgan, riley, sam, .. }: &Cast<'_>) {
    sam.signs_out().await;
    sam.gives_the_password().await;
    sam.sees("code").await;
    morgan.stage.restarts_the_portal();
    morgan.goes_to("/settings").await;
    morgan.sees("settings").await;
    morgan.must_read("requirement-state", "required").await;
    riley.goes_to("/").await;
    riley.sees("home").await;
    sam.gives_the_code().await;
    sam.sees("code").await;
    sam.must_read("code-error", "used already").await;
    sam.gives_the_next_code().await;
    sam.sees("home").await;
}
