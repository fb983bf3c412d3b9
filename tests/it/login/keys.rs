//! R17: keys are changed, and keys are stolen.

use countersign::{
    Attempt, FirstFactor, Gate, KeyId, Keyring, Requirement, Stamp, TwoFactor,
    admin::Support,
    audit::{Operator, Reason},
    policy::{Days, Settings},
    tokens::DeviceToken,
};

use crate::world::{ACME, KEY, granted, org, over_every_store, refused, user};

const OLD: KeyId = KeyId(1);
const NEW: KeyId = KeyId(2);

fn new() -> Keyring {
    Keyring::new(NEW, [2; 32])
}

fn key_of(record: &[u8]) -> u32 {
    u32::from_be_bytes(record[1..5].try_into().unwrap())
}

async fn resumes(server: &TwoFactor, stamp: &Stamp) -> bool {
    server.resume(stamp).await.unwrap().is_some()
}

async fn require(server: &TwoFactor, to: Requirement) {
    let support = Support::new(server, Operator::new("sue@vendor.example").unwrap());
    let reason = Reason::new("the key is changed").unwrap();
    granted(support.in_org(&org(ACME), &reason).require(to).await.unwrap());
}

over_every_store! {
    /// As the manual's page on keys says, step by step, with two servers that are never at the same step. Nobody notices:
    /// sessions go on, and codes are taken, at either server.
    async fn a_key_is_changed_and_nobody_notices(world: World) {
        world.switch_on().await;
        let (phone, first) = world.enroll("ian").await;
        let steps: [fn() -> Keyring; 5] = [
            || Keyring::new(OLD, KEY),
            || Keyring::new(OLD, KEY).with_beside(NEW, [2; 32]).unwrap(),
            || Keyring::new(NEW, [2; 32]).with_beside(OLD, KEY).unwrap(),
            || Keyring::new(NEW, [2; 32]).with_older(OLD, KEY).unwrap(),
            || Keyring::new(NEW, [2; 32]),
        ];
        let mut stamps = vec![first.stamp().clone()];
        for (number, pair) in steps.windows(2).enumerate() {
            let servers = [world.another_process_with(pair[0]()), world.another_process_with(pair[1]())];
            if number == 2 {
                // The longest token has expired: nobody is signed in since before the last step but one.
                stamps.retain(|_| false);
                world.clock.advance(std::time::Duration::from_secs(12 * 60 * 60));
            }
            if number == 3 {
                // Before the old key goes, what was not written since is written: the settings, and every record.
                require(&servers[0], Requirement::On).await;
                assert_eq!(key_of(&world.settings().await.record), NEW.0);
            }
            for (checks, takes) in [(0, 1), (1, 0)] {
                world.step();
                let first_factor = FirstFactor::accepted(&org(ACME), &user("ian"));
                let Gate::AskCode(ticket) = servers[checks].check_in(first_factor).await.unwrap() else {
                    panic!("a code is asked for at step {number}")
                };
                let code = phone.code(&world.clock);
                let pass = granted(servers[takes].verify(Attempt::new(&ticket, &code)).await.unwrap());
                stamps.push(pass.stamp().clone());
            }
            for stamp in &stamps {
                assert!(resumes(&servers[0], stamp).await && resumes(&servers[1], stamp).await, "step {number}");
            }
        }
        assert_eq!(key_of(&world.record("ian").await.unwrap().record), NEW.0);
    }

    /// What changes nothing seals the settings anew, with no event, and no second time.
    async fn requiring_what_is_required_seals_the_settings_under_the_active_key(world: World) {
        world.switch_on().await;
        let rotated = world.another_process_with(new().with_older(OLD, KEY).unwrap());
        let events = world.events().await;
        require(&rotated, Requirement::On).await;
        let written = world.settings().await;
        assert_eq!(key_of(&written.record), NEW.0);
        require(&rotated, Requirement::On).await;
        assert_eq!(world.settings().await, written);
        assert_eq!(world.events().await.len(), events.len());
    }

    async fn setting_what_is_set_seals_the_settings_under_the_active_key(world: World) {
        world.switch_on().await;
        let rotated = world.another_process_with(new().with_older(OLD, KEY).unwrap());
        let policy = rotated.org(&org(ACME)).policy().await.unwrap();
        let support = Support::new(&rotated, Operator::new("sue@vendor.example").unwrap());
        let reason = Reason::new("the key is changed").unwrap();
        let acme = support.in_org(&org(ACME), &reason);
        let before = world.events().await.len();
        granted(acme.change_settings(policy.revision, policy.settings).await.unwrap());
        let written = world.settings().await;
        assert_eq!(key_of(&written.record), NEW.0);
        granted(acme.change_settings(policy.revision, policy.settings).await.unwrap());
        assert_eq!(world.settings().await, written);
        assert_eq!(world.events().await.len(), before);
        let alone = world.another_process_with(new());
        assert_eq!(alone.org(&org(ACME)).policy().await.unwrap().requirement, Requirement::On);
    }

    /// The thief runs a portal of their own, over a copy of the database, with the key that is older by now.
    async fn an_older_key_mints_nothing_that_is_taken(world: World) {
        let world = world.with_settings(Settings::default().with_remember_devices(Some(Days::new(7).unwrap())));
        world.switch_on().await;
        let (phone, pass) = world.enroll("ian").await;
        let thief = world.another_process_with(Keyring::new(OLD, KEY));
        let device = granted(thief.signed_in(&pass).remember_device("the thief's").await.unwrap());
        let carl = FirstFactor::accepted(&org(ACME), &user("carl"));
        let Gate::Open(customer) = thief.check_in(carl).await.unwrap() else { panic!("never asked") };
        let ians = || FirstFactor::accepted(&org(ACME), &user("ian"));
        let Gate::AskCode(ticket) = thief.check_in(ians()).await.unwrap() else { panic!("a code") };
        let server = world.another_process_with(new().with_older(OLD, KEY).unwrap());
        assert!(!resumes(&server, pass.stamp()).await && !resumes(&server, customer.stamp()).await);
        world.step();
        let code = phone.code(&world.clock);
        let refusal = refused(server.verify(Attempt::new(&ticket, &code)).await.unwrap());
        assert_eq!(refusal, countersign::Refusal::TicketVoid);
        let on_it = ians().on_device(DeviceToken::from(device.token.expose()));
        assert!(matches!(server.check_in(on_it).await.unwrap(), Gate::AskCode(_)));
        // Records go on: nobody is locked out by it.
        let Gate::AskCode(ticket) = server.check_in(ians()).await.unwrap() else { panic!("a code") };
        let _ = granted(server.verify(Attempt::new(&ticket, &code)).await.unwrap());
        let bob = FirstFactor::accepted(&org(ACME), &user("bob"));
        assert!(matches!(server.check_in(bob).await.unwrap(), Gate::Enroll(_)));
    }
}
