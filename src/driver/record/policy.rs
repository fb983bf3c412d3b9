//! What an org decided, as bytes, and back.

use super::Record;
use crate::{
    policy::{Days, Features, Gave, Given, Policy, Requirement, RunningSessions, Settings, Waits},
    seal::{Damaged, Reader, Writer},
    store::OrgSummary,
};

impl Record for Policy {
    type Summary = OrgSummary;

    fn summary(&self) -> OrgSummary {
        OrgSummary { requirement: self.requirement, epoch: self.epoch, chosen_in: self.chosen_in }
    }

    fn write_fields(&self, plain: &mut Writer) {
        plain.u8(match self.requirement {
            Requirement::Off => 0,
            Requirement::On => 1,
            Requirement::Mandated => 2,
        });
        plain.epoch(self.epoch);
        plain.option(self.chosen_in, Writer::epoch);
        plain.u64(self.asked_since);
        plain.u64(self.sessions_from);
        plain.time(self.sessions_since);
        write_settings(plain, &self.settings);
        let Features { devices, choice, grace, invitations } = self.features;
        for counter in [devices, choice, grace, invitations] {
            plain.u32(counter);
        }
        plain.list(&self.given.entries(), |plain, gave| {
            plain.time(gave.since);
            plain.u8(gave.days.count());
            plain.time(gave.by);
        });
        for begun in self.begun {
            plain.option(begun, Writer::time);
        }
    }

    fn read_fields(plain: &mut Reader<'_>) -> Result<Self, Damaged> {
        Ok(Self {
            requirement: match plain.u8()? {
                0 => Requirement::Off,
                1 => Requirement::On,
                2 => Requirement::Mandated,
                _ => return Err(Damaged),
            },
            epoch: plain.epoch()?,
            chosen_in: plain.option(Reader::epoch)?,
            asked_since: plain.u64()?,
            sessions_from: plain.u64()?,
            sessions_since: plain.time()?,
            settings: read_settings(plain)?,
            features: Features {
                devices: plain.u32()?,
                choice: plain.u32()?,
                grace: plain.u32()?,
                invitations: plain.u32()?,
            },
            given: read_given(plain)?,
            begun: [plain.option(Reader::time)?, plain.option(Reader::time)?, plain.option(Reader::time)?],
        })
    }
}

fn read_given(plain: &mut Reader<'_>) -> Result<Given, Damaged> {
    let entries =
        plain.list(|plain| Ok(Gave { since: plain.time()?, days: read_days(plain)?, by: plain.time()? }))?;
    Given::from_entries(&entries).ok_or(Damaged)
}

fn write_settings(plain: &mut Writer, settings: &Settings) {
    let Waits { from, first, longest } = settings.waits();
    plain.u32(settings.hard_stop());
    plain.u32(from);
    for duration in [
        first,
        longest,
        settings.ticket_lifetime(),
        settings.pending_lifetime(),
        settings.stamp_lifetime(),
        settings.fresh_code(),
        settings.probation(),
        settings.invitation_lifetime(),
    ] {
        plain.seconds(duration);
    }
    plain.u8(match settings.running_sessions() {
        RunningSessions::GoOn => 0,
        RunningSessions::End => 1,
    });
    plain.option(settings.remember_devices(), |plain, days| plain.u8(days.count()));
    plain.bool(settings.enrollment_by_choice());
    plain.option(settings.enroll_within(), |plain, days| plain.u8(days.count()));
    plain.option(settings.enroll_by(), Writer::time);
    plain.bool(settings.invitation_required());
    plain.bool(settings.record_first_factors());
}

/// Reads settings and checks their bounds again: no record makes settings that no admin could choose.
fn read_settings(plain: &mut Reader<'_>) -> Result<Settings, Damaged> {
    let hard_stop = plain.u32()?;
    let from = plain.u32()?;
    let waits = Waits { from, first: plain.seconds()?, longest: plain.seconds()? };
    let (ticket, pending) = (plain.seconds()?, plain.seconds()?);
    let (stamp, fresh_code, probation) = (plain.seconds()?, plain.seconds()?, plain.seconds()?);
    let invitation = plain.seconds()?;
    let sessions = match plain.u8()? {
        0 => RunningSessions::GoOn,
        1 => RunningSessions::End,
        _ => return Err(Damaged),
    };
    let days = plain.option(read_days)?;
    let settings = Settings::default().with_running_sessions(sessions).with_remember_devices(days);
    let settings = settings.with_enrollment_by_choice(plain.bool()?);
    let settings = settings.with_enroll_within(plain.option(read_days)?);
    let settings = settings.with_enroll_by(plain.option(Reader::time)?);
    let settings = settings.with_invitation_required(plain.bool()?);
    let settings = settings.with_first_factors_recorded(plain.bool()?);
    let settings = settings.with_hard_stop(hard_stop).and_then(|settings| settings.with_waits(waits));
    let settings =
        settings.and_then(|settings| settings.with_ticket_lifetime(ticket)?.with_pending_lifetime(pending));
    let settings =
        settings.and_then(|settings| settings.with_stamp_lifetime(stamp)?.with_fresh_code(fresh_code));
    let settings = settings
        .and_then(|settings| settings.with_probation(probation)?.with_invitation_lifetime(invitation));
    settings.map_err(|_| Damaged)
}

fn read_days(plain: &mut Reader<'_>) -> Result<Days, Damaged> {
    Days::new(plain.u8()?).map_err(|_| Damaged)
}
