//! The names beside a key. No code is made of them, so whatever is odd about them is told, and costs no key.

use alloc::{
    borrow::{Cow, ToOwned as _},
    string::String,
    vec::Vec,
};

use unicode_normalization::UnicodeNormalization as _;

use super::percent::{Plus, decoded, divided, has};

/// What could not be read of the names beside a key. The key is none the worse for it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NameFault {
    /// The account has no name.
    #[error("the account has no name")]
    NoAccount,
    /// The name has a `#` or a percent sign that encodes nothing, or bytes that are not UTF-8. It is left out, or, in an
    /// export, has U+FFFD for what is not UTF-8.
    #[error("the {0} cannot be decoded")]
    Undecodable(&'static str),
    /// The name has control characters, which are left out.
    #[error("the {0} has control characters")]
    Control(&'static str),
    /// The issuer before the account, which is told here, differs from the parameter, which is taken. Apps differ in
    /// which one they show.
    #[error("the issuer differs from the one before the account name, {0}")]
    OtherIssuer(String),
    /// The issuer is given twice. The first is taken.
    #[error("the issuer is given twice")]
    IssuerTwice,
}

/// The names beside a key, and what is wrong with them.
pub(super) struct Names {
    pub(super) issuer: Option<String>,
    pub(super) account: String,
    pub(super) faults: Vec<NameFault>,
}

impl Names {
    /// Reads both names from the label and the parameter.
    pub(super) fn read(label: &str, parameter: Option<&str>) -> Self {
        let mut faults = Vec::new();
        let (before, account) = match divided(label, b':') {
            Some((issuer, account)) => (Some(issuer), account),
            None => match label.find("%3A").or_else(|| label.find("%3a")) {
                Some(colon) => (Some(&label[..colon]), &label[colon + "%3A".len()..]),
                None => (None, label),
            },
        };
        let account = name("account name", account, Plus::IsItself, &mut faults);
        if account.is_none() && faults.is_empty() {
            faults.push(NameFault::NoAccount);
        }
        let is_same = before == parameter;
        let before = before.and_then(|before| name("issuer", before, Plus::IsItself, &mut faults));
        let parameter = parameter.filter(|_| !is_same);
        let issuer = match (before, parameter.and_then(|raw| name("issuer", raw, Plus::IsSpace, &mut faults)))
        {
            (None, told) => told,
            (before, None) => before,
            (Some(before), Some(told)) if before == told => Some(told),
            (Some(before), Some(told)) => {
                // What is not told anew here is in the faults already.
                let plus = parameter.and_then(|raw| name("issuer", raw, Plus::IsItself, &mut Vec::new()));
                if plus.as_ref() == Some(&before) {
                    Some(before)
                } else {
                    faults.push(NameFault::OtherIssuer(before));
                    Some(told)
                }
            }
        };
        Self { issuer, account: account.unwrap_or_default(), faults }
    }
}

/// Returns a name, unless it is empty or cannot be decoded.
fn name(what: &'static str, raw: &str, plus: Plus, faults: &mut Vec<NameFault>) -> Option<String> {
    // A fragment has no place in a key URI (RFC 3986 §3.5): readers differ in what they make of the rest.
    let whole = Some(raw).filter(|raw| !has(raw, |byte| byte == b'#'));
    let Some(decoded) = whole.and_then(|raw| decoded(raw, plus)) else {
        faults.push(NameFault::Undecodable(what));
        return None;
    };
    plain_name(what, decoded, faults)
}

/// Returns a name in NFC, without control characters and blanks around it, unless nothing is left of it.
pub(in crate::otp) fn plain_name(
    what: &'static str,
    name: Cow<'_, str>,
    faults: &mut Vec<NameFault>,
) -> Option<String> {
    let is_plain = !has(&name, |byte| !(b' '..=b'~').contains(&byte));
    let name = if !is_plain && name.contains(char::is_control) {
        faults.push(NameFault::Control(what));
        Cow::Owned(name.chars().filter(|c| !c.is_control()).collect())
    } else {
        name
    };
    let trimmed = name.trim();
    let composed = if !is_plain {
        trimmed.nfc().collect()
    } else if trimmed.len() < name.len() {
        trimmed.to_owned()
    } else {
        name.into_owned()
    };
    Some(composed).filter(|name| !name.is_empty())
}
