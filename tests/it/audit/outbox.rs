//! Who is to be told of what: nothing is lost when the mailer is down, whoever writes meanwhile.

use std::{collections::BTreeMap, future::ready};

use countersign::{
    Attempt, ErrorKind, FirstFactor, Gate, Role, TwoFactor,
    audit::{Audience, Password},
    store::{Delivery, Notice, Outbox, tell_waiting},
    testing::{Authenticator, ManualClock},
};
use tokio::task::JoinSet;

use crate::world::{ACME, Fault, granted, keyring, org, over_every_store, user};

/// One round, in which everything is told.
async fn round(outbox: &impl Outbox) -> Vec<Notice> {
    let mut told = Vec::new();
    let tell = |notice| {
        told.push(notice);
        ready(Delivery::Done)
    };
    let all = tell_waiting(outbox, tell).await.map_err(Into::into).unwrap();
    assert_eq!((all.told, all.left), (told.len() as u64, 0));
    told
}

/// What was told of whom to whom, without regard to the order.
fn told(notices: &[Notice]) -> Vec<(&str, &str, Audience)> {
    let mut told: Vec<_> = notices
        .iter()
        .map(|notice| {
            (notice.event.user.as_deref().unwrap_or("the org"), &*notice.event.kind, notice.audience)
        })
        .collect();
    told.sort_by_key(|(user, kind, _)| (user.to_owned(), kind.to_owned()));
    told
}

async fn enroll_with(driver: &TwoFactor, clock: &ManualClock, id: &str) {
    let first_factor = FirstFactor::accepted(&org(ACME), &user(id));
    let Gate::Enroll(ticket) = driver.check_in(first_factor).await.unwrap() else {
        panic!("{id} should enroll")
    };
    let phone = Authenticator::enrolled_with(&granted(driver.setup(&ticket).await.unwrap())).unwrap();
    let code = phone.code(clock);
    let _ = granted(driver.confirm(Attempt::new(&ticket, &code)).await.unwrap());
}

over_every_store! {
    /// R10: with the change, in the same write.
    async fn what_happened_to_an_account_waits_until_it_was_told(world: World) {
        world.switch_on().await;
        let (phone, _) = world.enroll("ian").await;
        let _ = world.log_in("ian", &phone).await;
        world.step();
        world.block("ian", &phone).await;
        let admin = world.fresh_admin().await;
        granted(world.managed(&admin, "ian").reset(Password::Changed).await.unwrap());
        let notices = round(&world.store).await;
        let (one, both, admins) = (Audience::User, Audience::UserAndMasterAdmins, Audience::MasterAdmins);
        let waits = vec![("ian", "code-refused", one); 5];
        let expected = [
            vec![("bob", "enrolled", one), ("ian", "blocked", both)],
            waits,
            vec![("ian", "enrolled", one), ("ian", "reset", one), ("the org", "requirement-changed", admins)],
        ];
        assert_eq!(told(&notices), expected.concat());
        // Each reads as it does in the trail.
        let trail = world.events().await;
        for notice in &notices {
            let event =
                trail.iter().find(|event| event.text == notice.event.text && event.user == notice.event.user);
            assert!(event.is_some_and(|event| event.kind == notice.event.kind), "{notice:?}");
        }
        assert_eq!(round(&world.store).await, []);
    }

    async fn a_mailer_that_is_down_loses_nothing_and_keeps_nobody_else_waiting(world: World) {
        world.switch_on().await;
        for id in ["ian", "ida"] {
            let _ = world.enroll(id).await;
        }
        let down = tell_waiting(&world.store, |_| ready(Delivery::NotYet)).await.unwrap();
        assert_eq!((down.told, down.left), (0, 3));
        // One address bounces.
        let is_ians = |notice: &Notice| notice.event.user.as_deref() == Some("ian");
        let bouncing = |notice| ready(if is_ians(&notice) { Delivery::NotYet } else { Delivery::Done });
        let some = tell_waiting(&world.store, bouncing).await.unwrap();
        assert_eq!((some.told, some.left), (2, 1));
        assert_eq!(told(&round(&world.store).await), [("ian", "enrolled", Audience::User)]);
    }

    /// R4, R10: nobody knows whether it was written, but the outbox does.
    async fn what_was_written_without_an_answer_is_told(world: World) {
        world.switch_on().await;
        let _ = round(&world.store).await;
        let ticket = world.ticket_to_enroll("ian").await;
        let phone = Authenticator::enrolled_with(&world.setup(&ticket).await).unwrap();
        let code = phone.code(&world.clock);
        for (fault, is_told) in [(Fault::SwapBefore, false), (Fault::SwapAfterAndDown, true)] {
            world.controls.fail_next(fault);
            let confirmed = world.two_factor.confirm(Attempt::new(&ticket, &code)).await;
            assert_eq!(confirmed.unwrap_err().kind(), ErrorKind::OutcomeUnknown);
            world.controls.go_down(false);
            let notices = round(&world.store).await;
            let expected: &[_] = if is_told { &[("ian", "enrolled", Audience::User)] } else { &[] };
            assert_eq!(told(&notices), expected, "{fault:?}");
        }
    }

    /// Processes whose clocks differ by an hour, and a mailer that runs all the while.
    async fn while_many_enroll_at_once_nobody_is_passed_over(world: World) {
        world.switch_on().await;
        let _ = round(&world.store).await;
        let ids: Vec<String> = (0..24).map(|n| format!("new{n}")).collect();
        let mut racers = JoinSet::new();
        for (n, id) in (0_u64..).zip(&ids) {
            world.people.set(ACME, id, Role::Internal);
            let clock = ManualClock::at(world.now().after(std::time::Duration::from_secs(n * 7 % 5 * 900)));
            let driver = world.builder(keyring()).deployment("test").issuer("Acme Portal").clock(clock.clone()).build().unwrap();
            let id = id.clone();
            racers.spawn(async move { enroll_with(&driver, &clock, &id).await });
        }
        let mut notices = Vec::new();
        while !racers.is_empty() {
            notices.extend(round(&world.store).await);
            while let Some(finished) = racers.try_join_next() {
                finished.unwrap();
            }
        }
        notices.extend(round(&world.store).await);
        let mut times = BTreeMap::new();
        for notice in &notices {
            *times.entry(notice.event.user.clone().unwrap()).or_insert(0) += 1;
        }
        assert_eq!(times, ids.into_iter().map(|id| (id, 1)).collect());
    }
}

/// A notice of another kind of store is told apart, and not taken for one of ours.
#[cfg(all(feature = "sqlite", feature = "postgres"))]
#[tokio::test]
async fn what_another_store_named_is_refused() {
    use countersign::{
        OrgId,
        store::{
            EventId, NoticeId,
            sqlite::{SqliteError, SqliteStore},
        },
    };
    let id =
        |event: &str| NoticeId { org: OrgId::new(ACME).unwrap(), event: event.parse::<EventId>().unwrap() };
    let sqlite = SqliteStore::in_memory().await.unwrap();
    let refused = sqlite.acknowledge(&[id("1.2.3.aWFu")]).await;
    assert!(matches!(refused, Err(SqliteError::ForeignEventId)));
    assert!(matches!(sqlite.waiting(Some(&id("1.2.3.aWFu")), 1).await, Err(SqliteError::ForeignEventId)));
    sqlite.acknowledge(&[id("7")]).await.unwrap();
}
