//! What holds of the project as a whole, read off its files and off what cargo says of them. Nothing here runs the
//! library.

mod cargo;
mod dependencies;
mod diagrams;
mod manual;
mod package;
mod papers;
mod readme;
mod tidy;

use std::{collections::BTreeSet, fs, path::Path};

/// The folder of the repository.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every file below a folder of the repository, named from its root: without what is built there, and what is hidden.
fn below(folder: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let (path, name) = (entry.path(), entry.file_name());
            let is_ours = name != "target" && !name.as_encoded_bytes().starts_with(b".");
            if is_ours && entry.file_type().unwrap().is_dir() {
                folders.push(path);
            } else if is_ours {
                found.insert(path.strip_prefix(root()).unwrap().to_str().unwrap().replace('\\', "/"));
            }
        }
    }
    found
}
