//! What to do after a loss, step by step, as the manual's page on failovers says: where nobody knows what was lost, and
//! where a copy of the trail tells. What a loss brings back is in the file beside this one.

use std::time::Duration;

use countersign::{
    Attempt, FirstFactor, Gate, Refusal, Requirement, admin::NewEpoch, audit::Password,
    testing::Authenticator,
};

use super::{
    Database, Site, vendor,
    what_a_loss_means::{Before, Since, before, gate_of, on, restored, since},
};
use crate::world::{ACME, STEP, Told, World, granted, org, refused, user};

const THREE_MINUTES: Duration = Duration::from_secs(180);

/// Nothing that a thief has is worth anything: Ian's session, device, ticket, phone and recovery code, and a code that was
/// spent.
async fn is_worth_nothing(world: &World, before: &Before, since: &Since) {
    let Before { thief, phones, .. } = before;
    assert!(world.resume(&thief.stamp).await.is_none());
    let at_the_door = world.two_factor.check_in(on(thief)).await.unwrap();
    assert!(!matches!(at_the_door, Gate::Open(_) | Gate::AskCode(_)), "{at_the_door:?}");
    for code in [&since.spent, &phones.ian.code(&world.clock)] {
        assert_eq!(refused(world.verify(&thief.ticket, code).await), Refusal::TicketVoid);
    }
    let recovered = world.two_factor.recover(Attempt::new(&thief.ticket, &thief.recovery)).await.unwrap();
    assert_eq!(refused(recovered), Refusal::TicketVoid);
}

/// R1, R6, R7, R14, R16: nobody knows what was lost, so a new epoch ends all of it, in each org.
pub(super) async fn after_a_loss_whatever_came_back_is_void(database: impl Database) {
    let site = Site::on(database).await;
    let before = before(&site).await;
    let since = since(&site, &before).await;
    let site = restored(site).await;
    let world = &site.world;
    let Before { phones, .. } = &before;

    // 1. Wait.
    let ticket = world.ticket_for_code("ian").await;
    world.clock.advance(THREE_MINUTES);
    assert!(matches!(refused(world.verify(&ticket, &since.spent).await), Refusal::WrongCode { .. }));

    // 2. Each org's requirement is as it should be.
    for (of, to) in
        [(ACME, Requirement::On), ("globex", Requirement::Mandated), ("initech", Requirement::Off)]
    {
        granted(vendor(&world.two_factor, &org(of)).require(to).await.unwrap());
    }

    // 3. Begin a new epoch in each org.
    for of in [ACME, "globex", "initech"] {
        let seen = world.two_factor.org(&org(of)).policy().await.unwrap().epoch;
        let new = NewEpoch::after(seen).ending_sessions();
        // In the one, somebody may know a password.
        let new = if of == ACME { new.by_invitation() } else { new };
        granted(vendor(&world.two_factor, &org(of)).begin_epoch(new).await.unwrap());
    }

    // 4. End customers' sessions.
    assert!(world.resume(&before.carls).await.is_some());
    world.people.mark(ACME, "carl", Some("3"));

    is_worth_nothing(world, &before, &since).await;
    for stamp in [&before.anns, &before.pats, &before.carls, &before.bobs] {
        assert!(world.resume(stamp).await.is_none());
    }
    assert!(world.resume(&since.guss).await.is_none(), "of an epoch that was lost");
    // Who knows Max's password, or has Ida's old phone, gets no further than the invitation.
    for (id, phone) in [("max", &phones.max), ("ida", &phones.ida), ("ian", &phones.ian)] {
        let Gate::AskInvitation(ticket) = world.check_in(id).await else { panic!("{id} is to be invited") };
        assert_eq!(refused(world.verify(&ticket, &phone.code(&world.clock)).await), Refusal::TicketVoid);
        assert_eq!(refused(world.two_factor.setup(&ticket).await.unwrap()), Refusal::InvitationNeeded);
    }
    // The others get in.
    for id in ["bob", "ian", "ida", "ann", "max", "ned", "pat"] {
        let invitation =
            granted(vendor(&world.two_factor, &org(ACME)).user(&user(id)).invite().await.unwrap());
        let Gate::AskInvitation(ticket) = world.check_in(id).await else { panic!("{id} is to be invited") };
        let text = invitation.text();
        let ticket = granted(world.two_factor.accept(Attempt::new(&ticket, &text)).await.unwrap());
        let phone = Authenticator::enrolled_with(&world.setup(&ticket).await).unwrap();
        let code = phone.code(&world.clock);
        let _ = granted(world.two_factor.confirm(Attempt::new(&ticket, &code)).await.unwrap());
        let _ = world.log_in(id, &phone).await;
    }
    let _ = world.walk_in("carl").await;
    assert!(matches!(gate_of(world, "globex", "gus").await, Gate::Enroll(_)));
    assert!(matches!(gate_of(world, "initech", "ivy").await, Gate::Open(_)));
}

