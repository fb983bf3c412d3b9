//! People who leave, whose ids come back, or who go on under another id; and orgs that end.

use std::time::Duration;

use countersign::{
    ErrorKind, FirstFactor, Gate, KeyId, Keyring, Pass, Refusal, Requirement, Role, TwoFactor, UserId,
    admin::{CarryOver, Forgotten, Support},
    audit::{Operator, Password, Reason},
    policy::{Days, Settings},
    store::Outbox as _,
};

use crate::world::{ACME, Fault, KEY, Told, World, granted, keyring, org, over_every_store, refused, user};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

async fn forget(world: &World, id: &str) -> Forgotten {
    world.two_factor.user(&org(ACME), &user(id)).forget().await.unwrap()
}

async fn carry_over(world: &World, from: &str, to: &str) -> CarryOver {
    world.two_factor.user(&org(ACME), &user(from)).carry_over(&user(to)).await.unwrap()
}

fn support(world: &World) -> (Support, Reason) {
    let support = Support::new(&world.two_factor, Operator::new("sue@vendor.example").unwrap());
    (support, Reason::new("case 7: called ian at home").unwrap())
}

async fn resumes(world: &World, pass: &Pass) -> bool {
    world.resume(pass.stamp()).await.is_some()
}

/// Whether the name stands anywhere in what is kept of events and notices.
async fn is_named(world: &World, id: &str) -> bool {
    let events = world.events().await;
    let notices = world.store.waiting(None, 1_000).await.unwrap();
    let in_events = events.iter().any(|told| {
        [told.user.as_deref(), told.by.as_deref()].contains(&Some(id))
            || told.text.split(|c: char| !c.is_alphanumeric()).any(|word| word == id)
    });
    let in_notices = notices
        .iter()
        .any(|notice| [notice.event.user.as_deref(), notice.event.by_name.as_deref()].contains(&Some(id)));
    in_events || in_notices
}

