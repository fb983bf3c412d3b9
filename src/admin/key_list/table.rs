//! Tables of text as programs and spreadsheets write them: bytes in, records with their numbers out.
//!
//! Fields and quotation marks are `csv-core`'s matter. Here is what it leaves to others: how the text is encoded, what
//! divides its columns, at which line a record begins, and a quotation mark that is never closed.

use std::iter;

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};
use zeroize::Zeroizing;

/// A table, read record by record. What it copies of the text is wiped (R9).
pub(super) struct Table {
    text: Zeroizing<Vec<u8>>,
    place: usize,
    /// The number of the line at that place, counted from one.
    line: u64,
    reader: Reader,
    /// What is read of one record: no record has more bytes than the text.
    fields: Zeroizing<Vec<u8>>,
    ends: Vec<usize>,
}

/// A record, and the number of the line where it begins.
pub(super) struct Record<'a> {
    pub(super) line: u64,
    pub(super) fields: Result<Vec<&'a str>, Unreadable>,
}

/// Why a record has no fields.
#[derive(Clone, Copy)]
pub(super) enum Unreadable {
    /// A byte that is none of UTF-8, or in UTF-16 half a character.
    NotText,
    /// A quotation mark that is never closed: the record goes to the end of the text.
    QuoteNotClosed,
}

impl Table {
    /// Takes the bytes of a file. A comma divides its columns, unless [`divided_as`](Self::divided_as) finds another.
    pub(super) fn of(file: &[u8]) -> Self {
        let text = in_utf8(file);
        let fields = Zeroizing::new(vec![0; text.len() + 1]);
        Self { text, place: 0, line: 1, reader: divided_by(b','), fields, ends: vec![0; 16] }
    }

    /// Returns the first record, divided by what the text says, or else by what makes it a record that is meant.
    pub(super) fn divided_as<T>(&mut self, is_meant: impl Fn(&[&str]) -> Option<T>) -> Option<T> {
        let told = self.read_sep();
        let begin = (self.place, self.line);
        let usual = [b',', b';', b'\t', b'|'];
        let dividers = told.as_ref().map_or(usual.as_slice(), std::slice::from_ref);
        dividers.iter().find_map(|divider| {
            self.reader = divided_by(*divider);
            (self.place, self.line) = begin;
            is_meant(&self.next()?.fields.ok()?)
        })
    }

    /// Reads the line by which spreadsheets are told what divides the columns, if there is one.
    fn read_sep(&mut self) -> Option<u8> {
        self.skip_ends();
        let rest = &self.text[self.place..];
        let end = rest.iter().position(|byte| matches!(byte, b'\r' | b'\n')).unwrap_or(rest.len());
        let line = rest[..end].trim_ascii();
        let line = line.strip_prefix(b"\"").and_then(|line| line.strip_suffix(b"\"")).unwrap_or(line);
        // A tab is white space, and may have been trimmed off.
        let divider = match line {
            [name @ .., b'='] if name.eq_ignore_ascii_case(b"sep") => b'\t',
            [name @ .., b'=', divider] if name.eq_ignore_ascii_case(b"sep") => *divider,
            _ => return None,
        };
        self.place += end;
        Some(divider).filter(|divider| divider.is_ascii() && *divider != b'"')
    }

    /// Passes over line ends, and so over empty lines.
    fn skip_ends(&mut self) {
        let ends = |byte: &&u8| matches!(byte, b'\r' | b'\n');
        let length = self.text[self.place..].iter().take_while(ends).count();
        self.line += lines(&self.text[self.place..self.place + length]);
        self.place += length;
    }

    /// Returns the next record that is not an empty line.
    pub(super) fn next(&mut self) -> Option<Record<'_>> {
        self.skip_ends();
        let (line, rest) = (self.line, &self.text[self.place..]);
        if rest.is_empty() {
            return None;
        }
        self.reader.reset();
        let (mut read, mut length, mut count, mut at_end) = (0, 0, 0, false);
        let is_closed = loop {
            // At the end of the text, another line end tells whether a quotation mark is still open: then it is data.
            let input: &[u8] = if at_end { b"\n" } else { &rest[read..] };
            let (result, taken, written, ended) =
                self.reader.read_record(input, &mut self.fields[length..], &mut self.ends[count..]);
            length += written;
            count += ended;
            if !at_end {
                read += taken;
            }
            match result {
                ReadRecordResult::OutputEndsFull => self.ends.resize(2 * self.ends.len(), 0),
                ReadRecordResult::InputEmpty if !at_end => at_end = true,
                ReadRecordResult::InputEmpty | ReadRecordResult::OutputFull => break false,
                ReadRecordResult::Record | ReadRecordResult::End => break true,
            }
        };
        self.line += lines(&rest[..read]);
        // Where it ends with `\r\n`, the second half may be left.
        if rest[..read].ends_with(b"\r") && rest[read..].starts_with(b"\n") {
            read += 1;
        }
        self.place += read;
        if !is_closed {
            self.place = self.text.len();
            return Some(Record { line, fields: Err(Unreadable::QuoteNotClosed) });
        }
        let ends = &self.ends[..count];
        let begins = iter::once(0).chain(ends.iter().copied());
        let fields = begins.zip(ends).map(|(begin, end)| str::from_utf8(&self.fields[begin..*end]));
        Some(Record { line, fields: fields.collect::<Result<_, _>>().map_err(|_| Unreadable::NotText) })
    }
}

fn divided_by(divider: u8) -> Reader {
    ReaderBuilder::new().delimiter(divider).build()
}

/// Returns how many lines end in a text, each with `\n`, `\r` or both.
fn lines(text: &[u8]) -> u64 {
    let ends = |(place, byte): (usize, &u8)| match byte {
        b'\n' => place == 0 || text[place - 1] != b'\r',
        b'\r' => true,
        _ => false,
    };
    text.iter().enumerate().filter(|byte| ends(*byte)).count() as u64
}

/// Returns the text in UTF-8 and without its byte order mark. What is half a character of UTF-16 becomes a byte that is
/// no UTF-8, so that it costs its own record and no other.
fn in_utf8(file: &[u8]) -> Zeroizing<Vec<u8>> {
    match file {
        [0xff, 0xfe, text @ ..] => from_utf16(text, u16::from_le_bytes),
        [0xfe, 0xff, text @ ..] => from_utf16(text, u16::from_be_bytes),
        // Without a mark: a list begins with ASCII.
        [1..=u8::MAX, 0, ..] => from_utf16(file, u16::from_le_bytes),
        [0, 1..=u8::MAX, ..] => from_utf16(file, u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, text @ ..] | text => Zeroizing::new(text.to_vec()),
    }
}

fn from_utf16(text: &[u8], unit: fn([u8; 2]) -> u16) -> Zeroizing<Vec<u8>> {
    const NOT_UTF_8: u8 = 0xff;
    let (units, half) = text.as_chunks();
    // Two bytes become three at most. Allocated at once, so that no smaller buffer is left behind unwiped.
    let mut plain = Zeroizing::new(Vec::with_capacity(text.len() / 2 * 3 + 1));
    for c in char::decode_utf16(units.iter().map(|pair| unit(*pair))) {
        match c {
            Ok(c) => plain.extend(c.encode_utf8(&mut [0; 4]).bytes()),
            Err(_) => plain.push(NOT_UTF_8),
        }
    }
    if !half.is_empty() {
        plain.push(NOT_UTF_8);
    }
    plain
}
