//! What strangers and operators do to a portal that is up: flood it, leave it open, lose an answer, change its key.

use std::time::Duration;

use axum::http::StatusCode;
use countersign::{
    Attempt, FirstFactor, Gate, KeyId, Keyring, OrgId, Requirement, Role, SystemClock, UserId, Verdict,
    admin::{SealedUnder, Support},
    audit::{Operator, Reason},
    testing::{Authenticator, ManualClock},
};

use super::{PASSWORD, Portal, destination, switch_on};
use crate::{
    app::{App, NewPassword},
    data::Data,
    keys,
    passwords::Passwords,
};

async fn sessions(portal: &Portal) -> i64 {
    let count = sqlx::query_scalar("SELECT count(*) FROM portal_sessions");
    count.fetch_one(&portal.app.pool).await.unwrap()
}

#[tokio::test]
async fn a_stranger_who_signs_out_leaves_nothing_behind() {
    let portal = Portal::new().await;
    for _ in 0..20 {
        let mut stranger = portal.browser();
        stranger.get("/login").await;
        assert_eq!(destination(&stranger.post("/logout", "").await), "/login");
    }
    assert_eq!(sessions(&portal).await, 0);
    let mut sam = portal.signed_in("sam").await;
    assert_eq!(sessions(&portal).await, 1);
    sam.get("/").await;
    sam.post("/logout", "").await;
    let signed_in = sqlx::query_scalar("SELECT count(*) FROM portal_sessions WHERE user_id IS NOT NULL");
    let signed_in: i64 = signed_in.fetch_one(&portal.app.pool).await.unwrap();
    assert_eq!(signed_in, 0);
    // Expired ones are found by an index.
    let plan: Vec<(i64, i64, i64, String)> = sqlx::query_as(
        "EXPLAIN QUERY PLAN DELETE FROM portal_sessions WHERE id_hash = x'00' OR expires_at <= 1",
    )
    .fetch_all(&portal.app.pool)
    .await
    .unwrap();
    assert!(plan.iter().all(|(.., step)| !step.starts_with("SCAN")), "{plan:?}");
}

#[tokio::test]
async fn passwords_are_not_looked_at_without_end() {
    let portal = Portal::new().await;
    let mut guesser = portal.browser();
    guesser.get("/login").await;
    let mut looked_at = 0;
    for _ in 0..50 {
        match guesser.post("/login", "login=sam&password=guess").await.status() {
            StatusCode::UNPROCESSABLE_ENTITY => looked_at += 1,
            StatusCode::TOO_MANY_REQUESTS => break,
            other => panic!("{other}"),
        }
        guesser.get("/login").await;
    }
    assert_eq!(looked_at, 30);
    assert!(guesser.page.contains("Please wait a moment"));
    // Sam himself, from somewhere else, and others from here are none the worse for it.
    let mut riley = portal.browser();
    assert_eq!(riley.password("riley").await, "/");
}

/// The forms that take a password beside the first one.
#[tokio::test]
async fn nor_at_the_forms_of_those_who_are_signed_in() {
    let portal = Portal::new().await;
    let mut sam = portal.signed_in("sam").await;
    let mut last = StatusCode::OK;
    for _ in 0..40 {
        sam.get("/account").await;
        let form = "current=guess&new=correct+horse+battery+2&repeat=correct+horse+battery+2";
        last = sam.post("/account/password", form).await.status();
        if last == StatusCode::TOO_MANY_REQUESTS {
            break;
        }
    }
    assert_eq!(last, StatusCode::TOO_MANY_REQUESTS);
    sam.get("/account").await;
    assert_eq!(sam.post("/account/enroll", "password=guess").await.status(), StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test]
async fn a_session_that_nobody_uses_ends() {
    let portal = Portal::new().await;
    let mut sam = portal.signed_in("sam").await;
    assert_eq!(sam.get("/").await.status(), StatusCode::OK);
    let age = |minutes: i64| {
        let age = sqlx::query("UPDATE portal_sessions SET used_at = used_at - ?");
        age.bind(60 * minutes).execute(&portal.app.pool)
    };
    age(59).await.unwrap();
    assert_eq!(sam.get("/").await.status(), StatusCode::OK, "and is used now");
    age(59).await.unwrap();
    assert_eq!(sam.get("/").await.status(), StatusCode::OK);
    age(61).await.unwrap();
    assert_eq!(destination(&sam.get("/").await), "/login");
}

/// The password was changed, and before the library heard of it the process died: nobody gets past the next sign-in before
/// it has.
#[tokio::test]
async fn a_new_password_is_told_even_if_the_answer_was_lost() {
    let portal = Portal::new().await;
    switch_on(&portal).await;
    let mut sam = portal.signed_in("sam").await;
    sam.enroll(&portal).await;
    let user = portal.app.people.by_login("sam").await.unwrap().unwrap();
    portal.app.people.set_password(&user, PASSWORD, NewPassword::Verified).await.unwrap();
    assert_eq!(portal.count("password-changed").await, 0);
    portal.signed_in("sam").await;
    assert_eq!(portal.count("password-changed").await, 1);
    portal.signed_in("sam").await;
    assert_eq!(portal.count("password-changed").await, 1, "once");
}

#[cfg(unix)]
#[tokio::test]
async fn a_keyring_that_others_can_read_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    drop(Data::open(folder.path()).await.unwrap());
    let file = folder.path().join("keyring.txt");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).unwrap();
    let refused = Data::open(folder.path()).await.err().unwrap().to_string();
    assert!(refused.contains("chmod 600"), "{refused}");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    Data::open(folder.path()).await.unwrap();
}