over_every_store! {
    /// R7, R14: whoever has the id next is not asked for their predecessor's code, and nothing of before opens anything,
    /// whatever the role.
    async fn the_next_bearer_of_an_id_begins_like_anybody_new(world: World) {
        let world = world.with_settings(Settings::default().with_remember_devices(Some(Days::new(30).unwrap())));
        let early = world.walk_in("ian").await;
        world.switch_on().await;
        let (phone, pass) = world.enroll("ian").await;
        let device = granted(world.signed_in(&pass).remember_device("Ian's laptop").await.unwrap()).token;
        world.step();
        let ticket = world.ticket_for_code("ian").await;
        world.people.remove(ACME, "ian");
        assert_eq!(forget(&world, "ian").await, Forgotten::Everything);
        world.people.set(ACME, "ian", Role::MasterAdmin);
        for stamp in [&early, &pass] {
            assert!(!resumes(&world, stamp).await);
        }
        let code = phone.code(&world.clock);
        assert_eq!(refused(world.verify(&ticket, &code).await), Refusal::TicketVoid);
        let on_device = FirstFactor::accepted(&org(ACME), &user("ian")).on_device(device);
        assert!(matches!(world.two_factor.check_in(on_device).await.unwrap(), Gate::Enroll(_)));
        let (new, _) = world.enroll("ian").await;
        let _ = world.log_in("ian", &new).await;
        // Forgotten again, they are somebody else again.
        assert_eq!(forget(&world, "ian").await, Forgotten::Everything);
        let _ = world.ticket_to_enroll("ian").await;
    }

    /// Who was never written had sessions, too, where nobody was asked.
    async fn somebody_without_a_record_is_forgotten_as_well(world: World) {
        let early = world.walk_in("ian").await;
        world.people.remove(ACME, "ian");
        assert_eq!(forget(&world, "ian").await, Forgotten::Everything);
        world.people.set(ACME, "ian", Role::Internal);
        assert!(!resumes(&world, &early).await);
        let anew = world.walk_in("ian").await;
        assert!(resumes(&world, &anew).await);
        // R5.
        assert_eq!(forget(&world, "carl").await, Forgotten::Nothing);
        assert!(world.record("carl").await.is_none());
    }

    /// Erased: the secret, the name, the addresses, the notes and the notices. What happened stays, under a pseudonym, and
    /// nobody else is touched.
    async fn nothing_of_them_stays_but_events_without_their_name(world: World) {
        world.switch_on().await;
        let (_, ian) = world.enroll("ian").await;
        let (_, bob) = world.enroll("bob").await;
        let ian = ian.seen_from("10.9.9.9");
        refused(world.managed(&ian, "ida").reset(Password::AsBefore).await.unwrap());
        let ida = world.ticket_to_enroll("ida").await;
        let _ = world.setup(&ida).await;
        let (desk, reason) = support(&world);
        granted(desk.in_org(&org(ACME), &reason).user(&user("ian")).unlock(Password::AsBefore).await.unwrap());
        granted(world.managed(&bob, "ian").reset(Password::AsBefore).await.unwrap());
        let idas = world.record("ida").await;
        // Of two events of one second a store may order either first.
        world.clock.advance(Duration::from_secs(1));
        let before = world.events().await;
        assert!(is_named(&world, "ian").await);
        world.people.remove(ACME, "ian");
        forget(&world, "ian").await;
        assert!(!is_named(&world, "ian").await);
        let after = world.events().await;
        assert_eq!(after.len(), before.len() + 1);
        let of_nobody = |user: &Option<String>| user.as_deref().is_some_and(|id| id.starts_with("forgotten-"));
        let is_theirs = |told: &&Told| told.user.as_deref() == Some("ian");
        let theirs: Vec<&Told> = after.iter().filter(|told| of_nobody(&told.user)).collect();
        assert_eq!(theirs.len(), before.iter().filter(is_theirs).count() + 1);
        for told in &theirs {
            assert!(told.seen_from.is_none() && told.text == told.kind, "{:?}", told.text);
        }
        let others = |events: &[Told]| -> Vec<_> {
            let others = events.iter().filter(|told| !of_nobody(&told.user) && !is_theirs(told));
            others.map(|told| (told.user.clone(), told.text.clone(), told.seen_from.clone())).collect()
        };
        assert_eq!(others(&before), others(&after));
        for text in ["10.9.9.9", "called ian at home"] {
            let is_told = |told: &Told| told.text.contains(text) || told.seen_from.as_deref() == Some(text);
            assert!(!after.iter().any(is_told), "{text}");
        }
        assert_eq!(world.record("ida").await, idas);
        // Again is one tombstone more, for there may have been somebody since.
        let again = world.events().await;
        forget(&world, "ian").await;
        let events = world.events().await;
        assert_eq!(events.len(), again.len() + 1);
    }

    /// The one who acted is forgotten: their name goes from what they did to others, and the sentence stays.
    async fn an_admin_who_is_forgotten_leaves_what_they_did_to_others(world: World) {
        world.switch_on().await;
        let (_, bob) = world.enroll("bob").await;
        granted(world.managed(&bob, "ian").reset(Password::AsBefore).await.unwrap());
        let (_, ian) = world.enroll("ian").await;
        refused(world.managed(&ian, "bob").reset(Password::AsBefore).await.unwrap());
        forget(&world, "bob").await;
        assert!(!is_named(&world, "bob").await);
        let events = world.events().await;
        let reset = events.iter().find(|told| told.kind == "reset").unwrap();
        assert_eq!((reset.user.as_deref(), &*reset.text), (Some("ian"), "the second factor was reset"));
        assert!(reset.by.as_deref().unwrap().starts_with("forgotten-"));
        let aimed = events.iter().find(|told| told.kind == "act-refused").unwrap();
        assert_eq!((aimed.user.as_deref(), &*aimed.text), (Some("ian"), "act-refused"));
    }

    /// R4: also a record that does not open; and a failure in the middle is made good by another call.
    async fn forgetting_can_be_repeated_and_needs_no_key(world: World) {
        world.switch_on().await;
        let (_, pass) = world.enroll("ian").await;
        let other = world.another_process_with(Keyring::new(KeyId(9), [9; 32]));
        let acme = org(ACME);
        for fault in [Fault::SwapBefore, Fault::SwapAfterAndDown] {
            world.controls.fail_next(fault);
            let failed = world.two_factor.user(&acme, &user("ian")).forget().await.unwrap_err();
            assert_eq!(failed.kind(), ErrorKind::OutcomeUnknown);
            world.controls.go_down(false);
        }
        assert_eq!(forget(&world, "ian").await, Forgotten::Everything);
        assert!(!resumes(&world, &pass).await && !is_named(&world, "ian").await);
        let _ = world.enroll("ida").await;
        let forgotten = other.user(&acme, &user("ida")).forget().await.unwrap();
        assert_eq!(forgotten, Forgotten::Everything);
        assert!(!is_named(&world, "ida").await);
    }

    /// What is left goes once nothing can refer to it any more: no session lasts longer than 30 days.
    async fn tombstones_are_removed_when_the_last_session_would_have_expired(world: World) {
        let long = Settings::default().with_stamp_lifetime(30 * DAY).unwrap();
        let world = world.with_settings(long);
        let early = world.walk_in("ian").await;
        world.switch_on().await;
        let _ = world.enroll("ida").await;
        forget(&world, "ian").await;
        let acme = org(ACME);
        let prune = async || world.two_factor.org(&acme).prune().await.unwrap();
        world.clock.advance(30 * DAY + Duration::from_secs(59));
        assert_eq!(prune().await, 0);
        assert!(!resumes(&world, &early).await && world.record("ian").await.is_some());
        world.clock.advance(Duration::from_secs(1));
        // Sealed under another key, it is still one.
        let rotated = world
            .another_process_with(Keyring::new(KeyId(2), [2; 32]).with_older(KeyId(1), KEY).unwrap());
        let mut run = rotated.org(&acme).reseal();
        while run.next().await.unwrap().is_some() {}
        assert_eq!(rotated.org(&acme).prune().await.unwrap(), 1);
        assert!(world.record("ian").await.is_none() && world.record("ida").await.is_some());
        assert_eq!(rotated.org(&acme).prune().await.unwrap(), 0);
    }

    /// An id is given to somebody else before the old bearer's tombstone goes: nothing of the new one is pruned.
    async fn whoever_enrolled_under_the_id_is_not_pruned(world: World) {
        world.switch_on().await;
        let _ = world.enroll("ian").await;
        forget(&world, "ian").await;
        let (phone, _) = world.enroll("ian").await;
        world.clock.advance(31 * DAY);
        assert_eq!(world.two_factor.org(&org(ACME)).prune().await.unwrap(), 0);
        let _ = world.log_in("ian", &phone).await;
    }

    /// R14: nor do sessions of the second bearer fit the third, though nothing was written for the second.
    async fn each_bearer_of_an_id_begins_like_anybody_new(world: World) {
        assert_eq!(forget(&world, "ian").await, Forgotten::Everything);
        let second = world.walk_in("ian").await;
        assert!(resumes(&world, &second).await);
        assert_eq!(forget(&world, "ian").await, Forgotten::Everything);
        assert!(!resumes(&world, &second).await);
        let third = world.walk_in("ian").await;
        assert!(resumes(&world, &third).await);
    }

    /// R14: of an org nothing is left, and another one with its id begins in an epoch of its own. Others never notice.
    async fn an_org_that_ends_leaves_nothing(world: World) {
        world.people.set("globex", "gil", Role::MasterAdmin);
        let early = world.walk_in("ida").await;
        world.switch_on().await;
        let (_, pass) = world.enroll("ian").await;
        let (_, bob) = world.enroll("bob").await;
        let gus = FirstFactor::accepted(&org("globex"), &user("gus"));
        let (desk, reason) = support(&world);
        granted(desk.in_org(&org("globex"), &reason).require(Requirement::On).await.unwrap());
        let theirs = world.two_factor.org(&org("globex")).policy().await.unwrap();
        assert_eq!(world.two_factor.org(&org(ACME)).forget().await.unwrap(), Forgotten::Everything);
        for stamp in [&early, &pass, &bob] {
            assert!(!resumes(&world, stamp).await);
        }
        assert!(world.record("ian").await.is_none() && world.record("bob").await.is_none());
        assert!(world.events().await.iter().all(|told| told.kind == "requirement-changed"), "globex's only");
        assert_eq!(world.two_factor.org(&org(ACME)).keys().await.unwrap().users, []);
        let policy = world.two_factor.org(&org(ACME)).policy().await.unwrap();
        assert_eq!((policy.requirement, policy.settings), (Requirement::Off, Settings::default()));
        let _ = world.walk_in("ian").await;
        assert_eq!(world.two_factor.org(&org("globex")).policy().await.unwrap(), theirs);
        assert!(matches!(world.two_factor.check_in(gus).await.unwrap(), Gate::Enroll(_)));
        let waiting = world.store.waiting(None, 1_000).await.unwrap();
        assert!(waiting.iter().all(|notice| notice.id.org == org("globex")));
        // Again is the same.
        world.two_factor.org(&org(ACME)).forget().await.unwrap();
    }

    /// R14: nor of one whose settings nobody can read, so that its epochs cannot be counted on from. R15: nor what a server
    /// began whose clock is ahead.
    async fn an_org_that_ends_unreadable_leaves_nothing(world: World) {
        let (desk, reason) = support(&world);
        for to in [Requirement::On, Requirement::Off, Requirement::On, Requirement::Off] {
            granted(desk.in_org(&org(ACME), &reason).require(to).await.unwrap());
        }
        let ida = FirstFactor::accepted(&org(ACME), &user("ida"));
        let Gate::Open(early) = world.another_server(60).check_in(ida).await.unwrap() else { panic!("nothing is asked") };
        let other = || Keyring::new(KeyId(9), [9; 32]);
        world.another_process_with(other()).org(&org(ACME)).forget().await.unwrap();
        let world = world.with_keyring(other().with_beside(KeyId(1), KEY).unwrap());
        assert!(!resumes(&world, &early).await);
        // Again is the same.
        world.two_factor.org(&org(ACME)).forget().await.unwrap();
        assert!(!resumes(&world, &early).await);
        world.clock.advance(Duration::from_secs(62));
        assert!(!resumes(&world, &early).await);
        let later = world.walk_in("ida").await;
        assert!(resumes(&world, &later).await);
    }

    /// Where the host's orgs begin with a requirement and time for it, so does one that gets a used id.
    async fn an_org_with_a_used_id_gives_time_like_a_new_one(world: World) {
        let days = Days::new(14).unwrap();
        let portal = world
            .builder(keyring())
            .default_requirement(Requirement::On)
            .default_settings(Settings::default().with_enroll_within(Some(days)))
            .deployment("test")
            .issuer("Acme Portal")
            .clock(world.clock.clone())
            .build()
            .unwrap();
        portal.org(&org(ACME)).forget().await.unwrap();
        let gate = portal.check_in(FirstFactor::accepted(&org(ACME), &user("ida"))).await.unwrap();
        assert!(matches!(gate, Gate::EnrollBy { .. }), "{gate:?}");
    }

    /// R2, R16, R13: the authenticator goes along, and with it what was counted, known and begun; what was handed out does not.
    async fn an_account_goes_on_under_another_id(world: World) {
        world.switch_on().await;
        let (phone, _) = world.enroll("ian").await;
        let wrong = world.wrong_code(&phone);
        let pass = world.log_in("ian", &phone).await;
        let ticket = world.ticket_for_code("ian").await;
        for _ in 0..3 {
            refused(world.verify(&ticket, &wrong).await);
        }
        let last = phone.code(&world.clock);
        world.people.set(ACME, "ian.miller", Role::Internal);
        assert_eq!(carry_over(&world, "ian", "ian.miller").await, CarryOver::Done);
        assert!(!resumes(&world, &pass).await);
        let new = world.ticket_for_code("ian.miller").await;
        // R1: a code that was used is used; R2: and the row goes on.
        assert!(matches!(refused(world.verify(&new, &last).await), Refusal::AlreadyUsed { .. }));
        let refusal = refused(world.verify(&new, &wrong).await);
        assert!(matches!(refusal, Refusal::WrongCode { left: 6, .. }), "{refusal:?}");
        let _ = world.log_in("ian.miller", &phone).await;
        // Whoever has the old id is somebody new.
        let _ = world.ticket_to_enroll("ian").await;
        assert_eq!(carry_over(&world, "ian", "ian.miller").await, CarryOver::Nothing);
        let events = world.events().await;
        for (id, kind) in [("ian", "moved-to"), ("ian.miller", "carried-over")] {
            assert!(events.iter().any(|told| told.user.as_deref() == Some(id) && told.kind == kind), "{kind}");
        }
        // A blocked account stays blocked.
        world.block("ian.miller", &phone).await;
        world.people.set(ACME, "im", Role::Internal);
        assert_eq!(carry_over(&world, "ian.miller", "im").await, CarryOver::Done);
        assert!(matches!(world.check_in("im").await, Gate::Blocked));
        let (desk, reason) = support(&world);
        let desk = desk.in_org(&org(ACME), &reason);
        granted(desk.user(&user("im")).unlock(Password::AsBefore).await.unwrap());
        let reset = desk.user(&user("im")).reset(Password::AsBefore).await.unwrap();
        assert_eq!(refused(reset).name(), "password-known");
    }

    async fn nobodys_account_is_written_over_and_none_goes_to_a_customer(world: World) {
        world.switch_on().await;
        let _ = world.enroll("ian").await;
        let (idas, _) = world.enroll("ida").await;
        let (ian, ida) = (world.record("ian").await, world.record("ida").await);
        for (to, refusal) in [
            ("ida", CarryOver::Taken),
            ("carl", CarryOver::NotInternal),
            ("nobody", CarryOver::NotInternal),
            ("ian", CarryOver::NotInternal),
            ("IDA", CarryOver::NotInternal),
        ] {
            assert_eq!(carry_over(&world, "ian", to).await, refusal, "{to}");
        }
        assert_eq!((world.record("ian").await, world.record("ida").await), (ian, ida));
        assert_eq!(carry_over(&world, "carl", "bob").await, CarryOver::Nothing);
        let _ = world.log_in("ida", &idas).await;
    }

    /// Interrupted at any point, the old id opens nothing and nobody else gets the account; another call completes it.
    async fn a_move_that_was_interrupted_is_completed_by_another_call(world: World) {
        world.switch_on().await;
        let acme = org(ACME);
        for (round, writes) in [0, 1, 2].into_iter().enumerate() {
            let (from, to) = (format!("from{round}"), format!("to{round}"));
            world.people.set(ACME, &from, Role::Internal);
            world.people.set(ACME, &to, Role::Internal);
            world.people.set(ACME, "elsewhere", Role::Internal);
            let (phone, pass) = world.enroll(&from).await;
            world.controls.go_down_after(writes);
            let failed = world.two_factor.user(&acme, &user(&from)).carry_over(&user(&to)).await.unwrap_err();
            assert!(matches!(failed.kind(), ErrorKind::OutcomeUnknown | ErrorKind::Unavailable));
            world.controls.go_down(false);
            if writes > 0 {
                let first_factor = FirstFactor::accepted(&acme, &user(&from));
                let failed = world.two_factor.check_in(first_factor).await.unwrap_err();
                assert_eq!(failed.kind(), ErrorKind::Unavailable, "it opens nothing");
                assert!(world.two_factor.resume(pass.stamp()).await.is_err());
                assert_eq!(carry_over(&world, &from, "elsewhere").await, CarryOver::Begun);
            }
            assert_eq!(carry_over(&world, &from, &to).await, CarryOver::Done, "round {round}");
            assert_eq!(carry_over(&world, &from, &to).await, CarryOver::Nothing);
            let _ = world.log_in(&to, &phone).await;
            let _ = world.ticket_to_enroll(&from).await;
        }
    }

    /// Sessions end, and a new password is heard of, for everybody who has a record: whatever the directory says now.
    async fn the_host_reaches_everybody_who_has_a_record(world: World) {
        world.switch_on().await;
        let (phone, ians) = world.enroll("ian").await;
        world.people.remove(ACME, "ian");
        world.two_factor.user(&org(ACME), &user("ian")).end_sessions().await.unwrap();
        world.people.set(ACME, "ian", Role::Internal);
        assert!(!resumes(&world, &ians).await);
        let ians = world.log_in("ian", &phone).await;
        world.people.set(ACME, "ian", Role::Customer);
        world.two_factor.user(&org(ACME), &user("ian")).end_sessions().await.unwrap();
        world.people.set(ACME, "ian", Role::Internal);
        assert!(!resumes(&world, &ians).await);
        world.block("ian", &phone).await;
        world.people.remove(ACME, "ian");
        world.two_factor.user(&org(ACME), &user("ian")).password_changed().await.unwrap();
        world.people.set(ACME, "ian", Role::Internal);
        let (_, bob) = world.enroll("bob").await;
        granted(world.managed(&bob, "ian").reset(Password::AsBefore).await.unwrap());
        let unknown = world.two_factor.user(&org(ACME), &user("nobody")).end_sessions().await.unwrap_err();
        assert_eq!(unknown.kind(), ErrorKind::UnknownUser);
        world.two_factor.user(&org(ACME), &user("carl")).end_sessions().await.unwrap();
        assert!(world.record("carl").await.is_none());
    }

    /// Without anything that erases, the record is emptied, and the host is told what is left to it.
    async fn a_store_that_erases_nothing_is_told_of(world: World) {
        world.switch_on().await;
        let (_, pass) = world.enroll("ian").await;
        let bare = TwoFactor::builder(world.people.clone(), world.store.clone(), keyring());
        let bare = bare.deployment("test").issuer("Acme Portal").clock(world.clock.clone()).build().unwrap();
        let (acme, ian): (_, UserId) = (org(ACME), user("ian"));
        assert_eq!(bare.user(&acme, &ian).forget().await.unwrap(), Forgotten::Record);
        assert!(!resumes(&world, &pass).await);
        assert_eq!(bare.org(&acme).forget().await.unwrap(), Forgotten::Record);
        assert_eq!(bare.org(&acme).prune().await.unwrap(), 0);
        let ticket = world.two_factor.check_in(FirstFactor::accepted(&acme, &ian)).await.unwrap();
        let Gate::Open(_) = ticket else { panic!("nothing is required any more") };
    }
}
