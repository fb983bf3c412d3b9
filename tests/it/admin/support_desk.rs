//! `examples/support_reset.rs`, driven as somebody at the vendor's support desk would, on a portal's folder.

use std::{
    fs,
    io::Write as _,
    path::Path,
    process::{Command, Output, Stdio},
};

use countersign::{
    Attempt, BoxError, Clock, Directory, FirstFactor, Gate, KeyId, Keyring, OrgId, OsRandom, Person, Refusal,
    Requirement, Role, SystemClock, Timestamp, TwoFactor, UserId,
    admin::Support,
    audit::{Operator, Reason},
    policy::Settings,
    store::sqlite::SqliteStore,
    testing::Authenticator,
};

use crate::world::{ACME, granted, org};

/// What the example reads of the portal's schema.
const PORTAL: &str = "CREATE TABLE portal_users (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    org_id        TEXT NOT NULL,
    login         TEXT NOT NULL UNIQUE COLLATE NOCASE,
    name          TEXT NOT NULL,
    role          TEXT NOT NULL CHECK (role IN ('customer', 'internal', 'master-admin')),
    password_hash TEXT NOT NULL
) STRICT";
const MORGAN: i64 = 1;

/// As the portal's own directory says, whose code is not at hand here.
struct Portal;

impl Directory for Portal {
    type Error = BoxError;

    async fn find(&self, org: &OrgId, user: &UserId) -> Result<Option<Person>, BoxError> {
        let role = if user.as_str() == "3" { Role::Internal } else { Role::MasterAdmin };
        Ok(Some(Person::new(org.clone(), user.clone(), role)))
    }
}

struct Desk {
    folder: tempfile::TempDir,
    store: SqliteStore,
    two_factor: TwoFactor,
}

impl Desk {
    async fn open(settings: Settings) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let keys = Keyring::draw_text(KeyId(1), &OsRandom).unwrap();
        fs::write(folder.path().join("keyring.txt"), keys.as_bytes()).unwrap();
        let options = SqliteStore::options(folder.path().join("portal.sqlite"));
        let pool =
            sqlx::sqlite::SqlitePoolOptions::new().max_connections(3).connect_with(options).await.unwrap();
        sqlx::raw_sql(PORTAL).execute(&pool).await.unwrap();
        for (login, name, role) in [
            ("morgan", "Morgan Hale", "master-admin"),
            ("riley", "Riley Chen", "master-admin"),
            ("sam", "Sam Okafor", "internal"),
        ] {
            sqlx::query(
                "INSERT INTO portal_users (org_id, login, name, role, password_hash) VALUES (?, ?, ?, ?, '')",
            )
            .bind(ACME)
            .bind(login)
            .bind(name)
            .bind(role)
            .execute(&pool)
            .await
            .unwrap();
        }
        let store = SqliteStore::new(pool).await.unwrap();
        let two_factor = TwoFactor::builder(Portal, store.clone(), Keyring::from_text(&keys).unwrap())
            .deployment("test")
            .issuer("Portal")
            .default_settings(settings)
            .build()
            .unwrap();
        let vendor = Support::new(&two_factor, Operator::new("Kim").unwrap());
        let switched = vendor
            .in_org(&org(ACME), &Reason::new("as agreed").unwrap())
            .require(Requirement::On)
            .await
            .unwrap();
        assert_eq!(switched.refusal(), None);
        Self { folder, store, two_factor }
    }

    fn reseals(&self) -> (bool, String) {
        let output = run(Some(self.folder.path()), &["--reseal", ACME], &[]);
        (output.status.success(), String::from_utf8(output.stdout).unwrap())
    }

    async fn check_in(&self, id: i64) -> Gate {
        self.two_factor.check_in(FirstFactor::accepted(&org(ACME), &UserId::from(id))).await.unwrap()
    }

    async fn enroll(&self, id: i64) -> Authenticator {
        let Gate::Enroll(ticket) = self.check_in(id).await else { panic!("{id} should enroll") };
        let phone =
            Authenticator::enrolled_with(&granted(self.two_factor.setup(&ticket).await.unwrap())).unwrap();
        let code = phone.code(&SystemClock);
        let _ = granted(self.two_factor.confirm(Attempt::new(&ticket, &code)).await.unwrap());
        phone
    }

    /// What the desk types, and what it reads.
    fn runs(&self, login: &str, lines: &[&str]) -> (bool, String) {
        let arguments = [login, "--operator", "Kim", "--case", "4711"];
        let output = run(Some(self.folder.path()), &arguments, lines);
        (output.status.success(), String::from_utf8(output.stdout).unwrap())
    }

    async fn resets(&self) -> Vec<String> {
        let events = self.store.events(&org(ACME), None, 100).await.unwrap();
        events.into_iter().filter(|event| event.kind == "reset").map(|event| event.text).collect()
    }
}

fn run(folder: Option<&Path>, arguments: &[&str], lines: &[&str]) -> Output {
    let examples = std::env::current_exe().unwrap().parent().unwrap().parent().unwrap().join("examples");
    let mut child = Command::new(examples.join("support_reset"))
        .args(folder)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("cargo builds the examples together with the tests");
    let mut to_it = child.stdin.take().unwrap();
    for line in lines {
        // It may have ended before, which the test then sees by what it said.
        let _ = writeln!(to_it, "{line}");
    }
    drop(to_it);
    child.wait_with_output().unwrap()
}

