//! Percent-encoding (RFC 3986 §2.1), undone without leaving a copy of a secret behind (R9).

use alloc::{borrow::Cow, string::String, vec::Vec};

use zeroize::{Zeroize as _, Zeroizing};

/// What a plus means: itself in a path, and usually a space in a query.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::otp) enum Plus {
    IsItself,
    IsSpace,
}

/// Returns whether a text has such a byte. It looks at all of them, several at once. Usually there is none, and then
/// that is faster than looking for the first.
pub(super) fn has(text: &str, such: impl Fn(u8) -> bool) -> bool {
    text.bytes().fold(0, |found, byte| found | u8::from(such(byte))) != 0
}

/// Returns what is before the first of an ASCII character, and what is after it. For texts as short as these, a plain
/// loop finds it faster than a function made for long ones.
pub(super) fn divided(text: &str, at: u8) -> Option<(&str, &str)> {
    let place = text.bytes().position(|byte| byte == at)?;
    Some((&text[..place], &text[place + 1..]))
}

/// Calls `work` with the percent-decoded text, if it can be decoded, and leaves nothing of it behind.
pub(in crate::otp) fn with_decoded<T>(raw: &str, plus: Plus, work: impl FnOnce(&str) -> T) -> Option<T> {
    Some(match decoded(raw, plus)? {
        Cow::Borrowed(text) => work(text),
        Cow::Owned(text) => work(&Zeroizing::new(text)),
    })
}

/// Undoes the percent-encoding, if possible.
pub(super) fn decoded(raw: &str, plus: Plus) -> Option<Cow<'_, str>> {
    if !has(raw, |byte| byte == b'%' || byte == b'+' && plus == Plus::IsSpace) {
        return Some(Cow::Borrowed(raw));
    }
    // Allocated at the largest size it can get, so that no smaller buffer is left behind unwiped.
    let mut bytes = Vec::with_capacity(raw.len());
    let undone = undo(raw.as_bytes(), plus, &mut bytes);
    let mut refused = match String::from_utf8(bytes) {
        Ok(text) if undone.is_some() => return Some(Cow::Owned(text)),
        Ok(text) => text.into_bytes(),
        Err(error) => error.into_bytes(),
    };
    refused.zeroize();
    None
}

/// Decodes until the first percent sign that is invalid.
fn undo(mut raw: &[u8], plus: Plus, text: &mut Vec<u8>) -> Option<()> {
    while let [byte, rest @ ..] = raw {
        raw = rest;
        text.push(match byte {
            b'%' => {
                let [high, low, rest @ ..] = raw else { return None };
                raw = rest;
                from_hex(*high)? << 4 | from_hex(*low)?
            }
            b'+' if plus == Plus::IsSpace => b' ',
            byte => *byte,
        });
    }
    Some(())
}

fn from_hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16)?.try_into().ok()
}
