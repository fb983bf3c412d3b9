//! A company chooses its rules: a colleague is invited before they may set up a phone, and has a browser remembered.

use crate::{
    programs,
    stage::{Stage, Window},
};

#[test]
fn an_invitation_opens_what_the_password_alone_does_not() {
    if !programs::are_installed() {
        return;
    }
    let stage = Stage::set("invitation", Window::Phone, true);
    stage.plays(async {
        let morgan = stage.enters("morgan").await;
        let mut riley = stage.enters("riley").await;
        morgan.gives_the_password().await;
        morgan.sees("home").await;
        morgan.presses("open-settings").await;
        morgan.sees("settings").await;
        morgan.presses("rules").await;
        morgan.sees("rules").await;
        morgan.presses("preset-nist").await;
        morgan.sees("rules").await;
        morgan.must_read("about", "NIST SP 800-63B-4").await;
        morgan.ticks("by-invitation").await;
        morgan.types("remember", "30").await;
        morgan.presses("save-rules").await;
        morgan.sees("rules").await;
        morgan.must_read("notice", "saved").await;

        morgan.goes_to("/settings").await;
        morgan.sees("settings").await;
        morgan.presses("invite-riley").await;
        morgan.sees("invite").await;
        morgan.presses("confirm").await;
        morgan.sees("invited").await;
        let invitation = morgan.reads("invitation-text").await;
        morgan.goes_to("/settings").await;
        morgan.sees("settings").await;
        assert!(morgan.is_ticked("at-once").await, "as the rules say");
        morgan.ticks("two-factor").await;
        morgan.presses("save").await;
        morgan.sees("login").await;

        riley.gives_the_password().await;
        riley.sees("invitation").await;
        riley.types("invitation", "AAAAAA BBBBBB CCCCCC DDDDDD EEEEEE").await;
        riley.presses("submit-invitation").await;
        riley.sees("invitation").await;
        riley.must_read("invitation-error", "not your invitation").await;
        riley.types("invitation", &invitation.to_lowercase()).await;
        riley.presses("submit-invitation").await;
        riley.sees("setup").await;
        riley.enrolls().await;

        // A browser that is remembered asks for no code, until its user forgets it.
        riley.signs_out().await;
        riley.gives_the_password().await;
        riley.sees("code").await;
        riley.ticks("remember").await;
        riley.gives_the_next_code().await;
        riley.sees("home").await;
        riley.signs_out().await;
        riley.gives_the_password().await;
        riley.sees("home").await;
        riley.goes_to("/account").await;
        riley.sees("account").await;
        riley.must_read("devices", "last used").await;
        riley.presses("forget-devices").await;
        riley.sees("account").await;
        riley.finds_no("devices").await;
        riley.signs_out().await;
        riley.gives_the_password().await;
        riley.sees("code").await;
        riley.gives_the_next_code().await;
        riley.sees("home").await;

        // The first one in invites the other.
        riley.goes_to("/settings").await;
        riley.sees("settings").await;
        riley.presses("invite-morgan").await;
        riley.sees("invite").await;
        riley.presses("confirm").await;
        riley.sees("invited").await;
    });
}
