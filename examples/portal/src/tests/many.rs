//! Reports, and resetting many.

use countersign::{BoxError, Role, conformance};

use super::*;
use crate::command::ResetMany;

/// The join in SQL lists and counts what the library's clauses ask for.
#[tokio::test]
async fn the_roster_keeps_the_contract() {
    let portal = Portal::new().await;
    let mut connection = portal.app.pool.acquire().await.unwrap();
    let [acme, globex] = ["acme", "globex"].map(|org| OrgId::new(org).unwrap());
    let of_acme = ["ada", "abe", "amy", "art", "ali", "ann", "ava"].map(|login| (&acme, login));
    for (org, login) in of_acme.into_iter().chain([(&globex, "gus")]) {
        let added = portal.app.people.add(&mut connection, org, login, login, Role::Internal, PASSWORD).await;
        added.unwrap();
    }
    drop(connection);
    let people = &portal.app.people;
    conformance::roster(people, people, &portal.app.store, &acme).await.unwrap();
}

#[tokio::test]
async fn a_report_can_be_filtered_and_downloaded() {
    let portal = Portal::new().await;
    switch_on(&portal).await;
    let mut riley = portal.signed_in("riley").await;
    riley.enroll(&portal).await;
    assert_eq!(riley.get("/settings/report").await.status(), StatusCode::OK);
    for (status, count) in [("enrolled", "1"), ("not-enrolled", "4"), ("exempt", "1")] {
        let shown = riley.between(&format!("id=\"count-{status}\">"), "<");
        assert_eq!(shown.as_deref(), Some(count), "{status}");
    }
    riley.get("/settings/report?status=enrolled").await;
    assert!(riley.page.contains("id=\"row-riley\"") && !riley.page.contains("id=\"row-sam\""));
    assert_eq!(riley.get("/settings/report?status=happy").await.status(), StatusCode::NOT_FOUND);
    let csv = riley.get("/settings/report.csv").await;
    assert!(csv.headers()[header::CONTENT_TYPE].to_str().unwrap().starts_with("text/csv"));
    let lines: Vec<&str> = riley.page.lines().collect();
    assert_eq!(lines.len(), 7);
    assert!(
        lines[0].starts_with("user,account,role,status,")
            && lines[2].starts_with("2,riley,master-admin,enrolled,2")
    );

    let mut sam = portal.signed_in("sam").await;
    sam.enroll(&portal).await;
    for path in ["/settings/report", "/settings/report.csv", "/settings/reset?everybody=on"] {
        assert_eq!(sam.get(path).await.status(), StatusCode::FORBIDDEN, "{path}");
        assert!(!sam.page.contains("riley"), "{path}");
    }
}

/// However the pages are turned, everybody is on one of them.
#[tokio::test]
async fn a_long_report_is_turned_page_by_page() {
    let portal = Portal::new().await;
    let acme = OrgId::new("acme").unwrap();
    let mut connection = portal.app.pool.acquire().await.unwrap();
    for number in 0..60 {
        let login = format!("more-{number}");
        let added =
            portal.app.people.add(&mut connection, &acme, &login, &login, Role::Internal, PASSWORD).await;
        added.unwrap();
    }
    drop(connection);
    let mut morgan = portal.signed_in("morgan").await;
    let (mut rows, mut path) = (0, Some("/settings/report".to_owned()));
    while let Some(next) = path {
        morgan.get(&next).await;
        rows += morgan.page.matches("<tr id=\"row-").count();
        path = morgan.between("id=\"next-page\" href=\"", "\"");
    }
    assert_eq!(rows, 66);
}

