//! The smallest program that sends a span with Logfire's SDK: `hello-logfire SINK VARIANT`.

#[path = "../../resident.rs"]
mod resident;

use std::env;
use std::error::Error;

use logfire::config::{AdvancedOptions, MetricsOptions, SendToLogfire};

fn main() -> Result<(), Box<dyn Error>> {
    let before = resident::look();
    let arguments: Vec<String> = env::args().collect();
    let logfire = logfire::configure()
        .send_to_logfire(SendToLogfire::Yes)
        .with_token("rivals")
        .with_console(None)
        .with_metrics(None::<MetricsOptions>)
        .with_advanced_options(AdvancedOptions::default().with_base_url(&arguments[1]))
        .finish()?;
    if arguments.get(3).is_some() {
        resident::tell(before);
    }
    let span = logfire::span!(
        "user_message",
        gen_ai.user.id = "u42",
        gen_ai.request.model = "gpt-4o",
        input.value = "Hi",
        output.value = "Hello!",
    );
    drop(span);
    Ok(logfire.shutdown()?)
}
