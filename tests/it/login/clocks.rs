//! R15: several servers over one store, each with a clock of its own. What one hands out is good at the other, and what
//! was ended stays ended for the one that is behind.

use std::time::Duration;

use countersign::{
    Attempt, FirstFactor, Gate, Pass, Refusal, Role, Ticket, TwoFactor,
    admin::Support,
    audit::{Operator, Password, Reason},
    policy::{Days, Settings},
    testing::Authenticator,
};

use crate::world::{ACME, World, granted, org, over_every_store, refused, user};

/// By how many seconds two servers are off true time: each by up to 30.
const APART: [(i64, i64); 6] = [(1, 0), (0, 1), (29, -29), (-29, 29), (30, -30), (-30, 30)];

async fn check_in(server: &TwoFactor, id: &str) -> Gate {
    server.check_in(FirstFactor::accepted(&org(ACME), &user(id))).await.unwrap()
}

async fn ticket(server: &TwoFactor, id: &str) -> Ticket {
    match check_in(server, id).await {
        Gate::Enroll(ticket) | Gate::AskCode(ticket) | Gate::AskInvitation(ticket) => ticket,
        other => panic!("{id} should be handed a ticket, not {other:?}"),
    }
}

async fn verify(server: &TwoFactor, ticket: &Ticket, code: &str) -> Pass {
    granted(server.verify(Attempt::new(ticket, code)).await.unwrap())
}

/// Goes on at a server with the session that another one has begun.
async fn go_on(server: &TwoFactor, pass: &Pass) -> Pass {
    server.resume(pass.stamp()).await.unwrap().expect("the session goes on")
}

/// Enrolls, with the page by one server and the first code by the other.
async fn enroll(world: &World, page: &TwoFactor, form: &TwoFactor, id: &str) -> (Authenticator, Pass) {
    let ticket = ticket(form, id).await;
    let phone = Authenticator::enrolled_with(&granted(page.setup(&ticket).await.unwrap())).unwrap();
    let code = phone.code(&world.clock);
    (phone, granted(form.confirm(Attempt::new(&ticket, &code)).await.unwrap()).pass)
}

