//! Who may enroll when: the time that an org gives, invitations, and what a blocked account needs before it enrolls anew.

use std::time::Duration;

use countersign::{
    ActRefusal, Attempt, FirstFactor, Gate, Pass, Refusal, Requirement, Role, Ticket, Timestamp, Verdict,
    admin::Support,
    audit::{Denied, Operator, Password, Reason},
    policy::{Days, RunningSessions, Settings},
    testing::Authenticator,
    tokens::{Invitation, Means},
};

use crate::world::{ACME, World, granted, org, over_every_store, refused, user};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const SECOND: Duration = Duration::from_secs(1);

fn days(count: u8) -> Days {
    Days::new(count).unwrap()
}

fn within_a_week() -> Settings {
    Settings::default().with_enroll_within(Some(days(7)))
}

fn by_invitation() -> Settings {
    Settings::default().with_invitation_required(true)
}

fn support(world: &World) -> (Support, Reason) {
    let support = Support::new(&world.two_factor, Operator::new("sue@vendor.example").unwrap());
    (support, Reason::new("case 7: identity checked by call-back").unwrap())
}

/// Lets somebody in who has time left.
async fn in_grace(world: &World, id: &str) -> (Pass, Ticket, Timestamp) {
    match world.check_in(id).await {
        Gate::EnrollBy { pass, ticket, by } => (pass, ticket, by),
        other => panic!("{id} should have time, not {other:?}"),
    }
}

async fn ticket_to_be_invited(world: &World, id: &str) -> Ticket {
    match world.check_in(id).await {
        Gate::AskInvitation(ticket) => ticket,
        other => panic!("{id} should need an invitation, not {other:?}"),
    }
}

async fn accept(world: &World, ticket: &Ticket, text: &str) -> Verdict<Ticket> {
    world.two_factor.accept(Attempt::new(ticket, text).seen_from("10.0.0.5")).await.unwrap()
}

async fn enroll_with(world: &World, ticket: &Ticket) -> (Authenticator, Pass) {
    let phone = Authenticator::enrolled_with(&world.setup(ticket).await).unwrap();
    let code = phone.code(&world.clock);
    (phone, granted(world.two_factor.confirm(Attempt::new(ticket, &code)).await.unwrap()).pass)
}

async fn invite(world: &World, admin: &Pass, id: &str) -> Invitation {
    granted(world.managed(admin, id).invite().await.unwrap())
}

async fn set(world: &World, admin: &Pass, settings: Settings) {
    let seen = world.two_factor.org(&org(ACME)).policy().await.unwrap().revision;
    granted(world.two_factor.admin(admin).change_settings(seen, settings).await.unwrap());
}

/// An invitation that is well formed and not the right one.
const WRONG: &str = "AAAAAA BBBBBB CCCCCC DDDDDD EEEEEE";
/// Of the right alphabet, and of the shape of something else.
const A_RECOVERY_CODE: &str = "AAAAAA-BBBBBB-CCCCCC-DDDDDD";

