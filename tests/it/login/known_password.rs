//! R16: once somebody else is known to know a password, it binds nothing by itself, whatever is done to the account,
//! until it is changed.

use std::time::Duration;

use countersign::{
    ActRefusal, Attempt, ErrorKind, FirstFactor, Gate, Pass, Refusal, Requirement, Ticket, Timestamp,
    admin::Support,
    audit::{Operator, Password, Reason},
    policy::{Days, Settings},
    testing::Authenticator,
};

use crate::world::{ACME, World, granted, org, over_every_store, refused, user};

fn days(count: u8) -> Days {
    Days::new(count).unwrap()
}

async fn asked_for_an_invitation(world: &World, id: &str) -> Ticket {
    match world.check_in(id).await {
        Gate::AskInvitation(ticket) => ticket,
        other => panic!("{id} should need an invitation, not {other:?}"),
    }
}

async fn enroll_invited(world: &World, id: &str, invitation: &str) -> (Authenticator, Pass) {
    let ticket = asked_for_an_invitation(world, id).await;
    let ticket = granted(world.two_factor.accept(Attempt::new(&ticket, invitation)).await.unwrap());
    let phone = Authenticator::enrolled_with(&world.setup(&ticket).await).unwrap();
    let code = phone.code(&world.clock);
    let enrolled = granted(world.two_factor.confirm(Attempt::new(&ticket, &code)).await.unwrap());
    (phone, enrolled.pass)
}

/// Guesses under a ticket until the account is blocked.
async fn block_under(world: &World, ticket: &Ticket, wrong: &str, first: bool) {
    for _ in 0..20 {
        let attempt = Attempt::new(ticket, wrong);
        let refusal = if first {
            refused(world.two_factor.confirm(attempt).await.unwrap())
        } else {
            refused(world.two_factor.verify(attempt).await.unwrap())
        };
        match refusal {
            Refusal::WrongCode { wait_until: Some(until), .. } => world.clock.set(until),
            Refusal::WrongCode { .. } => {}
            Refusal::Blocked => return,
            other => panic!("{other:?}"),
        }
    }
    panic!("twenty wrong codes in a row did not block");
}

/// A hard stop that is reached within the lifetime of one ticket.
fn few() -> Settings {
    Settings::default().with_hard_stop(4).unwrap()
}

