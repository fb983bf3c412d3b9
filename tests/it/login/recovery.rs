//! Recovery codes, over every store.

use std::time::Duration;

use countersign::{
    ActRefusal, Attempt, Enrolled, ErrorKind, Gate, Pass, Recovered, Refusal, Requirement, Ticket, Verdict,
    admin::Support,
    audit::{Denied, Operator, Password, Reason},
    testing::Authenticator,
    tokens::{Means, RecoveryCodes},
};
use tokio::task::JoinSet;

use crate::world::{ACME, Fault, World, granted, org, over_every_store, refused, user};

/// Well-formed, and nobody's: of 2^120 this is not drawn.
const WRONG: &str = "000000-000000-000000-000000";

/// Somebody who enrolled and has written their recovery codes down.
struct Enrollee {
    id: &'static str,
    phone: Authenticator,
    pass: Pass,
    codes: Vec<String>,
}

impl Enrollee {
    async fn enrolls(world: &World, id: &'static str) -> Self {
        let ticket = world.ticket_to_enroll(id).await;
        let phone = Authenticator::enrolled_with(&world.setup(&ticket).await).unwrap();
        let code = phone.code(&world.clock);
        let confirmed = world.two_factor.confirm(Attempt::new(&ticket, &code)).await.unwrap();
        let Enrolled { pass, recovery_codes, .. } = granted(confirmed);
        Self { id, phone, pass, codes: written_down(&recovery_codes.unwrap()) }
    }

    async fn recovers(&self, world: &World, code: &str) -> Verdict<Recovered> {
        let ticket = world.ticket_for_code(self.id).await;
        recover(world, &ticket, code).await
    }
}

fn written_down(codes: &RecoveryCodes) -> Vec<String> {
    codes.expose().lines().map(str::to_owned).collect()
}

async fn recover(world: &World, ticket: &Ticket, code: &str) -> Verdict<Recovered> {
    world.two_factor.recover(Attempt::new(ticket, code).seen_from("10.0.0.3")).await.unwrap()
}

fn wrong(left: u32) -> Refusal {
    Refusal::WrongCode { left, wait_until: None, hint: None }
}

