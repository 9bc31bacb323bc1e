//! The schema's versions, each a step from the one before, in a transaction.

use rusqlite::{Connection, TransactionBehavior};

use super::OpenError;

/// `bnto`: tells our files from those of other programs.
const APPLICATION: i64 = 0x626e_746f;

/// Never changed once released, only added to.
const STEPS: [&str; 2] = [include_str!("1.sql"), include_str!("2.sql")];

/// How many of our steps it was made with; 0 for one that is empty. What is not ours, or is newer, is left alone.
pub(super) fn check(connection: &Connection) -> Result<usize, OpenError> {
    let number = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let (found, application) = (number("user_version")?, number("application_id")?);
    let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if application != APPLICATION && (tables > 0 || application != 0) {
        return Err(OpenError::Foreign);
    }
    usize::try_from(found)
        .ok()
        .filter(|steps| *steps <= STEPS.len())
        .ok_or(OpenError::Newer { found, known: STEPS.len() })
}

/// Brings the schema up to date. `user_version` is how many steps were taken.
pub(super) fn migrate(connection: &mut Connection) -> Result<(), OpenError> {
    // Who comes second while another server makes the file waits here.
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let taken = check(&transaction)?;
    for step in STEPS.iter().skip(taken) {
        transaction.execute_batch(step)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION)?;
    transaction.pragma_update(None, "user_version", i64::try_from(STEPS.len()).unwrap_or(i64::MAX))?;
    transaction.commit()?;
    Ok(())
}
