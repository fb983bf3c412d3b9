//! What an org may choose: who chooses it, from when on it holds, and what happens when two choose at once.

use std::time::Duration;

use countersign::{
    ActRefusal, FirstFactor, Gate, Pass, Refusal, Requirement, Role, Timestamp, Verdict,
    admin::Support,
    audit::{Denied, Operator, Password, Reason},
    policy::{CodeRules, Days, InvalidCodeRule, InvalidSetting, OrgPolicy, RunningSessions, Settings, Waits},
};
use proptest::prelude::*;

use crate::world::{ACME, World, granted, org, over_every_store, refused, user};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);

type With = fn(Settings, Duration) -> Result<Settings, InvalidSetting>;

async fn in_force(world: &World) -> OrgPolicy {
    world.two_factor.org(&org(ACME)).policy().await.unwrap()
}

/// The admin looks, and changes what they see.
async fn change(world: &World, admin: &Pass, to: Settings) -> Verdict<(), ActRefusal> {
    let seen = in_force(world).await.revision;
    world.two_factor.admin(admin).change_settings(seen, to).await.unwrap()
}

async fn count(world: &World, kind: &str) -> usize {
    world.events().await.iter().filter(|told| told.kind == kind).count()
}

over_every_store! {
    /// R10.
    async fn a_master_admin_changes_the_settings_and_the_trail_says_from_what_to_what(world: World) {
        let admin = world.walk_in("ann").await.seen_from("10.0.0.3");
        assert_eq!(in_force(&world).await.settings, Settings::default());
        assert_eq!(in_force(&world).await.revision, 0);
        let other = Settings::default().with_hard_stop(5).unwrap().with_stamp_lifetime(8 * HOUR).unwrap();
        granted(change(&world, &admin, other).await);
        assert_eq!(in_force(&world).await.settings, other);
        let events = world.events().await;
        let told = events.iter().find(|told| told.kind == "settings-changed").unwrap();
        assert_eq!(told.text, "the settings were changed: hard stop: 10 → 5; sessions last: 12 h → 8 h");
        assert_eq!((told.user.as_deref(), told.by.as_deref()), (None, Some("ann")));
        assert_eq!(told.seen_from.as_deref(), Some("10.0.0.3"));
        // What holds already is not written again, even by somebody who has not looked.
        granted(world.two_factor.admin(&admin).change_settings(0, other).await.unwrap());
        assert_eq!(count(&world, "settings-changed").await, 1);
        assert_eq!(in_force(&world).await.revision, 1);
    }

    /// R13, R5, R10.
    async fn nobody_else_changes_them_and_the_attempt_is_recorded(world: World) {
        let stricter = Settings::pci_dss();
        for (id, trail) in [("ian", vec!["act-refused"]), ("carl", vec![])] {
            let pass = world.walk_in(id).await;
            for _ in 0..3 {
                let changed = change(&world, &pass, stricter).await;
                assert_eq!(refused(changed), ActRefusal::Denied(Denied::NotMasterAdmin));
            }
            assert_eq!(world.kinds_for(id).await, trail);
        }
        let admin = world.walk_in("ann").await;
        world.people.set(ACME, "ann", Role::Internal);
        assert_eq!(
            refused(change(&world, &admin, stricter).await),
            ActRefusal::Denied(Denied::NotMasterAdmin)
        );
        assert_eq!(in_force(&world).await.settings, Settings::default());
    }

    /// R13: how old the code may be is the org's own choice, and to loosen that takes a code as well.
    async fn a_change_wants_a_code_as_fresh_as_the_org_says(world: World) {
        let before_the_switch = world.switch_on_and_stay().await;
        let strict = Settings::default().with_fresh_code(MINUTE).unwrap();
        assert_eq!(refused(change(&world, &before_the_switch, strict).await), ActRefusal::FreshCodeNeeded);
        let (phone, admin) = world.enroll("bob").await;
        granted(change(&world, &admin, strict).await);
        world.clock.advance(MINUTE);
        granted(world.managed(&admin, "ian").unlock(Password::AsBefore).await.unwrap());
        world.clock.advance(SECOND);
        let unlocked = world.managed(&admin, "ian").unlock(Password::AsBefore).await.unwrap();
        assert_eq!(refused(unlocked), ActRefusal::FreshCodeNeeded);
        let loose = strict.with_fresh_code(HOUR).unwrap();
        assert_eq!(refused(change(&world, &admin, loose).await), ActRefusal::FreshCodeNeeded);
        let ticket = granted(world.signed_in(&admin).step_up().await.unwrap());
        let admin = granted(world.verify(&ticket, &phone.code(&world.clock)).await);
        granted(change(&world, &admin, loose).await);
        world.clock.advance(HOUR);
        granted(world.managed(&admin, "ian").unlock(Password::AsBefore).await.unwrap());
    }

    /// R6: only the switch from off to on begins an epoch, whatever the settings are.
    async fn other_settings_make_nobody_enroll_anew(world: World) {
        world.switch_on().await;
        let (phone, pass) = world.enroll("ian").await;
        let (_, admin) = world.enroll("bob").await;
        let before = in_force(&world).await;
        for settings in [Settings::nist_aal2(), Settings::pci_dss(), Settings::asvs_l2(), Settings::default()]
        {
            granted(change(&world, &admin, settings).await);
            assert!(world.resume(pass.stamp()).await.is_some());
        }
        assert_eq!(in_force(&world).await.epoch, before.epoch);
        let _ = world.log_in("ian", &phone).await;
        granted(world.switch(&admin, Requirement::Off).await);
        granted(world.switch(&admin, Requirement::On).await);
        assert_ne!(in_force(&world).await.epoch, before.epoch);
        assert_eq!(in_force(&world).await.settings, Settings::default());
        let _ = world.ticket_to_enroll("ian").await;
    }

    /// R2: what was counted before counts under the new settings.
    async fn a_lower_hard_stop_blocks_whoever_has_reached_it(world: World) {
        world.switch_on().await;
        let (phone, _) = world.enroll("ian").await;
        let (_, admin) = world.enroll("bob").await;
        let ticket = world.ticket_for_code("ian").await;
        let wrong = world.wrong_code(&phone);
        for _ in 0..3 {
            let _ = refused(world.verify(&ticket, &wrong).await);
        }
        granted(change(&world, &admin, Settings::default().with_hard_stop(4).unwrap()).await);
        assert_eq!(refused(world.verify(&ticket, &wrong).await), Refusal::Blocked);
        granted(world.managed(&admin, "ian").unlock(Password::AsBefore).await.unwrap());
        granted(change(&world, &admin, Settings::default().with_hard_stop(3).unwrap()).await);
        let ticket = world.ticket_for_code("ian").await;
        for left in [2, 1] {
            let refusal = refused(world.verify(&ticket, &wrong).await);
            assert_eq!(refusal, Refusal::WrongCode { left, wait_until: None, hint: None });
        }
        assert_eq!(refused(world.verify(&ticket, &wrong).await), Refusal::Blocked);
    }

    /// R2: from the first wrong code on, if the org says so.
    async fn the_waits_are_the_orgs(world: World) {
        let waits = Waits { from: 1, first: 40 * SECOND, longest: 100 * SECOND };
        let world = world.with_settings(Settings::default().with_waits(waits).unwrap());
        world.switch_on().await;
        let (phone, _) = world.enroll("ian").await;
        let ticket = world.ticket_for_code("ian").await;
        let wrong = world.wrong_code(&phone);
        for seconds in [40, 80, 100, 100] {
            let until = world.now().after(seconds * SECOND);
            match refused(world.verify(&ticket, &wrong).await) {
                Refusal::WrongCode { wait_until, .. } => assert_eq!(wait_until, Some(until)),
                other => panic!("{other:?}"),
            }
            world.clock.set(until);
        }
    }

    /// R5: but for customers no org's settings are read. They have those that the host states.
    async fn what_is_handed_out_lasts_as_long_as_the_org_says(world: World) {
        let admin = world.walk_in("ann").await;
        let short = Settings::default()
            .with_stamp_lifetime(10 * MINUTE)
            .unwrap()
            .with_ticket_lifetime(2 * MINUTE)
            .unwrap();
        granted(change(&world, &admin, short).await);
        // It holds for what is out already, and not before somebody looks at it again.
        assert_eq!(admin.expires_at(), world.now().after(12 * HOUR));
        let seen_again = world.resume(admin.stamp()).await.unwrap();
        assert_eq!(seen_again.expires_at(), world.now().after(10 * MINUTE));
        assert_eq!(world.walk_in("ian").await.expires_at(), world.now().after(10 * MINUTE));
        assert_eq!(world.walk_in("carl").await.expires_at(), world.now().after(12 * HOUR));
        granted(world.switch(&admin, Requirement::On).await);
        let (phone, _) = world.enroll("ian").await;
        let late = world.ticket_for_code("ian").await;
        world.clock.advance(2 * MINUTE);
        assert_eq!(refused(world.verify(&late, &phone.code(&world.clock)).await), Refusal::TicketVoid);
        let pass = world.log_in("ian", &phone).await;
        world.clock.advance(10 * MINUTE);
        assert!(world.resume(pass.stamp()).await.is_none());
        // Another org's users are not concerned.
        let gus = FirstFactor::accepted(&org("globex"), &user("gus"));
        let Gate::Open(gus) = world.two_factor.check_in(gus).await.unwrap() else { panic!() };
        assert_eq!(gus.expires_at(), world.now().after(12 * HOUR));
    }

    /// After an incident nobody waits until the sessions of before have ended by themselves. A step-up brings none back.
    async fn shorter_sessions_end_those_that_are_running(world: World) {
        world.switch_on().await;
        let (phone, pass) = world.enroll("ian").await;
        let admin = world.fresh_admin().await;
        world.clock.advance(30 * MINUTE);
        let ticket = granted(world.signed_in(&pass).step_up().await.unwrap());
        let stepped_up = granted(world.verify(&ticket, &phone.code(&world.clock)).await);
        let (support, reason) = (
            Support::new(&world.two_factor, Operator::new("sue@vendor.example").unwrap()),
            Reason::new("an incident").unwrap(),
        );
        let set = async |lifetime| {
            let seen = in_force(&world).await;
            let settings = seen.settings.with_stamp_lifetime(lifetime).unwrap();
            let acme = support.in_org(&org(ACME), &reason);
            granted(acme.change_settings(seen.revision, settings).await.unwrap());
        };
        set(31 * MINUTE).await;
        let seen_again = world.resume(stepped_up.stamp()).await.unwrap();
        assert_eq!(seen_again.expires_at(), world.now().after(MINUTE));
        world.clock.advance(MINUTE);
        for stamp in [pass.stamp(), stepped_up.stamp(), admin.stamp()] {
            assert!(world.resume(stamp).await.is_none());
        }
        // R14: what has ended stays so when sessions are longer again; and what is running goes on.
        let running = world.log_in("ian", &phone).await;
        set(30 * 24 * HOUR).await;
        for stamp in [pass.stamp(), stepped_up.stamp(), admin.stamp()] {
            assert!(world.resume(stamp).await.is_none());
        }
        let seen_again = world.resume(running.stamp()).await.unwrap();
        assert_eq!(seen_again.expires_at(), running.expires_at());
    }

    /// R16: fewer days to enroll hold for those who were told more; and a session of that time ends with it.
    async fn fewer_days_to_enroll_hold_for_whoever_was_told_more(world: World) {
        let day = 24 * HOUR;
        let within = |days| Some(Days::new(days).unwrap());
        let long = Settings::default().with_enroll_within(within(30)).with_stamp_lifetime(30 * day).unwrap();
        let world = world.with_settings(long);
        let ann = world.walk_in("ann").await;
        granted(world.switch(&ann, Requirement::On).await);
        let told = world.now();
        let Gate::EnrollBy { pass, by, .. } = world.check_in("ian").await else { panic!("there is time") };
        assert_eq!(by, told.after(30 * day));
        let (support, reason) = (
            Support::new(&world.two_factor, Operator::new("sue@vendor.example").unwrap()),
            Reason::new("sooner than planned").unwrap(),
        );
        let acme = support.in_org(&org(ACME), &reason);
        let Gate::EnrollBy { pass: idas, .. } = world.check_in("ida").await else { panic!("there is time") };
        let by_name = granted(acme.user(&user("ida")).extend(Days::new(40).unwrap()).await.unwrap());
        let seen = in_force(&world).await;
        let fewer = seen.settings.with_enroll_within(within(7));
        granted(acme.change_settings(seen.revision, fewer).await.unwrap());
        let Gate::EnrollBy { by, .. } = world.check_in("ian").await else { panic!("there is time") };
        assert_eq!(by, told.after(7 * day));
        world.clock.advance(7 * day);
        assert!(world.resume(pass.stamp()).await.is_none(), "the session ends with its time");
        assert!(matches!(world.check_in("ian").await, Gate::AskInvitation(_)));
        // Whoever was given time by name has it.
        let Gate::EnrollBy { by, .. } = world.check_in("ida").await else { panic!("there is time") };
        assert_eq!(by, by_name);
        assert!(world.resume(idas.stamp()).await.is_some());
    }

    async fn a_stricter_choice_about_running_sessions_holds_at_once(world: World) {
        let running = world.walk_in("ian").await;
        world.switch_on().await;
        let (_, admin) = world.enroll("bob").await;
        assert!(world.resume(running.stamp()).await.is_some());
        granted(
            change(&world, &admin, Settings::default().with_running_sessions(RunningSessions::End)).await,
        );
        assert!(world.resume(running.stamp()).await.is_none());
        assert!(world.resume(admin.stamp()).await.is_some());
    }

    async fn the_host_states_the_settings_that_orgs_begin_with(world: World) {
        let world = world.with_settings(Settings::pci_dss());
        assert_eq!(in_force(&world).await.settings, Settings::pci_dss());
        // The first decision writes them down: what the host states later is for orgs that have decided nothing yet.
        world.switch_on().await;
        let world = world.with_settings(Settings::nist_aal2());
        assert_eq!(in_force(&world).await.settings, Settings::pci_dss());
    }

    /// R13: the settings are the org's also where the vendor mandates the requirement; the vendor may set them too.
    async fn the_vendor_changes_them_with_a_reason_and_what_is_mandated_stays_so(world: World) {
        let support = Support::new(&world.two_factor, Operator::new("sue@vendor.example").unwrap());
        let reason = Reason::new("case 12: contract signed").unwrap();
        let set = support.in_org(&org(ACME), &reason).change_settings(0, Settings::pci_dss()).await.unwrap();
        assert_eq!(set.refusal(), None);
        granted(support.in_org(&org(ACME), &reason).require(Requirement::Mandated).await.unwrap());
        let told = world.events().await.into_iter().find(|told| told.kind == "settings-changed").unwrap();
        assert!(
            told.text.ends_with("running sessions: go on → end without a code: case 12: contract signed")
        );
        assert_eq!(told.by.as_deref(), Some("sue@vendor.example"));
        let (_, admin) = world.enroll("ann").await;
        granted(change(&world, &admin, Settings::nist_aal2()).await);
        assert_eq!(in_force(&world).await.requirement, Requirement::Mandated);
        let stale =
            support.in_org(&org(ACME), &reason).change_settings(2, Settings::pci_dss()).await.unwrap();
        assert_eq!(stale.refusal(), Some(ActRefusal::SettingsMoved));
    }

    async fn nobody_undoes_unknowingly_what_another_has_just_done(world: World) {
        let (ann, bob) = (world.walk_in("ann").await, world.walk_in("bob").await);
        let seen = in_force(&world).await;
        let anns = seen.settings.with_hard_stop(5).unwrap();
        granted(world.two_factor.admin(&ann).change_settings(seen.revision, anns).await.unwrap());
        let bobs = seen.settings.with_stamp_lifetime(HOUR).unwrap();
        let overtaken = world.two_factor.admin(&bob).change_settings(seen.revision, bobs).await.unwrap();
        assert_eq!(refused(overtaken), ActRefusal::SettingsMoved);
        assert_eq!(in_force(&world).await.settings, anns);
        let again = in_force(&world).await;
        let both = again.settings.with_stamp_lifetime(HOUR).unwrap();
        granted(world.two_factor.admin(&bob).change_settings(again.revision, both).await.unwrap());
        assert_eq!(in_force(&world).await.settings, both);
    }

    /// R10: of many who change the same settings at once, one does, and one event says so.
    async fn of_many_changes_at_once_one_holds(world: World) {
        let ann = world.walk_in("ann").await;
        world.controls.slow_down(Duration::from_micros(300));
        let racers = (1..=16_u32).map(|n| {
            let (driver, stamp) = (world.another_process(), ann.stamp().clone());
            tokio::spawn(async move {
                let admin = driver.resume(&stamp).await.unwrap().unwrap();
                let to = Settings::default().with_hard_stop(10 + n).unwrap();
                (n, driver.admin(&admin).change_settings(0, to).await.unwrap())
            })
        });
        let mut winners = Vec::new();
        for racer in racers.collect::<Vec<_>>() {
            match racer.await.unwrap() {
                (n, Verdict::Granted(())) => winners.push(n),
                (_, Verdict::Refused(refusal)) => assert_eq!(refusal, ActRefusal::SettingsMoved),
            }
        }
        assert_eq!(winners.len(), 1, "{winners:?}");
        assert_eq!(in_force(&world).await.settings.hard_stop(), 10 + winners[0]);
        assert_eq!(count(&world, "settings-changed").await, 1);
    }

    /// R6: a change of the settings never takes a switch back that came in between, nor the other way round.
    async fn a_change_and_a_switch_at_once_lose_nothing(world: World) {
        let (ann, bob) = (world.walk_in("ann").await, world.walk_in("bob").await);
        let stricter = Settings::default().with_hard_stop(5).unwrap();
        for latency in [0, 200, 500] {
            world.controls.slow_down(Duration::from_micros(latency));
            let OrgPolicy { requirement, revision, .. } = in_force(&world).await;
            let to = if requirement.asks() { Requirement::Off } else { Requirement::On };
            let admin = world.two_factor.admin(&ann);
            let (changed, ()) = tokio::join!(admin.change_settings(revision, stricter), async {
                let support = Support::new(&world.two_factor, Operator::new("sue").unwrap());
                granted(
                    support.in_org(&org(ACME), &Reason::new("a race").unwrap()).require(to).await.unwrap(),
                );
            });
            let now = in_force(&world).await;
            assert_eq!(now.requirement, to);
            match changed.unwrap() {
                Verdict::Granted(()) => assert_eq!(now.settings, stricter),
                Verdict::Refused(ActRefusal::SettingsMoved | ActRefusal::FreshCodeNeeded) => {}
                Verdict::Refused(other) => panic!("{other:?}"),
            }
        }
        drop(bob);
    }
}

