//! The arguments that several builders share: written once, so that they mean the same everywhere.

/// Setters for a builder `$of` with a field `draft`.
macro_rules! setters {
    (content of $of:ident) => {
        /// What went in. A string is sent as it is, anything else as its JSON text; `None` and null are left out.
        ///
        /// ```
        #[doc = built!($of, r#".input(["bento", "rust"])"#)]
        /// assert_eq!(span.attribute("input.value"), Some(r#"["bento","rust"]"#.into()));
        /// ```
        ///
        /// Up to 1 MiB are kept, or as many bytes as [`value_bytes`](crate::Builder::value_bytes) says.
        pub fn input(mut self, input: impl serde_core::Serialize) -> Self {
            self.draft.set_content(&crate::record::keys::INPUT, &input);
            self
        }

        /// What came out. A string is sent as it is, anything else as its JSON text; `None` and null are left out.
        ///
        /// ```
        #[doc = built!($of, r#".output("12 hits")"#)]
        /// assert_eq!(span.attribute("output.value"), Some("12 hits".into()));
        /// ```
        ///
        /// Up to 1 MiB are kept, or as many bytes as [`value_bytes`](crate::Builder::value_bytes) says.
        pub fn output(mut self, output: impl serde_core::Serialize) -> Self {
            self.draft.set_content(&crate::record::keys::OUTPUT, &output);
            self
        }
    };
    (properties of $of:ident) => {
        /// A property of your own. Strings, booleans, numbers and arrays of one of them keep their type; anything
        /// else becomes its JSON text. The keys that the SDK manages win over a property of the same name.
        ///
        /// ```
        /// #[derive(serde::Serialize)]
        /// struct Page { number: u32 }
        ///
        #[doc = built!($of, r#".property("page", Page { number: 2 })"#)]
        /// assert_eq!(span.attribute("page"), Some(r#"{"number":2}"#.into()));
        /// ```
        ///
        /// Of two with one key the later counts. Null is kept as the text `null`, an integer past 64 bits as its
        /// digits.
        pub fn property(mut self, key: impl AsRef<str>, value: impl serde_core::Serialize) -> Self {
            self.draft.set_property(key.as_ref(), &value);
            self
        }

        /// Properties of your own, one for each entry of a map or field of a struct: `json!({"a": 1})`, a `HashMap`,
        /// anything that serialises as an object. Anything else is kept whole under the key `properties`.
        ///
        /// ```
        /// # use serde_json::json;
        #[doc = built!($of, r#".properties(json!({"plan": "pro"}))"#)]
        /// assert_eq!(span.attribute("plan"), Some("pro".into()));
        /// ```
        pub fn properties(mut self, properties: impl serde_core::Serialize) -> Self {
            self.draft.set_properties(&properties);
            self
        }
    };
    (identity of $of:ident) => {
        /// Whose span this is; `None` is left out. Inside a trajectory the root of the trace takes it over.
        ///
        /// ```
        #[doc = built!($of, ".user_id(42)")]
        /// assert_eq!(span.attribute("gen_ai.user.id"), Some("42".into())); // always a text
        /// ```
        pub fn user_id(mut self, user: impl serde_core::Serialize) -> Self {
            self.draft.set_user(&user);
            self
        }

        /// The conversation it belongs to: turns with one id are shown together. `None` is left out. Inside a
        /// trajectory the root of the trace takes it over.
        ///
        /// ```
        #[doc = built!($of, r#".convo_id("c1")"#)]
        /// assert_eq!(span.attribute("gen_ai.conversation.id"), Some("c1".into()));
        /// ```
        pub fn convo_id(mut self, conversation: impl serde_core::Serialize) -> Self {
            self.draft.set_session(&conversation);
            self
        }

        /// Tags of the trace: one string or a list. Inside a trajectory the root of the trace takes them over.
        ///
        /// ```
        #[doc = built!($of, r#".tags(["env:prod", "nightly"])"#)]
        /// # use serde_json::json;
        /// assert_eq!(span.attribute("langfuse.tags"), Some(json!(["env:prod", "nightly"])));
        /// ```
        pub fn tags(mut self, tags: impl crate::scope::IntoTags) -> Self {
            self.draft.set_tags(tags.into_tags());
            self
        }
    };
    (model of $of:ident) => {
        /// The model that was asked for, as its provider names it; `None` is left out.
        ///
        /// ```
        #[doc = built!($of, r#".model("claude-sonnet-4-5")"#)]
        /// assert_eq!(span.attribute("gen_ai.request.model"), Some("claude-sonnet-4-5".into()));
        /// ```
        pub fn model(mut self, model: impl serde_core::Serialize) -> Self {
            self.draft.set_content(&crate::record::keys::MODEL, &model);
            self
        }

        /// Who serves the model: `openai`, `anthropic`, `google`, `aws_bedrock`, `azure_openai`, `cohere`, `mistral`,
        /// … It is never inferred from the model; `None` is left out.
        ///
        /// ```
        #[doc = built!($of, r#".provider("aws_bedrock")"#)]
        /// assert_eq!(span.attribute("gen_ai.system"), Some("aws_bedrock".into()));
        /// ```
        pub fn provider(mut self, provider: impl serde_core::Serialize) -> Self {
            self.draft.set_content(&crate::record::keys::PROVIDER, &provider);
            self
        }

        /// Tokens read and written, as the provider counted them, under the keys of OpenTelemetry's GenAI conventions
        /// and of OpenInference.
        ///
        /// ```
        #[doc = built!($of, ".tokens(12, 7)")]
        /// assert_eq!(span.attribute("gen_ai.usage.input_tokens"), Some(12.into()));
        /// assert_eq!(span.attribute("gen_ai.usage.output_tokens"), Some(7.into()));
        /// assert_eq!(span.attribute("llm.token_count.total"), Some(19.into()));
        /// ```
        ///
        /// The other two are `llm.token_count.prompt` and `llm.token_count.completion`.
        pub fn tokens(mut self, input: u64, output: u64) -> Self {
            self.draft.set_tokens(input, output);
            self
        }

        /// Input tokens that the provider read from its cache: a part of those given to [`tokens`](Self::tokens).
        ///
        /// ```
        #[doc = built!($of, ".tokens(1200, 7).cached_tokens(1024)")]
        /// assert_eq!(span.attribute("gen_ai.usage.cache_read.input_tokens"), Some(1024.into()));
        /// assert_eq!(span.attribute("llm.token_count.prompt_details.cache_read"), Some(1024.into()));
        /// ```
        pub fn cached_tokens(mut self, cached: u64) -> Self {
            self.draft.set_cached_tokens(cached);
            self
        }
    };
    (kind of $of:ident) => {
        /// The kind of step: `retriever`, `embedding`, `agent`, `chain`, … Without one the backend reads a model call.
        ///
        /// ```
        #[doc = built!($of, r#".kind("retriever")"#)]
        /// assert_eq!(span.attribute("openinference.span.kind"), Some("retriever".into()));
        /// ```
        pub fn kind(mut self, kind: impl serde_core::Serialize) -> Self {
            self.draft.set_content(&crate::record::keys::KIND, &kind);
            self
        }
    };
    (error of $of:ident) => {
        /// Marks the span as failed: status error, and an `exception` event with the type and the message. The first
        /// failure stands.
        ///
        /// ```
        /// let error = "12a".parse::<u32>().unwrap_err();
        #[doc = built!($of, ".error(&error)")]
        /// assert_eq!(span.error(), Some("invalid digit found in string"));
        /// assert_eq!(span.error_type(), Some("core::num::error::ParseIntError"));
        /// ```
        pub fn error<E: std::fmt::Display + ?Sized>(mut self, error: &E) -> Self {
            self.draft.fail(std::any::type_name::<E>(), &error);
            self
        }
    };
    (time of $of:ident) => {
        /// When it started, for a span that is written after the fact. Without a duration it ends when it is sent, but
        /// never before it started.
        ///
        /// ```
        /// # use std::time::{Duration, SystemTime};
        /// let start = SystemTime::now() - Duration::from_secs(60);
        #[doc = built!($of, ".start_time(start)")]
        /// assert_eq!(span.start_time(), start);
        /// ```
        ///
        /// OTLP counts nanoseconds since 1970, and takes zero for unknown: an earlier time becomes the first one.
        pub fn start_time(mut self, at: std::time::SystemTime) -> Self {
            self.draft.set_start(at);
            self
        }

        /// How long it took, to the nanosecond. Without a start time it ended when it is sent.
        ///
        /// ```
        /// # use std::time::Duration;
        #[doc = built!($of, ".duration(Duration::from_millis(80))")]
        /// assert_eq!(span.duration(), Duration::from_millis(80));
        /// ```
        pub fn duration(mut self, duration: std::time::Duration) -> Self {
            self.draft.set_duration(duration);
            self
        }
    };
}

