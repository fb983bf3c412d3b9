//! What a visitor of the registry gets: the files of the package, and what its page says.
//!
//! It reads lists of names. Whether the package builds by itself, it does not know.

use std::{
    collections::BTreeSet,
    fs,
    path::{Component, Path, PathBuf},
};

use super::{below, cargo, root};

/// What cargo puts there by itself, and what stands beside the sources.
const BY_NAME: [&str; 8] = [
    ".cargo_vcs_info.json",
    "CHANGELOG.md",
    "Cargo.lock",
    "Cargo.toml",
    "Cargo.toml.orig",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "README.md",
];

/// In which folder which kinds of files belong.
const BY_KIND: [(&str, &[&str]); 3] =
    [("docs", &["md", "png", "svg", "txt"]), ("examples", &["rs"]), ("src", &["rs", "sql"])];

fn kind(file: &str) -> &str {
    Path::new(file).extension().and_then(|kind| kind.to_str()).unwrap_or_default()
}

fn belongs(file: &str) -> bool {
    let (folder, below) = file.split_once('/').unwrap_or_default();
    let is_of_a_kind = BY_KIND.iter().any(|(of, kinds)| *of == folder && kinds.contains(&kind(file)));
    // The examples in folders are packages of their own.
    BY_NAME.contains(&file) || is_of_a_kind && !(folder == "examples" && below.contains('/'))
}

/// What a text wants beside it: files that a source includes, pictures that a page shows.
fn wanted_by(file: &str, text: &str) -> Vec<String> {
    let included = ["include_str!(\"", "include_bytes!(\""]
        .into_iter()
        .flat_map(|opens| text.split(opens).skip(1).filter_map(|after| after.split('"').next()));
    let lines = text.lines().filter(|_| kind(file) == "md");
    let shown = lines.filter_map(|line| line.split_once("![")?.1.split_once("](")?.1.split(')').next());
    let here = included.chain(shown).filter(|path| !path.contains("://"));
    here.map(|path| beside(file, path)).collect()
}

/// A path as it is written in a file, from the root.
fn beside(file: &str, path: &str) -> String {
    let mut from_root = PathBuf::from(file);
    from_root.pop();
    for part in Path::new(path).components() {
        match part {
            Component::ParentDir => {
                assert!(from_root.pop(), "{file} wants {path}, outside of the repository");
            }
            part => from_root.push(part),
        }
    }
    from_root.to_str().unwrap().replace('\\', "/")
}

#[test]
fn the_package_has_what_belongs_and_nothing_else() {
    let Some(packaged) = cargo::packaged() else { return };
    let strangers: Vec<&String> = packaged.iter().filter(|file| !belongs(file)).collect();
    assert!(strangers.is_empty(), "what are these for? {strangers:?}");
    let missing: Vec<String> = below("src").into_iter().filter(|file| !packaged.contains(file)).collect();
    assert!(missing.is_empty(), "{missing:?}");
    for file in &BY_NAME[1..] {
        assert!(packaged.iter().any(|packaged| packaged == file), "{file} is missing");
    }
}

#[test]
fn all_that_a_source_includes_or_a_page_shows_is_in_the_package() {
    let Some(packaged) = cargo::packaged() else { return };
    let mut seen = 0;
    for file in packaged.iter().filter(|file| ["md", "rs"].contains(&kind(file))) {
        for wanted in wanted_by(file, &fs::read_to_string(root().join(file)).unwrap()) {
            seen += 1;
            assert!(packaged.contains(&wanted), "{file} wants {wanted}");
        }
    }
    assert!(seen >= 4, "the search has gone blind: it found {seen}");
}

#[test]
fn strangers_and_wants_are_recognized() {
    for stranger in
        [".ci/run", "rustfmt.toml", "tests/it/main.rs", "src/notes.txt", "examples/portal/src/main.rs"]
    {
        assert!(!belongs(stranger), "{stranger}");
    }
    assert_eq!(wanted_by("src/a/b.rs", r#"include_str!("../../docs/c.md")"#), ["docs/c.md"]);
    assert_eq!(
        wanted_by("docs/c.md", "![A (small) page](d.png)\n![](https://a.example/e.png)"),
        ["docs/d.png"]
    );
}

#[test]
fn the_registrys_page_says_what_it_may() {
    let Some(metadata) = cargo::metadata() else { return };
    let packages = metadata["packages"].as_array().unwrap();
    let package = packages.iter().find(|package| package["name"] == "countersign").unwrap();
    assert!(package["documentation"].is_string());
    let keywords = package["keywords"].as_array().unwrap();
    let short = |keyword: &serde_json::Value| keyword.as_str().is_some_and(|word| word.len() <= 20);
    // <https://doc.rust-lang.org/cargo/reference/manifest.html#the-keywords-field>
    assert!(keywords.len() <= 5 && keywords.iter().all(short), "{keywords:?}");

    let all: BTreeSet<&str> = package["features"].as_object().unwrap().keys().map(String::as_str).collect();
    let shown = package["metadata"]["docs"]["rs"]["features"].as_array().unwrap();
    let shown: BTreeSet<&str> = shown.iter().map(|feature| feature.as_str().unwrap()).collect();
    let not_shown: Vec<&str> = all.difference(&shown).copied().collect();
    assert_eq!(not_shown, ["default", "etcd", "std"], "docs.rs shows all that it can build");
}
