//! A key that is lost, as the manual's page on keys says. Nothing is known here of what a loss of the database means.

use std::time::Duration;

use countersign::{
    Attempt, Error, ErrorKind, FirstFactor, Gate, KeyId, Keyring, OsRandom, Refusal, Requirement, Role,
    Ticket, TwoFactor,
    admin::{BulkReset, KeyCount, SealedUnder, Targets},
    audit::Password,
    policy::{Days, Settings},
    testing::Authenticator,
};

use super::{Database, Site, vendor};
use crate::world::{ACME, KEY, World, granted, org, refused, user};

const LOST: KeyId = KeyId(1);
const NEW: KeyId = KeyId(2);

fn settings() -> Settings {
    Settings::default().with_remember_devices(Some(Days::new(7).unwrap())).with_hard_stop(5).unwrap()
}

async fn unreadable<T: std::fmt::Debug>(call: impl Future<Output = Result<T, Error>>) -> bool {
    call.await.unwrap_err().kind() == ErrorKind::Unreadable
}

/// Goes through to the end, and tells each one's outcome.
async fn told(mut run: BulkReset<'_>) -> Vec<String> {
    let mut told = Vec::new();
    while let Some(one) = granted(run.next().await.unwrap()) {
        told.push(format!("{}: {}", one.user, one.outcome));
    }
    told
}

async fn to_be_invited(world: &World, id: &str) -> Ticket {
    match world.check_in(id).await {
        Gate::AskInvitation(ticket) => ticket,
        other => panic!("{id} should need an invitation, not {other:?}"),
    }
}

async fn enroll_invited(world: &World, id: &str, invitation: &str) -> countersign::Pass {
    let ticket = to_be_invited(world, id).await;
    let ticket = granted(world.two_factor.accept(Attempt::new(&ticket, invitation)).await.unwrap());
    let phone = Authenticator::enrolled_with(&world.setup(&ticket).await).unwrap();
    let code = phone.code(&world.clock);
    granted(world.two_factor.confirm(Attempt::new(&ticket, &code)).await.unwrap()).pass
}

/// The portals and the vendor's tool with the new key alone. Of an org without settings everybody is asked.
fn with_new_key(world: &World, keyring: Keyring) -> TwoFactor {
    let builder = world.builder(keyring).default_requirement(Requirement::On);
    builder.deployment("test").issuer("Acme Portal").clock(world.clock.clone()).build().unwrap()
}

async fn set(two_factor: &TwoFactor, settings: Settings) {
    let seen = two_factor.org(&org(ACME)).policy().await.unwrap().revision;
    granted(vendor(two_factor, &org(ACME)).change_settings(seen, settings).await.unwrap());
}

