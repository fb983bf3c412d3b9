//! Periods of the policy: what begins one, what of the last one counts in it, and what has ended for good.

use std::time::Duration;

use countersign::{
    ActRefusal, Attempt, ErrorKind, FirstFactor, Gate, Pass, Refusal, Requirement, Timestamp, Verdict,
    admin::{Admin, NewEpoch, Support},
    audit::{Denied, Operator, Password, Reason},
    policy::{Days, Epoch, OrgPolicy, RunningSessions, Settings},
    tokens::Means,
};

use crate::world::{ACME, Fault, World, granted, org, over_every_store, refused, user};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

async fn in_force(world: &World) -> OrgPolicy {
    world.two_factor.org(&org(ACME)).policy().await.unwrap()
}

async fn begin(world: &World, admin: &Pass, new: NewEpoch) -> Verdict<Epoch, ActRefusal> {
    world.two_factor.admin(admin).begin_epoch(new).await.unwrap()
}

fn vendor(world: &World) -> Admin<'static> {
    let support = Support::new(&world.two_factor, Operator::new("sue@vendor.example").unwrap());
    support.in_org(&org(ACME), &Reason::new("case 7").unwrap())
}

async fn set(world: &World, change: impl Fn(Settings) -> Settings) {
    let OrgPolicy { settings, revision, .. } = in_force(world).await;
    granted(vendor(world).change_settings(revision, change(settings)).await.unwrap());
}

async fn require(world: &World, to: Requirement) {
    granted(vendor(world).require(to).await.unwrap());
}

/// The sentence of the latest event of a kind.
async fn told(world: &World, kind: &str) -> String {
    world.events().await.into_iter().rfind(|told| told.kind == kind).unwrap().text
}

fn days(count: u8) -> Days {
    Days::new(count).unwrap()
}

async fn due(world: &World, id: &str) -> Timestamp {
    match world.check_in(id).await {
        Gate::EnrollBy { by, .. } => by,
        other => panic!("{id} should have time, not {other:?}"),
    }
}

