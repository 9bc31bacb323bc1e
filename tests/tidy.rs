//! The house rules that a program can check: imports go down the floors, files stay small.

#![expect(clippy::unwrap_used, reason = "a test fails loudly")]

use std::fs;
use std::path::{Path, PathBuf};

/// From the ground up: a room may import its own floor's files and the floors below.
const FLOORS: [&str; 11] = [
    "record",
    "error",
    "credential",
    "config",
    "export",
    "pipeline",
    "scope",
    "init",
    "emit",
    "otel",
    "testing",
];

fn files(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let (folders, files): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
    let sources = files.into_iter().filter(|path| path.extension().is_some_and(|name| name == "rs"));
    sources.chain(folders.iter().flat_map(|folder| self::files(folder))).collect()
}

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// The floor of a file: the first component of its path below `src`.
fn floor_of(file: &Path) -> Option<usize> {
    let room = file.strip_prefix(source()).unwrap().components().next().unwrap();
    let room = room.as_os_str().to_str().unwrap().trim_end_matches(".rs").to_owned();
    FLOORS.iter().position(|floor| *floor == room)
}

#[test]
fn imports_go_down() {
    for file in files(&source()) {
        let Some(floor) = floor_of(&file) else { continue };
        let text = fs::read_to_string(&file).unwrap();
        for line in text.lines().filter(|line| !line.trim_start().starts_with("//")) {
            for import in line.split("crate::").skip(1) {
                let room: String = import.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                let imported = FLOORS.iter().position(|floor| *floor == room);
                assert!(imported.is_none_or(|imported| imported <= floor), "{}: {line}", file.display());
            }
        }
    }
}

#[test]
fn files_have_one_idea() {
    for folder in ["src", "tests", "examples", "crates"] {
        for file in files(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)) {
            let lines = fs::read_to_string(&file).unwrap().lines().count();
            assert!(lines <= 420, "{} has {lines} lines", file.display());
        }
    }
}
