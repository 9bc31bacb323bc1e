//! The expansion causes no warning of its own, whatever is denied.

#![deny(warnings, missing_docs, unused, unused_qualifications, unused_results, let_underscore_drop)]
#![forbid(unsafe_code)]

use std::error::Error;
use std::sync::Arc;

/// Every kind of argument.
#[bento::tool]
#[must_use]
pub fn arguments(mut list: Vec<u8>, (left, right): (u8, u8), _unused: &str, _: u8) -> Vec<u8> {
    list.extend([left, right]);
    list
}

/// Every kind of ending.
#[bento::interaction]
pub async fn endings(number: Option<u8>) -> Result<u8, Box<dyn Error + Send + Sync>> {
    if number == Some(0) {
        return Err("zero".into());
    }
    let number = number.ok_or("nothing")?;
    Ok(number)
}

/// What follows from the type of the function.
#[bento::tool]
pub async fn coerced(early: bool) -> Box<dyn Fn(&str) -> usize> {
    if early {
        return Box::new(str::len);
    }
    Box::new(|text| text.len())
}

/// As short as can be.
#[bento::tool]
pub async fn one() -> u8 {
    1
}

/// As short as can be.
#[bento::tool]
pub async fn many() -> usize {
    vec![1, 2].len()
}

/// It says that it returns.
#[bento::tool]
pub async fn never_later(text: &str) -> Result<String, String> {
    panic!("{text}")
}

/// Nothing in, nothing out.
#[bento::tool(capture_input = false, capture_output = false)]
pub async fn nothing() {}

/// Nothing of what goes in and out is captured.
#[bento::tool(skip(secret), capture_output = false)]
pub fn secret(secret: String) -> Result<String, String> {
    Ok(secret)
}

/// It does not return.
#[bento::tool]
pub fn forever() -> ! {
    loop {
        std::thread::park();
    }
}

/// It says that it returns.
#[bento::tool]
pub fn never(text: &str) -> Result<String, String> {
    panic!("{text}")
}

/// A type with methods.
#[derive(Debug, Default)]
pub struct Agent(Vec<u8>);

impl Agent {
    /// The first.
    #[bento::tool]
    pub fn first(&mut self) -> Option<&mut u8> {
        self.0.first_mut()
    }

    /// The first, later.
    #[bento::tool]
    pub async fn first_later(self: Arc<Self>) -> Option<u8> {
        self.0.first().copied()
    }
}

#[async_trait::async_trait]
trait Search {
    async fn search(&self, query: &str, limit: usize) -> usize;
}

#[async_trait::async_trait]
impl Search for Agent {
    #[bento::tool]
    async fn search(&self, query: &str, mut limit: usize) -> usize {
        limit += query.len();
        limit
    }
}

fn main() {
    assert_eq!(arguments(vec![1], (2, 3), "", 4), [1, 2, 3]);
    assert_eq!(secret(String::new()), Ok(String::new()));
    let mut agent = Agent(vec![1]);
    assert_eq!(agent.first(), Some(&mut 1));
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        nothing().await;
        assert_eq!(endings(Some(1)).await.unwrap(), 1);
        assert_eq!(agent.search("abc", 1).await, 4);
        assert_eq!(Arc::new(agent).first_later().await, Some(1));
    });
}
