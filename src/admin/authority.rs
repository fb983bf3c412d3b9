//! Who may do what to whom (R13). Pure: it is told who they are and decides.

use crate::{
    audit::Denied,
    policy::Requirement,
    who::{Person, Role},
};

/// The user whom `actor` may reset or unlock, if he may. `None` is one that the actor's org does not have.
pub(crate) fn may_touch(actor: &Person, target: Option<Person>) -> Result<Person, Denied> {
    must_be_master_admin(actor)?;
    match target {
        None => Err(Denied::NotInThisOrg),
        Some(target) if target.org != actor.org => Err(Denied::NotInThisOrg),
        Some(target) if target.id == actor.id => Err(Denied::Yourself),
        Some(target) if target.role == Role::Customer => Err(Denied::Customer),
        Some(target) => Ok(target),
    }
}

/// The user whom the vendor's support may reset. Customers have nothing to reset, and nothing is ever written for them
/// (R5).
pub(crate) fn may_be_reset(target: Option<Person>) -> Result<Person, Denied> {
    match target {
        None => Err(Denied::NotInThisOrg),
        Some(target) if target.role == Role::Customer => Err(Denied::Customer),
        Some(target) => Ok(target),
    }
}

/// May `actor` switch his org's requirement from what holds `now` to `to`?
pub(crate) fn may_switch(actor: &Person, now: Requirement, to: Requirement) -> Result<(), Denied> {
    must_be_master_admin(actor)?;
    match (now, to) {
        // What is mandated is the vendor's to lift, and mandating is the vendor's to do.
        (Requirement::Mandated, _) | (_, Requirement::Mandated) => Err(Denied::Mandated),
        _ => Ok(()),
    }
}

/// What every administrative act asks of its actor.
pub(crate) fn must_be_master_admin(actor: &Person) -> Result<(), Denied> {
    match actor.role {
        Role::MasterAdmin => Ok(()),
        Role::Internal | Role::Customer => Err(Denied::NotMasterAdmin),
    }
}
