//! Lists of runs: what is in them, in what order, and page by page.

use std::collections::BTreeSet;

use bento_local::Server;
use serde_json::{Value, json};

use crate::wire::{failed, form, get, of, send, server, span, trace};

const MS: u64 = 1_000_000;

/// Eight runs that differ in whatever one may ask for; those of even number failed, the last has no root yet.
fn runs() -> Server {
    let server = server();
    for number in 1..=8_u64 {
        let model = if number.is_multiple_of(3) { "gpt-4o" } else { "gpt-4o-mini" };
        let root = json!({
            "gen_ai.request.model": model, "gen_ai.usage.input_tokens": 100 * number, "gen_ai.usage.output_tokens": 10,
            "gen_ai.user.id": format!("user{number}"), "gen_ai.conversation.id": format!("talk{}", number % 2),
            "langfuse.tags": [format!("t{}", number % 3), "all"], "input.value": format!("What is {number}? Größe"),
        });
        let parent = if number == 8 { 99 } else { 0 };
        let root = span(
            number,
            parent,
            &format!("turn-{number}"),
            number * 1000,
            number * 1000 + 10 * (9 - number),
            &root,
        );
        let root = if number.is_multiple_of(2) { failed(root, "out of luck") } else { root };
        let steps = (1..=number % 4).map(|step| {
            of(
                number,
                span(100 * number + step, number, "step", number * 1000, number * 1000 + 1, &json!({})),
            )
        });
        let spans: Vec<_> = std::iter::once(of(number, root)).chain(steps).collect();
        send(&server, &spans);
    }
    server
}

fn list(server: &Server, query: &str) -> Vec<u64> {
    let answer = get(server, &format!("/workspaces/local/traces?{query}"));
    assert_eq!(answer.status, 200, "{query}: {}", answer.detail());
    answer.ids().iter().map(|id| u64::from_str_radix(id, 16).unwrap()).collect()
}

/// A moment so many milliseconds into the runs.
pub(crate) fn at(milliseconds: u64) -> String {
    bento_local::Timestamp::from_unix_nanos(crate::wire::START + milliseconds * MS).to_string()
}

#[test]
fn every_filter_leaves_what_passes_it() {
    let server = runs();
    let filtered = |query: &str| list(&server, query);
    assert_eq!(filtered(""), [8, 7, 6, 5, 4, 3, 2, 1]);
    for (query, left) in [
        ("status=ok", &[7, 5, 3, 1][..]),
        ("status=error", &[8, 6, 4, 2]),
        ("status=ok&status=error", &[8, 7, 6, 5, 4, 3, 2, 1]),
        ("state=running", &[8]),
        ("state=failed", &[6, 4, 2]),
        ("state=completed&state=running", &[8, 7, 5, 3, 1]),
        ("state=cancelled", &[]),
        ("tag=t0", &[6, 3]),
        ("tag=t0&tag=t1", &[7, 6, 4, 3, 1]),
        ("tag=all", &[7, 6, 5, 4, 3, 2, 1]),
        ("tag=T0", &[]),
        ("model=gpt-4o", &[6, 3]),
        ("model=gpt-4o&model=gpt-4o-mini", &[8, 7, 6, 5, 4, 3, 2, 1]),
        ("finding_kind=tool_error", &[]),
        ("q=turn", &[8, 7, 6, 5, 4, 3, 2, 1]),
        ("q=user5", &[5]),
        ("q=tur+user3", &[3]),
        ("q=gr%C3%B6%C3%9F", &[8, 7, 6, 5, 4, 3, 2, 1]),
        ("q=GR%C3%96", &[8, 7, 6, 5, 4, 3, 2, 1]),
        ("q=talk0+out", &[8, 6, 4, 2]),
        ("q=urn", &[]),
        ("q=%20%20", &[8, 7, 6, 5, 4, 3, 2, 1]),
        ("q=%22+OR+*+%28", &[]),
        ("unknown=1&tag=&status=&q=", &[8, 7, 6, 5, 4, 3, 2, 1]),
    ] {
        assert_eq!(filtered(query), left, "{query}");
    }
    assert_eq!(filtered(&format!("q={}", trace(7))), [7], "an id is a word");
    assert_eq!(filtered("q=0000000000000259"), [6], "a span's id too");
    let window = format!("start_time={}&end_time={}", at(2000), at(5000));
    assert_eq!(filtered(&window), [4, 3, 2], "from the start on, before the end");
    assert_eq!(filtered(&format!("end_time={}", at(2001))), [2, 1]);
    let elsewhere = at(2001).replace("T22", "T23").replace('Z', "+01:00");
    assert_eq!(filtered(&format!("end_time={elsewhere}")), [2, 1], "its plus is not escaped");
    assert_eq!(filtered(&format!("before={}", at(3000))), [2, 1]);
    assert_eq!(filtered(&format!("before={}&before_id={}", at(3000), trace(3))), [2, 1]);
    assert_eq!(filtered(&format!("before={}&before_id={}&limit=1&q=turn", at(3000), trace(3))), [2]);
    assert_eq!(filtered(&format!("before={}&sort=start_time", at(3000))), [1, 2]);
    assert_eq!(filtered(&format!("before={}&end_time={}", at(7000), at(3000))), [2, 1]);
}

