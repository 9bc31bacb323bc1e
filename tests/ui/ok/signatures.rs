//! Signatures that are easily lost on the way into a closure. That they compile is the test.

#![deny(warnings)]
#![allow(dead_code)]

use std::error::Error;
use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;

use serde::Serialize;
use tokio::task::yield_now;

struct Part<'a, T: ?Sized, const N: usize>(&'a T, [u8; N]);

impl<'a, T: ?Sized + Serialize + Sync, const N: usize> Part<'a, T, N> {
    #[bento::tool]
    fn sized(&self, of: [u8; N]) -> (&'a T, [u8; N]) {
        (self.0, of)
    }

    #[bento::tool]
    async fn later<'b>(&self, first: &'b str, second: &str) -> Result<(&'a T, &'b str), Box<dyn Error>> {
        if second.is_empty() {
            Err("empty")?;
        }
        Ok((self.0, first))
    }

    #[bento::tool]
    async fn sent(&self, first: &str) -> &'a T {
        yield_now().await;
        let _ = first;
        self.0
    }
}

struct List(Vec<u8>);

impl List {
    #[bento::tool]
    async fn grown(&mut self) -> &mut u8 {
        yield_now().await;
        self.0.push(1);
        &mut self.0[0]
    }

    #[bento::tool]
    fn each(&mut self) -> impl Iterator<Item = &mut u8> {
        self.0.iter_mut()
    }

    #[bento::tool]
    async fn with(&mut self, mut change: impl AsyncFnMut(&mut Vec<u8>)) {
        change(&mut self.0).await;
    }

    #[bento::tool]
    async fn pinned(self: Pin<&mut Self>) -> usize {
        self.0.len()
    }

    #[bento::tool]
    async fn by_value(mut self) -> Self {
        self.0.push(1);
        self
    }
}

trait Tools: Sync {
    #[bento::tool]
    fn provided(&self, query: &str) -> usize {
        query.len()
    }

    #[bento::tool]
    fn future(&self, query: &str) -> impl Future<Output = usize> + Send {
        async move {
            yield_now().await;
            query.len()
        }
    }
}

impl Tools for List {}

#[async_trait::async_trait]
trait Dynamic {
    async fn pattern(&self, pair: (String, u8)) -> Result<u8, String>;
    async fn generic<T: Serialize + Send + Sync>(&mut self, owned: T, borrowed: &T) -> T;
}

#[async_trait::async_trait]
impl Dynamic for List {
    #[bento::tool]
    async fn pattern(&self, (text, mut number): (String, u8)) -> Result<u8, String> {
        number += self.0.len() as u8;
        yield_now().await;
        text.parse().map(|parsed: u8| parsed + number).map_err(|error| error.to_string())
    }

    #[bento::tool]
    async fn generic<T: Serialize + Send + Sync>(&mut self, owned: T, _borrowed: &T) -> T {
        owned
    }
}

#[async_trait::async_trait(?Send)]
trait Local {
    async fn local(&self, shared: std::rc::Rc<u8>) -> u8;
}

#[async_trait::async_trait(?Send)]
impl Local for List {
    #[bento::tool]
    async fn local(&self, shared: std::rc::Rc<u8>) -> u8 {
        yield_now().await;
        *shared
    }
}

#[bento::tool]
async fn higher_ranked<'a, T, F>(value: &'a T, of: F) -> &'a T
where
    T: Debug + Sync,
    F: for<'x> Fn(&'x T) -> &'x T + Send,
{
    yield_now().await;
    of(value);
    value
}

#[bento::tool]
async fn unsized_arguments(of: &(dyn for<'a> Fn(&'a str) -> usize + Sync), text: &str) -> usize {
    yield_now().await;
    of(text)
}

#[bento::tool]
async fn captured<'a>(first: &'a str, others: &[&'a str]) -> impl Iterator<Item = &'a str> + Send {
    yield_now().await;
    [first].into_iter().chain(others.first().copied())
}

#[bento::tool]
fn labelled(numbers: &[u8]) -> Option<u8> {
    'found: {
        for number in numbers {
            if *number > 1 {
                break 'found Some(*number);
            }
        }
        None
    }
}

#[bento::tool]
async fn forever() -> ! {
    loop {
        yield_now().await;
    }
}

fn is_send<T: Send>(_: T) {}

fn main() {
    let part = Part("text", [0; 3]);
    let mut list = List(Vec::new());
    is_send(part.sent("a"));
    is_send(list.future("a"));
    is_send(list.pattern((String::new(), 1)));
    is_send(list.generic(1, &2));
    is_send(list.grown());
    is_send(higher_ranked(&1, |number| number));
    is_send(unsized_arguments(&|text| text.len(), "a"));
    is_send(captured("a", &["b"]));
    let _: Pin<Box<dyn Future<Output = &str> + Send + '_>> = Box::pin(part.sent("a"));
}
