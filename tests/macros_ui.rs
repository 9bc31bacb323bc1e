//! What the compiler says of code under the macros, and what it says nothing of.

#![expect(clippy::print_stderr, reason = "a skipped test says so")]

/// The compiler whose words `err/*.stderr` repeat; others word some of them differently.
const COMPILER: &str = "1.95";

#[test]
fn ok() {
    trybuild::TestCases::new().pass("tests/ui/ok/*.rs");
}

#[test]
fn err() {
    let version = std::process::Command::new("rustc").arg("--version").output();
    let version = version.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    if version.is_ok_and(|version| version.starts_with(&format!("rustc {COMPILER}"))) {
        trybuild::TestCases::new().compile_fail("tests/ui/err/*.rs");
    } else {
        eprintln!("skipped: the expected messages are those of rustc {COMPILER}");
    }
}
