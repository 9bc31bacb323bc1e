//! What is on the screen, as text.
#![expect(clippy::unwrap_used, reason = "a test may fail loudly")]

mod list;
mod run;

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::layout::Size;
use ratatui::style::{Color, Modifier};
use serde_json::{Value, json};

use super::super::rows::{Page, Run, Step};
use super::super::state::{Answer, Effect, Event, Failure, Key, News, Question, State};
use super::*;
use crate::TraceId;

const START: u64 = 1_700_000_000_000_000_000;
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

fn moment(milliseconds: u64) -> Timestamp {
    Timestamp::from_unix_nanos(START + milliseconds * 1_000_000)
}

fn row<T: serde::de::DeserializeOwned>(mut row: Value, more: &Value) -> T {
    row.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    serde_json::from_value(row).unwrap()
}

fn run(number: u64, state: &str, more: &Value) -> Run {
    let base = json!({
        "trace_id": format!("{number:032x}"), "name": format!("run {number}"), "state": state,
        "start_time": moment(0), "duration_ms": 1240.0, "span_count": 7,
    });
    row(base, more)
}

fn step(number: u64, parent: u64, name: &str, more: &Value) -> Step {
    let parent = (parent != 0).then(|| format!("{parent:016x}"));
    let base = json!({
        "trace_id": TRACE, "span_id": format!("{number:016x}"), "parent_id": parent, "name": name, "kind": "tool",
        "status": "UNSET", "start_time": moment(number), "duration_ms": 120.0,
    });
    row(base, more)
}

/// Answers whatever is asked with these.
fn answered(mut state: State, runs: &[Run], steps: &[Step], detail: &Value) -> State {
    loop {
        state.settle();
        let effects = state.take_effects();
        if effects.is_empty() {
            return state;
        }
        for effect in effects {
            let page = || Page { items: runs.to_vec(), next_cursor: None };
            let answer = match effect {
                Effect::Watch(number, _) => {
                    state.apply(Event::News(number, News::Ready));
                    continue;
                }
                Effect::Quit => continue,
                Effect::Ask(question @ Question::Runs(..)) => Answer::Runs(question, Ok(page())),
                Effect::Ask(Question::Run(trace)) => Answer::Run(trace, Ok(runs[0].clone())),
                Effect::Ask(question @ Question::Steps(..)) => {
                    Answer::Steps(question, Ok(Page { items: steps.to_vec(), next_cursor: None }))
                }
                Effect::Ask(Question::Step(trace, span)) => {
                    let known = steps.iter().find(|step| step.span_id == span).unwrap();
                    let base = json!({"trace_id": TRACE, "span_id": span, "kind": known.kind});
                    Answer::Step(trace, span, Ok(row(base, detail)))
                }
            };
            state.apply(Event::Answer(Box::new(answer)));
        }
    }
}

fn list(width: u16, height: u16, runs: &[Run]) -> State {
    let state = State::new(None, Size { width, height }, moment(75_000));
    answered(state, runs, &[], &json!({}))
}

fn opened(width: u16, height: u16, run: Run, steps: &[Step], detail: &Value) -> State {
    let trace: TraceId = TRACE.parse().unwrap();
    let state = State::new(Some(trace), Size { width, height }, moment(2_000));
    answered(state, &[run], steps, detail)
}

fn origin() -> Origin {
    Origin { base_url: "http://127.0.0.1:8080".to_owned(), workspace: "local".to_owned(), has_key: false }
}

fn terminal(state: &State, colors: bool) -> Terminal<TestBackend> {
    let origin = origin();
    let mut terminal = Terminal::new(TestBackend::new(state.size.width, state.size.height)).unwrap();
    terminal.draw(|frame| draw(frame, state, &origin, Theme::new(colors))).unwrap();
    terminal
}

/// The screen's lines, without the blanks at their ends.
fn screen(state: &State) -> Vec<String> {
    let terminal = terminal(state, true);
    let buffer = terminal.backend().buffer();
    let lines = (0..state.size.height).map(|y| {
        let mut line = String::new();
        let mut covered = 0;
        for x in 0..state.size.width {
            let symbol = buffer[(x, y)].symbol();
            if covered == 0 {
                line.push_str(symbol);
                covered = text::width(symbol).saturating_sub(1);
            } else {
                covered -= 1;
            }
        }
        line.trim_end().to_owned()
    });
    lines.collect()
}

fn is(state: &State, expected: &[&str]) {
    let screen = screen(state);
    assert!(screen == expected, "the screen is: {screen:#?}");
}

fn runs() -> [Run; 4] {
    [
        run(4, "running", &json!({"name": "user_turn", "start_time": moment(70_000), "span_count": 3})),
        run(
            3,
            "failed",
            &json!({"name": "旅行 planner", "error_count": 2, "total_tokens": 12_345, "cost": 0.0123, "models": ["gpt-4o", "claude"], "user_id": "u42"}),
        ),
        run(
            2,
            "cancelled",
            &json!({"name": "a name that goes on and on and on and on until nobody reads it"}),
        ),
        run(1, "unfinished", &json!({"name": ""})),
    ]
}

