//! What the portal promises, as one story with six people, on a phone and on a desktop.
//!
//! Scene by scene, in the order in which they are played. What goes wrong (a lost phone, guesses, a power cut) is
//! told in `mishaps.rs`.

use crate::{
    many, mishaps,
    person::Person,
    programs,
    stage::{Stage, Window},
    time::{A_WHILE, STEP},
};

#[test]
fn two_factor_authentication_from_the_first_start_to_the_audit_trail_on_a_phone() {
    play("phone", Window::Phone);
}

#[test]
fn two_factor_authentication_from_the_first_start_to_the_audit_trail_on_a_desktop() {
    play("desktop", Window::Desktop);
}

fn play(name: &str, window: Window) {
    if !programs::are_installed() {
        return;
    }
    let stage = Stage::set(name, window, true);
    stage.plays(async {
        let mut cast = Cast::enters(&stage).await;
        nobody_is_asked_at_first(&cast).await;
        a_master_admin_switches_it_on(&cast).await;
        running_sessions_go_on(&cast).await;
        the_next_sign_in_asks_to_enroll(&mut cast.morgan).await;
        a_code_lets_one_login_in(&cast.morgan).await;
        everybody_who_works_for_the_company_enrolls(&mut cast).await;
        only_master_admins_see_the_box(&cast).await;
        customers_are_never_asked(&cast.casey).await;
        mishaps::a_lost_phone(&mut cast).await;
        mishaps::a_forgetful_user(&cast.riley).await;
        mishaps::a_clock_that_is_off(&mut cast.robin).await;
        // An hour and a half has passed.
        for person in [&cast.morgan, &cast.riley, &cast.sam] {
            person.comes_back().await;
        }
        mishaps::somebody_who_moves_in(&mut cast.jamie).await;
        mishaps::somebody_who_guesses(&cast).await;
        mishaps::a_new_phone(&mut cast.riley).await;
        mishaps::another_sheet(&mut cast.riley).await;
        mishaps::a_phone_in_the_sea(&mut cast.riley).await;
        mishaps::a_password_that_is_known_to_others(&mut cast.sam).await;
        mishaps::nobody_left_but_the_vendor(&mut cast.morgan).await;
        mishaps::a_power_cut(&cast).await;
        off_means_nobody_is_asked(&cast).await;
        on_again_means_everybody_enrolls_anew(&mut cast).await;
        many::a_report_and_a_reset_of_many(&mut cast).await;
        the_trail_tells_it_all(&cast.riley).await;
        everybody_was_written_to(&cast.riley).await;
        no_key_was_kept_in_the_open(&cast);
    });
}

/// Two Master Admins, an internal user and a customer, each with a browser of their own.
pub(crate) struct Cast<'stage> {
    pub(crate) morgan: Person<'stage>,
    pub(crate) riley: Person<'stage>,
    pub(crate) sam: Person<'stage>,
    pub(crate) jamie: Person<'stage>,
    pub(crate) robin: Person<'stage>,
    pub(crate) casey: Person<'stage>,
}

impl<'stage> Cast<'stage> {
    async fn enters(stage: &'stage Stage) -> Self {
        let morgan = stage.enters("morgan").await;
        let riley = stage.enters("riley").await;
        let sam = stage.enters("sam").await;
        let jamie = stage.enters("jamie").await;
        let robin = stage.enters("robin").await;
        let casey = stage.enters("casey").await;
        Self { morgan, riley, sam, jamie, robin, casey }
    }
}

async fn nobody_is_asked_at_first(Cast { morgan, sam, casey, .. }: &Cast<'_>) {
    morgan.goes_to("/").await;
    morgan.sees("login").await;
    morgan.types("login", "morgan").await;
    morgan.types("password", "not the password").await;
    morgan.presses("sign-in").await;
    morgan.sees("login").await;
    morgan.must_read("login-error", "not right").await;

    for person in [morgan, sam, casey] {
        person.gives_the_password().await;
        person.sees("home").await;
    }
    casey.finds_no("home-internal").await;
    casey.signs_out().await;
}

/// Configurations, then Internal Settings: a box, and Save.
async fn a_master_admin_switches_it_on(Cast { morgan, .. }: &Cast<'_>) {
    morgan.presses("open-settings").await;
    morgan.sees("settings").await;
    morgan.must_read("title", "Configurations").await;
    morgan.must_read("main", "Internal Settings").await;
    morgan.must_read("settings-form", "Two Factor Authentication").await;
    morgan.must_read("requirement-state", "not required").await;
    assert!(!morgan.is_ticked("two-factor").await, "a portal begins without it");

    morgan.ticks("two-factor").await;
    morgan.presses("save").await;
    morgan.sees("settings").await;
    morgan.must_read("notice", "saved").await;
    morgan.must_read("requirement-state", "required").await;
    assert!(morgan.is_ticked("two-factor").await, "what was saved is shown");
    for state in morgan.lists("[data-state][id^=state-]", "data-state").await {
        assert_eq!(state, "not-enrolled", "everybody has to");
    }

    // A session without a code is none to administer others with, now that codes are asked for.
    morgan.presses("reset-sam").await;
    morgan.sees("reset").await;
    morgan.presses("confirm").await;
    morgan.sees("refused").await;
    assert_eq!(morgan.status().await, 403);
    morgan.must_read("explanation", "Sign out and in again").await;
}

