//! Moving in: users go on with the app that they have, and nothing that was imported weakens anybody.

use std::time::Duration;

use countersign::{
    ActRefusal, Attempt, Gate, Hint, Refusal, Requirement, Ticket, Timestamp, TwoFactor, Verdict,
    admin::{Import, Support},
    audit::{Denied, Operator, Password, Reason},
    otp::{Digits, Imported},
    tokens::Means,
};
use tokio::task::JoinSet;

use crate::world::{ACME, STEP, World, granted, org, over_every_store, refused, user};

const KEY: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

/// The app that somebody brings along.
struct Brought {
    key: Imported,
}

impl Brought {
    fn reading(rest: &str) -> Self {
        let uri = format!("otpauth://totp/Old%20Portal:ian?secret={KEY}{rest}");
        Self { key: Imported::parse(&uri).unwrap() }
    }

    fn usual() -> Self {
        Self::reading("")
    }

    fn of_another_secret() -> Self {
        Self { key: Imported::parse("otpauth://totp/ian?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP").unwrap() }
    }

    fn code_at(&self, time: Timestamp) -> String {
        self.key.totp.code_at(&self.key.secret, time).unwrap().expose()
    }

    fn wrong_code(&self, now: Timestamp) -> String {
        let right: Vec<String> =
            (0..250).map(|n| self.code_at(Timestamp::from_unix(now.as_unix() - 3_750 + n * 30))).collect();
        (0..1_000).map(|n| format!("{n:06}")).find(|code| !right.contains(code)).unwrap()
    }
}

fn support(two_factor: &TwoFactor) -> Support {
    Support::new(two_factor, Operator::new("mia@vendor.example").unwrap())
}

fn reason() -> Reason {
    Reason::new("moving in from the old portal").unwrap()
}

impl World {
    async fn import(&self, id: &str, brought: &Brought) -> Verdict<Import, ActRefusal> {
        support(&self.two_factor).import(&org(ACME), &user(id), &brought.key, &reason()).await.unwrap()
    }

    fn shown_by(&self, brought: &Brought) -> String {
        brought.code_at(self.now())
    }
}

