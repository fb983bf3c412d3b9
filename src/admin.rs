//! Administration: what a Master Admin does with a pass, and the vendor's support desk without one.

mod authority;
mod key_list;
mod support;
mod accounts;
mod joining;
mod devices;
mod settings;
mod import;
mod report;
mod bulk;

pub use self::{
    bulk::{BulkReset, Outcome, ResetOf, Whom},
    key_list::{Entry, InvalidLine, Line, NoKeyList, key_list},
    report::{Counts, CsvLine, NoStatus, Report, ReportRow, Status},
    support::Support,
};
