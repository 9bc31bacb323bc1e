//! Every example runs to its end and prints what it promises.
#![expect(clippy::unwrap_used, reason = "a test may fail loudly")]

mod example;

use std::io::{BufRead as _, BufReader};

use bento_local::{Config, Server};
use example::{Finished, timeless};

const QUICKSTART: &str = "\
user_turn  agent  error  user u42  session c1
├─ plan  llm  gpt-4o  212→31 tok
├─ weather  tool
├─ flights  tool  ✗ timeout: upstream did not answer
├─ flights  tool
├─ researcher  agent
│  ├─ guide  tool
│  └─ summarise  llm  claude-sonnet-4-5  1 180→12 tok
└─ answer  llm  gpt-4o  534→48 tok";

/// Runs an example that is to succeed in silence on standard error, and gives what it printed, without durations.
fn printed(name: &str, environment: &[(&str, &str)]) -> String {
    let Finished { code, stdout, stderr } = example::run(name, &[], environment);
    assert_eq!((code, stderr.as_str()), (Some(0), ""), "{name}: {stdout}");
    assert!(stdout.ends_with('\n'), "{name} leaves the prompt on its last line");
    timeless(&stdout)
}

#[test]
fn quickstart_shows_a_whole_agent() {
    assert_eq!(printed("quickstart", &[]), QUICKSTART);
}

#[test]
fn quickstart_asks_no_proxy_for_what_is_local() {
    let proxies = ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"];
    let hostile = proxies.map(|name| (name, "http://127.0.0.1:9"));
    assert_eq!(printed("quickstart", &hostile), QUICKSTART);
}

#[test]
fn quickstart_goes_where_the_environment_says() {
    let server = Server::start(Config::default()).unwrap();
    let environment = [("BENTOLABS_API_KEY", "bl_pk_test"), ("BENTOLABS_BASE_URL", server.url())];
    let text = printed("quickstart", &environment);
    let (trace, place) = text.strip_prefix("Run ").unwrap().split_once(" went to ").unwrap();
    assert_eq!(place.trim_end_matches(['.', '/']), server.url());
    assert_eq!(timeless(&server.run(trace).unwrap().unwrap().tree().to_string()), QUICKSTART);
}

#[test]
fn quickstart_stays_if_it_is_asked_to() {
    let mut child = std::process::Command::new(example::binary("quickstart"))
        .arg("--serve")
        .env_remove("BENTOLABS_API_KEY")
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let told: Vec<_> = lines.take_while(|line| !line.starts_with("`cargo install")).collect();
    let url = told.iter().find_map(|line| line.trim().strip_prefix("export BENTOLABS_BASE_URL=")).unwrap();
    let trace = told.iter().find_map(|line| line.trim().strip_prefix("bento traces show ")).unwrap();
    let tree = bento_local::client::fetch_run(url, trace).map(|run| run.tree().to_string());
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(timeless(&tree.unwrap()), QUICKSTART);
    let key = [("BENTOLABS_API_KEY", "bl_pk_test")];
    let refused = example::run("quickstart", &["--serve"], &key);
    assert!(refused.code == Some(1) && refused.stderr.contains("unset BENTOLABS_API_KEY"), "{refused:?}");
}

#[test]
fn quickstart_does_not_start_with_a_bad_key_and_does_not_print_it() {
    let refused = example::run("quickstart", &[], &[("BENTOLABS_API_KEY", "a secret of another shop")]);
    assert_eq!((refused.code, refused.stdout.as_str()), (Some(1), ""));
    assert!(
        refused.stderr.contains("an API key starts with `bl_pk_`")
            && !refused.stderr.contains("another shop"),
        "{refused:?}"
    );
}

#[test]
fn nested_agents_stand_in_one_trace_and_housekeeping_in_its_own() {
    let expected = "\
housekeeping  agent  ok
└─ summarise memory  llm  gpt-4o-mini
user_turn  agent  ok  user u42
├─ route  llm  gpt-4o-mini
└─ coder  agent
   ├─ write  llm  gpt-4o
   └─ reviewer  agent
      ├─ cargo test  tool
      └─ approve  llm  gpt-4o";
    assert_eq!(printed("nested_agents", &[]), expected);
}

#[test]
fn concurrent_steps_keep_their_parents() {
    let expected = "\
user_turn  agent  ok
├─ search  tool
│  └─ rank hotels  llm  gpt-4o-mini
├─ search  tool
│  └─ rank flights  llm  gpt-4o-mini
├─ search  tool
│  └─ rank fast mirror  llm  gpt-4o-mini
├─ search  tool  ⊘ cancelled
└─ search  tool
   └─ rank background  llm  gpt-4o-mini";
    let text = printed("concurrent", &[]);
    // `select!` polls in a random order: the loser may be the first of the two to start.
    let (winner, loser) = ("├─ search  tool\n│  └─ rank fast", "├─ search  tool  ⊘ cancelled\n");
    let loser_first = expected.replace(loser, "").replace(winner, &format!("{loser}{winner}"));
    assert!(text == expected || text == loser_first, "{text}");
}

#[test]
fn threads_carry_the_context() {
    let page = "read page  tool\n";
    let expected = format!(
        "nightly_batch  agent  ok\n├─ {page}│  └─ summarise  llm  gpt-4o-mini\n├─ {page}│  └─ summarise  llm  gpt-4o-mini\n\
         └─ {page}   └─ summarise  llm  gpt-4o-mini"
    );
    assert_eq!(printed("threads", &[]), expected);
}

#[test]
fn axum_service_continues_the_trace_of_its_caller() {
    let expected = "\
{\"answer\":\"42\"}
client  agent  ok
└─ ask  agent
   └─ answer  llm  gpt-4o  9→1 tok";
    assert_eq!(printed("axum_service", &[]), expected);
}

#[cfg(feature = "otel")]
#[test]
fn existing_otel_serves_both_exporters() {
    let expected = "\
the host's exporter got plan
the host's exporter got search
the host's exporter got user_turn
user_turn  agent  error  user u42
├─ plan  llm  gpt-4o  212→31 tok
└─ search  tool  ✗ timeout: upstream did not answer";
    assert_eq!(printed("existing_otel", &[]), expected);
}

#[cfg(feature = "otel")]
#[test]
fn collector_gets_protobuf() {
    let text = printed("collector", &[]);
    let lines: Vec<_> = text.lines().collect();
    let names = ["plan, ", "search, ", "user_turn, "].map(|name| format!("the collector got {name}"));
    assert!(lines.iter().zip(&names).all(|(line, name)| line.starts_with(name)), "{text}");
    assert!(lines[3].starts_with("3 spans went to http://127.0.0.1:"), "{text}");
}

#[test]
fn macros_trace_whole_functions() {
    let expected = "\
user_turn  agent  error
├─ web search  tool
├─ read page  tool  ✗ https://bento.example/2: not found
└─ answer  llm  gpt-4o  120→9 tok
user_turn: {\"message\":\"How do I trace an agent?\"} → see https://bento.example/1
web search: {\"query\":\"How do I trace an agent?\"} → [{\"url\":\"https://bento.example/1\"},{\"url\":\"https://bento.example/2\"}]
read page: – → –
answer: How do I trace an agent? → see https://bento.example/1";
    assert_eq!(printed("macros", &[]), expected);
}
