//! Scenes: days in the life of an org, until the thief comes. What they get there is the table in the manual.

use super::command::{Act, By, Command, Hand, Typed, VICTIM};

fn act(act: Act) -> Command {
    Command::Administer { by: By::Vendor, act, target: VICTIM as usize }
}

fn sign_in(hand: Hand) -> Command {
    Command::SignIn { hand, server: 0 }
}

fn in_session(of: fn(Hand, usize) -> Command) -> Command {
    of(VICTIM, 0)
}

fn everybody() -> [Command; 4] {
    [Hand::Ann, Hand::Bob, Hand::Ian, Hand::Ida].map(sign_in)
}

fn on() -> Command {
    act(Act::Require(true))
}

/// All of them.
pub fn scenes() -> Vec<Vec<Command>> {
    [with_a_thief(), around_the_rules()].concat()
}

/// A day in the life of an org, until the thief comes.
fn with_a_thief() -> Vec<Vec<Command>> {
    use Command as C;
    let device = || in_session(|hand, stamp| C::RememberDevice { hand, stamp });
    let replace = || {
        [
            in_session(|hand, stamp| C::Replace { hand, stamp }),
            C::Advance(30),
            C::Setup { hand: VICTIM, server: 0, ticket: 0 },
            C::Confirm { hand: VICTIM, server: 0, ticket: 0, code: Typed::Of { key: 0, off: 0 } },
        ]
    };
    let loot = || vec![C::Steal, C::Plunder, C::Advance(31), C::Plunder];
    vec![
        // Nothing is asked.
        [everybody().to_vec(), loot()].concat(),
        // A choice is offered, and nobody has chosen.
        [vec![act(Act::OfferChoice(true))], everybody().to_vec(), loot()].concat(),
        // The owner has yet to enroll.
        [vec![sign_in(VICTIM), on()], loot()].concat(),
        [vec![act(Act::GiveTime(Some(7))), on(), sign_in(VICTIM)], loot()].concat(),
        // Their time is over.
        [
            vec![act(Act::GiveTime(Some(1))), on()],
            vec![C::CheckIn { hand: VICTIM, server: 0, device: None }, C::Advance(2 * 24 * 3_600)],
            loot(),
        ]
        .concat(),
        // They are in time, and enrolling takes an invitation.
        [
            vec![act(Act::GiveTime(Some(7))), on()],
            vec![C::CheckIn { hand: VICTIM, server: 0, device: None }, act(Act::AskInvitations(true))],
            loot(),
        ]
        .concat(),
        [vec![act(Act::RememberDevices(true)), on()], loot()].concat(),
        // They are invited.
        [vec![sign_in(VICTIM), on(), act(Act::AskInvitations(true)), act(Act::Invite)], loot()].concat(),
        [
            vec![act(Act::RememberDevices(true)), act(Act::AskInvitations(true)), on(), act(Act::Invite)],
            loot(),
        ]
        .concat(),
        // Everybody is enrolled. The thief comes at once, a while later, and comes back after a day.
        [
            vec![act(Act::RememberDevices(true)), on()],
            everybody().to_vec(),
            vec![device(), C::Advance(30)],
            loot(),
            vec![C::Advance(25 * 3_600), C::Plunder, C::Plunder],
        ]
        .concat(),
        [
            vec![act(Act::RememberDevices(true)), on()],
            everybody().to_vec(),
            vec![device(), C::Advance(1_000)],
            loot(),
            vec![C::Advance(25 * 3_600), C::Plunder, C::Plunder],
        ]
        .concat(),
        // They only draw codes, and use them later.
        [
            vec![on()],
            everybody().to_vec(),
            vec![
                C::Steal,
                C::DrawCodes { hand: Hand::Thief, stamp: 0 },
                C::LoseThePhone { hand: Hand::Thief },
            ],
            vec![C::Advance(25 * 3_600), C::Plunder, C::Plunder],
        ]
        .concat(),
        // The phone was replaced, after an enrollment by invitation.
        [vec![on(), sign_in(VICTIM), C::Advance(30)], replace().to_vec(), vec![C::Advance(1_000)], loot()]
            .concat(),
        // Off, and on again; a new epoch.
        [
            vec![
                act(Act::RememberDevices(true)),
                on(),
                sign_in(VICTIM),
                device(),
                C::Steal,
                act(Act::Require(false)),
                C::Plunder,
            ],
            vec![on(), sign_in(VICTIM), C::Advance(1_000), C::Plunder],
            vec![act(Act::BeginEpoch { ending: true }), C::Plunder],
        ]
        .concat(),
        // Somebody who chose it, where nobody is made to.
        [
            vec![
                act(Act::OfferChoice(true)),
                sign_in(VICTIM),
                in_session(|hand, stamp| C::Enroll { hand, stamp }),
            ],
            vec![C::Setup { hand: VICTIM, server: 0, ticket: 0 }],
            vec![C::Confirm { hand: VICTIM, server: 0, ticket: 0, code: Typed::Of { key: 0, off: 0 } }],
            vec![C::Advance(1_000)],
            loot(),
            vec![on(), C::Plunder],
        ]
        .concat(),
    ]
}

