//! The expansion takes no name from its surroundings, and gives none to the body.

#![no_implicit_prelude]

extern crate bento as sdk;

mod bento {}
mod core {}
mod std {}

#[allow(dead_code)]
enum Result {
    Ok,
    Err,
}
type Option = ();
#[allow(unused_macros)]
macro_rules! drop {
    () => {};
}

/// These names are the ones that the expansion uses inside.
#[sdk::tool]
fn sync(span: u8, given: u8, input: u8, __bento_span: u8) -> u8 {
    let value = __bento_span;
    span + given + input + value
}

#[sdk::interaction(crate = sdk)]
async fn later(work: u8, arguments: u8) -> ::core::result::Result<u8, u8> {
    ::core::result::Result::Ok(work + arguments)
}

#[sdk::tool(crate = crate::reexport)]
fn enumerated(_option: Option) -> Result {
    Result::Ok
}

mod reexport {
    pub use ::bento::__private;
}

fn main() {
    ::core::assert_eq!(sync(1, 2, 3, 4), 10);
    let runtime = ::tokio::runtime::Builder::new_current_thread().build();
    let sum = ::core::result::Result::unwrap(runtime).block_on(later(1, 2));
    ::core::assert_eq!(sum, ::core::result::Result::Ok(3));
    ::core::assert!(::core::matches!(enumerated(()), Result::Ok));
}
