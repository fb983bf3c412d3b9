//! What people type and paste between the characters that count: blanks of every kind, invisible characters, dashes.
//!
//! Apps show "123 456", web pages break long keys with zero-width spaces, word processors make dashes of hyphens, and
//! assistive technology types line breaks. All of that is passed over, and nothing else is (R11).

/// The longest text that is looked at, in bytes: far longer than any spelling of what people type.
pub(crate) const LONGEST_TYPED: usize = 200;

/// Returns whether a character says nothing: white space (`White_Space`), a format character (category Cf), or a dash
/// (category Pd, and the minus sign). From the Unicode Character Database, version 16.
pub(crate) fn is_filler(c: char) -> bool {
    is_blank(c) || is_dash(c)
}

/// Returns whether a character is white space or a format character, among them the byte order mark: what may be around
/// a text that has dashes of its own.
pub(crate) fn is_blank(c: char) -> bool {
    c.is_whitespace() || !c.is_ascii() && is_format(c)
}

fn is_dash(c: char) -> bool {
    "-\u{58A}\u{5BE}\u{1400}\u{1806}\u{2010}\u{2011}\u{2012}\u{2013}\u{2014}\u{2015}\u{2212}\u{2E17}\u{2E1A}\u{2E3A}\
     \u{2E3B}\u{2E40}\u{2E5D}\u{301C}\u{3030}\u{30A0}\u{FE31}\u{FE32}\u{FE58}\u{FE63}\u{FF0D}\u{10D6E}\u{10EAD}"
        .contains(c)
}

fn is_format(c: char) -> bool {
    matches!(
        c,
        '\u{AD}' | '\u{600}'..='\u{605}' | '\u{61C}' | '\u{6DD}' | '\u{70F}' | '\u{890}' | '\u{891}' | '\u{8E2}'
            | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2064}'
            | '\u{2066}'..='\u{206F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}' | '\u{110BD}' | '\u{110CD}'
            | '\u{13430}'..='\u{1343F}' | '\u{1BCA0}'..='\u{1BCA3}' | '\u{1D173}'..='\u{1D17A}' | '\u{E0001}'
            | '\u{E0020}'..='\u{E007F}'
    )
}
