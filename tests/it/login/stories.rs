//! What happens, situation by situation: a story for every row of the table of behaviors.

use std::time::Duration;

use countersign::{
    ActRefusal, Attempt, ErrorKind, FirstFactor, Gate, Refusal, Requirement, Role, Verdict,
    admin::Support,
    audit::{Denied, Operator, Password, Reason},
    policy::{RunningSessions, Settings},
    testing::Authenticator,
    tokens::Means,
};

use crate::world::{ACME, START, STEP, World, granted, org, over_every_store, refused, user};

fn support(world: &World) -> Support {
    Support::new(&world.two_factor, Operator::new("sue@vendor.example").unwrap())
}

fn reason() -> Reason {
    Reason::new("case 4711: phone lost, identity checked by call-back").unwrap()
}

over_every_store! {
    async fn while_the_requirement_is_off_nobody_is_asked(world: World) {
        for id in ["ann", "ian", "carl"] {
            let _ = world.walk_in(id).await;
        }
        assert_eq!(world.walk_in("ann").await.means(), Means::NotRequired);
        assert!(world.events().await.is_empty());
    }

    /// R5.
    async fn a_customer_is_never_asked_enrolled_or_written_to(world: World) {
        let admin = world.switch_on_and_stay().await;
        let before = world.controls.calls();
        let pass = world.walk_in("carl").await;
        assert_eq!(pass.means(), Means::Customer);
        let resumed = world.resume(pass.stamp()).await.unwrap();
        assert_eq!(refused(world.signed_in(&resumed).step_up().await.unwrap()), ActRefusal::EnrollFirst);
        assert_eq!(refused(world.signed_in(&resumed).replace().await.unwrap()), ActRefusal::EnrollFirst);
        let denied = ActRefusal::Denied(Denied::NotMasterAdmin);
        assert_eq!(refused(world.switch(&resumed, Requirement::Off).await), denied);
        assert_eq!(refused(world.managed(&resumed, "ian").reset(Password::AsBefore).await.unwrap()), denied);
        assert_eq!(refused(world.managed(&resumed, "ian").unlock(Password::AsBefore).await.unwrap()), denied);
        // Not the settings, not a record: the store was not called once.
        assert_eq!(world.controls.calls(), before);
        // Somebody who was internal may have a record: the host's own word looks for one, and writes none.
        world.password_changed("carl").await;
        let reset = support(&world).in_org(&org(ACME), &reason()).user(&user("carl")).reset(Password::AsBefore).await.unwrap();
        assert_eq!(refused(reset), ActRefusal::Denied(Denied::Customer));
        assert_eq!(world.record("carl").await, None);
        assert!(world.kinds_for("carl").await.is_empty());
        drop(admin);
    }

    async fn an_internal_user_enrolls_with_qr_code_and_first_code(world: World) {
        world.switch_on().await;
        let ticket = world.ticket_to_enroll("ian").await;
        let setup = world.setup(&ticket).await;
        assert!(setup.svg().starts_with("<svg"));
        #[cfg(feature = "png")]
        assert!(setup.png(4).unwrap().starts_with(b"\x89PNG\r\n\x1a\n"));
        assert!(setup.uri().starts_with("otpauth://totp/Acme%20Portal:ian%40acme.example?secret="));
        assert_eq!(setup.key().len(), 39);
        assert_eq!(setup.expires_at(), START.after(15 * 60 * STEP / 30));
        let phone = Authenticator::enrolled_with(&setup).unwrap();
        let attempt = phone.code(&world.clock);
        let enrolled = granted(world.two_factor.confirm(Attempt::new(&ticket, &attempt)).await.unwrap());
        assert_eq!(enrolled.pass.means(), Means::Code);
        assert_eq!((enrolled.pass.user().as_str(), enrolled.pass.role()), ("ian", Role::Internal));
        assert!(world.resume(enrolled.pass.stamp()).await.is_some());
        assert_eq!(world.kinds_for("ian").await, ["enrollment-started", "enrolled"]);
    }

    async fn an_enrolled_user_is_asked_for_a_code_at_each_login(world: World) {
        world.switch_on().await;
        let (phone, _) = world.enroll("ian").await;
        let pass = world.log_in("ian", &phone).await;
        assert_eq!(pass.means(), Means::Code);
        let _ = world.log_in("ian", &phone).await;
        let accepted = world.events().await.pop().unwrap();
        assert_eq!(accepted.kind, "code-accepted");
        // Where the password was typed and where the code was: both are on record.
        assert_eq!(accepted.checked_in_from.as_deref(), Some("10.0.0.1"));
        assert_eq!(accepted.seen_from.as_deref(), Some("10.0.0.2"));
    }

    /// R6.
    async fn off_and_on_again_makes_everybody_enroll_anew(world: World) {
        world.switch_on().await;
        let (admins_phone, _) = world.enroll("ann").await;
        let (phone, _) = world.enroll("ian").await;
        let admin = world.log_in("ann", &admins_phone).await;
        granted(world.switch(&admin, Requirement::Off).await);
        let _ = world.walk_in("ian").await;
        granted(world.switch(&admin, Requirement::On).await);
        for id in ["ann", "ian", "ida"] {
            let _ = world.ticket_to_enroll(id).await;
        }
        // What was enrolled before shows no way in, and a new secret does.
        let ticket = world.ticket_to_enroll("ian").await;
        let old = phone.code(&world.clock);
        assert_eq!(refused(world.verify(&ticket, &old).await), Refusal::TicketVoid);
        let (new_phone, _) = world.enroll("ian").await;
        assert_ne!(phone.code(&world.clock), new_phone.code(&world.clock));
        let _ = world.log_in("ian", &new_phone).await;
    }

    /// R3, R6: a ticket is for the epoch in which it was made.
    async fn a_ticket_does_not_outlive_its_epoch(world: World) {
        world.switch_on().await;
        let (_, admin) = world.enroll("ann").await;
        let enrolling = world.ticket_to_enroll("ian").await;
        let (phone, _) = world.enroll("ida").await;
        let login = world.ticket_for_code("ida").await;
        granted(world.switch(&admin, Requirement::Off).await);
        let void = async || {
            assert_eq!(refused(world.two_factor.setup(&enrolling).await.unwrap()), Refusal::TicketVoid);
            assert_eq!(refused(world.verify(&login, &phone.code(&world.clock)).await), Refusal::TicketVoid);
        };
        void().await;
        granted(world.switch(&admin, Requirement::On).await);
        void().await;
        assert_eq!(world.record("ian").await, None);
    }

    /// R5: whoever has become a customer is one, whatever they held before: they sign in again as what they are.
    async fn a_ticket_is_worth_nothing_to_somebody_who_became_a_customer(world: World) {
        world.switch_on().await;
        let (phone, session) = world.enroll("ian").await;
        let enrolling = world.ticket_to_enroll("ida").await;
        world.step();
        let login = world.ticket_for_code("ian").await;
        world.people.set(ACME, "ian", Role::Customer);
        world.people.set(ACME, "ida", Role::Customer);
        let calls = world.controls.calls();
        assert_eq!(refused(world.verify(&login, &phone.code(&world.clock)).await), Refusal::TicketVoid);
        assert_eq!(refused(world.two_factor.setup(&enrolling).await.unwrap()), Refusal::TicketVoid);
        let customer = world.walk_in("ian").await;
        assert!(world.resume(session.stamp()).await.is_none());
        assert!(world.resume(customer.stamp()).await.is_some());
        assert_eq!(world.controls.calls(), calls);
        // And back: what a customer held is no internal user's.
        world.people.set(ACME, "ian", Role::Internal);
        assert!(world.resume(customer.stamp()).await.is_none());
    }

    /// R7: an unlocked account begins with clean hands.
    async fn unlocking_ends_what_was_handed_out_and_keeps_the_authenticator(world: World) {
        world.switch_on().await;
        let (phone, session) = world.enroll("ian").await;
        world.block("ian", &phone).await;
        let admin = world.fresh_admin().await;
        assert!(world.resume(session.stamp()).await.is_some());
        granted(world.managed(&admin, "ian").unlock(Password::AsBefore).await.unwrap());
        assert!(world.resume(session.stamp()).await.is_none());
        let _ = world.log_in("ian", &phone).await;
    }

    /// R6: one small write, whoever is enrolled.
    async fn switching_writes_one_record_however_many_are_enrolled(world: World) {
        world.switch_on().await;
        let (admins_phone, _) = world.enroll("ann").await;
        let _ = world.enroll("ian").await;
        let _ = world.enroll("ida").await;
        let admin = world.log_in("ann", &admins_phone).await;
        let before = world.controls.swaps.load(std::sync::atomic::Ordering::SeqCst);
        granted(world.switch(&admin, Requirement::Off).await);
        granted(world.switch(&admin, Requirement::On).await);
        assert_eq!(world.controls.swaps.load(std::sync::atomic::Ordering::SeqCst) - before, 2);
    }

    async fn reloading_the_qr_page_shows_the_same_secret_and_another_check_in_another(world: World) {
        world.switch_on().await;
        let first = world.ticket_to_enroll("ian").await;
        let shown = granted(world.two_factor.setup(first.seen_from("10.0.0.3")).await.unwrap());
        assert_eq!(world.events().await.last().unwrap().seen_from.as_deref(), Some("10.0.0.3"));
        assert_eq!(world.setup(&first).await.key(), shown.key());
        world.step();
        let second = world.ticket_to_enroll("ian").await;
        let another = world.setup(&second).await;
        assert_ne!(another.key(), shown.key());
        // The first is void: it is shown nothing any more, and its code confirms nothing.
        assert_eq!(refused(world.two_factor.setup(&first).await.unwrap()), Refusal::TicketVoid);
        let code = Authenticator::enrolled_with(&shown).unwrap().code(&world.clock);
        let confirmed = world.two_factor.confirm(Attempt::new(&first, &code)).await.unwrap();
        assert_eq!(refused(confirmed), Refusal::TicketVoid);
        let expected = ["enrollment-started", "enrollment-superseded", "enrollment-started"];
        assert_eq!(world.kinds_for("ian").await, expected);
    }

    async fn a_pending_enrollment_expires(world: World) {
        world.switch_on().await;
        let ticket = world.ticket_to_enroll("ian").await;
        let phone = Authenticator::enrolled_with(&world.setup(&ticket).await).unwrap();
        world.clock.advance(15 * 60 * STEP / 30);
        let code = phone.code(&world.clock);
        let confirmed = world.two_factor.confirm(Attempt::new(&ticket, &code)).await.unwrap();
        assert_eq!(refused(confirmed), Refusal::TicketVoid);
        let _ = world.ticket_to_enroll("ian").await;
    }

    /// The QR code may end before the ticket does: then another is drawn.
    async fn a_qr_code_that_was_shown_too_long_ago_is_drawn_anew(world: World) {
        let minutes = |n: u64| Duration::from_secs(60 * n);
        let settings = Settings::default()
            .with_ticket_lifetime(minutes(30))
            .unwrap()
            .with_pending_lifetime(minutes(5))
            .unwrap();
        let world = world.with_settings(settings);
        world.switch_on().await;
        let ticket = world.ticket_to_enroll("ian").await;
        let shown = world.setup(&ticket).await;
        assert_eq!(shown.expires_at(), START.after(minutes(5)));
        world.clock.advance(minutes(5));
        let code = Authenticator::enrolled_with(&shown).unwrap().code(&world.clock);
        let confirmed = world.two_factor.confirm(Attempt::new(&ticket, &code)).await.unwrap();
        assert_eq!(refused(confirmed), Refusal::SetupExpired);
        let another = world.setup(&ticket).await;
        assert_ne!(another.key(), shown.key());
        let code = Authenticator::enrolled_with(&another).unwrap().code(&world.clock);
        let _ = granted(world.two_factor.confirm(Attempt::new(&ticket, &code)).await.unwrap());
    }

    async fn confirming_before_the_qr_code_was_shown_is_answered_with_showing_it(world: World) {
        world.switch_on().await;
        let ticket = world.ticket_to_enroll("ian").await;
        let confirmed = world.two_factor.confirm(Attempt::new(&ticket, "123456")).await.unwrap();
        assert_eq!(refused(confirmed), Refusal::SetupExpired);
        assert_eq!(world.record("ian").await, None);
    }

    async fn switching_on_applies_from_the_next_login_and_running_sessions_go_on(world: World) {
        let running = world.walk_in("ian").await;
        let admin = world.switch_on_and_stay().await;
        assert!(world.resume(running.stamp()).await.is_some());
        assert!(world.resume(admin.stamp()).await.is_some());
        // Master Admins included.
        let _ = world.ticket_to_enroll("ann").await;
        let _ = world.ticket_to_enroll("ian").await;
    }

    async fn an_org_may_choose_that_switching_on_ends_sessions_without_a_code(world: World) {
        let running = world.walk_in("ian").await;
        let customer = world.walk_in("carl").await;
        let admin = world.walk_in("ann").await;
        let ended = Settings::default().with_running_sessions(RunningSessions::End);
        granted(world.two_factor.admin(&admin).change_settings(0, ended).await.unwrap());
        assert!(world.resume(running.stamp()).await.is_some());
        granted(world.switch(&admin, Requirement::On).await);
        assert!(world.resume(running.stamp()).await.is_none());
        assert!(world.resume(admin.stamp()).await.is_none());
        assert!(world.resume(customer.stamp()).await.is_some());
        let (_, pass) = world.enroll("ian").await;
        assert!(world.resume(pass.stamp()).await.is_some());
    }

    async fn switching_on_twice_makes_one_epoch(world: World) {
        let admin = world.switch_on_and_stay().await;
        let (phone, _) = world.enroll("ian").await;
        // A session without a code may not switch any more, but may ask for what is already so: nothing changes.
        let (_, admin) = {
            drop(admin);
            world.enroll("bob").await
        };
        granted(world.switch(&admin, Requirement::On).await);
        let _ = world.log_in("ian", &phone).await;
        let switches = world.events().await.into_iter().filter(|told| told.kind == "requirement-changed");
        assert_eq!(switches.count(), 1);
    }

    /// R7.
    async fn a_reset_makes_one_account_enroll_again_and_touches_no_other(world: World) {
        world.switch_on().await;
        let (phone, session) = world.enroll("ian").await;
        let (idas_phone, idas_session) = world.enroll("ida").await;
        let (_, admin) = world.enroll("ann").await;
        world.step();
        let under_way = world.ticket_for_code("ian").await;
        let (ida, ann) = (world.record("ida").await, world.record("ann").await);
        granted(world.managed(&admin, "ian").reset(Password::AsBefore).await.unwrap());
        // Their sessions, their login under way and their secret are void.
        assert!(world.resume(session.stamp()).await.is_none());
        let code = phone.code(&world.clock);
        assert_eq!(refused(world.verify(&under_way, &code).await), Refusal::TicketVoid);
        let _ = world.ticket_to_enroll("ian").await;
        // Nobody else's are.
        assert_eq!((world.record("ida").await, world.record("ann").await), (ida, ann));
        assert!(world.resume(idas_session.stamp()).await.is_some());
        let _ = world.log_in("ida", &idas_phone).await;
        let (new_phone, _) = world.enroll("ian").await;
        world.step();
        let ticket = world.ticket_for_code("ian").await;
        let old = phone.code(&world.clock);
        assert!(matches!(refused(world.verify(&ticket, &old).await), Refusal::WrongCode { .. }));
        let _ = world.log_in("ian", &new_phone).await;
        let reset = world.events().await.into_iter().find(|told| told.kind == "reset").unwrap();
        assert_eq!((reset.user.as_deref(), reset.by.as_deref()), (Some("ian"), Some("ann")));
    }

    /// R7, R4: what cannot be opened lets nobody in, and can still be reset.
    async fn a_reset_works_when_the_record_cannot_be_opened(world: World) {
        world.switch_on().await;
        let _ = world.enroll("ian").await;
        let (_, admin) = world.enroll("ann").await;
        world.damage("ian").await;
        let gate = world.two_factor.check_in(FirstFactor::accepted(&org(ACME), &user("ian"))).await;
        assert_eq!(gate.unwrap_err().kind(), ErrorKind::Unreadable);
        let unlocked = world.managed(&admin, "ian").unlock(Password::AsBefore).await;
        assert_eq!(unlocked.unwrap_err().kind(), ErrorKind::Unreadable);
        granted(world.managed(&admin, "ian").reset(Password::AsBefore).await.unwrap());
        // R16: what was known of the password is lost, so it counts as known.
        assert!(matches!(world.check_in("ian").await, Gate::AskInvitation(_)));
        granted(world.managed(&admin, "ian").reset(Password::Changed).await.unwrap());
        let (phone, _) = world.enroll("ian").await;
        let _ = world.log_in("ian", &phone).await;
    }

    /// R13, R10.
    async fn acts_without_authority_are_refused_and_recorded_on_the_actor(world: World) {
        world.switch_on().await;
        let (_, admin) = world.enroll("ann").await;
        let (_, internal) = world.enroll("ian").await;
        let two_factor = &world.two_factor;
        let denied = |verdict: Verdict<(), ActRefusal>| match refused(verdict) {
            ActRefusal::Denied(why) => why,
            other => panic!("{other:?}"),
        };
        let reset = async |pass, id| denied(two_factor.admin(pass).user(&user(id)).reset(Password::AsBefore).await.unwrap());
        assert_eq!(reset(&admin, "ann").await, Denied::Yourself);
        assert_eq!(reset(&admin, "ANN").await, Denied::Yourself);
        assert_eq!(reset(&admin, "carl").await, Denied::Customer);
        assert_eq!(reset(&admin, "gus").await, Denied::NotInThisOrg);
        assert_eq!(reset(&admin, "nobody").await, Denied::NotInThisOrg);
        assert_eq!(reset(&internal, "ida").await, Denied::NotMasterAdmin);
        assert_eq!(
            denied(two_factor.admin(&internal).user(&user("ida")).unlock(Password::AsBefore).await.unwrap()),
            Denied::NotMasterAdmin
        );
        assert_eq!(denied(world.switch(&internal, Requirement::Off).await), Denied::NotMasterAdmin);
        assert_eq!(denied(world.switch(&admin, Requirement::Mandated).await), Denied::Mandated);
        let of_ann: Vec<String> = world
            .events()
            .await
            .into_iter()
            .filter(|told| told.kind == "act-refused")
            .map(|told| told.text)
            .collect();
        assert!(of_ann.contains(&"refused to reset (ann): nobody may do this to themselves".to_owned()), "{of_ann:?}");
        assert!(
            of_ann.contains(&"refused to require: only a Master Admin may do this".to_owned()),
            "{of_ann:?}"
        );
        for id in ["ann", "ian"] {
            assert!(world.kinds_for(id).await.contains(&"act-refused".to_owned()));
        }
        for id in ["carl", "ida"] {
            assert_eq!(world.record(id).await, None);
        }
    }

    /// R13: even if the host's directory is careless about orgs.
    async fn another_orgs_user_is_out_of_reach(world: World) {
        world.people.ignore_orgs();
        let admin = world.walk_in("ann").await;
        let reset = world.managed(&admin, "gus").reset(Password::AsBefore).await.unwrap();
        assert_eq!(refused(reset), ActRefusal::Denied(Denied::NotInThisOrg));
        let gate = world.two_factor.check_in(FirstFactor::accepted(&org(ACME), &user("gus"))).await;
        assert_eq!(gate.unwrap_err().kind(), ErrorKind::UnknownUser);
    }

    /// R10: at most one per kind and hour.
    async fn refused_acts_cannot_flood_the_trail(world: World) {
        world.switch_on().await;
        let (_, internal) = world.enroll("ian").await;
        let attempt = async || {
            let reset = world.managed(&internal, "ida").reset(Password::AsBefore).await.unwrap();
            assert_eq!(refused(reset), ActRefusal::Denied(Denied::NotMasterAdmin));
        };
        for _ in 0..50 {
            attempt().await;
        }
        let recorded =
            async || world.kinds_for("ian").await.iter().filter(|kind| *kind == "act-refused").count();
        assert_eq!(recorded().await, 1);
        world.clock.advance(120 * STEP);
        attempt().await;
        attempt().await;
        assert_eq!(recorded().await, 2);
    }

    /// R13: the role is read anew, and a code at most five minutes old is wanted.
    async fn administration_wants_the_role_of_now_and_a_fresh_code(world: World) {
        let before_the_switch = world.switch_on_and_stay().await;
        let reset = async |pass| world.managed(pass, "ian").reset(Password::AsBefore).await.unwrap();
        // A session from before the switch has no code to show, and no authenticator to make one.
        assert_eq!(refused(reset(&before_the_switch).await), ActRefusal::FreshCodeNeeded);
        let step_up = world.signed_in(&before_the_switch).step_up().await.unwrap();
        assert_eq!(refused(step_up), ActRefusal::EnrollFirst);
        let (phone, admin) = world.enroll("ann").await;
        world.clock.advance(10 * STEP);
        granted(reset(&admin).await);
        world.clock.advance(STEP);
        assert_eq!(refused(reset(&admin).await), ActRefusal::FreshCodeNeeded);
        assert_eq!(refused(world.switch(&admin, Requirement::Off).await), ActRefusal::FreshCodeNeeded);
        let ticket = granted(world.signed_in(&admin).step_up().await.unwrap());
        let fresh = granted(world.verify(&ticket, &phone.code(&world.clock)).await);
        assert!(fresh.is_fresh(STEP));
        assert_eq!(fresh.expires_at(), admin.expires_at());
        granted(reset(&fresh).await);
        world.people.set(ACME, "ann", Role::Internal);
        assert_eq!(refused(reset(&fresh).await), ActRefusal::Denied(Denied::NotMasterAdmin));
    }

    async fn a_sole_master_admin_is_helped_by_the_vendors_support(world: World) {
        world.switch_on().await;
        let (_, session) = world.enroll("ann").await;
        granted(support(&world).in_org(&org(ACME), &reason()).user(&user("ann")).reset(Password::AsBefore).await.unwrap());
        assert!(world.resume(session.stamp()).await.is_none());
        // A new enrollment is forced; the code is never skipped.
        let (phone, _) = world.enroll("ann").await;
        let _ = world.log_in("ann", &phone).await;
        let reset = world.events().await.into_iter().find(|told| told.kind == "reset").unwrap();
        assert_eq!(reset.by.as_deref(), Some("sue@vendor.example"));
        assert!(reset.text.contains("case 4711"), "{}", reset.text);
        let nobody = support(&world).in_org(&org(ACME), &reason()).user(&user("nobody")).reset(Password::AsBefore).await;
        // One answer, whoever asks: an admin and the vendor are told the same.
        assert_eq!(refused(nobody.unwrap()), ActRefusal::Denied(Denied::NotInThisOrg));
    }

    /// R2.
    async fn wrong_codes_lead_to_waits_and_then_to_a_block_until_somebody_helps(world: World) {
        world.switch_on().await;
        let (phone, _) = world.enroll("ian").await;
        world.step();
        let ticket = world.ticket_for_code("ian").await;
        let wrong = world.wrong_code(&phone);
        for left in [9, 8, 7, 6] {
            let refusal = refused(world.verify(&ticket, &wrong).await);
            assert_eq!(refusal, Refusal::WrongCode { left, wait_until: None, hint: None });
        }
        for (left, steps) in [(5, 1), (4, 2), (3, 4), (2, 8), (1, 16)] {
            let until = world.now().after(steps * STEP);
            // Each on a new ticket: that refills nothing.
            let ticket = world.ticket_for_code("ian").await;
            let refusal = refused(world.verify(&ticket, &wrong).await);
            assert_eq!(refusal, Refusal::WrongCode { left, wait_until: Some(until), hint: None });
            // While waiting the right code is not looked at either, and nothing is counted.
            let record = world.record("ian").await;
            let right = phone.code(&world.clock);
            assert_eq!(refused(world.verify(&ticket, &right).await), Refusal::Wait { until });
            assert_eq!(world.record("ian").await, record);
            world.clock.advance(steps * STEP);
        }
        let ticket = world.ticket_for_code("ian").await;
        assert_eq!(refused(world.verify(&ticket, &wrong).await), Refusal::Blocked);
        assert!(matches!(world.check_in("ian").await, Gate::Blocked));
        assert_eq!(refused(world.verify(&ticket, &phone.code(&world.clock)).await), Refusal::Blocked);
        world.clock.advance(100_000 * STEP);
        assert!(matches!(world.check_in("ian").await, Gate::Blocked));
        assert_eq!(world.kinds_for("ian").await.last().unwrap(), "blocked");
        // Another Master Admin unlocks: the same authenticator, and everything handed out is void.
        let admin = world.fresh_admin().await;
        granted(world.managed(&admin, "ian").unlock(Password::AsBefore).await.unwrap());
        assert_eq!(refused(world.verify(&ticket, &phone.code(&world.clock)).await), Refusal::TicketVoid);
        let _ = world.log_in("ian", &phone).await;
    }

    async fn a_right_code_ends_the_row_of_wrong_ones(world: World) {
        world.switch_on().await;
        let (phone, _) = world.enroll("ian").await;
        for _ in 0..2 {
            world.step();
            let ticket = world.ticket_for_code("ian").await;
            let wrong = world.wrong_code(&phone);
            for _ in 0..4 {
                let _ = world.verify(&ticket, &wrong).await;
            }
            let _ = world.log_in("ian", &phone).await;
        }
    }

    /// R2: across purposes.
    async fn wrong_first_codes_count_in_the_same_row(world: World) {
        world.switch_on().await;
        let ticket = world.ticket_to_enroll("ian").await;
        let phone = Authenticator::enrolled_with(&world.setup(&ticket).await).unwrap();
        let wrong = world.wrong_code(&phone);
        for left in [9, 8, 7, 6, 5] {
            let refusal = refused(world.two_factor.confirm(Attempt::new(&ticket, &wrong)).await.unwrap());
            assert!(matches!(refusal, Refusal::WrongCode { left: l, .. } if l == left), "{refusal:?}");
        }
        let right = phone.code(&world.clock);
        let refusal = refused(world.two_factor.confirm(Attempt::new(&ticket, &right)).await.unwrap());
        assert!(matches!(refusal, Refusal::Wait { .. }));
        world.step();
        let right = phone.code(&world.clock);
        let _ = granted(world.two_factor.confirm(Attempt::new(&ticket, &right)).await.unwrap());
    }

    async fn what_the_vendor_mandates_no_master_admin_switches_off(world: World) {
        let on = support(&world);
        granted(on.in_org(&org(ACME), &reason()).require(Requirement::Mandated).await.unwrap());
        let (_, admin) = world.enroll("ann").await;
        let switched = world.switch(&admin, Requirement::Off).await;
        assert_eq!(refused(switched), ActRefusal::Denied(Denied::Mandated));
        assert_eq!(
            world.two_factor.org(&org(ACME)).policy().await.unwrap().requirement,
            Requirement::Mandated
        );
        let (phone, _) = world.enroll("ian").await;
        // From mandated to on nothing begins anew; off and on does, here too.
        granted(on.in_org(&org(ACME), &reason()).require(Requirement::On).await.unwrap());
        let _ = world.log_in("ian", &phone).await;
        granted(on.in_org(&org(ACME), &reason()).require(Requirement::Off).await.unwrap());
        granted(on.in_org(&org(ACME), &reason()).require(Requirement::Mandated).await.unwrap());
        let _ = world.ticket_to_enroll("ian").await;
    }

    async fn an_org_never_written_has_the_requirement_that_the_host_states(world: World) {
        let strict = world.another_process_requiring(Requirement::On);
        let gate = strict.check_in(FirstFactor::accepted(&org(ACME), &user("ian"))).await.unwrap();
        assert!(matches!(gate, Gate::Enroll(_)));
    }

    /// The generation moves and the enrollment stays.
    async fn a_changed_password_ends_everything_but_the_enrollment(world: World) {
        world.switch_on().await;
        let (phone, session) = world.enroll("ian").await;
        world.step();
        let ticket = world.ticket_for_code("ian").await;
        world.password_changed("ian").await;
        assert!(world.resume(session.stamp()).await.is_none());
        assert_eq!(refused(world.verify(&ticket, &phone.code(&world.clock)).await), Refusal::TicketVoid);
        let _ = world.log_in("ian", &phone).await;
    }

    /// R2: and no counter is refilled by it.
    async fn a_changed_password_does_not_lift_a_block(world: World) {
        world.switch_on().await;
        let (phone, _) = world.enroll("ian").await;
        world.block("ian", &phone).await;
        world.password_changed("ian").await;
        assert!(matches!(world.check_in("ian").await, Gate::Blocked));
        // Nor by switching off and on.
        let (phone, admin) = world.enroll("ann").await;
        granted(world.switch(&admin, Requirement::Off).await);
        granted(world.switch(&admin, Requirement::On).await);
        drop(phone);
        assert!(matches!(world.check_in("ian").await, Gate::Blocked));
    }

    /// R8.
    async fn replacing_leaves_the_old_authenticator_working_until_the_new_one_is_confirmed(world: World) {
        world.switch_on().await;
        let (old, _) = world.enroll("ian").await;
        let session = world.log_in("ian", &old).await;
        let ticket = granted(world.signed_in(&session).replace().await.unwrap());
        let new = Authenticator::enrolled_with(&world.setup(&ticket).await).unwrap();
        let session = {
            drop(session);
            world.log_in("ian", &old).await
        };
        let code = new.code(&world.clock);
        let replaced = granted(world.two_factor.confirm(Attempt::new(&ticket, &code)).await.unwrap());
        assert!(world.resume(session.stamp()).await.is_none());
        assert!(world.resume(replaced.pass.stamp()).await.is_some());
        world.step();
        let ticket = world.ticket_for_code("ian").await;
        let refusal = refused(world.verify(&ticket, &old.code(&world.clock)).await);
        assert!(matches!(refusal, Refusal::WrongCode { .. }));
        let _ = world.log_in("ian", &new).await;
        // Without a code of the last minutes there is no replacing.
        world.clock.advance(11 * STEP);
        let replaced = world.signed_in(&replaced.pass).replace().await.unwrap();
        assert_eq!(refused(replaced), ActRefusal::FreshCodeNeeded);
    }

    /// R8: cancelling leaves everything as it was, and the secret that was shown is nobody's.
    async fn a_cancelled_replacement_leaves_everything_as_it_was(world: World) {
        world.switch_on().await;
        let (phone, session) = world.enroll("ian").await;
        let ticket = granted(world.signed_in(&session).replace().await.unwrap());
        // Before anything was drawn there is nothing to forget.
        let before = world.record("ian").await;
        granted(world.two_factor.cancel(&ticket).await.unwrap());
        assert_eq!(world.record("ian").await, before);
        let new = Authenticator::enrolled_with(&world.setup(&ticket).await).unwrap();
        // Nobody else's ticket cancels it.
        let another = granted(world.signed_in(&session).replace().await.unwrap());
        granted(world.two_factor.cancel(&another).await.unwrap());
        let login = world.ticket_for_code("ian").await;
        assert_eq!(refused(world.two_factor.cancel(&login).await.unwrap()), Refusal::TicketVoid);
        assert_eq!(world.kinds_for("ian").await.last().unwrap(), "replacement-started");

        granted(world.two_factor.cancel(ticket.seen_from("10.0.0.4")).await.unwrap());
        let told = world.events().await.pop().unwrap();
        assert_eq!(
            (told.kind.as_str(), told.seen_from.as_deref()),
            ("replacement-cancelled", Some("10.0.0.4"))
        );
        let code = new.code(&world.clock);
        let confirmed = world.two_factor.confirm(Attempt::new(&ticket, &code)).await.unwrap();
        assert_eq!(refused(confirmed), Refusal::SetupExpired);
        assert!(world.resume(session.stamp()).await.is_some());
        let _ = world.log_in("ian", &phone).await;
    }

    async fn a_cancelled_enrollment_leaves_nothing(world: World) {
        world.switch_on().await;
        let ticket = world.ticket_to_enroll("ian").await;
        let given_up = world.setup(&ticket).await.key().to_owned();
        granted(world.two_factor.cancel(&ticket).await.unwrap());
        assert_eq!(world.kinds_for("ian").await, ["enrollment-started", "enrollment-cancelled"]);
        let again = world.setup(&ticket).await;
        assert_ne!(again.key(), given_up);
    }

    /// R8: no ticket of any kind shows or overwrites a live secret.
    async fn an_enrolled_secret_is_shown_to_nobody(world: World) {
        world.switch_on().await;
        let enrolling = world.ticket_to_enroll("ian").await;
        let shown = world.setup(&enrolling).await;
        let phone = Authenticator::enrolled_with(&shown).unwrap();
        let code = phone.code(&world.clock);
        let _ = granted(world.two_factor.confirm(Attempt::new(&enrolling, &code)).await.unwrap());
        assert_eq!(refused(world.two_factor.setup(&enrolling).await.unwrap()), Refusal::TicketVoid);
        let login = world.ticket_for_code("ian").await;
        assert_eq!(refused(world.two_factor.setup(&login).await.unwrap()), Refusal::TicketVoid);
        let _ = world.log_in("ian", &phone).await;
    }

    async fn a_stamp_lasts_its_time_and_is_not_prolonged_by_use(world: World) {
        world.switch_on().await;
        let (_, pass) = world.enroll("ian").await;
        let half = 6 * 60 * 2 * STEP;
        world.clock.advance(half.saturating_sub(STEP));
        let resumed = world.resume(pass.stamp()).await.unwrap();
        assert_eq!(resumed.expires_at(), pass.expires_at());
        world.clock.advance(half);
        assert!(world.resume(resumed.stamp()).await.is_some());
        world.clock.advance(STEP);
        assert!(world.resume(resumed.stamp()).await.is_none());
    }

    async fn a_session_ends_when_its_user_has_become_more_than_it_shows(world: World) {
        world.people.set(ACME, "cora", Role::Customer);
        let customer = world.walk_in("cora").await;
        let internal = world.walk_in("ian").await;
        world.switch_on().await;
        let (_, with_code) = world.enroll("ida").await;
        world.people.set(ACME, "cora", Role::Internal);
        world.people.set(ACME, "ian", Role::MasterAdmin);
        world.people.set(ACME, "ida", Role::MasterAdmin);
        assert!(world.resume(customer.stamp()).await.is_none());
        assert!(world.resume(internal.stamp()).await.is_none());
        let promoted = world.resume(with_code.stamp()).await.unwrap();
        assert_eq!(promoted.role(), Role::MasterAdmin);
        world.people.remove(ACME, "ida");
        assert!(world.resume(with_code.stamp()).await.is_none());
    }

    async fn the_directorys_spelling_of_an_id_is_what_counts(world: World) {
        world.switch_on().await;
        let (phone, _) = world.enroll("IAN").await;
        assert!(world.record("ian").await.is_some());
        assert_eq!(world.record("IAN").await, None);
        let pass = world.log_in("Ian", &phone).await;
        assert_eq!(pass.user().as_str(), "ian");
    }

    /// R4.
    async fn when_something_is_down_nobody_gets_in_and_nobody_is_told_that_nothing_is_required(world: World) {
        world.switch_on().await;
        let (phone, session) = world.enroll("ian").await;
        world.step();
        let ticket = world.ticket_for_code("ian").await;
        let code = phone.code(&world.clock);
        let all_fail = async |kind| {
            let two_factor = &world.two_factor;
            let first_factor = || FirstFactor::accepted(&org(ACME), &user("ian"));
            assert_eq!(two_factor.check_in(first_factor()).await.unwrap_err().kind(), kind);
            assert_eq!(two_factor.verify(Attempt::new(&ticket, &code)).await.unwrap_err().kind(), kind);
            assert_eq!(two_factor.resume(session.stamp()).await.unwrap_err().kind(), kind);
        };
        world.controls.go_down(true);
        all_fail(ErrorKind::Unavailable).await;
        // A customer needs no store.
        let _ = world.walk_in("carl").await;
        world.controls.go_down(false);
        world.people.go_down(true);
        all_fail(ErrorKind::Unavailable).await;
        world.people.go_down(false);
        let _ = granted(world.verify(&ticket, &code).await);
    }
}
