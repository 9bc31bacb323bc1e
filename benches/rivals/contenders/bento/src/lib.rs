//! This SDK, as its users have it: the defaults, and the builder.

use std::time::Duration;

use workloads::{Call, Contender, Failure, Settings, TOOLS, TURNS, Workload};

const PATIENCE: Duration = Duration::from_secs(60);

#[derive(Debug)]
pub struct Bento(bento::Guard);

impl Contender for Bento {
    fn start(settings: Settings<'_>) -> Result<Self, Failure> {
        Ok(Self(bento::builder().api_key("bl_pk_rivals").base_url(settings.sink).init()?))
    }

    /// Of small spans 2048 may wait, of which it sends 512 at a time, and begins with the first 512. Of large ones
    /// as many wait as with the others.
    fn chunk(workload: Workload) -> usize {
        if workload == Workload::W5 { 192 } else { 2_048 }
    }

    fn call(&self, call: &Call<'_>) {
        bento::track_ai("user_message")
            .user_id(call.user)
            .convo_id(call.conversation)
            .model(call.model)
            .provider(call.provider)
            .input(call.input)
            .output(call.output)
            .property("experiment", call.experiment)
            .property("channel", call.channel)
            .send();
    }

    fn trajectory(&self, call: &Call<'_>) {
        let turn = bento::begin("user_turn")
            .user_id(call.user)
            .convo_id(call.conversation)
            .input(call.input)
            .start();
        for name in TOOLS {
            let tool = bento::tool_span(name).input(call.input).start();
            tool.output(call.output);
        }
        for event in TURNS {
            bento::track_ai(event)
                .model(call.model)
                .provider(call.provider)
                .input(call.input)
                .output(call.output)
                .send();
        }
        // It is ended by its drop where `finish` is not asked for its result.
        turn.output(call.output);
    }

    fn flush(&self) -> Result<(), Failure> {
        Ok(bento::flush(PATIENCE)?)
    }

    fn known_drops(&self) -> Option<u64> {
        Some(bento::status().losses().total())
    }

    fn stop(self) {
        // What could not be delivered has been told by `flush`, or shows in what the sink counts.
        bento::shutdown(PATIENCE).ok();
    }
}
