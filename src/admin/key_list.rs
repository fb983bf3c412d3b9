//! Lists of users and their keys from another system, as CSV. A bad record does not affect the others.

mod table;

use std::iter;

use self::table::{Table, Unreadable};
use crate::{
    otp::{Imported, InvalidKeyUri, Secret, Totp},
    who::{InvalidName, UserId},
};

/// Reads a list of users and keys, record by record.
///
/// The list is CSV (RFC 4180), as a program or a spreadsheet writes it. Its first record names the columns `user` and
/// `key`, in either order. A key is a key URI (`otpauth://totp/…`), or a secret in base32 with the usual codes: SHA-1, six
/// digits, 30 seconds. Each record is returned with the number of the line where it begins, good or bad, and empty ones are
/// skipped. So nothing is lost, and a list can be corrected and imported again.
///
/// | what | how it is read |
/// | --- | --- |
/// | encoding | UTF-8, or UTF-16 in either order, with or without a byte order mark |
/// | what divides the columns | a comma, semicolon, tab or vertical bar, whichever gives these two columns; `sep=;` before them is read |
/// | line ends | `\n`, `\r\n`, `\r` |
/// | a field in quotation marks | may hold line ends and dividers; two quotation marks in it are one |
/// | a quotation mark that is never closed | its record is refused, and the list ends there |
/// | columns without a name | nothing may be in them |
/// | user | as it is written |
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
/// [`InvalidKeyList`], before any record is looked at.
pub fn key_list<L: AsRef<[u8]> + ?Sized>(
    list: &L,
) -> Result<impl Iterator<Item = Line> + use<L>, InvalidKeyList> {
    let mut table = Table::of(list.as_ref());
    let columns = table.divided_as(Columns::named).ok_or(InvalidKeyList)?;
    Ok(iter::from_fn(move || {
        loop {
            let record = table.next()?;
            let entry = match record.fields {
                Ok(fields) if fields.iter().all(|field| field.trim().is_empty()) => continue,
                Ok(fields) => Entry::read(&fields, columns),
                Err(Unreadable::NotText) => Err(InvalidLine::NotText),
                Err(Unreadable::QuoteNotClosed) => Err(InvalidLine::QuoteNotClosed),
            };
            return Some(Line { number: record.line, entry });
        }
    }))
}

/// The places of the two columns.
#[derive(Clone, Copy)]
struct Columns {
    user: usize,
    key: usize,
}

impl Columns {
    /// Finds the two columns by their names. An unknown name might say how codes are made, so it is not ignored; no name
    /// says nothing.
    fn named(names: &[&str]) -> Option<Self> {
        let is = |name: &str, field: &str| field.trim().eq_ignore_ascii_case(name);
        let place = |name| {
            let mut places = names.iter().enumerate().filter(|(_, field)| is(name, field));
            places.next().filter(|_| places.next().is_none()).map(|(place, _)| place)
        };
        let all_known = names.iter().all(|field| ["user", "key", ""].iter().any(|name| is(name, field)));
        Some(Self { user: place("user")?, key: place("key")? }).filter(|_| all_known)
    }
}

/// A record of a list.
#[derive(Debug)]
#[non_exhaustive]
pub struct Line {
    /// The number of the line where it begins, counted from one.
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
    /// A column is missing, or there is something in one without a name.
    #[error("not two columns; write user,key")]
    Columns,
    /// It has bytes that are not text in the encoding of the list, which is often that of an old system.
    #[error("not text in UTF-8; save the list as UTF-8")]
    NotText,
    /// A quotation mark that is never closed. Nothing of the list was read from this line on.
    #[error("a quotation mark is never closed; nothing was read from this line on")]
    QuoteNotClosed,
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
#[error("the first line does not name the two columns, and no others; write user,key")]
pub struct InvalidKeyList;

impl Entry {
    fn read(fields: &[&str], columns: Columns) -> Result<Self, InvalidLine> {
        let (Some(user), Some(key)) = (fields.get(columns.user), fields.get(columns.key)) else {
            return Err(InvalidLine::Columns);
        };
        let is_named = |place| place == columns.user || place == columns.key;
        if fields.iter().enumerate().any(|(place, field)| !is_named(place) && !field.trim().is_empty()) {
            return Err(InvalidLine::Columns);
        }
        let user = UserId::new(*user).map_err(InvalidLine::User)?;
        match read_key(key, &user) {
            Ok(key) => Ok(Self { user, key }),
            Err(why) => Err(InvalidLine::Key { user, why }),
        }
    }
}

fn read_key(key: &str, user: &UserId) -> Result<Imported, InvalidKeyUri> {
    if key.contains(':') {
        return Imported::parse(key);
    }
    if key.trim().is_empty() {
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
