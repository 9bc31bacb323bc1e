//! One run.

use super::*;

#[test]
fn the_failed_step_is_seen_at_first_sight() {
    let run = run(1, "failed", &json!({"name": "user_turn", "error_count": 2, "user_id": "u42"}));
    is(
        &opened(80, 18, run.clone(), &steps(), &failure()),
        &[
            "✗ user_turn  failed  ✗ 2 failed  1.24 s  7 steps  user u42",
            "▾✗ user_turn                          agent    1.24 s",
            "├─✓ plan                              llm      120 ms  gpt-4o             812→64",
            "├▾✓ researcher                        agent    120 ms",
            "│ ├─✗ search [2J 日本語               tool     120 ms",
            "│ └─✓ summarise                       llm      120 ms  claude-sonnet-4-5",
            "└─✓ answer                            llm      120 ms  gpt-4o",
            "",
            "",
            "── ✗ search [2J 日本語  tool  120 ms",
            "Error",
            "timeout: upstream did not answer",
            "",
            "Args",
            "{",
            "  \"q\": \"lisbon\"",
            "}",
            "● live           Tab step  / search  e error  f follow  Esc back  ? keys  q quit",
        ],
    );
    is(
        &opened(110, 14, run, &steps(), &failure()),
        &[
            "✗ user_turn  failed  ✗ 2 failed  1.24 s  7 steps  user u42",
            "▾✗ user_turn                   agent    1.24 s         │ ✗ search [2J 日本語  tool  120 ms",
            "├─✓ plan                       llm      120 ms  812→64 │ Error",
            "├▾✓ researcher                 agent    120 ms         │ timeout: upstream did not answer",
            "│ ├─✗ search [2J 日本語        tool     120 ms         │",
            "│ └─✓ summarise                llm      120 ms         │ Args",
            "└─✓ answer                     llm      120 ms         │ {",
            "                                                       │   \"q\": \"lisbon\"",
            "                                                       │ }",
            "                                                       │",
            "                                                       │",
            "                                                       │",
            "                                                       │",
            "● live                                         Tab step  / search  e error  f follow  Esc back  ? keys  q quit",
        ],
    );
}

#[test]
fn a_pending_step_is_told_from_one_that_will_never_end() {
    let steps = [
        step(1, 0, "user_turn", &json!({"kind": "agent", "status": "PENDING", "duration_ms": 0.0})),
        step(2, 1, "answer", &json!({"kind": "llm", "status": "PENDING", "duration_ms": 5.0})),
    ];
    let detail = json!({"status": "PENDING", "input": "Hi", "output": "Hel"});
    let mut state = opened(60, 14, run(1, "running", &json!({"start_time": moment(0)})), &steps, &detail);
    state.apply(Event::Key(Key::Char('f')));
    is(
        &answered(state, &[], &steps, &detail),
        &[
            "⠋ run 1  running  2.00 s  7 steps",
            "▾⠋ user_turn                                 agent    1.99 s",
            "└─⠋ answer                                   llm      1.99 s",
            "",
            "",
            "",
            "",
            "── ⠋ answer  llm  running  1.99 s",
            "Input",
            "Hi",
            "",
            "Output",
            "Hel",
            "● live  following         f follow  Esc back  ? keys  q quit",
        ],
    );
    is(
        &opened(60, 6, run(1, "unfinished", &json!({})), &steps, &detail),
        &[
            "… run 1  unfinished  1.24 s  7 steps",
            "▾… user_turn                                 agent",
            "└─… answer                                   llm",
            "",
            "",
            "● live           e error  f follow  Esc back  ? keys  q quit",
        ],
    );
    let over = opened(60, 14, run(1, "completed", &json!({})), &steps, &detail);
    assert_eq!(screen(&over)[7], "── … user_turn  agent  unfinished");
}

#[test]
fn a_run_that_is_gone_is_told_and_stays_on_the_screen() {
    let running = run(1, "running", &json!({"start_time": moment(0)}));
    let steps = [step(1, 0, "user_turn", &json!({"kind": "agent", "status": "PENDING"}))];
    let mut state = opened(80, 6, running.clone(), &steps, &json!({}));
    let gone = Answer::Run(TRACE.parse().unwrap(), Err(Failure::Missing));
    state.apply(Event::Answer(Box::new(gone)));
    let shown = screen(&state);
    assert_eq!(shown[0], "… run 1  unfinished  1.24 s  7 steps");
    assert!(shown[1].contains("… user_turn"), "{shown:#?}");
    assert!(shown[5].starts_with("✗ the backend no longer has this run  "), "{shown:#?}");
    // It comes again.
    state.apply(Event::Answer(Box::new(Answer::Run(TRACE.parse().unwrap(), Ok(running)))));
    let shown = screen(&state);
    assert!(shown[0].contains("running") && shown[5].starts_with("● live"), "{shown:#?}");
}

#[test]
fn a_low_terminal_shows_the_tree_or_the_step() {
    let run = run(1, "failed", &json!({"error_count": 2}));
    let mut state = opened(60, 6, run, &steps(), &failure());
    is(
        &state,
        &[
            "✗ run 1  failed  ✗ 2 failed  1.24 s  7 steps",
            "▾✗ user_turn                 agent    1.24 s",
            "├─✓ plan                     llm      120 ms  gpt-4o  812→64",
            "├▾✓ researcher               agent    120 ms",
            "│ ├─✗ search [2J 日本語      tool     120 ms",
            "● live           e error  f follow  Esc back  ? keys  q quit",
        ],
    );
    state.apply(Event::Key(Key::Enter));
    is(
        &state,
        &[
            "✗ run 1  failed  ✗ 2 failed  1.24 s  7 steps",
            "✗ search [2J 日本語  tool  120 ms                       42 %",
            "Error",
            "timeout: upstream did not answer",
            "",
            "● live           e error  f follow  Esc back  ? keys  q quit",
        ],
    );
}

#[test]
fn folds_and_depths_are_told() {
    let deep: Vec<_> = (1..40).map(|number| step(number, number - 1, "deep", &json!({}))).collect();
    let mut state = opened(60, 10, run(1, "completed", &json!({})), &deep, &json!({}));
    state.apply(Event::Key(Key::End));
    is(
        &answered(state, &[], &deep, &json!({})),
        &[
            "✓ run 1  completed  1.24 s  39 steps",
            "⋯31 ▾✓ deep                                   tool    120 ms",
            "⋯32 ▾✓ deep                                   tool    120 ms",
            "⋯33 ▾✓ deep                                   tool    120 ms",
            "⋯34 ▾✓ deep                                   tool    120 ms",
            "⋯35 ▾✓ deep                                   tool    120 ms",
            "⋯36 ▾✓ deep                                   tool    120 ms",
            "⋯37 ▾✓ deep                                   tool    120 ms",
            "⋯38 ─✓ deep                                   tool    120 ms",
            "● live           e error  f follow  Esc back  ? keys  q quit",
        ],
    );
    let mut state = opened(60, 5, run(1, "failed", &json!({})), &steps(), &failure());
    state.apply(Event::Key(Key::Left));
    state.apply(Event::Key(Key::Left));
    is(
        &answered(state, &[], &steps(), &failure()),
        &[
            "✗ run 1  failed  ✗ 2 failed  1.24 s  7 steps",
            "├─✓ plan                     llm      120 ms  gpt-4o  812→64",
            "├▸✓ researcher (+2, 1✗)      agent    120 ms",
            "└─✓ answer                   llm      120 ms  gpt-4o",
            "● live           e error  f follow  Esc back  ? keys  q quit",
        ],
    );
}
