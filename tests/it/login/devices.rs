//! Remembered devices: where the password is enough, and everything after which it no longer is.

use std::time::Duration;

use countersign::{
    ActRefusal, BoxError, DeviceToken, FirstFactor, Gate, OsRandom, Pass, Refusal, Requirement, Role,
    SecureRandom, Timestamp, TwoFactor, Verdict,
    admin::Support,
    audit::{Denied, Operator, Password, Reason},
    policy::{Days, Settings},
    testing::Authenticator,
    tokens::Means,
};
use tokio::task::JoinSet;

use crate::world::{ACME, Fault, START, World, granted, org, over_every_store, refused, user};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn remembering(days: u8) -> Settings {
    Settings::default().with_remember_devices(Some(Days::new(days).unwrap()))
}

/// A portal that remembers devices for thirty days, and requires codes.
async fn portal(world: World) -> World {
    let world = world.with_settings(remembering(30));
    world.switch_on().await;
    world
}

async fn remember(world: &World, pass: &Pass) -> DeviceToken {
    granted(world.signed_in(pass).remember_device("Firefox on Linux").await.unwrap()).token
}

async fn enter_by(driver: &TwoFactor, id: &str, device: &DeviceToken) -> Gate {
    let first_factor = FirstFactor::accepted(&org(ACME), &user(id)).seen_from("10.0.0.4");
    driver.check_in(first_factor.on_device(device.clone())).await.unwrap()
}

async fn enter(world: &World, id: &str, device: &DeviceToken) -> Gate {
    enter_by(&world.two_factor, id, device).await
}

async fn is_let_in(world: &World, id: &str, device: &DeviceToken) -> bool {
    matches!(enter(world, id, device).await, Gate::Open(_))
}

/// Ian, enrolled, with a device that is remembered.
async fn ian(world: &World) -> (Authenticator, Pass, DeviceToken) {
    let (phone, pass) = world.enroll("ian").await;
    let device = remember(world, &pass).await;
    assert!(is_let_in(world, "ian", &device).await);
    (phone, pass, device)
}

async fn set(world: &World, settings: Settings) {
    let support = Support::new(&world.two_factor, Operator::new("olga").unwrap());
    let revision = world.two_factor.org(&org(ACME)).policy().await.unwrap().revision;
    let reason = Reason::new("asked on the phone").unwrap();
    granted(support.in_org(&org(ACME), &reason).change_settings(revision, settings).await.unwrap());
}

