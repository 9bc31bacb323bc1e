//! Functions that are not `async` but give a future: what `async_trait` makes of a method, and what is written by hand.
//! There the future is what runs, not the function.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use quote::quote;
use syn::visit_mut::{self, VisitMut};
use syn::{AssocType, Signature, Type};

use crate::body::Capture;

/// A body that ends in `async move { … }` or `Box::pin(async move { … })`. A future that is returned earlier, or made
/// in another way, is not seen.
pub(crate) struct Future {
    /// What comes before the async block, or before the parentheses around it.
    before: Vec<TokenTree>,
    async_block: AsyncBlock,
    boxed: bool,
}

struct AsyncBlock {
    async_token: TokenTree,
    move_token: Option<TokenTree>,
    block: Group,
}

impl Future {
    pub(crate) fn find(body: &Group) -> Option<Self> {
        let mut before: Vec<TokenTree> = body.stream().into_iter().collect();
        let is_boxed = |last: &mut TokenTree| matches!(last, TokenTree::Group(group) if group.delimiter() == Delimiter::Parenthesis);
        if let Some(TokenTree::Group(argument)) = before.pop_if(is_boxed) {
            let mut argument: Vec<TokenTree> = argument.stream().into_iter().collect();
            let async_block = AsyncBlock::pop(&mut argument)?;
            let found = argument.is_empty() && ends_in_box_pin(&before);
            found.then_some(Self { before, async_block, boxed: true })
        } else {
            let async_block = AsyncBlock::pop(&mut before)?;
            let found = is_end_of_statement(before.last());
            found.then_some(Self { before, async_block, boxed: false })
        }
    }

    /// The block, and how it takes its surroundings.
    pub(crate) fn block(&self) -> (Capture, &Group) {
        let AsyncBlock { move_token, block, .. } = &self.async_block;
        (if move_token.is_some() { Capture::Move } else { Capture::Borrow }, block)
    }

    /// The statements with others in the place of the block's.
    pub(crate) fn with_block(&self, statements: &TokenStream) -> TokenStream {
        let Self { before, async_block: AsyncBlock { async_token, move_token, .. }, boxed } = self;
        let mut future = quote!(#async_token #move_token { #statements });
        if *boxed {
            future = quote!((#future));
        }
        quote!(#(#before)* #future)
    }
}

impl AsyncBlock {
    fn pop(tokens: &mut Vec<TokenTree>) -> Option<Self> {
        let Some(TokenTree::Group(block)) = tokens.pop() else { return None };
        let move_token = tokens.pop_if(|token| is_word(token, "move"));
        let async_token = tokens.pop_if(|token| is_word(token, "async"))?;
        (block.delimiter() == Delimiter::Brace).then_some(Self { async_token, move_token, block })
    }
}

/// Whether `async_trait` wrote the function. It moves every argument into the future, so that they can be captured
/// there, when it is polled; elsewhere they may be gone by then.
pub(crate) fn is_async_trait(signature: &Signature) -> bool {
    signature.generics.lifetimes().any(|parameter| parameter.lifetime.ident == "async_trait")
}

/// The output that the function's signature gives its future, or `_`.
pub(crate) fn output(signature: &Signature) -> Type {
    struct Find(Option<Type>);
    impl VisitMut for Find {
        fn visit_assoc_type_mut(&mut self, binding: &mut AssocType) {
            if self.0.is_none() && binding.ident == "Output" {
                self.0 = Some(binding.ty.clone());
            }
        }
    }
    let mut find = Find(None);
    visit_mut::visit_return_type_mut(&mut find, &mut signature.output.clone());
    find.0.unwrap_or_else(|| syn::parse_quote!(_))
}

fn ends_in_box_pin(tokens: &[TokenTree]) -> bool {
    let start = tokens.iter().rposition(|token| !is_in_path(token)).map_or(0, |last| last + 1);
    let (before, path) = tokens.split_at(start);
    let path: String = path.iter().map(ToString::to_string).collect();
    (path == "Box::pin" || path.ends_with("::Box::pin")) && is_end_of_statement(before.last())
}

fn is_in_path(token: &TokenTree) -> bool {
    match token {
        TokenTree::Ident(_) => true,
        TokenTree::Punct(punct) => punct.as_char() == ':',
        TokenTree::Group(_) | TokenTree::Literal(_) => false,
    }
}

/// Whether a new statement follows `last`.
fn is_end_of_statement(last: Option<&TokenTree>) -> bool {
    match last {
        None => true,
        Some(TokenTree::Punct(punct)) => punct.as_char() == ';',
        Some(TokenTree::Group(group)) => group.delimiter() == Delimiter::Brace,
        Some(TokenTree::Ident(_) | TokenTree::Literal(_)) => false,
    }
}

fn is_word(token: &TokenTree, word: &str) -> bool {
    matches!(token, TokenTree::Ident(ident) if ident == word)
}

#[cfg(test)]
mod tests {
    use proc_macro2::{Delimiter, Group};
    use quote::quote;

    use super::Future;

    fn is_found(body: proc_macro2::TokenStream) -> bool {
        Future::find(&Group::new(Delimiter::Brace, body)).is_some()
    }

    #[test]
    fn a_future_at_the_end_is_found() {
        assert!(is_found(quote!(async { 1 })));
        assert!(is_found(quote!(let a = 1; async move { a })));
        assert!(is_found(quote!(if a { b(); } async move { a })));
        assert!(is_found(quote!(Box::pin(async move { a }))));
        assert!(is_found(quote!(let a = 1; ::std::boxed::Box::pin(async { a }))));
    }

    #[test]
    fn what_only_ends_alike_is_not() {
        assert!(!is_found(quote!()));
        assert!(!is_found(quote!(async { 1 };)));
        assert!(!is_found(quote!(move || async move { 1 })));
        assert!(!is_found(quote!(|| Box::pin(async { 1 }))));
        assert!(!is_found(quote!(let a = async { 1 }; a)));
        assert!(!is_found(quote!(Either::Left(async { 1 }))));
        assert!(!is_found(quote!(Box::pin(a.then(|| async { 1 })))));
        assert!(!is_found(quote!(Some(Box::pin(async { 1 })))));
        assert!(!is_found(quote!(if a { b } else { c })));
    }
}
