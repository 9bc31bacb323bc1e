//! What the examples of shared methods have in common: each type shows them in its own words.

/// The line of an example in which a builder is given `$call`, and the span that comes of it.
macro_rules! built {
    (TrackAi, $call:literal) => {
        built!("bento::track_ai(\"answer\")", $call, ".send()", "answer")
    };
    (Begin, $call:literal) => {
        built!("bento::begin(\"user_turn\")", $call, ".start()", "user_turn")
    };
    (ToolSpan, $call:literal) => {
        built!("bento::tool_span(\"search\")", $call, ".send()", "search")
    };
    (SpanUpdate, $call:literal) => {
        built!(
            "{\n    let _tool = bento::tool_span(\"search\").start();\n    bento::update_current_span()",
            $call,
            ".apply();\n}",
            "search"
        )
    };
    (TraceUpdate, $call:literal) => {
        built!(
            "{\n    let _turn = bento::begin(\"user_turn\").start();\n    bento::update_current_trace()",
            $call,
            ".apply();\n}",
            "user_turn"
        )
    };
    ($open:literal, $call:literal, $close:literal, $name:literal) => {
        concat!(
            "let spans = bento::testing::capture(|| ",
            $open,
            $call,
            $close,
            ");\nlet span = spans.find(\"",
            $name,
            "\").expect(\"it was emitted\");"
        )
    };
}

/// The lines of an example in which an open span is told `$call`, and the span that comes of it.
macro_rules! told {
    (Tool, $call:literal) => {
        told!("tool", "bento::tool_span(\"search\")", $call, "search")
    };
    (Trajectory, $call:literal) => {
        told!("turn", "bento::begin(\"user_turn\")", $call, "user_turn")
    };
    ($guard:literal, $open:literal, $call:literal, $name:literal) => {
        concat!(
            "let spans = bento::testing::capture(|| {\n    let ",
            $guard,
            " = ",
            $open,
            ".start();\n    ",
            $guard,
            $call,
            ";\n});\nlet span = spans.find(\"",
            $name,
            "\").expect(\"it was emitted\");"
        )
    };
}

/// The lines of an example in which a step is made from an open span, and the tree that comes of it.
macro_rules! grown {
    (Tool, $call:literal, $child:literal) => {
        grown!("tool", "bento::tool_span(\"search\")", $call, "search [tool]", $child)
    };
    (Trajectory, $call:literal, $child:literal) => {
        grown!("turn", "bento::begin(\"user_turn\")", $call, "user_turn", $child)
    };
    ($guard:literal, $open:literal, $call:literal, $root:literal, $child:literal) => {
        concat!(
            "let spans = bento::testing::capture(|| {\n    let ",
            $guard,
            " = ",
            $open,
            ".start();\n    std::thread::scope(|pool| {\n        pool.spawn(|| ",
            $guard,
            $call,
            ");\n    });\n});\nassert_eq!(spans.tree(), \"",
            $root,
            "\\n  ",
            $child,
            "\");"
        )
    };
}

/// The line of an example that opens a span.
macro_rules! opened {
    (Tool) => {
        "let span = bento::tool_span(\"search\").start();"
    };
    (Trajectory) => {
        "let span = bento::begin(\"user_turn\").start();"
    };
}
