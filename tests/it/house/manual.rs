//! The manual: its pages, and how they are written.

use std::fs;

use super::{below, root};

fn text(file: &str) -> String {
    fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

fn pages() -> Vec<String> {
    let is_page = |file: &String| file.strip_suffix(".md").is_some();
    let pages: Vec<String> = below("docs/manual").into_iter().filter(is_page).collect();
    assert!(pages.len() >= 15, "the search has gone blind: it found {pages:?}");
    pages
}

/// The name of a page's module.
fn module(page: &str) -> String {
    page.trim_start_matches("docs/manual/").trim_end_matches(".md").replace('-', "_")
}

#[test]
fn each_page_is_a_module_that_the_first_page_links_to() {
    let (modules, first) = (text("src/manual.rs"), text("docs/manual.md"));
    for page in pages() {
        let name = module(&page);
        assert!(modules.contains(&format!("include_str!(\"../{page}\")")), "{page} is not included");
        assert!(modules.contains(&format!("pub mod {name} {{}}")), "there is no module {name}");
        assert!(first.contains(&format!("]({name})")), "docs/manual.md does not link to {name}");
    }
}

#[test]
fn each_page_is_read_in_one_go() {
    for page in pages() {
        let lines = text(&page).lines().count();
        assert!((30..=180).contains(&lines), "{page} has {lines} lines");
    }
}

#[test]
fn a_user_is_they() {
    for page in pages().into_iter().chain(["docs/manual.md", "docs/crate.md", "README.md"].map(str::to_owned))
    {
        for line in text(&page).lines() {
            let mut words = line.split(|c: char| !c.is_alphanumeric() && c != '_');
            let found =
                words.find(|word| ["he", "him", "his", "she"].contains(&word.to_lowercase().as_str()));
            assert!(found.is_none(), "{page}: {line}");
        }
    }
}
