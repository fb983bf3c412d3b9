//! Listeners hear of events as they happen: of each once, and they can spoil nothing.

use std::sync::{Arc, Mutex};

use countersign::{Attempt, ErrorKind, Gate, Requirement, Verdict, audit::Event, audit::Password};
use tokio::task::JoinSet;

use crate::world::{Fault, World, granted, over_every_store, refused};

/// Writes down what it hears.
#[derive(Clone, Default)]
struct Diary(Arc<Mutex<Vec<String>>>);

impl Diary {
    fn kept_by(world: World) -> (World, Self) {
        let diary = Self::default();
        let pages = diary.clone();
        let heard = move |event: &Event| pages.0.lock().unwrap().push(event.kind.name().to_owned());
        (world.with_listener(heard), diary)
    }

    fn heard(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

async fn trail(world: &World) -> Vec<String> {
    world.events().await.into_iter().map(|told| told.kind).collect()
}

over_every_store! {
    async fn a_listener_hears_what_the_trail_says(world: World) {
        let (world, diary) = Diary::kept_by(world);
        world.switch_on().await;
        let (phone, _) = world.enroll("ian").await;
        world.step();
        let _ = world.log_in("ian", &phone).await;
        world.step();
        world.block("ian", &phone).await;
        let admin = world.fresh_admin().await;
        granted(
            world
                .two_factor
                .admin(&admin)
                .user(&crate::world::user("ian"))
                .reset(Password::Changed)
                .await
                .unwrap(),
        );
        let (mut heard, mut written) = (diary.heard(), trail(&world).await);
        // Events of one second stand in the trail in an order of the store's own.
        heard.sort();
        written.sort();
        assert_eq!(heard, written);
        assert!(heard.len() > 15, "{heard:?}");
    }

    /// R1, R10: of many racers one wrote, and only that event is heard.
    async fn nobody_hears_of_a_write_that_was_stale(world: World) {
        let (world, diary) = Diary::kept_by(world);
        world.switch_on().await;
        let (phone, _) = world.enroll("ian").await;
        world.step();
        let (ticket, code) = (world.ticket_for_code("ian").await, phone.code(&world.clock));
        let mut racers = JoinSet::new();
        for _ in 0..32 {
            let (driver, ticket, code) = (world.two_factor.clone(), ticket.clone(), code.clone());
            racers.spawn(async move { driver.verify(Attempt::new(&ticket, &code)).await.unwrap() });
        }
        let won = racers.join_all().await.iter().filter(|verdict| verdict.refusal().is_none()).count();
        let accepted = diary.heard().iter().filter(|kind| *kind == "code-accepted").count();
        assert_eq!((won, accepted), (1, 1));
    }

    /// R4: what has happened has happened, whoever panics about it.
    async fn a_listener_that_panics_turns_no_pass_into_an_error(world: World) {
        let world = world.with_listener(|_: &Event| panic!("the mailer is on fire"));
        world.switch_on().await;
        let (phone, pass) = world.enroll("ian").await;
        assert!(world.resume(pass.stamp()).await.is_some());
        let _ = world.log_in("ian", &phone).await;
        let ticket = world.ticket_for_code("ian").await;
        let wrong = world.wrong_code(&phone);
        assert!(matches!(world.check_in("ian").await, Gate::AskCode(_)));
        let _ = refused(world.verify(&ticket, &wrong).await);
        assert_eq!(trail(&world).await.iter().filter(|kind| *kind == "code-refused").count(), 1);
    }

    /// R4: a lost reply that was found out is heard of once; one that was not is not heard of, and is no pass either.
    async fn nobody_hears_of_a_write_whose_outcome_is_unknown(world: World) {
        let (world, diary) = Diary::kept_by(world);
        world.switch_on().await;
        let (phone, _) = world.enroll("ian").await;
        let accepted = || diary.heard().iter().filter(|kind| *kind == "code-accepted").count();
        for (fault, heard) in [(Fault::SwapAfter, 1), (Fault::SwapBefore, 1)] {
            world.step();
            let (ticket, code) = (world.ticket_for_code("ian").await, phone.code(&world.clock));
            world.controls.fail_next(fault);
            match world.two_factor.verify(Attempt::new(&ticket, &code)).await {
                Ok(verdict) => assert!(matches!(verdict, Verdict::Granted(_)), "{fault:?}"),
                Err(error) => {
                    assert_eq!((error.kind(), fault), (ErrorKind::OutcomeUnknown, Fault::SwapBefore));
                }
            }
            assert_eq!(accepted(), heard, "{fault:?}");
        }
        world.step();
        let (ticket, code) = (world.ticket_for_code("ian").await, phone.code(&world.clock));
        world.controls.fail_next(Fault::SwapAfterAndDown);
        let unknown = world.two_factor.verify(Attempt::new(&ticket, &code)).await.unwrap_err();
        assert_eq!(unknown.kind(), ErrorKind::OutcomeUnknown);
        world.controls.go_down(false);
        // It was written after all. The listener does not know; the trail does.
        assert_eq!(accepted(), 1);
        assert_eq!(trail(&world).await.iter().filter(|kind| *kind == "code-accepted").count(), 2);
    }
}

/// A panic of one does not keep the others from hearing.
#[tokio::test]
async fn every_listener_hears() {
    let world = World::in_memory();
    let (one, other) = (Diary::default(), Diary::default());
    let heard_by = |diary: &Diary| {
        let pages = diary.clone();
        move |event: &Event| pages.0.lock().unwrap().push(event.kind.name().to_owned())
    };
    let builder = world.builder(crate::world::keyring());
    let two_factor = builder
        .listener(heard_by(&one))
        .listener(|_: &Event| panic!("the pager is on fire"))
        .listener(heard_by(&other))
        .deployment("test")
        .issuer("Acme Portal")
        .clock(world.clock.clone())
        .build()
        .unwrap();
    let ann = world.walk_in("ann").await;
    granted(two_factor.admin(&ann).require(Requirement::On).await.unwrap());
    assert_eq!(one.heard(), ["requirement-changed"]);
    assert_eq!(other.heard(), one.heard());
}
