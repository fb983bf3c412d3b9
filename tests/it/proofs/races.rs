//! Many at once, over every store, without latency and with about a millisecond of it: what shows nothing in memory
//! shows everything once reads and writes lie apart.

use std::{collections::BTreeSet, time::Duration};

use countersign::{
    ActRefusal, Attempt, FirstFactor, Gate, MemoryStore, OrgId, Refusal, Requirement, SettingsStore,
    TwoFactor, UserId, UserStore, Verdict,
    audit::Password,
    policy::{RunningSessions, Settings},
    store::{Change, OrgSummary, Stored, Swap, UserSummary},
    testing::{Authenticator, ManualClock},
};
use tokio::task::JoinSet;

use crate::world::{ACME, START, World, granted, keyring, org, over_every_store, refused, user};

/// With the store as it is, and slowed down.
const LATENCIES: [Duration; 2] = [Duration::ZERO, Duration::from_millis(1)];

/// The answer to a code that has just let somebody in.
const USED: Refusal = Refusal::AlreadyUsed { left: 10, wait_until: None };

/// What the tasks of a race came to.
async fn outcomes<T: 'static>(tasks: JoinSet<T>) -> Vec<T> {
    tasks.join_all().await
}

over_every_store! {
    /// R1: under one ticket, in two processes.
    async fn a_code_is_spent_once_by_many_racers(world: World) {
        world.switch_on().await;
        let (phone, _) = world.enroll("ian").await;
        let drivers = [world.two_factor.clone(), world.another_process()];
        for latency in LATENCIES {
            world.controls.slow_down(latency);
            world.step();
            let (ticket, code) = (world.ticket_for_code("ian").await, phone.code(&world.clock));
            let mut racers = JoinSet::new();
            for n in 0..64 {
                let (driver, ticket, code) = (drivers[n % 2].clone(), ticket.clone(), code.clone());
                racers.spawn(async move { driver.verify(Attempt::new(&ticket, &code)).await.unwrap() });
            }
            let refusals: Vec<_> = outcomes(racers).await.iter().filter_map(Verdict::refusal).collect();
            assert_eq!(refusals, [Refusal::TicketVoid; 63]);
        }
    }

    /// R1: each with a ticket of their own, as somebody has who looked over the user's shoulder.
    async fn a_code_is_spent_once_by_many_logins(world: World) {
        world.switch_on().await;
        let (phone, _) = world.enroll("ian").await;
        for latency in LATENCIES {
            world.controls.slow_down(latency);
            world.clock.advance(100 * crate::world::STEP);
            let code = phone.code(&world.clock);
            let mut racers = JoinSet::new();
            for _ in 0..64 {
                let (driver, code) = (world.two_factor.clone(), code.clone());
                let ticket = world.ticket_for_code("ian").await;
                racers.spawn(async move { driver.verify(Attempt::new(&ticket, &code)).await.unwrap() });
            }
            let verdicts = outcomes(racers).await;
            assert_eq!(verdicts.iter().filter(|verdict| verdict.refusal().is_none()).count(), 1);
            // R15: the others are told so, and none of them is taken for a guess.
            let used = |verdict: &&Verdict<_>| verdict.refusal() == Some(USED);
            assert_eq!(verdicts.iter().filter(used).count(), 63);
        }
    }

    /// R2: no more are looked at than the budget has, whoever asks and from wherever.
    async fn parallel_guesses_use_up_the_budget_one_by_one(world: World) {
        world.switch_on().await;
        let (phone, _) = world.enroll("ian").await;
        let drivers = [world.two_factor.clone(), world.another_process()];
        let mut in_a_row = 0;
        for latency in LATENCIES {
            world.controls.slow_down(latency);
            let wrong = world.wrong_code(&phone);
            let tickets = [world.ticket_for_code("ian").await, world.ticket_for_code("ian").await];
            let mut racers = JoinSet::new();
            for n in 0..200 {
                let (driver, ticket, code) =
                    (drivers[n % 2].clone(), tickets[n / 2 % 2].clone(), wrong.clone());
                racers.spawn(async move { driver.verify(Attempt::new(&ticket, &code)).await.unwrap() });
            }
            let mut left: Vec<u32> = Vec::new();
            for refusal in outcomes(racers).await.iter().filter_map(Verdict::refusal) {
                match refusal {
                    Refusal::WrongCode { left: n, .. } => left.push(n),
                    Refusal::Wait { .. } => {}
                    other => panic!("{other:?}"),
                }
            }
            left.sort_unstable_by(|a, b| b.cmp(a));
            // First the five before a wait begins; after it, one.
            let expected: Vec<u32> = if in_a_row == 0 { vec![9, 8, 7, 6, 5] } else { vec![4] };
            assert_eq!(left, expected);
            in_a_row += left.len();
            let counted = world.kinds_for("ian").await.iter().filter(|kind| *kind == "code-refused").count();
            assert_eq!(counted, in_a_row);
            world.step();
        }
    }

    /// R6.
    async fn two_admins_who_switch_on_at_once_make_one_epoch(world: World) {
        for (round, latency) in LATENCIES.into_iter().enumerate() {
            world.controls.slow_down(latency);
            let mut admins = Vec::new();
            for n in 0..16 {
                admins.push(world.walk_in(["ann", "bob"][n % 2]).await);
            }
            let mut racers = JoinSet::new();
            for admin in admins {
                let driver = world.two_factor.clone();
                racers.spawn(async move { driver.admin(&admin).require(Requirement::On).await.unwrap() });
            }
            // Whoever comes after the switch has no code to show, and is told so.
            for verdict in outcomes(racers).await {
                assert!(matches!(verdict.refusal(), None | Some(ActRefusal::FreshCodeNeeded)));
            }
            let switches =
                world.events().await.into_iter().filter(|told| told.text.contains("from off to on"));
            assert_eq!(switches.count(), round + 1);
            let (_, admin) = world.enroll("ann").await;
            granted(world.switch(&admin, Requirement::Off).await);
        }
    }

    /// R8, R9.
    async fn sixteen_tabs_under_one_ticket_show_one_secret_and_another_check_in_another(world: World) {
        world.switch_on().await;
        for (id, latency) in ["ian", "ida"].into_iter().zip(LATENCIES) {
            world.controls.slow_down(latency);
            let ticket = world.ticket_to_enroll(id).await;
            let mut tabs = JoinSet::new();
            for _ in 0..16 {
                let (driver, ticket) = (world.two_factor.clone(), ticket.clone());
                tabs.spawn(async move { granted(driver.setup(&ticket).await.unwrap()).key().to_owned() });
            }
            let shown: BTreeSet<String> = outcomes(tabs).await.into_iter().collect();
            assert_eq!(shown.len(), 1);
            assert_eq!(world.kinds_for(id).await, ["enrollment-started"]);
            // Even within the same second.
            let another = world.ticket_to_enroll(id).await;
            let setup = world.setup(&another).await;
            assert!(!shown.contains(setup.key()));
            let first = shown.into_iter().next().unwrap();
            let code = Authenticator::with_key(&first).unwrap().code(&world.clock);
            let confirmed = world.two_factor.confirm(Attempt::new(&ticket, &code)).await.unwrap();
            assert_eq!(refused(confirmed), Refusal::TicketVoid);
        }
    }

    /// R7: whichever comes first, the user is not enrolled with a pass in hand after the reset.
    async fn a_reset_that_races_a_confirmation_leaves_nothing_that_it_should_have_ended(world: World) {
        world.switch_on().await;
        let (admins_phone, _) = world.enroll("ann").await;
        for latency in LATENCIES {
            world.controls.slow_down(latency);
            for _ in 0..8 {
                let ticket = world.ticket_to_enroll("ian").await;
                let phone = Authenticator::enrolled_with(&world.setup(&ticket).await).unwrap();
                let admin = world.log_in("ann", &admins_phone).await;
                let code = phone.code(&world.clock);
                let confirm = world.two_factor.confirm(Attempt::new(&ticket, &code));
                let target = user("ian");
                let target = world.two_factor.admin(&admin).user(&target);
                let (confirmed, reset) = tokio::join!(confirm, target.reset(Password::AsBefore));
                granted(reset.unwrap());
                match confirmed.unwrap() {
                    Verdict::Granted(enrolled) => {
                        assert!(world.resume(enrolled.pass.stamp()).await.is_none());
                    }
                    Verdict::Refused(refusal) => assert_eq!(refusal, Refusal::TicketVoid),
                }
            }
        }
    }

    /// R6: a login that began before the switch ends in no session that the new epoch would accept.
    async fn off_and_on_during_a_login_voids_it(world: World) {
        let ended = Settings::default().with_running_sessions(RunningSessions::End);
        let world = world.with_settings(ended);
        world.switch_on().await;
        for latency in LATENCIES {
            world.controls.slow_down(latency);
            // Both anew each time: the switch of the round before made them.
            let (phone, _) = world.enroll("ian").await;
            let (_, admin) = world.enroll("ann").await;
            world.step();
            let ticket = world.ticket_for_code("ian").await;
            let code = phone.code(&world.clock);
            let switch = async {
                granted(world.switch(&admin, Requirement::Off).await);
                granted(world.switch(&admin, Requirement::On).await);
            };
            let (verified, ()) = tokio::join!(world.two_factor.verify(Attempt::new(&ticket, &code)), switch);
            match verified.unwrap() {
                Verdict::Granted(pass) => assert!(world.resume(pass.stamp()).await.is_none()),
                Verdict::Refused(refusal) => assert_eq!(refusal, Refusal::TicketVoid),
            }
            assert_eq!(refused(world.verify(&ticket, &code).await), Refusal::TicketVoid);
            let _ = world.ticket_to_enroll("ian").await;
        }
    }

    /// R2, R4: a request that is cancelled anywhere tells nothing; it costs at most the guess.
    async fn a_cancelled_request_costs_at_most_the_guess(world: World) {
        world.switch_on().await;
        let (phone, _) = world.enroll("ian").await;
        world.controls.slow_down(Duration::from_millis(1));
        let wrong = world.wrong_code(&phone);
        for micros in [0, 300, 900, 1500] {
            let ticket = world.ticket_for_code("ian").await;
            let attempt = world.two_factor.verify(Attempt::new(&ticket, &wrong));
            let _ = tokio::time::timeout(Duration::from_micros(micros), attempt).await;
        }
        world.controls.slow_down(Duration::ZERO);
        let counted = world.kinds_for("ian").await.iter().filter(|kind| *kind == "code-refused").count();
        world.step();
        let ticket = world.ticket_for_code("ian").await;
        let refusal = refused(world.verify(&ticket, &wrong).await);
        let expected = 10 - u32::try_from(counted).unwrap() - 1;
        assert!(matches!(refusal, Refusal::WrongCode { left, .. } if left == expected), "{refusal:?}");
    }
}

