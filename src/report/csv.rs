//! A report as comma-separated values (RFC 4180), fit for a spreadsheet.
//!
//! It is written by hand: there are thirteen columns of our own and one rule. Reading such files is harder, and not done
//! here.

use std::fmt;

use super::status::ReportRow;
use crate::time::Timestamp;

/// A line of a CSV file, including its CRLF, in [`Display`](fmt::Display).
///
/// Names come from people, and a spreadsheet takes a cell for a formula if it begins with one of `= + - @`, a tab or a
/// carriage return ([OWASP, "CSV Injection"](https://owasp.org/www-community/attacks/CSV_Injection)). Such a cell is
/// quoted and gets an apostrophe in front, which spreadsheets take to mean "this is text" and do not show. Times are in
/// UTC, as in RFC 3339.
#[derive(Clone, Debug)]
pub struct CsvLine<'a>(Option<&'a ReportRow>);

impl CsvLine<'_> {
    /// The first line, with the names of the columns.
    pub const HEAD: CsvLine<'static> = CsvLine(None);
}

impl ReportRow {
    /// Returns this row as a line of a CSV file; [`CsvLine::HEAD`] is the first line.
    ///
    /// ```
    /// use countersign::admin::{CsvLine, ReportRow};
    ///
    /// fn file(rows: &[ReportRow]) -> String {
    ///     let lines = rows.iter().map(|row| row.csv().to_string());
    ///     std::iter::once(CsvLine::HEAD.to_string()).chain(lines).collect()
    /// }
    /// assert!(file(&[]).starts_with("user,account,role,status,enrolled_since,last_used,"));
    /// ```
    pub fn csv(&self) -> CsvLine<'_> {
        CsvLine(Some(self))
    }
}

impl fmt::Display for CsvLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(row) = self.0 else {
            return f.write_str(
                "user,account,role,status,enrolled_since,last_used,pending_until,waiting_until,blocked_since,\
                 probation_until,told,grace_until,invited_until\r\n",
            );
        };
        let ReportRow { person, status, .. } = row;
        write!(f, "{},{},", Cell(person.id().as_str()), Cell(person.account()))?;
        write!(f, "{},{}", Cell(person.role().as_str()), Cell(status.as_str()))?;
        let times = [
            row.enrolled_since,
            row.last_used,
            row.pending_until,
            row.waiting_until,
            row.blocked_since,
            row.probation_until,
            row.told,
            row.grace_until,
            row.invited_until,
        ];
        for at in times {
            match at {
                Some(at) => write!(f, ",{}", Utc(at))?,
                None => f.write_str(",")?,
            }
        }
        f.write_str("\r\n")
    }
}

/// A text from strangers, between two commas.
struct Cell<'a>(&'a str);

impl fmt::Display for Cell<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.0;
        // Also in the full-width forms, which some spreadsheets fold to the narrow ones, and after blanks, which some
        // skip.
        let begins_a_formula = text
            .trim_start_matches(' ')
            .starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']);
        let guard = if begins_a_formula { "'" } else { "" };
        // RFC 4180 §2, rules 6 and 7. A semicolon separates cells where the comma is the decimal point.
        if begins_a_formula || text.contains([',', ';', '"', '\'', '\r', '\n', '\t']) {
            write!(f, "\"{guard}{}\"", text.replace('"', "\"\""))
        } else {
            f.write_str(text)
        }
    }
}

/// A time as in RFC 3339 §5.6: `2027-01-15T08:00:00Z`.
struct Utc(Timestamp);

impl fmt::Display for Utc {
    /// Computes the day by Howard Hinnant's `civil_from_days`: in years that begin in March the leap day is last
    /// (<https://howardhinnant.github.io/date_algorithms.html#civil_from_days>).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const DAY: u64 = 24 * 60 * 60;
        // The last second of the year 9999: RFC 3339 has none after it.
        let seconds = self.0.as_unix().min(253_402_300_799);
        let (days, second) = (seconds / DAY + 719_468, seconds % DAY);
        let (era, day_of_era) = (days / 146_097, days % 146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let from_march = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * from_march + 2) / 5 + 1;
        let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
        let year = year_of_era + era * 400 + u64::from(month <= 2);
        let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
    }
}

#[cfg(test)]
mod tests {
    use super::{Cell, Timestamp, Utc};

    #[test]
    fn points_in_time_are_written_as_rfc_3339_says() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_709_251_200, "2024-03-01T00:00:00Z"),
            (1_800_000_000, "2027-01-15T08:00:00Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
            (253_402_300_799, "9999-12-31T23:59:59Z"),
            (u64::MAX, "9999-12-31T23:59:59Z"),
        ] {
            assert_eq!(Utc(Timestamp::from_unix(seconds)).to_string(), text);
        }
    }

    #[test]
    fn a_cell_is_quoted_when_it_must_be_and_is_never_a_formula() {
        for (text, cell) in [
            ("ann@acme.example", "ann@acme.example"),
            ("Smith, Ann", "\"Smith, Ann\""),
            ("the \"boss\"", "\"the \"\"boss\"\"\""),
            ("O'Brien", "\"O'Brien\""),
            ("=1+1", "\"'=1+1\""),
            ("+1 555", "\"'+1 555\""),
            ("-2", "\"'-2\""),
            ("@SUM(A1)", "\"'@SUM(A1)\""),
            ("\t=1", "\"'\t=1\""),
            ("\r=1", "\"'\r=1\""),
            ("  =1", "\"'  =1\""),
            ("＝1", "\"'＝1\""),
            ("=\",\"", "\"'=\"\",\"\"\""),
        ] {
            assert_eq!(Cell(text).to_string(), cell);
        }
    }
}
