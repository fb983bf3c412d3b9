//! What can happen: one word for everything that somebody does in a portal, and how it reads in a story.
//!
//! It says nothing about what becomes of it. That is played by [`super::play`] and judged by [`super::oracle`].

use std::fmt;

/// Whoever does something. All but the thief act for themselves only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Hand {
    Ann,
    Bob,
    Ian,
    Ida,
    Carl,
    Thief,
}

/// The accounts, in the order of the hands that own them.
pub const USERS: [&str; 5] = ["ann", "bob", "ian", "ida", "carl"];
pub const CUSTOMER: &str = "carl";
/// The Master Admin whose things are stolen.
pub const VICTIM: Hand = Hand::Ann;

impl Hand {
    pub const ALL: [Self; 6] = [Self::Ann, Self::Bob, Self::Ian, Self::Ida, Self::Carl, Self::Thief];

    /// The account that is theirs, or else the victim's.
    pub fn account(self) -> usize {
        if self == Self::Thief { VICTIM as usize } else { self as usize }
    }
}

/// The code that is typed: of a key that the hand knows, so many steps off; or a wrong one.
#[derive(Clone, Copy, Debug)]
pub enum Typed {
    Of { key: usize, off: i64 },
    Wrong,
}

/// By what right something is administered.
#[derive(Clone, Copy, Debug)]
pub enum By {
    Vendor,
    /// The pass of one of the hand's sessions.
    Session(Hand, usize),
}

/// What is administered.
#[derive(Clone, Copy, Debug)]
pub enum Act {
    Require(bool),
    OfferChoice(bool),
    RememberDevices(bool),
    /// Time to enroll, in days.
    GiveTime(Option<u8>),
    AskInvitations(bool),
    EndSessionsOnSwitch(bool),
    BeginEpoch {
        ending: bool,
    },
    Reset {
        changed: bool,
    },
    ResetAndInvite {
        changed: bool,
    },
    ResetEverybody,
    Unlock {
        changed: bool,
    },
    Invite,
    Extend(u8),
    Vouch,
    ForgetDevices,
    Import,
}

/// Things are picked by a number, from the newest on; of none nothing is picked.
#[derive(Clone, Copy, Debug)]
pub enum Command {
    /// The password was right, on a remembered browser perhaps.
    CheckIn {
        hand: Hand,
        server: usize,
        device: Option<usize>,
    },
    Setup {
        hand: Hand,
        server: usize,
        ticket: usize,
    },
    Cancel {
        hand: Hand,
        ticket: usize,
    },
    Confirm {
        hand: Hand,
        server: usize,
        ticket: usize,
        code: Typed,
    },
    Verify {
        hand: Hand,
        server: usize,
        ticket: usize,
        code: Typed,
    },
    Recover {
        hand: Hand,
        ticket: usize,
        code: Option<usize>,
    },
    Accept {
        hand: Hand,
        ticket: usize,
        invitation: usize,
    },
    Resume {
        hand: Hand,
        server: usize,
        stamp: usize,
    },
    StepUp {
        hand: Hand,
        stamp: usize,
    },
    Replace {
        hand: Hand,
        stamp: usize,
    },
    /// By choice.
    Enroll {
        hand: Hand,
        stamp: usize,
    },
    Withdraw {
        hand: Hand,
        stamp: usize,
    },
    DrawCodes {
        hand: Hand,
        stamp: usize,
    },
    RememberDevice {
        hand: Hand,
        stamp: usize,
    },
    ForgetDevices {
        hand: Hand,
        stamp: usize,
    },
    SignOut {
        hand: Hand,
        stamp: usize,
    },
    Administer {
        by: By,
        act: Act,
        target: usize,
    },
    /// The host reports a new password, which the thief does not know.
    PasswordChanged {
        user: usize,
    },
    EndSessions {
        user: usize,
    },
    /// Goes on with another role.
    Becomes {
        user: usize,
        role: u8,
    },
    /// Leaves, is forgotten, and somebody else gets the id.
    IsSucceeded {
        user: usize,
    },
    /// The next step of a planned change of the key.
    RollKey,
    /// The reply to the next write is lost.
    LoseReply,
    Advance(u64),
    SetBack(u64),
    /// Does everything that one does to sign in: enrolls if that is asked, types the code, accepts an invitation.
    SignIn {
        hand: Hand,
        server: usize,
    },
    /// Types wrong codes, and waits as told, until nobody looks at them any more.
    GuessUntilBlocked {
        hand: Hand,
    },
    /// Has one QR code drawn after the other, and confirms none.
    DrawQrCodes {
        hand: Hand,
    },
    /// The phone is lost: signs in with a recovery code, and replaces it.
    LoseThePhone {
        hand: Hand,
    },
    /// The thief takes what there is of what they steal.
    Steal,
    /// The thief tries all that they hold, everywhere.
    Plunder,
}

impl fmt::Display for Hand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if *self == Self::Thief { "the thief" } else { USERS[*self as usize] })
    }
}

impl fmt::Display for By {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Vendor => f.write_str("the vendor"),
            Self::Session(hand, stamp) => write!(f, "{hand}, in session {stamp},"),
        }
    }
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Administer { by, act, target } => write!(f, "{by} does to {}: {act:?}", USERS[*target]),
            Self::SignIn { hand, server } => write!(f, "{hand} signs in at server {server}"),
            Self::GuessUntilBlocked { hand } => write!(f, "{hand} guesses until nobody looks any more"),
            Self::DrawQrCodes { hand } => write!(f, "{hand} has 45 QR codes drawn"),
            Self::LoseThePhone { hand } => {
                write!(f, "{hand} signs in with a recovery code, and replaces the phone")
            }
            Self::Steal => f.write_str("the thief steals"),
            Self::Plunder => f.write_str("the thief tries everything"),
            Self::PasswordChanged { user } => write!(f, "{} has a new password", USERS[*user]),
            Self::IsSucceeded { user } => write!(f, "{} leaves, and somebody else gets the id", USERS[*user]),
            Self::Advance(seconds) => write!(f, "{seconds} s pass"),
            Self::SetBack(seconds) => write!(f, "the clock is set back by {seconds} s"),
            other => write!(f, "{other:?}"),
        }
    }
}
