//! The function under the attribute. Its body stays a stream of tokens: nothing in it needs to be understood, and what
//! is wrong with it is better told by the compiler.

use proc_macro2::{Delimiter, Group};
use syn::parse::ParseStream;
use syn::{Attribute, Error, Ident, Result, Signature, Token, Visibility, braced};

use crate::options::Kind;

pub(crate) struct Function {
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) visibility: Visibility,
    pub(crate) signature: Signature,
    /// Attributes that are written inside the body, and hold for the whole function.
    pub(crate) inner_attributes: Vec<Attribute>,
    pub(crate) body: Group,
}

impl Function {
    pub(crate) fn parse(kind: Kind, input: ParseStream<'_>) -> Result<Self> {
        let attributes = input.call(Attribute::parse_outer)?;
        let visibility = input.parse()?;
        if !starts_function(&input.fork()) {
            return Err(input.error(format_args!("`{}` goes on a function", kind.name())));
        }
        let signature: Signature = input.parse()?;
        if let Some(constant) = signature.constness {
            let message =
                "a `const fn` may run while the program is compiled, where there is nothing to trace";
            return Err(Error::new(constant.span, message));
        }
        if input.peek(Token![;]) {
            let message = "there is no body to trace: put the attribute on the implementation";
            return Err(Error::new(signature.ident.span(), message));
        }
        let statements;
        let braces = braced!(statements in input);
        let inner_attributes = statements.call(Attribute::parse_inner)?;
        let mut body = Group::new(Delimiter::Brace, statements.parse()?);
        body.set_span(braces.span.join());
        Ok(Self { attributes, visibility, signature, inner_attributes, body })
    }
}

/// Whether a function follows: a `const` may also begin a constant, an `unsafe` an implementation.
fn starts_function(input: ParseStream<'_>) -> bool {
    while input.peek(Token![const])
        || input.peek(Token![async])
        || input.peek(Token![unsafe])
        || input.peek(Token![extern])
        || input.peek(syn::LitStr)
    {
        if input.step(|cursor| cursor.token_tree().ok_or_else(|| cursor.error(""))).is_err() {
            return false;
        }
    }
    input.peek(Token![fn]) || (input.peek(Ident) && input.peek2(Token![fn]))
}
