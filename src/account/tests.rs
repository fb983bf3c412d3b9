//! What no sequence of calls can reach, since other checks come before it, and must hold all the same.

use std::time::Duration;

use super::*;
use crate::{
    audit::Origin,
    policy::{CodeRules, Days, Requirement, Settings},
    tokens::{DeviceClaims, DeviceId, Drawn},
    who::{OrgId, Role, UserId},
};

const NOW: Timestamp = Timestamp::from_unix(1_800_000_000);
const EPOCH: Epoch = Epoch { counter: 1, random: [1; 8] };
const POLICY: Policy = Policy { epoch: EPOCH, ..Policy::first(Requirement::On, Settings::nist_aal2()) };

fn secret(of: u8) -> Secret {
    Secret::from_bytes(&[of; 20]).unwrap()
}

fn enrolled() -> Account {
    let live = Live {
        id: AuthenticatorId([7; 8]),
        secret: secret(1),
        totp: Totp::default(),
        epoch: EPOCH,
        chosen: None,
        told_unasked: false,
        since: NOW,
        last_used: NOW,
        consumed: Step::from_number(0),
        drift: 0,
        recovery: Recovery::default(),
    };
    Account { live: Some(live), ..Account::never_written() }
}

fn drawn() -> Drawn {
    Drawn::draw(&crate::random::OsRandom).unwrap()
}

/// A ticket that is right in every respect except its purpose.
fn ticket(purpose: Purpose) -> TicketClaims {
    TicketClaims {
        id: TicketId([7; 16]),
        org: OrgId::from(1_i64),
        user: UserId::from(1_i64),
        generation: Generation::FIRST,
        epoch: EPOCH,
        purpose,
        issued_at: NOW,
        expires_at: NOW.after(Duration::from_secs(60)),
        continues: None,
        checked_in_from: None,
        invitation: None,
    }
}

fn refusal<T, R: Copy>(answer: &Answer<T, R>) -> R {
    assert!(answer.write.is_none(), "a refused ticket writes nothing");
    match &answer.reply {
        Ok(_) => panic!("this should have been refused"),
        Err(refusal) => *refusal,
    }
}

fn new_names() -> (AuthenticatorId, Generation) {
    (AuthenticatorId([8; 8]), Generation([2; 16]))
}

/// R8: even a valid ticket to enroll touches no account that is enrolled.
#[test]
fn nobody_enrolls_over_a_live_secret() {
    let codes = CodeRules::default();
    let terms = Terms { now: NOW, policy: &POLICY, codes: &codes };
    let to_enroll = ticket(Purpose::Enroll);
    assert_eq!(refusal(&enrolled().setup(&to_enroll, secret(2), terms)), Refusal::TicketVoid);
    let confirmed = enrolled().confirm(&to_enroll, "123456", new_names(), drawn(), terms);
    assert_eq!(refusal(&confirmed), Refusal::TicketVoid);
}

/// R8: and none to replace or to log in touches one that is not.
#[test]
fn nobody_replaces_or_uses_what_is_not_there() {
    let codes = CodeRules::default();
    let terms = Terms { now: NOW, policy: &POLICY, codes: &codes };
    let to_replace = ticket(Purpose::Replace);
    assert_eq!(refusal(&Account::never_written().setup(&to_replace, secret(2), terms)), Refusal::TicketVoid);
    let verified = Account::never_written().verify(&ticket(Purpose::LogIn), "123456", terms);
    assert_eq!(refusal(&verified), Refusal::TicketVoid);
}

/// R3: a ticket serves only its own purpose.
#[test]
fn a_ticket_serves_its_own_purpose_only() {
    let codes = CodeRules::default();
    let terms = Terms { now: NOW, policy: &POLICY, codes: &codes };
    let code = Totp::default().code_at(&secret(1), NOW).unwrap().expose();
    for purpose in [Purpose::Replace, Purpose::Enroll] {
        assert_eq!(refusal(&enrolled().verify(&ticket(purpose), &code, terms)), Refusal::TicketVoid);
    }
    for purpose in [Purpose::LogIn, Purpose::StepUp] {
        assert_eq!(refusal(&enrolled().setup(&ticket(purpose), secret(2), terms)), Refusal::TicketVoid);
    }
    assert!(enrolled().verify(&ticket(Purpose::LogIn), &code, terms).reply.is_ok());
}

