//! The pages work with JavaScript switched off: it is comfort, and nothing depends on it.

use crate::{
    programs,
    stage::{Stage, Window},
};

#[test]
fn everything_works_without_scripts() {
    if !programs::are_installed() {
        return;
    }
    // On a desktop: chromedriver's own emulation of touch needs scripts.
    let stage = Stage::set("without-scripts", Window::Desktop, false);
    stage.plays(async {
        let mut morgan = stage.enters("morgan").await;
        morgan.gives_the_password().await;
        morgan.sees("home").await;
        morgan.presses("open-settings").await;
        morgan.sees("settings").await;
        morgan.ticks("two-factor").await;
        // Ends their own session, which was opened without a code.
        morgan.ticks("at-once").await;
        morgan.presses("save").await;
        morgan.sees("login").await;

        morgan.gives_the_password().await;
        morgan.sees("setup").await;
        assert_eq!(morgan.lists("#copy-key[hidden]", "type").await, ["button"], "scripts are off indeed");
        assert_eq!(morgan.focus().await, "code", "the cursor is where the code goes");
        morgan.enrolls().await;
        morgan.signs_out().await;
        morgan.gives_the_password().await;
        morgan.sees("code").await;
        morgan.gives_a_wrong_code().await;
        morgan.sees("code").await;
        morgan.must_read("code-error", "not right").await;
        morgan.gives_the_next_code().await;
        morgan.sees("home").await;

        morgan.presses("nav-settings").await;
        morgan.sees("settings").await;
        morgan.presses("reset-sam").await;
        morgan.sees("reset").await;
        morgan.presses("confirm").await;
        morgan.sees("settings").await;
        morgan.must_read("notice", "has to be set up again").await;
        morgan.presses("nav-trail").await;
        morgan.sees("trail").await;
    });
}
