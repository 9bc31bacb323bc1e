//! From a filter to the part of a statement that does it.

use std::rc::Rc;

use rusqlite::types::Value;
use rusqlite::{Connection, ToSql};

use super::search;
use crate::store::Filter;

/// So few runs are looked at one by one; among more, the list is walked in its order until the page is full.
const FEW: usize = 2_000;

/// Conditions on `runs`, and the values for their question marks.
pub(super) struct Where {
    conditions: Vec<String>,
    values: Vec<Box<dyn ToSql>>,
}

impl Where {
    /// What passes the filter in a workspace.
    pub(super) fn of(connection: &Connection, workspace: &str, filter: &Filter) -> rusqlite::Result<Self> {
        let mut sought = Self { conditions: Vec::new(), values: Vec::new() };
        sought.and("workspace = ?", [workspace.to_owned()]);
        sought.and_each("start_time >= ?", filter.window.start);
        sought.and_each("start_time < ?", filter.window.end);
        sought.and_one_of("status", filter.statuses.iter().map(|status| status.as_str()));
        sought.and_one_of("state", filter.states.iter().map(|state| state.as_str()));
        if !filter.finding_kinds.is_empty() {
            sought.conditions.push("false".to_owned());
        }
        let mut sets = match &filter.text {
            Some(text) => search::runs_by_word(connection, text)?,
            None => Vec::new(),
        };
        for (table, column, wanted) in
            [("run_models", "model", &filter.models), ("run_tags", "tag", &filter.tags)]
        {
            if wanted.is_empty() {
                continue;
            }
            match few(connection, table, column, wanted)? {
                Some(runs) => sets.push(runs),
                None => sought.and_has(table, column, wanted),
            }
        }
        sought.and_in_all(sets);
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

    fn and_one_of(&mut self, column: &str, values: impl Iterator<Item = &'static str>) {
        let values: Vec<_> = values.collect();
        if !values.is_empty() {
            self.and(&format!("{column} IN ({})", marks(values.len())), values);
        }
    }

    fn and_has(&mut self, table: &str, column: &str, wanted: &[String]) {
        let condition = format!(
            "EXISTS (SELECT 1 FROM {table} t WHERE t.{column} IN ({}) AND t.run = runs.key)",
            marks(wanted.len())
        );
        self.and(&condition, wanted.iter().cloned());
    }

    /// The smallest set leads if it is small: its runs are fetched, and the others are asked for each of them.
    fn and_in_all(&mut self, mut sets: Vec<Vec<i64>>) {
        sets.sort_unstable_by_key(Vec::len);
        let mut sets = sets.into_iter();
        let Some(mut common) = sets.next() else { return };
        for set in sets {
            common.retain(|run| set.binary_search_by(|other| run.cmp(other)).is_ok());
        }
        // With the plus it is a test, not the way to the rows.
        let key = if common.len() <= FEW { "key" } else { "+key" };
        let runs: Rc<Vec<Value>> = Rc::new(common.into_iter().map(Value::from).collect());
        self.and(&format!("{key} IN (SELECT value FROM rarray(?))"), [runs]);
    }

    pub(super) fn sql(&self) -> String {
        self.conditions.join(" AND ")
    }

    pub(super) fn values(&self) -> impl Iterator<Item = &dyn ToSql> {
        self.values.iter().map(AsRef::as_ref)
    }
}

/// The runs that have one of the values, the newest first, unless they are many.
fn few(
    connection: &Connection,
    table: &str,
    column: &str,
    wanted: &[String],
) -> rusqlite::Result<Option<Vec<i64>>> {
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
    all.sort_unstable_by(|run, other| other.cmp(run));
    all.dedup();
    Ok(Some(all))
}

fn marks(count: usize) -> String {
    vec!["?"; count].join(", ")
}
