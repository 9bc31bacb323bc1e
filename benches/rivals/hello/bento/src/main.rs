//! The smallest program that sends a span with this SDK: `hello-bento SINK VARIANT`.

#[path = "../../resident.rs"]
mod resident;

use std::env;
use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let before = resident::look();
    let arguments: Vec<String> = env::args().collect();
    let _bento = bento::builder().api_key("bl_pk_rivals").base_url(&arguments[1]).init()?;
    if arguments.get(3).is_some() {
        resident::tell(before);
    }
    bento::track_ai("user_message").user_id("u42").model("gpt-4o").input("Hi").output("Hello!").send();
    Ok(())
}