fn steps() -> [Step; 6] {
    [
        step(1, 0, "user_turn", &json!({"kind": "agent", "status": "ERROR", "duration_ms": 1240.0})),
        step(
            2,
            1,
            "plan",
            &json!({"kind": "llm", "model": "gpt-4o", "input_tokens": 812, "output_tokens": 64}),
        ),
        step(3, 1, "researcher", &json!({"kind": "agent"})),
        step(4, 3, "search\u{1b}[2J 日本語", &json!({"status": "ERROR"})),
        step(5, 3, "summarise", &json!({"kind": "llm", "model": "claude-sonnet-4-5"})),
        step(6, 1, "answer", &json!({"kind": "llm", "model": "gpt-4o"})),
    ]
}

fn failure() -> Value {
    json!({"status": "ERROR", "status_message": "timeout: upstream did not answer", "input": "{\"q\":\"lisbon\"}"})
}

#[test]
fn the_last_line_tells_how_things_stand() {
    let last = |state: &State| screen(state).pop().unwrap();
    let mut state = list(80, 4, &runs());
    state.apply(Event::News(1, News::Lost("the answer broke off".to_owned())));
    assert_eq!(last(&state), "✗ connection lost, retrying  the answer broke off");
    assert!(screen(&state)[2].contains("user_turn"), "what is shown stays");
    state.apply(Event::News(1, News::Refused));
    assert_eq!(last(&state), "✗ the key is refused  set BENTOLABS_API_KEY and start again");
    state.apply(Event::News(1, News::Poll));
    let mut state = answered(state, &runs(), &[], &json!({}));
    assert!(last(&state).starts_with("● every second  "), "{}", last(&state));
    "/日本 x".chars().for_each(|c| state.apply(Event::Key(Key::Char(c))));
    assert_eq!(last(&state), "/日本 x");
    let mut terminal = terminal(&state, true);
    terminal.backend_mut().assert_cursor_position((7, 3));
    "y".repeat(200).chars().for_each(|c| state.apply(Event::Key(Key::Char(c))));
    assert_eq!(last(&state), format!("/{}", "y".repeat(78)));
}

#[test]
fn the_keys_are_shown_whatever_the_size() {
    for (width, height) in [(80, 24), (30, 9), (10, 5), (3, 3), (1, 1), (0, 0)] {
        let mut state = list(width, height, &runs());
        state.apply(Event::Key(Key::Char('?')));
        let screen = screen(&state);
        assert_eq!(
            screen.iter().any(|line| line.contains("q, Ctrl-C")),
            width > 20 && height > 8,
            "{screen:#?}"
        );
    }
}

#[test]
fn every_size_can_be_drawn() {
    let size = |width, height| Event::Resized(width, height);
    let mut list = list(80, 24, &runs());
    let mut run = opened(80, 24, run(1, "failed", &json!({})), &steps(), &failure());
    for (width, height) in (0..=130).step_by(3).flat_map(|width| (0..30).map(move |height| (width, height))) {
        for state in [&mut list, &mut run] {
            state.apply(size(width, height));
            state.settle();
            assert_eq!(screen(state).len(), usize::from(height));
        }
    }
}

#[test]
fn colours_are_the_terminal_s_own_or_none() {
    let state = opened(80, 18, run(1, "failed", &json!({"error_count": 1})), &steps(), &failure());
    let cells = |colors| terminal(&state, colors).backend().buffer().content().to_vec();
    let used: Vec<_> =
        cells(true).iter().map(|cell| cell.fg).filter(|color| *color != Color::Reset).collect();
    let sixteen = |color: &Color| !matches!(color, Color::Rgb(..) | Color::Indexed(_));
    assert!(!used.is_empty() && used.iter().all(sixteen), "{used:?}");
    let plain = cells(false);
    assert!(plain.iter().all(|cell| (cell.fg, cell.bg) == (Color::Reset, Color::Reset)));
    assert!(plain.iter().any(|cell| cell.modifier.contains(Modifier::REVERSED)), "the selection is seen");
}

#[test]
fn nothing_on_the_screen_drives_the_terminal() {
    let bad = "a\u{1b}]0;x\u{7}\u{202e}b\u{9b}2J";
    let row = run(1, "failed", &json!({"name": bad, "user_id": bad, "models": [bad]}));
    let span = step(1, 0, bad, &json!({"kind": bad, "model": bad, "status": "ERROR"}));
    let detail = json!({"status": "ERROR", "status_message": bad, "input": bad, "attributes": {bad: bad}});
    let mut states = [list(120, 20, std::slice::from_ref(&row)), opened(120, 20, row, &[span], &detail)];
    states[0].apply(Event::Key(Key::Char('/')));
    bad.chars().for_each(|c| states[0].apply(Event::Key(Key::Char(c))));
    for state in &states {
        let screen = screen(state).concat();
        assert!(screen.contains('a') && screen.chars().all(crate::terminal::is_text), "{screen:?}");
    }
}