#[test]
fn each_setting_is_kept_within_its_bounds() {
    let settings = Settings::default();
    let waits = |from, first, longest| settings.with_waits(Waits { from, first, longest });
    let (short, long) = (Duration::from_millis(999), |most: Duration| most + SECOND);
    for in_a_row in [0, 101, u32::MAX] {
        assert_eq!(settings.with_hard_stop(in_a_row), Err(InvalidSetting::HardStop));
    }
    for wrong in [
        waits(0, SECOND, HOUR),
        waits(1, short, HOUR),
        waits(1, MINUTE, 59 * SECOND),
        waits(1, SECOND, long(HOUR)),
        waits(1, SECOND, Duration::MAX),
    ] {
        assert_eq!(wrong, Err(InvalidSetting::Waits));
    }
    let lifetimes: [(With, Duration, Duration, InvalidSetting); 5] = [
        (Settings::with_ticket_lifetime, MINUTE, HOUR, InvalidSetting::Ticket),
        (Settings::with_pending_lifetime, MINUTE, HOUR, InvalidSetting::Pending),
        (Settings::with_stamp_lifetime, 5 * MINUTE, 30 * 24 * HOUR, InvalidSetting::Stamp),
        (Settings::with_fresh_code, MINUTE, HOUR, InvalidSetting::FreshCode),
        (Settings::with_invitation_lifetime, 10 * MINUTE, 7 * 24 * HOUR, InvalidSetting::Invitation),
    ];
    for (with, least, most, error) in lifetimes {
        for within in [least, most] {
            assert!(with(settings, within).is_ok());
        }
        for outside in
            [Duration::ZERO, least.saturating_sub(SECOND), most + Duration::from_millis(1), Duration::MAX]
        {
            assert_eq!(with(settings, outside), Err(error));
        }
    }
    for days in [0, 91, u8::MAX] {
        assert_eq!(Days::new(days), Err(InvalidSetting::Days));
    }
    assert_eq!(CodeRules::default().window(3, 0), Err(InvalidCodeRule::Window));
    assert_eq!(CodeRules::default().window(0, 3), Err(InvalidCodeRule::Window));
    assert_eq!(CodeRules::default().drift(11), Err(InvalidCodeRule::Drift));
}

