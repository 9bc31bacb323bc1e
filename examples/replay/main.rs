//! Recorded runs, replayed: `cargo run --example replay -- FILE…`
//!
//! It reads chat logs (a JSON array of runs with OpenAI-style messages under `traj`, as tau-bench writes them) and the
//! trajectories of SWE-agent (`.traj`), tells them apart by their content, emits them as an agent would have, and counts
//! what arrived at a local backend in this process. With `BENTOLABS_API_KEY` set they go where the environment says.
//!
//! - `--bodies DIR` writes every body that arrives, inflated, to `DIR/0001.json` and so on.
//! - `--model NAME`, `--provider NAME`: who spoke in chat logs, which do not say; `gpt-4o` and `openai` if not given.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "an example shows what it does")]

mod options;

use std::error::Error;
use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;
use std::{env, fs};

use bento_local::replay::{self, Sender};
use bento_local::{Config, Server};
use options::Options;

fn main() -> ExitCode {
    match send() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Whether every file was replayed and every span arrived.
fn send() -> Result<bool, Box<dyn Error>> {
    let options = Options::parse(env::args_os().skip(1))?;
    let remote = env::var("BENTOLABS_API_KEY").is_ok_and(|key| !key.trim().is_empty());
    if remote && options.bodies.is_some() {
        return Err("--bodies shows what the local backend receives: unset BENTOLABS_API_KEY".into());
    }
    let local = if remote { None } else { Some(Server::start(config(options.bodies.as_deref())?)?) };
    let _bento = match &local {
        Some(server) => bento::builder().api_key("bl_pk_local").base_url(server.url()).init()?,
        None => bento::init()?,
    };

    let started = Instant::now();
    let mut sender = Sender::default();
    let mut runs = 0;
    let mut unreadable = 0;
    for path in &options.files {
        match replay::read(path, &options.speaker) {
            Ok(recordings) => {
                runs += recordings.len();
                recordings.iter().try_for_each(|recording| recording.replay(&mut sender))?;
            }
            Err(error) => {
                unreadable += 1;
                eprintln!("{}: {error}", path.display());
            }
        }
    }
    sender.flush()?;
    let arrived = report(runs, &sender, local.as_ref(), started);
    Ok(arrived && unreadable == 0)
}

fn config(bodies: Option<&Path>) -> Result<Config, Box<dyn Error>> {
    let Some(folder) = bodies.map(Path::to_owned) else { return Ok(Config::default()) };
    fs::create_dir_all(&folder)?;
    let number = AtomicU32::new(1);
    Ok(Config::default().on_body(move |body| {
        let file = folder.join(format!("{:04}.json", number.fetch_add(1, Ordering::Relaxed)));
        if let Err(error) = fs::write(&file, body) {
            eprintln!("{}: {error}", file.display());
        }
    }))
}

/// Prints the counts and says whether everything that was sent has arrived.
fn report(runs: usize, sender: &Sender, local: Option<&Server>, started: Instant) -> bool {
    let status = bento::status();
    println!("runs            {runs}");
    println!("spans sent      {} (accepted by the SDK: {})", sender.sent(), status.accepted());
    let received = if let Some(server) = local {
        println!("spans received  {}", server.spans_received());
        println!("bodies          {}", server.bodies_received());
        println!("bytes, gzip     {}", server.bytes_received());
        server.spans_received()
    } else {
        println!("spans delivered {}", status.delivered());
        status.delivered()
    };
    println!("seconds         {:.2}", started.elapsed().as_secs_f64());
    sender.sent() == status.accepted() && sender.sent() == received
}