const CALLED_BACK: &str = "Called back at the number in the contract";

/// R7: it forces a new enrollment and skips nothing; the case and the reason stand in the trail.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_support_desk_resets_a_sole_master_admin_on_the_record() {
    let desk = Desk::open(Settings::default()).await;
    desk.enroll(MORGAN).await;
    let (done, said) = desk.runs("morgan", &[CALLED_BACK, "morgan"]);
    assert!(done, "{said}");
    for expected in ["Morgan Hale, master-admin in acme.", "No Master Admin of this org can help", "Done."] {
        assert!(said.contains(expected), "{expected} is missing in {said}");
    }
    assert!(matches!(desk.check_in(MORGAN).await, Gate::Enroll(_)));
    assert_eq!(desk.resets().await, [format!("the second factor was reset: case 4711: {CALLED_BACK}")]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_support_desk_hears_who_else_could_help_and_does_nothing_without_a_reason_or_the_name() {
    let desk = Desk::open(Settings::default()).await;
    desk.enroll(MORGAN).await;
    for lines in [&[][..], &["  "][..], &[CALLED_BACK, ""][..], &[CALLED_BACK, "Morgan Hale"][..]] {
        let (done, said) = desk.runs("riley", lines);
        assert!(!done && said.contains("can reset the account: Morgan Hale."), "{lines:?}: {said}");
    }
    assert!(!desk.runs("nobody", &[CALLED_BACK, "nobody"]).0);
    for arguments in [
        &["riley"][..],
        &["riley", "--operator", "Kim"][..],
        &["riley", "--operator", " ", "--case", "1"][..],
    ] {
        assert!(!run(Some(desk.folder.path()), arguments, &[CALLED_BACK, "riley"]).status.success());
    }
    let elsewhere = tempfile::tempdir().unwrap();
    let arguments = ["riley", "--operator", "Kim", "--case", "1"];
    assert!(!run(Some(elsewhere.path()), &arguments, &[CALLED_BACK, "riley"]).status.success());
    assert!(fs::read_dir(elsewhere.path()).unwrap().next().is_none(), "it made nothing");
    assert!(desk.resets().await.is_empty());
}

/// A blocked account's password is known to somebody, who gets nowhere with it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_support_desk_reads_an_invitation_out_when_the_account_was_blocked() {
    let desk = Desk::open(Settings::default().with_hard_stop(1).unwrap()).await;
    let phone = desk.enroll(MORGAN).await;
    let Gate::AskCode(ticket) = desk.check_in(MORGAN).await else { panic!("a code should be asked for") };
    // Wrong in every step that this test can last.
    let near: Vec<String> = (0..20).map(|step| phone.code_at(minutes_from_now(step))).collect();
    let wrong = (0..1_000_000).map(|n| format!("{n:06}")).find(|code| !near.contains(code)).unwrap();
    let refused = desk.two_factor.verify(Attempt::new(&ticket, &wrong)).await.unwrap().refusal();
    assert_eq!(refused, Some(Refusal::Blocked));
    // Whoever does not go on has done nothing.
    assert!(!desk.runs("morgan", &[CALLED_BACK, "morgan", "no"]).0);
    assert!(matches!(desk.check_in(MORGAN).await, Gate::Blocked));

    let (done, said) = desk.runs("morgan", &[CALLED_BACK, "morgan", "invite"]);
    assert!(done && said.contains("somebody else knows its password"), "{said}");
    let invitation = said.lines().find_map(|line| line.strip_prefix("    ")).unwrap();
    let Gate::AskInvitation(ticket) = desk.check_in(MORGAN).await else {
        panic!("not without an invitation")
    };
    let invited = granted(desk.two_factor.accept(Attempt::new(&ticket, invitation)).await.unwrap());
    let _ = granted(desk.two_factor.setup(&invited).await.unwrap());
    let text = format!("the second factor was reset: case 4711: {CALLED_BACK}");
    assert_eq!(desk.resets().await, [text]);
}

fn minutes_from_now(halves: u64) -> Timestamp {
    Timestamp::from_unix(SystemClock.now().as_unix() - 60 + 30 * halves)
}

/// R17: the desk seals everything under the first key of the file.
#[tokio::test]
async fn the_support_desk_seals_everything_under_the_new_key() {
    let desk = Desk::open(Settings::default()).await;
    let phone = desk.enroll(3).await;
    let file = desk.folder.path().join("keyring.txt");
    let old = fs::read_to_string(&file).unwrap();
    let new = Keyring::draw_text(KeyId(9), &OsRandom).unwrap();
    fs::write(&file, format!("{} {old}", *new)).unwrap();
    let (done, said) = desk.reseals();
    assert!(done && said.contains("2 sealed anew"), "{said}");
    let (done, said) = desk.reseals();
    assert!(done && !said.contains("sealed anew"), "{said}");
    let rotated = TwoFactor::builder(Portal, desk.store.clone(), Keyring::from_text(&new).unwrap());
    let rotated = rotated.deployment("test").issuer("Portal").build().unwrap();
    let checked_in = rotated.check_in(FirstFactor::accepted(&org(ACME), &UserId::from(3_i64))).await.unwrap();
    assert!(matches!(checked_in, Gate::AskCode(_)));
    let _ = phone;
}
