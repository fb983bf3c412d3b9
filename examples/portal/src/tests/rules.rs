//! Rules that a company chooses, and what they do at the sign-in.

use super::*;

/// Everything that the form sends, with some fields changed.
fn rules(seen: &str, changed: &[(&str, &str)]) -> String {
    let mut fields = vec![
        ("seen", seen),
        ("hard_stop", "10"),
        ("waits_from", "5"),
        ("first_wait", "30"),
        ("longest_wait", "60"),
        ("ticket", "15"),
        ("pending", "15"),
        ("stamp", "12"),
        ("fresh_code", "5"),
        ("remember", "0"),
        ("enroll_within", "0"),
        ("enroll_by", ""),
    ];
    for (name, value) in changed {
        fields.retain(|(field, _)| field != name);
        fields.push((name, value));
    }
    fields.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
}

/// Riley signs in while nothing is required yet, and saves the rules.
async fn save(portal: &Portal, changed: &[(&str, &str)]) -> Browser {
    let mut riley = portal.signed_in("riley").await;
    riley.get("/settings/rules").await;
    let seen = riley.between("name=\"seen\" value=\"", "\"").unwrap();
    assert_eq!(destination(&riley.post("/settings/rules", &rules(&seen, changed)).await), "/settings/rules");
    riley
}

#[tokio::test]
async fn a_master_admin_saves_rules_within_their_bounds_and_nobody_else_does() {
    let portal = Portal::new().await;
    let mut riley = save(&portal, &[("hard_stop", "5")]).await;
    riley.get("/settings/rules").await;
    assert!(riley.page.contains("id=\"hard_stop\" name=\"hard_stop\" type=\"number\" value=\"5\""));
    for (field, value, why) in [
        ("hard_stop", "101", "1 to 100 wrong codes"),
        ("hard_stop", "many", "1 to 100 wrong codes"),
        ("first_wait", "4000", "at most an hour"),
        ("stamp", "99999999", "thirty days"),
        ("remember", "91", "must be 1 to 90"),
        ("enroll_within", "91", "must be 1 to 90"),
        ("enroll_within", "-1", "must be 1 to 90"),
        ("enroll_by", "2026-02-30", "must be a day"),
        ("enroll_by", "soon", "must be a day"),
    ] {
        riley.get("/settings/rules").await;
        let response = riley.post("/settings/rules", &rules("1", &[(field, value)])).await;
        assert_eq!(response.status(), StatusCode::UNPROCESSABLE_ENTITY, "{field}={value}");
        assert!(riley.page.contains(why), "{field}={value}: {}", riley.page);
        assert!(riley.page.contains(&format!("value=\"{value}\"")), "what was typed is kept");
    }
    let mut sam = portal.signed_in("sam").await;
    sam.get("/").await;
    assert_eq!(sam.get("/settings/rules").await.status(), StatusCode::FORBIDDEN);
    sam.get("/").await;
    let response = sam.post("/settings/rules", &rules("1", &[("hard_stop", "7")])).await;
    assert_eq!(response.status(), StatusCode::FORBIDDEN);
    assert_eq!((portal.count("settings-changed").await, portal.count("act-refused").await), (1, 1));
}

#[tokio::test]
async fn a_preset_fills_the_form_and_saves_nothing() {
    let portal = Portal::new().await;
    let mut riley = portal.signed_in("riley").await;
    riley.get("/settings/rules?preset=nist").await;
    assert!(riley.page.contains("name=\"stamp\" type=\"number\" value=\"24\""));
    assert!(riley.page.contains("NIST SP 800-63B-4"));
    assert_eq!(portal.count("settings-changed").await, 0);
}

#[tokio::test]
async fn of_two_admins_the_second_is_shown_what_the_first_has_saved() {
    let portal = Portal::new().await;
    let mut morgan = portal.signed_in("morgan").await;
    morgan.get("/settings/rules").await;
    save(&portal, &[("hard_stop", "5")]).await;
    let late = morgan.post("/settings/rules", &rules("0", &[("stamp", "8")])).await;
    assert_eq!(destination(&late), "/settings/rules");
    morgan.get("/settings/rules").await;
    assert!(morgan.page.contains("Somebody else has changed the settings"));
    assert!(morgan.page.contains("name=\"hard_stop\" type=\"number\" value=\"5\""));
    assert_eq!(portal.count("settings-changed").await, 1);
}

#[tokio::test]
async fn an_admin_who_is_asked_for_a_code_comes_back_to_the_rules_that_were_about_to_be_saved() {
    let portal = Portal::new().await;
    switch_on(&portal).await;
    let mut riley = portal.signed_in("riley").await;
    let secret = riley.enroll(&portal).await;
    portal.clock.advance(Duration::from_mins(6));
    riley.get("/settings/rules").await;
    let seen = riley.between("name=\"seen\" value=\"", "\"").unwrap();
    let fields = rules(&seen, &[("hard_stop", "6"), ("by_choice", "on")]);
    assert_eq!(destination(&riley.post("/settings/rules", &fields).await), "/code");
    riley.get("/code").await;
    let back = destination(&riley.post("/code", &format!("code={}", portal.next_code(&secret))).await);
    assert!(back.starts_with("/settings/rules?"), "{back}");
    riley.get(&back).await;
    assert!(
        riley.page.contains("value=\"6\"")
            && riley.page.contains("value=\"on\" aria-describedby=\"by-choice-hint\" checked")
    );
    assert_eq!(destination(&riley.post("/settings/rules", &fields).await), "/settings/rules");
    assert_eq!(portal.count("settings-changed").await, 1);
}

