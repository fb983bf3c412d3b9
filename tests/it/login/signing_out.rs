//! Signing out: one session ends, everywhere and for good, and no other.

use std::time::Duration;

use countersign::{Requirement, Role, SignOut, Stamp, policy::Settings};

use crate::world::{ACME, World, granted, over_every_store};

impl World {
    async fn sign_out(&self, stamp: &Stamp) -> SignOut {
        self.two_factor.sign_out(stamp).await.unwrap()
    }
}

over_every_store! {
    /// R7, R14: whoever has a copy of the stamp has nothing any more, on any server; the other sessions go on.
    async fn the_session_that_is_signed_out_ends_and_no_other(world: World) {
        world.switch_on().await;
        let (phone, here) = world.enroll("ian").await;
        let there = world.log_in("ian", &phone).await;
        let (_, ida) = world.enroll("ida").await;
        assert_eq!(world.sign_out(here.stamp()).await, SignOut::Ended);
        assert!(world.another_process().resume(here.stamp()).await.unwrap().is_none());
        for other in [there.stamp(), ida.stamp()] {
            assert!(world.resume(other).await.is_some());
        }
        assert_eq!(world.kinds_for("ian").await.last().unwrap(), "signed-out");
        // The form is sent twice: that is once.
        let (record, events) = (world.record("ian").await, world.events().await);
        assert_eq!(world.sign_out(here.stamp()).await, SignOut::Ended);
        assert_eq!((world.record("ian").await, world.events().await), (record, events));
        // A ticket for a step-up was handed out before: the code is right, and the session is over all the same.
        let ticket = granted(world.signed_in(&there).step_up().await.unwrap());
        assert_eq!(world.sign_out(there.stamp()).await, SignOut::Ended);
        world.step();
        let proved = granted(world.verify(&ticket, &phone.code(&world.clock)).await);
        assert!(world.resume(proved.stamp()).await.is_none());
    }

    /// A step-up gives a session another stamp, and a thief may have the one of before.
    async fn all_stamps_of_a_session_end_together(world: World) {
        world.switch_on().await;
        let (phone, before) = world.enroll("ian").await;
        world.step();
        let ticket = granted(world.signed_in(&before).step_up().await.unwrap());
        let after = granted(world.verify(&ticket, &phone.code(&world.clock)).await);
        assert!(world.resume(before.stamp()).await.is_some() && world.resume(after.stamp()).await.is_some());
        assert_eq!(world.sign_out(after.stamp()).await, SignOut::Ended);
        assert!(world.resume(before.stamp()).await.is_none() && world.resume(after.stamp()).await.is_none());
    }

    /// R5.
    async fn a_customers_session_and_a_strangers_text_are_the_hosts_to_end(world: World) {
        let carl = world.walk_in("carl").await;
        let calls = world.controls.calls();
        assert_eq!(world.sign_out(carl.stamp()).await, SignOut::NotOurs);
        assert_eq!(world.sign_out(&Stamp::from("no stamp at all")).await, SignOut::NotOurs);
        assert_eq!(world.controls.calls(), calls);
        assert!(world.resume(carl.stamp()).await.is_some());
        // Who became one, and was never written, is not written now.
        let ian = world.walk_in("ian").await;
        world.people.set(ACME, "ian", Role::Customer);
        assert_eq!(world.sign_out(ian.stamp()).await, SignOut::NotOurs);
        assert!(world.record("ian").await.is_none());
    }

    /// R14: whatever the settings or the directory say later.
    async fn what_was_signed_out_stays_so(world: World) {
        // Without a code: nothing is required, and nothing was ever written for ian.
        let (first, second) = (world.walk_in("ian").await, world.walk_in("ian").await);
        assert_eq!(world.sign_out(first.stamp()).await, SignOut::Ended);
        assert!(world.resume(first.stamp()).await.is_none() && world.resume(second.stamp()).await.is_some());
        let admin = world.walk_in("ann").await;
        for to in [Requirement::On, Requirement::Off] {
            granted(world.switch(&admin, to).await);
            let (_, bob) = if to.asks() { world.enroll("bob").await } else { continue };
            granted(world.switch(&bob, Requirement::Off).await);
        }
        for role in [Role::Customer, Role::MasterAdmin, Role::Internal] {
            world.people.set(ACME, "ian", role);
            assert!(world.resume(first.stamp()).await.is_none(), "{role:?}");
        }
        world.people.remove(ACME, "ian");
        assert_eq!(world.sign_out(second.stamp()).await, SignOut::Ended);
        world.people.set(ACME, "ian", Role::Internal);
        assert!(world.resume(second.stamp()).await.is_none());
    }

    /// The record stays small: of so many that nobody has them honestly, one more ends all.
    async fn one_session_more_than_32_ends_all_of_them(world: World) {
        let stays = world.walk_in("ian").await;
        for _ in 0..32 {
            let session = world.walk_in("ian").await;
            assert_eq!(world.sign_out(session.stamp()).await, SignOut::Ended);
        }
        assert!(world.resume(stays.stamp()).await.is_some());
        let last = world.walk_in("ian").await;
        assert_eq!(world.sign_out(last.stamp()).await, SignOut::Ended);
        assert!(world.resume(stays.stamp()).await.is_none() && world.resume(last.stamp()).await.is_none());
        assert_eq!(world.kinds_for("ian").await.last().unwrap(), "sessions-ended");
    }

    /// Those whose stamps have expired make room, a minute later than here: another server's clock may be behind.
    async fn what_has_expired_everywhere_is_not_remembered(world: World) {
        let lifetime = Settings::default().stamp_lifetime();
        for (seconds_past, make_room) in [(59, false), (60, true)] {
            for _ in 0..32 {
                let session = world.walk_in("ian").await;
                assert_eq!(world.sign_out(session.stamp()).await, SignOut::Ended);
            }
            world.clock.advance(lifetime + Duration::from_secs(seconds_past));
            let (stays, goes) = (world.walk_in("ian").await, world.walk_in("ian").await);
            assert_eq!(world.sign_out(goes.stamp()).await, SignOut::Ended);
            assert_eq!(world.resume(stays.stamp()).await.is_some(), make_room, "{seconds_past} s");
            // What has expired everywhere is not written down at all.
            world.clock.advance(lifetime + Duration::from_secs(60));
            let record = world.record("ian").await;
            assert_eq!(world.sign_out(stays.stamp()).await, SignOut::Ended);
            assert_eq!(world.record("ian").await, record);
        }
    }

    /// R14: the host ends sessions by a mark that it changes, also those of customers, for whom nothing is written (R5).
    async fn a_mark_that_moves_ends_sessions_customers_among_them(world: World) {
        world.people.mark(ACME, "carl", Some("1"));
        world.people.mark(ACME, "ian", Some("1"));
        let (carl, ian, ida) = (world.walk_in("carl").await, world.walk_in("ian").await, world.walk_in("ida").await);
        for pass in [&carl, &ian, &ida] {
            assert!(world.resume(pass.stamp()).await.is_some());
        }
        world.people.mark(ACME, "carl", Some("2"));
        world.people.mark(ACME, "ian", None);
        world.people.mark(ACME, "ida", Some("1"));
        for pass in [&carl, &ian, &ida] {
            assert!(world.resume(pass.stamp()).await.is_none(), "{pass:?}");
        }
        assert!(world.record("carl").await.is_none());
        let carl = world.walk_in("carl").await;
        assert!(world.resume(carl.stamp()).await.is_some());
    }
}
