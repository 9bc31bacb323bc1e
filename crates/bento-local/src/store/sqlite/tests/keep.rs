//! What is kept, and for how long.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use super::*;

fn in_file(path: &Path) -> Result<Sqlite, OpenError> {
    Sqlite::open(Place::File(path.to_owned()))
}

#[test]
fn the_oldest_runs_go_first() -> Outcome {
    let store = memory()?;
    let mut spans = Vec::new();
    for number in 1..=9 {
        let mut span = span(number, number, 0, number)?;
        span.model = Some("gpt".to_owned());
        span.tags = vec!["tag".to_owned()];
        spans.push(span);
    }
    keep(&store, &spans)?;
    let now = Timestamp::from_unix_nanos(1_700_000_014 * 1_000_000_000);
    let age = Retention { age: Some(Duration::from_secs(10)), bytes: None };
    let Retained { mut removed, more } = store.retain(&age, now)?;
    removed.sort_unstable();
    assert_eq!((removed.len(), more), (3, false));
    assert!(store.run(trace(3)?)?.is_none() && store.span(span_id(3)?, None)?.is_none());
    assert_eq!((searched(&store, "step")?.len(), searched(&store, &trace(3)?.to_string())?.len()), (6, 0));
    let tagged = Filter { tags: vec!["tag".to_owned()], models: vec!["gpt".to_owned()], ..Filter::default() };
    assert_eq!(found(&store, tagged)?.len(), 6);
    assert_eq!(store.retain(&Retention { age: None, bytes: Some(u64::MAX) }, now)?.removed.len(), 0);
    keep(&store, &[span(3, 3, 0, 3)?])?;
    assert_eq!(
        store.run(trace(3)?)?.map(|(_, run)| run.span_count),
        Some(1),
        "its key is not that of another run"
    );
    Ok(())
}

#[test]
fn what_is_too_much_goes_until_it_is_not() -> Outcome {
    let store = memory()?;
    for part in 0..40 {
        let mut spans = Vec::new();
        for number in 1..=200 {
            let mut span = span(part * 200 + number, number, 0, part * 200 + number)?;
            span.input = Some("text ".repeat(200));
            spans.push(span);
        }
        keep(&store, &spans)?;
    }
    let bytes = 4 << 20;
    let retention = Retention { age: None, bytes: Some(bytes) };
    let mut removed = 0;
    loop {
        let retained = store.retain(&retention, Timestamp::from_unix_nanos(0))?;
        removed += retained.removed.len() as u64;
        if !retained.more {
            break;
        }
    }
    let left = store.totals(WORKSPACE, &Filter::default())?.runs;
    assert!(removed + left == 8_000 && left > 500, "{removed} {left}");
    assert!(store.read(retain::used)? <= bytes);
    assert!(store.run(trace(8_000)?)?.is_some() && store.run(trace(1)?)?.is_none());
    Ok(())
}

#[test]
fn a_file_is_opened_again() -> Outcome {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("runs.db");
    let store = in_file(&path)?;
    keep(&store, &[span(1, 1, 0, 0)?])?;
    assert!(store.add_workspace(&Workspace { id: "team".to_owned(), name: "Team".to_owned() })?);
    // A second server on the same file sees what the first has stored, and the other way round.
    let other = in_file(&path)?;
    keep(&other, &[span(2, 1, 0, 0)?])?;
    assert_eq!((store.totals(WORKSPACE, &Filter::default())?.runs, other.workspaces()?.len()), (2, 2));
    drop((store, other));
    let names: Vec<_> =
        folder.path().read_dir()?.map(|entry| Ok(entry?.file_name())).collect::<io::Result<_>>()?;
    assert_eq!(names, ["runs.db"], "it leaves one file");
    #[cfg(unix)]
    assert_eq!(
        std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&path)?.permissions()) & 0o777,
        0o600
    );
    let again = in_file(&path)?;
    assert_eq!(again.totals(WORKSPACE, &Filter::default())?.runs, 2);
    assert!(again.rename_workspace("team", "The team")? && !again.rename_workspace("nobody", "x")?);
    assert!(!again.add_workspace(&Workspace { id: "team".to_owned(), name: "Other".to_owned() })?);
    Ok(())
}

#[test]
fn what_is_no_database_of_ours_is_left_alone() -> Outcome {
    let folder = tempfile::tempdir()?;
    let path = |name: &str| folder.path().join(name);
    std::fs::write(path("text"), "x".repeat(4_096))?;
    assert!(in_file(&path("text")).is_err());
    assert_eq!(std::fs::read(path("text"))?, "x".repeat(4_096).as_bytes());
    let foreign = Connection::open(path("foreign"))?;
    foreign.execute_batch("CREATE TABLE theirs (a); INSERT INTO theirs VALUES (1);")?;
    assert!(matches!(in_file(&path("foreign")), Err(OpenError::Foreign)));
    assert_eq!(foreign.query_row("SELECT a FROM theirs", [], |row| row.get::<_, i64>(0))?, 1);
    let journal: String = foreign.pragma_query_value(None, "journal_mode", |row| row.get(0))?;
    assert_eq!(journal, "delete");
    drop(in_file(&path("newer"))?);
    Connection::open(path("newer"))?.pragma_update(None, "user_version", 99)?;
    assert!(matches!(in_file(&path("newer")), Err(OpenError::Newer { found: 99, known: 2 })));
    assert!(in_file(&path("nowhere/at/all")).is_err());
    Ok(())
}

