//! What an org has decided: whether codes are required, since which switch, and how they are asked for.

mod requirement;
mod settings;
mod code_rules;
mod features;
mod grace;
mod org_policy;

pub use self::{
    code_rules::{CodeRules, InvalidCodeRule},
    org_policy::OrgPolicy,
    requirement::{Epoch, InvalidEpoch, Requirement, RunningSessions},
    settings::{Days, InvalidSetting, Settings, Waits},
};
pub(crate) use self::{
    features::Features,
    grace::{Gave, Given},
    org_policy::Policy,
    settings::told::Difference,
};
