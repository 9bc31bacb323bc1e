//! `bento serve`

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};

use bento_local::{Config, Server};

use crate::program::{SECRET, bento, finish, run};

/// A folder of a test's own.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("serve").join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// Starts a server and reads on until it has said where to send.
fn serve(arguments: &[&str], environment: &[(&str, &str)]) -> (Child, impl Iterator<Item = String>, String) {
    let mut child = bento(&[&["serve", "--port", "0"], arguments].concat(), environment).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let mut said = String::new();
    for line in lines.by_ref() {
        said += &(line + "\n");
        if said.contains("BENTOLABS_API_KEY=") {
            break;
        }
    }
    (child, lines, said)
}

fn url(said: &str) -> &str {
    said.split_once("BENTOLABS_BASE_URL=").unwrap().1.lines().next().unwrap()
}

#[test]
fn serve_prints_each_run_and_stops_when_it_is_told_to() {
    for signal in ["INT", "TERM"] {
        let (child, mut lines, said) = serve(&["--memory", "--print-runs"], &[]);
        assert!(
            said.contains("Runs are kept in memory") && said.contains("BENTOLABS_API_KEY=bl_pk_local"),
            "{said}"
        );
        crate::traces::send_run(url(&said), "bl_pk_local");
        assert!(lines.find(|line| line.starts_with("turn")).unwrap().ends_with(" ok"));
        stop(child, signal);
    }
}

#[test]
fn serve_prints_no_runs_into_a_pipe() {
    let (child, lines, said) = serve(&["--memory"], &[]);
    crate::traces::send_run(url(&said), "bl_pk_local");
    stop(child, "INT");
    assert_eq!(lines.collect::<Vec<_>>(), [""]);
}

#[test]
fn serve_leaves_this_machine_only_with_a_key() {
    let told = run(&["serve", "--host", "0.0.0.0", "--port", "0"], &[]).failed(2);
    assert!(
        told.contains("0.0.0.0 can be reached from other machines") && told.contains("BENTO_SERVE_KEY"),
        "{told}"
    );
    let folder = folder("keys");
    for (name, content) in [("empty", "\n"), ("other", "b9f3secretc07e"), ("broken", "bl_pk_b9f3 secretc07e")]
    {
        let file = folder.join(name);
        fs::write(&file, content).unwrap();
        let told = run(&["serve", "--port", "0", "--key-file", file.to_str().unwrap()], &[]).failed(2);
        assert!(told.contains(name), "{told}");
    }
    run(&["serve", "--port", "0"], &[("BENTO_SERVE_KEY", "b9f3secretc07e")]).failed(2);
    run(&["serve", "--port", "0", "--key-file", "nowhere"], &[]).failed(1);
    run(&["serve", "--key", SECRET], &[]).failed(2);
}

#[test]
fn a_port_that_is_taken_is_told() {
    let taken = Server::start(Config::default()).unwrap();
    let told = run(&["serve", "--memory", "--port", &taken.addr().port().to_string()], &[]).failed(1);
    assert!(told.starts_with("bento: cannot listen on 127.0.0.1:"), "{told}");
}

#[test]
fn what_cannot_be_meant_is_a_usage_error() {
    for arguments in [
        &["--memory", "--db", "x"][..],
        &["--keep-days", "0"],
        &["--max-size", "huge"],
        &["--host", "example.com"],
    ] {
        run(&[&["serve", "--port", "0"], arguments].concat(), &[]).failed(2);
    }
}

#[cfg(unix)]
fn stop(child: Child, signal: &str) {
    let sent = Command::new("kill").args([&format!("-{signal}"), &child.id().to_string()]).status().unwrap();
    let finished = finish(child);
    assert!(sent.success() && finished.code == Some(0), "{finished:?}");
}

/// Elsewhere there is no way to press Ctrl-C for another process.
#[cfg(not(unix))]
fn stop(mut child: Child, _: &str) {
    child.kill().unwrap();
    child.wait().unwrap();
}
