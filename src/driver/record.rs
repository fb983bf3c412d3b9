//! Accounts and settings as versioned, sealed bytes, and back.
//!
//! Every record carries the random id of the write that made it. If a store fails in the middle of a write, the driver
//! reads the record back, and knows by this id whether it is its own.

#[cfg(test)]
mod tests;

use zeroize::Zeroizing;

use crate::{
    account::{
        Account, Drawings, Due, GivenBy, Guesses, Imported, Invited, Joining, KnownTo, Left, Live, MoveId,
        Notice, Pending, Recorded, Recovery, RunId, SignedOut, Spent, Told, Wait,
    },
    audit::{Act, Denied, Origin},
    otp::{Algorithm, Digits, Secret, Step, Totp},
    policy::{Days, Features, Gave, Given, Policy, Requirement, RunningSessions, Settings, Waits},
    seal::{Damaged, Format, Reader, Writer},
    store::{OrgSummary, UserSummary},
    tokens::{
        AuthenticatorId, Device, DeviceId, KeptCodes, Paper, PaperCode, RecoveryCodes, SessionId, TicketId,
    },
};

/// The version of the form below. Another one is an error, never a guess.
const VERSION: u8 = 1;

/// The id of one write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct WriteId(pub(crate) [u8; 16]);

/// Something that is kept as a sealed record.
pub(crate) trait Record: Sized {
    /// What is stored beside it in plain columns.
    type Summary;
    fn summary(&self) -> Self::Summary;
    fn format(&self) -> Format {
        Format::Content
    }
    fn write_fields(&self, plain: &mut Writer);
    fn read_fields(plain: &mut Reader<'_>) -> Result<Self, Damaged>;
}

pub(crate) fn to_bytes(record: &impl Record, id: WriteId) -> Zeroizing<Vec<u8>> {
    let mut plain = Writer::new();
    plain.u8(VERSION);
    plain.array(id.0);
    record.write_fields(&mut plain);
    plain.finish()
}

pub(crate) fn from_bytes<R: Record>(plain: &[u8]) -> Result<(R, WriteId), Damaged> {
    let mut plain = Reader::new(plain);
    if plain.u8()? != VERSION {
        return Err(Damaged);
    }
    let id = WriteId(plain.array()?);
    let record = R::read_fields(&mut plain)?;
    plain.finish()?;
    Ok((record, id))
}

impl Record for Account {
    type Summary = UserSummary;

    fn summary(&self) -> UserSummary {
        // Whoever was reset has no time, whatever they were told before.
        let due = self.joining.due.filter(|_| !self.joining.at_once);
        UserSummary {
            enrolled_epoch: self.live.as_ref().map(|live| live.epoch),
            enrolled_since: self.live.as_ref().map(|live| live.since),
            last_used: self.live.as_ref().map(|live| live.last_used),
            pending_until: self.pending.as_ref().map(|pending| pending.expires_at),
            waiting_until: self.waiting_until(),
            blocked_since: self.blocked_since(),
            probation_until: self.probation_until,
            chosen_under: self.live.as_ref().and_then(|live| live.chosen),
            imported_epoch: self.imported.as_ref().map(|imported| imported.epoch),
            wrong_in_a_row: self.wrong_in_a_row(),
            due_epoch: due.map(|due| due.epoch),
            due_told: due.and_then(Due::told),
            due_by: due.map(|due| due.by),
            invited_epoch: self.joining.invitation.as_ref().map(|invited| invited.epoch),
            invited_until: self.joining.invitation.as_ref().map(|invited| invited.expires_at),
        }
    }

    fn format(&self) -> Format {
        if self.forgotten_at().is_some() { Format::Tombstone } else { Format::Content }
    }

