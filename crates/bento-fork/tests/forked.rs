//! A real fork. This test is alone in its process but for the harness, whose threads a child has not.

#![cfg(unix)]

use std::sync::Mutex;

use bento_fork::{PerProcess, generation, watch};
use fork::{Fork, fork, waitpid};

static LOCKED: PerProcess<Mutex<u32>> =
    PerProcess::new(Mutex::new(0), |parent| Mutex::new(parent.try_lock().map_or(100, |parent| *parent + 1)));

/// Runs `child` in a fork of this process, and gives what it returns.
fn in_child(child: impl FnOnce() -> i32) -> i32 {
    match fork() {
        Ok(Fork::Child) => std::process::exit(child()),
        Ok(Fork::Parent(pid)) => {
            let status = waitpid(pid).unwrap_or(-1);
            (status >> 8) & 0xff
        }
        Err(_) => -1,
    }
}

fn here() -> i32 {
    LOCKED.here().lock().map_or(-1, |value| i32::try_from(*value).unwrap_or(-1))
}

#[test]
fn a_child_has_its_own_even_of_what_was_locked() {
    watch();
    watch();
    assert_eq!((generation(), here()), (0, 0));
    assert_eq!(in_child(|| i32::try_from(generation()).unwrap_or(-1)), 1);
    assert_eq!(in_child(here), 1);
    assert_eq!(in_child(|| in_child(here)), 2, "a grandchild inherits from its parent, which never asked");
    let held = LOCKED.here().lock();
    assert_eq!(in_child(here), 100, "the lock stays locked there for ever");
    drop(held);
    assert_eq!((generation(), here()), (0, 0), "the parent's is untouched");
}
