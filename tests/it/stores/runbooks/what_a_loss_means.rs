//! What a restore brings back, as the manual's table says; and what was done between the backup and the loss.

use countersign::{
    Attempt, FirstFactor, Gate, Pass, Refusal, Requirement, Role, Stamp, Ticket,
    audit::Password,
    policy::{Days, Settings},
    testing::Authenticator,
    tokens::DeviceToken,
};

use super::{Database, Site, vendor};
use crate::world::{ACME, Told, World, granted, org, refused, user};

/// What was there when the database was backed up.
pub(super) struct Before {
    pub(super) phones: Phones,
    /// Bob's session, which nothing has ended.
    pub(super) bobs: Stamp,
    pub(super) thief: Thief,
    /// Ann's session, on a laptop that is stolen, and a recovery code of hers.
    pub(super) anns: Stamp,
    pub(super) anns_recovery: String,
    /// Pat's session, whose password is changed.
    pub(super) pats: Stamp,
    pub(super) carls: Stamp,
    pub(super) trail: Vec<Told>,
}

pub(super) struct Phones {
    pub(super) ian: Authenticator,
    pub(super) ida: Authenticator,
    pub(super) max: Authenticator,
    pub(super) bob: Authenticator,
}

/// What somebody has taken of Ian's, besides the phone.
pub(super) struct Thief {
    pub(super) stamp: Stamp,
    pub(super) ticket: Ticket,
    pub(super) device: DeviceToken,
    pub(super) recovery: String,
}

/// What came of the time between the backup and the loss.
pub(super) struct Since {
    /// The code with which Ian has signed in.
    pub(super) spent: String,
    pub(super) idas_new: Authenticator,
    pub(super) neds: Authenticator,
    /// Gus' session, opened with the password alone in an *off* that was lost.
    pub(super) guss: Stamp,
    /// The trail, as it was shipped elsewhere.
    pub(super) trail: Vec<Told>,
}

pub(super) fn on(thief: &Thief) -> FirstFactor {
    FirstFactor::accepted(&org(ACME), &user("ian")).on_device(thief.device.clone())
}

pub(super) async fn gate_of(world: &World, of: &str, id: &str) -> Gate {
    world.two_factor.check_in(FirstFactor::accepted(&org(of), &user(id))).await.unwrap()
}

async fn require(world: &World, of: &str, to: Requirement) {
    granted(vendor(&world.two_factor, &org(of)).require(to).await.unwrap());
}

/// Enrolls, and returns the first recovery code besides.
async fn enroll(world: &World, id: &str) -> (Authenticator, Pass, String) {
    let ticket = world.ticket_to_enroll(id).await;
    let phone = Authenticator::enrolled_with(&world.setup(&ticket).await).unwrap();
    let code = phone.code(&world.clock);
    let enrolled = granted(world.two_factor.confirm(Attempt::new(&ticket, &code)).await.unwrap());
    let codes = enrolled.recovery_codes.unwrap();
    let first = codes.expose().lines().next().unwrap().to_owned();
    (phone, enrolled.pass, first)
}

/// The day before, up to the backup. Three orgs: one that requires a code, one that does not, and one that will not.
pub(super) async fn before(site: &Site<impl Database>) -> Before {
    let Site { world, database, .. } = site;
    for (of, id) in [(ACME, "max"), (ACME, "ned"), (ACME, "pat"), ("initech", "ivy")] {
        world.people.set(of, id, Role::Internal);
    }
    world.people.mark(ACME, "carl", Some("1"));
    let settings = Settings::default().with_hard_stop(3).unwrap();
    let settings = settings.with_remember_devices(Some(Days::new(7).unwrap()));
    let acmes = vendor(&world.two_factor, &org(ACME));
    granted(acmes.change_settings(0, settings).await.unwrap());
    for of in [ACME, "initech"] {
        require(world, of, Requirement::On).await;
    }
    let (ian, ians, recovery) = enroll(world, "ian").await;
    let device = granted(world.signed_in(&ians).remember_device("a laptop").await.unwrap()).token;
    let (ida, ..) = enroll(world, "ida").await;
    let (max, ..) = enroll(world, "max").await;
    let (_, pats, _) = enroll(world, "pat").await;
    let (bob, bobs, _) = enroll(world, "bob").await;
    let (_, anns, anns_recovery) = enroll(world, "ann").await;
    let carls = world.walk_in("carl").await.stamp().clone();
    world.step();
    let ticket = world.ticket_for_code("ian").await;
    database.back_up().await;
    Before {
        phones: Phones { ian, ida, max, bob },
        bobs: bobs.stamp().clone(),
        thief: Thief { stamp: ians.stamp().clone(), ticket, device, recovery },
        anns: anns.stamp().clone(),
        anns_recovery,
        pats: pats.stamp().clone(),
        carls,
        trail: world.events().await,
    }
}