#[tokio::test]
async fn recovery_codes_that_nobody_acknowledged_are_pointed_out() {
    let portal = Portal::new().await;
    switch_on(&portal).await;
    let mut sam = portal.signed_in("sam").await;
    let secret = sam.enroll(&portal).await;
    sam.get("/account").await;
    assert!(!sam.page.contains("codes-unseen"));
    // New ones are drawn, and the answer never arrives.
    sam.post("/account/recovery-codes", "").await;
    sam.get("/account").await;
    assert!(sam.page.contains("codes-unseen"));
    sam.post("/account/recovery-codes/kept", "next=//elsewhere.example").await;
    sam.get("/account").await;
    assert!(!sam.page.contains("codes-unseen"));
    let _ = secret;
}

/// R17: as the manual's page on keys says, with a thousand users and the portal up. Sessions go on, codes are taken, and
/// nobody notices: not at any step, and not while everything is sealed anew.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_is_changed_with_a_thousand_users_and_nobody_notices() {
    const USERS: usize = 1_000;
    let folder = tempfile::tempdir().unwrap();
    let clock = ManualClock::at(countersign::Clock::now(&SystemClock));
    let org = OrgId::new("acme").unwrap();
    let (old, new) = (KeyId(1), KeyId(2));
    let ring = |step: usize| match step {
        0 => Keyring::new(old, [1; 32]),
        1 => Keyring::new(old, [1; 32]).with_beside(new, [2; 32]).unwrap(),
        2 => Keyring::new(new, [2; 32]).with_beside(old, [1; 32]).unwrap(),
        3 => Keyring::new(new, [2; 32]).with_older(old, [1; 32]).unwrap(),
        _ => Keyring::new(new, [2; 32]),
    };
    let start = async |step: usize| {
        let Data { pool, .. } = Data::open(folder.path()).await.unwrap();
        let data = Data { pool, keyring: ring(step) };
        let params = argon2::Params::new(8, 1, 1, None).unwrap();
        App::new(data, Passwords::with(params).unwrap(), clock.clone(), false, "test").await.unwrap()
    };
    let app = start(0).await;
    let mut ids = Vec::new();
    let mut all = app.pool.begin().await.unwrap();
    for number in 0..USERS {
        let login = format!("user{number}");
        let user = app.people.add(&mut all, &org, &login, &login, Role::Internal, PASSWORD).await.unwrap();
        ids.push(user.id());
    }
    all.commit().await.unwrap();
    let support = Support::new(&app.two_factor, Operator::new("sue@vendor.example").unwrap());
    let reason = Reason::new("from today on").unwrap();
    assert!(matches!(support.in_org(&org, &reason).require(Requirement::On).await, Ok(Verdict::Granted(()))));
    let mut phones = Vec::new();
    let mut stamps = Vec::new();
    for id in &ids {
        let Ok(Gate::Enroll(ticket)) = app.two_factor.check_in(FirstFactor::accepted(&org, id)).await else {
            panic!("{id} enrolls")
        };
        let setup = app.two_factor.setup(&ticket).await.unwrap().granted().unwrap();
        let phone = Authenticator::enrolled_with(&setup).unwrap();
        let code = phone.code(&clock);
        let enrolled = app.two_factor.confirm(Attempt::new(&ticket, &code)).await.unwrap().granted().unwrap();
        stamps.push(enrolled.pass.stamp().clone());
        phones.push(phone);
    }

    // One server is a step ahead of the other, as they are restarted one by one.
    let log_in = async |at: &App, then: &App, number: usize| {
        let id: &UserId = &ids[number];
        let Ok(Gate::AskCode(ticket)) = at.two_factor.check_in(FirstFactor::accepted(&org, id)).await else {
            panic!("{id} is asked for a code")
        };
        let code = phones[number].code(&clock);
        let pass = then.two_factor.verify(Attempt::new(&ticket, &code)).await.unwrap().granted();
        pass.unwrap_or_else(|| panic!("{id} is let in")).stamp().clone()
    };
    let mut server = app;
    for step in 1..5 {
        let next = start(step).await;
        if step == 3 {
            // The longest session has expired, everywhere.
            clock.advance(Duration::from_mins(12 * 60 + 1));
            stamps.clear();
        }
        if step == 4 {
            // Everything is sealed anew at the server with the old key as an older one, while people sign in at it.
            let run = keys::reseal(&server, "acme");
            let logins = async {
                clock.advance(Duration::from_secs(30));
                for number in (0..USERS).step_by(40) {
                    stamps.push(log_in(&server, &server, number).await);
                }
            };
            let (sealed, ()) = tokio::join!(run, logins);
            sealed.unwrap();
            let left = server.two_factor.org(&org).keys().await.unwrap();
            assert!(!left.need(old) && left.settings == SealedUnder::Key(new), "{left:?}");
            keys::tell(&server, "acme").await.unwrap();
        }
        clock.advance(Duration::from_secs(30));
        for number in (step..USERS).step_by(100) {
            stamps.push(log_in(&server, &next, number).await);
            clock.advance(Duration::from_secs(30));
            stamps.push(log_in(&next, &server, number).await);
        }
        for stamp in &stamps {
            assert!(server.two_factor.resume(stamp).await.unwrap().is_some(), "step {step}");
            assert!(next.two_factor.resume(stamp).await.unwrap().is_some(), "step {step}");
        }
        server = next;
    }
    // With the new key alone, everybody.
    clock.advance(Duration::from_secs(30));
    for number in 0..USERS {
        let _ = log_in(&server, &server, number).await;
    }
}

