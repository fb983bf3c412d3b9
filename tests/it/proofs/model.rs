//! The whole driver under random sequences of everything that can happen, against the few sentences that must be
//! true whatever happens.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use countersign::{
    ActRefusal, Attempt, FirstFactor, Gate, Pass, Recovered, Refusal, Requirement, Stamp, Ticket, Timestamp,
    Verdict,
    admin::Support,
    audit::{Operator, Password, Reason},
    otp::{Secret, Totp},
    policy::{OrgPolicy, RunningSessions, Settings},
    store::Stored,
    tokens::{Means, RecoveryCodes},
};
use proptest::prelude::*;

use crate::world::{ACME, World, granted, org, user};

const USERS: [&str; 4] = ["ann", "ian", "ida", "carl"];
const CUSTOMER: &str = "carl";

#[derive(Clone, Debug)]
enum Deed {
    CheckIn(usize),
    Setup(usize),
    /// With the code of the secret last shown for the ticket's user, so many steps off; or a wrong one.
    Confirm(usize, Option<i64>),
    Verify(usize, Option<i64>),
    /// With one of the recovery codes that were ever shown to the ticket's user; or a wrong one.
    Recover(usize, Option<usize>),
    /// With the session's pass.
    Renew(usize),
    Resume(usize),
    StepUp(usize),
    Advance(u64),
    SetBack(u64),
    Switch(bool, bool),
    /// Whether enrolling by choice is offered.
    Offer(bool),
    Enroll(usize),
    Withdraw(usize),
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
        3 => (which(), prop::option::of(0_usize..20)).prop_map(|(ticket, code)| Deed::Recover(ticket, code)),
        1 => which().prop_map(Deed::Renew),
        3 => which().prop_map(Deed::Resume),
        2 => which().prop_map(Deed::StepUp),
        4 => (0_u64..90).prop_map(Deed::Advance),
        1 => (90_u64..3_000).prop_map(Deed::Advance),
        1 => (0_u64..200).prop_map(Deed::SetBack),
        2 => any::<(bool, bool)>().prop_map(|(on, at_once)| Deed::Switch(on, at_once)),
        2 => any::<bool>().prop_map(Deed::Offer),
        3 => (0..USERS.len()).prop_map(Deed::Enroll),
        1 => which().prop_map(Deed::Withdraw),
        1 => (0..USERS.len()).prop_map(Deed::Reset),
        1 => (0..USERS.len()).prop_map(Deed::Unlock),
        1 => (0..USERS.len()).prop_map(Deed::EndTrust),
    ]
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Row {
    Codes,
    RecoveryCodes,
}

/// What the test knows by itself.
#[derive(Default)]
struct Knowledge {
    is_on: bool,
    is_offered: bool,
    /// Newest first.
    tickets: Vec<(String, Ticket)>,
    stamps: Vec<(String, Stamp)>,
    /// The secrets shown for each user, newest last, and the one that their confirmed code belongs to.
    shown: BTreeMap<String, Vec<String>>,
    enrolled: BTreeMap<String, String>,
    /// For every secret, the steps that let somebody in.
    consumed: BTreeMap<String, BTreeSet<u64>>,
    wrong_in_a_row: BTreeMap<String, u32>,
    /// The recovery codes ever shown to each user, and those of them that must still work.
    sheets: BTreeMap<String, Vec<String>>,
    good_codes: BTreeMap<String, BTreeSet<String>>,
    wrong_recoveries_in_a_row: BTreeMap<String, u32>,
    /// Who was blocked by somebody with their password, and has not changed it since.
    password_known: BTreeSet<String>,
    /// The tickets of step-ups, for which nobody needs the password.
    of_sessions: BTreeSet<String>,
    /// The rows with a guess of somebody with the password.
    guessed_with_password: BTreeSet<(String, Row)>,
}

impl Knowledge {
    fn ticket(&self, which: usize) -> Option<(String, Ticket)> {
        self.tickets.get(which % self.tickets.len().max(1)).cloned()
    }

    fn stamp(&self, which: usize) -> Option<(String, Stamp)> {
        self.stamps.get(which % self.stamps.len().max(1)).cloned()
    }

