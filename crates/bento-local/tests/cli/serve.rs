//! `bento serve`

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use bento_local::{Config, Server};

use crate::program::{SECRET, ask, bento, finish, run};
use crate::traces;

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
    assert!(!said.contains(SECRET.trim_start_matches("bl_pk_")), "{said}");
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
        traces::send_run(url(&said), "bl_pk_local");
        assert!(lines.find(|line| line.starts_with("turn")).unwrap().ends_with(" ok"));
        stop(child, signal);
    }
}

#[test]
fn serve_prints_no_runs_into_a_pipe() {
    let (child, lines, said) = serve(&["--memory"], &[]);
    traces::send_run(url(&said), "bl_pk_local");
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
        assert_eq!(told.contains("there is no key in it"), name == "empty", "{told}");
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
    assert!(told.contains("another `bento serve`") && told.contains("--port"), "{told}");
}

#[test]
fn what_cannot_be_meant_is_a_usage_error() {
    for arguments in [
        &["--memory", "--db", "x"][..],
        &["--keep-days", "0"],
        &["--max-size", "huge"],
        &["--max-size", "0"],
        &["--max-size", "500"],
        &["--max-size", "10B"],
        &["--max-size", "10kB"],
        &["--host", "example.com"],
        &["--unfinished-after", "5"],
        &["--unfinished-after", "soon"],
        &["--unfinished-after", "10ms"],
        &["--unfinished-after=-5m"],
        &["--unfinished-after", "1 month"],
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

#[test]
fn a_time_is_written_with_its_unit() {
    let (child, _, _) = serve(&["--memory", "--unfinished-after", "1h 30m"], &[]);
    stop(child, "INT");
}

#[test]
fn a_file_keeps_the_runs() {
    let folder = folder("kept");
    let database = folder.join("runs.db");
    let database = database.to_str().unwrap();
    let arguments = ["--db", database, "--keep-days", "36500", "--max-size", "1GB"];
    let (child, _, said) = serve(&arguments, &[]);
    assert!(said.contains(&format!("Runs are kept in {database}.")), "{said}");
    assert!(said.contains("A run goes 36500 days after it started."), "{said}");
    assert!(said.contains("The oldest runs go while all of them take more than 1.0 GB."), "{said}");
    traces::send_run(url(&said), "bl_pk_local");
    stop(child, "TERM");
    let (child, _, said) = serve(&["--db", database], &[]);
    let listed = ask(url(&said), &["traces", "list"]).printed();
    assert!(listed.contains(traces::GOOD), "{listed}");
    stop(child, "INT");
    // A limit on the age is a limit: the run is of 2023.
    let (child, _, said) = serve(&["--db", database, "--keep-days", "1"], &[]);
    let deadline = Instant::now() + Duration::from_secs(30);
    while ask(url(&said), &["traces", "list"]).printed().contains(traces::GOOD) {
        assert!(Instant::now() < deadline, "the run is still there");
    }
    stop(child, "INT");
}

#[test]
fn runs_are_kept_where_programs_keep_data() {
    let home = folder("home");
    let home = home.to_str().unwrap();
    let environment = [("HOME", home), ("XDG_DATA_HOME", home), ("USERPROFILE", home), ("APPDATA", home)];
    let (child, _, said) = serve(&[], &environment);
    let (_, place) = said.split_once("Runs are kept in ").unwrap();
    let place = place.lines().next().unwrap().trim_end_matches('.');
    assert!(place.starts_with(home) && Path::new(place).ends_with("bento/bento.db"), "{said}");
    assert!(Path::new(place).exists(), "{said}");
    stop(child, "INT");
}

#[test]
fn a_key_is_wanted_of_everybody_and_shown_to_nobody() {
    let folder = folder("key");
    let file = folder.join("key");
    fs::write(&file, format!("{SECRET}\n")).unwrap();
    for (arguments, environment) in [
        (vec!["--memory"], vec![("BENTO_SERVE_KEY", SECRET)]),
        (vec!["--memory", "--key-file", file.to_str().unwrap()], vec![("BENTO_SERVE_KEY", "bl_pk_other")]),
    ] {
        let (child, _, said) = serve(&arguments, &environment);
        assert!(said.contains("BENTOLABS_API_KEY=(the key it was given)"), "{said}");
        let address = url(&said);
        let told = run(&["traces", "list", "--api-base", address], &[]).failed(1);
        assert!(told.contains("401") && told.contains("Set BENTOLABS_API_KEY"), "{told}");
        ask(address, &["traces", "list"]).printed();
        ask(address, &["doctor"]).printed();
        let other = [("BENTOLABS_API_KEY", "bl_pk_other")];
        let finished = run(&["doctor", "--api-base", address], &other);
        assert!(finished.code == Some(1) && finished.stdout.contains("401"), "{finished:?}");
        stop(child, "INT");
    }
}

#[test]
fn beyond_this_machine_it_warns() {
    let key = [("BENTO_SERVE_KEY", SECRET)];
    let (mut child, mut lines, said) = serve(&["--memory", "--host", "0.0.0.0"], &key);
    let mut told = String::new();
    BufReader::new(child.stderr.take().unwrap()).read_line(&mut told).unwrap();
    assert!(told.starts_with("bento: warning: other machines can reach http://0.0.0.0:"), "{told}{said}");
    assert!(url(&said).starts_with("http://127.0.0.1:"), "{said}");
    ask(url(&said), &["traces", "list"]).printed();
    let note = lines.find(|line| line.starts_with("On other machines")).unwrap();
    assert!(note.contains("this one's name") && note.ends_with("127.0.0.1."), "{note}");
    stop(child, "INT");
}

#[test]
fn prices_may_be_ones_own() {
    let folder = folder("prices");
    let list = folder.join("prices.json");
    fs::write(&list, r#"{"models": {"gpt-4o": {"input": 1000000, "output": 0}}}"#).unwrap();
    let (child, _, said) = serve(&["--memory", "--prices", list.to_str().unwrap()], &[]);
    ask(url(&said), &["doctor"]).printed();
    let listed = ask(url(&said), &["traces", "list"]).printed();
    let listed: serde_json::Value = serde_json::from_str(&listed).unwrap();
    assert_eq!(listed["items"][0]["cost"].as_f64(), Some(12.0), "{listed}");
    stop(child, "INT");
    fs::write(&list, "no list").unwrap();
    let told = run(&["serve", "--memory", "--port", "0", "--prices", list.to_str().unwrap()], &[]).failed(1);
    assert!(told.contains("prices.json"), "{told}");
}
