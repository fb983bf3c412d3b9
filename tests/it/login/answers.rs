//! The answers as values: their stable words, their sentences, and that a web framework can await them.

use std::{collections::BTreeSet, time::Duration};

use countersign::{
    ActRefusal, Attempt, ErrorKind, FirstFactor, Hint, Refusal, Requirement, Timestamp, Verdict,
    admin::Targets,
    audit::{Denied, Password},
    otp::{Algorithm, Digits},
    policy::{Days, Settings},
    tokens::DeviceId,
};

use crate::world::{ACME, World, org, user};

const AT: Timestamp = Timestamp::from_unix(1_800_000_000);

const HINTS: [Hint; 3] = [
    Hint::ClockBehind { by: Duration::from_secs(90) },
    Hint::ClockAhead { by: Duration::from_secs(90) },
    Hint::AppShows { algorithm: Algorithm::Sha1, digits: Digits::Six },
];

/// All eleven. A page that leaves one out is told so by the compiler: this list is held by the match below.
const REFUSALS: [Refusal; 11] = [
    Refusal::Malformed,
    Refusal::WrongCode { left: 3, wait_until: Some(AT), hint: None },
    Refusal::AlreadyUsed { left: 3, wait_until: None },
    Refusal::Wait { until: AT },
    Refusal::Blocked,
    Refusal::TicketVoid,
    Refusal::SetupExpired,
    Refusal::InvitationNeeded,
    Refusal::InvitationVoid,
    Refusal::ClockMovedBack { until: AT },
    Refusal::AlreadyDone,
];

const DENIALS: [Denied; 5] =
    [Denied::NotMasterAdmin, Denied::Yourself, Denied::Customer, Denied::NotInThisOrg, Denied::Mandated];

const ACT_REFUSALS: [ActRefusal; 13] = [
    ActRefusal::SessionOver,
    ActRefusal::FreshCodeNeeded,
    ActRefusal::EnrollFirst,
    ActRefusal::Blocked,
    ActRefusal::PasswordKnown,
    ActRefusal::NotOffered,
    ActRefusal::AlreadyEnrolled,
    ActRefusal::CodesRequired,
    ActRefusal::TooLateToImport,
    ActRefusal::AnotherKeyWaits,
    ActRefusal::OnProbation { until: AT },
    ActRefusal::AuthenticatorMoved,
    ActRefusal::SettingsMoved,
];

/// Stable words: a column, a metric or a table of translations is keyed by them.
#[test]
fn every_answer_has_a_word_of_its_own_and_a_sentence() {
    let is_word = |name: &str| name.chars().all(|c| c.is_ascii_lowercase() || c == '-') && !name.is_empty();
    let distinct = |names: Vec<&'static str>| {
        assert!(names.iter().all(|name| is_word(name)), "{names:?}");
        assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len(), "{names:?}");
    };
    distinct(REFUSALS.map(|refusal| refusal.name()).to_vec());
    let acts = ACT_REFUSALS.into_iter().chain(DENIALS.map(ActRefusal::Denied));
    distinct(acts.clone().map(|refusal| refusal.name()).collect());
    distinct(HINTS.map(Hint::name).to_vec());
    let kinds = [
        ErrorKind::Unavailable,
        ErrorKind::Contended,
        ErrorKind::OutcomeUnknown,
        ErrorKind::UnknownUser,
        ErrorKind::NoRoster,
        ErrorKind::Unreadable,
        ErrorKind::UnusableName,
    ];
    distinct(kinds.map(ErrorKind::name).to_vec());
    let sentences = REFUSALS.iter().map(ToString::to_string).chain(acts.map(|refusal| refusal.to_string()));
    for sentence in sentences {
        assert!(sentence.contains(' ') && !sentence.ends_with('.'), "{sentence}");
    }
}

/// A page needs no `_`: with another variant this does not compile.
#[test]
fn a_page_matches_every_refusal() {
    let shows_the_form_again = |refusal: &&Refusal| match refusal {
        Refusal::Malformed
        | Refusal::WrongCode { .. }
        | Refusal::AlreadyUsed { .. }
        | Refusal::Wait { .. }
        | Refusal::InvitationVoid
        | Refusal::ClockMovedBack { .. } => true,
        Refusal::Blocked
        | Refusal::TicketVoid
        | Refusal::SetupExpired
        | Refusal::InvitationNeeded
        | Refusal::AlreadyDone => false,
    };
    assert_eq!(REFUSALS.iter().filter(shows_the_form_again).count(), 6);
}

