//! The function as it runs: its body becomes a closure, which `bento::__private` calls inside the span.
//!
//! ```text
//! async fn handle(mut message: String) -> Result<String> {
//!     let span = bento::__private::interaction("user_turn", {
//!         let mut input = bento::__private::Input::new();
//!         bento::__private::Value::new(&message).put_input("message", &mut input);
//!         input
//!     });
//!     let given = (message,);
//!     let work = bento::__private::taking(&given, async move |(mut message,)| -> Result<String> {
//!         // … the type of the block, then:
//!         let returned: Result<String> = { … };
//!         returned
//!     });
//!     span.run(work(given), |value, span| match bento::__private::Returned::new(value).split() {
//!         Ok(value) => bento::__private::Value::new(value).put_output(span),
//!         Err(error) => bento::__private::Error::new(error).failed(),
//!     })
//!     .await
//! }
//! ```
//!
//! The closure takes the arguments as its own, so that they live as long as a function's do, and that the compiler's
//! lints see them as it would without the macro.

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream};
use quote::{ToTokens, quote};
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::{Result, ReturnType, Type, parse_quote};

use crate::arguments::Arguments;
use crate::body::{Body, Capture, inferable, local};
use crate::function::Function;
use crate::future::{self, Future};
use crate::options::{Kind, Options};

pub(crate) fn attribute(kind: Kind, options: TokenStream, item: &TokenStream) -> TokenStream {
    let parse_options = |input: ParseStream<'_>| Options::parse(kind, input);
    let parse_function = |input: ParseStream<'_>| Function::parse(kind, input);
    let options = parse_options.parse2(options);
    let function = parse_function.parse2(item.clone());
    let expanded = function.and_then(|function| Expansion::new(kind, options?, function).function());
    expanded.unwrap_or_else(|error| {
        // With the function left as it is, its callers do not fail as well.
        let error = error.into_compile_error();
        quote!(#error #item)
    })
}

struct Expansion {
    kind: Kind,
    options: Options,
    function: Function,
    /// `::bento::__private`
    private: TokenStream,
}

impl Expansion {
    fn new(kind: Kind, options: Options, function: Function) -> Self {
        let bento = options.bento.clone().unwrap_or_else(|| parse_quote!(::bento));
        Self { kind, options, function, private: quote!(#bento::__private) }
    }

    fn function(&self) -> Result<TokenStream> {
        let Function { attributes, visibility, signature, inner_attributes, body } = &self.function;
        let mut signature = signature.clone();
        let arguments = Arguments::of(&mut signature);
        let input = self.input(&arguments)?;
        let future = if signature.asyncness.is_none() { Future::find(body) } else { None };
        let statements = match &future {
            None => self.called(&arguments, &input),
            Some(future) => {
                // The body stays in the function, and with it the `mut`s.
                signature = self.function.signature.clone();
                self.polled(future, &input)
            }
        };
        let mut block = Group::new(Delimiter::Brace, quote!(#(#inner_attributes)* #statements));
        // The compiler takes a function to be where its braces are.
        block.set_span(body.span());
        Ok(quote!(#(#attributes)* #visibility #signature #block))
    }

    /// The function's body, run when the function is called or, where it is async, polled.
    fn called(&self, arguments: &Arguments, input: &TokenStream) -> TokenStream {
        let Function { signature, body, .. } = &self.function;
        let output = match &signature.output {
            ReturnType::Default => parse_quote!(()),
            ReturnType::Type(_, output) => inferable(output),
        };
        let (given, taken) = (arguments.given(), arguments.taken());
        let body = Body { capture: Capture::Move, given, taken, output, block: body };
        if signature.asyncness.is_some() { self.awaited(&body, input) } else { self.entered(&body, input) }
    }

    /// The function's body with another block in its future.
    fn polled(&self, future: &Future, input: &TokenStream) -> TokenStream {
        let signature = &self.function.signature;
        let (capture, block) = future.block();
        let (given, taken) = (quote!(()), quote!(()));
        let body = Body { capture, given, taken, output: inferable(&future::output(signature)), block };
        if future::is_async_trait(signature) {
            return future.with_block(&self.awaited(&body, input));
        }
        let captured = local("input");
        let block = self.awaited(&body, &captured.to_token_stream());
        let statements = future.with_block(&block);
        quote!(let #captured = #input; #statements)
    }

    fn entered(&self, body: &Body<'_>, input: &TokenStream) -> TokenStream {
        let (span, given) = (local("span"), local("given"));
        let (opening, note) = (self.opening(body, input), self.note(&body.output));
        let closure = body.closure();
        quote! {
            #opening
            #span.enter(#given, #closure, #note)
        }
    }

    /// The async closure is called here and not in `run`: the compiler would not see that what generic code makes of it
    /// is `Send`, where an argument has a lifetime (rust-lang/rust#110338).
    fn awaited(&self, body: &Body<'_>, input: &TokenStream) -> TokenStream {
        let private = &self.private;
        let (span, given, work) = (local("span"), local("given"), local("work"));
        let (opening, note) = (self.opening(body, input), self.note(&body.output));
        let closure = body.async_closure();
        quote! {
            #opening
            let #work = #private::taking(&#given, #closure);
            #span.run(#work(#given), #note).await
        }
    }

    /// The statements before the body: the span takes note of the arguments, then the body may have them, also those
    /// whose names say that they are not used.
    fn opening(&self, body: &Body<'_>, input: &TokenStream) -> TokenStream {
        let Self { kind, private, .. } = self;
        let (span, given) = (local("span"), local("given"));
        let open = Ident::new(kind.name(), Span::call_site());
        let name = match &self.options.name {
            Some(name) => name.value(),
            None => self.function.signature.ident.unraw().to_string(),
        };
        let values = &body.given;
        quote! {
            let #span = #private::#open(#name, #input);
            #[allow(clippy::used_underscore_binding)]
            let #given = #values;
        }
    }

    /// The arguments, as they are before the body may take them.
    fn input(&self, arguments: &Arguments) -> Result<TokenStream> {
        let private = &self.private;
        let captured = arguments.captured(&self.options)?;
        if captured.is_empty() {
            return Ok(quote!(#private::Input::none()));
        }
        let input = local("input");
        let puts = captured.iter().map(|argument| argument.put(private, &input));
        Ok(quote!({
            let mut #input = #private::Input::new();
            #(#puts)*
            #input
        }))
    }

    /// What the span notes of the value that the body gives. The compiler chooses between methods of one name, by the
    /// types it knows: an alias of `Result` is a `Result`, and what cannot be serialised is left out.
    fn note(&self, output: &Type) -> TokenStream {
        let private = &self.private;
        match output {
            Type::Never(_) => return quote!(#private::nothing),
            Type::Tuple(tuple) if tuple.elems.is_empty() => return quote!(#private::nothing),
            _ => {}
        }
        let (value, span, error) = (local("value"), local("span"), local("error"));
        let succeeded = if self.options.captures_output() {
            quote!(::core::result::Result::Ok(#value) => #private::Value::new(#value).put_output(#span))
        } else {
            quote!(::core::result::Result::Ok(_) => #private::nothing(#value, #span))
        };
        quote! {
            |#value, #span| match #private::Returned::new(#value).split() {
                #succeeded,
                ::core::result::Result::Err(#error) => #private::Error::new(#error).failed(),
            }
        }
    }
}
