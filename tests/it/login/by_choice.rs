//! Enrolling where nobody has to: by choice, with the password asked for anew, and doing without again.

use std::time::Duration;

use countersign::{
    ActRefusal, Attempt, FirstFactor, Gate, Pass, Refusal, Requirement, Role, Ticket, Verdict,
    admin::{Outcome, Targets},
    audit::{Denied, Password},
    policy::{Days, Settings},
    testing::Authenticator,
    tokens::Means,
};

use crate::world::{ACME, STEP, World, granted, org, over_every_store, refused, user};

fn offered() -> Settings {
    Settings::default().with_enrollment_by_choice(true)
}

/// Signed in, and with the password typed again.
async fn ask_to_enroll(world: &World, session: &Pass) -> Verdict<Ticket, ActRefusal> {
    let first_factor = FirstFactor::accepted(session.org(), session.user()).seen_from("10.0.0.1");
    world.signed_in(session).enroll(first_factor).await.unwrap()
}

/// The user asks to, scans the QR code and types the first code.
async fn enroll(world: &World, id: &str) -> (Authenticator, Pass) {
    let session = world.walk_in(id).await;
    let ticket = granted(ask_to_enroll(world, &session).await);
    let phone = Authenticator::enrolled_with(&world.setup(&ticket).await).unwrap();
    let code = phone.code(&world.clock);
    (phone, granted(world.two_factor.confirm(Attempt::new(&ticket, &code)).await.unwrap()).pass)
}

async fn set(world: &World, admin: &Pass, settings: Settings) {
    let seen = world.two_factor.org(&org(ACME)).policy().await.unwrap().revision;
    granted(world.two_factor.admin(admin).change_settings(seen, settings).await.unwrap());
}

