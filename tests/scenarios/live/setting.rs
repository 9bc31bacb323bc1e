//! Whether it is on.

use super::{flush, forms};
use crate::support::{KEY, Server, journal, scenario};

const OPEN: (&str, bool) = ("turn", true);
const OVER: (&str, bool) = ("turn", false);

fn turn() {
    let _turn = bento::begin("turn").start();
    flush();
}

fn sent(server: &Server) -> Vec<(String, bool)> {
    forms(&server.requests())
}

fn named(forms: &[(&str, bool)]) -> Vec<(String, bool)> {
    forms.iter().map(|(name, is_pending)| ((*name).to_owned(), *is_pending)).collect()
}

#[test]
fn the_environment_turns_it_on_and_the_first_emission_is_live() {
    scenario(
        || {
            turn();
            assert_eq!(journal::warnings(), Vec::<String>::new());
        },
        |child| {
            let (server, off) = (Server::ok(), Server::ok());
            child.clone().to(&server).env("BENTOLABS_LIVE", " Yes ").succeeds();
            assert_eq!(sent(&server), named(&[OPEN, OVER]));
            child.to(&off).env("BENTOLABS_LIVE", "off").succeeds();
            assert_eq!(sent(&off), named(&[OVER]));
        },
    );
}

#[test]
fn without_a_word_it_is_off() {
    scenario(
        || {
            assert!(!bento::resolve_options().unwrap().is_live());
            turn();
        },
        |child| assert_eq!(sent(&child.delivers()), named(&[OVER])),
    );
}

#[test]
fn code_beats_the_environment() {
    scenario(
        || {
            let _bento = bento::builder().live(false).init().unwrap();
            turn();
            assert_eq!(journal::warnings(), Vec::<String>::new());
        },
        |child| {
            let server = Server::ok();
            child.to(&server).env("BENTOLABS_LIVE", "perhaps").succeeds();
            assert_eq!(sent(&server), named(&[OVER]));
        },
    );
}

#[test]
fn an_unclear_word_leaves_it_off_and_is_told_once() {
    scenario(
        || {
            assert!(!bento::resolve_options().unwrap().is_live());
            turn();
            turn();
            assert_eq!(journal::count("BENTOLABS_LIVE is none of"), 1, "{:?}", journal::warnings());
            assert_eq!(journal::count("perhaps"), 0);
        },
        |child| {
            let server = Server::ok();
            child.to(&server).env("BENTOLABS_LIVE", "perhaps").succeeds();
            assert_eq!(sent(&server), named(&[OVER, OVER]));
        },
    );
}

#[test]
fn a_second_init_does_not_change_it() {
    scenario(
        || {
            let _first = bento::builder().live(true).init().unwrap();
            let _same = bento::builder().api_key(KEY).init().unwrap();
            assert_eq!(journal::warnings(), Vec::<String>::new());
            let _other = bento::builder().live(false).init().unwrap();
            assert_eq!(journal::count("it runs already"), 1);
            turn();
            bento::shutdown(crate::support::LONG).unwrap();
            let _off = bento::builder().live(false).init().unwrap();
            turn();
        },
        |child| {
            assert_eq!(sent(&child.delivers()), named(&[OPEN, OVER, OVER]), "a new start does");
        },
    );
}

#[test]
fn the_mark_is_the_sdks_alone() {
    scenario(
        || {
            let mark = serde_json::json!({"bento.pending": true, "kept": 1});
            let scope = bento::propagate_attributes().property("bento.pending", true);
            scope.enter(|| {
                bento::track_ai("answer").property("bento.pending", true).properties(&mark).send();
                let turn = bento::begin("turn").property("bento.pending", "x").start();
                turn.property("bento.pending", true).properties(&mark);
                bento::update_current_span().property("bento.pending", true).apply();
                bento::update_current_trace().property("bento.pending", true).apply();
            });
            flush();
        },
        |child| {
            let server = child.delivers();
            assert_eq!(sent(&server), named(&[("answer", false), OVER]));
            assert_eq!(String::from_utf8_lossy(&server.only().body).matches("\"kept\"").count(), 2);
        },
    );
}