    /// Whether a code is asked of this user.
    fn asks(&self, id: &str) -> bool {
        id != CUSTOMER && (self.is_on || (self.is_offered && self.enrolled.contains_key(id)))
    }

    /// R1, R4: what must be true of a pass that a code earned.
    fn earned(&mut self, id: &str, key: &str, step: u64, pass: &Pass) {
        assert!(self.is_on || self.is_offered, "a code was taken that nobody asks for");
        assert_eq!((pass.user().as_str(), pass.means()), (id, Means::Code));
        let consumed = self.consumed.entry(key.to_owned()).or_default();
        assert!(consumed.iter().all(|before| *before < step), "step {step} of {id} after {consumed:?}");
        consumed.insert(step);
        self.wrong_in_a_row.insert(id.to_owned(), 0);
        self.guessed_with_password.remove(&(id.to_owned(), Row::Codes));
        self.stamps.insert(0, (id.to_owned(), pass.stamp().clone()));
    }

    fn shows_codes(&mut self, id: &str, codes: &RecoveryCodes) {
        let codes = codes.expose().lines().map(str::to_owned);
        let sheet = self.sheets.entry(id.to_owned()).or_default();
        sheet.splice(..0, codes.clone());
        self.good_codes.insert(id.to_owned(), codes.collect());
    }

    /// R1, R4: what must be true of a pass that a recovery code earned.
    fn recovered(&mut self, id: &str, code: &str, recovered: &Recovered) {
        assert!(self.asks(id) && self.enrolled.contains_key(id), "{id} recovered what they have not");
        assert_eq!((recovered.pass.user().as_str(), recovered.pass.means()), (id, Means::RecoveryCode));
        let good = self.good_codes.get_mut(id).expect("nobody is enrolled without recovery codes");
        assert!(good.remove(code), "{id} got in with a recovery code that was spent or void");
        assert_eq!(good.len(), usize::try_from(recovered.left).unwrap());
        self.wrong_recoveries_in_a_row.insert(id.to_owned(), 0);
        self.guessed_with_password.remove(&(id.to_owned(), Row::RecoveryCodes));
    }

    fn is_blocked(&self, id: &str) -> bool {
        [&self.wrong_in_a_row, &self.wrong_recoveries_in_a_row].iter().any(|row| row.get(id) == Some(&10))
    }

    fn forgive(&mut self, id: &str) {
        self.wrong_in_a_row.remove(id);
        self.wrong_recoveries_in_a_row.remove(id);
        self.guessed_with_password.retain(|(of, _)| of != id);
    }

    fn forget_recovery(&mut self, id: &str) {
        self.wrong_recoveries_in_a_row.remove(id);
        self.guessed_with_password.remove(&(id.to_owned(), Row::RecoveryCodes));
    }

    /// R15: whether this is the code that let somebody in last.
    fn is_last(&self, key: &str, step: u64) -> bool {
        self.consumed.get(key).and_then(BTreeSet::last) == Some(&step)
    }

    /// R2, R16: the row of refused codes, and the end of it.
    fn refused(&mut self, id: &str, ticket: &Ticket, refusal: Refusal, of: Row, is_last: bool) {
        let was_blocked = self.is_blocked(id);
        let rows = match of {
            Row::Codes => &mut self.wrong_in_a_row,
            Row::RecoveryCodes => &mut self.wrong_recoveries_in_a_row,
        };
        let row = rows.entry(id.to_owned()).or_default();
        let before = *row;
        match refusal {
            Refusal::AlreadyUsed { left, .. } if is_last => assert_eq!(left, 10 - *row, "{id}"),
            Refusal::WrongCode { left, .. } | Refusal::AlreadyUsed { left, .. } => {
                *row += 1;
                assert_eq!(left, 10 - *row, "{id}");
            }
            Refusal::Blocked if was_blocked => {}
            Refusal::Blocked => {
                assert_eq!(*row, 9, "{id}");
                *row = 10;
            }
            Refusal::Malformed => panic!("every code here is one"),
            _ => {}
        }
        assert!(*row <= 10);
        if *row > before {
            let is_blocked = *row == 10;
            if !self.of_sessions.contains(ticket.expose()) {
                self.guessed_with_password.insert((id.to_owned(), of));
            }
            if is_blocked && self.guessed_with_password.contains(&(id.to_owned(), of)) {
                self.password_known.insert(id.to_owned());
            }
        }
    }
}