/// Nobody is asked twice at once for what they need not show.
#[tokio::test]
async fn check_ins_at_once_write_nothing() {
    let world = World::in_memory();
    world.switch_on().await;
    let before = world.controls.swaps.load(std::sync::atomic::Ordering::SeqCst);
    let mut racers = JoinSet::new();
    for _ in 0..64 {
        let driver = world.two_factor.clone();
        racers.spawn(async move { driver.check_in(FirstFactor::accepted(&org(ACME), &user("ian"))).await });
    }
    for gate in outcomes(racers).await {
        assert!(matches!(gate.unwrap(), Gate::Enroll(_)));
    }
    assert_eq!(world.controls.swaps.load(std::sync::atomic::Ordering::SeqCst), before);
}

/// Two round trips in all, and not three: whoever reads one before the other waits here for ever.
#[tokio::test]
async fn record_and_settings_are_read_at_the_same_time() {
    struct Together(MemoryStore, tokio::sync::Barrier);
    impl UserStore for Together {
        type Error = std::convert::Infallible;
        async fn load_user(&self, org: &OrgId, user: &UserId) -> Result<Option<Stored>, Self::Error> {
            self.1.wait().await;
            self.0.load_user(org, user).await
        }
        async fn swap_user(
            &self,
            user: &UserId,
            change: Change<'_, UserSummary>,
        ) -> Result<Swap, Self::Error> {
            self.0.swap_user(user, change).await
        }
    }
    impl SettingsStore for Together {
        type Error = std::convert::Infallible;
        async fn load_settings(&self, org: &OrgId) -> Result<Option<Stored>, Self::Error> {
            self.1.wait().await;
            self.0.load_settings(org).await
        }
        async fn swap_settings(&self, change: Change<'_, OrgSummary>) -> Result<Swap, Self::Error> {
            self.0.swap_settings(change).await
        }
    }
    let people = crate::world::People::default();
    people.set(ACME, "ian", countersign::Role::Internal);
    let store = Together(MemoryStore::new(), tokio::sync::Barrier::new(2));
    let two_factor = TwoFactor::builder(people, store, keyring())
        .deployment("test")
        .issuer("Acme Portal")
        .default_requirement(Requirement::On)
        .clock(ManualClock::at(START))
        .build()
        .unwrap();
    let log_in = async {
        let first_factor = || FirstFactor::accepted(&org(ACME), &user("ian"));
        let Gate::Enroll(ticket) = two_factor.check_in(first_factor()).await.unwrap() else { panic!() };
        let phone = Authenticator::enrolled_with(&granted(two_factor.setup(&ticket).await.unwrap())).unwrap();
        let code = phone.code_at(START);
        let enrolled = granted(two_factor.confirm(Attempt::new(&ticket, &code)).await.unwrap());
        assert!(two_factor.resume(enrolled.pass.stamp()).await.unwrap().is_some());
        let Gate::AskCode(ticket) = two_factor.check_in(first_factor()).await.unwrap() else { panic!() };
        let next = phone.code_at(countersign::Timestamp::from_unix(START.as_unix() + 30));
        let _ = granted(two_factor.verify(Attempt::new(&ticket, &next)).await.unwrap());
    };
    tokio::time::timeout(Duration::from_secs(20), log_in).await.unwrap();
}
