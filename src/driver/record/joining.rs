//! How somebody gets to enroll, as bytes, and back.

use crate::{
    account::{Due, GivenBy, Invited, Joining, Told},
    seal::{Damaged, Reader, Writer},
    tokens::{Paper, PaperCode, TicketId},
};

pub(super) fn write_joining(plain: &mut Writer, joining: &Joining) {
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

pub(super) fn read_joining(plain: &mut Reader<'_>) -> Result<Joining, Damaged> {
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
