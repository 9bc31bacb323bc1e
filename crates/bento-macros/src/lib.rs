//! The attribute macros of `bento`, which re-exports and documents them.
//!
//! A macro only decides what the user's code looks like: what happens when it runs is `bento::__private`, and what
//! depends on a type is decided there too, by the compiler, where the types are known.

mod arguments;
mod body;
mod expand;
mod function;
mod future;
mod options;

use proc_macro::TokenStream;

use crate::options::Kind;

#[expect(missing_docs, reason = "it is documented where `bento` re-exports it")]
#[proc_macro_attribute]
pub fn interaction(options: TokenStream, item: TokenStream) -> TokenStream {
    expand::attribute(Kind::Interaction, options.into(), &item.into()).into()
}

#[expect(missing_docs, reason = "it is documented where `bento` re-exports it")]
#[proc_macro_attribute]
pub fn tool(options: TokenStream, item: TokenStream) -> TokenStream {
    expand::attribute(Kind::Tool, options.into(), &item.into()).into()
}
