//! Stores that fail in the middle of things: what was never acknowledged lets nobody in (R4), and what was written
//! all the same costs at most a guess or a code.

use countersign::{
    Attempt, Directory, ErrorKind, FirstFactor, MemoryStore, OrgId, Person, Refusal, Requirement, Role,
    TwoFactor, UnknownRole, UserId,
};

use crate::world::{ACME, Fault, World, granted, keyring, org, over_every_store, refused, user};

over_every_store! {
    /// R4: the reply to the write was lost, the write is there and takes a further one: that is an acknowledgement.
    async fn a_write_whose_reply_was_lost_counts_once_a_further_one_upon_it_was_acknowledged(world: World) {
        world.switch_on().await;
        let (phone, _) = world.enroll("ian").await;
        world.step();
        let ticket = world.ticket_for_code("ian").await;
        let before = world.record("ian").await.unwrap().revision;
        world.controls.fail_next(Fault::SwapAfter);
        let pass = granted(world.verify(&ticket, &phone.code(&world.clock)).await);
        assert!(world.resume(pass.stamp()).await.is_some());
        assert_eq!(world.record("ian").await.unwrap().revision, before + 2);
        // R10: and the event is there once.
        let accepted = world.kinds_for("ian").await.into_iter().filter(|kind| kind == "code-accepted");
        assert_eq!(accepted.count(), 1);
    }

    /// R1, R4: the write happened, the store is gone: nobody is let in, and the code is spent.
    async fn a_write_that_cannot_be_read_back_has_an_unknown_outcome(world: World) {
        world.switch_on().await;
        let (phone, _) = world.enroll("ian").await;
        world.step();
        let ticket = world.ticket_for_code("ian").await;
        let code = phone.code(&world.clock);
        world.controls.fail_next(Fault::SwapAfterAndDown);
        let verified = world.two_factor.verify(Attempt::new(&ticket, &code)).await;
        assert_eq!(verified.unwrap_err().kind(), ErrorKind::OutcomeUnknown);
        world.controls.go_down(false);
        let ticket = world.ticket_for_code("ian").await;
        assert!(matches!(refused(world.verify(&ticket, &code).await), Refusal::AlreadyUsed { .. }));
        let _ = world.log_in("ian", &phone).await;
    }

    /// R1, R4: somebody else wrote upon ours before we could look: that they saw ours is not told to us.
    async fn a_write_that_was_overtaken_has_an_unknown_outcome(world: World) {
        world.switch_on().await;
        let (phone, _) = world.enroll("ian").await;
        world.step();
        let ticket = world.ticket_for_code("ian").await;
        world.controls.overtake_with(&world.undisturbed_process());
        world.controls.fail_next(Fault::SwapAfterAndOvertaken);
        let verified = world.two_factor.verify(Attempt::new(&ticket, &phone.code(&world.clock))).await;
        assert_eq!(verified.unwrap_err().kind(), ErrorKind::OutcomeUnknown);
        let _ = world.log_in("ian", &phone).await;
    }

    /// R4: what a read shows may yet be undone by a failover, unless a write upon it is acknowledged.
    async fn a_write_that_was_only_seen_has_an_unknown_outcome(world: World) {
        world.switch_on().await;
        let (phone, _) = world.enroll("ian").await;
        world.step();
        let ticket = world.ticket_for_code("ian").await;
        world.controls.fail_next(Fault::SwapAfter);
        world.controls.fail_next(Fault::SwapBefore);
        let verified = world.two_factor.verify(Attempt::new(&ticket, &phone.code(&world.clock))).await;
        assert_eq!(verified.unwrap_err().kind(), ErrorKind::OutcomeUnknown);
        let _ = world.log_in("ian", &phone).await;
    }

    /// R4, R7: a write of somebody else's under the same revision is not taken for ours, and not written over.
    async fn somebody_elses_write_is_not_taken_for_ours(world: World) {
        world.switch_on().await;
        let (phone, session) = world.enroll("ian").await;
        world.step();
        let ticket = world.ticket_for_code("ian").await;
        world.controls.overtake_with(&world.undisturbed_process());
        world.controls.fail_next(Fault::SwapBeforeAndOvertaken);
        let verified = world.two_factor.verify(Attempt::new(&ticket, &phone.code(&world.clock))).await;
        assert_eq!(verified.unwrap_err().kind(), ErrorKind::OutcomeUnknown);
        assert!(world.resume(session.stamp()).await.is_none());
        assert_eq!(world.kinds_for("ian").await.last().unwrap(), "password-changed");
    }

    /// R4: the write did not happen, which nobody can tell from one that is still on its way: not repeated.
    async fn a_write_that_failed_is_not_repeated(world: World) {
        world.switch_on().await;
        let (phone, _) = world.enroll("ian").await;
        world.step();
        let ticket = world.ticket_for_code("ian").await;
        let (record, code) = (world.record("ian").await, phone.code(&world.clock));
        world.controls.fail_next(Fault::SwapBefore);
        let failed = world.two_factor.verify(Attempt::new(&ticket, &code)).await.unwrap_err();
        assert_eq!(failed.kind(), ErrorKind::OutcomeUnknown);
        assert_eq!(std::error::Error::source(&failed).unwrap().to_string(), "the write failed");
        assert_eq!(world.record("ian").await, record);
        let _ = granted(world.verify(&ticket, &code).await);
    }

    /// R2: a guess whose write failed after it happened was counted.
    async fn a_guess_with_an_unknown_outcome_was_counted_if_it_was_written(world: World) {
        world.switch_on().await;
        let (phone, _) = world.enroll("ian").await;
        world.step();
        let (ticket, wrong) = (world.ticket_for_code("ian").await, world.wrong_code(&phone));
        world.controls.fail_next(Fault::SwapAfterAndDown);
        let guessed = world.two_factor.verify(Attempt::new(&ticket, &wrong)).await;
        assert_eq!(guessed.unwrap_err().kind(), ErrorKind::OutcomeUnknown);
        world.controls.go_down(false);
        let refusal = refused(world.verify(&ticket, &wrong).await);
        assert_eq!(refusal, Refusal::WrongCode { left: 8, wait_until: None, hint: None });
    }

    /// R4: each read by itself.
    async fn a_failing_read_is_an_error_and_not_an_answer(world: World) {
        world.switch_on().await;
        let (phone, pass) = world.enroll("ian").await;
        world.step();
        let ticket = world.ticket_for_code("ian").await;
        let code = phone.code(&world.clock);
        for fault in [Fault::LoadUser, Fault::LoadSettings] {
            let unavailable = |error: countersign::Error| assert_eq!(error.kind(), ErrorKind::Unavailable);
            world.controls.fail_next(fault);
            let first_factor = FirstFactor::accepted(&org(ACME), &user("ian"));
            unavailable(world.two_factor.check_in(first_factor).await.unwrap_err());
            world.controls.fail_next(fault);
            unavailable(world.two_factor.verify(Attempt::new(&ticket, &code)).await.unwrap_err());
            world.controls.fail_next(fault);
            unavailable(world.two_factor.resume(pass.stamp()).await.unwrap_err());
            world.controls.fail_next(fault);
            unavailable(world.two_factor.setup(&ticket).await.unwrap_err());
        }
        let _ = granted(world.verify(&ticket, &code).await);
    }

    async fn a_switch_with_a_lost_reply_is_found_out_too(world: World) {
        let admin = world.walk_in("ann").await;
        world.controls.fail_next(Fault::SwapAfter);
        granted(world.switch(&admin, Requirement::On).await);
        let (_, admin) = world.enroll("ann").await;
        world.controls.fail_next(Fault::SwapBefore);
        let off = world.two_factor.admin(&admin).require(Requirement::Off).await;
        assert_eq!(off.unwrap_err().kind(), ErrorKind::OutcomeUnknown);
        assert_eq!(world.two_factor.org(&org(ACME)).policy().await.unwrap().requirement, Requirement::On);
    }

    /// R6: settings older than the record mean that the settings are stale. Read again, then an error; never an
    /// enrollment over it.
    async fn settings_older_than_the_record_are_an_error(world: World) {
        world.switch_on().await;
        let stale = world.settings().await;
        let (_, admin) = world.enroll("ann").await;
        granted(world.switch(&admin, Requirement::Off).await);
        granted(world.switch(&admin, Requirement::On).await);
        let (phone, _) = world.enroll("ian").await;
        world.step();
        let ticket = world.ticket_for_code("ian").await;
        world.controls.serve_settings(Some(stale));
        let first_factor = || FirstFactor::accepted(&org(ACME), &user("ian"));
        let gate = world.two_factor.check_in(first_factor()).await;
        assert_eq!(gate.unwrap_err().kind(), ErrorKind::Unavailable);
        let code = phone.code(&world.clock);
        let verified = world.two_factor.verify(Attempt::new(&ticket, &code)).await;
        assert_eq!(verified.unwrap_err().kind(), ErrorKind::Unavailable);
        world.controls.serve_settings(None);
        let _ = granted(world.verify(&ticket, &code).await);
    }
}