#[tokio::test]
async fn many_are_reset_after_a_look_and_a_code_and_nobody_twice() {
    let portal = Portal::new().await;
    switch_on(&portal).await;
    let mut sam = portal.signed_in("sam").await;
    sam.enroll(&portal).await;
    let mut riley = portal.signed_in("riley").await;
    let secret = riley.enroll(&portal).await;
    portal.clock.advance(Duration::from_mins(6));

    riley.get(&format!("/settings/reset?user={SAM}&user=4&user=2&user=6")).await;
    assert!(
        riley.page.contains("Reset 1 person?")
            && riley.page.contains("<strong>Sam Okafor</strong>: would be reset")
    );
    assert!(
        riley.page.contains("nobody may do this to themselves")
            && riley.page.contains("a customer has no second factor")
    );
    assert_eq!(portal.count("reset").await, 0);
    let run = riley.between("name=\"run\" value=\"", "\"").unwrap();
    let chosen = format!("user={SAM}&user=4&run={run}");
    assert_eq!(destination(&riley.post("/settings/reset", &chosen).await), "/code");
    assert_eq!(portal.count("reset").await, 0);
    riley.get("/code").await;
    let code = portal.next_code(&secret);
    let back = destination(&riley.post("/code", &format!("code={code}")).await);
    assert_eq!(back, format!("/settings/reset?{chosen}"));
    riley.get(&back).await;
    assert_eq!(riley.post("/settings/reset", &chosen).await.status(), StatusCode::OK);
    assert!(riley.page.contains("1 person was reset"));
    assert_eq!(portal.count("reset").await, 1);

    // The same form once more, when Sam has a new phone already.
    portal.clock.advance(Duration::from_mins(1));
    portal.signed_in("sam").await.enroll(&portal).await;
    riley.get(&back).await;
    let again = riley.between("name=\"csrf\" value=\"", "\"").unwrap();
    riley.post_as("/settings/reset", &format!("csrf={again}&{chosen}")).await;
    assert_eq!(portal.count("reset").await, 1);
}

async fn portal_reset(portal: &Portal, words: &[&str]) -> Result<(), BoxError> {
    try_vendor::<ResetMany>(words)?.run(&portal.app).await
}

#[tokio::test]
async fn the_command_resets_those_of_a_file_or_everybody() {
    let portal = Portal::new().await;
    switch_on(&portal).await;
    for login in ["sam", "riley"] {
        portal.signed_in(login).await.enroll(&portal).await;
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("users.txt");
    std::fs::write(&file, "# lost on the train\nsam\n\nnobody\ncasey\n").unwrap();
    let file = file.to_str().unwrap();
    portal_reset(&portal, &["--file", file, "--dry-run"]).await.unwrap();
    assert_eq!(portal.count("reset").await, 0);
    portal_reset(&portal, &["--file", file]).await.unwrap();
    assert_eq!(portal.count("reset").await, 1);
    portal_reset(&portal, &["--all"]).await.unwrap();
    assert_eq!(portal.count("reset").await, 2, "riley, and nobody who has nothing to reset");
    assert!(portal_reset(&portal, &[]).await.is_err(), "the users must be named");
    assert!(portal_reset(&portal, &["--all", "--file", file]).await.is_err());
    assert!(portal_reset(&portal, &["--file", "/no/such/file"]).await.is_err());
}

/// A user whose password somebody else knows is listed and left alone, and has a way of their own.
#[tokio::test]
async fn a_blocked_account_among_many_is_left_to_its_admin() {
    let portal = Portal::new().await;
    switch_on(&portal).await;
    let mut sam = portal.signed_in("sam").await;
    let secret = sam.enroll(&portal).await;
    portal.block("sam", &secret).await;
    let mut riley = portal.signed_in("riley").await;
    riley.enroll(&portal).await;
    riley.get(&format!("/settings/reset?user={SAM}")).await;
    assert!(riley.page.contains("There is nobody to reset"), "{}", riley.page);
    assert!(riley.page.contains("<strong>Sam Okafor</strong>: needs a new password or an invitation"));
    assert!(riley.page.contains(&format!("href=\"/settings/people/{SAM}/reset-invite\"")));
    assert_eq!(riley.post("/settings/reset", &format!("user={SAM}")).await.status(), StatusCode::OK);
    assert!(riley.page.contains("0 people were reset"));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("users.txt");
    std::fs::write(&file, "sam\n").unwrap();
    let file = file.to_str().unwrap();
    portal_reset(&portal, &["--file", file]).await.unwrap();
    assert_eq!(portal.count("reset").await, 0);
    portal_reset(&portal, &["--file", file, "--new-passwords"]).await.unwrap();
    assert_eq!(portal.count("reset").await, 1);
}
