//! What is recorded at most once an hour, as bytes, and back.

use crate::{
    account::Notice,
    audit::{Act, Denied},
    seal::{Damaged, Reader, Writer},
};

pub(super) fn write_notice(plain: &mut Writer, what: Notice) {
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

pub(super) fn read_notice(plain: &mut Reader<'_>) -> Result<Notice, Damaged> {
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
