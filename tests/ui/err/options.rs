#[bento::tool(event = "search")]
fn other_name() {}

#[bento::interaction(name = "turn")]
fn other_event() {}

#[bento::tool(colour = 1)]
fn unknown() {}

#[bento::tool(name = 1)]
fn not_a_text() {}

#[bento::tool(name)]
fn no_text() {}

#[bento::tool(name =)]
fn still_no_text() {}

#[bento::tool(capture_input = "no")]
fn not_a_switch() {}

#[bento::tool(capture_output)]
fn no_switch() {}

#[bento::tool(name = "a", name = "b")]
fn twice() {}

#[bento::tool(skip(secret, word))]
fn no_such_argument(secret: &str) {}

#[bento::tool(skip(secret, secret))]
fn skipped_twice(secret: &str) {}

#[bento::tool(skip = secret)]
fn not_a_list(secret: &str) {}

#[bento::tool("search")]
fn no_option() {}

#[bento::tool(name = "a" capture_input = false)]
fn no_comma() {}

struct Agent;

impl Agent {
    #[bento::tool(skip(self))]
    fn method(&self) {}
}

fn main() {
    // What is wrong with an attribute does not make its function unknown.
    no_such_argument("");
}
