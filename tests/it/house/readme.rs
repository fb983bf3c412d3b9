//! The README: what it shows is what is built and tested, and what it links to is there.

use std::fs;

use super::root;

fn file(path: &str) -> String {
    let file = root().join(path);
    fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// The blocks of a Markdown file that begin with this fence.
fn blocks(markdown: &str, fence: &str) -> Vec<String> {
    let fence = format!("\n```{fence}\n");
    markdown.split(&*fence).skip(1).map(|rest| rest.split("```").next().unwrap().to_owned()).collect()
}

/// No line is there for a compiler alone, since these are not compiled here: the examples are.
#[test]
fn its_code_is_that_of_examples_which_are_compiled_and_played() {
    let readme = file("README.md");
    let examples = [file("examples/login.rs"), file("examples/own_store.rs")];
    let blocks = blocks(&readme, "rust");
    assert!(blocks.len() > 3, "there should be some");
    for block in blocks {
        let is_in = examples.iter().any(|example| example.contains(&*block));
        assert!(is_in, "this is in no example, to the letter:\n{block}");
        assert!(!block.lines().any(|line| line.starts_with('#') && !line.starts_with("#[")), "{block}");
    }
}

#[test]
fn its_numbers_are_those_that_were_measured_last() {
    let (readme, results) = (file("README.md"), file("benches/RESULTS.md"));
    let section = readme.split("## How fast").nth(1).unwrap().split("\n## ").next().unwrap();
    let rows: Vec<&str> = section.lines().filter(|line| line.starts_with('|')).collect();
    assert!(rows.len() > 3, "there should be some");
    for row in rows {
        assert!(results.lines().any(|line| line == row), "benches/RESULTS.md has no such row: {row}");
    }
}

#[test]
fn what_it_links_to_is_there() {
    for page in [
        "README.md",
        "CHANGELOG.md",
        "ARCHITECTURE.md",
        "CONTRIBUTING.md",
        "SECURITY.md",
        "tests/README.md",
        "benches/RESULTS.md",
        "benches/peers/README.md",
    ] {
        let folder = root().join(page);
        let folder = folder.parent().unwrap();
        let text = file(page);
        let links = text.split("](").skip(1).map(|rest| rest.split(')').next().unwrap());
        for link in links.filter(|link| !link.contains("://")) {
            let path = folder.join(link.split('#').next().unwrap());
            assert!(path.exists(), "{page} links to {link}");
        }
    }
}
