//! Resetting many: told one by one, authority proved for each, and gone on with after an interruption.

use std::time::Duration;

use countersign::{
    ActRefusal, Attempt, FirstFactor, Gate, OsRandom, Pass, Refusal, Role,
    admin::{BulkReset, Outcome, RunId, Support, Targets},
    audit::{Denied, Operator, Password, Reason},
    otp::Imported,
    policy::Settings,
};

use futures_lite::future::poll_once;

use crate::world::{ACME, Fault, World, granted, org, over_every_store, refused, user};

fn support(world: &World) -> Support {
    Support::new(&world.two_factor, Operator::new("sue@vendor.example").unwrap())
}

fn reason() -> Reason {
    Reason::new("case 4711: the supplier of the tokens was broken into").unwrap()
}

fn these<'p>(world: &World, pass: &'p Pass, ids: &[&str]) -> BulkReset<'p> {
    let ids: Vec<_> = ids.iter().map(|id| user(id)).collect();
    world.two_factor.admin(pass).reset_many(Targets::these(ids), Password::AsBefore)
}

async fn next(run: &mut BulkReset<'_>) -> Option<String> {
    granted(run.next().await.unwrap()).map(|one| format!("{}: {}", one.user, one.outcome))
}

/// Goes through to the end, and tells each one's outcome.
async fn told(mut run: BulkReset<'_>) -> Vec<String> {
    let mut told = Vec::new();
    while let Some(one) = next(&mut run).await {
        told.push(one);
    }
    told
}

