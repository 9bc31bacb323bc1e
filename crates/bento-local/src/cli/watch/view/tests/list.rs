//! The list of runs.

use super::*;

#[test]
fn the_list_tells_what_runs_did() {
    is(
        &list(80, 8, &runs()),
        &[
            "Runs  all                                           local  http://127.0.0.1:8080",
            "  NAME                  STATE       STEPS     TOKENS      COST     TIME  STARTED",
            "⠋ user_turn             running         3                        5.00 s      5 s",
            "✗ 旅行 planner          failed       2✗ 7     12 345   $0.0123   1.24 s    1 min",
            "⊘ a name that goes on…  cancelled       7                        1.24 s    1 min",
            "… (no name)             unfinished      7                        1.24 s    1 min",
            "",
            "● live                             Enter open  / search  s state  ? keys  q quit",
        ],
    );
    is(
        &list(120, 7, &runs()),
        &[
            "Runs  all                                                                                   local  http://127.0.0.1:8080",
            "  NAME                                    STATE       MODELS          USER  STEPS     TOKENS      COST     TIME  STARTED",
            "⠋ user_turn                               running                               3                        5.00 s      5 s",
            "✗ 旅行 planner                            failed      gpt-4o, claude  u42    2✗ 7     12 345   $0.0123   1.24 s    1 min",
            "⊘ a name that goes on and on and on and…  cancelled                             7                        1.24 s    1 min",
            "… (no name)                               unfinished                            7                        1.24 s    1 min",
            "● live                                                                     Enter open  / search  s state  ? keys  q quit",
        ],
    );
}

#[test]
fn a_narrow_terminal_shows_what_matters_most() {
    is(
        &list(40, 7, &runs()),
        &[
            "Runs  all   local  http://127.0.0.1:8080",
            "  NAME                     TIME  STARTED",
            "⠋ user_turn              5.00 s      5 s",
            "✗ 旅行 planner           1.24 s    1 min",
            "⊘ a name that goes on…   1.24 s    1 min",
            "… (no name)              1.24 s    1 min",
            "● live           s state  ? keys  q quit",
        ],
    );
    is(&list(14, 4, &runs()), &["Runs  all", "  NAME", "⠋ user_turn", "● live  q quit"]);
}

#[test]
fn an_empty_list_says_what_to_do() {
    is(
        &list(80, 11, &[]),
        &[
            "Runs  all                                           local  http://127.0.0.1:8080",
            "",
            "No runs yet. They appear here as they arrive.",
            "",
            "Send the first one:",
            "",
            "  export BENTOLABS_BASE_URL=http://127.0.0.1:8080",
            "  export BENTOLABS_API_KEY=bl_pk_local",
            "  cargo run      # your agent; or: bento doctor",
            "",
            "● live                             Enter open  / search  s state  ? keys  q quit",
        ],
    );
    let mut terminal = Terminal::new(TestBackend::new(80, 11)).unwrap();
    let origin = Origin { has_key: true, ..origin() };
    terminal.draw(|frame| draw(frame, &list(80, 11, &[]), &origin, Theme::new(true))).unwrap();
    let line: String = (0..80).map(|x| terminal.backend().buffer()[(x, 7)].symbol()).collect();
    assert_eq!(line.trim_end(), "  # BENTOLABS_API_KEY is set already");
    let mut state = list(80, 4, &[]);
    state.apply(Event::Key(Key::Char('s')));
    is(
        &answered(state, &[], &[], &json!({})),
        &[
            "Runs  running                                       local  http://127.0.0.1:8080",
            "",
            "No run is like that. Esc shows all of them, s other states.",
            "● live                             Enter open  / search  s state  ? keys  q quit",
        ],
    );
}