/// R17, R16, R4: until it is replaced nobody gets in; afterwards everybody does, with another authenticator, and whoever
/// has nothing but a password from before enrolls nothing.
pub(super) async fn a_lost_key_is_replaced_as_the_manual_says(database: impl Database) {
    let Site { mut world, database, .. } = Site::on(database).await;
    let (acme, globex) = (org(ACME), org("globex"));
    world.people.set(ACME, "max", Role::Internal);
    set(&world.two_factor, settings()).await;
    granted(vendor(&world.two_factor, &acme).require(Requirement::On).await.unwrap());
    granted(vendor(&world.two_factor, &globex).require(Requirement::On).await.unwrap());
    granted(vendor(&world.two_factor, &globex).require(Requirement::Off).await.unwrap());
    let (phone, ians) = world.enroll("ian").await;
    let device = granted(world.signed_in(&ians).remember_device("a laptop").await.unwrap()).token;
    for id in ["ida", "bob", "ann", "max"] {
        let _ = world.enroll(id).await;
    }
    world.people.remove(ACME, "max");
    let carls = world.walk_in("carl").await;
    world.step();
    let ticket = world.ticket_for_code("ian").await;
    let checked_before = world.now();

    // Found again, it is put back into the ring, and nothing is lost.
    let new = Keyring::new(NEW, [2; 32]);
    let found_again = world.another_process_with(new.with_older(LOST, KEY).unwrap());
    let ian = FirstFactor::accepted(&acme, &user("ian"));
    assert!(matches!(found_again.check_in(ian.clone()).await.unwrap(), Gate::AskCode(_)));

    // 1. The new key, and the portals stopped: what starts now is the vendor's tool.
    let keyring = Keyring::from_text(&Keyring::draw_text(NEW, &OsRandom).unwrap()).unwrap();
    world.two_factor = with_new_key(&world, keyring);
    let (acmes, globexs) = (vendor(&world.two_factor, &acme), vendor(&world.two_factor, &globex));
    assert!(unreadable(world.two_factor.check_in(ian.clone())).await);
    assert!(unreadable(world.two_factor.org(&acme).policy()).await);
    assert!(unreadable(acmes.require(Requirement::On)).await);

    // 2. The settings, which do not open either, are deleted.
    for of in [&acme, &globex] {
        database.delete_settings(of).await;
    }
    let as_built = world.two_factor.org(&acme).policy().await.unwrap();
    assert_eq!((as_built.requirement, as_built.revision), (Requirement::On, 0));

    // 3. Each org's requirement and settings are set again, where they differ from what the builder states.
    set(&world.two_factor, settings()).await;
    granted(acmes.require(Requirement::On).await.unwrap());
    granted(globexs.require(Requirement::Off).await.unwrap());
    assert!(
        unreadable(world.two_factor.check_in(ian.clone())).await,
        "settings let nobody in whose record is shut"
    );

    // 4. Everybody is reset: those first who were given a new password.
    world.clock.advance(Duration::from_secs(1));
    let changed = acmes.reset_many(Targets::these([user("ian"), user("ida")]), Password::Changed);
    assert_eq!(told(changed).await, ["ian: reset", "ida: reset"]);
    let others = acmes.reset_many(Targets::everybody(), Password::AsBefore);
    assert_eq!(
        told(others).await,
        ["ian: nothing to reset", "ida: nothing to reset", "ann: reset", "bob: reset"],
        "customers are not asked about"
    );

    // A thief has their passwords from before. Ian's was checked before it was changed; of Bob nothing is known any more.
    let late = world.two_factor.check_in(ian.clone().begun_at(checked_before)).await.unwrap_err();
    assert_eq!(late.kind(), ErrorKind::PasswordMoved);
    for id in ["ann", "bob"] {
        let thief = to_be_invited(&world, id).await;
        assert_eq!(refused(world.two_factor.setup(&thief).await.unwrap()), Refusal::InvitationNeeded);
    }

    // 5. A Master Admin is invited, and invites the others.
    let invitation = granted(acmes.user(&user("bob")).invite().await.unwrap());
    let bob = enroll_invited(&world, "bob", &invitation.text()).await;
    let invitation = granted(world.managed(&bob, "ann").invite().await.unwrap());
    let _ = enroll_invited(&world, "ann", &invitation.text()).await;

    // 6. What is left under the lost key is of people who have left.
    let keys = world.two_factor.org(&acme).keys().await.unwrap();
    assert_eq!(keys.settings, SealedUnder::Key(NEW));
    assert!(keys.users.contains(&KeyCount { under: SealedUnder::Key(LOST), records: 1 }));
    world.two_factor.user(&acme, &user("max")).forget().await.unwrap();
    assert!(!world.two_factor.org(&acme).keys().await.unwrap().need(LOST));

    // Whatever was handed out before is void, a customer's session too; and an authenticator from before is none.
    for stamp in [ians.stamp(), carls.stamp()] {
        assert!(world.resume(stamp).await.is_none());
    }
    let code = phone.code(&world.clock);
    assert_eq!(refused(world.verify(&ticket, &code).await), Refusal::TicketVoid);
    let on_it = ian.on_device(device);
    assert!(matches!(world.two_factor.check_in(on_it).await.unwrap(), Gate::Enroll(_)));
    let ticket = world.ticket_to_enroll("ian").await;
    let _ = world.setup(&ticket).await;
    let refusal = refused(world.two_factor.confirm(Attempt::new(&ticket, &code)).await.unwrap());
    assert!(matches!(refusal, Refusal::WrongCode { .. }));

    // And everybody gets in.
    for id in ["ian", "ida"] {
        let (phone, _) = world.enroll(id).await;
        let _ = world.log_in(id, &phone).await;
    }
    let _ = world.walk_in("carl").await;
    assert_eq!(world.record("carl").await, None);
    assert_eq!(world.two_factor.org(&acme).policy().await.unwrap().settings, settings());
    assert_eq!(world.two_factor.org(&globex).policy().await.unwrap().requirement, Requirement::Off);
}