#[cfg(unix)]
#[test]
fn a_file_that_was_removed_takes_nothing_any_more() -> Outcome {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("runs.db");
    let store = in_file(&path)?;
    keep(&store, &[span(1, 1, 0, 0)?])?;
    std::fs::remove_file(&path)?;
    let refused = keep(&store, &[span(2, 1, 0, 0)?]);
    assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
    std::fs::write(&path, "another")?;
    let refused = keep(&store, &[span(2, 1, 0, 0)?]);
    assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
    let path = folder.path().join("other.db");
    let store = in_file(&path)?;
    std::fs::remove_file(folder.path().join("other.db-wal"))?;
    let refused = keep(&store, &[span(2, 1, 0, 0)?]);
    assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
    Ok(())
}

#[test]
fn one_large_run_too_much_takes_no_other_with_it() -> Outcome {
    let store = memory()?;
    for number in 1..=20 {
        let mut large = span(number, number, 0, number)?;
        large.input = Some("x".repeat(1 << 20));
        keep(&store, &[large])?;
    }
    let retention = Retention { age: None, bytes: Some(15 << 20) };
    let retained = store.retain(&retention, Timestamp::from_unix_nanos(0))?;
    let left = store.totals(WORKSPACE, &Filter::default())?.runs;
    assert!(retained.removed.len() as u64 + left == 20 && (13..=14).contains(&left), "{retained:?}");
    Ok(())
}

/// Reads in short transactions, each begun before the one before has ended: there is always somebody in the log.
fn read_without_a_gap(path: &Path, done: &AtomicBool) -> rusqlite::Result<()> {
    let readers = [Connection::open(path)?, Connection::open(path)?];
    for turn in 0.. {
        readers[turn % 2].execute_batch("BEGIN; SELECT count(*) FROM runs;")?;
        std::thread::sleep(Duration::from_millis(5));
        if turn > 0 {
            readers[(turn + 1) % 2].execute_batch("ROLLBACK")?;
        }
        if done.load(Ordering::Relaxed) {
            break;
        }
    }
    Ok(())
}

#[test]
fn the_log_has_a_bound_however_many_read() -> Outcome {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("runs.db");
    let store = in_file(&path)?;
    let done = AtomicBool::new(false);
    let mut longest = 0;
    std::thread::scope(|scope| -> Outcome {
        let reader = scope.spawn(|| read_without_a_gap(&path, &done));
        let outcome = (1..=30).try_for_each(|number| -> Outcome {
            let mut large = span(number, number, 0, number)?;
            large.input = Some("x".repeat(8 << 20));
            keep(&store, &[large])?;
            store.retain(&Retention { age: None, bytes: Some(16 << 20) }, Timestamp::from_unix_nanos(0))?;
            longest = longest.max(std::fs::metadata(folder.path().join("runs.db-wal"))?.len());
            Ok(())
        });
        done.store(true, Ordering::Relaxed);
        reader.join().map_err(|_| "the reader panicked")??;
        outcome
    })?;
    assert!(longest < 128 << 20, "the log grew to {} MiB for a store of 16 MiB", longest >> 20);
    Ok(())
}

#[cfg(unix)]
#[test]
fn a_link_to_a_database_is_as_good_as_the_database() -> Outcome {
    let folder = tempfile::tempdir()?;
    let (real, link) = (folder.path().join("real"), folder.path().join("link.db"));
    std::fs::create_dir(&real)?;
    std::fs::write(real.join("runs.db"), "")?;
    std::os::unix::fs::symlink(real.join("runs.db"), &link)?;
    let store = in_file(&link)?;
    assert_eq!(keep(&store, &[span(1, 1, 0, 0)?])?, 1);
    drop(store);
    assert_eq!(in_file(&real.join("runs.db"))?.totals(WORKSPACE, &Filter::default())?.runs, 1);
    Ok(())
}

#[test]
fn a_run_that_grows_outlives_those_that_are_done() -> Outcome {
    let store = memory()?;
    for number in 1..=4 {
        // The first one's root has not arrived, though it began before the others.
        let mut large = span(number, 7, u64::from(number == 1), number)?;
        large.input = Some("x".repeat(1 << 20));
        keep(&store, &[large])?;
    }
    let minutes = |minutes: u64| Timestamp::from_unix_nanos((1_700_000_000 + 60 * minutes) * 1_000_000_000);
    let let_go = |now| -> Result<Vec<bool>, Box<dyn Error>> {
        let bytes = store.write(retain::used)? - 1;
        store.retain(&Retention { age: None, bytes: Some(bytes) }, now)?;
        (1..=4).map(|run| Ok(store.run(trace(run)?)?.is_none())).collect()
    };
    assert_eq!(let_go(minutes(5))?, [false, true, false, false]);
    assert_eq!(let_go(minutes(15))?, [true, true, false, false]);
    keep(&store, &[span(5, 7, 1, 0)?])?;
    assert_eq!(let_go(minutes(5))?, [true, true, true, false]);
    assert_eq!(let_go(minutes(5))?, [true, true, true, true]);
    let _ = let_go(minutes(5))?;
    assert!(store.run(trace(5)?)?.is_none(), "if nothing else is left it goes all the same");
    Ok(())
}
