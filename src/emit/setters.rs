//! The arguments that several builders share: written once, so that they mean the same everywhere.

/// Setters for a builder with a field `draft`.
macro_rules! setters {
    (content) => {
        /// What went in. A string is sent as it is, anything else as its JSON text; `None` and null are left out.
        pub fn input(mut self, input: impl serde_core::Serialize) -> Self {
            self.draft.set_content(crate::record::keys::INPUT, &input);
            self
        }

        /// What came out. A string is sent as it is, anything else as its JSON text; `None` and null are left out.
        pub fn output(mut self, output: impl serde_core::Serialize) -> Self {
            self.draft.set_content(crate::record::keys::OUTPUT, &output);
            self
        }
    };
    (properties) => {
        /// A property of your own. Strings, booleans, numbers and arrays of one of them keep their type; anything
        /// else becomes its JSON text. The keys that the SDK manages win over a property of the same name.
        pub fn property(mut self, key: impl AsRef<str>, value: impl serde_core::Serialize) -> Self {
            self.draft.set_property(key.as_ref().to_owned(), &value);
            self
        }

        /// Properties of your own, one for each entry of a map or field of a struct: `json!({"a": 1})`, a `HashMap`,
        /// anything that serialises as an object. Anything else is kept whole under the key `properties`.
        pub fn properties(mut self, properties: impl serde_core::Serialize) -> Self {
            self.draft.set_properties(&properties);
            self
        }
    };
    (identity) => {
        /// Whose span this is; `None` is left out.
        pub fn user_id(mut self, user: impl serde_core::Serialize) -> Self {
            self.draft.identity.user = self.draft.text(&user).or(self.draft.identity.user.take());
            self
        }

        /// The conversation it belongs to: turns with one id are shown together. `None` is left out.
        pub fn convo_id(mut self, conversation: impl serde_core::Serialize) -> Self {
            self.draft.identity.session =
                self.draft.text(&conversation).or(self.draft.identity.session.take());
            self
        }

        /// Tags of the trace: one string or a list.
        pub fn tags(mut self, tags: impl crate::scope::IntoTags) -> Self {
            self.draft.identity.tags = Some(tags.into_tags());
            self
        }
    };
    (model) => {
        /// The model that was asked for, as its provider names it.
        pub fn model(mut self, model: impl serde_core::Serialize) -> Self {
            self.draft.set_content(crate::record::keys::MODEL, &model);
            self
        }

        /// Who serves the model: `openai`, `anthropic`, `google`, `aws_bedrock`, `azure_openai`, `cohere`, `mistral`,
        /// … It is never inferred from the model.
        pub fn provider(mut self, provider: impl serde_core::Serialize) -> Self {
            self.draft.set_content(crate::record::keys::PROVIDER, &provider);
            self
        }

        /// Tokens read and written, as the provider counted them.
        pub fn tokens(mut self, input: u64, output: u64) -> Self {
            self.draft.set_tokens(input, output);
            self
        }

        /// Input tokens that the provider read from its cache.
        pub fn cached_tokens(mut self, cached: u64) -> Self {
            self.draft.set_cached_tokens(cached);
            self
        }
    };
    (kind) => {
        /// The kind of step: `retriever`, `embedding`, `agent`, `chain`, … Without one the backend reads a model call.
        pub fn kind(mut self, kind: impl serde_core::Serialize) -> Self {
            self.draft.set_content(crate::record::keys::KIND, &kind);
            self
        }
    };
    (error) => {
        /// Marks the span as failed: status error, and an `exception` event with the type and the message.
        pub fn error<E: std::fmt::Display + ?Sized>(mut self, error: &E) -> Self {
            self.draft.fail(std::any::type_name::<E>(), &error);
            self
        }
    };
    (time) => {
        /// When it started, for a span that is written after the fact.
        pub fn start_time(mut self, at: std::time::SystemTime) -> Self {
            self.started_at = Some(at);
            self
        }

        /// How long it took. Without a start time it ended when it is sent.
        pub fn duration(mut self, duration: std::time::Duration) -> Self {
            self.duration = Some(duration);
            self
        }
    };
}

/// What can be said of a span while it is open, for a guard with a field `guard`.
macro_rules! guard_setters {
    () => {
        /// What came out; the last one counts. A string is sent as it is, anything else as its JSON text.
        pub fn output(&self, output: impl serde_core::Serialize) -> &Self {
            self.guard.update(|draft| draft.set_content(crate::record::keys::OUTPUT, &output));
            self
        }

        /// What went in; the last one counts. A string is sent as it is, anything else as its JSON text.
        pub fn input(&self, input: impl serde_core::Serialize) -> &Self {
            self.guard.update(|draft| draft.set_content(crate::record::keys::INPUT, &input));
            self
        }

        /// A property of your own, by the same rules as in the builder.
        pub fn property(&self, key: impl AsRef<str>, value: impl serde_core::Serialize) -> &Self {
            self.guard.update(|draft| draft.set_property(key.as_ref().to_owned(), &value));
            self
        }

        /// Properties of your own, by the same rules as in the builder.
        pub fn properties(&self, properties: impl serde_core::Serialize) -> &Self {
            self.guard.update(|draft| draft.set_properties(&properties));
            self
        }

        /// Marks the span as failed: status error, and an `exception` event with the type and the message. The first
        /// failure stands.
        pub fn error<E: std::fmt::Display + ?Sized>(&self, error: &E) -> &Self {
            self.guard.update(|draft| draft.fail(std::any::type_name::<E>(), &error));
            self
        }

        /// Notes what a fallible step gave, and hands it back unchanged: an `Err` marks the span as failed.
        pub fn record<T: crate::Outcome>(&self, outcome: T) -> T {
            self.guard.record(&outcome);
            outcome
        }

        /// The id of this span: 16 lower-case hex digits.
        pub fn event_id(&self) -> crate::SpanId {
            self.guard.span().span_id
        }

        /// The id of the trace this span belongs to: 32 lower-case hex digits.
        pub fn trace_id(&self) -> crate::TraceId {
            self.guard.span().trace_id
        }

        /// The context inside this span, to hand to a thread or a task.
        pub fn context(&self) -> crate::Context {
            self.guard.context()
        }

        /// A model call inside this span, wherever it is written.
        pub fn track_ai(&self, event: impl AsRef<str>) -> crate::TrackAi {
            crate::TrackAi::within(self.guard.context(), event.as_ref())
        }

        /// A tool call inside this span, wherever it is written.
        pub fn tool_span(&self, name: impl AsRef<str>) -> crate::ToolSpan {
            crate::ToolSpan::within(Some(self.guard.context()), name.as_ref())
        }

        /// A nested trajectory inside this span, wherever it is written.
        pub fn begin(&self, event: impl AsRef<str>) -> crate::Begin {
            crate::Begin::within(Some(self.guard.context()), event.as_ref())
        }
    };
}

pub(super) use {guard_setters, setters};
