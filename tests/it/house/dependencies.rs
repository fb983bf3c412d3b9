//! What the library is built from: how much it is, which Rust it needs, under which licenses it comes, and from where.
//!
//! The functions here judge lists of packages and return their complaints. They do not know where a list comes from, so
//! that each is shown a bad one, too.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

use serde_json::Value;
use spdx::{Expression, ParseMode};

use super::{below, cargo, root};

/// How many packages the bare library may consist of, itself included.
const MOST_PACKAGES: usize = 45;

/// What the bare library must never pull in. A star stands for any ending.
const HEAVY: [&str; 16] = [
    "axum*",
    "chrono",
    "hyper*",
    "libsqlite3-sys",
    "openssl*",
    "rand",
    "reqwest",
    "ring",
    "rustls",
    "serde*",
    "sqlx*",
    "time",
    "tokio",
    "tokio-*",
    "tracing",
    "tracing-*",
];

/// What must be there once even beside a driver: two versions would be two places to mend when a hole is found. (sqlx
/// brings an older `sha2` of its own.)
const ONCE: [&str; 6] = ["chacha20", "chacha20poly1305", "getrandom", "poly1305", "sha1", "zeroize"];

/// Packages of the bare library that do not say which Rust they need. It is widely built with much older ones than ours.
const SILENT: [&str; 2] = ["csv-core", "tinyvec"];

/// The same of what features bring, as far as it is of a later edition than 2018. What is of an earlier one is taken to
/// need no new Rust.
const SILENT_OF_FEATURES: [&str; 7] = [
    "adler2",
    "hyper-timeout",
    "libsqlite3-sys",
    "matchit",
    "miniz_oxide",
    "sync_wrapper",
    "unicode-properties",
];

/// The registry, as cargo writes it.
const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";

#[derive(Clone, Debug)]
struct Package {
    name: String,
    version: String,
    /// The Rust that it says it needs.
    rust: Option<Rust>,
    edition: u32,
    license: Option<String>,
}

/// A version of Rust.
type Rust = [u32; 3];

/// Reads `1.88` and `1.88.0`.
fn rust(version: &str) -> Rust {
    let mut numbers = version.split('.').map(|number| number.parse().expect("a version of Rust"));
    [(); 3].map(|()| numbers.next().unwrap_or(0))
}

/// All packages of the workspace.
fn all(metadata: &Value) -> Vec<Package> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let package = |package: &Value| Package {
        name: text(&package["name"]).unwrap(),
        version: text(&package["version"]).unwrap(),
        rust: package["rust_version"].as_str().map(rust),
        edition: package["edition"].as_str().unwrap().parse().unwrap(),
        license: text(&package["license"]),
    };
    metadata["packages"].as_array().unwrap().iter().map(package).collect()
}

/// What the library is built from with these features, itself included.
fn built_from(features: &str, edges: &str, among: &[Package]) -> Option<Vec<Package>> {
    let described = |(name, version): (String, String)| {
        let found = among.iter().find(|package| package.name == name && package.version == version);
        found.unwrap_or_else(|| panic!("the metadata lacks {name} {version}")).clone()
    };
    Some(cargo::built_from(features, edges)?.into_iter().map(described).collect())
}

fn is_called(name: &str, pattern: &str) -> bool {
    pattern.strip_suffix('*').map_or(name == pattern, |beginning| name.starts_with(beginning))
}

fn too_heavy(packages: &[Package], most: usize) -> Vec<String> {
    let heavy = |package: &&Package| HEAVY.iter().any(|heavy| is_called(&package.name, heavy));
    let too_many = (packages.len() > most).then(|| format!("{} packages, at most {most}", packages.len()));
    packages.iter().filter(heavy).map(|package| package.name.clone()).chain(too_many).collect()
}

/// What needs a newer Rust than was promised, or does not say what it needs.
fn too_new(packages: &[Package], promised: Rust, may_be_silent: impl Fn(&Package) -> bool) -> Vec<String> {
    let complaint = |package: &Package| match package.rust {
        Some(needed) if needed > promised => Some(format!("{} needs Rust {needed:?}", package.name)),
        None if !may_be_silent(package) => Some(format!("{} does not say which Rust", package.name)),
        _ => None,
    };
    packages.iter().filter_map(complaint).collect()
}