/// A world, and what the test has done in it so far.
struct Walk {
    world: World,
    support: Support,
    reason: Reason,
    known: Knowledge,
}

impl Walk {
    fn begin() -> Self {
        let world = World::in_memory();
        let support = Support::new(&world.two_factor, Operator::new("sue").unwrap());
        Self {
            world,
            support,
            reason: Reason::new("the model says so").unwrap(),
            known: Knowledge::default(),
        }
    }

    /// The code that the app with this key shows so many steps from now, and its step; or a wrong one.
    fn code(&self, key: &str, off: Option<i64>) -> (String, u64) {
        let secret = Secret::from_base32(key).unwrap();
        let step = self.world.now().as_unix() / 30;
        let at =
            |step: u64| Totp::default().code_at(&secret, Timestamp::from_unix(step * 30)).unwrap().expose();
        if let Some(off) = off {
            let step = step.saturating_add_signed(off);
            return (at(step), step);
        }
        let near: Vec<String> = (step - 3..=step + 3).map(at).collect();
        ((0..10).map(|n| format!("{n:06}")).find(|code| !near.contains(code)).unwrap(), 0)
    }

    async fn records(&self) -> BTreeMap<&'static str, Option<Stored>> {
        let mut records = BTreeMap::new();
        for id in USERS {
            records.insert(id, self.world.record(id).await);
        }
        records
    }

    /// Does it, and checks that it wrote to the record of the one whom it concerns, and to no other (R5, R7).
    async fn step(&mut self, deed: &Deed) {
        let before = self.records().await;
        let touched = self.perform(deed).await;
        let after = self.records().await;
        for (id, record) in &after {
            assert!(Some(*id) == touched.as_deref() || before[id] == *record, "{deed:?} wrote to {id}");
        }
        assert_eq!(after[CUSTOMER], None);
    }

    /// Does it, and tells whose record it may have written.
    async fn perform(&mut self, deed: &Deed) -> Option<String> {
        match *deed {
            Deed::CheckIn(who) => {
                self.check_in(USERS[who]).await;
                return Some(USERS[who].to_owned());
            }
            Deed::Setup(which) => return self.setup(which).await,
            Deed::Confirm(which, off) => return self.confirm(which, off).await,
            Deed::Verify(which, off) => return self.verify(which, off).await,
            Deed::Recover(which, code) => return self.recover(which, code).await,
            Deed::Renew(which) => return self.renew(which).await,
            Deed::Resume(which) => self.resume(which).await,
            Deed::StepUp(which) => self.step_up(which).await,
            Deed::Advance(seconds) => self.world.clock.advance(Duration::from_secs(seconds)),
            Deed::SetBack(seconds) => {
                self.world.clock.set(Timestamp::from_unix(self.world.now().as_unix() - seconds));
            }
            Deed::Switch(on, at_once) => self.switch(on, at_once).await,
            Deed::Offer(offered) => self.offer(offered).await,
            Deed::Enroll(who) => self.enroll(USERS[who]).await,
            Deed::Withdraw(which) => return self.withdraw(which).await,
            Deed::Reset(who) => return self.reset(USERS[who]).await,
            Deed::Unlock(who) => {
                let unlocked = self
                    .support
                    .in_org(&org(ACME), &self.reason)
                    .user(&user(USERS[who]))
                    .unlock(Password::AsBefore)
                    .await
                    .unwrap();
                assert_eq!(unlocked.refusal().is_some(), USERS[who] == CUSTOMER);
                self.known.forgive(USERS[who]);
                return Some(USERS[who].to_owned());
            }
            Deed::EndTrust(who) => {
                self.world.two_factor.user(&org(ACME), &user(USERS[who])).password_changed().await.unwrap();
                self.known.password_known.remove(USERS[who]);
                self.known.guessed_with_password.retain(|(of, _)| of != USERS[who]);
                return Some(USERS[who].to_owned());
            }
        }
        None
    }

    async fn check_in(&mut self, id: &str) {
        let calls = self.world.controls.calls();
        let gate = self.world.check_in(id).await;
        // R5.
        assert_eq!(id == CUSTOMER, self.world.controls.calls() == calls);
        let known = &mut self.known;
        match gate {
            Gate::Open(pass) => {
                // R4: without a code only who need not show one.
                assert!(!known.asks(id), "{id} walked in");
                assert_ne!(pass.means(), Means::Code);
                known.stamps.insert(0, (id.to_owned(), pass.stamp().clone()));
            }
            Gate::AskCode(ticket) => {
                assert!(known.asks(id) && known.enrolled.contains_key(id), "{id} was asked for a code");
                known.tickets.insert(0, (id.to_owned(), ticket));
            }
            Gate::Enroll(ticket) => {
                assert!(known.is_on && !known.enrolled.contains_key(id), "{id} was sent to enroll");
                known.tickets.insert(0, (id.to_owned(), ticket));
            }
            // R16.
            Gate::AskInvitation(ticket) => {
                assert!(known.is_on && known.password_known.contains(id), "{id} needs an invitation");
                known.tickets.insert(0, (id.to_owned(), ticket));
            }
            Gate::EnrollBy { .. } => panic!("no settings here say so"),
            Gate::Blocked => assert!(known.asks(id) && known.is_blocked(id), "{id} was blocked"),
        }
    }

    async fn setup(&mut self, which: usize) -> Option<String> {
        let (id, ticket) = self.known.ticket(which)?;
        if let Verdict::Granted(setup) = self.world.two_factor.setup(&ticket).await.unwrap() {
            // R8: an enrolled secret is shown to nobody.
            assert!(self.known.is_on || self.known.is_offered);
            assert!(!self.known.enrolled.contains_key(&id));
            // R16: nobody is invited here.
            assert!(!self.known.password_known.contains(&id), "{id} enrolls with a known password");
            self.known.shown.entry(id.clone()).or_default().push(setup.key().to_owned());
        }
        Some(id)
    }

    async fn confirm(&mut self, which: usize, off: Option<i64>) -> Option<String> {
        let (id, ticket) = self.known.ticket(which)?;
        let key = self.known.shown.get(&id)?.last()?.clone();
        let (code, step) = self.code(&key, off);
        match self.world.two_factor.confirm(Attempt::new(&ticket, &code)).await.unwrap() {
            Verdict::Granted(enrolled) => {
                assert!(!self.known.enrolled.contains_key(&id), "{id} was enrolled twice");
                self.known.earned(&id, &key, step, &enrolled.pass);
                self.known.enrolled.insert(id.clone(), key);
                self.known.shows_codes(&id, &enrolled.recovery_codes.unwrap());
                self.known.forget_recovery(&id);
            }
            Verdict::Refused(refusal) => {
                let is_last = self.known.is_last(&key, step);
                self.known.refused(&id, &ticket, refusal, Row::Codes, is_last);
            }
        }
        Some(id)
    }

    async fn verify(&mut self, which: usize, off: Option<i64>) -> Option<String> {
        let (id, ticket) = self.known.ticket(which)?;
        let key = self.known.enrolled.get(&id).or_else(|| self.known.shown.get(&id)?.last())?.clone();
        let (code, step) = self.code(&key, off);
        match self.world.verify(&ticket, &code).await {
            Verdict::Granted(pass) => {
                assert_eq!(self.known.enrolled.get(&id), Some(&key), "{id} got in without an authenticator");
                self.known.earned(&id, &key, step, &pass);
            }
            Verdict::Refused(refusal) => {
                let is_last = self.known.is_last(&key, step);
                self.known.refused(&id, &ticket, refusal, Row::Codes, is_last);
            }
        }
        Some(id)
    }

    async fn recover(&mut self, which: usize, code: Option<usize>) -> Option<String> {
        let (id, ticket) = self.known.ticket(which)?;
        let sheet = self.known.sheets.get(&id).map_or(&[][..], Vec::as_slice);
        let code = code.and_then(|code| sheet.get(code)).map_or("0".repeat(24), String::clone);
        match self.world.two_factor.recover(Attempt::new(&ticket, &code)).await.unwrap() {
            Verdict::Granted(recovered) => {
                self.known.recovered(&id, &code, &recovered);
                // Everything that was handed out before is void.
                for (_, stamp) in self.known.stamps.iter().filter(|(of, _)| *of == id) {
                    assert!(self.world.resume(stamp).await.is_none());
                }
                self.known.stamps.insert(0, (id.clone(), recovered.pass.stamp().clone()));
            }
            Verdict::Refused(refusal) => {
                let counted = matches!(refusal, Refusal::WrongCode { .. });
                let good = self.known.good_codes.get(&id).is_some_and(|good| good.contains(&code));
                assert!(!(counted && good), "a good recovery code of {id} was called wrong");
                self.known.refused(&id, &ticket, refusal, Row::RecoveryCodes, false);
            }
        }
        Some(id)
    }

    async fn renew(&mut self, which: usize) -> Option<String> {
        let (id, stamp) = self.known.stamp(which)?;
        let pass = self.world.resume(&stamp).await?;
        if let Verdict::Granted(codes) = self.world.signed_in(&pass).renew_recovery_codes().await.unwrap() {
            assert!(self.known.asks(&id) && self.known.enrolled.contains_key(&id));
            assert!(!self.known.is_blocked(&id));
            assert!(pass.is_fresh(Duration::from_secs(300)));
            self.known.shows_codes(&id, &codes);
        }
        Some(id)
    }

    async fn resume(&self, which: usize) {
        let Some((id, stamp)) = self.known.stamp(which) else { return };
        if let Some(pass) = self.world.resume(&stamp).await {
            assert_eq!(pass.user().as_str(), id);
            // R15: what was earned up to 60 s later than now was earned by another clock.
            let by_any_clock = self.world.now().after(Duration::from_secs(60));
            assert!(self.world.now() < pass.expires_at() && pass.earned_at() <= by_any_clock);
        }
    }

    async fn step_up(&mut self, which: usize) {
        let Some((id, stamp)) = self.known.stamp(which) else { return };
        let Some(pass) = self.world.resume(&stamp).await else { return };
        if let Verdict::Granted(ticket) = self.world.signed_in(&pass).step_up().await.unwrap() {
            assert!(self.known.asks(&id) && self.known.enrolled.contains_key(&id));
            self.known.of_sessions.insert(ticket.expose().to_owned());
            self.known.tickets.insert(0, (id, ticket));
        }
    }

    async fn set(&self, change: impl Fn(Settings) -> Settings) {
        let OrgPolicy { settings, revision, .. } =
            self.world.two_factor.org(&org(ACME)).policy().await.unwrap();
        let vendor = self.support.in_org(&org(ACME), &self.reason);
        granted(vendor.change_settings(revision, change(settings)).await.unwrap());
    }

    async fn offer(&mut self, offered: bool) {
        self.set(|settings| settings.with_enrollment_by_choice(offered)).await;
        if self.known.is_offered && !offered && !self.known.is_on {
            // R14.
            self.known.enrolled.clear();
            self.known.good_codes.clear();
        }
        self.known.is_offered = offered;
    }

    async fn enroll(&mut self, id: &str) {
        let Some((_, stamp)) = self.known.stamps.iter().find(|(of, _)| of == id) else { return };
        let Some(session) = self.world.resume(stamp).await else { return };
        let first_factor = FirstFactor::accepted(&org(ACME), &user(id));
        let known = &mut self.known;
        match self.world.signed_in(&session).enroll(first_factor).await.unwrap() {
            Verdict::Granted(ticket) => {
                assert!(id != CUSTOMER && (known.is_on || known.is_offered), "{id} may enroll");
                assert!(!known.enrolled.contains_key(id), "{id} may enroll twice");
                known.tickets.insert(0, (id.to_owned(), ticket));
            }
            Verdict::Refused(ActRefusal::AlreadyEnrolled) => assert!(known.asks(id)),
            Verdict::Refused(ActRefusal::Blocked) => assert_eq!(known.wrong_in_a_row[id], 10),
            Verdict::Refused(ActRefusal::NotOffered) => {
                assert!(id == CUSTOMER || (!known.is_on && !known.is_offered));
            }
            Verdict::Refused(other) => panic!("{other:?}"),
        }
    }

    /// R8.
    async fn withdraw(&mut self, which: usize) -> Option<String> {
        let (id, stamp) = self.known.stamp(which)?;
        let pass = self.world.resume(&stamp).await?;
        if let Verdict::Granted(()) = self.world.signed_in(&pass).withdraw().await.unwrap() {
            assert!(self.known.asks(&id) && !self.known.is_on);
            assert!(pass.means() == Means::Code && pass.is_fresh(Duration::from_secs(300)));
            self.known.enrolled.remove(&id);
            self.known.good_codes.remove(&id);
            self.known.forget_recovery(&id);
            assert!(self.world.resume(&stamp).await.is_none());
        }
        Some(id)
    }

    async fn switch(&mut self, on: bool, at_once: bool) {
        let to = if on { Requirement::On } else { Requirement::Off };
        let sessions = if at_once { RunningSessions::End } else { RunningSessions::GoOn };
        self.set(|settings| settings.with_running_sessions(sessions)).await;
        granted(self.support.in_org(&org(ACME), &self.reason).require(to).await.unwrap());
        if !on && self.known.is_on {
            // R6: switched off, all are released. Switched on, only those who have chosen since are enrolled.
            self.known.enrolled.clear();
            self.known.good_codes.clear();
        }
        self.known.is_on = on;
    }

    async fn reset(&mut self, id: &str) -> Option<String> {
        let reset = self
            .support
            .in_org(&org(ACME), &self.reason)
            .user(&user(id))
            .reset(Password::AsBefore)
            .await
            .unwrap();
        // Who was blocked by wrong codes is not reset to whoever knows the password.
        let is_known = self.known.password_known.contains(id);
        assert_eq!(reset.refusal() == Some(ActRefusal::PasswordKnown), is_known, "{id}");
        if is_known {
            return None;
        }
        assert_eq!(reset.refusal().is_some(), id == CUSTOMER);
        if id != CUSTOMER {
            // R7.
            self.known.enrolled.remove(id);
            self.known.good_codes.remove(id);
            self.known.forgive(id);
            for (_, stamp) in self.known.stamps.iter().filter(|(of, _)| of == id) {
                assert!(self.world.resume(stamp).await.is_none());
            }
        }
        Some(id.to_owned())
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    /// R1, R2, R4, R5, R6, R7, R8, in any order of events.
    #[test]
    fn whatever_happens_the_rules_hold(deeds in prop::collection::vec(deed(), 1..120)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let mut walk = Walk::begin();
            for deed in &deeds {
                walk.step(deed).await;
            }
        });
    }
}

/// The model reaches what it is meant to judge: a fixed walk with an enrollment, a login and a block in it.
#[tokio::test]
async fn the_model_sees_enrollments_logins_and_blocks() {
    let mut walk = Walk::begin();
    let mut deeds = vec![
        Deed::Switch(true, false),
        Deed::CheckIn(1),
        Deed::Setup(0),
        Deed::Confirm(0, Some(0)),
        Deed::Advance(30),
        Deed::CheckIn(1),
        Deed::Verify(0, Some(0)),
        Deed::CheckIn(1),
    ];
    deeds.extend((0..10).flat_map(|_| [Deed::Verify(0, None), Deed::Advance(3_000), Deed::CheckIn(1)]));
    for deed in &deeds {
        walk.step(deed).await;
    }
    assert_eq!(walk.known.consumed.values().map(BTreeSet::len).sum::<usize>(), 2);
    assert_eq!(walk.known.wrong_in_a_row["ian"], 10);
}
