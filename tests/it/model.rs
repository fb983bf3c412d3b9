//! The whole driver under random sequences of everything that can happen, against the few sentences that must be
//! true whatever happens.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::atomic::Ordering,
    time::Duration,
};

use countersign::{
    Attempt, Gate, Means, Operator, Pass, Reason, Refusal, Requirement, RunningSessions, Stamp, Support,
    Ticket, Timestamp, Verdict, testing::Authenticator,
};
use proptest::prelude::*;

use crate::world::{ACME, World, org, user};

const USERS: [&str; 4] = ["ann", "ian", "ida", "carl"];
const CUSTOMER: &str = "carl";

#[derive(Clone, Debug)]
enum Deed {
    CheckIn(usize),
    Setup(usize),
    /// With the code of the secret last shown for the ticket's user, so many steps off; or a wrong one.
    Confirm(usize, Option<i64>),
    Verify(usize, Option<i64>),
    Resume(usize),
    StepUp(usize),
    Advance(u64),
    SetBack(u64),
    Switch(bool, bool),
    Reset(usize),
    Unlock(usize),
    EndTrust(usize),
}

fn deed() -> impl Strategy<Value = Deed> {
    let code = || prop_oneof![3 => (-2_i64..=2).prop_map(Some), 1 => Just(None)];
    let which = || 0_usize..8;
    prop_oneof![
        6 => (0..USERS.len()).prop_map(Deed::CheckIn),
        5 => which().prop_map(Deed::Setup),
        6 => (which(), code()).prop_map(|(ticket, code)| Deed::Confirm(ticket, code)),
        9 => (which(), code()).prop_map(|(ticket, code)| Deed::Verify(ticket, code)),
        3 => which().prop_map(Deed::Resume),
        2 => which().prop_map(Deed::StepUp),
        4 => (0_u64..90).prop_map(Deed::Advance),
        1 => (90_u64..3_000).prop_map(Deed::Advance),
        1 => (0_u64..200).prop_map(Deed::SetBack),
        2 => any::<(bool, bool)>().prop_map(|(on, at_once)| Deed::Switch(on, at_once)),
        1 => (0..USERS.len()).prop_map(Deed::Reset),
        1 => (0..USERS.len()).prop_map(Deed::Unlock),
        1 => (0..USERS.len()).prop_map(Deed::EndTrust),
    ]
}

/// What the test knows by itself.
#[derive(Default)]
struct Knowledge {
    is_on: bool,
    /// Newest first.
    tickets: Vec<(String, Ticket)>,
    stamps: Vec<(String, Stamp)>,
    /// The secrets shown for each user, newest last, and the one that his confirmed code belongs to.
    shown: BTreeMap<String, Vec<String>>,
    enrolled: BTreeMap<String, String>,
    /// For every secret, the steps that let somebody in.
    consumed: BTreeMap<String, BTreeSet<u64>>,
    wrong_in_a_row: BTreeMap<String, u32>,
}

impl Knowledge {
    fn ticket(&self, which: usize) -> Option<(String, Ticket)> {
        self.tickets.get(which % self.tickets.len().max(1)).cloned()
    }

    fn stamp(&self, which: usize) -> Option<(String, Stamp)> {
        self.stamps.get(which % self.stamps.len().max(1)).cloned()
    }

    /// R1, R4: what must be true of a pass that a code earned.
    fn earned(&mut self, id: &str, key: &str, step: u64, pass: &Pass) {
        assert!(self.is_on, "a code was taken that nobody asks for");
        assert_eq!((pass.user().as_str(), pass.means()), (id, Means::Code));
        let consumed = self.consumed.entry(key.to_owned()).or_default();
        assert!(consumed.iter().all(|before| *before < step), "step {step} of {id} after {consumed:?}");
        consumed.insert(step);
        self.wrong_in_a_row.insert(id.to_owned(), 0);
        self.stamps.insert(0, (id.to_owned(), pass.stamp().clone()));
    }

    /// R2: the row of refused codes, and the end of it.
    fn refused(&mut self, id: &str, refusal: Refusal) {
        let row = self.wrong_in_a_row.entry(id.to_owned()).or_default();
        match refusal {
            Refusal::WrongCode { left, .. } | Refusal::AlreadyUsed { left, .. } => {
                *row += 1;
                assert_eq!(left, 10 - *row, "{id}");
            }
            Refusal::Blocked => *row = 10,
            Refusal::Malformed => panic!("every code here is one"),
            _ => {}
        }
        assert!(*row <= 10);
    }
}

