//! What is made of the times: the table, and whether we are as fast as we set out to be.

use std::collections::HashMap;

use peers::{Case, NAMES};

use crate::{
    machine,
    workers::{Backend, Place},
};

pub(crate) type Times = HashMap<Place, f64>;

/// What countersign may take, as a part of what another takes.
const TARGETS: [(Case, &str, f64); 5] = [
    (Case::Wrong, "totp-rs", 0.40),
    (Case::Generate, "totp-rs", 0.60),
    (Case::LoginWrong, "totp-rs", 0.55),
    (Case::KeyUri, "totp-rs", 0.33),
    (Case::Wrong, "floor", 1.45),
];

/// The two tables, with what they were measured on.
pub(crate) fn markdown(times: &Times) -> String {
    format!(
        "In nanoseconds, on {}:\n\n{}\nThe same with the hash crate's portable code, as on a processor without SHA \
         instructions:\n\n{}",
        machine::description(),
        table(times, Backend::Chosen),
        table(times, Backend::Portable),
    )
}

/// The targets, a line each. Where the hashing alone takes more than a target leaves, nobody could hold it, and the
/// line says so.
pub(crate) fn targets(times: &Times) -> String {
    let with_sha = TARGETS.map(|(case, other, most)| (case, other, most, Backend::Chosen));
    let portable = Case::ALL.map(|case| (case, "totp-rs", 1.0, Backend::Portable));
    let lines = with_sha.into_iter().chain(portable).filter_map(|(case, other, most, backend)| {
        let ratio = ratio(times, other, case, backend)?;
        let held = if ratio <= most { "holds " } else { "MISSED" };
        let backing = if backend == Backend::Portable { ", portable" } else { "" };
        let floor = time(times, "floor", case, backend).zip(time(times, other, case, backend));
        let least = floor.map(|(floor, other)| floor / other).filter(|least| *least > most);
        let excuse = least.map(|least| format!("; the hashing alone takes {least:.2}")).unwrap_or_default();
        let title = case.title();
        Some(format!("{held}  {ratio:.2} of {other} (at most {most:.2}): {title}{backing}{excuse}\n"))
    });
    lines.collect()
}

fn table(times: &Times, backend: Backend) -> String {
    let mut lines = row("", &Case::ALL.map(|case| case.title().to_owned()));
    lines += &row("---", &Case::ALL.map(|_| "---:".to_owned()));
    for name in NAMES {
        let cells = Case::ALL.map(|case| nanoseconds(times, name, case, backend));
        if cells.iter().any(Option::is_some) {
            let title = format!("{name} {}", version(name));
            lines += &row(&title, &cells.map(|cell| cell.unwrap_or("–".to_owned())));
        }
    }
    let floor = Case::ALL.map(|case| nanoseconds(times, "floor", case, backend).unwrap_or_default());
    lines += &row("*the hashing alone*", &floor);
    for other in ["totp-rs", "floor"] {
        let title = format!("*countersign : {}*", if other == "floor" { "the hashing alone" } else { other });
        let ratios = Case::ALL.map(|case| ratio(times, other, case, backend));
        let cells = ratios.map(|ratio| ratio.map(|ratio| format!("{ratio:.2}")).unwrap_or_default());
        lines += &row(&title, &cells);
    }
    lines
}

fn row(title: &str, cells: &[String; Case::ALL.len()]) -> String {
    format!("| {title} | {} |\n", cells.join(" | "))
}

fn nanoseconds(times: &Times, name: &str, case: Case, backend: Backend) -> Option<String> {
    Some(format!("{:.0}", time(times, name, case, backend)?))
}

fn ratio(times: &Times, other: &str, case: Case, backend: Backend) -> Option<f64> {
    Some(time(times, "countersign", case, backend)? / time(times, other, case, backend)?)
}

fn time(times: &Times, name: &str, case: Case, backend: Backend) -> Option<f64> {
    let case = Case::ALL.iter().position(|other| *other == case)?;
    times.get(&Place { name: name.to_owned(), case, backend }).copied()
}

/// The version that was measured.
fn version(name: &str) -> &'static str {
    let mut lines = include_str!("../../../Cargo.lock").lines();
    lines.find(|line| line.strip_prefix("name = \"").and_then(|rest| rest.strip_suffix('"')) == Some(name));
    let version = lines.next().and_then(|line| line.strip_prefix("version = \"")?.strip_suffix('"'));
    version.expect("what was built is in the lock file")
}