over_every_store! {
    /// An invitation gets past it for one enrollment, and does not end it.
    async fn an_enrollment_by_invitation_does_not_make_the_password_unknown(world: World) {
        let world = world.with_settings(few());
        world.switch_on().await;
        let (phone, _) = world.enroll("ian").await;
        world.block("ian", &phone).await;
        let bob = world.fresh_admin().await;
        let invitation =
            granted(world.managed(&bob, "ian").reset_and_invite(Password::AsBefore).await.unwrap());
        let (phone, _) = enroll_invited(&world, "ian", &invitation.text()).await;
        let _ = world.log_in("ian", &phone).await;
        // Much later, the phone is lost. Whoever knew the password still does.
        let again = world.managed(&bob, "ian").reset(Password::AsBefore).await.unwrap();
        assert_eq!(refused(again), ActRefusal::PasswordKnown);
        let invitation =
            granted(world.managed(&bob, "ian").reset_and_invite(Password::AsBefore).await.unwrap());
        let ticket = asked_for_an_invitation(&world, "ian").await;
        assert_eq!(refused(world.two_factor.setup(&ticket).await.unwrap()), Refusal::InvitationNeeded);
        let _ = enroll_invited(&world, "ian", &invitation.text()).await;
        world.password_changed("ian").await;
        granted(world.managed(&bob, "ian").reset(Password::AsBefore).await.unwrap());
        let _ = world.enroll("ian").await;
    }

    async fn whoever_was_blocked_while_enrolling_needs_an_invitation_after_the_unlock(world: World) {
        let world = world.with_settings(few());
        world.switch_on().await;
        let ticket = world.ticket_to_enroll("ian").await;
        let phone = Authenticator::enrolled_with(&world.setup(&ticket).await).unwrap();
        block_under(&world, &ticket, &world.wrong_code(&phone), true).await;
        let bob = world.fresh_admin().await;
        granted(world.managed(&bob, "ian").unlock(Password::AsBefore).await.unwrap());
        let thief = asked_for_an_invitation(&world, "ian").await;
        assert_eq!(refused(world.two_factor.setup(&thief).await.unwrap()), Refusal::InvitationNeeded);
        let invitation = granted(world.managed(&bob, "ian").invite().await.unwrap());
        let _ = enroll_invited(&world, "ian", &invitation.text()).await;
    }

    /// The statement is recorded with the act.
    async fn an_unlock_after_a_new_password_says_so(world: World) {
        let world = world.with_settings(few());
        world.switch_on().await;
        let ticket = world.ticket_to_enroll("ian").await;
        let phone = Authenticator::enrolled_with(&world.setup(&ticket).await).unwrap();
        block_under(&world, &ticket, &world.wrong_code(&phone), true).await;
        let bob = world.fresh_admin().await;
        granted(world.managed(&bob, "ian").unlock(Password::Changed).await.unwrap());
        let told = world.events().await.into_iter().rfind(|told| told.kind == "unlocked").unwrap();
        assert_eq!(told.text, "unlocked, after the password was changed");
        let _ = world.enroll("ian").await;
    }

    /// Ending sessions is for a stolen device. It says nothing of the password.
    async fn ended_sessions_change_nothing_about_it(world: World) {
        let world = world.with_settings(few());
        world.switch_on().await;
        let (phone, _) = world.enroll("ian").await;
        world.block("ian", &phone).await;
        world.two_factor.user(&org(ACME), &user("ian")).end_sessions().await.unwrap();
        let bob = world.fresh_admin().await;
        let reset = world.managed(&bob, "ian").reset(Password::AsBefore).await.unwrap();
        assert_eq!(refused(reset), ActRefusal::PasswordKnown);
    }

    /// Whoever has stolen a session, and guesses at step-ups, need not know the password.
    async fn guesses_in_a_session_say_nothing_of_the_password(world: World) {
        let world = world.with_settings(few());
        world.switch_on().await;
        let (phone, pass) = world.enroll("ian").await;
        let ticket = granted(world.signed_in(&pass).step_up().await.unwrap());
        block_under(&world, &ticket, &world.wrong_code(&phone), false).await;
        let told = world.events().await.into_iter().rfind(|told| told.kind == "blocked").unwrap();
        assert_eq!(told.text, "blocked after too many wrong codes, all of them typed in a session");
        let bob = world.fresh_admin().await;
        granted(world.managed(&bob, "ian").reset(Password::AsBefore).await.unwrap());
        let _ = world.enroll("ian").await;
    }

    /// One guess after the password among those of a session is one of somebody who knows it.
    async fn one_guess_after_the_password_is_enough_to_say_so(world: World) {
        let world = world.with_settings(few());
        world.switch_on().await;
        let (phone, pass) = world.enroll("ian").await;
        let wrong = world.wrong_code(&phone);
        let first_factor = world.ticket_for_code("ian").await;
        let _ = refused(world.verify(&first_factor, &wrong).await);
        let ticket = granted(world.signed_in(&pass).step_up().await.unwrap());
        block_under(&world, &ticket, &wrong, false).await;
        let bob = world.fresh_admin().await;
        let reset = world.managed(&bob, "ian").reset(Password::AsBefore).await.unwrap();
        assert_eq!(refused(reset), ActRefusal::PasswordKnown);
    }

    /// No time is given in which it would be enough; not by the org, and not by name.
    async fn a_known_password_has_no_grace(world: World) {
        let settings = few().with_enroll_within(Some(days(7)));
        let world = world.with_settings(settings);
        world.switch_on().await;
        let Gate::EnrollBy { ticket, .. } = world.check_in("bob").await else { panic!("there is time") };
        let phone = Authenticator::enrolled_with(&world.setup(&ticket).await).unwrap();
        let code = phone.code(&world.clock);
        let bob = granted(world.two_factor.confirm(Attempt::new(&ticket, &code)).await.unwrap()).pass;
        let Gate::EnrollBy { ticket, .. } = world.check_in("ian").await else { panic!("there is time") };
        let phone = Authenticator::enrolled_with(&world.setup(&ticket).await).unwrap();
        let code = phone.code(&world.clock);
        let _ = granted(world.two_factor.confirm(Attempt::new(&ticket, &code)).await.unwrap());
        world.block("ian", &phone).await;
        granted(world.managed(&bob, "ian").unlock(Password::AsBefore).await.unwrap());
        granted(world.switch(&bob, Requirement::Off).await);
        let Gate::Open(bob) = world.check_in("bob").await else { panic!("nothing is required") };
        granted(world.switch(&bob, Requirement::On).await);
        let _ = asked_for_an_invitation(&world, "ian").await;
        let Gate::EnrollBy { ticket, .. } = world.check_in("bob").await else { panic!("there is time") };
        let phone = Authenticator::enrolled_with(&world.setup(&ticket).await).unwrap();
        let code = phone.code(&world.clock);
        let bob = granted(world.two_factor.confirm(Attempt::new(&ticket, &code)).await.unwrap()).pass;
        let extended = world.managed(&bob, "ian").extend(days(7)).await.unwrap();
        assert_eq!(refused(extended), ActRefusal::PasswordKnown);
    }

    async fn no_device_is_remembered_on_a_known_password(world: World) {
        let world = world.with_settings(few().with_remember_devices(Some(days(7))));
        world.switch_on().await;
        let (phone, pass) = world.enroll("ian").await;
        let device = granted(world.signed_in(&pass).remember_device("a laptop").await.unwrap());
        world.block("ian", &phone).await;
        let bob = world.fresh_admin().await;
        granted(world.managed(&bob, "ian").unlock(Password::AsBefore).await.unwrap());
        let on_it = FirstFactor::accepted(&org(ACME), &user("ian")).on_device(device.token);
        assert!(matches!(world.two_factor.check_in(on_it).await.unwrap(), Gate::AskCode(_)));
        let pass = world.log_in("ian", &phone).await;
        let again = world.signed_in(&pass).remember_device("a laptop").await.unwrap();
        assert_eq!(refused(again), ActRefusal::PasswordKnown);
        world.password_changed("ian").await;
        let pass = world.log_in("ian", &phone).await;
        let _ = granted(world.signed_in(&pass).remember_device("a laptop").await.unwrap());
    }

    /// R2: a lowered hard stop blocks without another guess, and says the same.
    async fn a_lowered_hard_stop_makes_a_password_known(world: World) {
        world.switch_on().await;
        let (phone, _) = world.enroll("ian").await;
        let ticket = world.ticket_for_code("ian").await;
        for _ in 0..3 {
            let _ = refused(world.verify(&ticket, &world.wrong_code(&phone)).await);
        }
        let bob = world.fresh_admin().await;
        let seen = world.two_factor.org(&org(ACME)).policy().await.unwrap();
        let lowered = seen.settings.with_hard_stop(3).unwrap();
        granted(world.two_factor.admin(&bob).change_settings(seen.revision, lowered).await.unwrap());
        granted(world.managed(&bob, "ian").unlock(Password::AsBefore).await.unwrap());
        let reset = world.managed(&bob, "ian").reset(Password::AsBefore).await.unwrap();
        assert_eq!(refused(reset), ActRefusal::PasswordKnown);
    }

    /// A password takes its time to be checked: one that was changed meanwhile opens nothing.
    async fn a_password_that_was_changed_while_it_was_checked_opens_nothing(world: World) {
        let acme = org(ACME);
        let checked = |at: Timestamp| FirstFactor::accepted(&acme, &user("ian")).begun_at(at);
        assert!(matches!(world.two_factor.check_in(checked(world.now())).await.unwrap(), Gate::Open(_)));
        let before = world.now();
        world.clock.advance(Duration::from_secs(1));
        world.password_changed("ian").await;
        let stale = world.two_factor.check_in(checked(before)).await.unwrap_err();
        assert_eq!(stale.kind(), ErrorKind::PasswordMoved);
        assert!(matches!(world.two_factor.check_in(checked(world.now())).await.unwrap(), Gate::Open(_)));
        // A statement counts like a report; nor does a stale password start an enrollment by choice.
        let before = world.now();
        world.clock.advance(Duration::from_secs(1));
        let support = Support::new(&world.two_factor, Operator::new("sue@vendor.example").unwrap());
        let reason = Reason::new("case 7").unwrap();
        granted(support.in_org(&acme, &reason).user(&user("ian")).reset(Password::Changed).await.unwrap());
        let session = world.walk_in("ian").await;
        let stale = world.signed_in(&session).enroll(checked(before)).await.unwrap_err();
        assert_eq!(stale.kind(), ErrorKind::PasswordMoved);
        world.switch_on().await;
        let stale = world.two_factor.check_in(checked(before)).await.unwrap_err();
        assert_eq!(stale.kind(), ErrorKind::PasswordMoved);
        // Customers have no record to say so, and whoever does not say when they began is not asked.
        let carl = FirstFactor::accepted(&acme, &user("carl")).begun_at(Timestamp::from_unix(0));
        assert!(matches!(world.two_factor.check_in(carl).await.unwrap(), Gate::Open(_)));
        let _ = world.ticket_to_enroll("ian").await;
    }
}
