//! What the compiler says of code under the macros, and what it says nothing of.

#[test]
fn ok() {
    trybuild::TestCases::new().pass("tests/ui/ok/*.rs");
}

#[test]
fn err() {
    trybuild::TestCases::new().compile_fail("tests/ui/err/*.rs");
}
