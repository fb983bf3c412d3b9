//! What a Master Admin and the vendor may do is the same, written once; who acted and why is in the trail.

use countersign::{
    ActRefusal, Admin, Attempt, Gate, Requirement, Role,
    admin::Support,
    audit::{Denied, Operator, Password, Reason},
    policy::{Days, Settings},
    testing::Authenticator,
};

use crate::world::{ACME, World, granted, org, over_every_store, refused, user};

const WHY: &str = "case 12: asked for by phone";

fn why() -> Reason {
    Reason::new(WHY).unwrap()
}

fn days(count: u8) -> Days {
    Days::new(count).unwrap()
}

/// Everything that can be done to one user, and the word of the event that tells of it.
async fn does_everything(world: &World, admin: &Admin<'_>, kinds: &mut Vec<String>) {
    let ian = admin.user(&user("ian"));
    granted(admin.require(Requirement::On).await.unwrap());
    granted(ian.extend(days(9)).await.unwrap());
    granted(ian.invite().await.unwrap());
    granted(ian.reset(Password::AsBefore).await.unwrap());
    granted(ian.reset_and_invite(Password::AsBefore).await.unwrap());
    granted(admin.user(&user("ian")).reset(Password::Changed).await.unwrap());
    granted(ian.unlock(Password::AsBefore).await.unwrap());
    let (_, session) = world.enroll("ian").await;
    let _ = granted(world.signed_in(&session).remember_device("a laptop").await.unwrap());
    let listed = granted(ian.devices().await.unwrap());
    granted(ian.forget_device(&listed[0].id).await.unwrap());
    let _ = granted(world.signed_in(&session).remember_device("a phone").await.unwrap());
    granted(ian.forget_devices().await.unwrap());
    let seen = world.two_factor.org(&org(ACME)).policy().await.unwrap();
    let other = seen.settings.with_hard_stop(7).unwrap();
    granted(admin.change_settings(seen.revision, other).await.unwrap());
    granted(admin.require(Requirement::Off).await.unwrap());
    kinds.extend(
        [
            "requirement-changed",
            "grace-extended",
            "invited",
            "reset",
            "reset",
            "invited",
            "reset",
            "unlocked",
            "device-forgotten",
            "device-forgotten",
            "settings-changed",
            "requirement-changed",
        ]
        .map(str::to_owned),
    );
}

/// What the actor did, told with the reason, in no order that a store would not keep.
async fn told(world: &World, by: &str) -> Vec<String> {
    let told = world.events().await.into_iter().filter(|told| told.by.as_deref() == Some(by));
    let mut kinds: Vec<String> = told.filter(|told| told.text.ends_with(WHY)).map(|told| told.kind).collect();
    kinds.sort();
    kinds
}

fn generous() -> Settings {
    Settings::default().with_enroll_within(Some(days(3))).with_remember_devices(Some(days(30)))
}

over_every_store! {
    /// R10, R13.
    async fn a_master_admin_may_give_a_reason_and_it_is_in_the_trail_of_every_act(world: World) {
        let world = world.with_settings(generous());
        let ann = world.walk_in("ann").await;
        let mut kinds = Vec::new();
        // Before the switch nobody is asked for a code, and after it ann shows one.
        let admin = world.two_factor.admin(&ann).because(why());
        granted(admin.require(Requirement::On).await.unwrap());
        let Gate::EnrollBy { ticket, .. } = world.check_in("ann").await else { panic!() };
        let phone = Authenticator::enrolled_with(&world.setup(&ticket).await).unwrap();
        let code = phone.code(&world.clock);
        let ann = granted(world.two_factor.confirm(Attempt::new(&ticket, &code)).await.unwrap()).pass;
        let admin = world.two_factor.admin(&ann).because(why());
        does_everything(&world, &admin, &mut kinds).await;
        // Switching on what is on is no event of its own.
        kinds.sort();
        assert_eq!(told(&world, "ann").await, kinds);
        // Without one, nothing is made up.
        granted(world.managed(&ann, "ian").unlock(Password::AsBefore).await.unwrap());
        let last =
            world.events().await.into_iter().rfind(|told| told.kind == "unlocked" && told.text == "unlocked");
        assert!(last.is_some());
    }

    /// R10, R13.
    async fn the_vendor_does_the_same_and_always_with_a_reason(world: World) {
        let world = world.with_settings(generous());
        let support = Support::new(&world.two_factor, Operator::new("sue@vendor.example").unwrap());
        let admin = support.in_org(&org(ACME), &why());
        let mut kinds = Vec::new();
        does_everything(&world, &admin, &mut kinds).await;
        kinds.sort();
        assert_eq!(told(&world, "sue@vendor.example").await, kinds);
    }

    /// R5, R13: whom neither has any business with, both are told in the same words.
    async fn both_are_refused_alike(world: World) {
        let ann = world.walk_in("ann").await;
        let support = Support::new(&world.two_factor, Operator::new("sue@vendor.example").unwrap());
        let calls: [Admin<'_>; 2] = [world.two_factor.admin(&ann), support.in_org(&org(ACME), &why())];
        for admin in calls {
            for (id, denied) in
                [("nobody", Denied::NotInThisOrg), ("gus", Denied::NotInThisOrg), ("carl", Denied::Customer)]
            {
                let user = admin.user(&user(id));
                let denied = ActRefusal::Denied(denied);
                assert_eq!(refused(user.reset(Password::AsBefore).await.unwrap()), denied, "{id}");
                assert_eq!(refused(user.reset_and_invite(Password::AsBefore).await.unwrap()), denied, "{id}");
                assert_eq!(refused(user.unlock(Password::AsBefore).await.unwrap()), denied, "{id}");
                assert_eq!(refused(user.invite().await.unwrap()), denied, "{id}");
                assert_eq!(refused(user.extend(days(1)).await.unwrap()), denied, "{id}");
                assert_eq!(refused(user.devices().await.unwrap()), denied, "{id}");
                assert_eq!(refused(user.forget_devices().await.unwrap()), denied, "{id}");
            }
        }
        assert!(world.record("carl").await.is_none());
        // What only the vendor may: to mandate, and to lift it.
        let sue = support.in_org(&org(ACME), &why());
        granted(sue.require(Requirement::Mandated).await.unwrap());
        let switched = world.switch(&ann, Requirement::Off).await;
        assert_eq!(refused(switched), ActRefusal::Denied(Denied::Mandated));
        granted(sue.require(Requirement::Off).await.unwrap());
        // And a role that was lost in between is one for this act already.
        world.people.set(ACME, "ann", Role::Internal);
        let denied = refused(world.managed(&ann, "ian").reset(Password::AsBefore).await.unwrap());
        assert_eq!(denied, ActRefusal::Denied(Denied::NotMasterAdmin));
    }
}