#[test]
fn words_of_every_script_are_found() {
    let server = server();
    let texts = [
        "हिन्दी में",
        "naïve cafe\u{301}s",
        "a\u{345}b ⓐⒷc",
        "日本語のテキスト",
        "done✅ 🦀crab",
        "a𰀀b",
        "x_y-z 'q' \"r\"",
    ];
    let run =
        |number: u64, text: &str| of(number, span(number, 0, "s", number, 9, &json!({"input.value": text})));
    send(&server, &(1..).zip(texts).map(|(number, text)| run(number, text)).collect::<Vec<_>>());
    for (word, found) in [
        ("हिन्दी", 1),
        ("हि", 1),
        ("में", 1),
        ("naive", 2),
        ("NAÏV", 2),
        ("cafés", 2),
        ("cafe\u{301}s", 2),
        ("cafes", 2),
        ("a\u{345}b", 3),
        ("ⓐⓑ", 3),
        ("日本", 4),
        ("done", 5),
        ("crab", 5),
        ("a𰀀b", 6),
        ("y x", 7),
        ("\"r\"", 7),
    ] {
        let escaped = word.bytes().fold(String::new(), |text, byte| text + &format!("%{byte:02x}"));
        assert_eq!(list(&server, &format!("q={escaped}")), [found], "{word}");
    }
    assert_eq!(list(&server, "q=%CC%81").len(), 7, "an accent alone is no word");
}

#[test]
fn filters_narrow_each_other() {
    let server = runs();
    let all = [
        ("status=error", [2, 4, 6, 8].as_slice()),
        ("state=failed&state=completed", &[1, 2, 3, 4, 5, 6, 7]),
        ("tag=t0&tag=t1", &[1, 3, 4, 6, 7]),
        ("model=gpt-4o", &[3, 6]),
        ("q=turn", &[1, 2, 3, 4, 5, 6, 7, 8]),
        ("q=talk0", &[2, 4, 6, 8]),
        (&format!("start_time={}&end_time={}", at(3000), at(8000)), &[3, 4, 5, 6, 7]),
    ]
    .map(|(query, passes)| (query.to_owned(), passes.iter().copied().collect::<BTreeSet<u64>>()));
    for chosen in 0..1_u32 << all.len() {
        // Two searches at a time are no question that can be asked.
        if chosen & 0b11_0000 == 0b11_0000 {
            continue;
        }
        let some = || {
            all.iter().enumerate().filter(|(index, _)| chosen & (1 << index) != 0).map(|(_, filter)| filter)
        };
        let query: Vec<_> = some().map(|(query, _)| query.as_str()).collect();
        let passes = (1..=8).rev().filter(|number| some().all(|(_, passes)| passes.contains(number)));
        assert_eq!(list(&server, &query.join("&")), passes.collect::<Vec<_>>(), "{query:?}");
    }
}

#[test]
fn every_order_can_be_asked_for() {
    let server = runs();
    let tokens = [1, 2, 3, 4, 5, 6, 7, 8];
    // The cost of a model is its own; spans are 1 + number % 4.
    for (order, ascending) in [
        ("start_time", [1, 2, 3, 4, 5, 6, 7, 8]),
        ("duration", [8, 7, 6, 5, 4, 3, 2, 1]),
        ("total_tokens", tokens),
        ("cost", [1, 2, 4, 5, 7, 8, 3, 6]),
        ("span_count", [4, 8, 1, 5, 2, 6, 3, 7]),
    ] {
        assert_eq!(list(&server, &format!("sort={order}")), ascending, "{order}");
        let descending: Vec<_> = ascending.into_iter().rev().collect();
        assert_eq!(list(&server, &format!("sort=-{order}")), descending, "-{order}");
    }
}

