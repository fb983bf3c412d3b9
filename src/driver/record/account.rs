//! An account as bytes, and back.

use super::{
    Record,
    joining::{read_joining, write_joining},
    notices::{read_notice, write_notice},
};
use crate::{
    account::{
        Account, Drawings, Due, Guesses, Imported, KnownTo, Left, Live, MoveId, Pending, Recorded, Recovery,
        RunId, SignedOut, Spent, Wait,
    },
    audit::Origin,
    otp::{Algorithm, Digits, Secret, Step, Totp},
    seal::{Damaged, Format, Reader, Writer},
    store::UserSummary,
    tokens::{AuthenticatorId, Device, DeviceId, KeptCodes, RecoveryCodes, SessionId, TicketId},
};

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