/// R4: settings that do not open are no settings that require nothing.
#[tokio::test]
async fn settings_that_cannot_be_read_let_nobody_in_who_needs_them() {
    let world = World::in_memory();
    world.switch_on().await;
    let (phone, session) = world.enroll("ian").await;
    let mut settings = world.settings().await;
    settings.record.reverse();
    world.controls.serve_settings(Some(settings));
    for id in ["ann", "ian"] {
        let gate = world.two_factor.check_in(FirstFactor::accepted(&org(ACME), &user(id))).await;
        assert_eq!(gate.unwrap_err().kind(), ErrorKind::Unreadable);
    }
    let resumed = world.two_factor.resume(session.stamp()).await;
    assert_eq!(resumed.unwrap_err().kind(), ErrorKind::Unreadable);
    let _ = world.walk_in("carl").await;
    world.controls.serve_settings(None);
    let _ = world.log_in("ian", &phone).await;
}

/// R4: a role that the host has and the library has not is an error, and never a customer.
#[tokio::test]
async fn an_unknown_role_lets_nobody_in() {
    struct Newfangled;
    impl Directory for Newfangled {
        type Error = UnknownRole;
        async fn find(&self, org: &OrgId, user: &UserId) -> Result<Option<Person>, UnknownRole> {
            Ok(Some(Person::new(org.clone(), user.clone(), "superuser".parse()?)))
        }
    }
    let two_factor = TwoFactor::builder(Newfangled, MemoryStore::new(), keyring())
        .deployment("test")
        .issuer("Acme")
        .build()
        .unwrap();
    let gate = two_factor.check_in(FirstFactor::accepted(&org(ACME), &user("ian"))).await;
    assert_eq!(gate.unwrap_err().kind(), ErrorKind::Unavailable);
    for role in [Role::Customer, Role::Internal, Role::MasterAdmin] {
        assert_eq!(role.as_str().parse(), Ok(role));
    }
}