over_every_store! {
    /// R10: that they were told is written once, and no later login gives them more time.
    async fn whoever_has_time_to_enroll_gets_in_until_it_is_over(world: World) {
        let world = world.with_settings(within_a_week());
        world.switch_on().await;
        let told = world.now();
        let (pass, _, by) = in_grace(&world, "ian").await;
        assert_eq!((by, pass.means()), (told.after(7 * DAY), Means::Grace));
        assert!(world.resume(pass.stamp()).await.is_some());
        world.clock.advance(6 * DAY);
        let (_, _, again) = in_grace(&world, "ian").await;
        assert_eq!(again, by);
        assert_eq!(world.kinds_for("ian").await, ["enrollment-due"]);
        // A session that is opened on the last day ends with it.
        world.clock.set(Timestamp::from_unix(by.as_unix() - 60));
        let (last, _, _) = in_grace(&world, "ian").await;
        assert_eq!(last.expires_at(), by);
        world.clock.set(by);
        assert!(world.resume(last.stamp()).await.is_none());
        let ticket = ticket_to_be_invited(&world, "ian").await;
        assert_eq!(refused(world.two_factor.setup(&ticket).await.unwrap()), Refusal::InvitationNeeded);
        let confirmed = world.two_factor.confirm(Attempt::new(&ticket, "123456")).await.unwrap();
        assert_eq!(refused(confirmed), Refusal::InvitationNeeded);
        // Everybody has their own time.
        let (_, _, idas) = in_grace(&world, "ida").await;
        assert_eq!(idas, by.after(7 * DAY));
    }

    async fn whoever_enrolls_within_their_time_is_asked_from_then_on(world: World) {
        let world = world.with_settings(within_a_week());
        world.switch_on().await;
        let (pass, ticket, _) = in_grace(&world, "ian").await;
        let (phone, _) = enroll_with(&world, &ticket).await;
        assert!(world.resume(pass.stamp()).await.is_none());
        let _ = world.log_in("ian", &phone).await;
    }

    /// R13: time to enroll is no time to administer without a code.
    async fn an_admin_who_has_time_left_administers_nothing(world: World) {
        let world = world.with_settings(within_a_week());
        world.switch_on().await;
        let (admin, _, _) = in_grace(&world, "ann").await;
        assert_eq!(refused(world.switch(&admin, Requirement::Off).await), ActRefusal::FreshCodeNeeded);
        assert_eq!(refused(world.signed_in(&admin).step_up().await.unwrap()), ActRefusal::EnrollFirst);
        // Nor does a promotion within the time.
        let (ian, _, _) = in_grace(&world, "ian").await;
        world.people.set(ACME, "ian", Role::MasterAdmin);
        assert!(world.resume(ian.stamp()).await.is_none());
    }

    /// R6: in a new epoch everybody is told anew; a session of the old time is worth nothing in it.
    async fn a_new_epoch_gives_new_time(world: World) {
        let world = world.with_settings(within_a_week());
        world.switch_on().await;
        let (pass, ticket, by) = in_grace(&world, "ian").await;
        let (admins, _) = support(&world);
        let reason = Reason::new("off and on").unwrap();
        for to in [Requirement::Off, Requirement::On] {
            granted(admins.in_org(&org(ACME), &reason).require(to).await.unwrap());
        }
        assert!(world.resume(pass.stamp()).await.is_none());
        assert_eq!(refused(world.two_factor.setup(&ticket).await.unwrap()), Refusal::TicketVoid);
        world.clock.advance(DAY);
        let (_, _, anew) = in_grace(&world, "ian").await;
        assert_eq!(anew, by.after(DAY));
    }

    async fn an_org_that_gives_no_more_time_asks_everybody_at_once(world: World) {
        let world = world.with_settings(within_a_week().with_running_sessions(RunningSessions::End));
        world.switch_on().await;
        let (pass, _, _) = in_grace(&world, "ian").await;
        assert!(world.resume(pass.stamp()).await.is_some());
        let (_, ticket, _) = in_grace(&world, "bob").await;
        let (_, admin) = enroll_with(&world, &ticket).await;
        set(&world, &admin, Settings::default()).await;
        assert!(world.resume(pass.stamp()).await.is_none());
        let _ = world.enroll("ian").await;
    }

    /// R7: whoever is reset enrolls at their next login, and is given no time in which the password is enough.
    async fn a_reset_gives_no_time(world: World) {
        let world = world.with_settings(within_a_week());
        world.switch_on().await;
        let (_, ticket, _) = in_grace(&world, "bob").await;
        let (_, admin) = enroll_with(&world, &ticket).await;
        let (_, _, _) = in_grace(&world, "ian").await;
        granted(world.managed(&admin, "ian").reset(Password::AsBefore).await.unwrap());
        let (phone, _) = world.enroll("ian").await;
        let _ = world.log_in("ian", &phone).await;
        granted(world.managed(&admin, "ida").reset(Password::AsBefore).await.unwrap());
        let _ = world.ticket_to_enroll("ida").await;
    }

    /// R13, R10.
    async fn a_master_admin_gives_one_user_more_time(world: World) {
        let world = world.with_settings(within_a_week());
        world.switch_on().await;
        let (_, ticket, _) = in_grace(&world, "bob").await;
        let (_, admin) = enroll_with(&world, &ticket).await;
        let (_, _, by) = in_grace(&world, "ian").await;
        let extend = async |id, count| world.managed(&admin, id).extend(days(count)).await.unwrap();
        // Less than they have is no extension.
        assert_eq!(granted(extend("ian", 3).await), by);
        let longer = granted(extend("ian", 14).await);
        assert_eq!(longer, world.now().after(14 * DAY));
        world.clock.advance(301 * SECOND);
        assert_eq!(refused(extend("ian", 30).await), ActRefusal::FreshCodeNeeded);
        world.clock.set(by);
        assert_eq!(in_grace(&world, "ian").await.2, longer);
        world.clock.set(longer);
        let _ = ticket_to_be_invited(&world, "ian").await;
        let kinds = world.kinds_for("ian").await;
        assert_eq!(kinds, ["enrollment-due", "grace-extended"]);
        let told = world.events().await.into_iter().rfind(|told| told.kind == "grace-extended").unwrap();
        assert_eq!(told.by.as_deref(), Some("bob"));
    }

    /// R13, R5.
    async fn nobody_else_gives_time_or_invites(world: World) {
        let world = world.with_settings(within_a_week());
        let (ian, ann) = (world.walk_in("ian").await, world.walk_in("ann").await);
        for (pass, target, why) in [
            (&ian, "ida", Denied::NotMasterAdmin),
            (&ann, "ann", Denied::Yourself),
            (&ann, "carl", Denied::Customer),
            (&ann, "gus", Denied::NotInThisOrg),
        ] {
            let invited = world.two_factor.admin(pass).user(&user(target)).invite().await.unwrap();
            assert_eq!(refused(invited), ActRefusal::Denied(why));
            let extended = world.two_factor.admin(pass).user(&user(target)).extend(days(2)).await.unwrap();
            assert_eq!(refused(extended), ActRefusal::Denied(why));
            assert_eq!(world.record(target).await.is_some(), target == "ann", "{target}");
        }
        // While nothing is required, there is no time to give.
        let extended = world.managed(&ann, "ian").extend(days(2)).await.unwrap();
        assert_eq!(refused(extended), ActRefusal::NotOffered);
        let (support, reason) = support(&world);
        let invited = support.in_org(&org(ACME), &reason).user(&user("carl")).invite().await.unwrap();
        assert_eq!(invited.refusal(), Some(ActRefusal::Denied(Denied::Customer)));
    }

    /// CISA AA22-074A: the thief who has the password and comes first.
    async fn a_password_alone_enrolls_nobody_where_invitations_are_asked_for(world: World) {
        let world = world.with_settings(by_invitation());
        let ann = world.walk_in("ann").await;
        let for_bob = invite(&world, &ann, "bob").await;
        assert_eq!(for_bob.expires_at(), world.now().after(DAY));
        granted(world.switch(&ann, Requirement::On).await);
        let thief = ticket_to_be_invited(&world, "bob").await;
        assert_eq!(refused(world.two_factor.setup(&thief).await.unwrap()), Refusal::InvitationNeeded);
        let ticket = ticket_to_be_invited(&world, "bob").await;
        let invited = granted(accept(&world, &ticket, &for_bob.text().to_lowercase()).await);
        let (phone, admin) = enroll_with(&world, &invited).await;
        let _ = world.log_in("bob", &phone).await;
        // The first one in invites the others.
        let for_ian = invite(&world, &admin, "ian").await;
        let ticket = ticket_to_be_invited(&world, "ian").await;
        let invited = granted(accept(&world, &ticket, &for_ian.text()).await);
        let _ = enroll_with(&world, &invited).await;
        let again = world.managed(&admin, "ian").invite().await.unwrap();
        assert_eq!(refused(again), ActRefusal::AlreadyEnrolled);
        assert_eq!(world.kinds_for("ian").await, ["invited", "enrollment-started", "enrolled"]);
    }

    /// R1: one invitation, one enrollment; it belongs to its user, its generation and its day.
    async fn an_invitation_is_for_one_enrollment_of_one_user_on_one_day(world: World) {
        let world = world.with_settings(by_invitation());
        let ann = world.walk_in("ann").await;
        let (old, new) = (invite(&world, &ann, "ian").await, invite(&world, &ann, "ian").await);
        let for_ida = invite(&world, &ann, "ida").await;
        granted(world.switch(&ann, Requirement::On).await);
        let ticket = ticket_to_be_invited(&world, "ian").await;
        assert_eq!(refused(accept(&world, &ticket, &old.text()).await), Refusal::InvitationVoid);
        let refusal = refused(accept(&world, &ticket, &for_ida.text()).await);
        assert!(matches!(refusal, Refusal::WrongCode { left: 9, .. }), "the superseded one was not counted");
        // Who closes the page and comes again is still invited, and the later page counts.
        let first = granted(accept(&world, &ticket, &new.text()).await);
        let _ = world.setup(&first).await;
        let ticket = ticket_to_be_invited(&world, "ian").await;
        let second = granted(accept(&world, &ticket, &new.text()).await);
        let (_, _) = enroll_with(&world, &second).await;
        assert_eq!(refused(world.two_factor.setup(&first).await.unwrap()), Refusal::TicketVoid);
        assert_eq!(refused(accept(&world, &ticket, &new.text()).await), Refusal::TicketVoid);
        let (support, reason) = support(&world);
        let reset = support.in_org(&org(ACME), &reason).user(&user("ian")).reset(Password::AsBefore).await.unwrap();
        assert_eq!(reset.refusal(), None);
        let ticket = ticket_to_be_invited(&world, "ian").await;
        assert!(matches!(refused(accept(&world, &ticket, &new.text()).await), Refusal::WrongCode { .. }));
        // A changed password ends what was handed out, an invitation too.
        world.password_changed("ida").await;
        let ticket = ticket_to_be_invited(&world, "ida").await;
        assert_eq!(refused(accept(&world, &ticket, &for_ida.text()).await), Refusal::InvitationVoid);
        let granted_one = support.in_org(&org(ACME), &reason).user(&user("ida")).invite().await.unwrap();
        let for_ida = granted(granted_one);
        let ticket = ticket_to_be_invited(&world, "ida").await;
        let in_time = granted(accept(&world, &ticket, &for_ida.text()).await);
        world.clock.set(for_ida.expires_at());
        let late = ticket_to_be_invited(&world, "ida").await;
        let record = world.record("ida").await;
        assert_eq!(refused(accept(&world, &late, &for_ida.text()).await), Refusal::InvitationVoid);
        assert_eq!(world.record("ida").await, record, "nothing was counted");
        assert_eq!(refused(world.two_factor.setup(&in_time).await.unwrap()), Refusal::TicketVoid);
    }

    /// R11, R15: a clock that is set back makes no invitation of one that was not made yet by any clock.
    async fn an_invitation_of_later_than_now_is_none(world: World) {
        let world = world.with_settings(by_invitation());
        world.switch_on().await;
        let (support, reason) = support(&world);
        let invitation =
            granted(support.in_org(&org(ACME), &reason).user(&user("ian")).invite().await.unwrap());
        world.clock.set(Timestamp::from_unix(world.now().as_unix() - 61));
        let ticket = ticket_to_be_invited(&world, "ian").await;
        assert_eq!(refused(accept(&world, &ticket, &invitation.text()).await), Refusal::InvitationVoid);
        world.clock.advance(SECOND);
        let ticket = ticket_to_be_invited(&world, "ian").await;
        let _ = granted(accept(&world, &ticket, &invitation.text()).await);
    }

    /// R2, R3, R11: guesses at an invitation count in the same row, what is none does not, and without a ticket nothing
    /// is looked at.
    async fn guesses_at_an_invitation_count(world: World) {
        let world = world.with_settings(by_invitation());
        world.switch_on().await;
        let ticket = ticket_to_be_invited(&world, "ian").await;
        for typed in ["", "123456", "AAAAAA BBBBBB CCCCCC DDDDDD EEEEEEE", A_RECOVERY_CODE] {
            assert_eq!(refused(accept(&world, &ticket, typed).await), Refusal::Malformed);
        }
        assert!(world.record("ian").await.is_none());
        for left in (1..10).rev() {
            let left_of = |refusal| matches!(refusal, Refusal::WrongCode { left: n, .. } if n == left);
            let refusal = refused(accept(&world, &ticket, WRONG).await);
            assert!(left_of(refusal), "{refusal:?}");
            if let Refusal::WrongCode { wait_until: Some(until), .. } = refusal {
                assert_eq!(refused(accept(&world, &ticket, WRONG).await), Refusal::Wait { until });
                break;
            }
        }
        assert_eq!(refused(accept(&world, &Ticket::from("nonsense"), WRONG).await), Refusal::TicketVoid);
        let (phone, code) = (ticket_to_be_invited(&world, "ida").await, "123456");
        assert_eq!(refused(world.verify(&phone, code).await), Refusal::TicketVoid);
    }

    /// A blocked account has a password that somebody knows: a plain reset would let them enroll.
    async fn a_blocked_account_is_reset_with_a_new_password_or_an_invitation(world: World) {
        world.switch_on().await;
        let (phone, _) = world.enroll("ian").await;
        world.step();
        world.block("ian", &phone).await;
        let (_, admin) = world.enroll("ann").await;
        let reset = world.managed(&admin, "ian").reset(Password::AsBefore).await.unwrap();
        assert_eq!(refused(reset), ActRefusal::PasswordKnown);
        let (support, reason) = support(&world);
        let reset = support.in_org(&org(ACME), &reason).user(&user("ian")).reset(Password::AsBefore).await.unwrap();
        assert_eq!(reset.refusal(), Some(ActRefusal::PasswordKnown));
        assert!(matches!(world.check_in("ian").await, Gate::Blocked));
        granted(world.managed(&admin, "ian").reset(Password::Changed).await.unwrap());
        let (phone, _) = world.enroll("ian").await;
        world.step();
        world.block("ian", &phone).await;
        let (_, admin) = world.enroll("bob").await;
        let invitation = granted(world.managed(&admin, "ian").reset_and_invite(Password::AsBefore).await.unwrap());
        // Whoever knows the password gets nowhere, in an org that asks for no invitations otherwise.
        let thief = ticket_to_be_invited(&world, "ian").await;
        assert_eq!(refused(world.two_factor.setup(&thief).await.unwrap()), Refusal::InvitationNeeded);
        let invited = granted(accept(&world, &thief, &invitation.text()).await);
        let (phone, _) = enroll_with(&world, &invited).await;
        let _ = world.log_in("ian", &phone).await;
        let told: Vec<_> = world.events().await.into_iter().filter(|told| told.kind == "reset").collect();
        let texts: Vec<_> = told.iter().map(|told| told.text.as_str()).collect();
        assert_eq!(
            texts,
            ["the second factor was reset, after the password was changed", "the second factor was reset"]
        );
        assert!(world.kinds_for("ian").await.windows(2).any(|pair| pair == ["reset", "invited"]));
    }

    /// R7: unlocking takes nothing from whoever knows the password; changing it does.
    async fn who_was_unlocked_is_not_reset_plainly_before_the_password_was_changed(world: World) {
        world.switch_on().await;
        let (phone, _) = world.enroll("ian").await;
        world.step();
        world.block("ian", &phone).await;
        let (_, admin) = world.enroll("ann").await;
        granted(world.managed(&admin, "ian").unlock(Password::AsBefore).await.unwrap());
        world.step();
        let _ = world.log_in("ian", &phone).await;
        let reset = world.managed(&admin, "ian").reset(Password::AsBefore).await.unwrap();
        assert_eq!(refused(reset), ActRefusal::PasswordKnown);
        world.password_changed("ian").await;
        granted(world.managed(&admin, "ian").reset(Password::AsBefore).await.unwrap());

        // Told before the unlocking, it counts as well.
        let (phone, _) = world.enroll("ian").await;
        world.step();
        world.block("ian", &phone).await;
        world.password_changed("ian").await;
        assert!(matches!(world.check_in("ian").await, Gate::Blocked), "a new password unlocks nothing");
        let admin = world.fresh_admin().await;
        granted(world.managed(&admin, "ian").reset(Password::AsBefore).await.unwrap());
    }

    /// R7: ended sessions are no new password.
    async fn to_end_sessions_makes_nobody_forget_that_the_password_is_known(world: World) {
        world.switch_on().await;
        let (phone, session) = world.enroll("ian").await;
        world.step();
        world.block("ian", &phone).await;
        world.two_factor.user(&org(ACME), &user("ian")).end_sessions().await.unwrap();
        assert!(world.resume(session.stamp()).await.is_none());
        assert_eq!(world.kinds_for("ian").await.last().unwrap(), "sessions-ended");
        let (_, admin) = world.enroll("ann").await;
        assert_eq!(refused(world.managed(&admin, "ian").reset(Password::AsBefore).await.unwrap()), ActRefusal::PasswordKnown);
        granted(world.managed(&admin, "ian").reset(Password::Changed).await.unwrap());
    }

    /// R7: that the password is known is not forgotten with the next reset, before somebody has enrolled.
    async fn who_was_reset_to_be_invited_is_not_reset_plainly(world: World) {
        world.switch_on().await;
        let _ = world.enroll("ian").await;
        let (_, admin) = world.enroll("ann").await;
        let invitation = granted(world.managed(&admin, "ian").reset_and_invite(Password::AsBefore).await.unwrap());
        let reset = world.managed(&admin, "ian").reset(Password::AsBefore).await.unwrap();
        assert_eq!(refused(reset), ActRefusal::PasswordKnown);
        let ticket = ticket_to_be_invited(&world, "ian").await;
        let invited = granted(accept(&world, &ticket, &invitation.text()).await);
        let _ = enroll_with(&world, &invited).await;
        granted(world.managed(&admin, "ian").reset(Password::AsBefore).await.unwrap());
    }

    /// R7: a new password ends what an invitation was asked for: nobody else knows it.
    async fn who_was_reset_to_be_invited_needs_no_invitation_after_a_new_password(world: World) {
        world.switch_on().await;
        let _ = world.enroll("ian").await;
        let (_, admin) = world.enroll("ann").await;
        let invitation = granted(world.managed(&admin, "ian").reset_and_invite(Password::AsBefore).await.unwrap());
        let thief = ticket_to_be_invited(&world, "ian").await;
        // Ended sessions change nothing about it.
        world.two_factor.user(&org(ACME), &user("ian")).end_sessions().await.unwrap();
        let _ = ticket_to_be_invited(&world, "ian").await;
        world.password_changed("ian").await;
        assert_eq!(refused(accept(&world, &thief, &invitation.text()).await), Refusal::TicketVoid);
        granted(world.managed(&admin, "ian").reset(Password::AsBefore).await.unwrap());
        let _ = world.enroll("ian").await;
    }

    /// R7, R4: also where the record cannot be opened; and the vendor can do all of it, with a reason.
    async fn the_vendor_resets_a_blocked_account_too(world: World) {
        world.switch_on().await;
        let (phone, _) = world.enroll("ann").await;
        world.step();
        world.block("ann", &phone).await;
        let (support, reason) = support(&world);
        let reset =
            support.in_org(&org(ACME), &reason).user(&user("ann")).reset(Password::Changed).await.unwrap();
        assert_eq!(reset.refusal(), None);
        let _ = world.enroll("ann").await;
        world.damage("ann").await;
        let invitation =
            granted(support.in_org(&org(ACME), &reason).user(&user("ann")).reset_and_invite(Password::AsBefore).await.unwrap());
        let ticket = ticket_to_be_invited(&world, "ann").await;
        let invited = granted(accept(&world, &ticket, &invitation.text()).await);
        let _ = enroll_with(&world, &invited).await;
        for kind in ["reset", "invited"] {
            let told = world.events().await.into_iter().rfind(|told| told.kind == kind).unwrap();
            assert!(told.text.ends_with(": case 7: identity checked by call-back"), "{}", told.text);
        }
        let customer =
            support.in_org(&org(ACME), &reason).user(&user("carl")).reset_and_invite(Password::AsBefore).await.unwrap();
        assert_eq!(customer.refusal(), Some(ActRefusal::Denied(Denied::Customer)));
    }

    /// A hard stop that was lowered blocks, and counts as a block here too.
    async fn an_account_beyond_a_lowered_hard_stop_is_a_blocked_one(world: World) {
        world.switch_on().await;
        let (phone, _) = world.enroll("ian").await;
        let (_, admin) = world.enroll("bob").await;
        let (ticket, wrong) = (world.ticket_for_code("ian").await, world.wrong_code(&phone));
        for _ in 0..3 {
            let _ = refused(world.verify(&ticket, &wrong).await);
        }
        set(&world, &admin, Settings::default().with_hard_stop(3).unwrap()).await;
        let reset = world.managed(&admin, "ian").reset(Password::AsBefore).await.unwrap();
        assert_eq!(refused(reset), ActRefusal::PasswordKnown);
    }

    /// Volunteers need an invitation as well, where the org asks for them.
    async fn by_choice_and_by_invitation_go_together(world: World) {
        let world = world.with_settings(by_invitation().with_enrollment_by_choice(true));
        let ann = world.walk_in("ann").await;
        let first_factor = FirstFactor::accepted(&org(ACME), &user("ian"));
        let session = world.walk_in("ian").await;
        let ticket = granted(world.signed_in(&session).enroll(first_factor).await.unwrap());
        assert_eq!(refused(world.two_factor.setup(&ticket).await.unwrap()), Refusal::InvitationNeeded);
        let invitation = invite(&world, &ann, "ian").await;
        let invited = granted(accept(&world, &ticket, &invitation.text()).await);
        let (phone, _) = enroll_with(&world, &invited).await;
        let _ = world.log_in("ian", &phone).await;
        // A ticket that is for a code takes no invitation.
        let ticket = world.ticket_for_code("ian").await;
        assert_eq!(refused(accept(&world, &ticket, WRONG).await), Refusal::TicketVoid);
    }

    /// R1: of many who enroll with one invitation at once, one does.
    async fn an_invitation_is_spent_once_by_many_racers(world: World) {
        let world = world.with_settings(by_invitation());
        let ann = world.walk_in("ann").await;
        let invitation = invite(&world, &ann, "ian").await;
        granted(world.switch(&ann, Requirement::On).await);
        world.controls.slow_down(Duration::from_micros(200));
        let racers = (0..8).map(|_| {
            let (driver, text, clock) =
                (world.another_process(), invitation.text().to_string(), world.clock.clone());
            tokio::spawn(async move {
                let Gate::AskInvitation(ticket) =
                    driver.check_in(FirstFactor::accepted(&org(ACME), &user("ian"))).await.unwrap()
                else {
                    return None;
                };
                let ticket = driver.accept(Attempt::new(&ticket, &text)).await.unwrap().granted()?;
                let setup = driver.setup(&ticket).await.unwrap().granted()?;
                let code = Authenticator::enrolled_with(&setup).unwrap().code(&clock);
                driver.confirm(Attempt::new(&ticket, &code)).await.unwrap().granted()
            })
        });
        let mut enrolled = 0;
        for racer in racers.collect::<Vec<_>>() {
            enrolled += usize::from(racer.await.unwrap().is_some());
        }
        world.controls.slow_down(Duration::ZERO);
        assert!(enrolled <= 1, "{enrolled}");
        let kinds = world.kinds_for("ian").await;
        assert_eq!(kinds.iter().filter(|kind| *kind == "enrolled").count(), enrolled);
    }
}
