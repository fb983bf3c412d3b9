//! What the layout promises, read off the sources.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use super::root;

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

/// The modules that a file declares, in its order, which is the order of reading.
fn reading_order(text: &str) -> Vec<String> {
    let modules = code(text).lines().filter_map(declared).map(str::to_owned).collect::<Vec<_>>();
    modules.into_iter().filter(|module| module != "tests").collect()
}

fn declared(line: &str) -> Option<&str> {
    let line = line.strip_prefix("pub").unwrap_or(line);
    let line = line.strip_prefix("(crate)").unwrap_or(line).trim_start();
    line.strip_prefix("mod ")?.split_once(';').map(|(name, _)| name)
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

/// The paths that a file uses, groups taken apart: those of its `use` lines, and those in its code.
fn used_by(text: &str) -> Vec<String> {
    let code = code(text);
    let mut paths = Vec::new();
    for (place, _) in code.match_indices("use ") {
        if place == 0 || code[..place].ends_with([' ', '\n', '(']) {
            let tree = code[place + 4..].split(';').next().unwrap();
            take_apart("", tree, &mut paths);
        }
    }
    for root in ["crate::", "super::"] {
        for (place, _) in code.match_indices(root) {
            let path = code[place..].chars().take_while(|c| c.is_alphanumeric() || "_:".contains(*c));
            paths.push(path.collect());
        }
    }
    paths
}

/// `a::{b, c::{d, e}}` as `a::b`, `a::c::d` and `a::c::e`.
fn take_apart(before: &str, tree: &str, paths: &mut Vec<String>) {
    let (mut depth, mut begin) = (0, 0);
    for (place, c) in tree.char_indices().chain([(tree.len(), ',')]) {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                let one = tree[begin..place].trim();
                begin = place + c.len_utf8().min(tree.len() - place);
                match one.split_once('{') {
                    Some((head, group)) => {
                        let group = group.trim_end().strip_suffix('}').unwrap_or(group);
                        take_apart(&format!("{before}{head}"), group, paths);
                    }
                    None if one.is_empty() => {}
                    None => paths.push(format!("{before}{one}")),
                }
            }
            _ => {}
        }
    }
}

/// Which module of a chapter a path leads to, if it does: `tail` is what comes after `head`.
fn leads_to<'p>(path: &'p str, head: &str) -> Option<&'p str> {
    path.strip_prefix(head)?.split("::").next()
}

#[test]
fn each_file_uses_only_what_stands_above_it() {
    let all = sources("src");
    let order = reading_order(&all[Path::new("src/lib.rs")]);
    let place = |module: &str| order.iter().position(|name| name == module);
    let mut seen = 0;
    for (path, text) in &all {
        let module = module_of(path);
        let Some(own) = place(&module) else {
            assert!(path.ends_with("lib.rs"), "{} is in no module", path.display());
            continue;
        };
        for used in used_by(text) {
            // Macros and re-exports at the crate's root are no modules.
            let Some(other) = leads_to(&used, "crate::").and_then(place) else { continue };
            seen += 1;
            assert!(other <= own, "{} uses {used}, which stands below {module}", path.display());
        }
    }
    assert!(seen > 300, "the search has gone blind: it found {seen} uses");
}

