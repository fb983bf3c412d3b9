//! What somebody is told who typed a wrong code, and what nobody is told.

use std::time::Duration;

use countersign::{Attempt, Hint, Prompt, Refusal, Ticket, Timestamp, otp::Digits, testing::Authenticator};

use crate::world::{World, granted, over_every_store, refused};

const MINUTE: u64 = 60;

impl World {
    fn ago(&self, seconds: u64) -> Timestamp {
        Timestamp::from_unix(self.now().as_unix() - seconds)
    }

    fn ahead(&self, seconds: u64) -> Timestamp {
        self.now().after(Duration::from_secs(seconds))
    }

    async fn hint(&self, ticket: &Ticket, code: &str) -> Option<Hint> {
        match refused(self.verify(ticket, code).await) {
            Refusal::WrongCode { hint, .. } => hint,
            other => panic!("{other:?}"),
        }
    }

    async fn first_hint(&self, ticket: &Ticket, code: &str) -> Option<Hint> {
        let refusal = refused(self.two_factor.confirm(Attempt::new(ticket, code)).await.unwrap());
        match refusal {
            Refusal::WrongCode { hint, .. } => hint,
            other => panic!("{other:?}"),
        }
    }

    async fn prompt(&self, ticket: &Ticket) -> Prompt {
        granted(self.two_factor.prompt(ticket).await.unwrap())
    }
}

fn behind(seconds: u64) -> Hint {
    Hint::ClockBehind { by: Duration::from_secs(seconds) }
}

over_every_store! {
    /// R1, R2: it is told, and not accepted, and counts.
    async fn a_phone_that_is_behind_is_told_by_how_much(world: World) {
        world.switch_on().await;
        let (phone, _) = world.enroll("ian").await;
        world.clock.advance(Duration::from_secs(120 * MINUTE));
        let ticket = world.ticket_for_code("ian").await;
        for (left, minutes) in [(9, 4), (8, 60), (7, 2)] {
            let late = phone.code_at(world.ago(minutes * MINUTE));
            let refusal = refused(world.verify(&ticket, &late).await);
            let hint = Some(behind(minutes * MINUTE));
            assert_eq!(refusal, Refusal::WrongCode { left, wait_until: None, hint });
        }
        // The same one again is no better.
        assert_eq!(
            world.hint(&ticket, &phone.code_at(world.ago(2 * MINUTE))).await,
            Some(behind(2 * MINUTE))
        );
        let _ = granted(world.verify(&ticket, &phone.code(&world.clock)).await);
    }

    /// R2: a hint about a code to come would tell a guesser one that will be right, and so would one about a code that
    /// another server, whose clock is a step behind, still takes.
    async fn a_login_tells_no_code_that_could_be_right_yet(world: World) {
        world.switch_on().await;
        let (phone, _) = world.enroll("ian").await;
        world.clock.advance(Duration::from_secs(120 * MINUTE));
        for steps in [2, 3, 8, 60, 120] {
            let ticket = world.ticket_for_code("ian").await;
            assert_eq!(world.hint(&ticket, &phone.code_at(world.ahead(30 * steps))).await, None, "{steps}");
            let _ = world.log_in("ian", &phone).await;
        }
        world.clock.advance(Duration::from_secs(120 * MINUTE));
        let ticket = world.ticket_for_code("ian").await;
        assert_eq!(world.hint(&ticket, &phone.code_at(world.ago(60))).await, None);
        assert_eq!(world.hint(&ticket, &phone.code_at(world.ago(90))).await, Some(behind(90)));
        assert_eq!(world.hint(&ticket, &phone.code_at(world.ago(70 * MINUTE))).await, None);
    }

    /// What was used an hour ago says nothing of a clock, and whoever saw it then learns nothing now.
    async fn a_code_of_an_earlier_login_is_only_wrong(world: World) {
        world.switch_on().await;
        let (phone, _) = world.enroll("ian").await;
        let _ = world.log_in("ian", &phone).await;
        let (used, earlier) = (phone.code(&world.clock), phone.code_at(world.ago(5 * MINUTE)));
        world.clock.advance(Duration::from_secs(10 * MINUTE));
        let ticket = world.ticket_for_code("ian").await;
        assert_eq!(world.hint(&ticket, &used).await, None);
        assert_eq!(world.hint(&ticket, &earlier).await, None);
        assert_eq!(
            world.hint(&ticket, &phone.code_at(world.ago(9 * MINUTE))).await,
            Some(behind(9 * MINUTE))
        );
    }

    /// R2: no hint refills the budget, outlives it, or is had for nothing while waiting.
    async fn hints_cost_guesses_like_all_wrong_codes(world: World) {
        world.switch_on().await;
        let (phone, _) = world.enroll("ian").await;
        world.clock.advance(Duration::from_secs(240 * MINUTE));
        let ticket = world.ticket_for_code("ian").await;
        for guess in 1..=4 {
            assert!(world.hint(&ticket, &phone.code_at(world.ago(guess * 5 * MINUTE))).await.is_some());
        }
        let late = |world: &World| phone.code_at(world.ago(4 * MINUTE));
        assert!(world.hint(&ticket, &late(&world)).await.is_some());
        let waits = refused(world.verify(&ticket, &late(&world)).await);
        assert!(matches!(waits, Refusal::Wait { .. }), "{waits:?}");
        for _ in 6..=9 {
            world.clock.advance(Duration::from_secs(20 * MINUTE));
            let ticket = world.ticket_for_code("ian").await;
            assert!(world.hint(&ticket, &late(&world)).await.is_some());
        }
        world.clock.advance(Duration::from_secs(20 * MINUTE));
        let ticket = world.ticket_for_code("ian").await;
        assert_eq!(refused(world.verify(&ticket, &late(&world)).await), Refusal::Blocked);
    }

    /// The secret is on the screen: nothing is told that is not there already.
    async fn at_the_enrollment_a_clock_is_told_either_way(world: World) {
        world.switch_on().await;
        let ticket = world.ticket_to_enroll("ian").await;
        let phone = Authenticator::enrolled_with(&world.setup(&ticket).await).unwrap();
        let early = phone.code_at(world.ahead(4 * MINUTE));
        let by = Duration::from_secs(4 * MINUTE);
        assert_eq!(world.first_hint(&ticket, &early).await, Some(Hint::ClockAhead { by }));
        assert_eq!(world.first_hint(&ticket, &phone.code_at(world.ago(60))).await, Some(behind(60)));
        assert_eq!(world.first_hint(&ticket, &world.wrong_code(&phone)).await, None);
        assert_eq!(world.prompt(&ticket).await.left, 7);
        let _ = granted(
            world.two_factor.confirm(Attempt::new(&ticket, &phone.code(&world.clock))).await.unwrap(),
        );
    }

    async fn whoever_comes_in_the_middle_of_a_wait_is_told_before_they_type(world: World) {
        world.switch_on().await;
        let (phone, _) = world.enroll("ian").await;
        world.step();
        let ticket = world.ticket_for_code("ian").await;
        let prompt = world.prompt(&ticket).await;
        assert_eq!((prompt.digits, prompt.left, prompt.wait_until), (Digits::Six, 10, None));
        for _ in 0..5 {
            let _ = refused(world.verify(&ticket, &world.wrong_code(&phone)).await);
        }
        let (record, until) = (world.record("ian").await, world.ahead(30));
        let other = world.ticket_for_code("ian").await;
        let prompt = world.prompt(&other).await;
        assert_eq!((prompt.left, prompt.wait_until), (5, Some(until)));
        // R11: set back, the clock makes nobody wait longer than the wait is.
        world.clock.set(world.ago(10 * MINUTE));
        let earlier = world.ticket_for_code("ian").await;
        assert_eq!(world.prompt(&earlier).await.wait_until, Some(world.ahead(30)));
        world.clock.set(until);
        assert_eq!(world.prompt(&other).await.wait_until, None);
        assert_eq!(world.record("ian").await, record, "asking writes nothing");

        let _ = granted(world.verify(&other, &phone.code(&world.clock)).await);
        for void in [&other, &Ticket::from("forged")] {
            assert_eq!(refused(world.two_factor.prompt(void).await.unwrap()), Refusal::TicketVoid);
        }
        world.block("ian", &phone).await;
        assert!(matches!(world.check_in("ian").await, countersign::Gate::Blocked));
    }
}

