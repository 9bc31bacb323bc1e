//! What stands between the parentheses of the attribute.

use std::fmt::Display;

use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Error, Expr, ExprLit, Ident, Lit, LitBool, LitStr, Path, Result, Token, parenthesized};

/// Which of the two macros was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Interaction,
    Tool,
}

#[derive(Default)]
pub(crate) struct Options {
    /// What the span is called, where it is not the function's name.
    pub(crate) name: Option<LitStr>,
    capture_input: Option<LitBool>,
    capture_output: Option<LitBool>,
    pub(crate) skip: Option<Vec<Ident>>,
    /// Where `bento` is found, for a crate that re-exports it under another path.
    pub(crate) bento: Option<Path>,
}

impl Kind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Interaction => "interaction",
            Self::Tool => "tool",
        }
    }

    /// The option that names the span.
    fn naming(self) -> &'static str {
        match self {
            Self::Interaction => "event",
            Self::Tool => "name",
        }
    }
}

impl Options {
    pub(crate) fn captures_input(&self) -> bool {
        self.capture_input.as_ref().is_none_or(LitBool::value)
    }

    pub(crate) fn captures_output(&self) -> bool {
        self.capture_output.as_ref().is_none_or(LitBool::value)
    }

    pub(crate) fn parse(kind: Kind, input: ParseStream<'_>) -> Result<Self> {
        let mut options = Self::default();
        while !input.is_empty() {
            let option = input.call(Ident::parse_any)?;
            match option.to_string().as_str() {
                name if name == kind.naming() => set(&mut options.name, &option, || text(&option, input))?,
                "capture_input" => set(&mut options.capture_input, &option, || switch(&option, input))?,
                "capture_output" => set(&mut options.capture_output, &option, || switch(&option, input))?,
                "skip" => set(&mut options.skip, &option, || list(&option, input))?,
                "crate" => set(&mut options.bento, &option, || assigned(&option, "bento", input))?,
                _ => return Err(unknown(kind, &option)),
            }
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(options)
    }
}

fn set<T>(slot: &mut Option<T>, option: &Ident, parse: impl FnOnce() -> Result<T>) -> Result<()> {
    if slot.is_some() {
        return Err(Error::new(option.span(), format_args!("`{option}` is given twice")));
    }
    *slot = Some(parse()?);
    Ok(())
}

fn text(option: &Ident, input: ParseStream<'_>) -> Result<LitStr> {
    match assigned(option, "\"…\"", input)? {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Ok(text),
        other => Err(Error::new_spanned(other, format_args!("`{option}` is a string literal"))),
    }
}

fn switch(option: &Ident, input: ParseStream<'_>) -> Result<LitBool> {
    match assigned(option, "false", input)? {
        Expr::Lit(ExprLit { lit: Lit::Bool(switch), .. }) => Ok(switch),
        other => Err(Error::new_spanned(other, format_args!("`{option}` is `true` or `false`"))),
    }
}

fn list(option: &Ident, input: ParseStream<'_>) -> Result<Vec<Ident>> {
    if !input.peek(syn::token::Paren) {
        return Err(incomplete(option, "skip(argument, …)"));
    }
    let names;
    parenthesized!(names in input);
    let names = Punctuated::<_, Token![,]>::parse_terminated_with(&names, Ident::parse_any)?;
    let names: Vec<Ident> = names.into_iter().collect();
    for (index, name) in names.iter().enumerate() {
        if name == "self" {
            return Err(Error::new(name.span(), "`self` is never captured"));
        }
        if names[..index].contains(name) {
            return Err(Error::new(name.span(), format_args!("`{name}` is skipped twice")));
        }
    }
    Ok(names)
}

fn assigned<T: Parse>(option: &Ident, example: &str, input: ParseStream<'_>) -> Result<T> {
    if !input.peek(Token![=]) {
        return Err(incomplete(option, format_args!("{option} = {example}")));
    }
    input.parse::<Token![=]>()?;
    if input.is_empty() {
        return Err(incomplete(option, format_args!("{option} = {example}")));
    }
    input.parse()
}

fn incomplete(option: &Ident, example: impl Display) -> Error {
    Error::new(option.span(), format_args!("`{option}` is written `{example}`"))
}

fn unknown(kind: Kind, option: &Ident) -> Error {
    let message = format!(
        "unknown option `{option}`: `{}` takes `{} = \"…\"`, `capture_input = …`, `capture_output = …` and `skip(…)`",
        kind.name(),
        kind.naming(),
    );
    Error::new(option.span(), message)
}
