//! From a filter to the part of a statement that does it.

use std::rc::Rc;

use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::types::Value;
use rusqlite::{Connection, ToSql};

use super::listed::Listed;
use super::search;
use super::set::RunSet;
use crate::RunState;
use crate::store::Filter;

/// So few runs are looked at one by one; among more, the list is walked in its order until the page is full.
const FEW: usize = 2_000;

/// `runs` where no index is to be used but that of the keys.
const FETCHED: &str = "runs NOT INDEXED";

/// Conditions on `runs`, and the values for their question marks.
pub(super) struct Where {
    table: &'static str,
    conditions: Vec<String>,
    values: Vec<Box<dyn ToSql>>,
}

impl Where {
    /// What passes the filter in a workspace.
    pub(super) fn of(connection: &Connection, workspace: &str, filter: &Filter) -> rusqlite::Result<Self> {
        let mut sought = Self { table: "runs", conditions: Vec::new(), values: Vec::new() };
        sought.and("workspace = ?", [workspace.to_owned()]);
        sought.and_each("start_time >= ?", filter.window.start);
        sought.and_each("start_time < ?", filter.window.end);
        sought.and_one_of("status", filter.statuses.iter().map(|status| status.as_str()));
        sought.and_one_of("state", filter.states.iter().map(|state| state.as_str()));
        if !filter.states.is_empty() && !filter.states.contains(&RunState::Completed) {
            // It follows, but without the words the index that is made for it is not taken.
            sought.conditions.push("state <> 'completed'".to_owned());
        }
        if !filter.finding_kinds.is_empty() {
            sought.conditions.push("false".to_owned());
        }
        for (listed, wanted) in [(Listed::Model, &filter.models), (Listed::Tag, &filter.tags)] {
            if wanted.is_empty() {
                continue;
            }
            match few(connection, listed, wanted)? {
                Some(runs) => sought.and_among(runs),
                None => sought.and_has(listed, wanted),
            }
        }
        if let Some(text) = &filter.text {
            let runs = search::runs_with_words(connection, text)?;
            if runs.len() <= FEW {
                sought.and_among(runs.keys().collect());
            } else {
                sought.and_marked(connection, runs)?;
            }
        }
        Ok(sought)
    }

    pub(super) fn and<T: ToSql + 'static>(&mut self, condition: &str, values: impl IntoIterator<Item = T>) {
        self.conditions.push(condition.to_owned());
        self.values.extend(values.into_iter().map(|value| Box::new(value) as Box<dyn ToSql>));
    }

    fn and_each<T: ToSql + 'static>(&mut self, condition: &str, value: Option<T>) {
        if let Some(value) = value {
            self.and(condition, [value]);
        }
    }

    /// The words are ours, and stand in the statement: an index of a part of the rows is not taken for a question mark.
    fn and_one_of(&mut self, column: &str, words: impl Iterator<Item = &'static str>) {
        let words: Vec<_> = words.map(|word| format!("'{word}'")).collect();
        match &words[..] {
            [] => {}
            [word] => self.conditions.push(format!("{column} = {word}")),
            words => self.conditions.push(format!("{column} IN ({})", words.join(", "))),
        }
    }

    fn and_has(&mut self, listed: Listed, wanted: &[String]) {
        let (table, column) = (listed.table(), listed.column());
        let condition = format!(
            "EXISTS (SELECT 1 FROM {table} t WHERE t.{column} IN ({}) AND t.run = runs.key)",
            marks(wanted.len())
        );
        self.and(&condition, wanted.iter().cloned());
    }

    /// Few runs are fetched by their keys, whatever their order: no index is as good.
    fn and_among(&mut self, runs: Vec<i64>) {
        self.table = FETCHED;
        let runs: Rc<Vec<Value>> = Rc::new(runs.into_iter().map(Value::from).collect());
        self.and("key IN (SELECT value FROM rarray(?))", [runs]);
    }

    fn and_marked(&mut self, connection: &Connection, runs: RunSet) -> rusqlite::Result<()> {
        let is_marked = move |call: &Context<'_>| Ok(runs.has(call.get(0)?));
        connection.create_scalar_function("is_marked", 1, FunctionFlags::SQLITE_UTF8, is_marked)?;
        self.conditions.push("is_marked(key)".to_owned());
        Ok(())
    }

    /// Whether the runs are fetched one by one.
    pub(super) fn are_few(&self) -> bool {
        self.table == FETCHED
    }

    /// From `FROM` on.
    pub(super) fn sql(&self) -> String {
        format!("FROM {} WHERE {}", self.table, self.conditions.join(" AND "))
    }

    pub(super) fn values(&self) -> impl Iterator<Item = &dyn ToSql> {
        self.values.iter().map(AsRef::as_ref)
    }
}

/// The runs that have one of the values, unless they are many.
fn few(connection: &Connection, listed: Listed, wanted: &[String]) -> rusqlite::Result<Option<Vec<i64>>> {
    let (table, column) = (listed.table(), listed.column());
    let select = format!("SELECT run FROM {table} WHERE {column} = ?1 ORDER BY run DESC LIMIT {}", FEW + 1);
    let mut select = connection.prepare_cached(&select)?;
    let mut all = Vec::new();
    for value in wanted {
        let runs = select.query_map([value], |row| row.get::<_, i64>(0))?;
        all.extend(runs.collect::<Result<Vec<_>, _>>()?);
        if all.len() > FEW {
            return Ok(None);
        }
    }
    Ok(Some(all))
}

fn marks(count: usize) -> String {
    vec!["?"; count].join(", ")
}
