//! What the library's public surface is, held against `surface.txt`: whatever is added, taken away or changed there is
//! seen in review.
//!
//! ```text
//! cargo run --manifest-path tests/public_api/Cargo.toml              compares
//! cargo run --manifest-path tests/public_api/Cargo.toml -- --write   takes what is there into surface.txt
//! ```
//!
//! It asks the compiler at hand for rustdoc's JSON, which is unstable; `RUSTC_BOOTSTRAP` lets a stable one tell it.

use std::{
    collections::BTreeSet,
    env, fs,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
};

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<ExitCode, Failure> {
    let write = match env::args().skip(1).collect::<Vec<_>>().as_slice() {
        [] => false,
        [only] if only == "--write" => true,
        _ => return Err("the only option is --write".into()),
    };
    let list = Path::new(env!("CARGO_MANIFEST_DIR")).join("surface.txt");
    let now = surface()?;
    if write {
        fs::write(list, now.join("\n") + "\n")?;
        return Ok(ExitCode::SUCCESS);
    }
    let before = fs::read_to_string(list)?;
    let (before, now): (BTreeSet<&str>, BTreeSet<&str>) =
        (before.lines().collect(), now.iter().map(String::as_str).collect());
    for gone in before.difference(&now) {
        println!("- {gone}");
    }
    for new in now.difference(&before) {
        println!("+ {new}");
    }
    if before == now {
        println!("The public surface has {} items, as surface.txt says.", now.len());
        return Ok(ExitCode::SUCCESS);
    }
    println!("If that is meant, say it in CHANGELOG.md and run this with --write.");
    Ok(ExitCode::FAILURE)
}

/// A line for each item, of all features; without what every type has.
fn surface() -> Result<Vec<String>, Failure> {
    let library = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize()?;
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| library.join("target"), PathBuf::from);
    let status = Command::new(env!("CARGO"))
        .current_dir(&library)
        .env("RUSTC_BOOTSTRAP", "1")
        .args([
            "rustdoc",
            "--locked",
            "--quiet",
            "--lib",
            "--all-features",
            "-p",
            "countersign",
            "--target-dir",
        ])
        .arg(&target)
        .args(["--", "-Z", "unstable-options", "--output-format", "json"])
        .status()?;
    if !status.success() {
        return Err("rustdoc failed".into());
    }
    let items = public_api::Builder::from_rustdoc_json(target.join("doc/countersign.json"))
        .omit_blanket_impls(true)
        .omit_auto_trait_impls(true)
        .omit_auto_derived_impls(true)
        .build()?;
    let items: BTreeSet<String> = items.items().map(ToString::to_string).collect();
    Ok(items.into_iter().collect())
}
