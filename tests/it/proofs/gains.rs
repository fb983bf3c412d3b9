//! What a thief may hold, what they may get, and when: the words of the table in the manual.

use std::collections::{BTreeMap, BTreeSet};

/// What was stolen from a Master Admin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Holding {
    Password,
    Session,
    Browser,
    Sheet,
    Invitation,
    OldKey,
    Dump,
    OldPhone,
    LowerRole,
}

impl Holding {
    pub const ALL: [Self; 9] = [
        Self::Password,
        Self::Session,
        Self::Browser,
        Self::Sheet,
        Self::Invitation,
        Self::OldKey,
        Self::Dump,
        Self::OldPhone,
        Self::LowerRole,
    ];

    pub const fn words(self) -> &'static str {
        match self {
            Self::Password => "the password",
            Self::Session => "a session",
            Self::Browser => "a remembered browser",
            Self::Sheet => "a sheet of recovery codes",
            Self::Invitation => "an invitation",
            Self::OldKey => "an older key",
            Self::Dump => "a dump of the store",
            Self::OldPhone => "a phone that was replaced",
            Self::LowerRole => "an internal user's account",
        }
    }
}

/// What a thief gets of the account of somebody else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Gain {
    SignsIn,
    /// Another authenticator, which stays.
    Binds,
    /// New recovery codes, or a browser that is remembered.
    Draws,
    Administers,
    /// Opens records.
    Reads,
}

impl Gain {
    pub const ALL: [Self; 5] = [Self::SignsIn, Self::Binds, Self::Draws, Self::Administers, Self::Reads];
}

/// How the account stands when they get it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Situation {
    /// A code is asked, and the owner's authenticator is the one that counts.
    Asked,
    /// Its session showed a code a few minutes ago.
    Fresh,
    /// The probation after a recovery is over.
    Later,
    /// The org gives time to enroll, in which the password is enough.
    InTime,
    NotEnrolled,
    /// The owner has yet to enroll, and an invitation is asked for.
    Invited,
    NotAsked,
}

impl Situation {
    const fn words(self) -> &'static str {
        match self {
            Self::Asked => "yes",
            Self::Fresh => "while its code is fresh",
            Self::Later => "a day after a recovery",
            Self::InTime => "in the time to enroll",
            Self::NotEnrolled => "before the owner enrolls",
            Self::Invited => "before an invited owner enrolls",
            Self::NotAsked => "while no code is asked",
        }
    }
}

/// All that a thief got, and when.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reached(BTreeMap<Gain, BTreeSet<Situation>>);

impl Reached {
    pub fn add(&mut self, gain: Gain, situation: Situation) {
        self.0.entry(gain).or_default().insert(situation);
    }

    pub fn and(mut self, other: &Self) -> Self {
        for (gain, situation) in other.each() {
            self.add(gain, situation);
        }
        self
    }

    fn each(&self) -> impl Iterator<Item = (Gain, Situation)> {
        self.0.iter().flat_map(|(gain, when)| when.iter().map(|situation| (*gain, *situation)))
    }

    fn has(&self, gain: Gain, situation: Situation) -> bool {
        self.0.get(&gain).is_some_and(|when| when.contains(&situation))
    }

    /// What is here and not there. What is had at any time is had at each.
    pub fn beyond(&self, bound: &Self) -> Vec<(Gain, Situation)> {
        let is_within = |gain, situation| bound.has(gain, situation) || bound.has(gain, Situation::Asked);
        self.each().filter(|(gain, situation)| !is_within(*gain, *situation)).collect()
    }

    /// The cell of the table.
    pub fn words(&self, gain: Gain) -> String {
        match self.0.get(&gain) {
            None => "no".to_owned(),
            Some(when) if when.contains(&Situation::Asked) => Situation::Asked.words().to_owned(),
            Some(when) => when.iter().map(|situation| situation.words()).collect::<Vec<_>>().join("; "),
        }
    }
}