#[cfg(feature = "sha2")]
mod apps {
    use countersign::{
        otp::{Algorithm, Secret, Totp},
        policy::CodeRules,
    };

    use super::*;
    use crate::world::STEP;

    fn shows(algorithm: Algorithm, digits: Digits) -> Hint {
        Hint::AppShows { algorithm, digits }
    }

    /// The codes of an app that ignores what the QR code asks for are found, refused and counted (R2).
    #[tokio::test]
    async fn an_app_that_ignores_the_algorithm_or_the_digits_is_found_out() {
        for (asked, digits) in [(Algorithm::Sha256, Digits::Eight), (Algorithm::Sha1, Digits::Seven)] {
            let totp = Totp::new(digits, 30).unwrap().with_algorithm(asked);
            let world = World::in_memory().with_code_rules(CodeRules::default().totp(totp));
            world.switch_on().await;
            let ticket = world.ticket_to_enroll("ian").await;
            let setup = world.setup(&ticket).await;
            assert_eq!(world.prompt(&ticket).await.digits, digits);
            let secret = Secret::from_base32(setup.key()).unwrap();
            let code = |totp: Totp| totp.code_at(&secret, world.now()).unwrap().expose();
            let mut left = 10;
            let mut said = async |text: String| {
                let hint = world.first_hint(&ticket, &text).await;
                left -= 1;
                assert_eq!(world.prompt(&ticket).await.left, left);
                hint
            };
            let six = totp.with_digits(Digits::Six);
            assert_eq!(said(code(six)).await, Some(shows(asked, Digits::Six)));
            if asked != Algorithm::Sha1 {
                assert_eq!(
                    said(code(totp.with_algorithm(Algorithm::Sha1))).await,
                    Some(shows(Algorithm::Sha1, digits))
                );
                assert_eq!(
                    said(code(six.with_algorithm(Algorithm::Sha1))).await,
                    Some(shows(Algorithm::Sha1, Digits::Six))
                );
            }
            // Six digits of nothing are a guess like any other.
            assert_eq!(said("000000".to_owned()).await, None);
            let malformed = world.two_factor.confirm(Attempt::new(&ticket, "12345")).await.unwrap();
            assert_eq!(refused(malformed), Refusal::Malformed);
            assert_eq!(world.prompt(&ticket).await.left, left);
            let _ = granted(world.two_factor.confirm(Attempt::new(&ticket, &code(totp))).await.unwrap());

            // At a login six digits are not looked at: there is nothing left to find out (R11).
            world.clock.advance(STEP);
            let ticket = world.ticket_for_code("ian").await;
            assert_eq!(refused(world.verify(&ticket, &code(six)).await), Refusal::Malformed);
            assert_eq!(world.prompt(&ticket).await.digits, digits);
            let _ = granted(world.verify(&ticket, &code(totp)).await);
        }
    }
}
