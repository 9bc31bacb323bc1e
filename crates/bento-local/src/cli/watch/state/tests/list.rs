//! The list of runs.

use super::super::super::rows::RunState;
use super::*;

fn ask_runs(state: Option<RunState>, words: &str) -> Effect {
    Effect::Ask(Question::Runs(Filter { state, words: words.to_owned() }, None))
}

#[test]
fn it_listens_first_and_loads_then() {
    let (mut scene, effects) = Scene::new(None);
    assert_eq!(effects, [Effect::Watch(1, Target::Runs)]);
    assert_eq!(scene.hear(News::Ready), [ask_runs(None, "")]);
    scene.runs(&[ask_runs(None, "")], page(vec![run(2, "running"), run(1, "failed")], false));
    assert_eq!((scene.names().as_str(), &scene.state.link), (">run 2, run 1", &Link::Live));
    scene.apply(Event::News(7, News::Lost("another watch".to_owned())));
    assert_eq!(scene.state.link, Link::Live);
}

#[test]
fn the_newest_run_is_on_top_and_a_chosen_one_stays_chosen() {
    let mut scene = Scene::list(vec![run(2, "completed"), run(1, "completed")]);
    scene.hear(News::Run(Box::new(run(3, "running"))));
    assert_eq!(scene.names(), ">run 3, run 2, run 1", "nobody has chosen");
    scene.press(&[Key::Down]);
    scene.hear(News::Run(Box::new(run(5, "running"))));
    scene.hear(News::Run(Box::new(run(4, "running"))));
    assert_eq!(scene.names(), "run 5, run 4, run 3, >run 2, run 1");
    scene.press(&[Key::Home]);
    scene.hear(News::Run(Box::new(run(6, "running"))));
    assert!(scene.names().starts_with(">run 6, run 5"));
}

#[test]
fn news_are_newer_than_an_answer_that_was_under_way() {
    let mut scene = Scene::list(vec![run(1, "running")]);
    let asked = scene.reset();
    scene.hear(News::Run(Box::new(run(1, "completed"))));
    scene.hear(News::Run(Box::new(run(2, "running"))));
    scene.runs(&asked, page(vec![run(1, "running")], false));
    assert_eq!(scene.names(), ">run 2, run 1");
    assert_eq!(scene.state.runs.rows()[1].state, RunState::Completed);
    // The next answer does without run 2: it has gone.
    let asked = scene.reset();
    scene.runs(&asked, page(vec![run(1, "completed")], false));
    assert_eq!(scene.names(), ">run 1");
}

#[test]
fn runs_that_do_not_pass_the_filter_leave_the_list() {
    let mut scene = Scene::list(vec![run(1, "running")]);
    let asked = scene.write("s");
    assert_eq!(asked, [ask_runs(Some(RunState::Running), "")]);
    scene.runs(&asked, page(vec![run(1, "running")], false));
    scene.hear(News::Run(Box::new(run(2, "completed"))));
    assert_eq!(scene.names(), ">run 1");
    scene.hear(News::Run(Box::new(run(1, "completed"))));
    assert_eq!(scene.names(), "");
    let states: Vec<_> = (0..5).flat_map(|_| scene.write("s")).collect();
    let all = [RunState::Completed, RunState::Failed, RunState::Cancelled, RunState::Unfinished].map(Some);
    let all = all.into_iter().chain([None]);
    assert_eq!(states, all.map(|state| ask_runs(state, "")).collect::<Vec<_>>());
}

#[test]
fn words_are_searched_for_by_the_backend() {
    let mut scene = Scene::list(vec![run(1, "completed")]);
    assert_eq!(scene.write("/lisbon q"), [], "q is a letter here");
    assert_eq!(scene.press(&[Key::Backspace, Key::Backspace, Key::Enter]), [ask_runs(None, "lisbon")]);
    scene.runs(&[ask_runs(None, "lisbon")], page(vec![run(1, "completed")], false));
    // Whether a new run has the words is asked, once a while.
    scene.hear(News::Run(Box::new(run(2, "completed"))));
    scene.hear(News::Run(Box::new(run(3, "completed"))));
    assert_eq!(scene.names(), ">run 1");
    assert_eq!(scene.apply(Event::Tick(moment(2))), [ask_runs(None, "lisbon")]);
    assert_eq!(scene.apply(Event::Tick(moment(4))), [], "one question at a time");
    scene.write("/other");
    assert_eq!(scene.press(&[Key::Escape]), [], "it was not meant");
    assert_eq!(scene.press(&[Key::Escape]), [ask_runs(None, "")], "back to all");
}

#[test]
fn more_runs_are_asked_for_where_somebody_gets_to() {
    let (mut scene, _) = Scene::new(None);
    let asked = scene.hear(News::Ready);
    let first: Vec<_> = (101..=200).rev().map(|number| run(number, "completed")).collect();
    assert_eq!(scene.runs(&asked, page(first, true)), []);
    let behind = Effect::Ask(Question::Runs(Filter::default(), Some((moment(101), trace(101)))));
    assert_eq!(scene.press(&[Key::PageDown, Key::PageDown, Key::PageDown]), []);
    assert_eq!(scene.press(&[Key::PageDown]), std::slice::from_ref(&behind));
    assert_eq!(scene.press(&[Key::End]), [], "it is awaited");
    let second: Vec<_> = (1..=100).rev().map(|number| run(number, "completed")).collect();
    assert_eq!(scene.runs(&[behind], page(second, false)), []);
    scene.press(&[Key::End]);
    assert_eq!((scene.state.runs.rows().len(), scene.state.runs.scroll.index), (200, 199));
    // The first page anew leaves what is behind it.
    let asked = scene.reset();
    let first: Vec<_> = (102..=201).rev().map(|number| run(number, "completed")).collect();
    scene.runs(&asked, page(first, true));
    assert_eq!((scene.state.runs.rows().len(), scene.state.runs.scroll.index), (201, 200));
    assert_eq!(scene.press(&[Key::Up, Key::End]), [], "there are no more");
}