async fn running_sessions_go_on(Cast { sam, .. }: &Cast<'_>) {
    sam.reloads().await;
    sam.sees("home").await;
    sam.must_read("main", "From your next sign-in on").await;
}

async fn the_next_sign_in_asks_to_enroll(morgan: &mut Person<'_>) {
    morgan.goes_to("/").await;
    morgan.signs_out().await;
    morgan.gives_the_password().await;
    morgan.sees("setup").await;
    assert_eq!(morgan.focus().await, "code", "the cursor is where the code goes");

    // The camera sees what is written in letters below, for users who cannot scan.
    morgan.scans().await;
    let phone = morgan.phone();
    assert_eq!(morgan.reads("key").await.replace(' ', ""), phone.key);
    assert_eq!(morgan.reads_attribute("otpauth-link", "href").await, phone.uri);
    assert!(phone.uri.starts_with("otpauth://totp/Acme%20Portal:"), "{}", phone.uri);
    assert_eq!(phone.parameter("issuer"), Some("Acme%20Portal"));

    // Another page cannot be had instead.
    for path in ["/", "/settings", "/account"] {
        morgan.goes_to(path).await;
        morgan.sees("login").await;
    }
    // A reload shows the same code: nobody scans twice in vain.
    morgan.goes_to("/setup").await;
    morgan.sees("setup").await;
    let key = morgan.reads("key").await;
    assert_eq!(key.replace(' ', ""), morgan.phone().key);

    morgan.gives_a_wrong_code().await;
    morgan.sees("setup").await;
    assert_eq!(morgan.status().await, 422);
    morgan.must_read("code-error", "not right").await;
    assert_eq!(morgan.focus().await, "code", "the cursor is there again");
    morgan.types("code", "12 34").await;
    morgan.presses("submit-code").await;
    morgan.sees("setup").await;
    morgan.must_read("code-error", "six digits").await;
    assert_eq!(morgan.reads("key").await, key, "a slip of the finger changes nothing");

    morgan.enrolls().await;
    morgan.must_read("signed-in-with", "a code from your authenticator app").await;
}

async fn a_code_lets_one_login_in(morgan: &Person<'_>) {
    morgan.signs_out().await;
    morgan.gives_the_password().await;
    morgan.sees("code").await;
    assert_eq!(morgan.focus().await, "code", "the cursor is where the code goes");

    // The code that ended the enrollment is still on the phone, and spent.
    morgan.gives_the_code().await;
    morgan.sees("code").await;
    assert_eq!(morgan.status().await, 422);
    morgan.must_read("code-error", "used already").await;
    morgan.gives_a_wrong_code().await;
    morgan.sees("code").await;
    morgan.must_read("code-error", "not right").await;

    // The next one is right, typed as phones show it, with nothing but the keyboard.
    morgan.stage.time.passes(STEP);
    let code = morgan.phone().code(&morgan.stage.time);
    let (first, second) = code.split_at(3);
    morgan.types_blindly(&format!("{first} {second}")).await;
    morgan.sees("home").await;
}

async fn everybody_who_works_for_the_company_enrolls(Cast { morgan, riley, sam, .. }: &mut Cast<'_>) {
    riley.gives_the_password().await;
    riley.enrolls().await;
    sam.signs_out().await;
    sam.gives_the_password().await;
    sam.enrolls().await;
    assert!(riley.phone().key != sam.phone().key && sam.phone().key != morgan.phone().key, "a key each");

    morgan.presses("nav-settings").await;
    morgan.sees("settings").await;
    for (id, state) in [
        ("state-morgan", "enrolled"),
        ("state-riley", "enrolled"),
        ("state-sam", "enrolled"),
        ("state-robin", "not-enrolled"),
    ] {
        assert_eq!(morgan.reads_attribute(id, "data-state").await, state, "{id}");
    }
    morgan.finds_no("state-casey").await;
    morgan.finds_no("reset-morgan").await;
}

