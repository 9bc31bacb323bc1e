//! Sentry's SDK, which sends each root span as an envelope of its own, and compresses nothing.

use std::time::Duration;

use sentry::{ClientInitGuard, ClientOptions, TransactionContext, start_transaction};
use workloads::{Call, Contender, Failure, Settings, TOOLS, TURNS, Workload};

const PATIENCE: Duration = Duration::from_secs(60);

pub struct Sentry(ClientInitGuard);

impl std::fmt::Debug for Sentry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sentry")
    }
}

impl Contender for Sentry {
    fn start(settings: Settings<'_>) -> Result<Self, Failure> {
        let dsn = settings.sink.replacen("http://", "http://key@", 1) + "/1";
        // 30 envelopes may wait by default, which no workload could do without drops.
        let options = ClientOptions::new()
            .dsn(&dsn)
            .traces_sample_rate(1.0)
            .auto_session_tracking(false)
            .transport_channel_capacity(2_048);
        let guard = sentry::init(options);
        if guard.is_enabled() { Ok(Self(guard)) } else { Err("its DSN was refused".into()) }
    }

    fn chunk(workload: Workload) -> usize {
        if workload == Workload::W5 { 192 } else { 1_500 }
    }

    fn call(&self, call: &Call<'_>) {
        let span = start_transaction(TransactionContext::new("user_message", "gen_ai.chat"));
        span.set_data("gen_ai.user.id", call.user.into());
        span.set_data("gen_ai.conversation.id", call.conversation.into());
        span.set_data("gen_ai.request.model", call.model.into());
        span.set_data("gen_ai.system", call.provider.into());
        span.set_data("input.value", call.input.into());
        span.set_data("output.value", call.output.into());
        span.set_data("experiment", call.experiment.into());
        span.set_data("channel", call.channel.into());
        span.finish();
    }

    fn trajectory(&self, call: &Call<'_>) {
        let turn = start_transaction(TransactionContext::new("user_turn", "gen_ai.invoke_agent"));
        turn.set_data("gen_ai.user.id", call.user.into());
        turn.set_data("gen_ai.conversation.id", call.conversation.into());
        turn.set_data("input.value", call.input.into());
        for name in TOOLS {
            let tool = turn.start_child("gen_ai.execute_tool", name);
            tool.set_data("openinference.span.kind", "tool".into());
            tool.set_data("input.value", call.input.into());
            tool.set_data("output.value", call.output.into());
            tool.finish();
        }
        for event in TURNS {
            let span = turn.start_child("gen_ai.chat", event);
            span.set_data("gen_ai.request.model", call.model.into());
            span.set_data("gen_ai.system", call.provider.into());
            span.set_data("input.value", call.input.into());
            span.set_data("output.value", call.output.into());
            span.finish();
        }
        turn.set_data("output.value", call.output.into());
        turn.finish();
    }

    fn flush(&self) -> Result<(), Failure> {
        if self.0.flush(Some(PATIENCE)) { Ok(()) } else { Err("flush says false".into()) }
    }

    fn stop(self) {
        // Its guard waits for two seconds.
        drop(self.0);
    }
}
