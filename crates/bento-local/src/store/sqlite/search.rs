//! Search by word: what is indexed, and how a search text becomes a question.
//!
//! A span's id is a word too, so that a span is found without an index of its own, whose random order would cost more than
//! all the others together.

use std::fmt::Write as _;

use rusqlite::Connection;

use super::set::RunSet;
use crate::{Span, SpanId, TraceId};

/// Bytes of an input, an output or another long text whose words are indexed.
const INDEXED: usize = 2_048;

/// Bytes of words after which a document is closed.
const MANY: usize = 1 << 20;

/// Bits of a document's number that tell the documents of one run apart.
const DOCUMENTS: u32 = 24;

/// Words of a search text; more narrow nothing further.
const MOST_WORDS: usize = 16;

/// The words of what a batch brings to a run.
#[derive(Debug, Default)]
pub(super) struct Words(String);

impl Words {
    /// Of a run that is new.
    pub(super) fn of_run(trace_id: TraceId) -> Self {
        Self(trace_id.to_string())
    }

    pub(super) fn add(&mut self, span: &Span) {
        // Writing to a String cannot fail.
        let _ = write!(self.0, " {}", span.span_id);
        self.push(&span.name);
        let texts =
            [&span.model, &span.user_id, &span.session_id, &span.status_message, &span.input, &span.output];
        for text in texts.into_iter().flatten().chain(&span.tags) {
            self.push(text);
        }
    }

    /// Whether they are enough for a document of their own.
    pub(super) fn are_many(&self) -> bool {
        self.0.len() >= MANY
    }

    fn push(&mut self, text: &str) {
        let end = (0..=INDEXED.min(text.len())).rev().find(|&end| text.is_char_boundary(end));
        let text = &text[..end.unwrap_or(0)];
        for word in words_of(text) {
            self.0.push(' ');
            self.0.push_str(word);
        }
    }
}

pub(super) fn add(
    connection: &Connection,
    run: i64,
    forms_before: u64,
    words: &Words,
) -> rusqlite::Result<()> {
    let number = first_document(run) + super::row::signed(forms_before.min((1 << DOCUMENTS) - 1));
    connection
        .prepare_cached("INSERT INTO search (rowid, words) VALUES (?1, ?2)")?
        .execute((number, &words.0))?;
    Ok(())
}

pub(super) fn remove(connection: &Connection, run: i64) -> rusqlite::Result<()> {
    let documents = (first_document(run), first_document(run + 1) - 1);
    connection.prepare_cached("DELETE FROM search WHERE rowid BETWEEN ?1 AND ?2")?.execute(documents)?;
    Ok(())
}

/// The runs that have the span's id among their words, the newest first.
pub(super) fn runs_with_span(connection: &Connection, id: SpanId) -> rusqlite::Result<Vec<i64>> {
    let mut runs = Vec::new();
    each_run(connection, &format!("\"{id}\""), |run| runs.push(run))?;
    runs.reverse();
    Ok(runs)
}

/// The runs in which each word of a search text begins some word: none for a text without words. A single letter or digit
/// begins too many words, and is looked for as it stands.
pub(super) fn runs_with_words(connection: &Connection, text: &str) -> rusqlite::Result<RunSet> {
    // Asked for one by one each is the end of an index; together they are a walk through the table.
    let bounds = "SELECT coalesce((SELECT min(key) FROM runs), 0), coalesce((SELECT max(key) FROM runs), -1)";
    let (first, last) =
        connection.prepare_cached(bounds)?.query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let none = RunSet::none_of(first, last);
    let mut common = None;
    for word in words_of(text).take(MOST_WORDS) {
        let ending = if word.len() == 1 { "" } else { "*" };
        let mut runs = none.clone();
        each_run(connection, &format!("\"{word}\"{ending}"), |run| runs.add(run))?;
        if let Some(common) = &common {
            runs.keep(common);
        }
        common = Some(runs);
    }
    Ok(common.unwrap_or(none))
}

/// The run of each document that has what is asked for, the oldest first: the other way round costs twice the memory.
fn each_run(connection: &Connection, question: &str, mut tell: impl FnMut(i64)) -> rusqlite::Result<()> {
    let mut select =
        connection.prepare_cached("SELECT rowid FROM search WHERE search MATCH ?1 ORDER BY rowid")?;
    let mut documents = select.query([question])?;
    while let Some(row) = documents.next()? {
        tell(row.get::<_, i64>(0)? >> DOCUMENTS);
    }
    Ok(())
}

fn words_of(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c| !is_of_word(c)).filter(|word| !word.is_empty())
}

/// What words are made of, here and not in the index, which ends a word at a space alone: a word of a search that was
/// several to the index would be a phrase, which it cannot look for. Accents that stand by themselves belong to their letter.
fn is_of_word(c: char) -> bool {
    c.is_ascii_alphanumeric()
        || !c.is_ascii() && (c.is_alphanumeric() || ('\u{300}'..='\u{36f}').contains(&c))
}

fn first_document(run: i64) -> i64 {
    run << DOCUMENTS
}
