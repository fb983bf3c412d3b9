//! The papers for those who work on the library, and the manual's pages: what they name is there.

use std::fs;

use super::{below, root};

/// The words of a text that are in backticks, blocks of code left out.
fn in_backticks(text: &str) -> Vec<&str> {
    let prose = text.split("```").step_by(2);
    prose.flat_map(|prose| prose.split('`').skip(1).step_by(2)).collect()
}

fn is_path(word: &str) -> bool {
    let folders = ["src/", "docs/", "tests/", "examples/", "benches/"];
    folders.iter().any(|folder| word.starts_with(folder)) && !word.contains(' ')
}

/// A test's name is a sentence: nothing else has so many words.
fn is_test(word: &str) -> bool {
    word.matches('_').count() >= 4 && word.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

#[test]
fn what_the_papers_name_exists() {
    let sources = ["tests", "src"].into_iter().flat_map(below);
    let code: String =
        sources.map(|file| fs::read_to_string(root().join(file)).unwrap_or_default()).collect();
    let (mut paths, mut tests) = (0, 0);
    let papers = ["ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md", "tests/README.md"].map(str::to_owned);
    for paper in papers.into_iter().chain(below("docs/manual")) {
        let text = fs::read_to_string(root().join(&paper)).unwrap();
        for word in in_backticks(&text) {
            if is_path(word) && !word.contains('*') {
                assert!(root().join(word).exists(), "{paper} names {word}");
                paths += 1;
            } else if is_test(word) {
                assert!(code.contains(&format!("fn {word}(")), "{paper} names a test {word}");
                tests += 1;
            }
        }
    }
    assert!(paths > 50 && tests > 20, "the search has gone blind: it found {paths} paths and {tests} tests");
}

#[test]
fn the_architecture_names_every_chapter_in_reading_order() {
    let (lib, text) =
        ["src/lib.rs", "ARCHITECTURE.md"].map(|file| fs::read_to_string(root().join(file)).unwrap()).into();
    let chapters = lib
        .lines()
        .filter_map(|line| line.trim_start_matches("pub ").strip_prefix("mod ")?.strip_suffix(';'));
    let mut rest = &*text;
    for chapter in chapters {
        let row = format!("\n| `src/{chapter}.rs` |");
        let (_, after) =
            rest.split_once(&*row).unwrap_or_else(|| panic!("{chapter} has no row in its place"));
        rest = after;
    }
}
