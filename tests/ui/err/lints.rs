//! The lints find in a body what they would find without the macro.

#![deny(unused_variables, unused_mut, unused_must_use, unreachable_code)]

#[bento::tool]
fn unused(query: &str, (left, _): (u8, u8), mut list: Vec<u8>) -> usize {
    list.len()
}

#[bento::tool]
async fn unused_later(query: String, mut list: Vec<u8>) -> usize {
    list.len()
}

#[bento::tool]
#[must_use]
fn count() -> usize {
    return 1;
    2
}

fn main() {
    count();
    unused_later(String::new(), Vec::new());
}