fn phone(key: &str) -> impl Fn(Timestamp) -> String + use<> {
    let secret = countersign::otp::Secret::from_base32(key).unwrap();
    move |time| countersign::otp::Totp::default().code_at(&secret, time).expose()
}

/// The code `off` steps from now and its step; or a wrong one.
fn code(world: &World, key: &str, off: Option<i64>) -> (String, u64) {
    let step = world.now().as_unix() / 30;
    let code_at = phone(key);
    let at = |step: u64| code_at(Timestamp::from_unix(step * 30));
    match off {
        Some(off) => (at(step.saturating_add_signed(off)), step.saturating_add_signed(off)),
        None => {
            let near: Vec<String> = (step - 3..=step + 3).map(at).collect();
            ((0..).map(|n| format!("{n:06}")).find(|code| !near.contains(code)).unwrap(), 0)
        }
    }
}

async fn run(deeds: Vec<Deed>) {
    let world = World::in_memory();
    let support = Support::new(&world.two_factor, Operator::new("sue").unwrap());
    let reason = Reason::new("the model says so").unwrap();
    let mut known = Knowledge::default();
    for deed in deeds {
        let before = records(&world).await;
        let touched = perform(&world, &support, &reason, &mut known, &deed).await;
        // R5, R7: a deed writes to the record of the one whom it concerns, and to no other.
        let after = records(&world).await;
        for (id, record) in &after {
            assert!(Some(*id) == touched.as_deref() || before[id] == *record, "{deed:?} wrote to {id}");
        }
        assert_eq!(after[CUSTOMER], None);
    }
}

async fn records(world: &World) -> BTreeMap<&'static str, Option<countersign::Stored>> {
    let mut records = BTreeMap::new();
    for id in USERS {
        records.insert(id, world.record(id).await);
    }
    records
}

