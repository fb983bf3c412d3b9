//! The edges that others got wrong: codes at the rim of their time, used twice, spelled oddly; clocks that jump;
//! tokens that are forged, moved or mistaken for each other.

use countersign::{
    Attempt, BoxError, ErrorKind, FirstFactor, KeyId, Keyring, OsRandom, Refusal, SecureRandom, Stamp,
    Ticket, Timestamp, otp::Step, policy::CodeRules, testing::Authenticator,
};

use crate::world::{ACME, KEY, STEP, granted, org, over_every_store, refused, user};

/// Draws the same secret each time, and everything else truly at random.
struct OneSecret([u8; 20]);

impl SecureRandom for OneSecret {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), BoxError> {
        if bytes.len() == self.0.len() {
            bytes.copy_from_slice(&self.0);
            Ok(())
        } else {
            OsRandom.fill(bytes)
        }
    }
}

/// Of the secret of twenty sevens, this step and the next have the same code. (Found by trying: one step in a
/// million is like that.)
const TWIN: Step = Step::from_number(60_102_567);

fn begin_of(step: Step) -> Timestamp {
    Timestamp::from_unix(step.number() * 30)
}

over_every_store! {
    /// R1: what is stored is the highest step that matched.
    async fn a_code_that_matches_two_steps_of_the_window_burns_both(world: World) {
        let world = world.with_random(OneSecret([7; 20]));
        world.clock.set(Timestamp::from_unix(begin_of(TWIN).as_unix() - 300));
        world.switch_on().await;
        let (phone, _) = world.enroll("ian").await;
        world.clock.set(begin_of(TWIN));
        let code = phone.code(&world.clock);
        assert_eq!(phone.code_at(begin_of(TWIN).after(STEP)), code, "these steps are twins");
        let ticket = world.ticket_for_code("ian").await;
        let _ = granted(world.verify(&ticket, &code).await);
        for _ in 0..2 {
            let ticket = world.ticket_for_code("ian").await;
            assert!(matches!(refused(world.verify(&ticket, &code).await), Refusal::AlreadyUsed { .. }));
            world.step();
        }
    }

    /// R1: across purposes.
    async fn the_code_that_enrolled_does_not_log_in_again(world: World) {
        world.switch_on().await;
        let (phone, _) = world.enroll("ian").await;
        let ticket = world.ticket_for_code("ian").await;
        let refusal = refused(world.verify(&ticket, &phone.code(&world.clock)).await);
        assert_eq!(refusal, Refusal::AlreadyUsed { left: 10, wait_until: None });
    }

    /// R1: nor does the code of a login prove anything more.
    async fn the_code_that_logged_in_does_not_step_up(world: World) {
        world.switch_on().await;
        let (phone, _) = world.enroll("ian").await;
        let pass = world.log_in("ian", &phone).await;
        let ticket = granted(world.signed_in(&pass).step_up().await.unwrap());
        let refusal = refused(world.verify(&ticket, &phone.code(&world.clock)).await);
        assert!(matches!(refusal, Refusal::AlreadyUsed { .. }));
        world.step();
        let _ = granted(world.verify(&ticket, &phone.code(&world.clock)).await);
        // A step-up ticket that was granted is spent like any other.
        world.step();
        assert_eq!(refused(world.verify(&ticket, &phone.code(&world.clock)).await), Refusal::TicketVoid);
    }

    /// R1: nor does the code of a step-up log in.
    async fn the_code_that_stepped_up_does_not_log_in(world: World) {
        world.switch_on().await;
        let (phone, pass) = world.enroll("ian").await;
        world.step();
        let stepping_up = granted(world.signed_in(&pass).step_up().await.unwrap());
        let _ = granted(world.verify(&stepping_up, &phone.code(&world.clock)).await);
        let ticket = world.ticket_for_code("ian").await;
        let refusal = refused(world.verify(&ticket, &phone.code(&world.clock)).await);
        assert!(matches!(refusal, Refusal::AlreadyUsed { .. }));
        let _ = world.log_in("ian", &phone).await;
    }

    /// R1.
    async fn the_next_steps_code_accepted_early_is_not_accepted_in_its_own_step(world: World) {
        world.switch_on().await;
        let (phone, _) = world.enroll("ian").await;
        let early = phone.code_at(world.now().after(STEP));
        let ticket = world.ticket_for_code("ian").await;
        let _ = granted(world.verify(&ticket, &early).await);
        for _ in 0..2 {
            world.step();
            let ticket = world.ticket_for_code("ian").await;
            assert!(matches!(refused(world.verify(&ticket, &early).await), Refusal::AlreadyUsed { .. }));
        }
    }

    /// R1: A, B and then A again, all within the window.
    async fn an_earlier_code_is_not_accepted_after_a_later_one(world: World) {
        world.switch_on().await;
        let (phone, _) = world.enroll("ian").await;
        world.clock.advance(2 * STEP);
        let (a, b) =
            (phone.code_at(Timestamp::from_unix(world.now().as_unix() - 30)), phone.code(&world.clock));
        for code in [&a, &b] {
            let ticket = world.ticket_for_code("ian").await;
            let _ = granted(world.verify(&ticket, code).await);
        }
        let ticket = world.ticket_for_code("ian").await;
        assert!(matches!(refused(world.verify(&ticket, &a).await), Refusal::AlreadyUsed { .. }));
        // B before A: A was never used, and is refused all the same.
        world.clock.advance(2 * STEP);
        let (a, b) =
            (phone.code_at(Timestamp::from_unix(world.now().as_unix() - 30)), phone.code(&world.clock));
        let ticket = world.ticket_for_code("ian").await;
        let _ = granted(world.verify(&ticket, &b).await);
        let ticket = world.ticket_for_code("ian").await;
        assert!(matches!(refused(world.verify(&ticket, &a).await), Refusal::AlreadyUsed { .. }));
    }

    /// The window is one step either way, and no more.
    async fn codes_two_steps_off_are_wrong(world: World) {
        world.switch_on().await;
        let (phone, _) = world.enroll("ian").await;
        world.clock.advance(10 * STEP);
        let now = world.now().as_unix();
        for off in [now - 60, now + 60] {
            let ticket = world.ticket_for_code("ian").await;
            let code = phone.code_at(Timestamp::from_unix(off));
            assert!(matches!(refused(world.verify(&ticket, &code).await), Refusal::WrongCode { .. }));
        }
        for off in [now - 30, now + 30] {
            let ticket = world.ticket_for_code("ian").await;
            let _ = granted(world.verify(&ticket, &phone.code_at(Timestamp::from_unix(off))).await);
        }
    }

    /// RFC 6238 §6: a clock that runs ever faster is followed, as far as the rules say, and a window that follows
    /// accepts no more codes than one that does not.
    async fn a_clock_that_is_off_is_followed_only_where_the_rules_ask_for_it(world: World) {
        let following = world.with_code_rules(CodeRules::default().drift(3).unwrap());
        following.switch_on().await;
        let (phone, _) = following.enroll("ian").await;
        following.clock.advance(10 * STEP);
        let shows = |steps: u32| phone.code_at(following.now().after(steps * STEP));
        for fast in [1, 2, 3, 4] {
            following.clock.advance(10 * STEP);
            let ticket = following.ticket_for_code("ian").await;
            let _ = granted(following.verify(&ticket, &shows(fast)).await);
        }
        // Four steps were accepted by a window around three. It is followed no further, and looks no more at what
        // lies before it.
        following.clock.advance(10 * STEP);
        for off in [0, 1, 5, 6] {
            let ticket = following.ticket_for_code("ian").await;
            let refusal = refused(following.verify(&ticket, &shows(off)).await);
            assert!(matches!(refusal, Refusal::WrongCode { .. }), "{off}: {refusal:?}");
        }
        // By default nothing is followed.
        let world = following.with_code_rules(CodeRules::default());
        let (phone, _) = world.enroll("ida").await;
        for (fast, right) in [(1, true), (2, false)] {
            world.clock.advance(10 * STEP);
            let ticket = world.ticket_for_code("ida").await;
            let code = phone.code_at(world.now().after(fast * STEP));
            assert_eq!(world.verify(&ticket, &code).await.refusal().is_none(), right, "{fast}");
        }
    }

    /// R11: no write and no guess counted.
    async fn what_is_not_a_code_is_not_counted(world: World) {
        world.switch_on().await;
        let (phone, _) = world.enroll("ian").await;
        world.step();
        let ticket = world.ticket_for_code("ian").await;
        let before = world.record("ian").await;
        let ten_megabytes = "1".repeat(10_000_000);
        for odd in [
            "",
            "12345",
            "1234567",
            "+12345",
            "-12345",
            "12a456",
            "12345\n",
            "１２３４５６",
            "١٢٣٤٥٦",
            "12\u{a0}345",
            "12\u{b7}3456",
            "\0\0\0\0\0\0",
            &ten_megabytes,
        ] {
            assert_eq!(refused(world.verify(&ticket, odd).await), Refusal::Malformed);
        }
        assert_eq!(world.record("ian").await, before);
        let code = phone.code(&world.clock);
        let _ = granted(world.verify(&ticket, &format!(" {} {} ", &code[..3], &code[3..])).await);
    }

    /// R3: a stranger moves no counter, and costs the store nothing worse than a read.
    async fn without_a_ticket_no_counter_moves(world: World) {
        world.switch_on().await;
        let (phone, pass) = world.enroll("ian").await;
        world.step();
        let before = world.record("ian").await;
        let ticket = world.ticket_for_code("ian").await;
        let mut flipped = ticket.expose().to_owned().into_bytes();
        let middle = flipped.len() / 2;
        flipped[middle] = if flipped[middle] == b'A' { b'B' } else { b'A' };
        let forged = [
            Ticket::from(""),
            Ticket::from("not a ticket"),
            Ticket::from("A".repeat(400)),
            Ticket::from("A".repeat(1_000_000)),
            Ticket::from(String::from_utf8(flipped).unwrap()),
            Ticket::from(&ticket.expose()[..ticket.expose().len() - 4]),
            // A stamp is no ticket, though sealed by the same key.
            Ticket::from(pass.stamp().expose()),
        ];
        for forged in &forged {
            let wrong = world.wrong_code(&phone);
            assert_eq!(refused(world.verify(forged, &wrong).await), Refusal::TicketVoid);
            assert_eq!(refused(world.two_factor.setup(forged).await.unwrap()), Refusal::TicketVoid);
            let confirmed = world.two_factor.confirm(Attempt::new(forged, &wrong)).await.unwrap();
            assert_eq!(refused(confirmed), Refusal::TicketVoid);
        }
        assert_eq!(world.record("ian").await, before);
        // And a ticket is no stamp.
        assert!(world.resume(&Stamp::from(ticket.expose())).await.is_none());
        let _ = granted(world.verify(&ticket, &phone.code(&world.clock)).await);
    }

    /// R3: a ticket is for one user.
    async fn a_ticket_takes_no_other_users_code(world: World) {
        world.switch_on().await;
        let (ians_phone, _) = world.enroll("ian").await;
        let (idas_phone, _) = world.enroll("ida").await;
        world.step();
        let ticket = world.ticket_for_code("ian").await;
        let (ians, idas) = (ians_phone.code(&world.clock), idas_phone.code(&world.clock));
        assert!(matches!(refused(world.verify(&ticket, &idas).await), Refusal::WrongCode { .. }));
        let pass = granted(world.verify(&ticket, &ians).await);
        assert_eq!(pass.user().as_str(), "ian");
    }

    async fn a_ticket_lasts_its_time_and_is_spent_by_a_login(world: World) {
        world.switch_on().await;
        let (phone, _) = world.enroll("ian").await;
        world.step();
        let ticket = world.ticket_for_code("ian").await;
        world.clock.advance(29 * STEP);
        let _ = granted(world.verify(&ticket, &phone.code(&world.clock)).await);
        world.clock.advance(STEP / 2);
        let code = phone.code_at(world.now().after(STEP));
        assert_eq!(refused(world.verify(&ticket, &code).await), Refusal::TicketVoid);
        let ticket = world.ticket_for_code("ian").await;
        world.clock.advance(30 * STEP);
        let code = phone.code(&world.clock);
        assert_eq!(refused(world.verify(&ticket, &code).await), Refusal::TicketVoid);
    }

    /// R11.
    async fn a_clock_that_is_set_back_accepts_nothing_twice_and_makes_nobody_wait_for_ever(world: World) {
        world.switch_on().await;
        let (phone, pass) = world.enroll("ian").await;
        world.clock.advance(1_000 * STEP);
        let session = world.log_in("ian", &phone).await;
        let code = phone.code(&world.clock);
        let ticket = world.ticket_for_code("ian").await;
        let wrong = world.wrong_code(&phone);
        for _ in 0..5 {
            let _ = refused(world.verify(&ticket, &wrong).await);
        }
        let late = world.now();
        world.clock.set(Timestamp::from_unix(late.as_unix() - 10 * 30));
        // What claims to come from the future is void: session and ticket.
        assert!(world.resume(session.stamp()).await.is_none());
        assert_eq!(refused(world.verify(&ticket, &code).await), Refusal::TicketVoid);
        assert!(world.resume(pass.stamp()).await.is_some());
        // The wait begins anew and lasts no longer than it was to last.
        let ticket = world.ticket_for_code("ian").await;
        let until = world.now().after(STEP);
        assert_eq!(refused(world.verify(&ticket, &code).await), Refusal::Wait { until });
        world.step();
        // The steps that were consumed later stay consumed.
        let refusal = refused(world.verify(&ticket, &phone.code(&world.clock)).await);
        assert!(matches!(refusal, Refusal::ClockMovedBack { .. }), "{refusal:?}");
        world.clock.set(late.after(20 * STEP));
        let _ = world.log_in("ian", &phone).await;
    }

    /// R11: no panic, no wrap-around.
    async fn the_ends_of_time_are_survived(world: World) {
        for end in [0, 1, 29, 30, u64::MAX - 30, u64::MAX] {
            world.clock.set(Timestamp::from_unix(end));
            if end == 0 {
                world.switch_on().await;
            }
            let ticket = match world.check_in("ian").await {
                countersign::Gate::Enroll(ticket) | countersign::Gate::AskCode(ticket) => ticket,
                other => panic!("{other:?}"),
            };
            if let Some(setup) = world.two_factor.setup(&ticket).await.unwrap().granted() {
                let phone = Authenticator::enrolled_with(&setup).unwrap();
                let opposite = phone.code_at(Timestamp::from_unix(u64::MAX - end));
                let confirmed = world.two_factor.confirm(Attempt::new(&ticket, &opposite)).await.unwrap();
                assert!(confirmed.refusal().is_some(), "at {end}");
            }
            let _ = world.verify(&ticket, "123456").await;
        }
    }

    /// R9: what is sealed for one row opens in no other, and nothing opens under a key that is not there.
    async fn a_record_moved_to_another_row_does_not_open(world: World) {
        world.switch_on().await;
        let _ = world.enroll("ian").await;
        let _ = world.enroll("ida").await;
        world.controls.serve_as("ida", "ian");
        let gate = world.two_factor.check_in(FirstFactor::accepted(&org(ACME), &user("ida"))).await;
        assert_eq!(gate.unwrap_err().kind(), ErrorKind::Unreadable);
    }

    /// R4.
    async fn without_its_key_nothing_opens_and_with_it_behind_another_everything_does(world: World) {
        world.switch_on().await;
        let (phone, pass) = world.enroll("ian").await;
        let first_factor = || FirstFactor::accepted(&org(ACME), &user("ian"));
        for stranger in [Keyring::new(KeyId(2), [2; 32]), Keyring::new(KeyId(1), [2; 32])] {
            let process = world.another_process_with(stranger);
            let gate = process.check_in(first_factor()).await;
            assert_eq!(gate.unwrap_err().kind(), ErrorKind::Unreadable);
            assert!(process.resume(pass.stamp()).await.unwrap().is_none());
        }
        let rotated = Keyring::new(KeyId(2), [2; 32]).with_beside(KeyId(1), KEY).unwrap();
        let world = world.with_keyring(rotated);
        assert!(world.resume(pass.stamp()).await.is_some());
        let _ = world.log_in("ian", &phone).await;
        // Written anew, it is sealed with the active key: the old one is no longer needed for this user.
        let _ = world.fresh_admin().await;
        let record = world.record("ian").await.unwrap().record;
        assert_eq!(record[1..5], 2_u32.to_be_bytes());
    }

    async fn eight_digits_and_other_periods_work_and_those_enrolled_before_keep_theirs(world: World) {
        world.switch_on().await;
        let (six, _) = world.enroll("ian").await;
        let eight = countersign::otp::Totp::new(countersign::otp::Digits::Eight, 60).unwrap();
        let world = world.with_code_rules(CodeRules::default().totp(eight));
        let (phone, _) = world.enroll("ida").await;
        assert_eq!(phone.code(&world.clock).len(), 8);
        world.step();
        let _ = world.log_in("ida", &phone).await;
        let _ = world.log_in("ian", &six).await;
        world.step();
        let ticket = world.ticket_for_code("ida").await;
        assert_eq!(refused(world.verify(&ticket, "123456").await), Refusal::Malformed);
    }
}