#[test]
fn a_refusal_that_makes_somebody_wait_says_until_when() {
    let until = AT.to_string();
    for refusal in [
        Refusal::Wait { until: AT },
        Refusal::WrongCode { left: 3, wait_until: Some(AT), hint: Some(HINTS[0]) },
        Refusal::AlreadyUsed { left: 3, wait_until: Some(AT) },
        Refusal::ClockMovedBack { until: AT },
    ] {
        assert!(refusal.to_string().contains(&until), "{refusal}");
    }
    let told = Refusal::WrongCode { left: 3, wait_until: None, hint: Some(HINTS[1]) }.to_string();
    assert!(told.contains("min ahead") && told.ends_with("tries left: 3"), "{told}");
}

/// For handlers in which `?` carries refusals too.
#[test]
fn a_verdict_becomes_a_result_whose_error_is_one() {
    fn handler(verdict: Verdict<u8, ActRefusal>) -> Result<u8, Box<dyn std::error::Error>> {
        Ok(verdict.into_result()?)
    }
    assert_eq!(handler(Verdict::Granted(7)).unwrap(), 7);
    let refused = handler(Verdict::Refused(ActRefusal::NotOffered)).unwrap_err();
    assert!(refused.downcast_ref::<ActRefusal>().is_some() && refused.source().is_none());
    let refused: Result<(), Refusal> = Verdict::<(), Refusal>::Refused(Refusal::Blocked).into_result();
    assert_eq!(
        Box::<dyn std::error::Error>::from(refused.unwrap_err()).to_string(),
        Refusal::Blocked.to_string()
    );
}

/// A multi-threaded server moves a handler from one thread to another wherever it waits.
#[tokio::test]
async fn every_call_can_be_awaited_in_a_handler() {
    fn is_send<T: Send>(future: T) {
        drop(future);
    }
    let world = World::in_memory();
    let pass = world.walk_in("ian").await;
    let (two_factor, org, id) = (&world.two_factor, org(ACME), user("ian"));
    let first_factor = || FirstFactor::accepted(&org, &id);
    let ticket = countersign::Ticket::from("any");
    is_send(two_factor.check_in(first_factor()));
    is_send(two_factor.prompt(&ticket));
    is_send(two_factor.accept(Attempt::new(&ticket, "any")));
    is_send(two_factor.setup(&ticket));
    is_send(two_factor.confirm(Attempt::new(&ticket, "any")));
    is_send(two_factor.cancel(&ticket));
    is_send(two_factor.verify(Attempt::new(&ticket, "any")));
    is_send(two_factor.recover(Attempt::new(&ticket, "any")));
    is_send(two_factor.resume(pass.stamp()));
    is_send(two_factor.sign_out(pass.stamp()));
    let signed_in = two_factor.signed_in(&pass);
    let device: DeviceId = "00000000000000000000000000000000".parse().unwrap();
    is_send(signed_in.step_up());
    is_send(signed_in.replace());
    is_send(signed_in.enroll(first_factor()));
    is_send(signed_in.withdraw());
    is_send(signed_in.remember_device("a browser"));
    is_send(signed_in.devices());
    is_send(signed_in.forget_device(&device));
    is_send(signed_in.forget_devices());
    is_send(signed_in.renew_recovery_codes());
    is_send(signed_in.recovery_codes_left());
    is_send(two_factor.user(&org, &id).password_changed());
    is_send(two_factor.user(&org, &id).end_sessions());
    is_send(two_factor.user(&org, &id).who_can_help());
    is_send(two_factor.org(&org).policy());
    is_send(two_factor.org(&org).report());
    is_send(two_factor.org(&org).counts());
    let admin = two_factor.admin(&pass);
    is_send(admin.require(Requirement::On));
    is_send(admin.change_settings(0, Settings::default()));
    is_send(admin.report());
    is_send(admin.counts());
    is_send(admin.reset_many(Targets::everybody(), Password::AsBefore).next());
    let managed = admin.user(&id);
    is_send(managed.reset(Password::AsBefore));
    is_send(managed.reset_and_invite(Password::AsBefore));
    is_send(managed.unlock(Password::AsBefore));
    is_send(managed.invite());
    is_send(managed.extend(Days::new(1).unwrap()));
    is_send(managed.authenticator());
    is_send(managed.vouch(&"0000000000000000".parse().unwrap()));
    is_send(managed.devices());
    is_send(managed.forget_device(&device));
    is_send(managed.forget_devices());
}