/// What happened since, within half a minute, until the disk broke. Each is first shown to hold.
pub(super) async fn since(site: &Site<impl Database>, before: &Before) -> Since {
    let Site { world, .. } = site;
    let Before { phones, thief, .. } = before;
    let acmes = vendor(&world.two_factor, &org(ACME));
    // Ian signs in; then all that they have is stolen, and they are reset.
    let spent = phones.ian.code(&world.clock);
    let ticket = world.ticket_for_code("ian").await;
    let _ = granted(world.verify(&ticket, &spent).await);
    granted(acmes.user(&user("ian")).reset(Password::AsBefore).await.unwrap());
    assert!(world.resume(&thief.stamp).await.is_none());
    assert_eq!(refused(world.verify(&thief.ticket, &spent).await), Refusal::TicketVoid);
    assert!(matches!(world.two_factor.check_in(on(thief)).await.unwrap(), Gate::Enroll(_)));
    // Ida gets a new phone.
    let ticket = world.ticket_for_code("ida").await;
    let idas = granted(world.verify(&ticket, &phones.ida.code(&world.clock)).await);
    let ticket = granted(world.signed_in(&idas).replace().await.unwrap());
    let idas_new = Authenticator::enrolled_with(&world.setup(&ticket).await).unwrap();
    let code = idas_new.code(&world.clock);
    let _ = granted(world.two_factor.confirm(Attempt::new(&ticket, &code)).await.unwrap());
    // Ann uses a recovery code; later her laptop is stolen.
    let ticket = world.ticket_for_code("ann").await;
    let recovered = world.two_factor.recover(Attempt::new(&ticket, &before.anns_recovery)).await.unwrap();
    let _ = granted(recovered);
    world.two_factor.user(&org(ACME), &user("ann")).end_sessions().await.unwrap();
    assert!(world.resume(&before.anns).await.is_none());
    world.password_changed("pat").await;
    assert!(world.resume(&before.pats).await.is_none());
    // Somebody who knows Max's password guesses until the account is blocked.
    world.block("max", &phones.max).await;
    assert!(matches!(world.check_in("max").await, Gate::Blocked));
    // Ned enrolls.
    let (neds, ..) = enroll(world, "ned").await;
    // Two other orgs decide otherwise. The one had required a code before, for a while.
    for to in [Requirement::On, Requirement::Off] {
        require(world, "globex", to).await;
    }
    let Gate::Open(guss) = gate_of(world, "globex", "gus").await else { panic!("nothing is required") };
    require(world, "globex", Requirement::Mandated).await;
    assert!(matches!(gate_of(world, "globex", "gus").await, Gate::Enroll(_)));
    require(world, "initech", Requirement::Off).await;
    // The host ends a customer's sessions, in its own table of the same database.
    world.people.mark(ACME, "carl", Some("2"));
    assert!(world.resume(&before.carls).await.is_none());
    Since { spent, idas_new, neds, guss: guss.stamp().clone(), trail: world.events().await }
}

/// The portal after the restore of its database, the host's own table among the rest.
pub(super) async fn restored<D: Database>(site: Site<D>) -> Site<D> {
    let site = site.restore().await;
    site.world.people.mark(ACME, "carl", Some("1"));
    site
}

/// R1, R2, R7, R14: none of them holds any more, and nothing in the database tells.
pub(super) async fn what_a_loss_brings_back(database: impl Database) {
    let site = Site::on(database).await;
    let before = before(&site).await;
    let since = since(&site, &before).await;
    let site = restored(site).await;
    let world = &site.world;
    let Before { phones, thief, .. } = &before;
    // The trail shows none of it.
    assert_eq!(world.events().await, before.trail);
    // A code was accepted, and is again.
    let ticket = world.ticket_for_code("ian").await;
    let _ = granted(world.verify(&ticket, &since.spent).await);
    // A reset: sessions, devices, tickets, the authenticator, its recovery codes.
    assert!(world.resume(&thief.stamp).await.is_some());
    assert!(matches!(world.two_factor.check_in(on(thief)).await.unwrap(), Gate::Open(_)));
    world.step();
    let _ = granted(world.verify(&thief.ticket, &phones.ian.code(&world.clock)).await);
    let ticket = world.ticket_for_code("ian").await;
    let _ = granted(world.two_factor.recover(Attempt::new(&ticket, &thief.recovery)).await.unwrap());
    // A replacement: the old phone, and not the new one.
    let ticket = world.ticket_for_code("ida").await;
    assert!(matches!(
        refused(world.verify(&ticket, &since.idas_new.code(&world.clock)).await),
        Refusal::WrongCode { left: 2, .. }
    ));
    let _ = granted(world.verify(&ticket, &phones.ida.code(&world.clock)).await);
    // Ended sessions, a changed password, and a recovery code that was used.
    assert!(world.resume(&before.anns).await.is_some() && world.resume(&before.pats).await.is_some());
    let ticket = world.ticket_for_code("ann").await;
    let _ = granted(world.two_factor.recover(Attempt::new(&ticket, &before.anns_recovery)).await.unwrap());
    // Guesses, and a block: as many guesses again, and nobody knows that the password is known.
    let ticket = world.ticket_for_code("max").await;
    assert_eq!(granted(world.two_factor.prompt(&ticket).await.unwrap()).left, 3);
    granted(
        vendor(&world.two_factor, &org(ACME)).user(&user("max")).reset(Password::AsBefore).await.unwrap(),
    );
    // An enrollment.
    let ticket = world.ticket_to_enroll("ned").await;
    let attempt = since.neds.code(&world.clock);
    let _ = world.setup(&ticket).await;
    let confirmed = world.two_factor.confirm(Attempt::new(&ticket, &attempt)).await.unwrap();
    assert!(matches!(refused(confirmed), Refusal::WrongCode { .. }));
    // A requirement that was switched on, and one that was switched off.
    assert!(matches!(gate_of(world, "globex", "gus").await, Gate::Open(_)));
    assert!(matches!(gate_of(world, "initech", "ivy").await, Gate::Enroll(_)));
    // A customer's session, by the host's own row.
    assert!(world.resume(&before.carls).await.is_some());
}