/// Inside a chapter as well: what a file of it uses of its neighbors stands above it in the chapter's face.
#[test]
fn each_file_uses_only_those_neighbors_that_stand_above_it() {
    let all = sources("src");
    let (mut seen, mut upward) = (0, Vec::new());
    for (face, text) in &all {
        let (order, folder) = (reading_order(text), face.with_extension(""));
        let inside = folder.strip_prefix("src").unwrap().to_str().unwrap().replace('/', "::");
        for (path, text) in all.iter().filter(|(path, _)| path.starts_with(&folder) && *path != face) {
            let own = path.strip_prefix(&folder).unwrap();
            let is_neighbor = own.components().count() == 1;
            let own = own.components().next().unwrap().as_os_str().to_str().unwrap().trim_end_matches(".rs");
            let place = |module: &str| order.iter().position(|name| name == module);
            // The tests of a chapter may look everywhere.
            let Some(own_place) = place(own) else { continue };
            for used in used_by(text) {
                let within = leads_to(&used, &format!("crate::{inside}::"));
                let beside = leads_to(&used, "super::").filter(|_| is_neighbor);
                let Some(other) = within.or(beside).and_then(place) else { continue };
                seen += 1;
                if other > own_place {
                    upward.push(format!("{} uses {used}, which stands below it", path.display()));
                }
            }
        }
    }
    assert!(upward.is_empty(), "{upward:#?}");
    assert!(seen > 100, "the search has gone blind: it found {seen} uses");
}

#[test]
fn nothing_above_the_driver_awaits_but_the_stores_and_their_suite() {
    for (path, text) in sources("src") {
        let may = ["store", "conformance", "driver", "report", "two_factor", "admin"]
            .contains(&module_of(&path).as_str());
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
    assert_eq!(made["Witness::write_acknowledged()"], [("src/driver/commit.rs".to_owned(), 1)]);
    for (path, _) in &made["Witness::nothing_to_write()"] {
        assert!(path.starts_with("src/driver") || path.starts_with("src/two_factor"), "{path}");
    }
    // `struct Pass {` and `impl Pass {`, and no third.
    let in_pass: usize =
        made["Pass {"].iter().filter(|(path, _)| path == "src/tokens/pass.rs").map(|(_, n)| n).sum();
    let for_pass = made["Pass {"].iter().filter(|(path, _)| path != "src/tokens/pass.rs").count();
    assert_eq!((in_pass, for_pass), (3, 0), "{made:?}");
}

/// The rules that the manual lists.
fn rules() -> BTreeSet<u32> {
    let page = fs::read_to_string(root().join("docs/manual/rules.md")).unwrap();
    let numbers = page.lines().filter_map(|line| line.strip_prefix("* **R")?.split(' ').next()?.parse().ok());
    let rules: BTreeSet<u32> = numbers.collect();
    assert!(rules.iter().copied().eq(1..=17), "{rules:?}");
    rules
}

/// Each rule is cited by a test, and every citation is of a rule there is.
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
    assert!(cited.keys().eq(&rules()), "{cited:?}");
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

/// The manual's tables of attacks: each row names a rule and a test, and each of those tests exists.
#[test]
fn the_tests_that_the_manual_names_exist() {
    let page = fs::read_to_string(root().join("docs/manual/attacks.md")).unwrap();
    let with_tests = ["tests", "src", "benches/instructions/src"]
        .into_iter()
        .flat_map(|folder| sources(folder).into_values());
    let all_tests: String = with_tests.collect();
    let rows = page.lines().filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |"));
    let (known, mut attacks) = (rules(), Vec::new());
    for row in rows.filter(|row| !row.starts_with("attack |") && !row.starts_with("---")) {
        let [attack, held_by, tests] = row.split(" | ").collect::<Vec<_>>()[..] else { panic!("{row}") };
        assert!(!attacks.contains(&attack), "twice: {attack}");
        attacks.push(attack);
        if held_by == "types" {
            continue;
        }
        for rule in held_by.split(", ") {
            let number = rule.strip_prefix('R').and_then(|number| number.parse::<u32>().ok());
            assert!(number.is_some_and(|number| known.contains(&number)), "{rule} is no rule: {row}");
        }
        let named: Vec<&str> = tests.split('`').skip(1).step_by(2).collect();
        assert!(!named.is_empty(), "no test holds this off: {row}");
        for name in named {
            assert!(all_tests.contains(&format!("fn {name}(")), "there is no test {name}");
        }
    }
    assert!(attacks.len() >= 30, "only {} attacks were found", attacks.len());
}