over_every_store! {
    /// Whatever order the balancer has for the requests, and also for those who need no code.
    async fn two_servers_that_are_apart_serve_one_login(world: World) {
        world.switch_on().await;
        for (n, (one, other)) in APART.into_iter().enumerate() {
            let (here, there) = (world.another_server(one), world.another_server(other));
            let (id, customer) = (format!("internal{n}"), format!("customer{n}"));
            world.people.set(ACME, &id, Role::Internal);
            world.people.set(ACME, &customer, Role::Customer);
            let Gate::Open(walked_in) = check_in(&here, &customer).await else { panic!("no code is asked") };
            let _ = go_on(&there, &walked_in).await;

            let (phone, enrolled) = enroll(&world, &there, &here, &id).await;
            let _ = go_on(&there, &enrolled).await;
            world.step();
            let ticket = ticket(&there, &id).await;
            let logged_in = verify(&here, &ticket, &phone.code(&world.clock)).await;
            let seen_there = go_on(&there, &logged_in).await;
            world.step();
            let ticket = granted(there.signed_in(&seen_there).step_up().await.unwrap());
            let stepped_up = verify(&here, &ticket, &phone.code(&world.clock)).await;
            assert!(go_on(&there, &stepped_up).await.is_fresh(Duration::from_secs(300)), "{one} {other}");
            assert!(!world.kinds_for(&id).await.iter().any(|kind| kind == "clock-went-back"));
        }
    }

    /// R13: a code of just now is one at the slower server, too. Otherwise it asks for another without end.
    async fn a_fresh_code_is_fresh_at_the_slower_server(world: World) {
        world.switch_on().await;
        let (ahead, behind) = (world.another_server(30), world.another_server(-30));
        let (_, bob) = enroll(&world, &ahead, &ahead, "bob").await;
        let _ = world.enroll("ian").await;
        let bob = go_on(&behind, &bob).await;
        granted(behind.admin(&bob).user(&user("ian")).reset(Password::AsBefore).await.unwrap());
    }

    /// R11: no honest clock is that far away.
    async fn what_is_more_than_a_minute_from_the_future_is_not_good(world: World) {
        world.switch_on().await;
        for (ahead, is_good) in [(60, true), (61, false)] {
            let server = world.another_server(ahead);
            let Gate::Open(pass) = check_in(&server, "carl").await else { panic!("no code is asked") };
            assert_eq!(world.resume(pass.stamp()).await.is_some(), is_good, "{ahead}");
            let setup = world.two_factor.setup(&ticket(&server, "ian").await).await.unwrap();
            assert_eq!(setup.granted().is_some(), is_good, "{ahead}");
        }
    }

    /// R8: the later check-in wins, and of two that have no order the one that comes later. They do not take turns.
    async fn a_superseded_ticket_stays_void_whichever_clock_was_ahead(world: World) {
        world.switch_on().await;
        let long_ago = ticket(&world.two_factor, "ian").await;
        world.clock.advance(Duration::from_secs(61));
        let first = ticket(&world.another_server(60), "ian").await;
        let _ = world.setup(&first).await;
        assert_eq!(refused(world.two_factor.setup(&long_ago).await.unwrap()), Refusal::TicketVoid);
        let second = ticket(&world.two_factor, "ian").await;
        let shown = world.setup(&second).await;
        for server in [world.another_server(-30), world.another_server(30)] {
            assert_eq!(refused(server.setup(&first).await.unwrap()), Refusal::TicketVoid);
        }
        let third = ticket(&world.another_server(-30), "ian").await;
        assert_ne!(world.setup(&third).await.key(), shown.key());
        for superseded in [&first, &second] {
            assert_eq!(refused(world.two_factor.setup(superseded).await.unwrap()), Refusal::TicketVoid);
        }
        let _ = world.setup(&third).await;
    }

    /// R10: whoever has the password checks in as often as they like, and the record stays small.
    async fn superseded_tickets_are_remembered_up_to_a_bound(world: World) {
        world.switch_on().await;
        let mut sizes = Vec::new();
        for _ in 0..20 {
            let _ = world.setup(&world.ticket_to_enroll("ian").await).await;
            sizes.push(world.record("ian").await.unwrap().record.len());
        }
        assert!(sizes[0] < sizes[16] && sizes[17..].iter().all(|size| *size == sizes[16]), "{sizes:?}");
    }

    /// R1: it is still alive there, and its code is a new one.
    async fn a_spent_ticket_is_spent_for_the_server_that_is_behind(world: World) {
        world.switch_on().await;
        let (ahead, behind) = (world.another_server(30), world.another_server(-30));
        let (phone, _) = enroll(&world, &ahead, &ahead, "ian").await;
        world.step();
        let spent = ticket(&ahead, "ian").await;
        let _ = verify(&ahead, &spent, &phone.code(&world.clock)).await;
        // Expired by the clock that is ahead, which spends another one, and not yet by the other clock.
        world.clock.advance(Duration::from_secs(15 * 60));
        let _ = verify(&ahead, &ticket(&ahead, "ian").await, &phone.code(&world.clock)).await;
        world.step();
        let again = behind.verify(Attempt::new(&spent, &phone.code(&world.clock))).await.unwrap();
        assert_eq!(refused(again), Refusal::TicketVoid);
        assert_eq!(world.kinds_for("ian").await.last().unwrap(), "code-accepted", "nothing was looked at");
    }

    /// R2: one wait, whichever server is asked, and none that begins anew.
    async fn a_wait_is_the_same_at_both_servers(world: World) {
        world.switch_on().await;
        let (ahead, behind) = (world.another_server(30), world.another_server(-30));
        let (phone, _) = enroll(&world, &ahead, &ahead, "ian").await;
        let (ticket, wrong) = (ticket(&ahead, "ian").await, world.wrong_code(&phone));
        let mut told = None;
        for _ in 0..5 {
            let answer = refused(ahead.verify(Attempt::new(&ticket, &wrong)).await.unwrap());
            let Refusal::WrongCode { wait_until, .. } = answer else { panic!("{answer:?}") };
            told = wait_until;
        }
        let (until, record) = (told.unwrap(), world.record("ian").await);
        for server in [&behind, &ahead, &behind] {
            let answer = refused(server.verify(Attempt::new(&ticket, &wrong)).await.unwrap());
            assert_eq!(answer, Refusal::Wait { until });
        }
        assert_eq!(world.record("ian").await, record, "nothing began anew");
    }

    async fn a_device_and_an_invitation_are_good_at_the_server_that_is_behind(world: World) {
        let settings = Settings::default().with_remember_devices(Some(Days::new(7).unwrap()));
        let world = world.with_settings(settings.with_invitation_required(true));
        world.switch_on().await;
        let (ahead, behind) = (world.another_server(30), world.another_server(-30));
        let support = Support::new(&ahead, Operator::new("sue@vendor.example").unwrap());
        let reason = Reason::new("case 8: identity checked by call-back").unwrap();
        let ian = support.in_org(&org(ACME), &reason);
        let invitation = granted(ian.user(&user("ian")).invite().await.unwrap());
        let uninvited = ticket(&behind, "ian").await;
        let text = invitation.text();
        let invited = granted(behind.accept(Attempt::new(&uninvited, &text)).await.unwrap());
        let phone = Authenticator::enrolled_with(&granted(ahead.setup(&invited).await.unwrap())).unwrap();
        let code = phone.code(&world.clock);
        let pass = granted(ahead.confirm(Attempt::new(&invited, &code)).await.unwrap()).pass;
        let device = granted(ahead.signed_in(&pass).remember_device("Firefox on Linux").await.unwrap());
        let first_factor = FirstFactor::accepted(&org(ACME), &user("ian")).on_device(device.token);
        assert!(matches!(behind.check_in(first_factor).await.unwrap(), Gate::Open(_)));
    }

    /// R10: at most one event an hour.
    async fn refused_acts_are_bounded_by_one_hour_at_both_servers(world: World) {
        world.switch_on().await;
        let (ahead, behind) = (world.another_server(30), world.another_server(-30));
        let (_, ian) = enroll(&world, &ahead, &ahead, "ian").await;
        for server in [&ahead, &behind, &ahead, &behind] {
            let _ = refused(server.admin(&ian).user(&user("ida")).reset(Password::AsBefore).await.unwrap());
        }
        let refusals = |kinds: Vec<String>| kinds.iter().filter(|kind| kind.contains("refused")).count();
        assert_eq!(refusals(world.kinds_for("ian").await), 1);
    }
}