/// Does it, and tells whose record it may have written.
async fn perform(
    world: &World,
    support: &Support,
    reason: &Reason,
    known: &mut Knowledge,
    deed: &Deed,
) -> Option<String> {
    let acme = org(ACME);
    match *deed {
        Deed::CheckIn(who) => {
            let id = USERS[who];
            let calls = world.controls.calls();
            let gate = world.check_in(id).await;
            // R5.
            assert_eq!(id == CUSTOMER, world.controls.calls() == calls);
            match gate {
                Gate::Open(pass) => {
                    // R4: without a code only who need not show one.
                    assert!(id == CUSTOMER || !known.is_on, "{id} walked in");
                    assert_ne!(pass.means(), Means::Code);
                    known.stamps.insert(0, (id.to_owned(), pass.stamp().clone()));
                }
                Gate::AskCode(ticket) => {
                    assert!(known.is_on && known.enrolled.contains_key(id), "{id} was asked for a code");
                    known.tickets.insert(0, (id.to_owned(), ticket));
                }
                Gate::Enroll(ticket) => {
                    assert!(known.is_on && !known.enrolled.contains_key(id), "{id} was sent to enroll");
                    known.tickets.insert(0, (id.to_owned(), ticket));
                }
                Gate::Blocked => assert!(known.is_on && known.wrong_in_a_row[id] == 10, "{id} was blocked"),
            }
            None
        }
        Deed::Setup(which) => {
            let (id, ticket) = known.ticket(which)?;
            if let Verdict::Granted(setup) = world.two_factor.setup(&ticket).await.unwrap() {
                // R8: an enrolled secret is shown to nobody.
                assert!(known.is_on && !known.enrolled.contains_key(&id));
                assert!(Authenticator::enrolled_with(&setup).is_ok());
                known.shown.entry(id.clone()).or_default().push(setup.key().to_owned());
            }
            Some(id)
        }
        Deed::Confirm(which, off) => {
            let (id, ticket) = known.ticket(which)?;
            let key = known.shown.get(&id)?.last()?.clone();
            let (code, step) = code(world, &key, off);
            match world.two_factor.confirm(Attempt::new(&ticket, &code)).await.unwrap() {
                Verdict::Granted(enrolled) => {
                    assert!(!known.enrolled.contains_key(&id), "{id} was enrolled twice");
                    known.earned(&id, &key, step, &enrolled.pass);
                    known.enrolled.insert(id.clone(), key);
                }
                Verdict::Refused(refusal) => known.refused(&id, refusal),
            }
            Some(id)
        }
        Deed::Verify(which, off) => {
            let (id, ticket) = known.ticket(which)?;
            let key = known.enrolled.get(&id).or_else(|| known.shown.get(&id)?.last())?.clone();
            let (code, step) = code(world, &key, off);
            match world.verify(&ticket, &code).await {
                Verdict::Granted(pass) => {
                    assert_eq!(known.enrolled.get(&id), Some(&key), "{id} got in without an authenticator");
                    known.earned(&id, &key, step, &pass);
                }
                Verdict::Refused(refusal) => known.refused(&id, refusal),
            }
            Some(id)
        }
        Deed::Resume(which) => {
            let (id, stamp) = known.stamp(which)?;
            if let Some(pass) = world.resume(&stamp).await {
                assert_eq!(pass.user().as_str(), id);
                assert!(world.now() < pass.expires_at() && pass.earned_at() <= world.now());
            }
            None
        }
        Deed::StepUp(which) => {
            let (id, stamp) = known.stamp(which)?;
            let pass = world.resume(&stamp).await?;
            if let Verdict::Granted(ticket) = world.two_factor.step_up(&pass).await.unwrap() {
                assert!(known.is_on && known.enrolled.contains_key(&id));
                known.tickets.insert(0, (id, ticket));
            }
            None
        }
        Deed::Advance(seconds) => {
            world.clock.advance(Duration::from_secs(seconds));
            None
        }
        Deed::SetBack(seconds) => {
            world.clock.set(Timestamp::from_unix(world.now().as_unix() - seconds));
            None
        }
        Deed::Switch(on, at_once) => {
            let to = if on { Requirement::On } else { Requirement::Off };
            let sessions = if at_once { RunningSessions::End } else { RunningSessions::GoOn };
            support.require(&acme, to, sessions, reason).await.unwrap();
            if on && !known.is_on {
                // R6.
                known.enrolled.clear();
            }
            known.is_on = on;
            None
        }
        Deed::Reset(who) => {
            let reset = support.reset(&acme, &user(USERS[who]), reason).await.unwrap();
            assert_eq!(reset.refusal().is_some(), USERS[who] == CUSTOMER);
            if USERS[who] != CUSTOMER {
                // R7.
                known.enrolled.remove(USERS[who]);
                known.wrong_in_a_row.remove(USERS[who]);
                for (_, stamp) in known.stamps.iter().filter(|(id, _)| id == USERS[who]) {
                    assert!(world.resume(stamp).await.is_none());
                }
            }
            Some(USERS[who].to_owned())
        }
        Deed::Unlock(who) => {
            let _ = support.unlock(&acme, &user(USERS[who]), reason).await.unwrap();
            known.wrong_in_a_row.remove(USERS[who]);
            Some(USERS[who].to_owned())
        }
        Deed::EndTrust(who) => {
            world.two_factor.end_trust(&acme, &user(USERS[who])).await.unwrap();
            Some(USERS[who].to_owned())
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    /// R1, R2, R4, R5, R6, R7, R8, in any order of events.
    #[test]
    fn whatever_happens_the_rules_hold(deeds in prop::collection::vec(deed(), 1..120)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(run(deeds));
    }
}

/// The model reaches what it is meant to judge: a fixed walk with an enrollment, a login and a block in it.
#[tokio::test]
async fn the_model_sees_enrollments_logins_and_blocks() {
    let world = World::in_memory();
    let support = Support::new(&world.two_factor, Operator::new("sue").unwrap());
    let reason = Reason::new("a walk").unwrap();
    let mut known = Knowledge::default();
    let mut walk = vec![
        Deed::Switch(true, false),
        Deed::CheckIn(1),
        Deed::Setup(0),
        Deed::Confirm(0, Some(0)),
        Deed::Advance(30),
        Deed::CheckIn(1),
        Deed::Verify(0, Some(0)),
        Deed::CheckIn(1),
    ];
    walk.extend((0..10).flat_map(|_| [Deed::Verify(0, None), Deed::Advance(3_000), Deed::CheckIn(1)]));
    for deed in &walk {
        perform(&world, &support, &reason, &mut known, deed).await;
    }
    assert_eq!(known.consumed.values().map(BTreeSet::len).sum::<usize>(), 2);
    assert_eq!(known.wrong_in_a_row["ian"], 10);
    assert!(world.controls.swaps.load(Ordering::SeqCst) > 10);
}
