use super::*;

/// Longer than what stands among the texts.
fn long(mark: &str) -> String {
    mark.repeat(SHORT + 1)
}

/// What was set, and by whom.
fn all(store: &Store) -> Vec<(String, Value<'static>, Origin)> {
    store.entries().map(|(key, value, origin)| (key.to_owned(), value.into_owned(), origin)).collect()
}

#[test]
#[cfg_attr(miri, ignore = "a thousand rounds take minutes there")]
fn a_value_may_be_set_for_ever_anew() {
    let mut store = Store::new();
    store.set("other", "untouched".into(), Origin::Property);
    store.set("large", long("l").into(), Origin::Property);
    for round in 0..1_000_u64 {
        let mark = if round.is_multiple_of(2) { "a" } else { "b" };
        for length in [10, SHORT, SHORT + 1, SHORT / 2] {
            store.set("k", mark.repeat(length).into(), Origin::Property);
            let kept = store.get("k").map(|(value, _)| value);
            assert_eq!(kept, Some(mark.repeat(length).into()), "in round {round}");
        }
        store.set("k", round.into(), Origin::Property);
        assert!(store.texts.len() <= WASTE + 2 * SHORT, "{} bytes in round {round}", store.texts.len());
        assert_eq!(store.large.len(), 1, "one value is large");
    }
    assert!(store.heap_size() <= 8 * WASTE, "{} bytes", store.heap_size());
    let kept = [
        ("other".to_owned(), Value::from("untouched"), Origin::Property),
        ("large".to_owned(), Value::from(long("l")), Origin::Property),
        ("k".to_owned(), Value::Int(999), Origin::Property),
    ];
    assert_eq!(all(&store), kept);
}

#[test]
fn a_large_value_that_goes_leaves_the_others_in_their_places() {
    let keys = ["a", "b", "c", "d"];
    let value = |key: &str| -> Value<'static> {
        if key == "c" { Array::String(vec![key.to_owned()]).into() } else { long(key).into() }
    };
    // Two go one after the other, each in each of the ways.
    for (first, second) in keys.iter().flat_map(|first| keys.iter().map(move |second| (first, second))) {
        for ways in 0..9 {
            let mut store = Store::new();
            let mut expected: Vec<(String, Value<'static>, Origin)> = Vec::new();
            for key in keys {
                store.set(key, value(key), Origin::Property);
                expected.push((key.to_owned(), value(key), Origin::Property));
            }
            for (gone, way) in [(first, ways / 3), (second, ways % 3)] {
                let place = expected.iter().position(|(key, ..)| key == gone);
                let Some(place) = place else { continue };
                match way {
                    0 => {
                        store.edit(|key, _| if key == *gone { Edit::Remove } else { Edit::Keep });
                        expected.remove(place);
                    }
                    1 => {
                        store.set(gone, "short".into(), Origin::Managed);
                        expected[place] = (gone.to_string(), "short".into(), Origin::Managed);
                    }
                    _ => {
                        let new = || Edit::Replace(long("new").into());
                        store.edit(|key, _| if key == *gone { new() } else { Edit::Keep });
                        expected[place].1 = long("new").into();
                    }
                }
                assert_eq!(all(&store), expected, "{first}, {second} in {ways}");
            }
        }
    }
}

#[test]
fn what_the_sdk_manages_wins_whichever_comes_first() {
    let mut store = Store::new();
    assert!(store.set("first", "managed".into(), Origin::Managed));
    assert!(!store.set("first", long("property").into(), Origin::Property));
    assert!(store.set("later", long("property").into(), Origin::Property));
    assert_eq!(store.properties(), 1);
    assert!(store.set("later", "managed".into(), Origin::Managed));
    assert_eq!(store.properties(), 0);
    assert!(store.set("later", "managed anew".into(), Origin::Managed));
    assert!(!store.set("later", "property".into(), Origin::Property));
    assert!(store.set("own", "property".into(), Origin::Property));
    assert_eq!(store.properties(), 1);
    let kept = [
        ("first".to_owned(), Value::from("managed"), Origin::Managed),
        ("later".to_owned(), Value::from("managed anew"), Origin::Managed),
        ("own".to_owned(), Value::from("property"), Origin::Property),
    ];
    assert_eq!(all(&store), kept);
    assert!(store.large.is_empty(), "what lost or was replaced is not kept");
    store.edit(|_, _| Edit::Remove);
    assert_eq!((store.properties(), store.is_empty()), (0, true));
}

#[test]
fn gathering_the_texts_keeps_everything() {
    let mut store = Store::new();
    for number in 0..50_u64 {
        store.set(&format!("text {number}"), format!("é{number}").into(), Origin::Property);
        store.set(&format!("large {number}"), long("x").into(), Origin::Managed);
        store.set(&format!("number {number}"), number.into(), Origin::Property);
    }
    let before = all(&store);
    let used = store.texts.len();
    // So much of it is no longer used that the texts are gathered at least once.
    store.set("filler", "".into(), Origin::Property);
    let mut was_gathered = false;
    for _ in 0..20 {
        let length = store.texts.len();
        store.set("filler", "y".repeat(SHORT).into(), Origin::Property);
        was_gathered |= store.texts.len() < length;
    }
    assert!(was_gathered && store.texts.len() <= used + WASTE + 3 * SHORT);
    store.edit(|key, _| if key == "filler" { Edit::Remove } else { Edit::Keep });
    assert_eq!(all(&store), before);
    for (key, value, origin) in &before {
        assert_eq!(store.get(key), Some((value.clone(), *origin)));
    }
    store.edit(|key, _| if key.starts_with("text") { Edit::Keep } else { Edit::Remove });
    assert_eq!(all(&store), before.into_iter().step_by(3).collect::<Vec<_>>());
    assert!(store.large.is_empty());
}

#[test]
fn keys_that_look_alike_are_told_apart() {
    let keys = ["12345678 a 12345678", "12345678 b 12345678"];
    assert_eq!(hash(keys[0]), hash(keys[1]), "the test is about keys that are not told apart by their hash");
    let mut store = Store::new();
    for key in keys {
        store.set(key, key.into(), Origin::Property);
    }
    for key in keys {
        assert_eq!(store.get(key), Some((key.into(), Origin::Property)));
    }
    assert_eq!(store.get("12345678 c 12345678"), None);
}

#[test]
fn what_is_cleared_keeps_no_more_memory_than_a_usual_span_needs() {
    let mut store = Store::new();
    for number in 0..1_000_u64 {
        store.set(&format!("large {number}"), long("x").into(), Origin::Managed);
        store.set(&format!("text {number}"), "x".repeat(SHORT).into(), Origin::Property);
    }
    assert!(store.heap_size() > 2_000 * SHORT);
    store.clear();
    assert_eq!((store.is_empty(), store.properties(), store.get("text 1")), (true, 0, None));
    let bound = KEPT_TEXTS + KEPT_ITEMS * (size_of::<Item>() + size_of::<Large>());
    assert!(store.heap_size() <= bound, "{} bytes", store.heap_size());
    assert_eq!(store, Store::new());
    store.set("text 1", "anew".into(), Origin::Property);
    assert_eq!(all(&store), [("text 1".to_owned(), Value::from("anew"), Origin::Property)]);
}
