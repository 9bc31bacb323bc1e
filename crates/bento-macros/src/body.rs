//! The user's block as a closure, which is held to the type that its function declares.

use proc_macro2::{Group, Ident, Span, TokenStream};
use quote::quote_spanned;
use syn::spanned::Spanned;
use syn::visit_mut::{self, VisitMut};
use syn::{Token, Type, parse_quote};

/// A block, the values it is given and the names it takes them under.
pub(crate) struct Body<'a> {
    /// Whether it takes its surroundings with it.
    pub(crate) capture: Capture,
    pub(crate) given: TokenStream,
    pub(crate) taken: TokenStream,
    pub(crate) output: Type,
    pub(crate) block: &'a Group,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Capture {
    Move,
    Borrow,
}

impl Body<'_> {
    pub(crate) fn closure(&self) -> TokenStream {
        let (Self { taken, output, block, .. }, moves) = (self, self.moves());
        quote_spanned!(self.span()=> #moves |#taken| -> #output #block)
    }

    /// The compiler holds the block of an async closure to the closure's type when it is done with the block, too late
    /// for what is inside to follow from it: so it is told inside, for each `return` and for the end.
    pub(crate) fn async_closure(&self) -> TokenStream {
        let (Self { taken, output, block, .. }, moves) = (self, self.moves());
        if let Type::Never(_) = output {
            return quote_spanned!(self.span()=> async #moves |#taken| -> #output #block);
        }
        let mut returned = local("returned");
        // Where the value is not of the type, the compiler shows where the type is from.
        returned.set_span(output.span().resolved_at(returned.span()));
        quote_spanned! {self.span()=>
            async #moves |#taken| -> #output {
                if let ::core::option::Option::Some(#returned) = ::core::option::Option::None::<#output> {
                    #[allow(unreachable_code)]
                    return #returned;
                }
                let #returned: #output = #block;
                #[allow(unreachable_code)]
                #returned
            }
        }
    }

    fn moves(&self) -> Option<Token![move]> {
        (self.capture == Capture::Move).then(|| Token![move](self.span()))
    }

    /// What the compiler has to say of the closure as a whole, it says where the block is.
    fn span(&self) -> Span {
        self.block.span().resolved_at(Span::mixed_site())
    }
}

/// A name that the user's code cannot see.
pub(crate) fn local(name: &str) -> Ident {
    Ident::new(&format!("__bento_{name}"), Span::mixed_site())
}

/// The type as a closure can name it: `impl Trait` is left to the compiler.
pub(crate) fn inferable(ty: &Type) -> Type {
    struct ImplTraits;
    impl VisitMut for ImplTraits {
        fn visit_type_mut(&mut self, ty: &mut Type) {
            if let Type::ImplTrait(_) = ty {
                *ty = parse_quote!(_);
            }
            visit_mut::visit_type_mut(self, ty);
        }
    }
    let mut ty = ty.clone();
    ImplTraits.visit_type_mut(&mut ty);
    ty
}