/// Of which there are several versions.
fn several(packages: &[Package]) -> BTreeSet<&str> {
    let mut seen = BTreeSet::new();
    packages.iter().map(|package| &*package.name).filter(|name| !seen.insert(*name)).collect()
}

/// What comes under terms that are not allowed, or does not say under which.
fn not_licensed(packages: &[Package], allowed: &[String]) -> Vec<String> {
    let is_allowed = |license: &str| {
        let terms = Expression::parse_mode(license, ParseMode::LAX).ok()?;
        let one = |term: &spdx::LicenseReq| allowed.contains(&term.to_string());
        Some(terms.evaluate(one))
    };
    let complaint = |package: &Package| match &package.license {
        Some(license) if is_allowed(license) == Some(true) => None,
        license => Some(format!("{} {}: {license:?}", package.name, package.version)),
    };
    packages.iter().filter_map(complaint).collect()
}

/// Of the packages in a lock file, those that are from elsewhere than the registry or the repository, or without a
/// checksum. `ours` are the packages of the repository.
fn from_elsewhere(lock: &Value, ours: &[String]) -> Vec<String> {
    let complaint = |package: &Value| {
        let name = package["name"].as_str().unwrap();
        match (package["source"].as_str(), package["checksum"].as_str()) {
            (Some(REGISTRY), Some(checksum)) if checksum.len() == 64 => None,
            (None, None) if ours.iter().any(|ours| ours == name) => None,
            (source, checksum) => Some(format!("{name}: from {source:?}, checksum {checksum:?}")),
        }
    };
    lock["package"].as_array().unwrap().iter().filter_map(complaint).collect()
}

/// The features and the Rust that each needs, as README tells them: the table that begins with these two words.
fn told(readme: &str) -> BTreeMap<String, Rust> {
    let cells = |line: &str| -> Vec<String> {
        line.trim().trim_matches('|').split(" | ").map(|cell| cell.trim().to_owned()).collect()
    };
    let from_the_head = readme.lines().skip_while(|line| {
        let head = cells(line);
        head.first().is_none_or(|first| first != "feature") || head.last().is_none_or(|last| last != "Rust")
    });
    let rows = from_the_head.skip(2).take_while(|line| line.starts_with('|')).map(cells);
    rows.map(|row| (row[0].split('`').nth(1).unwrap().to_owned(), rust(row.last().unwrap()))).collect()
}