/// What can be said of a span while it is open, for a guard `$of` with a field `guard`.
macro_rules! guard_setters {
    (of $of:ident) => {
        /// What came out; the last one counts. A string is sent as it is, anything else as its JSON text; `None` and
        /// null are left out.
        ///
        /// ```
        #[doc = told!($of, r#".output("a draft").output(["12 hits"])"#)]
        /// assert_eq!(span.attribute("output.value"), Some(r#"["12 hits"]"#.into()));
        /// ```
        ///
        /// Like everything that is said of a span, it does nothing once the span has ended.
        pub fn output(&self, output: impl serde_core::Serialize) -> &Self {
            self.guard.update(|draft| draft.set_content(&crate::record::keys::OUTPUT, &output));
            self
        }

        /// What went in; the last one counts. A string is sent as it is, anything else as its JSON text; `None` and
        /// null are left out.
        ///
        /// ```
        #[doc = told!($of, r#".input("bento")"#)]
        /// assert_eq!(span.attribute("input.value"), Some("bento".into()));
        /// ```
        pub fn input(&self, input: impl serde_core::Serialize) -> &Self {
            self.guard.update(|draft| draft.set_content(&crate::record::keys::INPUT, &input));
            self
        }

        /// A property of your own, by the same rules as in [the builder](crate::TrackAi::property).
        ///
        /// ```
        #[doc = told!($of, r#".property("cached", true).property("pages", [1, 2])"#)]
        /// assert_eq!(span.attribute("cached"), Some(true.into()));
        /// assert_eq!(span.attribute("pages"), Some(serde_json::json!([1, 2])));
        /// ```
        pub fn property(&self, key: impl AsRef<str>, value: impl serde_core::Serialize) -> &Self {
            self.guard.update(|draft| draft.set_property(key.as_ref(), &value));
            self
        }

        /// Properties of your own, by the same rules as in [the builder](crate::TrackAi::properties).
        ///
        /// ```
        #[doc = told!($of, r#".properties(serde_json::json!({"plan": "pro", "seats": 3}))"#)]
        /// assert_eq!(span.attribute("seats"), Some(3.into()));
        /// ```
        pub fn properties(&self, properties: impl serde_core::Serialize) -> &Self {
            self.guard.update(|draft| draft.set_properties(&properties));
            self
        }

        /// Marks the span as failed: status error, and an `exception` event with the type and the message. The first
        /// failure stands.
        ///
        /// ```
        #[doc = told!($of, r#".error("no hits").error("no answer")"#)]
        /// assert_eq!(span.error(), Some("no hits"));
        /// ```
        pub fn error<E: std::fmt::Display + ?Sized>(&self, error: &E) -> &Self {
            self.guard.update(|draft| draft.fail(std::any::type_name::<E>(), &error));
            self
        }

        /// Notes what a fallible step gave, and hands it back unchanged: an `Err` marks the span as failed.
        ///
        /// ```
        #[doc = told!($of, r#".record("12a".parse::<u32>()).unwrap_or_default()"#)]
        /// assert_eq!(span.error(), Some("invalid digit found in string"));
        /// ```
        pub fn record<T: crate::Outcome>(&self, outcome: T) -> T {
            self.guard.record(&outcome);
            outcome
        }

        /// The id of this span: 16 lower-case hex digits.
        ///
        /// ```
        #[doc = opened!($of)]
        /// assert_eq!(span.event_id().to_string().len(), 16);
        /// ```
        pub fn event_id(&self) -> crate::SpanId {
            self.guard.span().span_id
        }

        /// The id of the trace this span belongs to: 32 lower-case hex digits.
        ///
        /// ```
        #[doc = opened!($of)]
        /// assert_eq!(span.begin("agent").start().trace_id(), span.trace_id());
        /// assert_ne!(span.begin("agent").own_trace().start().trace_id(), span.trace_id());
        /// ```
        pub fn trace_id(&self) -> crate::TraceId {
            self.guard.span().trace_id
        }

        /// The context inside this span, to hand to a thread or a task.
        ///
        /// ```
        #[doc = grown!($of, r#".context().enter(|| bento::track_ai("plan").send())"#, "plan")]
        /// ```
        pub fn context(&self) -> crate::Context {
            self.guard.context()
        }

        /// A model call inside this span, wherever it is written.
        ///
        /// ```
        #[doc = grown!($of, r#".track_ai("plan").send()"#, "plan")]
        /// ```
        pub fn track_ai(&self, event: impl AsRef<str>) -> crate::TrackAi {
            crate::TrackAi::within(Some(self.guard.context()), event.as_ref())
        }

        /// A tool call inside this span, wherever it is written.
        ///
        /// ```
        #[doc = grown!($of, r#".tool_span("fetch").send()"#, "fetch [tool]")]
        /// ```
        pub fn tool_span(&self, name: impl AsRef<str>) -> crate::ToolSpan {
            crate::ToolSpan::within(Some(self.guard.context()), name.as_ref())
        }

        /// A nested trajectory inside this span, wherever it is written.
        ///
        /// ```
        #[doc = grown!($of, r#".begin("agent").start()"#, "agent")]
        /// ```
        pub fn begin(&self, event: impl AsRef<str>) -> crate::Begin {
            crate::Begin::within(Some(self.guard.context()), event.as_ref())
        }
    };
}

pub(super) use {guard_setters, setters};
