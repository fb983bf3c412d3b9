//! The holes that were closed, as patches that put them back: `holes/play` does, and sees each game lost.

use std::{fs, path::Path, process::Command};

/// A hole that cannot be put back any more proves nothing.
#[test]
fn each_hole_can_still_be_put_back() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = root.join("tests/it/proofs/holes");
    let is_patch = |name: &String| Path::new(name).extension().is_some_and(|of| of == "patch");
    let names = fs::read_dir(&folder).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
    let patches: Vec<String> = names.filter(is_patch).collect();
    assert!(patches.len() >= 10, "only {patches:?}");
    for patch in patches {
        let text = fs::read_to_string(folder.join(&patch)).unwrap();
        let first = text.lines().next().unwrap();
        assert!(first.starts_with('R') && first.ends_with('.'), "{patch} does not say what it is");
        let applied = Command::new("git")
            .args(["apply", "--check"])
            .arg(folder.join(&patch))
            .current_dir(root)
            .output();
        let applied = applied.expect("git is installed by tests/run");
        assert!(applied.status.success(), "{patch}: {}", String::from_utf8_lossy(&applied.stderr));
    }
}