over_every_store! {
    /// R6: one write, in which nobody gets in between; whoever is enrolled enrolls again, and a code of before is none.
    async fn everybody_enrolls_again_in_a_new_epoch(world: World) {
        world.switch_on().await;
        let (ians, old) = world.enroll("ian").await;
        let bob = world.enroll("bob").await.1.seen_from("10.0.0.3");
        let seen = in_force(&world).await.epoch;
        let begun = granted(begin(&world, &bob, NewEpoch::after(seen)).await);
        let bob = world.resume(bob.stamp()).await.unwrap();
        assert!(begun != seen && in_force(&world).await.epoch == begun);
        let ticket = world.ticket_to_enroll("ian").await;
        world.step();
        assert_eq!(refused(world.verify(&ticket, &ians.code(&world.clock)).await), Refusal::TicketVoid);
        assert!(world.resume(old.stamp()).await.is_some(), "running sessions go on");
        // R13: and administer nothing.
        let reset = world.managed(&bob, "ian").reset(Password::AsBefore).await.unwrap();
        assert_eq!(refused(reset), ActRefusal::FreshCodeNeeded);
        let (phone, _) = world.enroll("ian").await;
        let _ = world.log_in("ian", &phone).await;
        let told = world.events().await.into_iter().rfind(|told| told.kind == "epoch-begun").unwrap();
        assert_eq!((told.user, told.by.as_deref()), (None, Some("bob")));
        assert_eq!(told.text, "everybody has to enroll again");
        assert_eq!(told.seen_from.as_deref(), Some("10.0.0.3"));
    }

    /// R14: all sessions of internal users end if it is said so, and nothing brings them back. Customers never notice (R5).
    async fn sessions_that_were_ended_stay_ended(world: World) {
        let without = world.walk_in("ida").await;
        let carl = world.walk_in("carl").await;
        world.switch_on().await;
        let (_, ian) = world.enroll("ian").await;
        let (_, bob) = world.enroll("bob").await;
        let seen = in_force(&world).await.epoch;
        granted(begin(&world, &bob, NewEpoch::after(seen).ending_sessions()).await);
        let ended = async |when: &str| {
            for pass in [&ian, &bob, &without] {
                assert!(world.resume(pass.stamp()).await.is_none(), "{when}: {pass:?}");
            }
            assert!(world.resume(carl.stamp()).await.is_some(), "{when}");
        };
        ended("begun").await;
        assert_eq!(told(&world, "epoch-begun").await, "everybody has to enroll again; all sessions ended");
        set(&world, |settings| settings.with_running_sessions(RunningSessions::End)).await;
        set(&world, |settings| settings.with_running_sessions(RunningSessions::GoOn)).await;
        ended("end, and go on").await;
        require(&world, Requirement::Off).await;
        ended("off").await;
        require(&world, Requirement::On).await;
        ended("and on").await;
    }

    /// R14: the same for sessions that the settings end.
    async fn sessions_that_a_setting_ended_stay_ended(world: World) {
        let before = world.walk_in("ida").await;
        world.switch_on().await;
        set(&world, |settings| settings.with_running_sessions(RunningSessions::End)).await;
        assert!(world.resume(before.stamp()).await.is_none());
        let (_, ian) = world.enroll("ian").await;
        set(&world, |settings| settings.with_running_sessions(RunningSessions::GoOn)).await;
        assert!(world.resume(before.stamp()).await.is_none());
        require(&world, Requirement::Off).await;
        assert!(world.resume(before.stamp()).await.is_none());
        assert!(world.resume(ian.stamp()).await.is_some(), "and those of this epoch go on");
        // "End" is a choice for the switches that follow, too.
        set(&world, |settings| settings.with_running_sessions(RunningSessions::End)).await;
        require(&world, Requirement::On).await;
        assert!(world.resume(ian.stamp()).await.is_none());
    }

    /// Decided on what was seen, and on nothing else: sent twice, at once or after a lost answer, it begins once.
    async fn an_epoch_begins_once_however_often_it_is_asked_for(world: World) {
        world.switch_on().await;
        let (_, bob) = world.enroll("bob").await;
        let seen = in_force(&world).await.epoch;
        let new = NewEpoch::after(seen);
        let (first, second) = tokio::join!(begin(&world, &bob, new), begin(&world, &bob, new));
        let granted_to = [&first, &second].into_iter().filter(|verdict| verdict.refusal().is_none()).count();
        assert_eq!(granted_to, 1);
        let refusal = first.refusal().or(second.refusal()).unwrap();
        assert!(matches!(refusal, ActRefusal::SettingsMoved | ActRefusal::FreshCodeNeeded), "{refusal:?}");
        let begun = in_force(&world).await.epoch;

        let new = NewEpoch::after(begun);
        world.controls.fail_next(Fault::SwapAfterAndDown);
        let lost = vendor(&world).begin_epoch(new).await.unwrap_err();
        assert_eq!(lost.kind(), ErrorKind::OutcomeUnknown);
        world.controls.go_down(false);
        assert_eq!(refused(vendor(&world).begin_epoch(new).await.unwrap()), ActRefusal::SettingsMoved);
        assert_eq!(world.events().await.iter().filter(|told| told.kind == "epoch-begun").count(), 2);
        // A change of the settings that was not seen is no reason to refuse.
        let seen = in_force(&world).await.epoch;
        set(&world, |settings| settings.with_hard_stop(7).unwrap()).await;
        granted(vendor(&world).begin_epoch(NewEpoch::after(seen)).await.unwrap());
        assert_eq!(in_force(&world).await.settings.hard_stop(), 7);
        // An epoch of which somebody has heard, and which never was.
        let of_nobody: Epoch = "1-0000000000000000".parse().unwrap();
        let begun = vendor(&world).begin_epoch(NewEpoch::after(of_nobody)).await.unwrap();
        assert_eq!(refused(begun), ActRefusal::SettingsMoved);
    }

    /// R13: Master Admins, with a fresh code, three times a day; the vendor, whenever it has to be.
    async fn who_may_begin_an_epoch_and_how_often(world: World) {
        world.switch_on().await;
        let (_, ian) = world.enroll("ian").await;
        let seen = in_force(&world).await.epoch;
        let begun = begin(&world, &ian, NewEpoch::after(seen)).await;
        assert_eq!(refused(begun), ActRefusal::Denied(Denied::NotMasterAdmin));
        assert_eq!(told(&world, "act-refused").await, "refused to begin an epoch: only a Master Admin may do this");
        for round in 0..4 {
            let (_, bob) = world.enroll("bob").await;
            let seen = in_force(&world).await.epoch;
            if round == 0 {
                world.clock.advance(301 * Duration::from_secs(1));
                let begun = begin(&world, &bob, NewEpoch::after(seen)).await;
                assert_eq!(refused(begun), ActRefusal::FreshCodeNeeded);
                let reset = vendor(&world).user(&user("bob")).reset(Password::AsBefore).await.unwrap();
                granted(reset);
                continue;
            }
            granted(begin(&world, &bob, NewEpoch::after(seen)).await);
        }
        let (phone, bob) = world.enroll("bob").await;
        let seen = in_force(&world).await.epoch;
        let refusal = refused(begin(&world, &bob, NewEpoch::after(seen)).await);
        let ActRefusal::TooManyEpochs { until } = refusal else { panic!("{refusal:?}") };
        assert_eq!(in_force(&world).await.epoch, seen);
        assert!(refusal.to_string().contains(&until.to_string()) && refusal.name() == "too-many-epochs");
        let after = granted(vendor(&world).begin_epoch(NewEpoch::after(seen)).await.unwrap());
        let _ = phone;
        world.clock.set(until);
        let (_, bob) = world.enroll("bob").await;
        granted(begin(&world, &bob, NewEpoch::after(after)).await);
    }

    /// In an incident invitations are asked for in the same write: a thief who has a password does not come first.
    async fn an_epoch_by_invitation_is_the_vendors_to_begin(world: World) {
        world.switch_on().await;
        let (_, bob) = world.enroll("bob").await;
        let seen = in_force(&world).await;
        let new = NewEpoch::after(seen.epoch).by_invitation();
        assert_eq!(refused(begin(&world, &bob, new).await), ActRefusal::NobodyCouldInvite);
        assert_eq!(in_force(&world).await, seen);
        granted(vendor(&world).begin_epoch(new).await.unwrap());
        assert!(in_force(&world).await.settings.invitation_required());
        assert_eq!(told(&world, "epoch-begun").await, "everybody has to enroll again, by invitation: case 7");
        let Gate::AskInvitation(ticket) = world.check_in("bob").await else { panic!("without an invitation") };
        let invitation = granted(vendor(&world).user(&user("bob")).invite().await.unwrap());
        let typed = invitation.text();
        let ticket = granted(world.two_factor.accept(Attempt::new(&ticket, &typed)).await.unwrap());
        let _ = world.setup(&ticket).await;
        // R14: an invitation does not outlive the epoch that it was made in.
        let seen = in_force(&world).await.epoch;
        granted(vendor(&world).begin_epoch(NewEpoch::after(seen)).await.unwrap());
        let Gate::AskInvitation(ticket) = world.check_in("bob").await else { panic!("without an invitation") };
        let accepted = world.two_factor.accept(Attempt::new(&ticket, &typed)).await.unwrap();
        assert_eq!(refused(accepted), Refusal::InvitationVoid);
    }

    /// R6: one that is made before the switch is for the *on* that follows, and no later one.
    async fn an_invitation_counts_in_the_on_that_follows_directly(world: World) {
        set(&world, |settings| settings.with_invitation_required(true)).await;
        let typed = granted(vendor(&world).user(&user("ian")).invite().await.unwrap()).text();
        require(&world, Requirement::On).await;
        let Gate::AskInvitation(ticket) = world.check_in("ian").await else { panic!("without an invitation") };
        let invited = granted(world.two_factor.accept(Attempt::new(&ticket, &typed)).await.unwrap());
        let _ = world.setup(&invited).await;
        require(&world, Requirement::Off).await;
        require(&world, Requirement::On).await;
        let Gate::AskInvitation(ticket) = world.check_in("ian").await else { panic!("without an invitation") };
        let accepted = world.two_factor.accept(Attempt::new(&ticket, &typed)).await.unwrap();
        assert_eq!(refused(accepted), Refusal::InvitationVoid);
    }

    /// R14: what was granted under a feature ends when the org switches it off, whatever it says later.
    async fn a_feature_that_was_switched_off_gives_back_nothing(world: World) {
        let remembering = |settings: Settings| settings.with_remember_devices(Some(days(30)));
        set(&world, remembering).await;
        require(&world, Requirement::On).await;
        let (_, ian) = world.enroll("ian").await;
        let device = granted(world.signed_in(&ian).remember_device(&"laptop").await.unwrap()).token;
        let enter = async || {
            let first_factor = FirstFactor::accepted(&org(ACME), &user("ian")).on_device(device.clone());
            matches!(world.two_factor.check_in(first_factor).await.unwrap(), Gate::Open(_))
        };
        assert!(enter().await);
        set(&world, |settings| settings.with_remember_devices(Some(days(7)))).await;
        assert!(enter().await, "fewer days are no end of it");
        set(&world, |settings| settings.with_remember_devices(None)).await;
        set(&world, remembering).await;
        assert!(!enter().await);
        assert_eq!(granted(world.signed_in(&ian).devices().await.unwrap()), []);

        // Invitations that were made because the settings asked for them.
        set(&world, |settings| settings.with_invitation_required(true)).await;
        let typed = granted(vendor(&world).user(&user("ida")).invite().await.unwrap()).text();
        set(&world, |settings| settings.with_invitation_required(false)).await;
        set(&world, |settings| settings.with_invitation_required(true)).await;
        let Gate::AskInvitation(ticket) = world.check_in("ida").await else { panic!("without an invitation") };
        let accepted = world.two_factor.accept(Attempt::new(&ticket, &typed)).await.unwrap();
        assert_eq!(refused(accepted), Refusal::InvitationVoid);
    }

    /// R14: time to enroll that was taken back is not given again to whoever has had it.
    async fn time_that_was_taken_back_stays_so(world: World) {
        let within = |count| move |settings: Settings| settings.with_enroll_within(Some(days(count)));
        set(&world, within(7)).await;
        require(&world, Requirement::On).await;
        let Gate::EnrollBy { pass, .. } = world.check_in("ian").await else { panic!("there is time") };
        set(&world, |settings| settings.with_enroll_within(None)).await;
        assert!(world.resume(pass.stamp()).await.is_none());
        set(&world, within(7)).await;
        assert!(world.resume(pass.stamp()).await.is_none());
        let _ = world.ticket_to_enroll("ian").await;
        assert_eq!(due(&world, "ida").await, world.now().after(7 * DAY), "who was told nothing is told now");
    }

    /// An epoch that begins while codes are asked gives nobody time; under `Mandated` nobody gets it who has had it.
    async fn only_a_switch_from_off_to_on_gives_time(world: World) {
        set(&world, |settings| settings.with_enroll_within(Some(days(7)))).await;
        require(&world, Requirement::On).await;
        let Gate::EnrollBy { pass, .. } = world.check_in("ian").await else { panic!("there is time") };
        assert_eq!(pass.means(), Means::Grace);
        let seen = in_force(&world).await.epoch;
        granted(vendor(&world).begin_epoch(NewEpoch::after(seen)).await.unwrap());
        assert!(world.resume(pass.stamp()).await.is_none());
        let _ = world.ticket_to_enroll("ian").await;
        let _ = world.ticket_to_enroll("ida").await;
        require(&world, Requirement::Off).await;
        require(&world, Requirement::On).await;
        let _ = due(&world, "ian").await;
        require(&world, Requirement::Off).await;
        require(&world, Requirement::Mandated).await;
        let _ = world.ticket_to_enroll("ian").await;
        let _ = due(&world, "ida").await;
    }

    /// More days go to those whose time is not over; the others are helped by name. A date is the end for all.
    async fn more_time_is_for_whoever_has_some_left(world: World) {
        let within = |count| move |settings: Settings| settings.with_enroll_within(Some(days(count)));
        set(&world, within(7)).await;
        require(&world, Requirement::On).await;
        let start = world.now();
        let _ = due(&world, "ian").await;
        world.clock.advance(3 * DAY);
        let _ = due(&world, "ida").await;
        world.clock.advance(5 * DAY);
        set(&world, within(30)).await;
        assert!(matches!(world.check_in("ian").await, Gate::AskInvitation(_)), "his time was over");
        assert_eq!(due(&world, "ida").await, start.after(33 * DAY));
        let extended = granted(vendor(&world).user(&user("ian")).extend(days(5)).await.unwrap());
        assert_eq!(due(&world, "ian").await, extended);
        // Everybody by the 20th day, told or not.
        let date = start.after(20 * DAY);
        set(&world, |settings| settings.with_enroll_by(Some(date))).await;
        assert_eq!(due(&world, "ida").await, date);
        assert_eq!(due(&world, "bob").await, date);
        world.clock.set(date);
        for id in ["ida", "bob", "ann"] {
            assert!(matches!(world.check_in(id).await, Gate::AskInvitation(_)), "{id}");
        }
    }

    /// R16: however often it is extended, nobody gets in on the password alone for more than 90 days, and neither a reset
    /// nor an unlock begins to count again.
    async fn time_is_extended_up_to_a_quarter_of_a_year_in_all(world: World) {
        set(&world, |settings| settings.with_enroll_within(Some(days(7)))).await;
        require(&world, Requirement::Mandated).await;
        let start = world.now();
        let _ = due(&world, "ian").await;
        let vendor = vendor(&world);
        let ian = vendor.user(&user("ian"));
        world.clock.advance(5 * DAY);
        assert_eq!(granted(ian.extend(days(60)).await.unwrap()), start.after(65 * DAY));
        world.clock.advance(50 * DAY);
        granted(ian.unlock(Password::AsBefore).await.unwrap());
        granted(ian.reset(Password::AsBefore).await.unwrap());
        assert_eq!(granted(ian.extend(days(90)).await.unwrap()), start.after(90 * DAY));
        assert_eq!(due(&world, "ian").await, start.after(90 * DAY));
        world.clock.set(start.after(90 * DAY));
        assert_eq!(refused(ian.extend(days(90)).await.unwrap()), ActRefusal::NoMoreTime);
        assert!(matches!(world.check_in("ian").await, Gate::AskInvitation(_)));
        // An invitation is the way, and what follows an enrollment counts from the same day.
        granted(ian.invite().await.unwrap());
        // Somebody who was never told begins with the extension.
        let idas = granted(vendor.user(&user("ida")).extend(days(90)).await.unwrap());
        world.clock.advance(DAY);
        assert_eq!(granted(vendor.user(&user("ida")).extend(days(90)).await.unwrap()), idas);
    }

    /// OWASP ASVS 6.3.5: a thief who has the password and gives up at the code, once an hour, where the org wants it.
    async fn a_right_password_without_a_code_is_recorded_if_the_org_says_so(world: World) {
        world.switch_on().await;
        let (phone, _) = world.enroll("ian").await;
        let before = world.kinds_for("ian").await.len();
        let _ = world.ticket_for_code("ian").await;
        assert_eq!(world.kinds_for("ian").await.len(), before);
        set(&world, |settings| settings.with_first_factors_recorded(true)).await;
        for _ in 0..100 {
            let _ = world.ticket_for_code("ian").await;
        }
        assert_eq!(world.kinds_for("ian").await[before..], ["first-factor-accepted"]);
        world.clock.advance(Duration::from_secs(60 * 60));
        let _ = world.log_in("ian", &phone).await;
        assert_eq!(world.kinds_for("ian").await[before + 1..], ["first-factor-accepted", "code-accepted"]);
        let _ = world.ticket_to_enroll("ida").await;
        assert_eq!(world.kinds_for("ida").await, ["first-factor-accepted"]);
    }

    async fn an_invitation_lasts_as_long_as_the_org_says(world: World) {
        world.switch_on().await;
        set(&world, |settings| settings.with_invitation_lifetime(3 * DAY).unwrap()).await;
        let invitation = granted(vendor(&world).user(&user("ian")).invite().await.unwrap());
        assert_eq!(invitation.expires_at(), world.now().after(3 * DAY));
        for wrong in [Duration::from_secs(599), 7 * DAY + Duration::from_secs(1)] {
            assert!(Settings::default().with_invitation_lifetime(wrong).is_err());
        }
    }

    /// A misspelled org is no decision that nobody notices.
    async fn nothing_is_mandated_for_an_org_that_the_host_does_not_know(world: World) {
        let support = Support::new(&world.two_factor, Operator::new("sue@vendor.example").unwrap());
        let reason = Reason::new("case 7").unwrap();
        let nobodys = support.in_org(&org("acmee"), &reason);
        let refusal = refused(nobodys.require(Requirement::Mandated).await.unwrap());
        assert_eq!(refusal, ActRefusal::Denied(Denied::NoSuchOrg));
        assert_eq!(world.two_factor.org(&org("acmee")).policy().await.unwrap().revision, 0);
        require(&world, Requirement::Mandated).await;
    }

    /// R10: a refused act says at whom it was aimed, and how often it was tried again.
    async fn a_refused_act_says_at_whom_it_was_aimed(world: World) {
        let ian = world.walk_in("ian").await;
        for id in ["ida", "ann", "ida"] {
            refused(world.managed(&ian, id).reset(Password::AsBefore).await.unwrap());
        }
        world.clock.advance(Duration::from_secs(60 * 60));
        refused(world.managed(&ian, "bob").reset(Password::AsBefore).await.unwrap());
        let texts: Vec<String> = world.events().await.into_iter().map(|told| told.text).collect();
        assert_eq!(
            texts,
            [
                "refused to reset (ida): only a Master Admin may do this",
                "refused to reset (bob): only a Master Admin may do this; and 2 times after the last one of these",
            ]
        );
    }
}
