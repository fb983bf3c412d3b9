//! The engine in a program that has no `std`: it brings its own panic handler, and where anything that it depends on
//! brought in `std`, there would be two, which no compiler accepts.
#![no_std]

extern crate alloc;

use alloc::string::String;
use core::panic::PanicInfo;

use countersign::{
    Timestamp,
    otp::{Check, Code, Digits, Imported, InvalidKeyUri, KeyUri, Label, Totp, Window},
};

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    loop {}
}

/// A key URI read and written again, and a code checked.
pub fn all_of_it(uri: &str, label: &Label, code: &str, now: u64) -> Result<Option<String>, InvalidKeyUri> {
    let key = Imported::parse(uri)?;
    let Ok(code) = Code::parse(code, Digits::Six) else { return Ok(None) };
    let found = key.totp.check(&key.secret, code, Timestamp::from_unix(now), Window::ONE_EACH_WAY, None);
    let uri = KeyUri::new(label, &key.secret, Totp::default());
    Ok(matches!(found, Check::Right(_)).then(|| uri.expose().into()))
}
