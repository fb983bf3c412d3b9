//! The devices on which a user is not asked for a code.
//!
//! The list is in their record, so that one device can be forgotten without the others. All of them end with the
//! generation: at a reset, another authenticator, an unlock, a changed password (R7).

use super::{Account, Answer, Decision, Standing, Terms};
use crate::{
    audit::{EventKind, Origin, Reason},
    policy::Days,
    seal::Generation,
    time::Timestamp,
    tokens::{Device, DeviceClaims, DeviceId},
    verdict::ActRefusal,
};

/// When there are more, the one that would be forgotten first makes room: a user with more has lost count.
const MOST: usize = 8;

/// Which devices to forget.
#[derive(Clone, Copy)]
pub(crate) enum Forgotten {
    One(DeviceId),
    All,
}

impl Account {
    /// Remembers a device of a user who has just shown a code in their session of `generation`.
    pub(crate) fn remember(
        mut self,
        generation: Generation,
        id: DeviceId,
        name: Origin,
        terms: Terms<'_>,
    ) -> Answer<Timestamp, ActRefusal> {
        // Somebody may have reset them since their session was looked at (R7).
        if generation != self.generation {
            return Decision::reply(Err(ActRefusal::SessionOver));
        }
        if let Err(refusal) = self.may_prove(terms).and_then(|()| self.is_trusted(terms.now)) {
            return Decision::reply(Err(refusal));
        }
        // On a device the password alone would be enough (R16).
        if self.password_is_known(terms.settings()) {
            return Decision::reply(Err(ActRefusal::PasswordKnown));
        }
        let Some(days) = terms.settings().remember_devices() else {
            return Decision::reply(Err(ActRefusal::NotOffered));
        };
        let expires_at = terms.now.after(days.into());
        self.devices.retain(|device| counts(device, days, terms));
        let mut events = Vec::new();
        if self.devices.len() == MOST
            && let Some(first) = (0..MOST).min_by_key(|at| self.devices[*at].expires_at)
        {
            events.push(EventKind::DeviceForgotten { name: self.devices.remove(first).name, reason: None });
        }
        events.push(EventKind::DeviceRemembered { name: name.clone(), until: expires_at });
        let granted_under = terms.policy.features.devices;
        self.devices.push(Device { id, name, since: terms.now, last_used: None, expires_at, granted_under });
        Decision::write(self, events, Ok(expires_at))
    }

    /// Lets a user in who has just shown their first factor on a remembered device. `None` if the code is asked for as
    /// usual. A device replaces the second step of a user who is enrolled, never an enrollment or a block.
    pub(crate) fn enter_on(
        mut self,
        device: &DeviceClaims,
        terms: Terms<'_>,
    ) -> Decision<Option<Generation>> {
        let fits = self.standing(terms) == Standing::Enrolled
            && device.generation == self.generation
            && terms.policy.counts(device.epoch);
        let listed = terms.settings().remember_devices().filter(|_| fits).and_then(|days| {
            let good = |listed: &&mut Device| listed.id == device.id && counts(listed, days, terms);
            self.devices.iter_mut().find(good)
        });
        let Some(listed) = listed else { return Decision::reply(None) };
        listed.last_used = Some(terms.now);
        let used = EventKind::DeviceUsed { name: listed.name.clone() };
        let generation = self.generation;
        Decision::write(self, vec![used], Some(generation))
    }

    /// Forgets devices. Succeeds if none is remembered.
    pub(crate) fn forget(mut self, which: Forgotten, reason: Option<&Reason>) -> Decision<()> {
        let goes = |device: &mut Device| match which {
            Forgotten::One(id) => device.id == id,
            Forgotten::All => true,
        };
        let forgotten = self.devices.extract_if(.., goes);
        let event =
            |device: Device| EventKind::DeviceForgotten { name: device.name, reason: reason.cloned() };
        let events: Vec<_> = forgotten.map(event).collect();
        if events.is_empty() { Decision::reply(()) } else { Decision::write(self, events, ()) }
    }

    /// Returns the devices that would replace the second step now.
    pub(crate) fn remembered(&self, terms: Terms<'_>) -> Vec<Device> {
        match terms.settings().remember_devices() {
            Some(days) if self.enrolled(terms.policy).is_some() => {
                self.devices.iter().filter(|device| counts(device, days, terms)).cloned().collect()
            }
            _ => Vec::new(),
        }
    }
}

/// Returns whether a device counts: no longer than was promised, and no longer than the org allows now (R15). If the org
/// has allowed none in the meantime, it was forgotten (R14).
fn counts(device: &Device, days: Days, terms: Terms<'_>) -> bool {
    let expires_at = device.expires_at.min(device.since.after(days.into()));
    device.granted_under == terms.policy.features.devices && device.since.is_good_until(expires_at, terms.now)
}
