//! R17: keys are changed, and keys are stolen.

use std::time::Duration;

use countersign::{
    ActRefusal, Attempt, ErrorKind, FirstFactor, Gate, KeyId, Keyring, Requirement, Stamp, TwoFactor, UserId,
    UserStore as _,
    admin::{KeyCount, NewEpoch, SealedAnew, SealedUnder, Support},
    audit::{Operator, Password, Reason},
    policy::{Days, Settings},
    store::{Change, Stored, Swap, UserSummary},
    tokens::DeviceToken,
};

use crate::world::{ACME, Fault, KEY, granted, keyring, org, over_every_store, refused, user};

/// How long a session lasts, and the leeway between two clocks.
const LONGEST: Duration = Duration::from_secs(12 * 60 * 60 + 60);

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

/// Runs to its end, and tells how many were sealed and which do not open.
async fn reseal(server: &TwoFactor) -> (u64, Vec<UserId>) {
    let mut run = server.org(&org(ACME)).reseal();
    let (mut records, mut unreadable) = (0, Vec::new());
    while let Some(done) = run.next().await.unwrap() {
        records += done.records;
        unreadable.extend(done.unreadable);
    }
    (records, unreadable)
}

async fn support_resets(server: &TwoFactor, id: &str) {
    let support = Support::new(server, Operator::new("sue@vendor.example").unwrap());
    let reason = Reason::new("a record that does not open").unwrap();
    granted(support.in_org(&org(ACME), &reason).user(&user(id)).reset(Password::AsBefore).await.unwrap());
}

