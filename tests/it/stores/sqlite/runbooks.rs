//! The manual's runbooks for the days that nobody wants to have, followed step by step on a file: the key is lost; a backup
//! was restored.

use std::path::{Path, PathBuf};

use countersign::{
    Attempt, ErrorKind, FirstFactor, Gate, KeyId, Keyring, Pass, Refusal, Requirement, TwoFactor, Verdict,
    admin::{NewEpoch, Outcome, Support, Targets},
    audit::{Operator, Password, Reason},
    store::sqlite::SqliteStore,
    testing::Authenticator,
};
use tempfile::TempDir;

use crate::world::{ACME, World, granted, keyring, org, refused, user};

fn desk(two_factor: &TwoFactor) -> (Support, Reason) {
    let support = Support::new(two_factor, Operator::new("sue@vendor.example").unwrap());
    (support, Reason::new("as the runbook says").unwrap())
}

async fn open(file: &Path) -> SqliteStore {
    SqliteStore::open(file).await.unwrap()
}

async fn check_in(server: &TwoFactor, id: &str) -> Gate {
    server.check_in(FirstFactor::accepted(&org(ACME), &user(id))).await.unwrap()
}

async fn enroll(world: &World, server: &TwoFactor, id: &str, gate: Gate) -> (Authenticator, Pass) {
    let Gate::Enroll(ticket) = gate else { panic!("{id} should enroll, not {gate:?}") };
    let phone = Authenticator::enrolled_with(&granted(server.setup(&ticket).await.unwrap())).unwrap();
    let confirmed = server.confirm(Attempt::new(&ticket, &phone.code(&world.clock))).await.unwrap();
    (phone, granted(confirmed).pass)
}

/// R4, R9, R16: the key is lost. Nobody gets in until the settings are deleted and everybody is reset; then the password
/// alone enrolls nobody whose password may be known.
#[tokio::test]
async fn a_lost_key_is_answered_as_the_manual_says() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder.path().join("portal.sqlite")).await;
    let world = World::over(store.clone());
    world.switch_on().await;
    let (_, anns) = world.enroll("ann").await;
    let (old_phone, old_session) = world.enroll("ian").await;
    let _ = world.enroll("bob").await;
    world.step();
    let old_ticket = world.ticket_for_code("ian").await;

    // 1. A new key is drawn. With it nothing opens.
    let new = || Keyring::new(KeyId(2), [7; 32]);
    let server = world.another_process_with(new());
    for id in ["ann", "ian", "ida"] {
        let gate = server.check_in(FirstFactor::accepted(&org(ACME), &user(id))).await;
        assert_eq!(gate.unwrap_err().kind(), ErrorKind::Unreadable, "{id}");
    }
    assert!(matches!(check_in(&server, "carl").await, Gate::Open(_)));

    // 2. The settings are deleted, and the builder says what is required until somebody does.
    sqlx::query("DELETE FROM countersign_settings").execute(store.pool()).await.unwrap();
    let server = world
        .builder(new())
        .default_requirement(Requirement::On)
        .deployment("test")
        .issuer("Acme Portal")
        .clock(world.clock.clone())
        .build()
        .unwrap();
    let gate = server.check_in(FirstFactor::accepted(&org(ACME), &user("ian"))).await;
    assert_eq!(gate.unwrap_err().kind(), ErrorKind::Unreadable);

    // 3. Everybody is reset, with a word about the passwords. Without one, they need more than the password from then on.
    let (support, reason) = desk(&server);
    let acme = support.in_org(&org(ACME), &reason);
    let mut unsaid = acme.reset_many(Targets::these(["ian", "bob"].map(user)), Password::AsBefore);
    while let Some(one) = granted(unsaid.next().await.unwrap()) {
        assert!(matches!(one.outcome, Outcome::Reset), "{:?}", one.outcome);
    }
    assert!(matches!(check_in(&server, "ian").await, Gate::AskInvitation(_)), "a password may be known");
    let mut run = acme.reset_many(Targets::everybody(), Password::Changed);
    while let Some(one) = granted(run.next().await.unwrap()) {
        assert!(matches!(one.outcome, Outcome::Reset | Outcome::NothingToReset), "{:?}", one.outcome);
    }
    granted(acme.user(&user("ian")).reset(Password::Changed).await.unwrap());
    let invitation = granted(acme.user(&user("bob")).reset_and_invite(Password::AsBefore).await.unwrap());

    // Everybody gets in again, with another authenticator.
    let gate = check_in(&server, "ian").await;
    let (_, pass) = enroll(&world, &server, "ian", gate).await;
    assert!(server.resume(pass.stamp()).await.unwrap().is_some());
    let Gate::AskInvitation(ticket) = check_in(&server, "bob").await else { panic!("bob is invited") };
    let invited = granted(server.accept(Attempt::new(&ticket, &invitation.text())).await.unwrap());
    let _ = enroll(&world, &server, "bob", Gate::Enroll(invited)).await;
    let gate = check_in(&server, "ida").await;
    let _ = enroll(&world, &server, "ida", gate).await;
    // And nothing of before opens anything.
    for stamp in [anns.stamp(), old_session.stamp()] {
        assert!(server.resume(stamp).await.unwrap().is_none());
    }
    let shown = server.verify(Attempt::new(&old_ticket, &old_phone.code(&world.clock))).await.unwrap();
    assert_eq!(refused(shown), Refusal::TicketVoid);
}

