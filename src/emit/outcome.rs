//! Whether what a traced piece of code gives back is an error.

use std::any::type_name;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::fmt::{self, Display};
use std::rc::Rc;
use std::sync::Arc;

/// What code that runs inside a span may give back: a `Result`, whose `Err` marks the span as failed, or a value that
/// is never an error.
///
/// It is implemented for `Result` and for the plain types of the standard library; a pointer or an `Option` is what it
/// holds, a collection is never an error. For a type of your own, an empty
/// implementation says that it is never an error; [`failure`](Outcome::failure) may look closer.
///
/// ```
/// struct Reply { text: String, refusal: Option<String> }
///
/// impl bento::Outcome for Reply {
///     fn failure(&self) -> Option<bento::Failure<'_>> {
///         self.refusal.as_ref().map(|refusal| bento::Failure::new(refusal))
///     }
/// }
///
/// let reply = bento::begin("user_turn").enter(|_| Reply { text: "Hi".into(), refusal: None });
/// ```
#[diagnostic::on_unimplemented(
    message = "bento cannot tell whether a `{Self}` is an error",
    label = "neither a `Result` nor a plain value",
    note = "return a `Result` whose error implements `Display`; for a type of your own, say that it never is one: `impl bento::Outcome for {Self} {{}}`; for somebody else's, wrap it: `Ok::<_, std::convert::Infallible>(…)`"
)]
pub trait Outcome {
    /// The error, where there is one.
    ///
    /// ```
    /// use bento::Outcome;
    ///
    /// let found: Result<u32, &str> = Err("no hits");
    /// assert!(found.failure().is_some());
    /// assert!(Some(12).failure().is_none());
    /// ```
    fn failure(&self) -> Option<Failure<'_>> {
        None
    }
}

/// An error as a span records it: `exception.type` and `exception.message`.
///
/// ```
/// let failure = bento::Failure::new(&"no hits");
/// assert_eq!(format!("{failure:?}"), "&str: no hits");
/// ```
#[derive(Clone, Copy)]
pub struct Failure<'a> {
    pub(crate) kind: &'static str,
    pub(crate) message: &'a dyn Display,
}

impl<'a> Failure<'a> {
    /// The failure that `error` stands for; its type is named by the compiler.
    ///
    /// ```
    /// let error = "12a".parse::<u32>().unwrap_err();
    /// let failure = bento::Failure::new(&error);
    /// assert_eq!(format!("{failure:?}"), "core::num::error::ParseIntError: invalid digit found in string");
    /// ```
    pub fn new<E: Display>(error: &'a E) -> Self {
        Self { kind: type_name::<E>(), message: error }
    }
}

impl fmt::Debug for Failure<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.kind, self.message)
    }
}

impl<T, E: Display> Outcome for Result<T, E> {
    fn failure(&self) -> Option<Failure<'_>> {
        self.as_ref().err().map(Failure::new)
    }
}

impl<T: Outcome> Outcome for Option<T> {
    fn failure(&self) -> Option<Failure<'_>> {
        self.as_ref()?.failure()
    }
}

macro_rules! as_what_it_points_to {
    ($($pointer:ty),*) => {
        $(impl<T: Outcome + ?Sized> Outcome for $pointer {
            fn failure(&self) -> Option<Failure<'_>> {
                (**self).failure()
            }
        })*
    };
}

as_what_it_points_to!(&T, &mut T, Box<T>, Rc<T>, Arc<T>);

macro_rules! never_errors {
    ($($type:ty),* $(,)?) => {
        $(impl Outcome for $type {})*
    };
}

never_errors!(
    (),
    bool,
    char,
    u8,
    u16,
    u32,
    u64,
    u128,
    usize,
    i8,
    i16,
    i32,
    i64,
    i128,
    isize,
    f32,
    f64,
    str,
    String,
    std::time::Duration,
    std::time::Instant,
    std::time::SystemTime,
    std::path::PathBuf,
    serde_json::Value,
    crate::SpanId,
    crate::TraceId,
    std::convert::Infallible,
);

impl<T> Outcome for Vec<T> {}
impl<T, const N: usize> Outcome for [T; N] {}
impl<T: ToOwned + ?Sized> Outcome for Cow<'_, T> {}
impl<K, V, S> Outcome for HashMap<K, V, S> {}
impl<K, V> Outcome for BTreeMap<K, V> {}
impl<A, B> Outcome for (A, B) {}
impl<A, B, C> Outcome for (A, B, C) {}
impl<A, B, C, D> Outcome for (A, B, C, D) {}
impl<T> Outcome for [T] {}
impl<T> Outcome for VecDeque<T> {}
impl<T, S> Outcome for HashSet<T, S> {}
impl<T> Outcome for BTreeSet<T> {}
