//! Hooks hold whatever becomes of the start that named them.

use super::{SECRET, bodies, hush};
use crate::support::{KEY, LONG, OTHER_KEY, scenario};

fn emit() {
    bento::track_ai("answer").input(SECRET).send();
}

#[test]
fn a_start_that_failed_is_not_made_up_for_without_its_hooks() {
    scenario(
        || {
            let nowhere = std::env::current_exe().unwrap().join("spool");
            bento::builder().spool(nowhere).redact(hush).init().unwrap_err();
            emit();
            let error = bento::flush(LONG).unwrap_err();
            assert!(error.to_string().contains("the spool cannot be used"), "{error}");
            let _bento = bento::builder().redact(hush).init().unwrap();
            emit();
        },
        |child| {
            let server = child.delivers();
            assert_eq!(server.requests().len(), 1);
            assert!(!bodies(&server.requests()).contains(SECRET));
        },
    );
}

#[test]
fn a_start_that_is_refused_leaves_its_hooks() {
    scenario(
        || {
            bento::track_ai("starts it").send();
            bento::builder().api_key(OTHER_KEY).redact(hush).init().unwrap_err();
            emit();
        },
        |child| assert!(bodies(&child.delivers().requests()).contains("[hushed]")),
    );
}

#[test]
fn hooks_outlive_a_rotation_of_the_key() {
    scenario(
        || {
            drop(bento::builder().redact(hush).init().unwrap());
            bento::shutdown(LONG).unwrap();
            let _bento = bento::builder().api_key(OTHER_KEY).init().unwrap();
            emit();
        },
        |child| {
            let server = child.env("BENTOLABS_API_KEY", KEY).delivers();
            assert!(
                bodies(&server.requests()).contains("[hushed]")
                    && !bodies(&server.requests()).contains(SECRET)
            );
        },
    );
}

#[cfg(unix)]
#[test]
fn hooks_hold_in_a_forked_child_with_another_key() {
    use fork::{Fork, fork, waitpid};

    scenario(
        || {
            let _bento = bento::builder().redact(hush).init().unwrap();
            match fork().unwrap() {
                Fork::Child => {
                    let _bento = bento::builder().api_key(OTHER_KEY).init().unwrap();
                    emit();
                    bento::flush(LONG).ok();
                    std::process::exit(0);
                }
                Fork::Parent(pid) => assert_eq!(waitpid(pid).unwrap(), 0),
            }
        },
        |child| {
            let server = child.delivers();
            assert!(
                bodies(&server.requests()).contains("[hushed]")
                    && !bodies(&server.requests()).contains(SECRET)
            );
        },
    );
}
