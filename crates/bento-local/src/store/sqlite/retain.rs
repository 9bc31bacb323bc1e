//! Letting go of the oldest runs.

use std::time::Duration;

use rusqlite::{Connection, OptionalExtension as _, Transaction, TransactionBehavior};

use super::listed::Listed;
use super::row::{self, unsigned};
use super::search;
use crate::store::{Retained, Retention};
use crate::{Timestamp, TraceId};

/// Spans that are removed at a time; who wants to store waits for no more.
const AT_A_TIME: u64 = 2_000;

/// A run whose root has not ended goes on for as long as its last span came no longer ago. Without
/// its beginning, what is still to come of it would make a torso.
const GROWING: Duration = Duration::from_secs(600);

/// Removes a part of what is too much.
pub(super) fn retain(
    connection: &mut Connection,
    retention: &Retention,
    now: Timestamp,
) -> rusqlite::Result<Retained> {
    let oldest_allowed = retention.age.map(|age| now.before(age));
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut spans = 0;
    let mut retained = Retained::default();
    while let Some((key, start)) = oldest(&transaction, now)? {
        let is_old = oldest_allowed.is_some_and(|allowed| start < allowed);
        let is_too_much = match retention.bytes {
            Some(bytes) => used(&transaction)? > bytes,
            None => false,
        };
        if !is_old && !is_too_much {
            break;
        }
        if spans >= AT_A_TIME {
            retained.more = true;
            break;
        }
        let (run, its_spans) = remove(&transaction, key)?;
        retained.removed.push(run);
        spans += its_spans;
    }
    transaction.commit()?;
    Ok(retained)
}

/// Bytes of pages that hold something.
pub(super) fn used(connection: &Connection) -> rusqlite::Result<u64> {
    let number = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    Ok(unsigned((number("page_count")? - number("freelist_count")?) * number("page_size")?))
}

/// The run that goes next: the oldest that has come to an end, or that nothing was heard of for a while; if there is none,
/// the oldest of all.
fn oldest(transaction: &Transaction<'_>, now: Timestamp) -> rusqlite::Result<Option<(i64, Timestamp)>> {
    let quiet = now.before(GROWING);
    for condition in ["(state NOT IN ('running', 'unfinished') OR heard < ?1)", "?1 = ?1"] {
        let select = format!(
            "SELECT r.key, r.start_time FROM workspaces w JOIN runs r ON r.key = (SELECT key FROM runs \
             WHERE workspace = w.id AND {condition} ORDER BY start_time, key LIMIT 1) ORDER BY r.start_time LIMIT 1"
        );
        let mut select = transaction.prepare_cached(&select)?;
        let found = select.query_row([quiet], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}

/// Removes a run, and says which it was and how many spans it had.
fn remove(transaction: &Transaction<'_>, key: i64) -> rusqlite::Result<(TraceId, u64)> {
    let (_, run) = transaction.prepare_cached(row::RUN_OF_KEY)?.query_row([key], row::run)?;
    Listed::Model.remove(transaction, key, run.models.keys())?;
    Listed::Tag.remove(transaction, key, &run.tags)?;
    search::remove(transaction, key)?;
    transaction.prepare_cached("DELETE FROM runs WHERE key = ?1")?.execute([key])?;
    let removed = transaction.prepare_cached("DELETE FROM spans WHERE run = ?1")?.execute([key])?;
    Ok((run.trace_id, removed as u64))
}