/// R1, R15: why the runbook waits for three minutes. One server is half a minute ahead, and so is the phone; another one is
/// half a minute behind.
pub(super) async fn a_spent_code_comes_back_for_two_and_a_half_minutes(database: impl Database) {
    let site = Site::on(database).await;
    site.world.switch_on().await;
    let (phone, _) = site.world.enroll("ian").await;
    site.world.step();
    site.database.back_up().await;
    let accepted = site.world.now();
    let early = phone.code_at(accepted.after(2 * STEP));
    let at = async |world: &World, ahead: i64| {
        let server = world.another_server(ahead);
        let first_factor = FirstFactor::accepted(&org(ACME), &user("ian"));
        let Gate::AskCode(ticket) = server.check_in(first_factor).await.unwrap() else { panic!("a code") };
        server.verify(Attempt::new(&ticket, &early)).await.unwrap()
    };
    let _ = granted(at(&site.world, 30).await);
    let site = restored(site).await;
    site.world.clock.set(accepted.after(Duration::from_secs(149)));
    let _ = granted(at(&site.world, -30).await);
    let site = restored(site).await;
    site.world.clock.set(accepted.after(Duration::from_secs(150)));
    assert!(matches!(refused(at(&site.world, -30).await), Refusal::WrongCode { .. }));
}

/// R7, R16: a copy of the trail tells what was lost, and it is done again one by one. Whom it does not name go on.
pub(super) async fn after_a_loss_what_the_trail_tells_is_done_again(database: impl Database) {
    let site = Site::on(database).await;
    let before = before(&site).await;
    let since = since(&site, &before).await;
    let site = restored(site).await;
    let world = &site.world;
    world.clock.advance(THREE_MINUTES);
    let lost = lost(&since.trail, &world.events().await);
    let acmes = vendor(&world.two_factor, &org(ACME));
    for told in lost.iter().filter(|told| told.user.is_some()) {
        let id = user(told.user.as_deref().unwrap());
        match &*told.kind {
            "reset" | "replaced" | "recovery-used" => {
                granted(acmes.user(&id).reset(Password::AsBefore).await.unwrap());
            }
            "blocked" => {
                let _ = granted(acmes.user(&id).reset_and_invite(Password::AsBefore).await.unwrap());
            }
            "password-changed" => world.two_factor.user(&org(ACME), &id).password_changed().await.unwrap(),
            "sessions-ended" => world.two_factor.user(&org(ACME), &id).end_sessions().await.unwrap(),
            _ => {}
        }
    }
    granted(vendor(&world.two_factor, &org("globex")).require(Requirement::Mandated).await.unwrap());
    granted(vendor(&world.two_factor, &org("initech")).require(Requirement::Off).await.unwrap());

    is_worth_nothing(world, &before, &since).await;
    assert!(world.resume(&before.anns).await.is_none() && world.resume(&before.pats).await.is_none());
    for id in ["ian", "ida", "ann", "ned"] {
        let (phone, _) = world.enroll(id).await;
        let _ = world.log_in(id, &phone).await;
    }
    assert!(matches!(world.check_in("max").await, Gate::AskInvitation(_)));
    assert!(matches!(gate_of(world, "globex", "gus").await, Gate::Enroll(_)));
    assert!(matches!(gate_of(world, "initech", "ivy").await, Gate::Open(_)));
    assert!(world.resume(&before.bobs).await.is_some());
    let _ = world.log_in("bob", &before.phones.bob).await;
}

/// What the copy has and the trail has not.
fn lost(copy: &[Told], trail: &[Told]) -> Vec<Told> {
    let mut left = trail.to_vec();
    let is_lost = |told: &&Told| match left.iter().position(|kept| kept == *told) {
        Some(place) => {
            left.remove(place);
            false
        }
        None => true,
    };
    copy.iter().filter(is_lost).cloned().collect()
}
