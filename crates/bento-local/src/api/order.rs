//! In what order runs are listed, and how a list goes on where a page ended.

use serde::Deserialize;

use super::problem::Problem;
use super::rows::List;
use super::workspaces;
use crate::Summary;
use crate::store::{Direction, Page, Position, RunQuery, Sort, SortBy, Store};

/// An order by its name: `-start_time`, `cost`, …
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Order(Sort);

/// Where a page ended, in an order; its text is for who gave it, and no one else need understand it.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Cursor {
    order: Order,
    position: Position,
}

impl Order {
    /// By name, without and with the sign for the other direction.
    const NAMES: [(&str, &str, SortBy); 5] = [
        ("start_time", "-start_time", SortBy::StartTime),
        ("duration", "-duration", SortBy::Duration),
        ("cost", "-cost", SortBy::Cost),
        ("total_tokens", "-total_tokens", SortBy::TotalTokens),
        ("span_count", "-span_count", SortBy::SpanCount),
    ];

    pub(super) fn all() -> impl Iterator<Item = &'static str> {
        Self::NAMES.into_iter().flat_map(|(up, down, _)| [down, up])
    }

    pub(super) fn sort(self) -> Sort {
        self.0
    }

    fn name(self) -> &'static str {
        let named = Self::NAMES.into_iter().find(|(_, _, by)| *by == self.0.by);
        named.map_or("", |(up, down, _)| if self.0.direction == Direction::Ascending { up } else { down })
    }
}

impl Default for Order {
    fn default() -> Self {
        Self(Sort::NEWEST_FIRST)
    }
}

impl TryFrom<String> for Order {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let (name, direction) = match text.strip_prefix('-') {
            Some(name) => (name, Direction::Descending),
            None => (text.as_str(), Direction::Ascending),
        };
        let named = Self::NAMES.into_iter().find(|(up, _, _)| *up == name);
        named.map(|(_, _, by)| Self(Sort { by, direction })).ok_or_else(|| {
            let all: Vec<_> = Self::all().collect();
            format!("{text:?} is none of {}", all.join(", "))
        })
    }
}

/// A page of the runs of a workspace that is there, each as a row, and how the list goes on.
pub(super) fn list<T>(
    store: &dyn Store,
    query: &RunQuery,
    order: Order,
    row: impl Fn(&str, Summary) -> T,
) -> Result<List<T>, Problem> {
    workspaces::expect(store, &query.workspace)?;
    let page = store.runs(query)?;
    let next_cursor = Cursor::behind(&page, order);
    Ok(List { items: page.items.into_iter().map(|run| row(&query.workspace, run)).collect(), next_cursor })
}

impl Cursor {
    /// For the page that comes after this one, if there is one.
    fn behind(page: &Page<Summary>, order: Order) -> Option<String> {
        let last = page.items.last().filter(|_| page.more)?;
        let Position { value, trace_id } = Position::of(last, order.sort());
        Some(format!("{trace_id}.{value}.{}", order.name()))
    }

    /// Where the page ended, in the list that it was the cursor of.
    pub(super) fn position(self, order: Order) -> Result<Position, String> {
        if self.order.sort() == order.sort() {
            Ok(self.position)
        } else {
            Err(format!("it belongs to a list in the order {}, not {}", self.order.name(), order.name()))
        }
    }
}

impl TryFrom<String> for Cursor {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let mut parts = text.splitn(3, '.');
        let mut read = || {
            let trace_id = parts.next()?.parse().ok()?;
            let value = parts.next()?.parse().ok()?;
            let order = Order::try_from(parts.next()?.to_owned()).ok()?;
            Some(Self { order, position: Position { value, trace_id } })
        };
        read().ok_or_else(|| format!("{text:?} is not the next_cursor of a list"))
    }
}
