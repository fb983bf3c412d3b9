//! What a measurement is told with, and where it goes.

use std::{env, fs, path::Path, process::Command};

use countersign::BoxError;

const END: &str = "<!-- as far as here -->";

/// Puts Markdown between the marks of a command.
pub(crate) fn put_into_results(command: &str, markdown: &str) -> Result<(), BoxError> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../RESULTS.md");
    let begin = format!("<!-- written by benches/stores, {command} -->");
    let text = fs::read_to_string(&page)?;
    let marks = || {
        let (before, rest) = text.split_once(&begin)?;
        Some((before, rest.split_once(END)?.1))
    };
    let (before, after) = marks().ok_or_else(|| format!("{} lacks {begin} … {END}", page.display()))?;
    Ok(fs::write(&page, format!("{before}{begin}\n{}\n{END}{after}", markdown.trim()))?)
}

/// The processor, how many of it, the file system that a folder is on, and the compiler.
pub(crate) fn machine(folder: &Path) -> String {
    let cpus = std::thread::available_parallelism().map_or(1, usize::from);
    format!("{cpus} × {}, {}, {}", processor(), file_system(folder), said("rustc", &["--version"], 2))
}

fn processor() -> String {
    let all = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let named = all.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    named.map_or(env::consts::ARCH.to_owned(), |(_, name)| name.trim().to_owned())
}

/// `ext4 on /dev/vda`.
fn file_system(folder: &Path) -> String {
    let folder = folder.display().to_string();
    let told = said("df", &["--output=fstype,source", &folder], usize::MAX);
    let mut words = told.split_whitespace().skip(2);
    match (words.next(), words.next()) {
        (Some(kind), Some(disk)) => format!("{kind} on {disk}"),
        _ => "an unknown file system".to_owned(),
    }
}

/// The first words of what a program says.
fn said(program: &str, arguments: &[&str], words: usize) -> String {
    let output = Command::new(program).args(arguments).output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    text.split_whitespace().take(words).collect::<Vec<_>>().join(" ")
}
