//! Functions and methods of every shape.

use super::*;

#[derive(Default)]
struct Agent {
    notes: Vec<String>,
}

impl Agent {
    #[bento::tool]
    fn last(&mut self, fallback: &str) -> Option<&mut String> {
        if self.notes.is_empty() {
            self.notes.push(fallback.to_owned());
        }
        self.notes.last_mut()
    }

    #[bento::tool]
    async fn last_async(&mut self) -> Result<&mut String, Refused> {
        yield_now().await;
        self.notes.last_mut().ok_or(Refused("empty"))
    }

    #[bento::tool]
    fn count(&self) -> usize {
        self.notes.len()
    }

    #[bento::tool]
    fn into_notes(mut self) -> Vec<String> {
        self.notes.push("end".to_owned());
        self.notes
    }

    #[bento::tool]
    async fn shared(self: Arc<Self>, index: usize) -> Option<String> {
        self.notes.get(index).cloned()
    }

    #[bento::tool]
    fn new() -> Self {
        Self::default()
    }

    #[bento::tool]
    #[expect(clippy::unused_self, reason = "its lifetime is under test")]
    fn words<'a>(&self, text: &'a str) -> impl Iterator<Item = &'a str> + use<'a> {
        text.split(' ')
    }
}

#[test]
fn methods() {
    let spans = block_on(capture_async(async {
        let mut agent = Agent::new();
        agent.last("first").expect("it was pushed").push('!');
        agent.last_async().await.expect("it is there").push('?');
        assert_eq!(agent.count(), 1);
        assert_eq!(agent.words("a b").count(), 2);
        let notes = agent.into_notes();
        assert_eq!(Arc::new(Agent { notes }).shared(1).await.as_deref(), Some("end"));
    }));
    assert_eq!(input(&spans, "last"), json!({"fallback": "first"}));
    assert_eq!(output(&spans, "last").as_deref(), Some("first"));
    assert_eq!(output(&spans, "last_async").as_deref(), Some("first!"));
    assert_eq!(output(&spans, "count").as_deref(), Some("1"));
    assert_eq!(output(&spans, "into_notes").as_deref(), Some(r#"["first!?","end"]"#));
    assert_eq!(input(&spans, "shared"), json!({"index": 1}));
}

#[bento::tool]
fn longest<'a>(left: &'a str, right: &'a str) -> &'a str {
    if left.len() > right.len() {
        return left;
    }
    right
}

#[bento::tool]
fn counter(step: u32) -> impl FnMut() -> u32 {
    let mut count = 0;
    move || {
        count += step;
        count
    }
}

#[bento::tool]
async fn listed(count: u8) -> Result<impl Iterator<Item = u8> + Debug, Refused> {
    if count == 0 {
        return Err(Refused("nothing"));
    }
    Ok(0..count)
}

#[bento::tool]
fn number() -> impl Display {
    5
}

#[bento::tool]
fn factorial(n: u64) -> u64 {
    if n == 0 { 1 } else { n * factorial(n - 1) }
}

#[bento::tool]
async fn countdown(n: u64) -> u64 {
    if n == 0 { 0 } else { Box::pin(countdown(n - 1)).await }
}

#[bento::tool]
fn leave() -> ! {
    std::panic::panic_any(String::from("left"))
}

#[bento::tool]
extern "C" fn foreign(number: i32) -> i32 {
    number + 1
}

#[bento::tool(crate = bento)]
fn renamed() {
    #![expect(unused_variables, reason = "it is under test")]
    let nothing = ();
}

macro_rules! traced {
    ($name:ident, $argument:ident, $type:ty, $body:block) => {
        #[bento::tool]
        fn $name($argument: $type) -> $type $body
    };
}

traced!(from_macro, number, u8, { number + 1 });

#[test]
fn functions() {
    let spans = block_on(capture_async(async {
        assert_eq!(longest("a", "bb"), "bb");
        let mut counter = counter(2);
        assert_eq!((counter(), counter()), (2, 4));
        assert_eq!(listed(2).await.expect("it counts").count(), 2);
        assert_eq!(number().to_string(), "5");
        assert_eq!(foreign(1), 2);
        renamed();
        assert_eq!(from_macro(1), 2);
    }));
    assert_eq!(output(&spans, "longest").as_deref(), Some("bb"));
    assert_eq!(input(&spans, "counter"), json!({"step": 2}));
    assert_eq!(output(&spans, "number").as_deref(), Some("5"));
    assert_eq!(output(&spans, "foreign").as_deref(), Some("2"));
    assert_eq!(input(&spans, "from_macro"), json!({"number": 1}));
    assert_eq!(spans.len(), 7);
}

#[test]
fn recursion() {
    let spans = block_on(capture_async(async {
        assert_eq!(factorial(2), 2);
        assert_eq!(countdown(1).await, 0);
    }));
    let expected =
        "factorial [tool]\n  factorial [tool]\n    factorial [tool]\ncountdown [tool]\n  countdown [tool]";
    assert_eq!(spans.tree(), expected);
}

#[test]
fn a_function_that_never_returns() {
    let spans = capture(|| catch_unwind(|| leave()).is_err());
    assert_eq!(span(&spans, "leave").error(), Some("left"));
}

#[bento::tool]
fn borrowing(cell: RefCell<Vec<u8>>) -> usize {
    cell.borrow().len()
}

#[bento::tool]
async fn not_send(shared: Rc<u8>) -> Rc<u8> {
    yield_now().await;
    shared
}

#[test]
fn what_is_not_send_stays_so() {
    let spans = block_on(capture_async(async {
        assert_eq!(borrowing(RefCell::new(vec![1])), 1);
        assert_eq!(*not_send(Rc::new(1)).await, 1);
    }));
    assert_eq!(spans.len(), 2);
}