/// What happened after the backup, and what a thief has of it.
struct Day {
    folder: TempDir,
    backup: PathBuf,
    world: World,
    /// Ian's phone, and the code that he has used.
    ians: Authenticator,
    used: String,
    /// The phone that ida was reset for, and the session that was ended.
    idas_lost: Authenticator,
    bobs_ended: Pass,
}

impl Day {
    /// A backup is made, and the day goes on.
    async fn pass() -> Self {
        let folder = TempDir::new().unwrap();
        let store = open(&folder.path().join("portal.sqlite")).await;
        let world = World::over(store.clone());
        world.switch_on().await;
        let (ians, _) = world.enroll("ian").await;
        let (idas_lost, _) = world.enroll("ida").await;
        let (_, bobs_ended) = world.enroll("bob").await;
        let backup = folder.path().join("backup.sqlite");
        let into = format!("VACUUM INTO '{}'", backup.display());
        sqlx::query(sqlx::AssertSqlSafe(into)).execute(store.pool()).await.unwrap();

        world.step();
        let ticket = world.ticket_for_code("ian").await;
        let used = ians.code(&world.clock);
        let _ = granted(world.verify(&ticket, &used).await);
        let (support, reason) = desk(&world.two_factor);
        let acme = support.in_org(&org(ACME), &reason);
        granted(acme.user(&user("ida")).reset(Password::AsBefore).await.unwrap());
        world.two_factor.user(&org(ACME), &user("bob")).end_sessions().await.unwrap();
        Self { folder, backup, world, ians, used, idas_lost, bobs_ended }
    }

    /// The backup takes the place of the day.
    async fn restored(&self) -> World {
        let file = self.folder.path().join("restored.sqlite");
        std::fs::copy(&self.backup, &file).unwrap();
        let world = World::over(open(&file).await);
        world.clock.set(self.world.now());
        world
    }

    async fn code_of(world: &World, id: &str, code: &str) -> Option<Verdict<Pass>> {
        match world.check_in(id).await {
            Gate::AskCode(ticket) => Some(world.verify(&ticket, code).await),
            _ => None,
        }
    }
}

/// R1, R7, R14: what the table says is back after a restore. That is why the portals are kept stopped.
#[tokio::test]
async fn a_restored_backup_forgets_what_the_manual_says() {
    let day = Day::pass().await;
    let world = day.restored().await;
    let again = Day::code_of(&world, "ian", &day.used).await.unwrap();
    assert!(again.granted().is_some(), "a spent code");
    let code = day.idas_lost.code(&world.clock);
    assert!(
        Day::code_of(&world, "ida", &code).await.unwrap().granted().is_some(),
        "a phone of before a reset"
    );
    assert!(world.resume(day.bobs_ended.stamp()).await.is_some(), "a session that was ended");
}

/// R1, R7, R14: the runbook for a loss of which a copy of the trail tells: wait, and do again what was lost.
#[tokio::test]
async fn what_a_restore_has_lost_is_done_again_as_the_manual_says() {
    let day = Day::pass().await;
    let world = day.restored().await;
    // 1. Wait until the windows of all codes from before are over.
    world.clock.advance(std::time::Duration::from_secs(120));
    let again = Day::code_of(&world, "ian", &day.used).await.unwrap();
    assert!(matches!(refused(again), Refusal::WrongCode { .. } | Refusal::AlreadyUsed { .. }));
    // 2. Do again what the copy of the trail tells.
    let (support, reason) = desk(&world.two_factor);
    let acme = support.in_org(&org(ACME), &reason);
    granted(acme.user(&user("ida")).reset(Password::AsBefore).await.unwrap());
    world.two_factor.user(&org(ACME), &user("bob")).end_sessions().await.unwrap();
    assert!(world.resume(day.bobs_ended.stamp()).await.is_none());
    assert!(Day::code_of(&world, "ida", &day.idas_lost.code(&world.clock)).await.is_none());
    // The others go on.
    let _ = world.log_in("ian", &day.ians).await;
}

/// R6, R14: the runbook for a loss of which nobody can tell: one new epoch, and nothing of before is worth anything.
#[tokio::test]
async fn a_restore_of_which_nobody_can_tell_is_answered_by_a_new_epoch() {
    let day = Day::pass().await;
    let world = day.restored().await;
    world.clock.advance(std::time::Duration::from_secs(120));
    // 3. A new epoch, which ends the sessions.
    let (support, reason) = desk(&world.two_factor);
    let seen = world.two_factor.org(&org(ACME)).policy().await.unwrap().epoch;
    let epoch = NewEpoch::after(seen).ending_sessions();
    granted(support.in_org(&org(ACME), &reason).begin_epoch(epoch).await.unwrap());
    assert!(world.resume(day.bobs_ended.stamp()).await.is_none());
    for (id, phone) in [("ian", &day.ians), ("ida", &day.idas_lost)] {
        assert!(Day::code_of(&world, id, &phone.code(&world.clock)).await.is_none(), "{id}");
        let _ = world.enroll(id).await;
    }
    // What was handed out under the lost epoch is void, too: an epoch is drawn at random.
    let anew = world.another_process_with(keyring());
    assert!(anew.resume(day.bobs_ended.stamp()).await.unwrap().is_none());
}
