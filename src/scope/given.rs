//! The forms in which a caller may give an identity.

/// What [`Builder::user_id`](crate::Builder::user_id), `session_id` and `tags` take: a value, or a closure that is
/// called for each span and gives a value. `None` is no value. A closure that panics costs that field only.
///
/// ```
/// # fn current_user() -> Option<String> { None }
/// let builder = bento::builder().user_id(current_user).session_id("s1").tags(|| ["env:prod"]);
/// ```
pub trait IdentitySource<T, Form>: sealed::Source<T, Form> {}

impl<T, Form, S: sealed::Source<T, Form>> IdentitySource<T, Form> for S {}

/// What is taken as tags: one string, which makes a list of one, a list of strings, or an `Option` of them.
///
/// ```
/// bento::update_current_trace().tags("env:prod").apply();
/// bento::update_current_trace().tags(["env:prod", "team:search"]).apply();
/// bento::update_current_trace().tags(std::env::var("TEAM").ok()).apply();
/// ```
pub trait IntoTags: sealed::Tags {}

impl<T: sealed::Tags> IntoTags for T {}

/// The traits behind the two above. They cannot be named, so how they read a value may change.
pub(crate) mod sealed {
    use std::borrow::Cow;
    use std::sync::Arc;

    use crate::foreign::Foreign;
    use crate::scope::identity;

    /// A value stands for itself.
    #[derive(Debug)]
    pub struct ByValue;
    /// A closure is called for each span.
    #[derive(Debug)]
    pub struct ByClosure;

    pub trait Tags {
        fn into_tags(self) -> Option<Vec<String>>;
    }

    /// What may be given for a `T`.
    pub trait Given<T> {
        fn given(self) -> Option<T>;
    }

    pub trait Source<T, Form> {
        #[expect(private_interfaces, reason = "the trait is sealed: only this crate calls it")]
        fn into_source(self) -> Option<identity::Source<T>>;
    }

    impl<T, G: Given<T>> Source<T, ByValue> for G {
        #[expect(private_interfaces, reason = "the trait is sealed: only this crate calls it")]
        fn into_source(self) -> Option<identity::Source<T>> {
            self.given().map(identity::Source::Value)
        }
    }

    impl<T, G: Given<T>, F: Fn() -> G + Send + Sync + 'static> Source<T, ByClosure> for F {
        #[expect(private_interfaces, reason = "the trait is sealed: only this crate calls it")]
        fn into_source(self) -> Option<identity::Source<T>> {
            let source = Foreign::new(self);
            Some(identity::Source::Closure(Arc::new(move || {
                source.with(|source| source().given()).flatten()
            })))
        }
    }

    macro_rules! strings {
        ($($string:ty),*) => {
            $(
                impl Given<String> for $string {
                    fn given(self) -> Option<String> {
                        Some(self.into())
                    }
                }

                impl Tags for $string {
                    fn into_tags(self) -> Option<Vec<String>> {
                        Some(vec![self.into()])
                    }
                }
            )*
        };
    }

    strings!(&str, String, &String, Cow<'_, str>);

    impl<G: Given<String>> Given<String> for Option<G> {
        fn given(self) -> Option<String> {
            self?.given()
        }
    }

    impl<T: Tags> Given<Vec<String>> for T {
        fn given(self) -> Option<Vec<String>> {
            self.into_tags()
        }
    }

    impl<T: Tags> Tags for Option<T> {
        fn into_tags(self) -> Option<Vec<String>> {
            self?.into_tags()
        }
    }

    impl<S: Into<String>> Tags for Vec<S> {
        fn into_tags(self) -> Option<Vec<String>> {
            Some(self.into_iter().map(Into::into).collect())
        }
    }

    impl<S: Into<String>, const N: usize> Tags for [S; N] {
        fn into_tags(self) -> Option<Vec<String>> {
            Some(self.into_iter().map(Into::into).collect())
        }
    }

    impl<S: AsRef<str>> Tags for &[S] {
        fn into_tags(self) -> Option<Vec<String>> {
            Some(self.iter().map(|tag| tag.as_ref().to_owned()).collect())
        }
    }

    impl<S: AsRef<str>> Tags for &Vec<S> {
        fn into_tags(self) -> Option<Vec<String>> {
            self.as_slice().into_tags()
        }
    }

    impl<S: AsRef<str>, const N: usize> Tags for &[S; N] {
        fn into_tags(self) -> Option<Vec<String>> {
            self.as_slice().into_tags()
        }
    }
}

#[cfg(test)]
#[expect(clippy::needless_borrows_for_generic_args, reason = "borrowing is what is tested")]
mod tests {
    use std::borrow::Cow;

    use super::*;

    fn tags(tags: impl IntoTags) -> Option<Vec<String>> {
        tags.into_tags()
    }

    #[test]
    fn tags_come_in_many_forms() {
        let list = || Some(vec!["a".to_owned(), "b".to_owned()]);
        assert_eq!(tags(["a", "b"]), list());
        assert_eq!(tags(&["a", "b"]), list());
        assert_eq!(tags(["a", "b"].as_slice()), list());
        assert_eq!(tags(vec!["a", "b"]), list());
        assert_eq!(tags(&vec!["a".to_owned(), "b".to_owned()]), list());
        assert_eq!(tags("a"), Some(vec!["a".to_owned()]), "one string is a list of one");
        assert_eq!(tags(&"a".to_owned()), tags(Cow::Borrowed("a")));
        assert_eq!(tags(Some("a")), tags("a"));
        assert_eq!(tags(None::<String>), None);
    }

    #[test]
    fn sources_come_in_many_forms() {
        fn user<Form>(source: impl IdentitySource<String, Form>) -> bool {
            source.into_source().is_some()
        }
        fn labels<Form>(source: impl IdentitySource<Vec<String>, Form>) -> bool {
            source.into_source().is_some()
        }
        assert!(
            user("u")
                && user(&"u".to_owned())
                && user(Some("u"))
                && user(|| "u")
                && user(|| Some("u".to_owned()))
        );
        assert!(!user(None::<&str>));
        assert!(labels("a") && labels(["a"]) && labels(|| ["a"]) && labels(|| vec!["a".to_owned()]));
        assert!(labels(|| None::<&str>));
    }
}