/// Reads a list to its end, with something done between pages.
fn pages(server: &Server, query: &str, mut between: impl FnMut(u64)) -> Vec<String> {
    let mut ids = Vec::new();
    let mut cursor = String::new();
    for page in 0.. {
        let answer = get(server, &format!("/workspaces/local/traces?{query}&cursor={cursor}"));
        assert_eq!(answer.status, 200, "{}", answer.detail());
        ids.extend(answer.items().iter().map(|row| row["id"].as_str().unwrap().to_owned()));
        match &answer.body["next_cursor"] {
            Value::String(next) => cursor.clone_from(next),
            _ => break,
        }
        assert!(page < 1000 && !answer.items().is_empty(), "it does not end");
        between(page);
    }
    ids
}

/// A run of one span; many are alike in whatever they are put in order by.
fn small(number: u64, like: u64) -> Value {
    let tokens = json!({"gen_ai.request.model": "gpt-4o", "gen_ai.usage.input_tokens": 10 * (like % 7), "gen_ai.usage.output_tokens": 1});
    of(number, span(1, 0, "small", 10 * (like % 5), 10 * (like % 5) + like % 3, &tokens))
}

#[test]
fn a_list_is_read_to_its_end_while_runs_arrive() {
    for order in ["start_time", "duration", "cost", "total_tokens", "span_count"] {
        for sign in ["", "-"] {
            let server = server();
            send(&server, &(1..=50).map(|number| small(number, number)).collect::<Vec<_>>());
            let mut next = 1000;
            let ids = pages(&server, &format!("sort={sign}{order}&limit=7"), |page| {
                // Before and behind the page that was read, and as its equals.
                let fresh = (next..next + 5).map(|number| small(number, number + page));
                send(&server, &fresh.collect::<Vec<_>>());
                next += 5;
            });
            let once: BTreeSet<_> = ids.iter().cloned().collect();
            assert_eq!(once.len(), ids.len(), "{sign}{order}: a run came twice");
            for number in 1..=50 {
                assert!(once.contains(&trace(number)), "{sign}{order}: run {number} was skipped");
            }
        }
    }
}

#[test]
fn the_filters_of_a_list_hold_on_every_page() {
    let server = server();
    send(&server, &(1..=40).map(|number| small(number, number)).collect::<Vec<_>>());
    let window = format!("end_time={}", at(20));
    let all = list(&server, &format!("{window}&limit=1000"));
    assert_eq!(all.len(), 16);
    let paged = pages(&server, &format!("{window}&limit=3&q=small"), |_| {});
    assert_eq!(paged, all.into_iter().map(trace).collect::<Vec<_>>());
    // Of the eight that started at that moment the second is 7, and the first of them is behind it in this order.
    let before = format!("before={}&before_id={}&limit=3", at(20), trace(7));
    let below = pages(&server, &before, |_| {});
    assert_eq!((below.len(), &below[0], &below[1..]), (17, &trace(2), &paged[..]));
}

#[test]
fn a_page_has_as_many_rows_as_asked_for() {
    let server = server();
    send(&server, &(1..=150).map(|number| small(number, number)).collect::<Vec<_>>());
    assert_eq!(list(&server, "").len(), 100);
    assert_eq!(list(&server, "limit=1").len(), 1);
    assert_eq!(list(&server, "limit=1000").len(), 150);
    let whole = get(&server, "/workspaces/local/traces?limit=150");
    assert_eq!(
        (whole.items().len(), &whole.body["next_cursor"]),
        (150, &Value::Null),
        "nothing comes after it"
    );
}

#[test]
fn a_list_is_of_its_workspace() {
    let server = runs();
    assert_eq!(form(&server, "POST", "/workspaces", &json!({"name": "Other"})).status, 201);
    assert_eq!(get(&server, "/workspaces/other/traces").items(), &[] as &[Value]);
    assert_eq!(get(&server, "/workspaces/nobody/traces").status, 404);
}