/// What each document asks for, by its clauses.
#[test]
fn the_presets_keep_what_their_clauses_ask_for() {
    for preset in [Settings::nist_aal2(), Settings::pci_dss(), Settings::asvs_l2()] {
        assert_eq!(preset.running_sessions(), RunningSessions::End);
        assert_eq!(preset.remember_devices(), None);
    }
    // NIST SP 800-63B-4 §2.2.3, §3.2.2.
    assert!(Settings::nist_aal2().stamp_lifetime() <= 24 * HOUR);
    let Waits { first, longest, .. } = Settings::nist_aal2().waits();
    assert!(Settings::nist_aal2().hard_stop() <= 100 && first == 30 * SECOND && longest == HOUR);
    // PCI DSS v4.0.1, 8.3.4.
    assert!(Settings::pci_dss().hard_stop() <= 10);
    // OWASP ASVS 4.0.3, 3.3.2, level 2.
    assert!(Settings::asvs_l2().stamp_lifetime() <= 12 * HOUR);
}

fn any_settings() -> impl Strategy<Value = Settings> {
    let seconds = |least: u64, most: u64| (least..=most).prop_map(Duration::from_secs);
    let waits = (1..=u32::MAX, 1..=3600_u64, 0..=3600_u64).prop_map(|(from, first, more)| {
        let longest = Duration::from_secs((first + more).min(3600));
        Waits { from, first: Duration::from_secs(first), longest }
    });
    let lifetimes = (seconds(60, 3600), seconds(60, 3600), seconds(300, 30 * 24 * 3600), seconds(60, 3600));
    let days = proptest::option::of((1..=90_u8).prop_map(|days| Days::new(days).unwrap()));
    let date = proptest::option::of(any::<u64>().prop_map(Timestamp::from_unix));
    let joining = (days.clone(), days, date, seconds(600, 7 * 24 * 3600), seconds(0, 72 * 3600));
    (1..=100_u32, waits, lifetimes, any::<(bool, bool, bool, bool)>(), joining).prop_map(
        |(stop, waits, lifetimes, (end, by_choice, invited, recorded), joining)| {
            let (days, within, by, invitation, probation) = joining;
            let (ticket, pending, stamp, fresh) = lifetimes;
            let sessions = if end { RunningSessions::End } else { RunningSessions::GoOn };
            let settings = Settings::default().with_running_sessions(sessions).with_remember_devices(days);
            let settings = settings.with_enrollment_by_choice(by_choice);
            let settings = settings.with_enroll_within(within).with_invitation_required(invited);
            let settings = settings.with_enroll_by(by).with_first_factors_recorded(recorded);
            let settings = settings.with_invitation_lifetime(invitation).unwrap();
            let settings = settings.with_probation(probation).unwrap();
            let settings = settings.with_hard_stop(stop).unwrap().with_waits(waits).unwrap();
            let settings =
                settings.with_ticket_lifetime(ticket).unwrap().with_pending_lifetime(pending).unwrap();
            settings.with_stamp_lifetime(stamp).unwrap().with_fresh_code(fresh).unwrap()
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    /// What was chosen is what is read, and the trail says so once unless it was so before.
    #[test]
    fn any_settings_are_read_as_they_were_written(chosen in proptest::collection::vec(any_settings(), 1..4)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let world = World::in_memory();
            let admin = world.walk_in("ann").await;
            let mut before = Settings::default();
            let mut changes = 0;
            for settings in chosen {
                granted(change(&world, &admin, settings).await);
                assert_eq!(in_force(&world).await.settings, settings);
                changes += usize::from(before != settings);
                before = settings;
            }
            assert_eq!(count(&world, "settings-changed").await, changes);
        });
    }
}
