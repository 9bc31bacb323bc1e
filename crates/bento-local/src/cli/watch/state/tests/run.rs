//! One run.

use super::super::super::rows::Detail;
use super::*;

#[test]
fn the_failed_step_is_selected_unless_somebody_has_moved() {
    let steps = || {
        vec![
            step(1, 0, "ERROR"),
            step(2, 1, "OK"),
            step(3, 1, "ERROR"),
            step(4, 3, "ERROR"),
            step(5, 1, "OK"),
        ]
    };
    assert_eq!(Scene::run("failed", steps()).tree(), "1 .2 .3 >..4 .5", "the deepest one");

    let (mut scene, _) = Scene::new(Some(trace(1)));
    scene.hear(News::Ready);
    scene.steps(Question::Steps(trace(1), None), page(steps()[..2].to_vec(), true));
    scene.press(&[Key::Down]);
    scene.steps(Question::Steps(trace(1), Some(span(2))), page(steps()[2..].to_vec(), false));
    assert_eq!(scene.tree(), "1 >.2 .3 ..4 .5");
    scene.write("e");
    assert_eq!(scene.tree(), "1 .2 >.3 ..4 .5");
    scene.write("ee");
    assert_eq!(scene.tree(), ">1 .2 .3 ..4 .5", "round again");
}

#[test]
fn a_growing_tree_does_not_jump() {
    let mut scene = Scene::run("running", (10..50).map(|number| step(number, 0, "OK")).collect());
    scene.press(&[Key::PageDown, Key::PageDown]);
    let line = |scene: &Scene| scene.opened().scroll.index - scene.opened().scroll.first;
    let (before, selected) = (line(&scene), scene.opened().selected().unwrap().span_id);
    for number in [3, 4, 60, 61] {
        scene.hear(News::Step(Box::new(step(number, 0, "PENDING"))));
    }
    // The root comes last, and everything moves below it.
    let mut root = step(1, 0, "OK");
    root.span_id = span(1);
    scene.hear(News::Step(Box::new(root)));
    assert_eq!((line(&scene), scene.opened().selected().unwrap().span_id), (before, selected));
    assert_eq!(scene.opened().tree.len(), 45);
    scene.hear(News::Step(Box::new(step(62, 0, "ERROR"))));
    assert_eq!(scene.opened().selected().unwrap().span_id, selected, "not even for an error");
}

#[test]
fn orphans_find_their_parents_and_circles_are_cut() {
    let mut scene = Scene::run("running", vec![step(3, 2, "OK"), step(4, 9, "OK")]);
    assert_eq!(scene.tree(), ">3 4");
    scene.hear(News::Step(Box::new(step(2, 1, "OK"))));
    scene.hear(News::Step(Box::new(step(1, 0, "PENDING"))));
    assert_eq!(scene.tree(), "1 .2 >..3 4");
    let scene =
        Scene::run("running", vec![step(1, 0, "OK"), step(2, 3, "OK"), step(3, 2, "OK"), step(4, 4, "OK")]);
    assert_eq!(scene.tree(), ">1 2 .3 4");
}

#[test]
fn a_deep_run_is_no_deep_stack() {
    let mut scene =
        Scene::run("completed", (1..10_000).map(|number| step(number, number - 1, "OK")).collect());
    scene.press(&[Key::End]);
    assert_eq!(scene.opened().tree.line(9_998).unwrap().node.depth, 9_998);
    assert_eq!(scene.opened().selected().unwrap().span_id, span(9_999));
}

#[test]
fn steps_are_folded_and_unfolded() {
    let steps = vec![step(1, 0, "OK"), step(2, 1, "OK"), step(3, 2, "ERROR"), step(4, 1, "OK")];
    let mut scene = Scene::run("failed", steps);
    assert_eq!(scene.tree(), "1 .2 >..3 .4");
    scene.press(&[Key::Left]);
    assert_eq!(scene.tree(), "1 >.2 ..3 .4", "to what is above");
    scene.press(&[Key::Left]);
    assert_eq!(scene.tree(), "1 >.2+ .4");
    assert_eq!(scene.opened().tree.line(1).unwrap().hidden_failures, 1);
    scene.hear(News::Step(Box::new(step(5, 2, "OK"))));
    assert_eq!(scene.tree(), "1 >.2+ .4", "it stays folded");
    scene.press(&[Key::Right, Key::Right]);
    assert_eq!(scene.tree(), "1 .2 >..3 ..5 .4");
    scene.press(&[Key::Home, Key::Left]);
    assert_eq!(scene.tree(), ">1+");
    scene.write("/5");
    scene.press(&[Key::Enter]);
    assert_eq!(scene.tree(), "1 .2 ..3 >..5 .4", "what is found is shown");
    scene.write("/step");
    scene.press(&[Key::Enter]);
    scene.write("n");
    assert_eq!(scene.tree(), ">1 .2 ..3 ..5 .4", "and on, round again");
    scene.write("/nowhere");
    scene.press(&[Key::Enter]);
    assert_eq!(scene.state.notice.as_deref(), Some("no step has that name"));
}

