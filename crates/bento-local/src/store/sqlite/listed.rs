//! Which runs have a model or a tag: one table for each.

use rusqlite::Connection;

/// What runs are listed by.
#[derive(Clone, Copy, Debug)]
pub(super) enum Listed {
    Model,
    Tag,
}

impl Listed {
    pub(super) const fn table(self) -> &'static str {
        match self {
            Self::Model => "run_models",
            Self::Tag => "run_tags",
        }
    }

    pub(super) const fn column(self) -> &'static str {
        match self {
            Self::Model => "model",
            Self::Tag => "tag",
        }
    }

    pub(super) fn add<'a>(
        self,
        connection: &Connection,
        run: i64,
        values: impl IntoIterator<Item = &'a String>,
    ) -> rusqlite::Result<()> {
        let statement = match self {
            Self::Model => "INSERT INTO run_models (model, run) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
            Self::Tag => "INSERT INTO run_tags (tag, run) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
        };
        each(connection, statement, run, values)
    }

    pub(super) fn remove<'a>(
        self,
        connection: &Connection,
        run: i64,
        values: impl IntoIterator<Item = &'a String>,
    ) -> rusqlite::Result<()> {
        let statement = match self {
            Self::Model => "DELETE FROM run_models WHERE model = ?1 AND run = ?2",
            Self::Tag => "DELETE FROM run_tags WHERE tag = ?1 AND run = ?2",
        };
        each(connection, statement, run, values)
    }
}

fn each<'a>(
    connection: &Connection,
    statement: &str,
    run: i64,
    values: impl IntoIterator<Item = &'a String>,
) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(statement)?;
    values.into_iter().try_for_each(|value| statement.execute((value, run)).map(drop))
}