/// R4: no randomness, no ticket, no secret, no stamp.
#[tokio::test]
async fn without_randomness_nothing_is_drawn() {
    struct Dry;
    impl countersign::SecureRandom for Dry {
        fn fill(&self, _: &mut [u8]) -> Result<(), countersign::BoxError> {
            Err("the generator is dry".into())
        }
    }
    let world = World::in_memory();
    world.switch_on().await;
    let (phone, _) = world.enroll("ian").await;
    let (ticket, code) = {
        world.step();
        (world.ticket_for_code("ian").await, phone.code(&world.clock))
    };
    let record = world.record("ian").await;
    let world = world.with_random(Dry);
    for id in ["ian", "ida", "carl"] {
        let gate = world.two_factor.check_in(FirstFactor::accepted(&org(ACME), &user(id))).await;
        assert_eq!(gate.unwrap_err().kind(), ErrorKind::Unavailable);
    }
    let verified = world.two_factor.verify(Attempt::new(&ticket, &code)).await;
    assert_eq!(verified.unwrap_err().kind(), ErrorKind::Unavailable);
    assert_eq!(world.record("ian").await, record);
}

/// A record that changes under every attempt to write it is given up on, and never waited for.
#[tokio::test]
async fn a_record_that_never_stands_still_is_contended() {
    let world = World::in_memory();
    world.switch_on().await;
    let (phone, _) = world.enroll("ian").await;
    world.step();
    let ticket = world.ticket_for_code("ian").await;
    world.controls.always_stale(true);
    let verified = world.two_factor.verify(Attempt::new(&ticket, &phone.code(&world.clock))).await;
    assert_eq!(verified.unwrap_err().kind(), ErrorKind::Contended);
    world.controls.always_stale(false);
    let _ = granted(world.verify(&ticket, &phone.code(&world.clock)).await);
}