    fn write_fields(&self, plain: &mut Writer) {
        plain.generation(self.generation);
        plain.option(self.live.as_ref(), |plain, live| {
            plain.array(live.id.0);
            plain.bytes(live.secret.expose());
            write_totp(plain, live.totp);
            plain.epoch(live.epoch);
            plain.option(live.chosen, Writer::u32);
            plain.flag(live.told_unasked);
            plain.time(live.since);
            plain.time(live.last_used);
            plain.u64(live.consumed.number());
            plain.u8(live.drift.cast_unsigned());
            plain.array(live.recovery.codes.salt);
            plain.list(&live.recovery.codes.digests, |plain, digest| plain.array(*digest));
            plain.flag(live.recovery.acknowledged);
            write_guesses(plain, &live.recovery.guesses);
        });
        plain.option(self.pending.as_ref(), |plain, pending| {
            plain.bytes(pending.secret.expose());
            write_totp(plain, pending.totp);
            plain.array(pending.ticket.0);
            plain.time(pending.ticket_issued_at);
            plain.time(pending.drawn_at);
            plain.list(&pending.superseded, |plain, ticket| plain.array(ticket.0));
            plain.time(pending.expires_at);
            write_guesses(plain, &pending.guesses);
        });
        plain.option(self.imported.as_ref(), |plain, imported| {
            plain.bytes(imported.secret.expose());
            write_totp(plain, imported.totp);
            plain.epoch(imported.epoch);
            plain.time(imported.at);
        });
        plain.flag(self.was_taken_off);
        plain.option(self.reset_in, |plain, run| plain.array(run.0));
        plain.option(self.left.as_ref(), |plain, left| match left {
            Left::Forgotten { at } => {
                plain.u8(0);
                plain.time(*at);
            }
            Left::Moved { to, by } => {
                plain.u8(1);
                plain.bytes(to.as_str().as_bytes());
                plain.array(by.0);
            }
        });
        plain.option(self.carried_by, |plain, by| plain.array(by.0));
        write_guesses(plain, &self.guesses);
        plain.flag(self.known_to == KnownTo::Others);
        plain.option(self.password_changed_at, Writer::time);
        plain.option(self.probation_until, Writer::time);
        plain.list(&self.spent, write_spent);
        plain.option(self.confirmed.as_ref(), write_spent);
        plain.list(&self.recorded, |plain, recorded| {
            write_notice(plain, recorded.what);
            plain.time(recorded.at);
            plain.u32(recorded.again);
        });
        plain.option(self.drawings.since, Writer::time);
        plain.u32(self.drawings.count);
        write_joining(plain, &self.joining);
        plain.list(&self.devices, |plain, device| {
            plain.array(device.id.0);
            plain.bytes(device.name.as_str().as_bytes());
            plain.time(device.since);
            plain.option(device.last_used, Writer::time);
            plain.time(device.expires_at);
            plain.u32(device.granted_under);
        });
        plain.list(&self.signed_out, |plain, signed_out| {
            plain.array(signed_out.session.0);
            plain.time(signed_out.expires_at);
        });
    }

