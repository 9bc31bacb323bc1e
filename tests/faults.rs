//! What goes wrong around the SDK costs no span that is not counted: the quick ones of the faults.
//! `cargo run --release --example faults` runs all of them, and measures.

#![expect(clippy::unwrap_used, reason = "a test may fail loudly")]

#[expect(dead_code, reason = "it compares no trees")]
mod example;

#[test]
fn the_quick_faults_are_survived() {
    let finished = example::run("faults", &["--short"], &[]);
    let last = finished.stdout.lines().last().unwrap_or_default();
    assert_eq!(finished.code, Some(0), "{}\n{}", finished.stdout, finished.stderr);
    assert!(last.starts_with("faults survived ") && last.ends_with("spans unaccounted 0"), "{last}");
}