over_every_store! {
    /// R10.
    async fn on_a_remembered_device_the_password_is_enough_and_the_trail_tells(world: World) {
        let world = portal(world).await;
        let (_, pass) = world.enroll("ian").await;
        let remembered = granted(world.signed_in(&pass).remember_device("Firefox on Linux").await.unwrap());
        assert_eq!(remembered.expires_at, START.after(30 * DAY));
        world.clock.advance(20 * DAY);
        let Gate::Open(pass) = enter(&world, "ian", &remembered.token).await else { panic!() };
        assert_eq!((pass.means(), pass.earned_at()), (Means::RememberedDevice, world.now()));
        let resumed = world.resume(pass.stamp()).await.unwrap();
        assert_eq!(resumed.means(), Means::RememberedDevice);
        // Everywhere else the code is asked for.
        let _ = world.ticket_for_code("ian").await;

        let devices = granted(world.signed_in(&resumed).devices().await.unwrap());
        let [device] = &devices[..] else { panic!("{devices:?}") };
        assert_eq!(device.name.as_str(), "Firefox on Linux");
        assert_eq!((device.since, device.last_used), (START, Some(world.now())));
        assert_eq!(device.expires_at, remembered.expires_at);

        let events = world.events().await;
        let told: Vec<_> = events.iter().filter(|told| told.kind.starts_with("device")).collect();
        assert_eq!(told[0].text, "a device is remembered: Firefox on Linux");
        assert_eq!(told[1].text, "no code was asked for on a remembered device: Firefox on Linux");
        assert_eq!(told[1].seen_from.as_deref(), Some("10.0.0.4"));
        assert_eq!((told.len(), told[1].by.as_deref()), (2, Some("ian")));
    }

    async fn none_is_remembered_unless_the_org_wants_it(world: World) {
        world.switch_on().await;
        let (_, pass) = world.enroll("ian").await;
        let refusal = refused(world.signed_in(&pass).remember_device("").await.unwrap());
        assert_eq!(refusal, ActRefusal::NotOffered);
        assert_eq!(world.kinds_for("ian").await, ["enrollment-started", "enrolled"]);
    }

    /// Switched off again, or for fewer days, it holds at once, and for those that were promised more.
    async fn the_org_may_think_better_of_it(world: World) {
        let world = portal(world).await;
        let (_, _, device) = ian(&world).await;
        world.clock.advance(10 * DAY);
        set(&world, remembering(11)).await;
        assert!(is_let_in(&world, "ian", &device).await);
        set(&world, remembering(10)).await;
        assert!(!is_let_in(&world, "ian", &device).await);
        set(&world, Settings::default()).await;
        assert!(!is_let_in(&world, "ian", &device).await);
    }

    async fn it_is_remembered_for_so_many_days_and_no_longer(world: World) {
        let world = portal(world).await;
        let (phone, _, device) = ian(&world).await;
        world.clock.set(Timestamp::from_unix(START.after(30 * DAY).as_unix() - 1));
        assert!(is_let_in(&world, "ian", &device).await);
        world.clock.set(START.after(30 * DAY));
        assert!(!is_let_in(&world, "ian", &device).await);
        let pass = world.log_in("ian", &phone).await;
        assert_eq!(granted(world.signed_in(&pass).devices().await.unwrap()), []);
    }

    /// R11, R15: what claims to be remembered later than any clock of now is not.
    async fn a_clock_that_was_set_back_remembers_nothing(world: World) {
        let world = portal(world).await;
        let (_, _, device) = ian(&world).await;
        for at in [START.as_unix() - 61, 0, u64::MAX] {
            world.clock.set(Timestamp::from_unix(at));
            assert!(!is_let_in(&world, "ian", &device).await, "{at}");
        }
    }

    /// R7, R6, R8: what moves the generation or the epoch ends them all.
    async fn nothing_that_ends_trust_leaves_a_device_remembered(world: World) {
        let world = portal(world).await;
        let (mut admins_phone, mut admin) = world.enroll("bob").await;
        let (mut phone, mut pass, mut device) = ian(&world).await;
        for what in ["reset", "unlocked", "trust ended", "replaced", "recovered", "off and on"] {
            match what {
                "reset" => granted(world.managed(&admin, "ian").reset(Password::AsBefore).await.unwrap()),
                "unlocked" => granted(world.managed(&admin, "ian").unlock(Password::AsBefore).await.unwrap()),
                "trust ended" => world.password_changed("ian").await,
                "replaced" => {
                    let ticket = granted(world.signed_in(&pass).replace().await.unwrap());
                    let another = Authenticator::enrolled_with(&world.setup(&ticket).await).unwrap();
                    // Until the other one is confirmed nothing has changed.
                    assert!(is_let_in(&world, "ian", &device).await);
                    let code = another.code(&world.clock);
                    let attempt = countersign::Attempt::new(&ticket, &code);
                    let _ = granted(world.two_factor.confirm(attempt).await.unwrap());
                    phone = another;
                }
                "recovered" => {
                    let codes = granted(world.signed_in(&pass).renew_recovery_codes().await.unwrap());
                    assert!(is_let_in(&world, "ian", &device).await);
                    let ticket = world.ticket_for_code("ian").await;
                    let code = codes.expose().lines().next().unwrap();
                    let attempt = countersign::Attempt::new(&ticket, code);
                    let _ = granted(world.two_factor.recover(attempt).await.unwrap());
                    // R13: on probation no other device is remembered.
                    world.clock.advance(Duration::from_secs(24 * 60 * 60));
                }
                _ => {
                    granted(world.switch(&admin, Requirement::Off).await);
                    granted(world.switch(&admin, Requirement::On).await);
                }
            }
            assert!(!is_let_in(&world, "ian", &device).await, "{what}");
            let enrolls = matches!(world.check_in("ian").await, Gate::Enroll(_));
            assert_eq!(enrolls, ["reset", "off and on"].contains(&what), "{what}");
            if what == "off and on" {
                (admins_phone, _) = world.enroll("bob").await;
            }
            if enrolls {
                (phone, pass) = world.enroll("ian").await;
            } else {
                pass = world.log_in("ian", &phone).await;
            }
            assert_eq!(granted(world.signed_in(&pass).devices().await.unwrap()), [], "{what}");
            // Another one, and the earlier one stays what it was.
            let another = remember(&world, &pass).await;
            assert!(!is_let_in(&world, "ian", &device).await, "{what}");
            device = another;
            admin = world.log_in("bob", &admins_phone).await;
        }
    }

    /// It suppresses the second step, and no block.
    async fn a_blocked_account_is_blocked_on_every_device(world: World) {
        let world = portal(world).await;
        let (phone, _, device) = ian(&world).await;
        world.block("ian", &phone).await;
        assert!(matches!(enter(&world, "ian", &device).await, Gate::Blocked));
    }

    /// Somebody else, who guesses, does not keep the owner out.
    async fn who_waits_for_guesses_of_somebody_else_is_let_in_on_their_device(world: World) {
        let world = portal(world).await;
        let (phone, _, device) = ian(&world).await;
        let (ticket, wrong) = (world.ticket_for_code("ian").await, world.wrong_code(&phone));
        while !matches!(refused(world.verify(&ticket, &wrong).await), Refusal::Wait { .. }) {}
        assert!(is_let_in(&world, "ian", &device).await);
        // And it does not end the wait (R2).
        assert!(matches!(refused(world.verify(&ticket, &wrong).await), Refusal::Wait { .. }));
    }

    /// R3, R9: bound to its user, and to its purpose.
    async fn a_token_opens_nothing_else(world: World) {
        let world = portal(world).await;
        let (_, pass, device) = ian(&world).await;
        let _ = world.enroll("ida").await;
        world.people.set("globex", "ian", Role::Internal);
        assert!(!is_let_in(&world, "ida", &device).await);
        let elsewhere = FirstFactor::accepted(&org("globex"), &user("ian")).on_device(device.clone());
        let elsewhere = world.two_factor.check_in(elsewhere).await.unwrap();
        // Nothing is required there.
        assert!(matches!(elsewhere, Gate::Open(pass) if pass.means() == Means::NotRequired));
        let stranger = world.another_process_with(countersign::Keyring::new(countersign::KeyId(1), [9; 32]));
        let (text, ticket) = (device.expose(), world.ticket_for_code("ian").await);
        let cut = &text[..text.len() - 1];
        for forged in ["", "=", &"A".repeat(5_000), pass.stamp().expose(), ticket.expose(), cut] {
            assert!(!is_let_in(&world, "ian", &DeviceToken::from(forged)).await, "{forged:.9}");
        }
        assert!(world.resume(&text.into()).await.is_none());
        assert_eq!(refused(world.verify(&text.into(), "123456").await), Refusal::TicketVoid);
        let first_factor = FirstFactor::accepted(&org(ACME), &user("ian")).on_device(device);
        assert!(stranger.check_in(first_factor).await.is_err());
    }

    /// R9: even where chance gave two users the same numbers.
    async fn a_token_is_bound_to_its_user(world: World) {
        let world = portal(world).await.with_random(OneId);
        let (_, _, device) = ian(&world).await;
        let (_, pass) = world.enroll("ida").await;
        let hers = remember(&world, &pass).await;
        assert!(is_let_in(&world, "ida", &hers).await);
        assert!(!is_let_in(&world, "ida", &device).await);
        assert!(!is_let_in(&world, "ian", &hers).await);
    }

    /// R13: a device is not what an administrative act rests on, nor what another device is remembered by.
    async fn a_device_does_not_count_as_a_fresh_code(world: World) {
        let world = portal(world).await;
        let (phone, admin) = world.enroll("bob").await;
        let device = remember(&world, &admin).await;
        let Gate::Open(admin) = enter(&world, "bob", &device).await else { panic!() };
        assert!(!admin.is_fresh(DAY));
        let two_factor = &world.two_factor;
        assert_eq!(
            refused(two_factor.admin(&admin).user(&user("ian")).reset(Password::AsBefore).await.unwrap()),
            ActRefusal::FreshCodeNeeded
        );
        assert_eq!(
            refused(two_factor.signed_in(&admin).remember_device("").await.unwrap()),
            ActRefusal::FreshCodeNeeded
        );
        assert_eq!(
            refused(two_factor.signed_in(&admin).replace().await.unwrap()),
            ActRefusal::FreshCodeNeeded
        );
        world.step();
        let ticket = granted(two_factor.signed_in(&admin).step_up().await.unwrap());
        let admin = granted(world.verify(&ticket, &phone.code(&world.clock)).await);
        granted(two_factor.admin(&admin).user(&user("ian")).reset(Password::AsBefore).await.unwrap());
    }

    /// R5.
    async fn a_customer_has_no_devices(world: World) {
        let world = portal(world).await;
        let (_, _, device) = ian(&world).await;
        let carl = world.walk_in("carl").await;
        let remembered = world.signed_in(&carl).remember_device("a phone").await.unwrap();
        assert_eq!(refused(remembered), ActRefusal::EnrollFirst);
        let listed = world.signed_in(&carl).devices().await.unwrap();
        assert_eq!(refused(listed), ActRefusal::EnrollFirst);
        assert!(is_let_in(&world, "carl", &device).await);
        assert!(world.record("carl").await.is_none());
        let (_, admin) = world.enroll("bob").await;
        let forgotten = world.managed(&admin, "carl").forget_devices().await.unwrap();
        assert_eq!(refused(forgotten), ActRefusal::Denied(Denied::Customer));
    }

    async fn the_owner_forgets_one_of_two_and_then_all(world: World) {
        let world = portal(world).await;
        let (_, pass, one) = ian(&world).await;
        let another = remember(&world, &pass).await;
        let two_factor = &world.two_factor;
        let listed = granted(two_factor.signed_in(&pass).devices().await.unwrap());
        assert_eq!(listed.len(), 2);
        // On a device too: to ask for more codes takes none.
        let Gate::Open(pass) = enter(&world, "ian", &one).await else { panic!() };
        // However the id was spelled that was asked for: the directory knows one spelling.
        granted(two_factor.signed_in(&pass).forget_device(&listed[0].id).await.unwrap());
        assert!(!is_let_in(&world, "ian", &one).await);
        assert!(is_let_in(&world, "ian", &another).await);
        // Twice is as good as once, and leaves no second event.
        granted(two_factor.signed_in(&pass).forget_device(&listed[0].id).await.unwrap());
        granted(two_factor.signed_in(&pass).forget_devices().await.unwrap());
        assert!(!is_let_in(&world, "ian", &another).await);
        assert_eq!(granted(two_factor.signed_in(&pass).devices().await.unwrap()), []);
        let kinds = world.kinds_for("ian").await;
        assert_eq!(kinds.iter().filter(|kind| *kind == "device-forgotten").count(), 2);
        assert!(world.resume(pass.stamp()).await.is_some());
    }

    /// R13, R10.
    async fn another_master_admin_lists_and_forgets_them_and_nobody_else_does(world: World) {
        let world = portal(world).await;
        let (_, _, device) = ian(&world).await;
        let two_factor = &world.two_factor;
        let (_, ida) = world.enroll("ida").await;
        for _ in 0..2 {
            let listed = two_factor.admin(&ida).user(&user("ian")).devices().await.unwrap();
            assert_eq!(refused(listed), ActRefusal::Denied(Denied::NotMasterAdmin));
            let forgotten = two_factor.admin(&ida).user(&user("ian")).forget_devices().await.unwrap();
            assert_eq!(refused(forgotten), ActRefusal::Denied(Denied::NotMasterAdmin));
        }
        assert_eq!(world.kinds_for("ida").await, ["enrollment-started", "enrolled", "act-refused"]);
        assert!(is_let_in(&world, "ian", &device).await);

        let (phone, admin) = world.enroll("bob").await;
        world.clock.advance(10 * crate::world::STEP + Duration::from_secs(1));
        let id = granted(two_factor.admin(&admin).user(&user("ian")).devices().await.unwrap())[0].id;
        let stale = two_factor.admin(&admin).user(&user("ian")).forget_device(&id).await.unwrap();
        assert_eq!(refused(stale), ActRefusal::FreshCodeNeeded);
        let admin = world.log_in("bob", &phone).await;
        let unknown =
            refused(two_factor.admin(&admin).user(&user("nobody")).forget_device(&id).await.unwrap());
        assert_eq!(unknown, ActRefusal::Denied(Denied::NotInThisOrg));
        granted(two_factor.admin(&admin).user(&user("ian")).forget_device(&id).await.unwrap());
        assert!(!is_let_in(&world, "ian", &device).await);
        let events = world.events().await;
        assert_eq!(events.last().unwrap().by.as_deref(), Some("bob"));
    }

    async fn of_more_than_eight_the_oldest_goes(world: World) {
        let world = portal(world).await;
        let (_, pass) = world.enroll("ian").await;
        let mut devices = Vec::new();
        for _ in 0..9 {
            world.clock.advance(Duration::from_secs(1));
            devices.push(remember(&world, &pass).await);
        }
        for (number, device) in devices.iter().enumerate() {
            assert_eq!(is_let_in(&world, "ian", device).await, number > 0, "{number}");
        }
        let listed = granted(world.signed_in(&pass).devices().await.unwrap());
        assert_eq!(listed.len(), 8);
    }

    /// R7: whatever the order, after the reset nothing of them is remembered.
    async fn a_reset_that_races_with_a_device_being_remembered_leaves_none(world: World) {
        let world = portal(world).await;
        let (phone, _) = world.enroll("bob").await;
        world.controls.slow_down(Duration::from_millis(1));
        for _ in 0..8 {
            let (_, pass) = world.enroll("ian").await;
            let admin = world.log_in("bob", &phone).await;
            let known = remember(&world, &pass).await;
            let mut racers = JoinSet::new();
            let (driver, token) = (world.two_factor.clone(), known.clone());
            racers.spawn(async move {
                for _ in 0..8 {
                    let _ = enter_by(&driver, "ian", &token).await;
                }
                None
            });
            let driver = world.two_factor.clone();
            racers.spawn(async move {
                granted(driver.admin(&admin).user(&user("ian")).reset(Password::AsBefore).await.unwrap());
                None
            });
            let driver = world.two_factor.clone();
            racers.spawn(async move {
                match driver.signed_in(&pass).remember_device("late").await.unwrap() {
                    Verdict::Granted(remembered) => Some(remembered.token),
                    Verdict::Refused(refusal) => {
                        assert_eq!(refusal, ActRefusal::SessionOver);
                        None
                    }
                }
            });
            let late = racers.join_all().await.into_iter().flatten();
            for device in late.chain([known]) {
                assert!(!is_let_in(&world, "ian", &device).await);
            }
            assert!(matches!(world.check_in("ian").await, Gate::Enroll(_)));
        }
    }

    /// R4: no pass before the write that tells of it was acknowledged.
    async fn a_device_lets_nobody_in_whose_login_is_not_written_down(world: World) {
        let world = portal(world).await;
        let (_, _, device) = ian(&world).await;
        world.controls.fail_next(Fault::SwapBefore);
        let first_factor = FirstFactor::accepted(&org(ACME), &user("ian")).on_device(device.clone());
        assert!(world.two_factor.check_in(first_factor).await.is_err());
        assert!(is_let_in(&world, "ian", &device).await);
    }
}

/// Draws the same id and the same generation for everybody, and everything else truly at random.
struct OneId;

impl SecureRandom for OneId {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), BoxError> {
        if bytes.len() == 16 {
            bytes.fill(7);
            Ok(())
        } else {
            OsRandom.fill(bytes)
        }
    }
}

/// A token is no text that a log should have.
#[test]
fn a_token_shows_itself_to_nobody() {
    let token = DeviceToken::from("c2VjcmV0");
    assert_eq!(format!("{token:?}"), "DeviceToken(…)");
}