over_every_store! {
    async fn an_imported_user_is_asked_for_a_code_of_the_app_that_they_have(world: World) {
        world.switch_on().await;
        let brought = Brought::reading("&digits=8&period=60&issuer=Old%20Portal");
        assert_eq!(granted(world.import("ian", &brought).await), Import::Done);
        let ticket = world.ticket_for_code("ian").await;
        let prompt = granted(world.two_factor.prompt(&ticket).await.unwrap());
        assert_eq!((prompt.digits, prompt.left, prompt.is_imported), (Digits::Eight, 10, true));
        // What it was there it is not here yet.
        let six =
            brought.key.totp.with_digits(Digits::Six).code_at(&brought.key.secret, world.now()).unwrap();
        assert_eq!(refused(world.verify(&ticket, &six.expose()).await), Refusal::Malformed);

        let pass = granted(world.verify(&ticket, &world.shown_by(&brought)).await);
        assert_eq!((pass.means(), pass.user().as_str()), (Means::Code, "ian"));
        assert!(world.resume(pass.stamp()).await.is_some());
        assert_eq!(world.kinds_for("ian").await, ["imported", "enrolled"]);
        let told = world.events().await.into_iter().find(|told| told.kind == "imported").unwrap();
        assert_eq!(told.by.as_deref(), Some("mia@vendor.example"));
        assert!(told.text.ends_with("imported: moving in from the old portal"), "{}", told.text);

        // R1: that one is spent; the next one, a minute later, is right.
        let ticket = world.ticket_for_code("ian").await;
        let again = refused(world.verify(&ticket, &world.shown_by(&brought)).await);
        assert!(matches!(again, Refusal::AlreadyUsed { .. }), "{again:?}");
        world.clock.advance(2 * STEP);
        assert!(!granted(world.two_factor.prompt(&ticket).await.unwrap()).is_imported);
        let _ = granted(world.verify(&ticket, &world.shown_by(&brought)).await);
    }

    /// R4, R9: nobody is in by an import, and nobody sees what was imported.
    async fn an_imported_key_counts_for_nothing_until_it_has_shown_a_code_and_is_shown_to_nobody(
        world: World,
    ) {
        world.switch_on().await;
        // Somebody who knows the password is faster than the import: their QR code is void with it.
        let early = world.ticket_to_enroll("ian").await;
        let setup = world.setup(&early).await;
        let thief = countersign::testing::Authenticator::enrolled_with(&setup).unwrap();
        let brought = Brought::usual();
        assert_eq!(granted(world.import("ian", &brought).await), Import::Done);
        let code = thief.code(&world.clock);
        for ticket in [early, world.ticket_for_code("ian").await] {
            assert_eq!(refused(world.two_factor.setup(&ticket).await.unwrap()), Refusal::TicketVoid);
            let confirmed = world.two_factor.confirm(Attempt::new(&ticket, &code)).await.unwrap();
            assert_eq!(refused(confirmed), Refusal::TicketVoid);
        }
        let hidden = [KEY.as_bytes(), b"12345678901234567890", world.shown_by(&brought).as_bytes()]
            .map(<[u8]>::to_vec);
        let mut places = world.dump().await;
        places.push(("the record".to_owned(), world.record("ian").await.unwrap().record));
        let shown = format!("{:?} {:?} {:?}", brought.key, world.events().await, world.check_in("ian").await);
        places.push(("what is told".to_owned(), shown.into_bytes()));
        for (place, bytes) in &places {
            for secret in &hidden {
                assert!(!bytes.windows(secret.len()).any(|window| window == secret), "{place}");
            }
        }
    }

    /// R2, R3: the first code of an imported authenticator is guessed at like any other.
    async fn wrong_codes_of_an_imported_authenticator_count(world: World) {
        world.switch_on().await;
        let brought = Brought::usual();
        let _ = granted(world.import("ian", &brought).await);
        let record = world.record("ian").await;
        let forged = world.verify(&Ticket::from("forged"), &world.shown_by(&brought)).await;
        assert_eq!(refused(forged), Refusal::TicketVoid);
        assert_eq!(world.record("ian").await, record);

        let late = brought.code_at(Timestamp::from_unix(world.now().as_unix() - 600));
        let early = brought.code_at(world.now().after(Duration::from_secs(600)));
        let ticket = world.ticket_for_code("ian").await;
        let by = Duration::from_secs(600);
        for (left, code, hint) in [(9, late, Some(Hint::ClockBehind { by })), (8, early, None)] {
            let refusal = refused(world.verify(&ticket, &code).await);
            assert_eq!(refusal, Refusal::WrongCode { left, wait_until: None, hint });
        }
        // Imported once more, the budget is what it was.
        assert_eq!(granted(world.import("ian", &brought).await), Import::AlreadyThere);
        for _ in 0..8 {
            let ticket = world.ticket_for_code("ian").await;
            let refusal = refused(world.verify(&ticket, &brought.wrong_code(world.now())).await);
            assert!(matches!(refusal, Refusal::WrongCode { .. } | Refusal::Blocked), "{refusal:?}");
            world.clock.advance(Duration::from_secs(3_600));
        }
        assert!(matches!(world.check_in("ian").await, Gate::Blocked));
        // Unlocked, they go on where they were.
        let unlocked = support(&world.two_factor)
            .in_org(&org(ACME), &reason())
            .user(&user("ian"))
            .unlock(Password::AsBefore)
            .await
            .unwrap();
        granted(unlocked);
        let ticket = world.ticket_for_code("ian").await;
        let _ = granted(world.verify(&ticket, &world.shown_by(&brought)).await);
    }

    /// A list is imported as often as somebody likes.
    async fn to_import_again_changes_nothing(world: World) {
        world.switch_on().await;
        let brought = Brought::usual();
        assert_eq!(granted(world.import("ian", &brought).await), Import::Done);
        let (record, events) = (world.record("ian").await, world.events().await);
        assert_eq!(granted(world.import("ian", &brought).await), Import::AlreadyThere);
        assert_eq!((world.record("ian").await, world.events().await), (record, events));
        // The same secret read in another way is another authenticator.
        let other = Brought::reading("&digits=8");
        assert_eq!(refused(world.import("ian", &other).await), ActRefusal::AnotherKeyWaits);

        let ticket = world.ticket_for_code("ian").await;
        let pass = granted(world.verify(&ticket, &world.shown_by(&brought)).await);
        let record = world.record("ian").await;
        assert_eq!(granted(world.import("ian", &brought).await), Import::AlreadyThere);
        assert_eq!(world.record("ian").await, record);
        assert!(world.resume(pass.stamp()).await.is_some());
    }

    /// R7, R8: neither over a live one, nor in the place of one that was reset or replaced.
    async fn nothing_is_imported_over_what_there_is_or_was(world: World) {
        world.switch_on().await;
        let brought = Brought::usual();
        let (phone, _) = world.enroll("ian").await;
        let record = world.record("ian").await;
        assert_eq!(refused(world.import("ian", &brought).await), ActRefusal::TooLateToImport);
        assert_eq!(world.record("ian").await, record);
        let _ = world.log_in("ian", &phone).await;

        // The phone is stolen, with the app that was imported: reset, its user enrolls, and the list changes nothing.
        let _ = granted(world.import("ida", &brought).await);
        let admin = world.fresh_admin().await;
        granted(world.managed(&admin, "ida").reset(Password::AsBefore).await.unwrap());
        assert_eq!(refused(world.import("ida", &brought).await), ActRefusal::TooLateToImport);
        let (phone, _) = world.enroll("ida").await;
        assert_eq!(refused(world.import("ida", &brought).await), ActRefusal::TooLateToImport);
        let pass = world.log_in("ida", &phone).await;

        // An imported one that was replaced does not come back either, not even with the next epoch.
        let ticket = granted(world.signed_in(&pass).replace().await.unwrap());
        let _ = world.setup(&ticket).await;
        assert_eq!(refused(world.import("ida", &brought).await), ActRefusal::TooLateToImport);
        granted(world.switch(&admin, Requirement::Off).await);
        let admin = world.walk_in("ann").await;
        granted(world.switch(&admin, Requirement::On).await);
        assert_eq!(refused(world.import("ida", &brought).await), ActRefusal::TooLateToImport);
        let _ = world.ticket_to_enroll("ida").await;
    }

    /// R11: of two keys for one user, neither replaces the other.
    async fn another_key_for_the_same_user_is_told_and_replaces_none(world: World) {
        world.switch_on().await;
        let (first, second) = (Brought::usual(), Brought::of_another_secret());
        assert_eq!(granted(world.import("ian", &first).await), Import::Done);
        let record = world.record("ian").await;
        assert_eq!(refused(world.import("ian", &second).await), ActRefusal::AnotherKeyWaits);
        assert_eq!(granted(world.import("ian", &first).await), Import::AlreadyThere);
        assert_eq!(world.record("ian").await, record, "the list imported again writes nothing");
        let ticket = world.ticket_for_code("ian").await;
        let _ = granted(world.verify(&ticket, &world.shown_by(&first)).await);
    }

    /// R6.
    async fn an_import_lasts_until_the_requirement_goes_off_and_on(world: World) {
        let brought = Brought::usual();
        let _ = granted(world.import("ian", &brought).await);
        let _ = world.walk_in("ian").await;
        world.switch_on().await;
        let _ = granted(world.import("ida", &brought).await);
        for id in ["ian", "ida"] {
            let _ = world.ticket_for_code(id).await;
        }
        let taken_over = world.ticket_for_code("ian").await;
        let unused = world.ticket_for_code("ida").await;
        let admin = world.fresh_admin().await;
        granted(world.switch(&admin, Requirement::Off).await);
        let admin = world.walk_in("ann").await;
        granted(world.switch(&admin, Requirement::On).await);
        for (id, ticket) in [("ian", taken_over), ("ida", unused)] {
            let code = world.shown_by(&brought);
            assert_eq!(refused(world.verify(&ticket, &code).await), Refusal::TicketVoid, "{id}");
            let _ = world.ticket_to_enroll(id).await;
        }
        // Told again to go on with it, they do; and whoever enrolled in the meantime keeps what they have.
        let (phone, _) = world.enroll("ida").await;
        assert_eq!(refused(world.import("ida", &brought).await), ActRefusal::TooLateToImport);
        assert_eq!(granted(world.import("ian", &brought).await), Import::Done);
        let ticket = world.ticket_for_code("ian").await;
        let _ = granted(world.verify(&ticket, &world.shown_by(&brought)).await);
        let _ = world.log_in("ida", &phone).await;
    }

    /// R5, R13.
    async fn customers_strangers_and_other_orgs_have_nothing_imported(world: World) {
        world.switch_on().await;
        let brought = Brought::usual();
        assert_eq!(refused(world.import("carl", &brought).await), ActRefusal::Denied(Denied::Customer));
        assert_eq!(world.record("carl").await, None);
        let desk = support(&world.two_factor);
        for stranger in ["gus", "nobody"] {
            let refused =
                refused(desk.import(&org(ACME), &user(stranger), &brought.key, &reason()).await.unwrap());
            assert_eq!(refused, ActRefusal::Denied(Denied::NotInThisOrg));
        }
        assert!(world.kinds_for("carl").await.is_empty());
    }

    /// R1: under any concurrency.
    async fn the_first_code_of_an_imported_authenticator_lets_one_of_many_in(world: World) {
        world.switch_on().await;
        let brought = Brought::usual();
        let _ = granted(world.import("ian", &brought).await);
        let (ticket, code) = (world.ticket_for_code("ian").await, world.shown_by(&brought));
        let mut racers = JoinSet::new();
        for _ in 0..8 {
            let (two_factor, ticket, code) = (world.another_process(), ticket.clone(), code.clone());
            racers.spawn(async move { two_factor.verify(Attempt::new(&ticket, &code)).await });
        }
        let mut passes = 0;
        while let Some(outcome) = racers.join_next().await {
            if matches!(outcome.unwrap(), Ok(Verdict::Granted(_))) {
                passes += 1;
            }
        }
        assert_eq!(passes, 1);
    }
}

/// The authenticator keeps what it was made with, whatever new ones are made with.
#[cfg(feature = "sha2")]
#[tokio::test]
async fn other_algorithms_go_on_as_they_were() {
    for algorithm in ["SHA256", "SHA512"] {
        let world = World::in_memory();
        world.switch_on().await;
        let brought = Brought::reading(&format!("&algorithm={algorithm}"));
        assert_ne!(brought.key.totp, countersign::otp::Totp::default());
        let _ = granted(world.import("ian", &brought).await);
        for _ in 0..2 {
            world.step();
            let ticket = world.ticket_for_code("ian").await;
            let _ = granted(world.verify(&ticket, &world.shown_by(&brought)).await);
        }
    }
}
