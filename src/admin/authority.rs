//! Who may do what to whom (R13). Pure: it is told who they are, and decides.

use crate::{
    audit::Denied,
    policy::Requirement,
    who::{Person, Role},
};

/// Returns the user whom `actor` may reset or unlock, if they may. `None` is a user that the actor's org lacks.
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

/// Returns the user whom the vendor's support may reset. Customers have nothing to reset, and nothing is ever written
/// for them (R5).
pub(crate) fn may_be_reset(target: Option<Person>) -> Result<Person, Denied> {
    match target {
        None => Err(Denied::NotInThisOrg),
        Some(target) if target.role == Role::Customer => Err(Denied::Customer),
        Some(target) => Ok(target),
    }
}

/// Checks whether `actor` may switch their org's requirement from what it is `now` to `to`.
pub(crate) fn may_switch(actor: &Person, now: Requirement, to: Requirement) -> Result<(), Denied> {
    must_be_master_admin(actor)?;
    match (now, to) {
        // Only the vendor mandates, and only the vendor lifts what is mandated.
        (Requirement::Mandated, _) | (_, Requirement::Mandated) => Err(Denied::Mandated),
        _ => Ok(()),
    }
}

/// Checks what every administrative act asks of its actor.
pub(crate) fn must_be_master_admin(actor: &Person) -> Result<(), Denied> {
    match actor.role {
        Role::MasterAdmin => Ok(()),
        Role::Internal | Role::Customer => Err(Denied::NotMasterAdmin),
    }
}