over_every_store! {
    /// R7, R10: each is reset by a write of its own with an event of its own, and nobody else is touched.
    async fn each_of_many_is_told_apart(world: World) {
        world.switch_on().await;
        let (_, bob) = world.enroll("bob").await;
        let (ians_phone, ian) = world.enroll("ian").await;
        let (idas_phone, _) = world.enroll("ida").await;
        let outcomes =
            told(these(&world, &bob, &["ian", "nobody", "carl", "bob", "gus", "ann", "ian"])).await;
        assert_eq!(
            outcomes,
            [
                "ian: reset",
                "nobody: denied: there is no such user in this org",
                "carl: denied: a customer has no second factor",
                "bob: denied: nobody may do this to themselves",
                "gus: denied: there is no such user in this org",
                "ann: nothing to reset",
                "ian: was reset by this run before",
            ]
        );
        assert!(world.resume(ian.stamp()).await.is_none());
        let ticket = world.ticket_to_enroll("ian").await;
        assert_eq!(refused(world.verify(&ticket, &ians_phone.code(&world.clock)).await), Refusal::TicketVoid);
        let _ = world.log_in("ida", &idas_phone).await;
        assert_eq!(world.kinds_for("ian").await, ["enrollment-started", "enrolled", "reset"]);
        assert_eq!(world.record("carl").await, None);
        assert_eq!(world.record("nobody").await, None);
        // Of each kind one, in the hour.
        let refusals = world.kinds_for("bob").await.into_iter().filter(|kind| kind == "act-refused").count();
        assert_eq!(refusals, 3);
    }

    /// R5, R10: a dry run writes nothing at all, and tells the same.
    async fn a_dry_run_changes_nothing(world: World) {
        world.switch_on().await;
        let (_, bob) = world.enroll("bob").await;
        let _ = world.enroll("ian").await;
        let (before, events) = (world.record("ian").await, world.events().await);
        // It wants no fresh code.
        world.clock.advance(Duration::from_secs(60 * 60));
        let dry = these(&world, &bob, &["ian", "ida", "carl", "bob", "nobody"]).dry_run();
        assert_eq!(
            told(dry).await,
            [
                "ian: would be reset",
                "ida: nothing to reset",
                "carl: denied: a customer has no second factor",
                "bob: denied: nobody may do this to themselves",
                "nobody: denied: there is no such user in this org",
            ]
        );
        assert_eq!((world.record("ian").await, world.events().await), (before, events));
    }

    /// R7: a run that is begun again resets who was missed, and nobody twice.
    async fn an_interrupted_run_goes_on(world: World) {
        world.switch_on().await;
        let (_, bob) = world.enroll("bob").await;
        for id in ["ian", "ida", "ann"] {
            let _ = world.enroll(id).await;
        }
        world.step();
        let mut run = these(&world, &bob, &["ian", "ida", "ann"]);
        assert_eq!(run.run(), None);
        assert_eq!(next(&mut run).await.unwrap(), "ian: reset");
        let id = run.run().unwrap().to_string().parse::<RunId>().unwrap();
        assert_eq!(next(&mut run).await.unwrap(), "ida: reset");
        drop(run); // The process is killed. Ian comes to work meanwhile, Ida has just been shown her QR code.
        world.step();
        let (phone, _) = world.enroll("ian").await;
        let ticket = world.ticket_to_enroll("ida").await;
        let shown = world.setup(&ticket).await;
        let again = these(&world, &bob, &["ian", "ida", "ann"]).in_run(id);
        assert_eq!(
            told(again).await,
            ["ian: was reset by this run before", "ida: was reset by this run before", "ann: reset"]
        );
        let _ = world.log_in("ian", &phone).await;
        assert_eq!(world.setup(&ticket).await.key(), shown.key(), "her QR code is the same");
        assert!("1".parse::<RunId>().is_err());
        // One that is begun anew and not gone on with is another one.
        assert_eq!(told(these(&world, &bob, &["ian"])).await, ["ian: reset"]);
    }

    /// R13: for each one the authority is that of the moment.
    async fn a_run_stops_with_its_authority(world: World) {
        world.switch_on().await;
        let (phone, bob) = world.enroll("bob").await;
        for id in ["ann", "ian", "ida"] {
            let _ = world.enroll(id).await;
        }
        let mut run = these(&world, &bob, &["ann", "ian", "ida"]);
        assert_eq!(next(&mut run).await.unwrap(), "ann: reset");
        world.clock.advance(Duration::from_secs(5 * 60 + 1));
        assert_eq!(refused(run.next().await.unwrap()), ActRefusal::FreshCodeNeeded);
        let bob = world.log_in("bob", &phone).await;
        run.resume_with(&bob);
        assert_eq!(next(&mut run).await.unwrap(), "ian: reset", "nobody was passed over");
        world.people.set(ACME, "bob", Role::Internal);
        let denied = ActRefusal::Denied(Denied::NotMasterAdmin);
        assert_eq!(refused(run.next().await.unwrap()), denied);
        world.people.set(ACME, "bob", Role::MasterAdmin);
        world.password_changed("bob").await;
        assert_eq!(refused(run.next().await.unwrap()), ActRefusal::SessionOver);
        assert_eq!(world.kinds_for("ida").await, ["enrollment-started", "enrolled"]);
    }

    /// R13: an internal user resets nobody, not even for show, and it is recorded.
    async fn a_run_is_for_master_admins(world: World) {
        world.switch_on().await;
        let (_, ian) = world.enroll("ian").await;
        let _ = world.enroll("ida").await;
        let denied = ActRefusal::Denied(Denied::NotMasterAdmin);
        assert_eq!(refused(these(&world, &ian, &["ida"]).dry_run().next().await.unwrap()), denied);
        assert_eq!(refused(these(&world, &ian, &["ida"]).next().await.unwrap()), denied);
        assert_eq!(world.kinds_for("ida").await, ["enrollment-started", "enrolled"]);
        assert_eq!(world.kinds_for("ian").await.last().unwrap(), "act-refused");
        // Nor with the pass of another org's admin.
        world.people.set("globex", "gus", Role::MasterAdmin);
        let (_, bob) = world.enroll("bob").await;
        let mut run = these(&world, &bob, &["ida"]);
        let first = FirstFactor::accepted(&org("globex"), &user("gus"));
        let Gate::Open(gus) = world.two_factor.check_in(first).await.unwrap() else { panic!() };
        run.resume_with(&gus);
        assert_eq!(refused(run.next().await.unwrap()), ActRefusal::Denied(Denied::NotInThisOrg));
    }

    /// R5: all but the customers, and but the admin.
    async fn everybody_is_everybody_else(world: World) {
        world.switch_on().await;
        let (phone, bob) = world.enroll("bob").await;
        let _ = world.enroll("ian").await;
        let everybody = told(world.two_factor.admin(&bob).reset_many(Targets::everybody(), Password::AsBefore)).await;
        assert_eq!(everybody, ["ian: reset", "ida: nothing to reset", "ann: nothing to reset"]);
        let _ = world.log_in("bob", &phone).await;
        assert!(!world.kinds_for("bob").await.contains(&"act-refused".to_owned()));
        assert_eq!(world.record("carl").await, None);
    }

    /// R10: the vendor's reason stands with each reset.
    async fn the_vendor_resets_everybody_with_a_reason(world: World) {
        world.switch_on().await;
        for id in ["bob", "ian"] {
            let _ = world.enroll(id).await;
        }
        let support = support(&world);
        let dry = support.in_org(&org(ACME), &reason()).reset_many(Targets::everybody(), Password::AsBefore).dry_run();
        assert_eq!(
            told(dry).await,
            ["ian: would be reset", "ida: nothing to reset", "ann: nothing to reset", "bob: would be reset",]
        );
        let run = support.in_org(&org(ACME), &reason()).reset_many(Targets::everybody(), Password::AsBefore);
        assert_eq!(
            told(run).await,
            ["ian: reset", "ida: nothing to reset", "ann: nothing to reset", "bob: reset",]
        );
        let reset = world.events().await.pop().unwrap();
        assert_eq!((reset.kind.as_str(), reset.by.as_deref()), ("reset", Some("sue@vendor.example")));
        assert!(reset.text.contains("case 4711"));
        let some = Targets::these([user("carl"), user("nobody")]);
        assert_eq!(
            told(support.in_org(&org(ACME), &reason()).reset_many(some, Password::AsBefore)).await,
            [
                "carl: denied: a customer has no second factor",
                "nobody: denied: there is no such user in this org",
            ]
        );
        assert_eq!(world.record("carl").await, None);
    }

    /// R7: nobody is reset to whoever guessed the password, even among thousands, and a dry run tells it before.
    async fn a_blocked_account_is_left_to_a_new_password_or_an_invitation(world: World) {
        world.switch_on().await;
        let (phone, _) = world.enroll("ian").await;
        let _ = world.enroll("ida").await;
        world.block("ian", &phone).await;
        let (_, bob) = world.enroll("bob").await;
        let (before, events) = (world.record("ian").await, world.kinds_for("ian").await);
        let known = "ian: needs a new password or an invitation";
        let dry = these(&world, &bob, &["ian", "ida"]).dry_run();
        assert_eq!(told(dry).await, [known, "ida: would be reset"]);
        let id = RunId::draw(&OsRandom).unwrap();
        let run = these(&world, &bob, &["ian", "ida"]).in_run(id);
        assert_eq!(told(run).await, [known, "ida: reset"]);
        let org = org(ACME);
        assert_eq!(
            told(support(&world).in_org(&org, &reason()).reset_many(Targets::these([user("ian")]), Password::AsBefore)).await,
            [known]
        );
        assert_eq!((world.record("ian").await, world.kinds_for("ian").await), (before, events));
        assert!(matches!(world.check_in("ian").await, Gate::Blocked));
        // The password is changed, and the same run goes on with that.
        let again = || {
            let these = Targets::these(["ian", "ida"].map(user));
            world.two_factor.admin(&bob).reset_many(these, Password::Changed).in_run(id)
        };
        assert_eq!(told(again().dry_run()).await, ["ian: would be reset", "ida: was reset by this run before"]);
        assert_eq!(told(again()).await, ["ian: reset", "ida: was reset by this run before"]);
        let events = world.events().await;
        let reset =
            events.iter().find(|told| told.kind == "reset" && told.user.as_deref() == Some("ian")).unwrap();
        assert_eq!(reset.text, "the second factor was reset, after the password was changed");
        let _ = world.enroll("ian").await;
    }

    /// R7: a run that follows does not open to a known password what an invitation keeps shut.
    async fn who_waits_for_an_invitation_goes_on_waiting(world: World) {
        world.switch_on().await;
        let (_, bob) = world.enroll("bob").await;
        let _ = world.enroll("ian").await;
        let invitation = granted(world.managed(&bob, "ian").reset_and_invite(Password::AsBefore).await.unwrap());
        assert_eq!(told(these(&world, &bob, &["ian"])).await, ["ian: nothing to reset"]);
        let Gate::AskInvitation(ticket) = world.check_in("ian").await else { panic!() };
        let typed = invitation.text();
        let invited = granted(world.two_factor.accept(Attempt::new(&ticket, &typed)).await.unwrap());
        let shown = world.setup(&invited).await;
        assert_eq!(told(these(&world, &bob, &["ian"])).await, ["ian: needs a new password or an invitation"]);
        assert_eq!(world.setup(&invited).await.key(), shown.key());
    }

    /// R7: also somebody whom a lowered hard stop blocks, and somebody who is blocked by their recovery codes.
    async fn every_kind_of_block_counts(world: World) {
        world.switch_on().await;
        let (phone, _) = world.enroll("ian").await;
        let (ticket, wrong) = (world.ticket_for_code("ian").await, world.wrong_code(&phone));
        let _ = world.enroll("ida").await;
        let idas_ticket = world.ticket_for_code("ida").await;
        for _ in 0..3 {
            let refusal = refused(world.verify(&ticket, &wrong).await);
            assert!(matches!(refusal, Refusal::WrongCode { .. }), "{refusal:?}");
            let attempt = Attempt::new(&idas_ticket, "000000-000000-000000-000000");
            let refusal = refused(world.two_factor.recover(attempt).await.unwrap());
            assert!(matches!(refusal, Refusal::WrongCode { .. }), "{refusal:?}");
        }
        let (_, bob) = world.enroll("bob").await;
        let run = || these(&world, &bob, &["ian", "ida"]).dry_run();
        assert_eq!(told(run()).await, ["ian: would be reset", "ida: would be reset"]);
        let in_force = world.two_factor.org(&org(ACME)).policy().await.unwrap();
        let lower = Settings::default().with_hard_stop(3).unwrap();
        granted(world.two_factor.admin(&bob).change_settings(in_force.revision, lower).await.unwrap());
        assert_eq!(
            told(run()).await,
            ["ian: needs a new password or an invitation", "ida: needs a new password or an invitation",]
        );
    }

    /// Who is imported has something to reset, unless it came in after the run had begun.
    async fn an_imported_authenticator_is_reset_too(world: World) {
        let (support, org) = (support(&world), org(ACME));
        let key = Imported::parse("otpauth://totp/ian?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP").unwrap();
        let reason = reason();
        let import = async |id| granted(support.import(&org, &user(id), &key, &reason).await.unwrap());
        let _ = import("ian").await;
        let run = support.in_org(&org, &reason).reset_many(Targets::these(["ian", "ida"].map(user)), Password::AsBefore);
        world.step();
        let _ = import("ida").await;
        assert_eq!(told(run).await, ["ian: reset", "ida: reset"]);
    }

    /// R7: what cannot be read can be reset, here too.
    /// R16: nothing says that nobody else knows the password.
    async fn who_is_unreadable_is_reset_and_needs_an_invitation_unless_the_password_was_changed(world: World) {
        world.switch_on().await;
        let (_, bob) = world.enroll("bob").await;
        let _ = world.enroll("ida").await;
        world.damage("ida").await;
        assert_eq!(told(these(&world, &bob, &["ida"])).await, ["ida: reset"]);
        assert!(matches!(world.check_in("ida").await, Gate::AskInvitation(_)));
        let changed = world
            .two_factor
            .admin(&bob)
            .reset_many(Targets::these([user("ida")]), Password::Changed);
        world.damage("ida").await;
        assert_eq!(told(changed).await, ["ida: reset"]);
        let _ = world.enroll("ida").await;
    }

    /// R4: whose write failed is told so, and the others are reset.
    async fn one_that_fails_does_not_stop_the_others(world: World) {
        world.switch_on().await;
        let (_, bob) = world.enroll("bob").await;
        for id in ["ian", "ida"] {
            let _ = world.enroll(id).await;
        }
        world.controls.fail_next(Fault::SwapBefore);
        let mut run = these(&world, &bob, &["ian", "ida"]);
        let first = granted(run.next().await.unwrap()).unwrap();
        assert!(matches!(first.outcome, Outcome::Failed(_)), "{:?}", first.outcome);
        assert_eq!(next(&mut run).await.unwrap(), "ida: reset");
        let again = these(&world, &bob, &["ian", "ida"]).in_run(run.run().unwrap());
        assert_eq!(told(again).await, ["ian: reset", "ida: was reset by this run before"]);
    }

    /// Whoever was in hand when a call was cut comes again at the next.
    async fn a_call_that_is_cut_passes_nobody_over(world: World) {
        world.switch_on().await;
        let (_, bob) = world.enroll("bob").await;
        for id in ["ian", "ida"] {
            let _ = world.enroll(id).await;
        }
        let mut run = these(&world, &bob, &["ian", "ida"]);
        for polls in 0..40 {
            let mut call = Box::pin(run.next());
            let mut answer = None;
            for _ in 0..polls {
                answer = poll_once(&mut call).await;
                if answer.is_some() {
                    break;
                }
                tokio::task::yield_now().await;
            }
            drop(call);
            if let Some(answer) = answer {
                // Not further than the first one.
                assert_eq!(granted(answer.unwrap()).unwrap().user, user("ian"));
                run = these(&world, &bob, &["ian", "ida"]);
            }
        }
        let mut outcomes = told(run).await;
        let idas = outcomes.pop().unwrap();
        assert_eq!(idas, "ida: reset");
        // A call may be cut between its write and its answer, and then the run knows its own reset again.
        let ians = outcomes.pop().unwrap();
        assert!(
            ["ian: reset", "ian: nothing to reset", "ian: was reset by this run before"].contains(&&*ians),
            "{ians}"
        );
        assert!(world.kinds_for("ian").await.iter().filter(|kind| *kind == "reset").count() >= 1);
    }
}
