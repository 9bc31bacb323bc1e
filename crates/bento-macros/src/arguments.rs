//! The names that a function's arguments bind: each is captured, and handed on to the body.

use proc_macro2::TokenStream;
use quote::quote;
use syn::ext::IdentExt;
use syn::visit_mut::{self, VisitMut};
use syn::{Attribute, Error, FnArg, Ident, PatIdent, Result, Signature, Token};

use crate::options::Options;

pub(crate) struct Arguments(Vec<Binding>);

struct Binding {
    name: Ident,
    /// `mut` goes where the body is, so that the compiler still tells when it is not needed.
    mutability: Option<Token![mut]>,
    /// The attributes of the argument. They can stand neither in a tuple nor in its pattern, so that an argument with
    /// attributes is left to the closure to take.
    attributes: Vec<Attribute>,
}

impl Arguments {
    /// The arguments of `signature`, which keeps its patterns, but for the `mut`s that move to the body.
    pub(crate) fn of(signature: &mut Signature) -> Self {
        let mut bindings = Vec::new();
        for argument in &mut signature.inputs {
            if let FnArg::Typed(argument) = argument {
                let attributes = &argument.attrs;
                Collect { attributes, bindings: &mut bindings }.visit_pat_mut(&mut argument.pat);
            }
        }
        Self(bindings)
    }

    /// `(a, b,)`
    pub(crate) fn given(&self) -> TokenStream {
        let names = self.passed().map(|binding| &binding.name);
        quote!((#(#names,)*))
    }

    /// `(a, mut b,)`
    pub(crate) fn taken(&self) -> TokenStream {
        let names = self.passed().map(|Binding { name, mutability, .. }| quote!(#mutability #name));
        quote!((#(#names,)*))
    }

    fn passed(&self) -> impl Iterator<Item = &Binding> {
        self.0.iter().filter(|binding| binding.attributes.is_empty())
    }

    /// The names to capture, each with the conditions under which it is there.
    pub(crate) fn captured(&self, options: &Options) -> Result<Vec<Captured<'_>>> {
        let skipped = options.skip.as_deref().unwrap_or_default();
        if let Some(unknown) =
            skipped.iter().find(|name| !self.0.iter().any(|binding| binding.name == **name))
        {
            return Err(Error::new(unknown.span(), format_args!("there is no argument `{unknown}`")));
        }
        let wanted = self.0.iter().filter(|binding| {
            // `async_trait` puts a name of its own in the place of a pattern; it says nothing to a reader.
            options.captures_input()
                && !skipped.contains(&binding.name)
                && !binding.name.to_string().starts_with("__arg")
        });
        Ok(wanted.map(|Binding { name, attributes, .. }| Captured { name, attributes }).collect())
    }
}

pub(crate) struct Captured<'a> {
    name: &'a Ident,
    attributes: &'a [Attribute],
}

impl Captured<'_> {
    /// The statement that puts the argument into `input`.
    pub(crate) fn put(&self, private: &TokenStream, input: &Ident) -> TokenStream {
        let Self { name, attributes } = self;
        let conditions = attributes.iter().filter(|attribute| attribute.path().is_ident("cfg"));
        let key = name.unraw().to_string();
        quote!(#(#conditions)* #[allow(clippy::used_underscore_binding)] #private::Value::new(&#name).put_input(#key, &mut #input);)
    }
}

struct Collect<'a> {
    attributes: &'a [Attribute],
    bindings: &'a mut Vec<Binding>,
}

impl VisitMut for Collect<'_> {
    fn visit_pat_ident_mut(&mut self, pattern: &mut PatIdent) {
        let name = pattern.ident.clone();
        let stays = !self.attributes.is_empty() || pattern.by_ref.is_some();
        let mutability = if stays { None } else { pattern.mutability.take() };
        // The alternatives of an or-pattern bind the same names.
        if !self.bindings.iter().any(|binding| binding.name == name) {
            self.bindings.push(Binding { name, mutability, attributes: self.attributes.to_vec() });
        }
        visit_mut::visit_pat_ident_mut(self, pattern);
    }
}