over_every_store! {
    /// R1.
    async fn each_of_ten_recovery_codes_lets_its_user_in_once(world: World) {
        world.switch_on().await;
        let ian = Enrollee::enrolls(&world, "ian").await;
        assert_eq!(ian.codes.len(), 10);
        assert_eq!(granted(world.signed_in(&ian.pass).recovery_codes_left().await.unwrap()).count, 10);
        for (left, code) in (0..10).rev().zip(&ian.codes) {
            // As somebody types it who is in a hurry.
            let recovered = granted(ian.recovers(&world, &code.to_lowercase().replace('-', " ")).await);
            assert_eq!((recovered.left, recovered.pass.means()), (left, Means::RecoveryCode));
            assert!(world.resume(recovered.pass.stamp()).await.is_some());
            assert_eq!(granted(world.signed_in(&recovered.pass).recovery_codes_left().await.unwrap()).count, left);
            assert_eq!(refused(ian.recovers(&world, code).await), wrong(9));
        }
        let told = world.events().await.into_iter().rfind(|told| told.kind == "recovery-used").unwrap();
        let until = world.now().after(Duration::from_secs(24 * 60 * 60));
        let text = format!("a recovery code was used; 0 are left; the account administers nothing until {until}");
        assert_eq!(told.text, text);
        assert_eq!((told.by.as_deref(), told.seen_from.as_deref()), (Some("ian"), Some("10.0.0.3")));
        assert_eq!(told.checked_in_from.as_deref(), Some("10.0.0.1"));
    }

    /// R1: another user's, or one of an account that was reset in between, lets nobody in.
    async fn a_recovery_code_is_its_users_own(world: World) {
        world.switch_on().await;
        let ian = Enrollee::enrolls(&world, "ian").await;
        let ida = Enrollee::enrolls(&world, "ida").await;
        assert_eq!(refused(ian.recovers(&world, &ida.codes[0]).await), wrong(9));
        assert_eq!(granted(ida.recovers(&world, &ida.codes[0]).await).left, 9);
    }

    /// R1: whoever needs one has lost something, which somebody may have found.
    async fn a_recovery_ends_what_was_handed_out_and_keeps_the_authenticator(world: World) {
        world.switch_on().await;
        let ian = Enrollee::enrolls(&world, "ian").await;
        let replacing = granted(world.signed_in(&ian.pass).replace().await.unwrap());
        let _ = world.setup(&replacing).await;
        let waiting = world.ticket_for_code("ian").await;
        let recovered = granted(ian.recovers(&world, &ian.codes[3]).await);
        assert!(world.resume(ian.pass.stamp()).await.is_none());
        world.step();
        let code = ian.phone.code(&world.clock);
        assert_eq!(refused(world.verify(&waiting, &code).await), Refusal::TicketVoid);
        assert_eq!(refused(world.two_factor.setup(&replacing).await.unwrap()), Refusal::TicketVoid);
        let _ = world.log_in("ian", &ian.phone).await;
        assert!(world.resume(recovered.pass.stamp()).await.is_some());
    }

    /// R2: the rows are two, under the same ceiling, and what is guessed in one closes both.
    async fn wrong_recovery_codes_count_in_a_row_of_their_own_and_block_like_others(world: World) {
        world.switch_on().await;
        let ian = Enrollee::enrolls(&world, "ian").await;
        world.step();
        let ticket = world.ticket_for_code("ian").await;
        let wrong_code = world.wrong_code(&ian.phone);
        for left in [9, 8, 7] {
            assert_eq!(refused(world.verify(&ticket, &wrong_code).await), wrong(left));
            assert_eq!(refused(recover(&world, &ticket, WRONG).await), wrong(left));
        }
        // A right code of the app ends its own row only.
        let _ = granted(world.verify(&ticket, &ian.phone.code(&world.clock)).await);
        assert_eq!(refused(ian.recovers(&world, WRONG).await), wrong(6));
        let until = match refused(ian.recovers(&world, WRONG).await) {
            Refusal::WrongCode { left: 5, wait_until: Some(until), .. } => until,
            other => panic!("{other:?}"),
        };
        // While waiting neither kind is looked at, be it right.
        world.clock.advance(Duration::from_secs(29));
        assert_eq!(refused(ian.recovers(&world, &ian.codes[0]).await), Refusal::Wait { until });
        let ticket = world.ticket_for_code("ian").await;
        let next = ian.phone.code(&world.clock);
        assert_eq!(refused(world.verify(&ticket, &next).await), Refusal::Wait { until });
        loop {
            world.clock.advance(Duration::from_secs(60 * 60));
            match refused(ian.recovers(&world, WRONG).await) {
                Refusal::WrongCode { .. } => {}
                Refusal::Blocked => break,
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(
            world.kinds_for("ian").await.iter().filter(|kind| *kind == "recovery-refused").count(),
            10
        );
        assert_eq!(world.kinds_for("ian").await.last().unwrap(), "blocked");
        assert!(matches!(world.check_in("ian").await, Gate::Blocked));

        let support = Support::new(&world.two_factor, Operator::new("sue").unwrap());
        let reason = Reason::new("called back").unwrap();
        granted(support.in_org(&org(ACME), &reason).user(&user("ian")).unlock(Password::AsBefore).await.unwrap());
        // R7: whoever blocked it knows the password still.
        let reset = support.in_org(&org(ACME), &reason).user(&user("ian")).reset(Password::AsBefore).await.unwrap();
        assert_eq!(refused(reset), ActRefusal::PasswordKnown);
        assert_eq!(refused(ian.recovers(&world, WRONG).await), wrong(9));
        assert_eq!(granted(ian.recovers(&world, &ian.codes[0]).await).left, 9);
        // And a right one ends its row.
        assert_eq!(refused(ian.recovers(&world, WRONG).await), wrong(9));
    }

    /// R2: an account that was blocked by wrong codes of the app takes no recovery code either.
    async fn a_recovery_code_is_no_way_round_a_block(world: World) {
        world.switch_on().await;
        let ian = Enrollee::enrolls(&world, "ian").await;
        let ticket = world.ticket_for_code("ian").await;
        let wrong_code = world.wrong_code(&ian.phone);
        for _ in 0..4 {
            let _ = refused(world.verify(&ticket, &wrong_code).await);
        }
        world.block("ian", &ian.phone).await;
        assert_eq!(refused(recover(&world, &ticket, &ian.codes[0]).await), Refusal::TicketVoid);
        let events = world.events().await.len();
        assert!(matches!(world.check_in("ian").await, Gate::Blocked));
        assert_eq!(world.events().await.len(), events);
    }

    /// R11: what is none is not looked at and not counted.
    async fn what_is_no_recovery_code_is_not_counted(world: World) {
        world.switch_on().await;
        let ian = Enrollee::enrolls(&world, "ian").await;
        let ticket = world.ticket_for_code("ian").await;
        let before = world.record("ian").await;
        let app = ian.phone.code(&world.clock);
        let far_off = format!("{}{}", ian.codes[0], " ".repeat(200));
        for odd in
            ["", "-", &app, &ian.codes[0][1..], &ian.codes[0].replace('-', "."), &far_off, &"0".repeat(10_000_000)]
        {
            assert_eq!(refused(recover(&world, &ticket, odd).await), Refusal::Malformed);
        }
        // Nor is a recovery code a code of the app.
        assert_eq!(refused(world.verify(&ticket, &ian.codes[0]).await), Refusal::Malformed);
        assert_eq!(world.record("ian").await, before);
    }

    /// R3: only with a ticket for logging in.
    async fn a_recovery_code_wants_a_ticket_for_logging_in(world: World) {
        world.switch_on().await;
        let ian = Enrollee::enrolls(&world, "ian").await;
        let to_enroll = world.ticket_to_enroll("ida").await;
        let stepping_up = granted(world.signed_in(&ian.pass).step_up().await.unwrap());
        let replacing = granted(world.signed_in(&ian.pass).replace().await.unwrap());
        let spent = world.ticket_for_code("ian").await;
        world.step();
        let _ = granted(world.verify(&spent, &ian.phone.code(&world.clock)).await);
        let mut forged = world.ticket_for_code("ian").await.expose().to_owned();
        forged.replace_range(20..21, if &forged[20..21] == "A" { "B" } else { "A" });
        let before = world.record("ian").await;
        for ticket in [to_enroll, stepping_up, replacing, spent, Ticket::from(forged)] {
            for code in [&*ian.codes[0], WRONG] {
                assert_eq!(refused(recover(&world, &ticket, code).await), Refusal::TicketVoid);
            }
        }
        assert_eq!(world.record("ian").await, before);
    }

    /// R6, R7: they end with the enrollment that they came with.
    async fn recovery_codes_die_with_a_reset_and_with_off_and_on(world: World) {
        world.switch_on().await;
        let admin = Enrollee::enrolls(&world, "ann").await;
        let ian = Enrollee::enrolls(&world, "ian").await;
        let under_way = world.ticket_for_code("ian").await;
        granted(world.managed(&admin.pass, "ian").reset(Password::AsBefore).await.unwrap());
        assert_eq!(refused(recover(&world, &under_way, &ian.codes[0]).await), Refusal::TicketVoid);
        let again = Enrollee::enrolls(&world, "ian").await;
        assert_eq!(refused(again.recovers(&world, &ian.codes[0]).await), wrong(9));

        let under_way = world.ticket_for_code("ian").await;
        granted(world.switch(&admin.pass, Requirement::Off).await);
        assert_eq!(refused(recover(&world, &under_way, &again.codes[0]).await), Refusal::TicketVoid);
        granted(world.switch(&admin.pass, Requirement::On).await);
        assert_eq!(refused(recover(&world, &under_way, &again.codes[0]).await), Refusal::TicketVoid);
        let _ = world.ticket_to_enroll("ian").await;
        let anew = Enrollee::enrolls(&world, "ian").await;
        assert_eq!(refused(anew.recovers(&world, &again.codes[0]).await), wrong(9));
    }

    /// R8, R13: a recovery code shows no phone. It administers nothing, renews nothing, and is enough to put another
    /// authenticator in the place of the lost one, for as long as a login may take.
    async fn a_recovery_code_replaces_the_lost_phone_and_administers_nothing(world: World) {
        world.switch_on().await;
        let ian = Enrollee::enrolls(&world, "ian").await;
        let ann = Enrollee::enrolls(&world, "ann").await;
        let admin = granted(ann.recovers(&world, &ann.codes[0]).await).pass;
        assert!(!admin.is_fresh(Duration::from_secs(60 * 60)));
        let reset = world.managed(&admin, "ian").reset(Password::AsBefore).await.unwrap();
        assert_eq!(refused(reset), ActRefusal::FreshCodeNeeded);
        assert_eq!(refused(world.switch(&admin, Requirement::Off).await), ActRefusal::FreshCodeNeeded);
        let renewed = world.signed_in(&admin).renew_recovery_codes().await.unwrap();
        assert_eq!(refused(renewed), ActRefusal::FreshCodeNeeded);

        let recovered = granted(ian.recovers(&world, &ian.codes[0]).await).pass;
        world.clock.advance(Duration::from_secs(15 * 60 + 1));
        let late = world.signed_in(&recovered).replace().await.unwrap();
        assert_eq!(refused(late), ActRefusal::FreshCodeNeeded);
        let recovered = granted(ian.recovers(&world, &ian.codes[1]).await).pass;
        world.clock.advance(Duration::from_secs(15 * 60));
        let ticket = granted(world.signed_in(&recovered).replace().await.unwrap());
        let new = Authenticator::enrolled_with(&world.setup(&ticket).await).unwrap();
        let code = new.code(&world.clock);
        let replaced = granted(world.two_factor.confirm(Attempt::new(&ticket, &code)).await.unwrap());
        // The sheet was not lost with the phone: its codes go on, and only those that were not used.
        assert!(replaced.recovery_codes.is_none());
        assert_eq!(granted(world.signed_in(&replaced.pass).recovery_codes_left().await.unwrap()).count, 8);
        world.step();
        let ticket = world.ticket_for_code("ian").await;
        assert_eq!(refused(world.verify(&ticket, &ian.phone.code(&world.clock)).await), wrong(9));
        assert_eq!(refused(ian.recovers(&world, &ian.codes[1]).await), wrong(9));
        assert_eq!(granted(ian.recovers(&world, &ian.codes[2]).await).left, 7);
        let _ = world.log_in("ian", &new).await;
    }

    /// R1, R8: with a code of the last minutes, and then none of the old ones works.
    async fn renewed_recovery_codes_void_the_old_ones(world: World) {
        world.switch_on().await;
        let ian = Enrollee::enrolls(&world, "ian").await;
        assert_eq!(refused(ian.recovers(&world, WRONG).await), wrong(9));
        let codes = granted(world.signed_in(&ian.pass).renew_recovery_codes().await.unwrap());
        assert_eq!(world.kinds_for("ian").await.last().unwrap(), "recovery-codes-renewed");
        // R2: the row went on.
        assert_eq!(refused(ian.recovers(&world, &ian.codes[0]).await), wrong(8));
        assert!(world.resume(ian.pass.stamp()).await.is_some());
        assert_eq!(granted(ian.recovers(&world, &written_down(&codes)[0]).await).left, 9);

        // What a recovery ended renews nothing; nor does a code that is too old.
        let renewed = world.signed_in(&ian.pass).renew_recovery_codes().await.unwrap();
        assert_eq!(refused(renewed), ActRefusal::SessionOver);
        let pass = world.log_in("ian", &ian.phone).await;
        world.clock.advance(Duration::from_secs(5 * 60 + 1));
        let renewed = world.signed_in(&pass).renew_recovery_codes().await.unwrap();
        assert_eq!(refused(renewed), ActRefusal::FreshCodeNeeded);
        world.block("ian", &ian.phone).await;
        let renewed = world.signed_in(&pass).renew_recovery_codes().await.unwrap();
        assert_eq!(refused(renewed), ActRefusal::Blocked);
    }

    /// R5, and whoever has no authenticator that counts.
    async fn who_is_not_enrolled_has_no_recovery_codes(world: World) {
        let carl = world.walk_in("carl").await;
        let ian = world.walk_in("ian").await;
        for round in 0..2 {
            for pass in [&carl, &ian] {
                let left = world.signed_in(pass).recovery_codes_left().await.unwrap();
                assert_eq!(refused(left), ActRefusal::EnrollFirst);
                let renewed = world.signed_in(pass).renew_recovery_codes().await.unwrap();
                assert_eq!(refused(renewed), ActRefusal::EnrollFirst);
            }
            if round == 0 {
                world.switch_on().await;
            }
        }
        assert_eq!((world.record("carl").await, world.record("ian").await), (None, None));
        // Targets the requirement no longer asks has none that would be taken.
        let ann = Enrollee::enrolls(&world, "ann").await;
        granted(world.switch(&ann.pass, Requirement::Off).await);
        let left = world.signed_in(&ann.pass).recovery_codes_left().await.unwrap();
        assert_eq!(refused(left), ActRefusal::EnrollFirst);
    }

    /// R13: nor do they let an internal user become more than they are.
    async fn an_internal_user_with_recovery_codes_administers_nothing(world: World) {
        world.switch_on().await;
        let ian = Enrollee::enrolls(&world, "ian").await;
        let recovered = granted(ian.recovers(&world, &ian.codes[0]).await).pass;
        let reset = world.managed(&recovered, "ida").reset(Password::AsBefore).await.unwrap();
        assert_eq!(refused(reset), ActRefusal::Denied(Denied::NotMasterAdmin));
    }

    /// R4: when nobody knows whether the write happened, nobody is let in, and the code is spent if it did.
    async fn a_recovery_whose_outcome_is_unknown_lets_nobody_in(world: World) {
        world.switch_on().await;
        let ian = Enrollee::enrolls(&world, "ian").await;
        let ticket = world.ticket_for_code("ian").await;
        world.controls.fail_next(Fault::SwapAfterAndDown);
        let attempt = Attempt::new(&ticket, &ian.codes[0]);
        let error = world.two_factor.recover(attempt).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::OutcomeUnknown);
        world.controls.go_down(false);
        assert_eq!(refused(ian.recovers(&world, &ian.codes[0]).await), wrong(9));
        world.controls.fail_next(Fault::SwapBefore);
        let ticket = world.ticket_for_code("ian").await;
        let attempt = Attempt::new(&ticket, &ian.codes[1]);
        let error = world.two_factor.recover(attempt).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::OutcomeUnknown);
        assert_eq!(granted(ian.recovers(&world, &ian.codes[1]).await).left, 8);
    }

    /// R1: under one ticket and under one each, in two processes.
    async fn a_recovery_code_is_spent_once_by_many_racers(world: World) {
        world.switch_on().await;
        let ian = Enrollee::enrolls(&world, "ian").await;
        let drivers = [world.two_factor.clone(), world.another_process()];
        let runs = [(0, false), (0, true), (1, false), (1, true)];
        for ((millis, own_tickets), code) in runs.into_iter().zip(&ian.codes) {
            world.controls.slow_down(Duration::from_millis(millis));
            // All of them before the race: it ends the generation that they belong to.
            let mut tickets = vec![world.ticket_for_code("ian").await];
            while own_tickets && tickets.len() < 64 {
                tickets.push(world.ticket_for_code("ian").await);
            }
            let mut racers = JoinSet::new();
            for n in 0..64 {
                let (driver, code) = (drivers[n % 2].clone(), code.clone());
                let ticket = tickets[n % tickets.len()].clone();
                racers.spawn(async move { driver.recover(Attempt::new(&ticket, &code)).await.unwrap() });
            }
            let verdicts = racers.join_all().await;
            let refusals: Vec<_> = verdicts.iter().filter_map(Verdict::refusal).collect();
            assert_eq!(refusals, [Refusal::TicketVoid; 63]);
        }
        world.controls.slow_down(Duration::ZERO);
        assert_eq!(granted(ian.recovers(&world, &ian.codes[9]).await).left, 5);
    }

    /// R2.
    async fn parallel_guesses_at_recovery_codes_use_up_the_budget_one_by_one(world: World) {
        world.switch_on().await;
        let ian = Enrollee::enrolls(&world, "ian").await;
        world.controls.slow_down(Duration::from_millis(1));
        let mut racers = JoinSet::new();
        for _ in 0..64 {
            let ticket = world.ticket_for_code(ian.id).await;
            let driver = world.another_process();
            racers.spawn(async move { driver.recover(Attempt::new(&ticket, WRONG)).await.unwrap() });
        }
        let mut left: Vec<u32> = Vec::new();
        for refusal in racers.join_all().await.iter().filter_map(Verdict::refusal) {
            match refusal {
                Refusal::WrongCode { left: n, .. } => left.push(n),
                Refusal::Wait { .. } => {}
                other => panic!("{other:?}"),
            }
        }
        left.sort_unstable_by(|a, b| b.cmp(a));
        assert_eq!(left, [9, 8, 7, 6, 5]);
    }

    /// R7, R8: whichever comes first, a renewal never leaves codes that outlive a reset.
    async fn a_renewal_that_races_a_reset_leaves_no_code_that_works(world: World) {
        world.switch_on().await;
        let support = Support::new(&world.two_factor, Operator::new("sue").unwrap());
        let reason = Reason::new("called back").unwrap();
        world.controls.slow_down(Duration::from_millis(1));
        for _ in 0..8 {
            let ian = Enrollee::enrolls(&world, "ian").await;
            let (org, target) = (org(ACME), user("ian"));
            let renew = world.signed_in(&ian.pass).renew_recovery_codes();
            let vendor = support.in_org(&org, &reason).user(&target);
            let (renewed, reset) = tokio::join!(renew, vendor.reset(Password::AsBefore));
            granted(reset.unwrap());
            let again = Enrollee::enrolls(&world, "ian").await;
            match renewed.unwrap() {
                Verdict::Granted(codes) => {
                    let code = &written_down(&codes)[0];
                    assert_eq!(refused(again.recovers(&world, code).await), wrong(9));
                }
                Verdict::Refused(refusal) => assert_eq!(refusal, ActRefusal::SessionOver),
            }
            granted(vendor.reset(Password::AsBefore).await.unwrap());
        }
    }

    /// The answer with the codes may be lost: until their user says that they have them, pages say so.
    async fn codes_that_nobody_acknowledged_are_told_apart(world: World) {
        world.switch_on().await;
        let (phone, pass) = world.enroll("ian").await;
        let left = async |pass: &Pass| granted(world.signed_in(pass).recovery_codes_left().await.unwrap());
        assert_eq!((left(&pass).await.count, left(&pass).await.acknowledged), (10, false));
        granted(world.signed_in(&pass).acknowledge_recovery_codes().await.unwrap());
        let written = world.record("ian").await;
        granted(world.signed_in(&pass).acknowledge_recovery_codes().await.unwrap());
        assert_eq!(world.record("ian").await, written, "once is enough");
        let pass = world.log_in("ian", &phone).await;
        assert!(left(&pass).await.acknowledged);
        granted(world.signed_in(&pass).renew_recovery_codes().await.unwrap());
        assert!(!left(&pass).await.acknowledged, "these are others");
        // R7, R5: nobody says so in a session that has ended, nor without an authenticator.
        world.two_factor.user(&org(ACME), &user("ian")).end_sessions().await.unwrap();
        let over = world.signed_in(&pass).acknowledge_recovery_codes().await.unwrap();
        assert_eq!(refused(over), ActRefusal::SessionOver);
        let carl = world.walk_in("carl").await;
        let nothing = world.signed_in(&carl).acknowledge_recovery_codes().await.unwrap();
        assert_eq!(refused(nothing), ActRefusal::EnrollFirst);
    }
}