over_every_store! {
    /// As the manual's page on keys says, step by step, with two servers that are never at the same step. Nobody notices:
    /// sessions go on, and codes are taken, at either server.
    async fn a_key_is_changed_and_nobody_notices(world: World) {
        world.switch_on().await;
        let (phone, first) = world.enroll("ian").await;
        let (idas, _) = world.enroll("ida").await;
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
                // The longest token has expired, everywhere: nobody's session ends with the key.
                world.clock.advance(LONGEST);
                for stamp in stamps.drain(..) {
                    assert!(!resumes(&world.two_factor, &stamp).await);
                }
            }
            if number == 3 {
                // Before the old key goes, what was not written since is sealed anew: the settings, and Ida's record.
                let keys = servers[0].org(&org(ACME)).keys().await.unwrap();
                assert!(keys.need(OLD) && keys.settings == SealedUnder::Key(OLD));
                assert_eq!(reseal(&servers[0]).await, (2, vec![]));
                assert!(!servers[0].org(&org(ACME)).keys().await.unwrap().need(OLD));
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
        // Who had not signed in since the beginning notices nothing either.
        let alone = world.another_process_with(new());
        let first_factor = FirstFactor::accepted(&org(ACME), &user("ida"));
        let Gate::AskCode(ticket) = alone.check_in(first_factor).await.unwrap() else { panic!("a code") };
        let _ = granted(alone.verify(Attempt::new(&ticket, &idas.code(&world.clock))).await.unwrap());
    }

    /// Counted by the head of each record, also of people who have left; what nobody can tell is not "none". A run is
    /// resumed, says what it cannot open, and leaves one event.
    async fn everything_is_counted_by_its_key_and_sealed_under_the_new_one(world: World) {
        assert_eq!(world.two_factor.org(&org(ACME)).keys().await.unwrap().users, []);
        world.switch_on().await;
        for id in ["ian", "ida", "bob", "ann"] {
            let _ = world.enroll(id).await;
        }
        world.people.remove(ACME, "ann");
        let rotated = world.another_process_with(new().with_older(OLD, KEY).unwrap());
        let acme = org(ACME);
        let keys = async || rotated.org(&acme).keys().await.unwrap();
        assert_eq!(keys().await.settings, SealedUnder::Key(OLD));
        assert_eq!(keys().await.users, [KeyCount { under: SealedUnder::Key(OLD), records: 4 }]);
        // A login writes no settings; one record is under the new key.
        let first = rotated.user(&acme, &user("bob")).reseal().await.unwrap();
        assert_eq!(first, SealedAnew::Done);
        assert_eq!(rotated.user(&acme, &user("bob")).reseal().await.unwrap(), SealedAnew::AsItWas);
        assert_eq!(rotated.user(&acme, &user("carl")).reseal().await.unwrap(), SealedAnew::AsItWas);
        let mut counted = keys().await.users;
        counted.sort_by_key(|count| count.records);
        let of = |key, records| KeyCount { under: SealedUnder::Key(key), records };
        assert_eq!(counted, [of(NEW, 1), of(OLD, 3)]);
        // One that was written by something else.
        let stored = world.record("ida").await.unwrap();
        let damaged = Stored { revision: stored.revision + 1, record: b"what is this?".to_vec() };
        let summary = UserSummary::default();
        let ida = user("ida");
        let change = Change::new(&acme, stored.revision, &damaged, &summary, &[]);
        assert_eq!(world.store.swap_user(&ida, change).await.unwrap(), Swap::Done);
        let unknown = KeyCount { under: SealedUnder::Unknown, records: 1 };
        assert!(keys().await.users.contains(&unknown) && keys().await.need(KeyId(77)));

        let events = world.events().await.len();
        world.clock.advance(Duration::from_secs(1));
        world.controls.fail_next(Fault::SwapBefore);
        let mut run = rotated.org(&acme).reseal();
        assert_eq!(run.next().await.unwrap_err().kind(), ErrorKind::OutcomeUnknown);
        let done = run.next().await.unwrap().unwrap();
        assert_eq!((done.records, done.unreadable), (3, vec![ida.clone()]));
        assert_eq!(run.next().await.unwrap(), None);
        let mut counted = keys().await.users;
        counted.sort_by_key(|count| count.records);
        assert_eq!(counted, [unknown, of(NEW, 3)]);
        assert_eq!(keys().await.settings, SealedUnder::Key(NEW));
        let told = world.events().await.split_off(events);
        assert_eq!(told.len(), 1);
        assert_eq!((told[0].user.as_deref(), &*told[0].text), (None, "the records are sealed anew, under key 2"));
        // Again: nothing but what is unreadable is left, and nothing is written for it.
        let records = world.record("ian").await;
        assert_eq!(reseal(&rotated).await, (0, vec![ida.clone()]));
        assert_eq!(rotated.user(&acme, &ida).reseal().await.unwrap(), SealedAnew::Unreadable);
        assert_eq!(world.record("ian").await, records);
        support_resets(&rotated, "ida").await;
        assert!(!keys().await.need(OLD));
        let alone = world.another_process_with(new());
        assert_eq!(alone.org(&acme).policy().await.unwrap().requirement, Requirement::On);
    }

    /// Where no settings were ever written, the event of the run is with the first record.
    async fn records_are_sealed_anew_where_nothing_was_ever_decided(world: World) {
        let world = world.with_settings(Settings::default().with_enrollment_by_choice(true));
        let session = world.walk_in("ian").await;
        let first_factor = FirstFactor::accepted(session.org(), session.user());
        let ticket = granted(world.signed_in(&session).enroll(first_factor).await.unwrap());
        let _ = world.setup(&ticket).await;
        world.clock.advance(Duration::from_secs(1));
        let rotated = world.another_process_with(new().with_older(OLD, KEY).unwrap());
        assert_eq!(reseal(&rotated).await, (1, vec![]));
        assert_eq!(world.kinds_for("ian").await, ["enrollment-started", "resealed"]);
        assert_eq!(rotated.org(&org(ACME)).keys().await.unwrap().settings, SealedUnder::Nothing);
        assert_eq!(reseal(&rotated).await, (0, vec![]));
    }

    /// A store of two methods: the settings are sealed, and the records one user at a time.
    async fn a_store_that_lists_nothing_is_sealed_anew_user_by_user(world: World) {
        world.switch_on().await;
        let _ = world.enroll("ian").await;
        let two_methods = TwoFactor::builder(world.people.clone(), world.store.clone(), new().with_older(OLD, KEY).unwrap());
        let two_methods =
            two_methods.deployment("test").issuer("Acme Portal").clock(world.clock.clone()).build().unwrap();
        let acme = org(ACME);
        assert_eq!(two_methods.org(&acme).keys().await.unwrap_err().kind(), ErrorKind::NoRecords);
        assert_eq!(two_methods.org(&acme).reseal().next().await.unwrap_err().kind(), ErrorKind::NoRecords);
        assert_eq!(key_of(&world.settings().await.record), NEW.0);
        assert_eq!(two_methods.user(&acme, &user("ian")).reseal().await.unwrap(), SealedAnew::Done);
        assert_eq!(key_of(&world.record("ian").await.unwrap().record), NEW.0);
    }

    /// The settings that are there already are sealed anew even if somebody writes them in between.
    async fn settings_that_move_meanwhile_are_not_passed_over(world: World) {
        world.switch_on().await;
        let rotated = world.another_process_with(new().with_older(OLD, KEY).unwrap());
        let seen = rotated.org(&org(ACME)).policy().await.unwrap();
        let support = Support::new(&rotated, Operator::new("sue@vendor.example").unwrap());
        let reason = Reason::new("the key is changed").unwrap();
        let acme = support.in_org(&org(ACME), &reason);
        // Somebody was faster, and what they have decided was not seen.
        world.controls.fail_next(Fault::SettingsStale);
        let same = acme.change_settings(seen.revision, seen.settings).await.unwrap();
        assert_eq!(refused(same), ActRefusal::SettingsMoved);
        assert_eq!(key_of(&world.settings().await.record), OLD.0);
        world.controls.fail_next(Fault::SettingsStale);
        granted(acme.require(Requirement::On).await.unwrap());
        assert_eq!(key_of(&world.settings().await.record), NEW.0);
    }

    /// A test system has a copy of production's database, and its keys: what it hands out is nothing to production.
    async fn what_another_deployment_hands_out_is_void(world: World) {
        let world = world.with_settings(Settings::default().with_remember_devices(Some(Days::new(7).unwrap())));
        world.switch_on().await;
        let (phone, pass) = world.enroll("ian").await;
        let staging = TwoFactor::builder(world.people.clone(), world.store.clone(), keyring());
        let staging = staging.deployment("staging").issuer("Acme Portal").clock(world.clock.clone()).build().unwrap();
        assert!(staging.resume(pass.stamp()).await.unwrap().is_none());
        let ians = || FirstFactor::accepted(&org(ACME), &user("ian"));
        world.step();
        // Records open in both.
        let Gate::AskCode(ticket) = staging.check_in(ians()).await.unwrap() else { panic!("a code") };
        let code = phone.code(&world.clock);
        let refusal = refused(world.two_factor.verify(Attempt::new(&ticket, &code)).await.unwrap());
        assert_eq!(refusal, countersign::Refusal::TicketVoid);
        let there = granted(staging.verify(Attempt::new(&ticket, &code)).await.unwrap());
        assert!(!resumes(&world.two_factor, there.stamp()).await);
        let device = granted(staging.signed_in(&there).remember_device("the tester's").await.unwrap());
        let on_it = ians().on_device(DeviceToken::from(device.token.expose()));
        assert!(matches!(world.two_factor.check_in(on_it).await.unwrap(), Gate::AskCode(_)));
    }

    /// As the manual says for a stolen key: from the moment at which it is an older one, nothing that it makes is taken; a
    /// new epoch makes the secrets of that day worthless; and once everything is sealed anew the key can go.
    async fn a_stolen_key_is_replaced_as_the_manual_says(world: World) {
        world.switch_on().await;
        let (phone, pass) = world.enroll("ian").await;
        let _ = world.enroll("bob").await;
        // 1. The new key in front, the stolen one as an older one. Everybody is signed out.
        let server = world.another_process_with(new().with_older(OLD, KEY).unwrap());
        let thief = world.another_process_with(Keyring::new(OLD, KEY));
        assert!(!resumes(&server, pass.stamp()).await);
        // 2. A new epoch: the thief has the database, and shows right codes.
        let acme = org(ACME);
        let support = Support::new(&server, Operator::new("sue@vendor.example").unwrap());
        let reason = Reason::new("a stolen key").unwrap();
        let seen = server.org(&acme).policy().await.unwrap().epoch;
        let new_epoch = NewEpoch::after(seen).ending_sessions();
        granted(support.in_org(&acme, &reason).begin_epoch(new_epoch).await.unwrap());
        world.step();
        let ians = FirstFactor::accepted(&acme, &user("ian"));
        let Gate::Enroll(ticket) = server.check_in(ians).await.unwrap() else { panic!("enrolls again") };
        let refusal = refused(server.verify(Attempt::new(&ticket, &phone.code(&world.clock))).await.unwrap());
        assert_eq!(refusal, countersign::Refusal::TicketVoid);
        // 3. Everything is sealed anew, and the stolen key goes.
        assert!(server.org(&acme).keys().await.unwrap().need(OLD));
        let _ = reseal(&server).await;
        assert!(!server.org(&acme).keys().await.unwrap().need(OLD));
        let server = world.another_process_with(new());
        assert_eq!(server.org(&acme).policy().await.unwrap().requirement, Requirement::On);
        // The thief reads nothing any more that was written since.
        assert_eq!(thief.org(&acme).policy().await.unwrap_err().kind(), ErrorKind::Unreadable);
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
