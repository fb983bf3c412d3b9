//! What the layout promises, read off the sources.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every Rust file below a folder, with its text.
fn sources(folder: &str) -> BTreeMap<PathBuf, String> {
    let mut found = BTreeMap::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                found.insert(path.strip_prefix(root()).unwrap().to_owned(), text);
            }
        }
    }
    assert!(!found.is_empty());
    found
}

/// The top-level modules in the order in which `lib.rs` names them, which is the order of reading.
fn reading_order() -> Vec<String> {
    let lib = fs::read_to_string(root().join("src/lib.rs")).unwrap();
    let modules = lib.lines().filter_map(|line| {
        let name = line.strip_prefix("pub mod ").or_else(|| line.strip_prefix("mod "))?;
        name.strip_suffix(';').map(str::to_owned)
    });
    modules.collect()
}

/// The top-level module that a file of `src` belongs to.
fn module_of(path: &Path) -> String {
    let second = path.components().nth(1).unwrap().as_os_str().to_str().unwrap();
    second.trim_end_matches(".rs").to_owned()
}

/// A file without its doc comments and its own tests, which may speak of anything.
fn code(text: &str) -> String {
    text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// The top-level modules that a file uses, out of `use crate::…` and `crate::…` in its code.
fn used_by(text: &str) -> Vec<String> {
    let name = |rest: &str| rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    let code = code(text);
    let mut used: Vec<String> = code.split("crate::").skip(1).map(name).collect();
    if let Some((_, group)) = code.split_once("use crate::{") {
        let mut depth = 0;
        let mut at_start = true;
        for (place, c) in group.char_indices() {
            match c {
                '{' => depth += 1,
                '}' if depth == 0 => break,
                '}' => depth -= 1,
                ',' if depth == 0 => at_start = true,
                c if c.is_whitespace() => {}
                _ if at_start => {
                    used.push(name(&group[place..]));
                    at_start = false;
                }
                _ => {}
            }
        }
    }
    used.retain(|module| !module.is_empty());
    used
}

#[test]
fn each_file_uses_only_what_stands_above_it() {
    let order = reading_order();
    let place = |module: &str| order.iter().position(|name| name == module);
    let mut seen = 0;
    for (path, text) in sources("src") {
        let module = module_of(&path);
        let Some(own) = place(&module) else {
            assert!(path.ends_with("lib.rs"), "{} is in no module", path.display());
            continue;
        };
        for used in used_by(&text) {
            // Macros and re-exports at the crate's root are no modules.
            let Some(other) = place(&used) else { continue };
            seen += 1;
            assert!(other <= own, "{} uses {used}, which stands below {module}", path.display());
        }
    }
    assert!(seen > 50, "the search has gone blind: it found {seen} uses");
}

#[test]
fn nothing_above_the_driver_awaits_but_the_stores_and_their_suite() {
    for (path, text) in sources("src") {
        let may = ["store", "conformance", "two_factor"].contains(&module_of(&path).as_str());
        assert!(may || !code(&text).contains(".await"), "{} awaits", path.display());
    }
}

/// R4: a pass is made in one place, and a witness of the driver's only.
#[test]
fn a_pass_needs_a_witness_and_the_witness_a_reason() {
    let mut made = BTreeMap::new();
    for (path, text) in sources("src") {
        for what in ["Witness::write_acknowledged()", "Witness::nothing_to_write()", "Pass::new(", "Pass {"] {
            let count = code(&text).matches(what).count();
            if count > 0 {
                made.entry(what).or_insert_with(Vec::new).push((path.to_str().unwrap().to_owned(), count));
            }
        }
    }
    // Said once, where the store has just said `Done`.
    assert_eq!(made["Witness::write_acknowledged()"], [("src/two_factor/commit.rs".to_owned(), 1)]);
    for (path, _) in &made["Witness::nothing_to_write()"] {
        assert!(path.starts_with("src/two_factor"), "{path}");
    }
    // `struct Pass {` and `impl Pass {`, and no third.
    let in_pass: usize =
        made["Pass {"].iter().filter(|(path, _)| path == "src/pass.rs").map(|(_, n)| n).sum();
    let for_pass = made["Pass {"].iter().filter(|(path, _)| path != "src/pass.rs").count();
    assert_eq!((in_pass, for_pass), (3, 0), "{made:?}");
}

/// R1 to R13: each is cited by a test, and every citation is of a rule there is.
#[test]
fn every_rule_is_cited_by_tests() {
    let mut cited = BTreeMap::new();
    for folder in ["tests", "src"] {
        for (path, text) in sources(folder) {
            let is_test = folder == "tests" || path.to_str().unwrap().contains("tests");
            if !is_test {
                continue;
            }
            for line in text.lines().filter(|line| line.trim_start().starts_with("///")) {
                let words = line.split(|c: char| !c.is_ascii_alphanumeric());
                for rule in words.filter_map(|word| word.strip_prefix('R')?.parse::<u32>().ok()) {
                    *cited.entry(rule).or_insert(0) += 1;
                }
            }
        }
    }
    for rule in 1..=13 {
        assert!(cited.contains_key(&rule), "no test cites R{rule}");
    }
    assert!(cited.keys().all(|rule| (1..=13).contains(rule)), "{cited:?}");
}

/// R9: nothing that holds a secret can be serialized, printed or compared, and nothing is printed by the library.
#[test]
fn secrets_have_no_traits_that_would_let_them_out() {
    for (path, text) in sources("src/otp") {
        for what in ["Serialize", "Deserialize"] {
            assert!(!code(&text).contains(what), "{} has {what}", path.display());
        }
    }
    // A derive of Debug, Clone or PartialEq on a type with a secret in it would be caught here by its name.
    let secret = &sources("src/otp")[Path::new("src/otp/secret.rs")];
    let declared = secret.split_once("pub struct Secret {").unwrap().0;
    assert!(!declared.trim_end().ends_with(")]"), "Secret derives something");
}

/// The manual's table of attacks: each row names a rule and a test, and each of those tests exists.
#[test]
fn the_tests_that_the_manual_names_exist() {
    let manual = fs::read_to_string(root().join("src/manual.rs")).unwrap();
    let (_, table) = manual.split_once("# Threat model").unwrap();
    let (table, _) = table.split_once("\n//! # ").unwrap();
    let with_tests = ["tests", "src"].into_iter().flat_map(|folder| sources(folder).into_values());
    let all_tests: String = with_tests.collect();
    let rows = table.lines().filter_map(|line| line.strip_prefix("//! | ")?.strip_suffix(" |"));
    let mut attacks = Vec::new();
    for row in rows.filter(|row| !row.starts_with("attack |") && !row.starts_with("---")) {
        let [attack, held_by, tests] = row.split(" | ").collect::<Vec<_>>()[..] else { panic!("{row}") };
        assert!(!attacks.contains(&attack), "twice: {attack}");
        attacks.push(attack);
        if held_by == "types" {
            continue;
        }
        for rule in held_by.split(", ") {
            let number = rule.strip_prefix('R').and_then(|number| number.parse::<u32>().ok());
            assert!(number.is_some_and(|number| (1..=13).contains(&number)), "{rule} is no rule: {row}");
        }
        let named: Vec<&str> = tests.split('`').skip(1).step_by(2).collect();
        assert!(!named.is_empty(), "no test holds this off: {row}");
        for name in named {
            assert!(all_tests.contains(&format!("fn {name}(")), "there is no test {name}");
        }
    }
    assert!(attacks.len() >= 30, "only {} attacks were found", attacks.len());
}
