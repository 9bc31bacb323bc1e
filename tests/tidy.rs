//! The house rules that a program can check: imports go down the floors, files stay small, what is public is shown.

#![expect(clippy::unwrap_used, reason = "a test fails loudly")]

use std::fs;
use std::path::{Path, PathBuf};

/// From the ground up: a room may import its own floor's files and the floors below.
const FLOORS: [&str; 17] = [
    "foreign",
    "record",
    "masks",
    "error",
    "credential",
    "config",
    "export",
    "pipeline",
    "scope",
    "running",
    "emit",
    "private",
    "init",
    "otel",
    "testing",
    "guide",
    "fuzzed",
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

/// The floor of a file: the first component of its path below `src`. The contents page is above them all.
fn floor_of(file: &Path) -> Option<usize> {
    let room = file.strip_prefix(source()).unwrap().components().next().unwrap();
    let room = room.as_os_str().to_str().unwrap().trim_end_matches(".rs");
    (room != "lib").then(|| floor(room).unwrap_or_else(|| unreachable!("`{room}` stands on no floor")))
}

fn floor(room: &str) -> Option<usize> {
    FLOORS.iter().position(|floor| *floor == room)
}

/// The rooms that a text imports from, with or without braces; what `crate` itself exports is nobody's room.
fn imports(text: &str) -> Vec<usize> {
    let code: String = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
    let paths = code.split("crate::").skip(1).flat_map(|path| match path.strip_prefix('{') {
        Some(braced) => braced.split('}').next().unwrap().split(',').collect(),
        None => vec![path],
    });
    let word = |path: &str| -> String {
        path.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
    };
    paths.filter_map(|path| floor(&word(path))).collect()
}

#[test]
fn imports_go_down() {
    for file in files(&source()) {
        let Some(floor) = floor_of(&file) else { continue };
        for imported in imports(&fs::read_to_string(&file).unwrap()) {
            assert!(imported <= floor, "{} imports from `{}`", file.display(), FLOORS[imported]);
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

/// Whether what is public in a file is meant for the macros or the fuzzer, and for no reader.
fn is_for_tools(file: &Path) -> bool {
    file.ends_with("private.rs")
        || file.components().any(|part| part.as_os_str() == "fuzzed")
        || file.ends_with("fuzzed.rs")
}

/// Whether a line begins a public item; a re-export shows the example of what it re-exports.
fn is_public_item(line: &str) -> bool {
    let item = line.strip_prefix("pub ").map(|item| item.trim_start_matches("async "));
    let kinds = ["fn ", "struct ", "enum ", "trait ", "const ", "mod "];
    item.is_some_and(|item| kinds.iter().any(|kind| item.starts_with(kind)))
}

/// What stands in for a doc comment with an example: one that is read from a file, and the wish to have none.
const OTHER_DOCS: [&str; 2] = ["#[doc = include_str!(", "#[doc(hidden)]"];

#[test]
fn public_items_have_examples() {
    let mut missing = Vec::new();
    for file in files(&source()).iter().filter(|file| !is_for_tools(file)) {
        let text = fs::read_to_string(file).unwrap();
        let (mut is_shown, mut is_sealed) = (false, false);
        for (number, line) in (1..).zip(text.lines()) {
            is_sealed = if is_sealed { line != "}" } else { line.ends_with("mod sealed {") };
            let line = line.trim_start();
            is_shown |= line.starts_with("/// ```") || OTHER_DOCS.iter().any(|docs| line.starts_with(docs));
            if !is_sealed && is_public_item(line) {
                // The docs of a module in a file of its own are in that file.
                let module = line.strip_prefix("pub mod ").and_then(|name| name.strip_suffix(';'));
                let docs =
                    module.map(|name| file.with_file_name(format!("{name}.rs"))).map(fs::read_to_string);
                if !is_shown && !docs.is_some_and(|docs| docs.is_ok_and(|docs| docs.contains("//! ```"))) {
                    missing.push(format!("{}:{number}: {line}", file.display()));
                }
            }
            is_shown &= line.starts_with("///") || !line.ends_with([';', '{', '}']);
        }
    }
    assert!(missing.is_empty(), "no example:\n{}", missing.join("\n"));
}