over_every_store! {
    async fn whoever_enrolls_by_choice_is_asked_for_codes_and_nobody_else_is(world: World) {
        let world = world.with_settings(offered());
        let before = world.walk_in("ian").await;
        let (phone, pass) = enroll(&world, "ian").await;
        assert_eq!(pass.means(), Means::Code);
        // What was open without a code is over, as with any enrollment.
        assert!(world.resume(before.stamp()).await.is_none());
        let again = world.log_in("ian", &phone).await;
        let _ = world.walk_in("ida").await;
        assert_eq!(world.kinds_for("ian").await, ["enrollment-started", "enrolled", "code-accepted"]);
        assert_eq!(refused(ask_to_enroll(&world, &again).await), ActRefusal::AlreadyEnrolled);
    }

    /// R5: nor is anything read of the org for a customer.
    async fn where_it_is_not_offered_and_for_customers_there_is_nothing_to_enroll(world: World) {
        let ian = world.walk_in("ian").await;
        assert_eq!(refused(ask_to_enroll(&world, &ian).await), ActRefusal::NotOffered);
        let world = world.with_settings(offered());
        let carl = world.walk_in("carl").await;
        let calls = world.controls.calls();
        assert_eq!(refused(ask_to_enroll(&world, &carl).await), ActRefusal::NotOffered);
        assert_eq!(world.controls.calls(), calls);
        assert_eq!(refused(world.signed_in(&carl).withdraw().await.unwrap()), ActRefusal::NotOffered);
        assert!(world.record("ian").await.is_none() && world.record("carl").await.is_none());
    }

    /// R8: a session binds an authenticator to its own account only, with that account's own password.
    async fn the_password_of_somebody_else_enrolls_nobody(world: World) {
        let world = world.with_settings(offered());
        let session = world.walk_in("ian").await;
        for other in [
            FirstFactor::accepted(&org(ACME), &user("ida")),
            FirstFactor::accepted(&org(ACME), &user("carl")),
        ] {
            let asked = world.signed_in(&session).enroll(other).await.unwrap();
            assert_eq!(refused(asked), ActRefusal::SessionOver);
        }
        // Nor does an open session that has ended meanwhile, with the right one.
        world.two_factor.user(&org(ACME), &user("ian")).end_sessions().await.unwrap();
        assert_eq!(refused(ask_to_enroll(&world, &session).await), ActRefusal::SessionOver);
    }

    /// R3: a ticket made while it was offered is worth nothing once it is not.
    async fn a_ticket_ends_with_the_offer(world: World) {
        let world = world.with_settings(offered());
        let session = world.walk_in("ian").await;
        let ticket = granted(ask_to_enroll(&world, &session).await);
        let admin = world.walk_in("ann").await;
        set(&world, &admin, Settings::default()).await;
        assert_eq!(refused(world.two_factor.setup(&ticket).await.unwrap()), Refusal::TicketVoid);
        assert!(world.record("ian").await.is_none());
    }

    /// R6: an org that becomes stricter takes nobody's factor away: what was chosen in an *off* counts in the *on* that
    /// follows directly, with its sessions, codes and devices. After off and on again everybody enrolls again.
    async fn volunteers_keep_their_authenticator_when_it_is_required_and_are_released_like_all(world: World) {
        let world = world.with_settings(offered().with_remember_devices(Some(Days::new(30).unwrap())));
        let (phone, pass) = enroll(&world, "ian").await;
        let device = granted(world.signed_in(&pass).remember_device(&"laptop").await.unwrap()).token;
        world.switch_on().await;
        assert!(world.resume(pass.stamp()).await.is_some(), "running sessions go on");
        granted(world.signed_in(&pass).renew_recovery_codes().await.unwrap());
        let pass = world.log_in("ian", &phone).await;
        assert_eq!(refused(ask_to_enroll(&world, &pass).await), ActRefusal::AlreadyEnrolled);
        let first_factor = || FirstFactor::accepted(&org(ACME), &user("ian")).on_device(device.clone());
        assert!(matches!(world.two_factor.check_in(first_factor()).await.unwrap(), Gate::Open(_)));
        let (other, _) = world.enroll("ida").await;

        let (_, admin) = world.enroll("bob").await;
        granted(world.switch(&admin, Requirement::Off).await);
        for (id, pass) in [("ian", &pass), ("bob", &admin)] {
            let _ = world.walk_in(id).await;
            let _ = world.walk_in(id).await;
            let kinds = world.kinds_for(id).await;
            assert_eq!(kinds.iter().filter(|kind| *kind == "codes-not-asked").count(), 1, "{id} is told once");
            assert!(world.resume(pass.stamp()).await.is_some());
        }
        assert!(matches!(world.two_factor.check_in(first_factor()).await.unwrap(), Gate::Open(_)));
        // Nobody is asked who has not chosen since, and whoever chooses draws a new key.
        let (_, _) = enroll(&world, "ida").await;
        let admin = world.walk_in("ann").await;
        granted(world.switch(&admin, Requirement::On).await);
        let ticket = world.ticket_to_enroll("ian").await;
        assert_eq!(refused(world.verify(&ticket, &phone.code(&world.clock)).await), Refusal::TicketVoid);
        let ticket = world.ticket_for_code("ida").await;
        world.step();
        assert!(matches!(refused(world.verify(&ticket, &other.code(&world.clock)).await), Refusal::WrongCode { .. }));
        assert!(matches!(world.two_factor.check_in(first_factor()).await.unwrap(), Gate::Enroll(_)));
    }

    /// R6: whoever had to enroll is free again, and an offer that comes later asks nobody for what they had then.
    async fn an_offer_after_off_asks_nobody_who_has_not_chosen_it(world: World) {
        world.switch_on().await;
        let (phone, _) = world.enroll("ian").await;
        let (_, admin) = world.enroll("bob").await;
        granted(world.switch(&admin, Requirement::Off).await);
        let admin = world.walk_in("ann").await;
        set(&world, &admin, offered()).await;
        for id in ["ian", "bob", "ida"] {
            let _ = world.walk_in(id).await;
        }
        let (new, _) = enroll(&world, "ian").await;
        assert_ne!(phone.code(&world.clock), new.code(&world.clock));
        let _ = world.log_in("ian", &new).await;
    }

    /// R8: only with a code of just now, and never where one is required.
    async fn doing_without_again_takes_a_code_and_ends_every_session(world: World) {
        let world = world.with_settings(offered());
        let (phone, pass) = enroll(&world, "ian").await;
        world.clock.advance(11 * STEP);
        assert_eq!(refused(world.signed_in(&pass).withdraw().await.unwrap()), ActRefusal::FreshCodeNeeded);
        let ticket = granted(world.signed_in(&pass).step_up().await.unwrap());
        let fresh = granted(world.verify(&ticket, &phone.code(&world.clock)).await).seen_from("10.0.0.9");
        granted(world.signed_in(&fresh).withdraw().await.unwrap());
        for stamp in [pass.stamp(), fresh.stamp()] {
            assert!(world.resume(stamp).await.is_none());
        }
        let walked_in = world.walk_in("ian").await;
        assert_eq!(refused(world.signed_in(&walked_in).withdraw().await.unwrap()), ActRefusal::EnrollFirst);
        let told = world.events().await.into_iter().find(|told| told.kind == "withdrawn").unwrap();
        assert_eq!((told.by.as_deref(), told.seen_from.as_deref()), (Some("ian"), Some("10.0.0.9")));
        world.switch_on().await;
        let (_, required) = world.enroll("ian").await;
        assert_eq!(refused(world.signed_in(&required).withdraw().await.unwrap()), ActRefusal::CodesRequired);
        assert!(world.resume(required.stamp()).await.is_some());
    }

    /// R13: an admin who has enrolled by choice shows a code as others do where it is required.
    async fn an_admin_who_enrolled_by_choice_administers_with_a_fresh_code(world: World) {
        let world = world.with_settings(offered());
        let (phone, admin) = enroll(&world, "ann").await;
        world.clock.advance(11 * STEP);
        let switched = world.switch(&admin, Requirement::On).await;
        assert_eq!(refused(switched), ActRefusal::FreshCodeNeeded);
        let ticket = granted(world.signed_in(&admin).step_up().await.unwrap());
        let fresh = granted(world.verify(&ticket, &phone.code(&world.clock)).await);
        granted(world.switch(&fresh, Requirement::On).await);
    }

    /// R2: wrong codes of a volunteer count, and block them.
    async fn a_volunteer_is_blocked_like_anybody_until_they_are_helped(world: World) {
        let world = world.with_settings(offered());
        let (phone, session) = enroll(&world, "ian").await;
        world.block("ian", &phone).await;
        assert!(matches!(world.check_in("ian").await, Gate::Blocked));
        assert_eq!(refused(ask_to_enroll(&world, &session).await), ActRefusal::Blocked);
        // R13: who has shown no code weakens no account that has one, even where nobody has to.
        let admin = world.walk_in("ann").await;
        let ian = world.managed(&admin, "ian");
        let before = world.record("ian").await;
        for refusal in [
            refused(ian.unlock(Password::AsBefore).await.unwrap()),
            refused(ian.reset(Password::Changed).await.unwrap()),
            refused(ian.reset_and_invite(Password::Changed).await.unwrap()),
            refused(ian.invite().await.unwrap()),
            refused(ian.extend(Days::new(1).unwrap()).await.unwrap()),
            refused(ian.forget_devices().await.unwrap()),
            refused(ian.vouch(&"0001020304050607".parse().unwrap()).await.unwrap()),
        ] {
            assert_eq!(refusal, ActRefusal::FreshCodeNeeded);
        }
        let mut run = world.two_factor.admin(&admin).reset_many(Targets::these([user("ian")]), Password::Changed);
        let outcome = granted(run.next().await.unwrap()).unwrap().outcome;
        assert!(matches!(outcome, Outcome::FreshCodeNeeded), "{outcome}");
        assert_eq!(world.record("ian").await, before);
        let (_, admin) = enroll(&world, "ann").await;
        granted(world.managed(&admin, "ian").unlock(Password::AsBefore).await.unwrap());
        world.step();
        let _ = world.log_in("ian", &phone).await;
    }

    /// R14: a choice that was taken back is not made again by the org: they are told, and choose anew.
    async fn an_offer_that_is_taken_back_and_made_again_asks_nobody_who_had_chosen_before(world: World) {
        let world = world.with_settings(offered());
        let (phone, pass) = enroll(&world, "ian").await;
        let _ = world.log_in("ian", &phone).await;
        let admin = world.walk_in("ann").await;
        set(&world, &admin, Settings::default()).await;
        let without = world.walk_in("ian").await;
        assert_eq!(world.kinds_for("ian").await.last().unwrap(), "codes-not-asked");
        set(&world, &admin, offered()).await;
        let _ = world.walk_in("ian").await;
        assert_eq!(world.kinds_for("ian").await.last().unwrap(), "codes-not-asked", "once");
        assert!(world.resume(without.stamp()).await.is_some() && world.resume(pass.stamp()).await.is_some());
        let (again, _) = enroll(&world, "ian").await;
        assert!(world.resume(without.stamp()).await.is_none());
        let _ = world.log_in("ian", &again).await;
        world.people.set(ACME, "ian", Role::Customer);
        assert!(matches!(world.check_in("ian").await, Gate::Open(_)));
    }

    /// R14: taken back while it is required, it takes nothing from those who had chosen before.
    async fn an_offer_that_is_taken_back_while_it_is_required_takes_nothing(world: World) {
        let world = world.with_settings(offered());
        let (phone, _) = enroll(&world, "ian").await;
        world.switch_on().await;
        let (_, admin) = world.enroll("bob").await;
        set(&world, &admin, Settings::default()).await;
        let _ = world.log_in("ian", &phone).await;
    }

    /// R8, R6: whichever of the two comes first, what remains is an account that holds together.
    async fn withdrawing_while_it_is_switched_on_leaves_somebody_who_must_enroll(world: World) {
        let world = world.with_settings(offered());
        for latency in [0, 200, 600] {
            let (_, pass) = enroll(&world, "ian").await;
            let admin = world.walk_in("ann").await;
            world.controls.slow_down(Duration::from_micros(latency));
            let admin = world.two_factor.admin(&admin);
            let withdraw = world.signed_in(&pass).withdraw();
            let (withdrawn, switched) = tokio::join!(withdraw, admin.require(Requirement::On));
            world.controls.slow_down(Duration::ZERO);
            granted(switched.unwrap());
            match withdrawn.unwrap() {
                Verdict::Granted(()) => {
                    assert!(world.resume(pass.stamp()).await.is_none());
                    let _ = world.enroll("ian").await;
                }
                Verdict::Refused(refusal) => {
                    assert_eq!(refusal, ActRefusal::CodesRequired);
                    let _ = world.ticket_for_code("ian").await;
                }
            }
            let (_, admin) = world.enroll("bob").await;
            granted(world.managed(&admin, "ian").reset(Password::AsBefore).await.unwrap());
            granted(world.switch(&admin, Requirement::Off).await);
        }
        let _ = world.walk_in("ian").await;
        let refusal = refused(
            world.two_factor.admin(&world.walk_in("ida").await).user(&user("ian")).reset(Password::AsBefore).await.unwrap(),
        );
        assert_eq!(refusal, ActRefusal::Denied(Denied::NotMasterAdmin));
    }
}
