use super::*;

/// Longer than what stands among the texts.
fn long(mark: &str) -> String {
    mark.repeat(SHORT + 1)
}

fn set<'v>(store: &mut Store, key: &str, value: impl Into<Value<'v>>, origin: Origin) -> bool {
    store.set(&key.into(), value.into(), origin)
}

fn get<'s>(store: &'s Store, key: &str) -> Option<(Value<'s>, Origin)> {
    store.get(&key.into())
}

/// What was set, and by whom.
fn all(store: &Store) -> Vec<(String, Value<'static>, Origin)> {
    store.entries().map(|(key, value, origin)| (key.to_owned(), value.into_owned(), origin)).collect()
}

#[test]
#[cfg_attr(miri, ignore = "a thousand rounds take minutes there")]
fn a_value_may_be_set_for_ever_anew() {
    let mut store = Store::new();
    set(&mut store, "other", "untouched", Origin::Property);
    set(&mut store, "large", long("l"), Origin::Property);
    for round in 0..1_000_u64 {
        let mark = if round.is_multiple_of(2) { "a" } else { "b" };
        for length in [10, SHORT, SHORT + 1, SHORT / 2] {
            set(&mut store, "k", mark.repeat(length), Origin::Property);
            let kept = get(&store, "k").map(|(value, _)| value);
            assert_eq!(kept, Some(mark.repeat(length).into()), "in round {round}");
        }
        set(&mut store, "k", round, Origin::Property);
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
                set(&mut store, key, value(key), Origin::Property);
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
                        set(&mut store, gone, "short", Origin::Managed);
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
fn what_is_taken_out_stays_nowhere_in_memory() {
    let mut store = Store::new();
    for key in ["removed", "replaced", "kept"] {
        set(&mut store, key, if key == "kept" { "public" } else { "secret" }, Origin::Property);
    }
    store.edit(|key, _| match key {
        "removed" => Edit::Remove,
        "replaced" => Edit::Replace("[hushed]".into()),
        _ => Edit::Keep,
    });
    assert_eq!(store.texts, "replaced[hushed]keptpublic");
    assert_eq!(format!("{store:?}").matches("String").count(), 2, "{store:?}");
}

#[test]
fn what_the_sdk_manages_wins_whichever_comes_first() {
    let mut store = Store::new();
    assert!(set(&mut store, "first", "managed", Origin::Managed));
    assert!(!set(&mut store, "first", long("property"), Origin::Property));
    assert!(set(&mut store, "later", long("property"), Origin::Property));
    assert_eq!(store.properties(), 1);
    assert!(set(&mut store, "later", "managed", Origin::Managed));
    assert_eq!(store.properties(), 0);
    assert!(set(&mut store, "later", "managed anew", Origin::Managed));
    assert!(!set(&mut store, "later", "property", Origin::Property));
    assert!(set(&mut store, "own", "property", Origin::Property));
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
        set(&mut store, &format!("text {number}"), format!("é{number}"), Origin::Property);
        set(&mut store, &format!("large {number}"), long("x"), Origin::Managed);
        set(&mut store, &format!("number {number}"), number, Origin::Property);
    }
    let before = all(&store);
    let used = store.texts.len();
    // So much of it is no longer used that the texts are gathered at least once.
    set(&mut store, "filler", "", Origin::Property);
    let mut was_gathered = false;
    for _ in 0..20 {
        let length = store.texts.len();
        set(&mut store, "filler", "y".repeat(SHORT), Origin::Property);
        was_gathered |= store.texts.len() < length;
    }
    assert!(was_gathered && store.texts.len() <= used + WASTE + 3 * SHORT);
    store.edit(|key, _| if key == "filler" { Edit::Remove } else { Edit::Keep });
    assert_eq!(all(&store), before);
    for (key, value, origin) in &before {
        assert_eq!(get(&store, key), Some((value.clone(), *origin)));
    }
    store.edit(|key, _| if key.starts_with("text") { Edit::Keep } else { Edit::Remove });
    assert_eq!(all(&store), before.into_iter().step_by(3).collect::<Vec<_>>());
    assert!(store.large.is_empty());
}

#[test]
fn keys_that_look_alike_are_told_apart() {
    let keys = ["12345678 a 12345678", "12345678 b 12345678"];
    assert_eq!(
        Key::from(keys[0]).hash,
        Key::from(keys[1]).hash,
        "the test is about keys that are not told apart by their hash"
    );
    let mut store = Store::new();
    for key in keys {
        set(&mut store, key, key, Origin::Property);
    }
    for key in keys {
        assert_eq!(get(&store, key), Some((key.into(), Origin::Property)));
    }
    assert_eq!(get(&store, "12345678 c 12345678"), None);
}

#[test]
fn what_is_cleared_keeps_no_more_memory_than_a_usual_span_needs() {
    let mut store = Store::new();
    for number in 0..1_000_u64 {
        set(&mut store, &format!("large {number}"), long("x"), Origin::Managed);
        set(&mut store, &format!("text {number}"), "x".repeat(SHORT), Origin::Property);
    }
    assert!(store.heap_size() > 2_000 * SHORT);
    store.clear();
    assert_eq!((store.is_empty(), store.properties(), get(&store, "text 1")), (true, 0, None));
    let bound = KEPT_TEXTS + KEPT_ITEMS * (size_of::<Item>() + size_of::<Large>());
    assert!(store.heap_size() <= bound, "{} bytes", store.heap_size());
    assert_eq!(store, Store::new());
    set(&mut store, "text 1", "anew", Origin::Property);
    assert_eq!(all(&store), [("text 1".to_owned(), Value::from("anew"), Origin::Property)]);
}

#[test]
fn a_key_of_the_sdks_is_the_same_as_one_that_is_written() {
    let (mut store, lasting) = (Store::new(), crate::record::keys::INPUT);
    store.set_str(&lasting, "lasting", Origin::Property);
    assert_eq!(store.texts, "lasting", "the key is not copied");
    assert!(set(&mut store, lasting.name(), "written", Origin::Managed));
    assert!(!store.set_str(&lasting, "a property", Origin::Property));
    assert!(!store.set_str(&lasting, &long("x"), Origin::Property));
    let kept = [(lasting.name().to_owned(), Value::from("written"), Origin::Managed)];
    assert_eq!(all(&store), kept);
    store.edit(|_, _| Edit::Remove);
    assert!(store.is_empty() && store.unused <= store.texts.len());
}

#[test]
fn many_keys_are_found_replaced_and_removed_as_few_are() {
    let mut store = Store::new();
    let name = |number: usize| format!("key {number}");
    let number = |value: i64| Value::Int(value);
    for key in 0..300 {
        store.set(&name(key).as_str().into(), number(1), Origin::Property);
    }
    for key in (0..300).step_by(2) {
        store.set(&name(key).as_str().into(), number(2), Origin::Property);
    }
    store.edit(|key, _| if key.ends_with('4') { Edit::Remove } else { Edit::Keep });
    for key in 290..310 {
        store.set(&name(key).as_str().into(), number(3), Origin::Property);
    }
    let expected = |key: usize| match key {
        290.. => Some(3),
        _ if key % 10 == 4 => None,
        _ if key.is_multiple_of(2) => Some(2),
        _ => Some(1),
    };
    for key in 0..310 {
        let found = store.get(&name(key).as_str().into()).map(|(value, _)| value);
        assert_eq!(found, expected(key).map(number), "{key}");
    }
    assert_eq!(store.entries().count(), 310 - 29);
}