#[test]
fn the_newest_step_is_followed_until_somebody_moves() {
    let mut scene = Scene::run("running", vec![step(1, 0, "PENDING"), step(2, 1, "OK")]);
    scene.write("f");
    assert_eq!(scene.tree(), "1 >.2");
    scene.hear(News::Step(Box::new(step(3, 1, "PENDING"))));
    scene.hear(News::Step(Box::new(step(4, 3, "PENDING"))));
    assert!(scene.opened().follows());
    assert_eq!(scene.tree(), "1 .2 .3 >..4");
    scene.press(&[Key::Up]);
    scene.hear(News::Step(Box::new(step(5, 1, "PENDING"))));
    assert_eq!(scene.tree(), "1 .2 >.3 ..4 .5");
    scene.write("f");
    scene.hear(News::Run(Box::new(run(1, "completed"))));
    assert!(!scene.opened().follows(), "nothing more will come");
}

#[test]
fn texts_are_asked_for_the_selected_step_alone() {
    let texts = |number| Effect::Ask(Question::Step(trace(1), span(number)));
    let answer = |step: Span| {
        Event::Answer(Box::new(Answer::Step(trace(1), step.span_id, Ok(Detail { step, parts: Vec::new() }))))
    };
    let mut scene = Scene::run("running", (1..100).map(|number| step(number, 0, "PENDING")).collect());
    // One is under way; whatever is passed by is not asked for.
    assert_eq!(scene.press(&[Key::Down, Key::PageDown, Key::End]), []);
    assert_eq!(scene.apply(answer(step(1, 0, "PENDING"))), [texts(99)]);
    assert_eq!(scene.apply(answer(step(99, 0, "PENDING"))), []);
    assert!(scene.opened().reading.is_of(span(99)));
    // It has grown, or has ended.
    scene.hear(News::Step(Box::new(step(7, 0, "OK"))));
    assert_eq!(scene.hear(News::Step(Box::new(step(99, 0, "OK")))), [texts(99)]);
    assert_eq!(scene.hear(News::Step(Box::new(step(99, 0, "PENDING")))), [], "it has ended");
}

#[test]
fn a_run_that_is_not_there_is_told() {
    let (mut scene, _) = Scene::new(Some(trace(1)));
    scene.hear(News::Poll);
    scene.apply(Event::Answer(Box::new(Answer::Run(trace(1), Err(Failure::Missing)))));
    assert!(scene.opened().is_missing);
    scene.hear(News::Run(Box::new(run(1, "running"))));
    assert!(!scene.opened().is_missing);
}

#[test]
fn news_of_a_step_are_newer_than_a_page_that_was_under_way() {
    let mut scene = Scene::run("running", vec![step(1, 0, "PENDING")]);
    let kind = |scene: &Scene| scene.opened().tree.step(span(1)).unwrap().kind.clone();
    let of_kind = |kind: &str, status: &str| Span { kind: kind.to_owned(), ..step(1, 0, status) };
    let asked = scene.reset();
    assert!(asked.contains(&Effect::Ask(Question::Steps(trace(1), None))), "{asked:?}");
    scene.hear(News::Step(Box::new(of_kind("agent", "OK"))));
    scene.steps(Question::Steps(trace(1), None), page(vec![of_kind("llm", "OK")], false));
    assert_eq!(kind(&scene), "agent");
    scene.reset();
    scene.steps(Question::Steps(trace(1), None), page(vec![of_kind("chain", "OK")], false));
    assert_eq!(kind(&scene), "chain");
    scene.hear(News::Step(Box::new(of_kind("tool", "PENDING"))));
    assert_eq!(kind(&scene), "chain", "it has ended");
}
