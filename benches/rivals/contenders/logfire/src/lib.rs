//! Logfire's SDK, which sends OTLP as HTTP/protobuf, and offers no compression.

use logfire::config::{AdvancedOptions, MetricsOptions, SendToLogfire};
use logfire::{Logfire as Handle, configure, span};
use tracing::field::Empty;
use workloads::{Call, Contender, Failure, Settings, Workload};

#[derive(Debug)]
pub struct Logfire(Handle);

impl Contender for Logfire {
    fn start(settings: Settings<'_>) -> Result<Self, Failure> {
        // Nothing but spans, as with the others; how it batches (2048 wait, 512 travel, every 500 ms) is its own affair.
        let logfire = configure()
            .send_to_logfire(SendToLogfire::Yes)
            .with_token("rivals")
            .with_console(None)
            .with_metrics(None::<MetricsOptions>)
            .with_advanced_options(AdvancedOptions::default().with_base_url(settings.sink))
            .finish()?;
        Ok(Self(logfire))
    }

    /// A span takes two of the 2048 places, because its beginning is queued as well.
    fn chunk(workload: Workload) -> usize {
        if workload == Workload::W5 { 192 } else { 1_000 }
    }

    fn call(&self, call: &Call<'_>) {
        let _span = span!(
            "user_message",
            gen_ai.user.id = call.user,
            gen_ai.conversation.id = call.conversation,
            gen_ai.request.model = call.model,
            gen_ai.system = call.provider,
            input.value = call.input,
            output.value = call.output,
            experiment = call.experiment,
            channel = call.channel,
        )
        .entered();
    }

    /// Names are literals where they are used, because a span of `tracing` has its name for good.
    fn trajectory(&self, call: &Call<'_>) {
        let turn = span!(
            "user_turn",
            gen_ai.user.id = call.user,
            gen_ai.conversation.id = call.conversation,
            input.value = call.input,
            output.value = Empty,
        )
        .entered();
        tool(
            &span!(
                "search",
                openinference.span.kind = "tool",
                input.value = call.input,
                output.value = Empty
            ),
            call,
        );
        tool(
            &span!(
                "weather",
                openinference.span.kind = "tool",
                input.value = call.input,
                output.value = Empty
            ),
            call,
        );
        tool(
            &span!(
                "calendar",
                openinference.span.kind = "tool",
                input.value = call.input,
                output.value = Empty
            ),
            call,
        );
        drop(
            span!(
                "plan",
                gen_ai.request.model = call.model,
                gen_ai.system = call.provider,
                input.value = call.input,
                output.value = call.output
            )
            .entered(),
        );
        drop(
            span!(
                "answer",
                gen_ai.request.model = call.model,
                gen_ai.system = call.provider,
                input.value = call.input,
                output.value = call.output
            )
            .entered(),
        );
        turn.record("output.value", call.output);
    }

    fn flush(&self) -> Result<(), Failure> {
        Ok(self.0.force_flush()?)
    }

    fn stop(self) {
        // Its answer tells of the last batch only.
        self.0.shutdown().ok();
    }
}

fn tool(span: &tracing::Span, call: &Call<'_>) {
    let _tool = span.enter();
    span.record("output.value", call.output);
}
