//! Lists of users and their keys from another system, as CSV. A bad line does not affect the others.

use std::borrow::Cow;

use crate::{
    otp::{Imported, InvalidKeyUri, Secret, Totp},
    who::{InvalidName, UserId},
};

/// Reads a list of users and keys, line by line.
///
/// The list is CSV (RFC 4180). Its first line names the columns `user` and `key`, in either order, and every record is
/// one line. A key is a key URI (`otpauth://totp/…`), or a secret in base32 with the usual codes: SHA-1, six digits, 30
/// seconds. Each line is returned with its number, good or bad, and empty ones are skipped. So nothing is lost, and a
/// list can be corrected and imported again.
///
/// ```
/// let list = "user,key\n\
///             ann,gezd gnbv gy3t qojq gezd gnbv gy3t qojq\n\
///             bob,JBSWY3DPEHPK3PXP\n";
/// let mut lines = countersign::admin::key_list(list)?;
/// let ann = lines.next().ok_or("there is a line")?;
/// assert_eq!((ann.number, ann.entry?.user.as_str()), (2, "ann"));
/// let bob = lines.next().ok_or("there is another")?.entry.unwrap_err();
/// assert_eq!(bob.to_string(), "bob: secret: a secret must have at least 16 bytes");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`InvalidKeyList`], before any line is looked at.
pub fn key_list(text: &str) -> Result<impl Iterator<Item = Line>, InvalidKeyList> {
    // Spreadsheets put this before a file in UTF-8.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut lines = (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty());
    let (_, names) = lines.next().ok_or(InvalidKeyList)?;
    // An unknown column might say how codes are made, so it is not ignored.
    let [first, second] = two_fields(names).ok_or(InvalidKeyList)?;
    let are = |one: &str, other: &str| first.eq_ignore_ascii_case(one) && second.eq_ignore_ascii_case(other);
    let user_first = match (are("user", "key"), are("key", "user")) {
        (true, _) => true,
        (_, true) => false,
        _ => return Err(InvalidKeyList),
    };
    Ok(lines.map(move |(number, line)| Line { number, entry: Entry::read(line, user_first) }))
}

/// A line of a list.
#[derive(Debug)]
#[non_exhaustive]
pub struct Line {
    /// The number of the line in the text, counted from one.
    pub number: u64,
    /// The content, or why it cannot be used.
    pub entry: Result<Entry, InvalidLine>,
}

/// A user and their key.
#[derive(Debug)]
#[non_exhaustive]
pub struct Entry {
    /// The user, as the list names them. The host finds out which of its users that is.
    pub user: UserId,
    /// Their key, for [`Support::import`](crate::admin::Support::import).
    pub key: Imported,
}

/// Why a line cannot be used. It names the user if their id can be read, and repeats nothing of a key (R9).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidLine {
    /// It does not have two columns, or has a quotation mark too many.
    #[error("not two columns; write user,key")]
    Columns,
    /// The column `user` cannot be an id.
    #[error("the user {0}")]
    User(#[source] InvalidName),
    /// The column `key` cannot be imported.
    #[error("{}: {why}", user.as_str())]
    Key {
        /// The user.
        user: UserId,
        /// Why.
        #[source]
        why: InvalidKeyUri,
    },
}

/// A text that is no such list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the first line does not name the two columns; write user,key")]
pub struct InvalidKeyList;

impl Entry {
    fn read(line: &str, user_first: bool) -> Result<Self, InvalidLine> {
        let [first, second] = two_fields(line).ok_or(InvalidLine::Columns)?;
        let (user, key) = if user_first { (first, second) } else { (second, first) };
        let user = UserId::new(user).map_err(InvalidLine::User)?;
        match read_key(&key, &user) {
            Ok(key) => Ok(Self { user, key }),
            Err(why) => Err(InvalidLine::Key { user, why }),
        }
    }
}

fn read_key(key: &str, user: &UserId) -> Result<Imported, InvalidKeyUri> {
    if key.contains(':') {
        return Imported::parse(key);
    }
    if key.is_empty() {
        return Err(InvalidKeyUri::Missing("secret"));
    }
    let (issuer, account) = (None, user.as_str().to_owned());
    Ok(Imported {
        issuer,
        account,
        faults: Vec::new(),
        secret: Secret::from_base32(key)?,
        totp: Totp::default(),
    })
}

/// Returns the two fields of a line without the blanks around them; `None` if there are more or fewer.
fn two_fields(line: &str) -> Option<[Cow<'_, str>; 2]> {
    let (first, rest) = field(line)?;
    let (second, end) = field(rest?)?;
    end.is_none().then_some([first, second])
}

/// Returns the first field of a line, and what follows its comma.
fn field(line: &str) -> Option<(Cow<'_, str>, Option<&str>)> {
    let line = line.trim();
    let Some(quoted) = line.strip_prefix('"') else {
        let (field, rest) = line.split_once(',').map_or((line, None), |(field, rest)| (field, Some(rest)));
        return (!field.contains('"')).then_some((Cow::Borrowed(field.trim()), rest));
    };
    // Within quotation marks, two of them mean one.
    let mut length = 0;
    loop {
        length += quoted.get(length..)?.find('"')?;
        if !quoted[length + 1..].starts_with('"') {
            break;
        }
        length += 2;
    }
    let field = &quoted[..length];
    let field =
        if field.contains('"') { Cow::Owned(field.replace("\"\"", "\"")) } else { Cow::Borrowed(field) };
    let after = quoted[length + 1..].trim_start();
    let rest = match after.strip_prefix(',') {
        None if !after.is_empty() => return None,
        rest => rest,
    };
    Some((field, rest))
}