#[test]
fn what_fails_is_told_and_asked_again() {
    let mut scene = Scene::list(vec![run(1, "completed")]);
    let [Effect::Ask(question)] = &scene.reset()[..] else { unreachable!("a question") };
    let failure = Failure::Other("no answer".to_owned());
    scene.apply(Event::Answer(Box::new(Answer::Runs(question.clone(), Err(failure)))));
    assert_eq!((scene.state.failure.as_deref(), scene.names().as_str()), (Some("no answer"), ">run 1"));
    let asked = scene.apply(Event::Tick(moment(11)));
    assert_eq!(asked, [ask_runs(None, "")]);
    scene.runs(&asked, page(vec![run(1, "completed")], false));
    assert_eq!(scene.state.failure, None, "it is well again");
    scene.hear(News::Lost("reset".to_owned()));
    assert_eq!(scene.names(), ">run 1", "what is shown stays");
}

#[test]
fn without_a_stream_it_asks_every_second() {
    let (mut scene, _) = Scene::new(None);
    let asked = scene.hear(News::Poll);
    assert_eq!(scene.hear(News::Poll), [], "one question at a time");
    scene.runs(&asked, page(vec![run(1, "running")], false));
    assert_eq!(scene.hear(News::Poll), [ask_runs(None, "")]);

    assert_eq!(scene.state.link, Link::Polling);
    let question = Question::Runs(Filter::default(), None);
    let failed = Answer::Runs(question, Err(Failure::Other("refused".to_owned())));
    scene.apply(Event::Answer(Box::new(failed)));
    assert_eq!(scene.state.link, Link::Lost("refused".to_owned()));
    let asked = scene.hear(News::Poll);
    assert!(matches!(scene.state.link, Link::Lost(_)), "until it is answered");
    scene.runs(&asked, page(vec![run(1, "running")], false));
    assert_eq!(scene.state.link, Link::Polling);

    let (mut scene, _) = Scene::new(Some(trace(1)));
    let row = [Effect::Ask(Question::Run(trace(1)))];
    let steps = Question::Steps(trace(1), None);
    let answer = |scene: &mut Scene, state| {
        scene.apply(Event::Answer(Box::new(Answer::Run(trace(1), Ok(run(1, state))))))
    };
    assert_eq!(scene.hear(News::Poll), row);
    assert_eq!(answer(&mut scene, "running"), [Effect::Ask(steps.clone())]);
    scene.steps(steps.clone(), page(vec![step(1, 0, "OK")], false));
    assert_eq!(scene.hear(News::Poll), row);
    assert_eq!(answer(&mut scene, "running"), [], "nothing has changed");
    assert_eq!(scene.hear(News::Poll), row);
    assert_eq!(answer(&mut scene, "completed"), [Effect::Ask(steps)]);
}

#[test]
fn a_run_is_opened_and_left() {
    let mut scene = Scene::list(vec![run(2, "completed"), run(1, "completed")]);
    assert_eq!(scene.press(&[Key::Down, Key::Enter]), [Effect::Watch(2, Target::Run(trace(1)))]);
    assert_eq!(scene.opened().run.as_ref().unwrap().name, "run 1");
    let asked = [Question::Run(trace(1)), Question::Steps(trace(1), None)].map(Effect::Ask);
    assert_eq!(scene.hear(News::Ready), asked);
    let more = scene.steps(Question::Steps(trace(1), None), page(vec![step(1, 0, "OK")], true));
    let pages = [Question::Steps(trace(1), Some(span(1))), Question::Step(trace(1), span(1))];
    assert_eq!(more, pages.clone().map(Effect::Ask));
    scene.steps(pages[0].clone(), page(vec![step(2, 1, "OK")], false));
    assert_eq!(scene.tree(), ">1 .2");
    assert_eq!(scene.press(&[Key::Escape]), [Effect::Watch(3, Target::Runs)]);
    assert_eq!(scene.names(), "run 2, >run 1");
    assert_eq!(scene.press(&[Key::Char('q')]), [Effect::Quit]);
    assert_eq!(scene.press(&[Key::Interrupt]), [Effect::Quit]);
}

#[test]
fn a_busy_backend_is_asked_once_a_second() {
    let mut scene = Scene::list(vec![run(1, "completed")]);
    let asked = scene.reset();
    assert_eq!(asked, [ask_runs(None, "")]);
    for _ in 0..20 {
        assert_eq!(scene.hear(News::Ready), []);
    }
    scene.runs(&asked, page(vec![run(1, "completed")], false));
    assert_eq!(scene.hear(News::Ready), []);
    assert_eq!(scene.apply(Event::Tick(moment(11))), [ask_runs(None, "")], "nothing is missed");
    assert_eq!(scene.apply(Event::Tick(moment(13))), [], "one question at a time");
}

#[test]
fn what_cannot_be_heard_is_still_asked_for() {
    let (mut scene, _) = Scene::new(None);
    let asked = scene.hear(News::Lost("no room".to_owned()));
    assert_eq!(asked, [ask_runs(None, "")]);
    scene.runs(&asked, page(vec![run(1, "completed")], false));
    assert_eq!((scene.names().as_str(), &scene.state.link), (">run 1", &Link::Lost("no room".to_owned())));
    assert_eq!(scene.hear(News::Lost("no room".to_owned())), [], "not too often");
}