async fn only_master_admins_see_the_box(Cast { sam, .. }: &Cast<'_>) {
    sam.finds_no("nav-settings").await;
    sam.finds_no("open-settings").await;
    for path in ["/settings", "/settings/trail", "/settings/mails", "/settings/people/1/reset"] {
        sam.goes_to(path).await;
        sam.sees("refused").await;
        assert_eq!(sam.status().await, 403, "{path}");
        sam.finds_no("two-factor").await;
    }
    sam.goes_to("/no/such/page").await;
    sam.sees("missing").await;
    assert_eq!(sam.status().await, 404);
    sam.presses("back").await;
    sam.sees("home").await;
}

async fn customers_are_never_asked(casey: &Person<'_>) {
    casey.gives_the_password().await;
    casey.sees("home").await;
    casey.must_read("home-customer", "Your orders").await;
    casey.goes_to("/settings").await;
    casey.sees("refused").await;
    casey.goes_to("/account").await;
    casey.sees("account").await;
    casey.finds_no("replace-authenticator").await;
}

async fn off_means_nobody_is_asked(Cast { morgan, riley, sam, .. }: &Cast<'_>) {
    morgan.stage.time.passes(A_WHILE);
    morgan.goes_to("/settings").await;
    morgan.ticks("two-factor").await;
    morgan.presses("save").await;
    // The last code was a while ago, so a fresh one comes first. Then the page asks again, and nothing is done yet.
    morgan.sees("code").await;
    morgan.gives_the_next_code().await;
    morgan.sees("settings").await;
    morgan.must_read("requirement-state", "required").await;
    assert!(!morgan.is_ticked("two-factor").await, "what was about to be saved");
    morgan.presses("save").await;
    morgan.sees("settings").await;
    morgan.must_read("requirement-state", "not required").await;

    for person in [riley, sam] {
        person.goes_to("/").await;
        person.signs_out().await;
        person.gives_the_password().await;
        person.sees("home").await;
    }
}

async fn on_again_means_everybody_enrolls_anew(Cast { morgan, riley, sam, .. }: &mut Cast<'_>) {
    morgan.ticks("two-factor").await;
    morgan.presses("save").await;
    morgan.sees("settings").await;
    assert_eq!(morgan.reads_attribute("state-sam", "data-state").await, "outdated");

    for person in [morgan, riley, sam] {
        let before = person.loses_the_phone();
        person.goes_to("/").await;
        person.signs_out().await;
        person.gives_the_password().await;
        person.enrolls().await;
        assert_ne!(person.phone().key, before.key, "a new key");
    }
}

/// The mails that would have been sent, and their addressees.
async fn everybody_was_written_to(riley: &Person<'_>) {
    riley.presses("nav-mails").await;
    riley.sees("mails").await;
    for subject in [
        "An authenticator app was added to your account",
        "Your account is blocked",
        "The account of",
        "Your authenticator app was reset",
        "Your authenticator app was replaced",
        "The rules of two-factor authentication were changed",
    ] {
        riley.must_read("mails", subject).await;
    }
    for addressee in ["morgan", "riley", "sam"] {
        riley.must_read("mails", addressee).await;
    }
    assert!(!riley.reads("mails").await.contains("casey"), "a customer has nothing to be told");
    assert!(!riley.source().await.contains(&riley.phone().key), "a mail knows no secret");
}

async fn the_trail_tells_it_all(riley: &Person<'_>) {
    let mut kinds = Vec::new();
    riley.presses("nav-trail").await;
    loop {
        riley.sees("trail").await;
        kinds.extend(riley.lists("tr.event", "data-kind").await);
        assert!(!riley.source().await.contains(&riley.phone().key), "a trail knows no secret");
        if riley.lists("#older", "href").await.is_empty() {
            break;
        }
        riley.presses("older").await;
    }
    riley.presses("newest").await;
    riley.sees("trail").await;
    for kind in [
        "requirement-changed",
        "enrollment-started",
        "enrolled",
        "imported",
        "code-accepted",
        "code-refused",
        "reset",
        "blocked",
        "unlocked",
        "replacement-started",
        "replaced",
        "replacement-cancelled",
        "recovery-used",
        "recovery-refused",
        "recovery-codes-renewed",
        "password-changed",
    ] {
        assert!(kinds.iter().any(|it| it == kind), "no {kind} in {kinds:?}");
    }
    let changes = kinds.iter().filter(|kind| *kind == "requirement-changed").count();
    assert_eq!(changes, 3, "on, off, on");
}

/// The database, its log of pending writes, the keyring and what the portal printed.
fn no_key_was_kept_in_the_open(Cast { morgan, riley, sam, .. }: &Cast<'_>) {
    for file in morgan.stage.files_of_the_portal() {
        for person in [morgan, riley, sam] {
            assert!(!person.phone().is_known_to(&file), "a key is in {}", file.display());
            let content = std::fs::read(&file).expect("the file can be read");
            for code in &person.sheet {
                let found = content.windows(code.len()).any(|part| part == code.as_bytes());
                assert!(!found, "a recovery code is in {}", file.display());
            }
        }
    }
}