/// Where a rule is reached by a long way only.
fn around_the_rules() -> Vec<Vec<Command>> {
    use Command as C;
    vec![
        // Somebody knows the password (R16): blocked, invited, enrolled, and reset plainly; blocked before they enrolled.
        [
            vec![on()],
            everybody().to_vec(),
            vec![C::Advance(1_000), C::Steal, C::GuessUntilBlocked { hand: VICTIM }],
            vec![act(Act::ResetAndInvite { changed: false }), C::Plunder, sign_in(VICTIM)],
            vec![act(Act::Reset { changed: false }), C::Plunder],
        ]
        .concat(),
        vec![
            on(),
            C::Steal,
            C::GuessUntilBlocked { hand: VICTIM },
            act(Act::Unlock { changed: false }),
            C::Plunder,
            sign_in(VICTIM),
        ],
        // A code of an earlier epoch, and somebody who has a factor by choice (R13).
        [
            vec![on()],
            everybody().to_vec(),
            vec![act(Act::Require(false)), act(Act::OfferChoice(true))],
            vec![
                C::Enroll { hand: Hand::Ian, stamp: 0 },
                C::CheckIn { hand: Hand::Ian, server: 0, device: None },
            ],
            vec![C::Enroll { hand: Hand::Ian, stamp: 0 }, C::Setup { hand: Hand::Ian, server: 0, ticket: 0 }],
            vec![C::Confirm { hand: Hand::Ian, server: 0, ticket: 0, code: Typed::Of { key: 0, off: 0 } }],
            vec![C::Administer {
                by: By::Session(Hand::Bob, 0),
                act: Act::Unlock { changed: false },
                target: Hand::Ian as usize,
            }],
            vec![C::Administer {
                by: By::Session(Hand::Bob, 0),
                act: Act::ForgetDevices,
                target: Hand::Ian as usize,
            }],
        ]
        .concat(),
        // A code that has stepped up, at a login (R1).
        vec![
            on(),
            sign_in(Hand::Bob),
            C::Advance(60),
            C::StepUp { hand: Hand::Bob, stamp: 0 },
            C::Verify { hand: Hand::Bob, server: 0, ticket: 0, code: Typed::Of { key: 0, off: 0 } },
            C::CheckIn { hand: Hand::Bob, server: 0, device: None },
            C::Verify { hand: Hand::Bob, server: 0, ticket: 0, code: Typed::Of { key: 0, off: 0 } },
        ],
        // A session that was signed out, and a ticket of it that was not used yet (R14).
        vec![
            on(),
            sign_in(Hand::Bob),
            C::Advance(60),
            C::StepUp { hand: Hand::Bob, stamp: 0 },
            C::SignOut { hand: Hand::Bob, stamp: 0 },
            C::Verify { hand: Hand::Bob, server: 0, ticket: 0, code: Typed::Of { key: 0, off: 0 } },
            C::Resume { hand: Hand::Bob, server: 1, stamp: 0 },
        ],
        // More time, again and again; QR codes, again and again.
        vec![
            act(Act::GiveTime(Some(7))),
            on(),
            C::CheckIn { hand: VICTIM, server: 0, device: None },
            act(Act::Extend(89)),
            C::Advance(80 * 24 * 3_600),
            act(Act::Extend(89)),
        ],
        vec![on(), C::DrawQrCodes { hand: VICTIM }],
    ]
}