#[tokio::test]
async fn an_invited_colleague_types_the_invitation_and_sets_it_up() {
    let portal = Portal::new().await;
    let mut riley = save(&portal, &[("by_invitation", "on")]).await;
    let invite = format!("/settings/people/{SAM}/invite");
    riley.get(&invite).await;
    assert_eq!(riley.post(&invite, "").await.status(), StatusCode::OK);
    let invitation = riley.between("id=\"invitation-text\">", "<").unwrap();
    switch_on(&portal).await;

    let mut sam = portal.browser();
    assert_eq!(sam.password("sam").await, "/invitation");
    // Without it there is no way on.
    assert_eq!(destination(&sam.get("/setup").await), "/invitation");
    sam.get("/invitation").await;
    let recovery_code = sam.post("/invitation", "invitation=AAAAAA+BBBBBB+CCCCCC+DDDDDD").await;
    assert_eq!(recovery_code.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert!(sam.page.contains("An invitation has five groups"));
    let wrong = sam.post("/invitation", "invitation=AAAAAA+BBBBBB+CCCCCC+DDDDDD+EEEEEE").await;
    assert_eq!(wrong.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert!(sam.page.contains("That is not your invitation."));
    let typed = invitation.replace(' ', "+").to_lowercase();
    assert_eq!(destination(&sam.post("/invitation", &format!("invitation={typed}")).await), "/setup");
    sam.enroll(&portal).await;
    assert_eq!(sam.get("/").await.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_user_with_time_left_gets_in_and_sets_it_up_from_the_account_page_with_the_password() {
    let portal = Portal::new().await;
    save(&portal, &[("enroll_within", "7")]).await;
    switch_on(&portal).await;
    let mut sam = portal.browser();
    assert_eq!(sam.password("sam").await, "/");
    sam.get("/").await;
    assert!(sam.page.contains("Please set up your authenticator app by"));
    sam.get("/account").await;
    let wrong = sam.post("/account/enroll", "password=wrong").await;
    assert_eq!(wrong.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(destination(&sam.post("/account/enroll", &format!("password={PASSWORD}")).await), "/setup");
    sam.enroll(&portal).await;
    let mut again = portal.browser();
    assert_eq!(again.password("sam").await, "/code");
}

#[tokio::test]
async fn by_choice_it_is_set_up_and_taken_off_again_from_the_account() {
    let portal = Portal::new().await;
    let mut riley = save(&portal, &[]).await;
    let mut sam = portal.signed_in("sam").await;
    sam.get("/account").await;
    assert!(!sam.page.contains("enroll-form"));
    riley.get("/settings/rules").await;
    riley.post("/settings/rules", &rules("0", &[("by_choice", "on")])).await;
    sam.get("/account").await;
    assert_eq!(destination(&sam.post("/account/enroll", &format!("password={PASSWORD}")).await), "/setup");
    sam.enroll(&portal).await;
    riley.get("/settings").await;
    assert!(riley.page.contains("id=\"state-sam\" class=\"state\" data-state=\"enrolled\""));
    sam.get("/account").await;
    assert!(sam.page.contains("withdraw-form"));
    assert_eq!(destination(&sam.post("/account/withdraw", "").await), "/login");
    let mut again = portal.browser();
    assert_eq!(again.password("sam").await, "/");
}

#[tokio::test]
async fn a_blocked_colleague_is_reset_with_an_invitation_or_a_new_password() {
    let portal = Portal::new().await;
    save(&portal, &[("hard_stop", "1")]).await;
    switch_on(&portal).await;
    let mut sam = portal.signed_in("sam").await;
    sam.enroll(&portal).await;
    let mut riley = portal.signed_in("riley").await;
    riley.enroll(&portal).await;
    let mut thief = portal.browser();
    assert_eq!(thief.password("sam").await, "/code");
    thief.get("/code").await;
    thief.post("/code", "code=000000").await;
    let reset = format!("/settings/people/{SAM}/reset");
    riley.get(&reset).await;
    assert_eq!(riley.post(&reset, "").await.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert!(riley.page.contains("Somebody knows this password"));
    let with_invitation =
        riley.between("id=\"reset-invite\" class=\"button primary\" href=\"", "\"").unwrap();
    riley.get(&with_invitation).await;
    assert_eq!(riley.post(&with_invitation, "").await.status(), StatusCode::OK);
    assert!(riley.page.contains("id=\"invitation-text\""));
    assert_eq!(thief.password("sam").await, "/invitation");
}

#[tokio::test]
async fn a_sole_master_admin_is_warned() {
    let portal = Portal::new().await;
    let mut riley = portal.signed_in("riley").await;
    riley.get("/settings").await;
    assert!(!riley.page.contains("sole-admin"));
    let demote = "UPDATE portal_users SET role = 'internal' WHERE login = 'morgan'";
    sqlx::query(demote).execute(&portal.app.pool).await.unwrap();
    riley.get("/settings").await;
    assert!(riley.page.contains("id=\"sole-admin\""));
}

/// The whole day counts.
#[tokio::test]
async fn everybody_by_a_day() {
    let portal = Portal::new().await;
    let mut riley = save(&portal, &[("enroll_by", "2099-12-01")]).await;
    riley.get("/settings/rules").await;
    assert!(riley.page.contains("name=\"enroll_by\" value=\"2099-12-01\""));
    let settings = portal.app.two_factor.org(&OrgId::new("acme").unwrap()).policy().await.unwrap().settings;
    // 2099-12-02T00:00:00Z.
    assert_eq!(settings.enroll_by(), Some(Timestamp::from_unix(4_099_852_800)));
    switch_on(&portal).await;
    let mut sam = portal.browser();
    assert_eq!(sam.password("sam").await, "/", "there is time");
}
