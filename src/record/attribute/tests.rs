use super::*;

#[test]
fn the_last_value_of_a_key_wins_and_keeps_its_place() {
    let mut attributes = Attributes::default();
    attributes.set("a", "1");
    attributes.set("b", true);
    attributes.set("a", "2");
    let all: Vec<_> = attributes.iter().collect();
    assert_eq!(all, vec![("a", Value::from("2")), ("b", Value::Bool(true))]);
}

#[test]
fn the_markers_of_a_value_go_with_it() {
    let mut attributes = Attributes::default();
    let cut = Text { kept: "a".into(), cut_from: Some(9), fault: None };
    attributes.set_text("k", cut);
    assert_eq!(attributes.get("bento.truncated.k"), Some(Value::Int(9)));
    let mut others = Attributes::default();
    let failed = Text { kept: "[".into(), cut_from: None, fault: Some("deep".into()) };
    others.set_text("k", failed);
    attributes.replace_from(&others);
    assert_eq!(attributes.get("bento.truncated.k"), None);
    assert_eq!(attributes.get("bento.unserializable.k"), Some(Value::from("deep")));
    attributes.set("k", 1.5);
    assert_eq!(attributes.iter().count(), 1);
}

#[test]
fn a_marker_stands_once_and_is_not_filled_in_for_a_value_that_was_not() {
    let cut = || Text { kept: "a".into(), cut_from: Some(9), fault: None };
    let mut attributes = Attributes::default();
    attributes.set("bento.truncated.k", "the host's own");
    attributes.set_text("k", cut());
    let keys: Vec<_> = attributes.iter().map(|(key, _)| key).collect();
    assert_eq!(keys, ["bento.truncated.k", "k"]);

    let mut others = Attributes::default();
    others.set_text("p", cut());
    others.set_text("q", cut());
    let mut attributes = Attributes::default();
    attributes.set("p", 1.5);
    attributes.fill_from(&others);
    let keys: Vec<_> = attributes.iter().map(|(key, _)| key).collect();
    assert_eq!(keys, ["p", "q", "bento.truncated.q"]);
}

#[test]
#[cfg_attr(miri, ignore = "two million comparisons of keys take more than five minutes there")]
fn the_number_of_properties_is_bounded_and_the_rest_counted() {
    let mut attributes = Attributes::default();
    for number in 0..2_000 {
        let key = number.to_string();
        if attributes.admit(&key) {
            attributes.set(&key, true);
        }
    }
    assert_eq!((attributes.iter().count(), attributes.dropped()), (MAX_PROPERTIES, 976));
    assert!(attributes.admit("7"), "it has its place");
    let mut filled = Attributes::default();
    filled.set("own", true);
    filled.fill_from(&attributes);
    assert_eq!((filled.iter().count(), filled.dropped()), (MAX_PROPERTIES, 977));
}

#[test]
fn the_empty_key_gets_a_name() {
    let mut attributes = Attributes::default();
    attributes.set("", 1.5);
    assert_eq!(attributes.get(keys::UNNAMED), Some(Value::Double(1.5)));
}

#[test]
fn a_marker_goes_with_its_value_wherever_it_stands() {
    let mut others = Attributes::default();
    others.set("bento.truncated.k", "the host's own");
    others.set_text("k", Text { kept: "new".into(), cut_from: Some(9), fault: None });
    let mut attributes = Attributes::default();
    attributes.set("k", "old");
    for _ in 0..2 {
        attributes.replace_from(&others);
        assert_eq!(attributes.get("k"), Some("new".into()));
        assert_eq!(attributes.get("bento.truncated.k"), Some(Value::Int(9)));
    }
}

#[test]
fn a_value_that_is_not_taken_over_brings_no_marker() {
    let cut = |kept: &str| Text { kept: kept.to_owned().into(), cut_from: Some(9), fault: None };
    let mut others = Attributes::default();
    others.set_text("k", cut("a property"));
    let mut attributes = Attributes::default();
    attributes.set_managed(&"k".into(), "whole");
    attributes.replace_from(&others);
    assert_eq!(attributes.iter().collect::<Vec<_>>(), [("k", "whole".into())]);

    let mut full = Attributes::default();
    (0..MAX_PROPERTIES).for_each(|number| full.set(&number.to_string(), true));
    full.replace_from(&others);
    full.fill_from(&others);
    assert_eq!((full.iter().count(), full.dropped()), (MAX_PROPERTIES, 2));
}

#[test]
fn what_a_host_calls_like_a_marker_is_its_own_until_its_subject_is_replaced() {
    let mut attributes = Attributes::default();
    attributes.set_text("other", Text { kept: "a".into(), cut_from: Some(9), fault: None });
    attributes.set("bento.truncated.k", 7_u64);
    attributes.set("k", true);
    assert_eq!(attributes.get("bento.truncated.k"), Some(Value::Int(7)));
    attributes.set("k", false);
    assert_eq!(attributes.get("bento.truncated.k"), None);
}

#[test]
fn properties_that_are_called_like_markers_are_bounded_too() {
    let mut attributes = Attributes::default();
    for number in 0..MAX_PROPERTIES + 9 {
        let key = format!("bento.truncated.{number}");
        if attributes.admit(&key) {
            attributes.set(&key, true);
        }
    }
    assert_eq!((attributes.iter().count(), attributes.dropped()), (MAX_PROPERTIES, 9));
}

#[test]
fn the_empty_key_is_marked_under_its_name() {
    let mut attributes = Attributes::default();
    attributes.set_text("", Text { kept: "a".into(), cut_from: Some(9), fault: None });
    assert_eq!(attributes.cut_keys(), [keys::UNNAMED.name()]);
    attributes.set("", true);
    assert_eq!(attributes.iter().collect::<Vec<_>>(), [(keys::UNNAMED.name(), Value::Bool(true))]);
}

mod model;