/// After an incident: one form, sent twice, begins one epoch; and it names what was seen.
#[tokio::test]
async fn everybody_sets_it_up_again_once() {
    let portal = Portal::new().await;
    switch_on(&portal).await;
    let mut sam = portal.signed_in("sam").await;
    sam.enroll(&portal).await;
    let mut riley = portal.signed_in("riley").await;
    riley.enroll(&portal).await;
    sam.get("/").await;
    assert_eq!(sam.get("/settings/start-again").await.status(), StatusCode::FORBIDDEN);
    riley.get("/settings/start-again").await;
    let seen = riley.between("name=\"seen\" value=\"", "\"").unwrap();
    let form = format!("seen={seen}");
    assert_eq!(destination(&riley.post("/settings/start-again", &form).await), "/settings");
    assert_eq!(portal.count("epoch-begun").await, 1);
    riley.get("/settings/start-again").await;
    riley.post("/settings/start-again", &form).await;
    assert_eq!(portal.count("epoch-begun").await, 1, "the same form is about another epoch");
    assert_eq!(portal.browser().password("sam").await, "/setup");
    // With the sessions, the admin's own among them.
    let mut riley = portal.signed_in("riley").await;
    riley.enroll(&portal).await;
    riley.get("/settings/start-again").await;
    let seen = riley.between("name=\"seen\" value=\"", "\"").unwrap();
    let form = format!("seen={seen}&end_sessions=on");
    assert_eq!(destination(&riley.post("/settings/start-again", &form).await), "/login");
    assert_eq!(portal.count("epoch-begun").await, 2);
    assert_eq!(destination(&sam.get("/").await), "/login");
}

/// R13: a colleague compares the app that was seen, and no other.
#[tokio::test]
async fn a_colleague_vouches_for_the_app_that_was_seen() {
    let portal = Portal::new().await;
    switch_on(&portal).await;
    let mut riley = portal.signed_in("riley").await;
    riley.enroll(&portal).await;
    let codes = riley.recovery_codes();
    let mut again = portal.signed_in("riley").await;
    again.get("/recover").await;
    again.post("/recover", &format!("code={}", codes[0])).await;

    let mut morgan = portal.signed_in("morgan").await;
    morgan.enroll(&portal).await;
    morgan.get("/settings").await;
    assert!(morgan.page.contains("id=\"vouch-riley\""));
    morgan.get("/settings/people/2/vouch").await;
    let seen = morgan.between("name=\"seen\" value=\"", "\"").unwrap();
    morgan.post("/settings/people/2/vouch", &format!("seen={}", "0".repeat(seen.len()))).await;
    assert_eq!(portal.count("vouched").await, 0);
    morgan.get("/settings/people/2/vouch").await;
    assert_eq!(
        destination(&morgan.post("/settings/people/2/vouch", &format!("seen={seen}")).await),
        "/settings"
    );
    assert_eq!(portal.count("vouched").await, 1);
    morgan.get("/settings").await;
    assert!(!morgan.page.contains("id=\"vouch-riley\""));
}