    fn read_fields(plain: &mut Reader<'_>) -> Result<Self, Damaged> {
        Ok(Self {
            generation: plain.generation()?,
            live: plain.option(|plain| {
                Ok(Live {
                    id: AuthenticatorId(plain.array()?),
                    secret: read_secret(plain)?,
                    totp: read_totp(plain)?,
                    epoch: plain.epoch()?,
                    chosen: plain.option(Reader::u32)?,
                    told_unasked: plain.flag()?,
                    since: plain.time()?,
                    last_used: plain.time()?,
                    consumed: Step::from_number(plain.u64()?),
                    drift: plain.u8()?.cast_signed(),
                    recovery: Recovery {
                        codes: read_kept_codes(plain)?,
                        acknowledged: plain.flag()?,
                        guesses: read_guesses(plain)?,
                    },
                })
            })?,
            pending: plain.option(|plain| {
                Ok(Pending {
                    secret: read_secret(plain)?,
                    totp: read_totp(plain)?,
                    ticket: TicketId(plain.array()?),
                    ticket_issued_at: plain.time()?,
                    drawn_at: plain.time()?,
                    superseded: plain.list(|plain| plain.array().map(TicketId))?,
                    expires_at: plain.time()?,
                    guesses: read_guesses(plain)?,
                })
            })?,
            imported: plain.option(|plain| {
                Ok(Imported {
                    secret: read_secret(plain)?,
                    totp: read_totp(plain)?,
                    epoch: plain.epoch()?,
                    at: plain.time()?,
                })
            })?,
            was_taken_off: plain.flag()?,
            reset_in: plain.option(|plain| plain.array().map(RunId))?,
            left: plain.option(|plain| match plain.u8()? {
                0 => Ok(Left::Forgotten { at: plain.time()? }),
                1 => Ok(Left::Moved { to: plain.user()?, by: MoveId(plain.array()?) }),
                _ => Err(Damaged),
            })?,
            carried_by: plain.option(|plain| plain.array().map(MoveId))?,
            guesses: read_guesses(plain)?,
            known_to: if plain.flag()? { KnownTo::Others } else { KnownTo::Owner },
            password_changed_at: plain.option(Reader::time)?,
            probation_until: plain.option(Reader::time)?,
            spent: plain.list(read_spent)?,
            confirmed: plain.option(read_spent)?,
            recorded: plain.list(|plain| {
                Ok(Recorded { what: read_notice(plain)?, at: plain.time()?, again: plain.u32()? })
            })?,
            drawings: Drawings { since: plain.option(Reader::time)?, count: plain.u32()? },
            joining: read_joining(plain)?,
            devices: plain.list(|plain| {
                Ok(Device {
                    id: DeviceId(plain.array()?),
                    name: Origin::new(&plain.text()?).ok_or(Damaged)?,
                    since: plain.time()?,
                    last_used: plain.option(Reader::time)?,
                    expires_at: plain.time()?,
                    granted_under: plain.u32()?,
                })
            })?,
            signed_out: plain.list(|plain| {
                Ok(SignedOut { session: SessionId(plain.array()?), expires_at: plain.time()? })
            })?,
        })
    }
}

fn write_spent(plain: &mut Writer, spent: &Spent) {
    plain.array(spent.ticket.0);
    plain.time(spent.expires_at);
}

fn read_spent(plain: &mut Reader<'_>) -> Result<Spent, Damaged> {
    Ok(Spent { ticket: TicketId(plain.array()?), expires_at: plain.time()? })
}

fn write_notice(plain: &mut Writer, what: Notice) {
    match what {
        Notice::ActRefused { act, why } => {
            plain.u8(0);
            plain.u8(match act {
                Act::Require => 0,
                Act::Reset => 1,
                Act::Unlock => 2,
                Act::ChangeSettings => 3,
                Act::Invite => 4,
                Act::Extend => 5,
                Act::ManageDevices => 6,
                Act::Report => 7,
                Act::Vouch => 8,
                Act::BeginEpoch => 9,
            });
            plain.u8(match why {
                Denied::NotMasterAdmin => 0,
                Denied::Yourself => 1,
                Denied::Customer => 2,
                Denied::NotInThisOrg => 3,
                Denied::Mandated => 4,
                Denied::NoSuchOrg => 5,
            });
        }
        Notice::CodeUsedAgain => plain.u8(1),
        Notice::ClockMovedBack => plain.u8(2),
        Notice::Superseded => plain.u8(3),
        Notice::FirstFactor => plain.u8(4),
    }
}

fn read_notice(plain: &mut Reader<'_>) -> Result<Notice, Damaged> {
    Ok(match plain.u8()? {
        0 => Notice::ActRefused {
            act: match plain.u8()? {
                0 => Act::Require,
                1 => Act::Reset,
                2 => Act::Unlock,
                3 => Act::ChangeSettings,
                4 => Act::Invite,
                5 => Act::Extend,
                6 => Act::ManageDevices,
                7 => Act::Report,
                8 => Act::Vouch,
                9 => Act::BeginEpoch,
                _ => return Err(Damaged),
            },
            why: match plain.u8()? {
                0 => Denied::NotMasterAdmin,
                1 => Denied::Yourself,
                2 => Denied::Customer,
                3 => Denied::NotInThisOrg,
                4 => Denied::Mandated,
                5 => Denied::NoSuchOrg,
                _ => return Err(Damaged),
            },
        },
        1 => Notice::CodeUsedAgain,
        2 => Notice::ClockMovedBack,
        3 => Notice::Superseded,
        4 => Notice::FirstFactor,
        _ => return Err(Damaged),
    })
}

fn write_guesses(plain: &mut Writer, guesses: &Guesses) {
    plain.u32(guesses.in_a_row);
    plain.option(guesses.wait, |plain, wait| {
        plain.time(wait.since);
        plain.seconds(wait.lasts);
    });
    plain.option(guesses.blocked_since, Writer::time);
    plain.flag(guesses.under_first_factor);
}

fn read_guesses(plain: &mut Reader<'_>) -> Result<Guesses, Damaged> {
    Ok(Guesses {
        in_a_row: plain.u32()?,
        wait: plain.option(|plain| Ok(Wait { since: plain.time()?, lasts: plain.seconds()? }))?,
        blocked_since: plain.option(Reader::time)?,
        under_first_factor: plain.flag()?,
    })
}

fn read_kept_codes(plain: &mut Reader<'_>) -> Result<KeptCodes, Damaged> {
    let codes = KeptCodes { salt: plain.array()?, digests: plain.list(Reader::array)? };
    if codes.digests.len() > RecoveryCodes::COUNT { Err(Damaged) } else { Ok(codes) }
}

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

fn write_joining(plain: &mut Writer, joining: &Joining) {
    plain.option(joining.due, |plain, due| {
        plain.epoch(due.epoch);
        plain.u32(due.granted_under);
        plain.time(due.by);
        plain.option(due.told(), Writer::time);
    });
    plain.option(joining.told, |plain, told| {
        plain.u64(told.epoch);
        plain.time(told.at);
    });
    plain.bool(joining.at_once);
    plain.bool(joining.invited_only);
    plain.option(joining.invitation.as_ref(), |plain, invited| {
        plain.array(invited.id.0);
        plain.bytes(invited.code.expose());
        plain.epoch(invited.epoch);
        plain.option(invited.granted_under, Writer::u32);
        plain.time(invited.made_at);
        plain.time(invited.expires_at);
    });
    plain.option(joining.void.as_ref(), |plain, void| plain.bytes(void.expose()));
}

fn read_joining(plain: &mut Reader<'_>) -> Result<Joining, Damaged> {
    Ok(Joining {
        due: plain.option(|plain| {
            let (epoch, granted_under, by) = (plain.epoch()?, plain.u32()?, plain.time()?);
            let told = plain.option(Reader::time)?;
            let given = told.map_or(GivenBy::Admin, |told| GivenBy::Org { told });
            Ok(Due { epoch, granted_under, by, given })
        })?,
        told: plain.option(|plain| Ok(Told { epoch: plain.u64()?, at: plain.time()? }))?,
        at_once: plain.bool()?,
        invited_only: plain.bool()?,
        invitation: plain.option(|plain| {
            Ok(Invited {
                id: TicketId(plain.array()?),
                code: read_invitation(plain)?,
                epoch: plain.epoch()?,
                granted_under: plain.option(Reader::u32)?,
                made_at: plain.time()?,
                expires_at: plain.time()?,
            })
        })?,
        void: plain.option(read_invitation)?,
    })
}

fn read_invitation(plain: &mut Reader<'_>) -> Result<PaperCode, Damaged> {
    PaperCode::parse_as(Paper::Invitation, plain.text()?).map_err(|_| Damaged)
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

fn read_secret(plain: &mut Reader<'_>) -> Result<Secret, Damaged> {
    Secret::from_bytes(plain.bytes()?).map_err(|_| Damaged)
}

fn write_totp(plain: &mut Writer, totp: Totp) {
    plain.u8(match totp.algorithm() {
        Algorithm::Sha1 => 0,
        #[cfg(feature = "sha2")]
        Algorithm::Sha256 => 1,
        #[cfg(feature = "sha2")]
        Algorithm::Sha512 => 2,
    });
    plain.u8(totp.digits().count());
    plain.u8(totp.period());
    plain.time(totp.t0());
}

fn read_totp(plain: &mut Reader<'_>) -> Result<Totp, Damaged> {
    let algorithm = match plain.u8()? {
        0 => Algorithm::Sha1,
        #[cfg(feature = "sha2")]
        1 => Algorithm::Sha256,
        #[cfg(feature = "sha2")]
        2 => Algorithm::Sha512,
        _ => return Err(Damaged),
    };
    let digits = match plain.u8()? {
        6 => Digits::Six,
        7 => Digits::Seven,
        8 => Digits::Eight,
        _ => return Err(Damaged),
    };
    let totp = Totp::new(digits, plain.u8()?).map_err(|_| Damaged)?;
    Ok(totp.with_algorithm(algorithm).counted_from(plain.time()?))
}