/// R4, R7: the record is checked again at the write, whatever a check-in found before. A device that is still listed is
/// bound to its generation and epoch all the same.
#[test]
fn a_listed_device_opens_only_what_it_was_remembered_for() {
    let codes = CodeRules::default();
    let settings = Settings::default().with_remember_devices(Some(Days::new(1).unwrap()));
    let policy = Policy { settings, ..POLICY };
    let terms = Terms { now: NOW, policy: &policy, codes: &codes };
    let id = DeviceId([8; 16]);
    let token = || DeviceClaims {
        id,
        org: OrgId::from(1_i64),
        user: UserId::from(1_i64),
        generation: Generation::FIRST,
        epoch: EPOCH,
    };
    let account = || {
        let name = Origin::of_device(&"a phone");
        let remembered = enrolled().remember(Generation::FIRST, id, name, terms);
        remembered.write.unwrap().next
    };
    assert_eq!(account().enter_on(&token(), terms).reply, Some(Generation::FIRST));

    let of_another_generation = DeviceClaims { generation: Generation([1; 16]), ..token() };
    let of_another_epoch = DeviceClaims { epoch: Epoch { counter: 1, random: [2; 8] }, ..token() };
    for device in [of_another_generation, of_another_epoch] {
        let entered = account().enter_on(&device, terms);
        assert!(entered.reply.is_none() && entered.write.is_none(), "{device:?}");
    }
    let blocked = Account { guesses: Guesses { in_a_row: 10, ..Guesses::default() }, ..account() };
    let off = Policy { requirement: Requirement::Off, ..policy };
    let not_required = Terms { policy: &off, ..terms };
    let nobody_enrolled = Account { live: None, ..account() };
    for (account, terms) in [(blocked, terms), (account(), not_required), (nobody_enrolled, terms)] {
        let entered = account.enter_on(&token(), terms);
        assert!(entered.reply.is_none() && entered.write.is_none());
    }
}

/// R7: a session of an earlier generation renews nothing, whatever was enrolled since.
#[test]
fn recovery_codes_are_renewed_in_the_generation_that_asked() {
    let codes = CodeRules::default();
    let terms = Terms { now: NOW, policy: &POLICY, codes: &codes };
    let ended = Generation([5; 16]);
    assert_eq!(refusal(&enrolled().renew_recovery_codes(ended, drawn(), terms)), ActRefusal::SessionOver);
    assert!(enrolled().renew_recovery_codes(Generation::FIRST, drawn(), terms).reply.is_ok());
}

/// R11: a clock that was set back restarts the waits that began later than now, and only those; the later end is told.
#[test]
fn a_clock_that_was_set_back_makes_nobody_wait_longer_for_having_two_rows() {
    let waits = |since: u64| Guesses {
        in_a_row: 5,
        wait: Some(Wait { since: Timestamp::from_unix(since), lasts: Duration::from_secs(30) }),
        blocked_since: None,
        ..Guesses::default()
    };
    let mut account = enrolled();
    account.guesses = waits(NOW.as_unix() - 10);
    account.live.as_mut().unwrap().recovery.guesses = waits(NOW.as_unix() + 1_000);
    let codes = CodeRules::default();
    let terms = Terms { now: NOW, policy: &POLICY, codes: &codes };
    let answer =
        account.recover(&ticket(Purpose::LogIn), "anything", Role::Internal, Generation([2; 16]), terms);
    let until = NOW.after(Duration::from_secs(30));
    assert_eq!(answer.reply.unwrap_err(), Refusal::Wait { until });
    let written = answer.write.unwrap().next;
    assert_eq!(written.guesses.wait_until(), Some(Timestamp::from_unix(NOW.as_unix() + 20)));
    assert_eq!(written.waiting_until(), Some(until));
}

/// R2: another phone forgives no guesses at the recovery codes, which stay the same.
#[test]
fn a_replacement_keeps_the_recovery_codes_and_what_was_guessed_at_them() {
    let codes = CodeRules::default();
    let terms = Terms { now: NOW, policy: &POLICY, codes: &codes };
    let mut account = enrolled();
    let recovery = &mut account.live.as_mut().unwrap().recovery;
    recovery.codes = drawn().kept;
    recovery.guesses = Guesses { in_a_row: 3, ..Guesses::default() };
    let before = recovery.codes.digests.clone();
    let to_replace = ticket(Purpose::Replace);
    let shown = account.setup(&to_replace, secret(2), terms).write.unwrap().next;
    let code = Totp::default().code_at(&secret(2), NOW).unwrap().expose();
    let replaced = shown.confirm(&to_replace, &code, new_names(), drawn(), terms);
    assert!(replaced.reply.unwrap().with.is_none(), "no new ones are shown");
    let Recovery { codes, guesses, .. } = replaced.write.unwrap().next.live.unwrap().recovery;
    assert_eq!((codes.digests, guesses.in_a_row), (before, 3));
}

/// R7: recovery codes of an earlier epoch are as dead as the authenticator that they came with, whatever the ticket says.
#[test]
fn recovery_codes_of_an_earlier_epoch_open_nothing() {
    let codes = CodeRules::default();
    let policy = Policy { epoch: Epoch { counter: 2, random: [2; 8] }, ..POLICY };
    let terms = Terms { now: NOW, policy: &policy, codes: &codes };
    let sheet = drawn();
    let code = sheet.shown.expose().lines().next().unwrap().to_owned();
    let mut account = enrolled();
    account.live.as_mut().unwrap().recovery.codes = sheet.kept;
    let of_now = TicketClaims { epoch: policy.epoch, ..ticket(Purpose::LogIn) };
    let recovered = account.recover(&of_now, &code, Role::Internal, Generation([2; 16]), terms);
    assert_eq!(refusal(&recovered), Refusal::TicketVoid);
}
