//! Days at random: which commands come after each other in a play.

use proptest::prelude::*;

use super::command::{Act, By, Command, Hand, Typed, USERS};

fn which() -> impl Strategy<Value = usize> {
    0_usize..6
}

fn server() -> impl Strategy<Value = usize> {
    0_usize..2
}

fn typed() -> impl Strategy<Value = Typed> {
    prop_oneof![
        4 => (0_usize..3, -2_i64..=2).prop_map(|(key, off)| Typed::Of { key, off }),
        1 => Just(Typed::Wrong),
    ]
}

fn act() -> impl Strategy<Value = Act> {
    let yes = any::<bool>;
    prop_oneof![
        4 => yes().prop_map(Act::Require),
        2 => yes().prop_map(Act::OfferChoice),
        1 => yes().prop_map(Act::RememberDevices),
        1 => prop::option::of(1_u8..30).prop_map(Act::GiveTime),
        1 => yes().prop_map(Act::AskInvitations),
        1 => yes().prop_map(Act::EndSessionsOnSwitch),
        1 => yes().prop_map(|ending| Act::BeginEpoch { ending }),
        2 => yes().prop_map(|changed| Act::Reset { changed }),
        2 => yes().prop_map(|changed| Act::ResetAndInvite { changed }),
        1 => Just(Act::ResetEverybody),
        2 => yes().prop_map(|changed| Act::Unlock { changed }),
        1 => Just(Act::Invite),
        2 => (1_u8..90).prop_map(Act::Extend),
        1 => Just(Act::Vouch),
        1 => Just(Act::ForgetDevices),
        1 => Just(Act::Import),
    ]
}

/// How a play begins: with nothing, or with people who have set it up in an org that allows what it may.
pub fn opening() -> impl Strategy<Value = Vec<Command>> {
    let vendor = |act| Command::Administer { by: By::Vendor, act, target: 0 };
    let everybody = || Hand::ALL[..4].iter().map(|hand| Command::SignIn { hand: *hand, server: 0 });
    let devices = || Hand::ALL[..4].iter().map(|hand| Command::RememberDevice { hand: *hand, stamp: 0 });
    let enrolled: Vec<_> = [vendor(Act::RememberDevices(true)), vendor(Act::Require(true))]
        .into_iter()
        .chain(everybody())
        .chain(devices())
        .collect();
    let in_time =
        [vendor(Act::GiveTime(Some(14))), vendor(Act::Require(true))].into_iter().chain(everybody());
    // They have time, and take it.
    let with_time_left = [vendor(Act::GiveTime(Some(14))), vendor(Act::Require(true))]
        .into_iter()
        .chain(Hand::ALL[..4].iter().map(|hand| Command::CheckIn { hand: *hand, server: 0, device: None }));
    let early = everybody().chain([vendor(Act::OfferChoice(true))]);
    prop_oneof![
        2 => Just(Vec::new()),
        4 => Just(enrolled),
        1 => Just(in_time.collect::<Vec<_>>()),
        1 => Just(with_time_left.collect::<Vec<_>>()),
        1 => Just(early.collect::<Vec<_>>()),
    ]
}

/// Anything, by one of these hands.
pub fn command(hands: &'static [Hand]) -> impl Strategy<Value = Command> {
    use Command as C;
    let hand = || prop::sample::select(hands);
    let on_ticket = move || (hand(), server(), which());
    let in_session = move || (hand(), which());
    let by = move || {
        prop_oneof![
            1 => Just(By::Vendor),
            1 => (hand(), which()).prop_map(|(hand, stamp)| By::Session(hand, stamp)),
        ]
    };
    let login = prop_oneof![
        6 => (hand(), server(), prop::option::weighted(0.3, which())).prop_map(|(hand, server, device)| C::CheckIn { hand, server, device }),
        5 => on_ticket().prop_map(|(hand, server, ticket)| C::Setup { hand, server, ticket }),
        1 => in_session().prop_map(|(hand, ticket)| C::Cancel { hand, ticket }),
        6 => (on_ticket(), typed()).prop_map(|((hand, server, ticket), code)| C::Confirm { hand, server, ticket, code }),
        9 => (on_ticket(), typed()).prop_map(|((hand, server, ticket), code)| C::Verify { hand, server, ticket, code }),
        3 => (in_session(), prop::option::of(0_usize..20)).prop_map(|((hand, ticket), code)| C::Recover { hand, ticket, code }),
        2 => (in_session(), which()).prop_map(|((hand, ticket), invitation)| C::Accept { hand, ticket, invitation }),
        9 => (hand(), server()).prop_map(|(hand, server)| C::SignIn { hand, server }),
    ];
    let mishap = prop_oneof![
        2 => hand().prop_map(|hand| C::GuessUntilBlocked { hand }),
        1 => hand().prop_map(|hand| C::DrawQrCodes { hand }),
        2 => hand().prop_map(|hand| C::LoseThePhone { hand }),
    ];
    let session = prop_oneof![
        3 => on_ticket().prop_map(|(hand, server, stamp)| C::Resume { hand, server, stamp }),
        2 => in_session().prop_map(|(hand, stamp)| C::StepUp { hand, stamp }),
        2 => in_session().prop_map(|(hand, stamp)| C::Replace { hand, stamp }),
        2 => in_session().prop_map(|(hand, stamp)| C::Enroll { hand, stamp }),
        1 => in_session().prop_map(|(hand, stamp)| C::Withdraw { hand, stamp }),
        1 => in_session().prop_map(|(hand, stamp)| C::DrawCodes { hand, stamp }),
        2 => in_session().prop_map(|(hand, stamp)| C::RememberDevice { hand, stamp }),
        1 => in_session().prop_map(|(hand, stamp)| C::ForgetDevices { hand, stamp }),
        1 => in_session().prop_map(|(hand, stamp)| C::SignOut { hand, stamp }),
    ];
    let person = || 0..USERS.len() - 1;
    let world = prop_oneof![
        8 => (by(), act(), 0..USERS.len()).prop_map(|(by, act, target)| C::Administer { by, act, target }),
        1 => person().prop_map(|user| C::PasswordChanged { user }),
        1 => person().prop_map(|user| C::EndSessions { user }),
        1 => (2_usize..4, 0_u8..3).prop_map(|(user, role)| C::Becomes { user, role }),
        1 => person().prop_map(|user| C::IsSucceeded { user }),
        1 => Just(C::RollKey),
        1 => Just(C::LoseReply),
        8 => (0_u64..90).prop_map(C::Advance),
        2 => (90_u64..3_000).prop_map(C::Advance),
        1 => (3_000_u64..200_000).prop_map(C::Advance),
        1 => (0_u64..200).prop_map(C::SetBack),
    ];
    prop_oneof![12 => login, 2 => mishap, 6 => session, 12 => world]
}
