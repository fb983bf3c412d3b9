//! R15: what honest people send is no attack. Four answers are given without counting, and no others; and the wrong
//! first codes of somebody who has time to enroll cost them the QR code.

use std::time::Duration;

use countersign::{
    Attempt, FirstFactor, Gate, Refusal, Requirement, Ticket, Timestamp,
    audit::Password,
    policy::{Days, Settings, Waits},
    testing::Authenticator,
};

use crate::world::{ACME, STEP, World, granted, org, over_every_store, refused, user};

const HOUR: Duration = Duration::from_secs(60 * 60);

async fn left(world: &World, ticket: &Ticket) -> u32 {
    granted(world.two_factor.prompt(ticket).await.unwrap()).left
}

async fn count(world: &World, id: &str, kind: &str) -> usize {
    world.kinds_for(id).await.iter().filter(|told| *told == kind).count()
}

async fn confirm(world: &World, ticket: &Ticket, code: &str) -> Refusal {
    refused(world.two_factor.confirm(Attempt::new(ticket, code)).await.unwrap())
}

over_every_store! {
    /// The browser sent it twice, its answer was lost, or somebody looked over a shoulder: the trail says so once an
    /// hour.
    async fn the_code_that_was_used_last_is_no_guess(world: World) {
        world.switch_on().await;
        let (phone, _) = world.enroll("ian").await;
        let code = phone.code(&world.clock);
        for _ in 0..30 {
            let ticket = world.ticket_for_code("ian").await;
            let refusal = refused(world.verify(&ticket, &code).await);
            assert_eq!(refusal, Refusal::AlreadyUsed { left: 10, wait_until: None });
        }
        assert_eq!(count(&world, "ian", "code-refused").await, 1);
        let _ = world.log_in("ian", &phone).await;
    }

    /// R2: what is older than the last one, or nobody has used yet, is a guess like any other.
    async fn another_code_than_that_is_counted(world: World) {
        world.switch_on().await;
        let (phone, _) = world.enroll("ian").await;
        let _ = world.log_in("ian", &phone).await;
        let before = phone.code_at(Timestamp::from_unix(world.now().as_unix() - 30));
        let ticket = world.ticket_for_code("ian").await;
        let refusal = refused(world.verify(&ticket, &before).await);
        assert_eq!(refusal, Refusal::AlreadyUsed { left: 9, wait_until: None });
        assert!(matches!(
            refused(world.verify(&ticket, &world.wrong_code(&phone)).await),
            Refusal::WrongCode { left: 8, .. }
        ));
        // The very same one, late, is out of the window and as wrong as any.
        let late = phone.code(&world.clock);
        world.clock.advance(10 * STEP);
        assert!(matches!(refused(world.verify(&ticket, &late).await), Refusal::WrongCode { left: 7, .. }));
    }

    /// R2: while nothing is looked at, nobody is told that it was the right one.
    async fn nothing_is_said_of_a_used_code_during_a_wait(world: World) {
        world.switch_on().await;
        let (phone, _) = world.enroll("ian").await;
        let (ticket, code) = (world.ticket_for_code("ian").await, phone.code(&world.clock));
        let wrong = world.wrong_code(&phone);
        for _ in 0..5 {
            let _ = refused(world.verify(&ticket, &wrong).await);
        }
        assert!(matches!(refused(world.verify(&ticket, &code).await), Refusal::Wait { .. }));
    }

    /// R1: one answer for every code, whatever it is. What was consumed stays consumed, and nobody is blocked for it.
    async fn after_the_clock_was_corrected_no_code_is_looked_at_until_it_can_be_right(world: World) {
        world.switch_on().await;
        let (phone, _) = world.enroll("ian").await;
        let fast = world.now().after(HOUR);
        world.clock.set(fast);
        let _ = world.log_in("ian", &phone).await;
        let until = world.now().after(STEP);
        let used = phone.code(&world.clock);
        world.clock.set(Timestamp::from_unix(fast.as_unix() - 3_600));
        for _ in 0..12 {
            let ticket = world.ticket_for_code("ian").await;
            for code in [phone.code(&world.clock), world.wrong_code(&phone), used.clone()] {
                assert_eq!(refused(world.verify(&ticket, &code).await), Refusal::ClockMovedBack { until });
            }
            assert_eq!(left(&world, &ticket).await, 10);
        }
        assert_eq!(count(&world, "ian", "clock-went-back").await, 1);
        world.clock.set(until);
        let ticket = world.ticket_for_code("ian").await;
        let _ = granted(world.verify(&ticket, &phone.code(&world.clock)).await);
    }

    /// The server is a step behind the one that took the last code: no window reaches a later one yet.
    async fn a_server_that_is_behind_says_so_and_counts_nothing(world: World) {
        world.switch_on().await;
        let (phone, _) = world.enroll("ian").await;
        let behind = world.another_server(-60);
        let gate = behind.check_in(FirstFactor::accepted(&org(ACME), &user("ian"))).await.unwrap();
        let Gate::AskCode(ticket) = gate else { panic!("{gate:?}") };
        let refusal = behind.verify(Attempt::new(&ticket, &phone.code(&world.clock))).await.unwrap();
        assert!(matches!(refused(refusal), Refusal::ClockMovedBack { .. }));
    }

    /// A recovery code and another authenticator, for whoever cannot wait.
    async fn a_recovery_code_helps_after_the_clock_was_corrected(world: World) {
        world.switch_on().await;
        let ticket = world.ticket_to_enroll("ian").await;
        let phone = Authenticator::enrolled_with(&world.setup(&ticket).await).unwrap();
        let code = phone.code(&world.clock);
        let enrolled = granted(world.two_factor.confirm(Attempt::new(&ticket, &code)).await.unwrap());
        let sheet = enrolled.recovery_codes.unwrap();
        world.clock.set(Timestamp::from_unix(world.now().as_unix() - 3_600));
        let ticket = world.ticket_for_code("ian").await;
        let code = sheet.expose().lines().next().unwrap();
        let recovered = granted(world.two_factor.recover(Attempt::new(&ticket, code)).await.unwrap());
        let ticket = granted(world.signed_in(&recovered.pass).replace().await.unwrap());
        let phone = Authenticator::enrolled_with(&world.setup(&ticket).await).unwrap();
        let code = phone.code(&world.clock);
        let _ = granted(world.two_factor.confirm(Attempt::new(&ticket, &code)).await.unwrap());
        let _ = world.log_in("ian", &phone).await;
    }

    /// R4: the second sending is told that it is done. It is no second pass, whatever it brings.
    async fn the_form_that_enrolled_is_told_so_when_it_is_sent_again(world: World) {
        world.switch_on().await;
        let ticket = world.ticket_to_enroll("ian").await;
        let phone = Authenticator::enrolled_with(&world.setup(&ticket).await).unwrap();
        let code = phone.code(&world.clock);
        let enrolled = granted(world.two_factor.confirm(Attempt::new(&ticket, &code)).await.unwrap());
        let record = world.record("ian").await;
        for again in [code.as_str(), &world.wrong_code(&phone), "no code"] {
            assert_eq!(confirm(&world, &ticket, again).await, Refusal::AlreadyDone);
        }
        assert_eq!(world.record("ian").await, record);
        // Not the form of another check-in, nor that of before a reset, nor when the policy asks to enroll anew.
        assert_eq!(confirm(&world, &world.ticket_for_code("ian").await, &code).await, Refusal::TicketVoid);
        for to in [Requirement::Off, Requirement::On] {
            granted(world.switch(&world_admin(&world).await, to).await);
        }
        assert_eq!(confirm(&world, &ticket, &code).await, Refusal::TicketVoid);
        assert!(world.resume(enrolled.pass.stamp()).await.is_some(), "the session of the first one goes on");
    }

    async fn the_form_of_before_a_reset_is_void(world: World) {
        world.switch_on().await;
        let ticket = world.ticket_to_enroll("ian").await;
        let phone = Authenticator::enrolled_with(&world.setup(&ticket).await).unwrap();
        let code = phone.code(&world.clock);
        let _ = granted(world.two_factor.confirm(Attempt::new(&ticket, &code)).await.unwrap());
        let bob = world.fresh_admin().await;
        granted(world.managed(&bob, "ian").reset(Password::AsBefore).await.unwrap());
        assert_eq!(confirm(&world, &ticket, &code).await, Refusal::TicketVoid);
    }

    /// R2: they get in without a code for as long as they have time; nobody is kept out for mistyping the first one.
    async fn wrong_first_codes_cost_the_qr_code_and_not_the_account_while_there_is_time(world: World) {
        // Waits that are over before the QR code is.
        let waits = Waits { from: 5, first: Duration::from_secs(30), longest: Duration::from_secs(60) };
        let settings = Settings::default().with_enroll_within(Some(Days::new(7).unwrap()));
        let world = world.with_settings(settings.with_waits(waits).unwrap());
        world.switch_on().await;
        let Gate::EnrollBy { ticket, .. } = world.check_in("ian").await else { panic!("there is time") };
        let phone = Authenticator::enrolled_with(&world.setup(&ticket).await).unwrap();
        let mut answers = Vec::new();
        loop {
            match confirm(&world, &ticket, &world.wrong_code(&phone)).await {
                Refusal::WrongCode { left, wait_until, .. } => {
                    assert_eq!(granted(world.two_factor.prompt(&ticket).await.unwrap()).left, left);
                    answers.push(left);
                    if let Some(until) = wait_until {
                        let refusal = confirm(&world, &ticket, &phone.code(&world.clock)).await;
                        assert_eq!(refusal, Refusal::Wait { until });
                        world.clock.set(until);
                    }
                }
                Refusal::SetupExpired => break,
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(answers, [9, 8, 7, 6, 5, 4, 3, 2, 1]);
        assert_eq!(world.kinds_for("ian").await.last().unwrap(), "enrollment-voided");
        let Gate::EnrollBy { ticket, .. } = world.check_in("ian").await else { panic!("nobody is blocked") };
        let another = Authenticator::enrolled_with(&world.setup(&ticket).await).unwrap();
        assert_eq!(left(&world, &ticket).await, 10);
        let code = another.code(&world.clock);
        let _ = granted(world.two_factor.confirm(Attempt::new(&ticket, &code)).await.unwrap());
    }

    /// R10: whoever has nothing but the password cannot fill the trail, nor the store.
    async fn qr_codes_are_drawn_so_many_times_an_hour_and_no_more(world: World) {
        world.switch_on().await;
        let mut drawn = 0;
        let until = loop {
            let ticket = world.ticket_to_enroll("ian").await;
            match world.two_factor.setup(&ticket).await.unwrap().refusal() {
                None if drawn < 100 => drawn += 1,
                None => panic!("a hundred were drawn"),
                Some(Refusal::Wait { until }) => break until,
                Some(other) => panic!("{other:?}"),
            }
            granted(world.two_factor.cancel(&ticket).await.unwrap());
        };
        assert_eq!((drawn, until), (20, world.now().after(HOUR)));
        let record = world.record("ian").await;
        let ticket = world.ticket_to_enroll("ian").await;
        assert_eq!(refused(world.two_factor.setup(&ticket).await.unwrap()), Refusal::Wait { until });
        assert_eq!(world.record("ian").await, record);
        world.clock.set(until);
        let _ = world.enroll("ian").await;
    }

    /// R10: the owner of the QR code that became void is told, and not by twenty mails.
    async fn that_a_qr_code_was_superseded_is_told_once_an_hour(world: World) {
        world.switch_on().await;
        for _ in 0..5 {
            let _ = world.setup(&world.ticket_to_enroll("ian").await).await;
        }
        assert_eq!(count(&world, "ian", "enrollment-superseded").await, 1);
        assert_eq!(count(&world, "ian", "enrollment-started").await, 5);
        world.clock.advance(HOUR);
        for _ in 0..2 {
            let _ = world.setup(&world.ticket_to_enroll("ian").await).await;
        }
        assert_eq!(count(&world, "ian", "enrollment-superseded").await, 2);
    }
}

/// A Master Admin with a fresh code.
async fn world_admin(world: &World) -> countersign::Pass {
    match world.check_in("bob").await {
        Gate::Open(pass) => pass,
        _ => world.fresh_admin().await,
    }
}