fn toml(path: &str) -> Value {
    let text = fs::read_to_string(root().join(path)).unwrap();
    basic_toml::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn words(list: &Value) -> Vec<String> {
    list.as_array().unwrap().iter().map(|word| word.as_str().unwrap().to_owned()).collect()
}

#[test]
fn the_bare_library_is_lean() {
    let Some(metadata) = cargo::metadata() else { return };
    let Some(bare) = built_from("default", "normal", &all(metadata)) else { return };
    assert!(bare.len() > 20, "the search has gone blind: {bare:?}");
    assert_eq!(too_heavy(&bare, MOST_PACKAGES), [""; 0]);
}

#[test]
fn what_is_ours_is_there_in_one_version() {
    let Some(metadata) = cargo::metadata() else { return };
    let packages = all(metadata);
    let Some(bare) = built_from("default", "normal", &packages) else { return };
    assert_eq!(several(&bare), BTreeSet::new());
    let features: Vec<&str> = declared(metadata).into_iter().collect();
    let Some(with_all) = built_from(&features.join(","), "normal", &packages) else { return };
    for name in ONCE {
        assert!(with_all.iter().any(|package| package.name == name), "{name} is not there at all");
        assert!(!several(&with_all).contains(name), "{name} is there in several versions");
    }
}

fn declared(metadata: &Value) -> BTreeSet<&str> {
    let packages = metadata["packages"].as_array().unwrap();
    let library = packages.iter().find(|package| package["name"] == "countersign").unwrap();
    library["features"].as_object().unwrap().keys().map(String::as_str).collect()
}

/// The oldest Rust that is promised cannot be tried where only one is installed. So this reads what the dependencies say
/// of themselves; of the library's own code, clippy's `incompatible_msrv` sees what the standard library lacked then.
#[test]
fn no_feature_needs_a_newer_rust_than_readme_says() {
    let Some(metadata) = cargo::metadata() else { return };
    let packages = all(metadata);
    let told = told(&fs::read_to_string(root().join("README.md")).unwrap());
    let mut in_readme: BTreeSet<&str> = told.keys().map(String::as_str).collect();
    in_readme.insert("default");
    assert_eq!(in_readme, declared(metadata), "README has a row for each feature");

    let own = packages.iter().find(|package| package.name == "countersign").unwrap().rust;
    assert_eq!(Some(told["std"]), own, "the package promises what README says of the bare library");

    let Some(bare) = built_from("default", "normal,build", &packages) else { return };
    let mut seen_silent = BTreeSet::new();
    for (feature, promised) in &told {
        let Some(built_from) = built_from(feature, "normal,build", &packages) else { return };
        let may_be_silent = |package: &Package| {
            let name = &*package.name;
            let is_bare = bare.iter().any(|bare| bare.name == name && bare.version == package.version);
            let is_old = package.edition <= 2018 || SILENT_OF_FEATURES.contains(&name);
            SILENT.contains(&name) || !is_bare && is_old
        };
        assert_eq!(too_new(&built_from, *promised, may_be_silent), [""; 0], "with {feature}");
        let silent = built_from.into_iter().filter(|package| package.rust.is_none());
        seen_silent.extend(silent.map(|package| package.name));
    }
    for silent in SILENT.iter().chain(&SILENT_OF_FEATURES) {
        assert!(
            seen_silent.contains(*silent),
            "{silent} is gone, or says which Rust it needs: strike it off the list"
        );
    }
}

/// Of the whole workspace with all features, on whatever platform: what a host builds, what the portal is built from,
/// and what the tests use.
#[test]
fn everything_comes_under_a_license_that_is_allowed() {
    let Some(metadata) = cargo::metadata() else { return };
    let packages = all(metadata);
    let allowed = words(&toml("deny.toml")["licenses"]["allow"]);
    assert_eq!(not_licensed(&packages, &allowed), [""; 0]);
    for license in &allowed {
        let others: Vec<String> = allowed.iter().filter(|other| *other != license).cloned().collect();
        assert!(
            !not_licensed(&packages, &others).is_empty(),
            "nothing needs {license}: strike it off the list"
        );
    }
}

#[test]
fn nothing_is_banned() {
    let Some(metadata) = cargo::metadata() else { return };
    let deny = &toml("deny.toml")["bans"]["deny"];
    let banned: Vec<&str> =
        deny.as_array().unwrap().iter().map(|ban| ban["crate"].as_str().unwrap()).collect();
    assert!(banned.contains(&"openssl-sys") && banned.contains(&"native-tls"), "{banned:?}");
    let found: Vec<Package> =
        all(metadata).into_iter().filter(|package| banned.contains(&&*package.name)).collect();
    assert!(found.is_empty(), "{found:?}");
}

/// In each lock file of the repository: the benches and whatever else is outside of the workspace have their own.
#[test]
fn everything_comes_from_the_registry_and_has_a_checksum() {
    let files = below("");
    let named = |name: &'static str| files.iter().filter(move |path| path.rsplit('/').next() == Some(name));
    let ours: Vec<String> = named("Cargo.toml")
        .filter_map(|path| Some(toml(path)["package"]["name"].as_str()?.to_owned()))
        .collect();
    let mut seen = 0;
    for lock in named("Cargo.lock") {
        seen += 1;
        assert_eq!(from_elsewhere(&toml(lock), &ours), [""; 0], "{lock}");
    }
    assert!(seen >= 5, "the search has gone blind: it found {seen}");
}

/// What the checks above say when there is something to say.
mod complaints {
    use super::*;

    fn package(name: &str, version: &str) -> Package {
        let (rust, license) = (Some([1, 70, 0]), Some("MIT".to_owned()));
        Package { name: name.to_owned(), version: version.to_owned(), rust, edition: 2021, license }
    }

    #[test]
    fn of_one_package_too_many_and_of_a_heavy_one() {
        let packages =
            ["countersign", "sha1", "tokio", "sqlx-core", "timer"].map(|name| package(name, "1.0.0"));
        assert_eq!(too_heavy(&packages, 4), ["tokio", "sqlx-core", "5 packages, at most 4"]);
        assert_eq!(too_heavy(&packages[..2], 2), [""; 0]);
    }

    #[test]
    fn of_a_newer_rust_and_of_one_that_is_not_said() {
        let newer = Package { rust: Some(rust("1.88.1")), ..package("newer", "1.0.0") };
        let silent = |name| Package { rust: None, ..package(name, "1.0.0") };
        let packages = [package("older", "1.0.0"), newer, silent("known"), silent("new")];
        assert_eq!(
            too_new(&packages, rust("1.88"), |package| package.name == "known"),
            ["newer needs Rust [1, 88, 1]", "new does not say which Rust"],
        );
        assert_eq!(too_new(&packages[..2], rust("1.100"), |_| false), [""; 0], "numbers, and no text");
    }

    #[test]
    fn of_two_versions() {
        let packages = [package("sha2", "0.10.9"), package("sha2", "0.11.1"), package("sha1", "0.11.0")];
        assert_eq!(several(&packages), BTreeSet::from(["sha2"]));
    }

    #[test]
    fn of_terms_that_are_not_allowed() {
        let under = |license: Option<&str>| {
            let package = Package { license: license.map(str::to_owned), ..package("it", "1.0.0") };
            not_licensed(&[package], &["MIT".to_owned(), "Apache-2.0".to_owned()]).len()
        };
        let free = ["MIT", "MIT OR GPL-3.0-only", "Apache-2.0/MIT", "(GPL-2.0-only OR MIT) AND Apache-2.0"];
        for license in free {
            assert_eq!(under(Some(license)), 0, "{license}");
        }
        let not =
            ["GPL-3.0-only", "MIT AND GPL-3.0-only", "Apache-2.0 WITH LLVM-exception", "Custom, ask us", ""];
        for license in not {
            assert_eq!(under(Some(license)), 1, "{license}");
        }
        assert_eq!(under(None), 1);
    }

    #[test]
    fn of_what_is_not_from_the_registry() {
        let lock = |lines: &str| -> Value {
            basic_toml::from_str(&format!("[[package]]\nname = \"it\"\n{lines}")).unwrap()
        };
        let checksum = format!("checksum = \"{}\"", "0".repeat(64));
        let source = |from: &str| format!("source = \"{from}\"");
        let git = "git+https://git.example/it?rev=1#1";
        assert_eq!(from_elsewhere(&lock(&format!("{}\n{checksum}", source(REGISTRY))), &[]), [""; 0]);
        assert_eq!(from_elsewhere(&lock(""), &["it".to_owned()]), [""; 0]);
        for elsewhere in [
            lock(""),
            lock(&source(REGISTRY)),
            lock(&source(git)),
            lock(&format!("{}\n{checksum}", source(git))),
            lock(&format!("{}\n{checksum}", source("registry+https://registry.example/index"))),
        ] {
            assert_eq!(from_elsewhere(&elsewhere, &[]).len(), 1, "{elsewhere}");
        }
    }

    #[test]
    fn the_table_in_readme_is_read() {
        let readme = "| a | b |\n| --- | --- |\n\n| feature | what | Rust |\n| --- | --- | --- |\n\
            | `std` (on) | all [`x`] | 1.88 |\n| `sqlite` | on sqlx | 1.94 |\n\n| `c` | d | 9 |\n";
        let read = told(readme);
        assert_eq!(read, BTreeMap::from([("sqlite".to_owned(), [1, 94, 0]), ("std".to_owned(), [1, 88, 0])]));
    }
}
