//! The commands of `bento`.

use std::io::{self, IsTerminal as _, Write as _};
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use bento_local::client::{self, FetchError};
use bento_local::{Config, Run, Server, StartError};
use clap::{Parser, Subcommand};
use tokio::time::MissedTickBehavior;

/// How long a run must be quiet before it is printed.
const QUIET: Duration = Duration::from_secs(1);

/// How often quiet runs are looked for.
const TICK: Duration = Duration::from_millis(200);

/// See what your AI agents did, with no account and no network.
#[derive(Debug, Parser)]
#[command(name = "bento", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Receive traces and print each run as a tree once it goes quiet
    Serve {
        /// The port to listen on; 0 takes a free one
        #[arg(long, default_value_t = 8080)]
        port: u16,
        /// The loopback address to listen on
        #[arg(long, default_value = "127.0.0.1", value_parser = host)]
        host: IpAddr,
    },
    /// Print one run from a running server
    Show {
        /// The run's trace id, 32 hex digits
        trace_id: String,
        /// Where the server is
        #[arg(long, default_value = "http://127.0.0.1:8080")]
        base_url: String,
    },
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum CliError {
    #[error(transparent)]
    Start(#[from] StartError),
    #[error(transparent)]
    Fetch(#[from] FetchError),
    #[error(transparent)]
    System(#[from] io::Error),
}

pub(crate) fn run() -> Result<(), CliError> {
    let done = match Arguments::parse().command {
        Command::Serve { port, host } => serve(Config::default().host(host).port(port)),
        Command::Show { trace_id, base_url } => show(&base_url, &trace_id),
    };
    match done {
        // Whoever read our output has seen enough (`bento serve | head`).
        Err(CliError::System(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

fn serve(config: Config) -> Result<(), CliError> {
    let server = Server::start(config)?;
    let mut out = io::stdout();
    writeln!(out, "bento listens on {}; Ctrl-C stops it. Runs are kept in memory.\n", server.url())?;
    writeln!(out, "Point an SDK at it:\n")?;
    writeln!(out, "  BENTOLABS_BASE_URL={}\n  BENTOLABS_API_KEY=bl_pk_local\n", server.url())?;
    out.flush()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let interrupted = tokio::signal::ctrl_c();
        tokio::pin!(interrupted);
        loop {
            tokio::select! {
                interrupted = &mut interrupted => break interrupted,
                _ = tick.tick() => server.take_settled(QUIET).iter().try_for_each(print)?,
            }
        }
    })?;
    // What came in last has had no time to go quiet.
    server.take_settled(Duration::ZERO).iter().try_for_each(print)?;
    server.stop();
    Ok(())
}

fn show(base_url: &str, trace_id: &str) -> Result<(), CliError> {
    let run = client::fetch_run(base_url, trace_id)?;
    print(&run)?;
    Ok(())
}

fn print(run: &Run) -> io::Result<()> {
    let mut out = io::stdout().lock();
    let color = out.is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    writeln!(out, "{}\n", run.tree().color(color))?;
    out.flush()
}

fn host(text: &str) -> Result<IpAddr, std::net::AddrParseError> {
    if text == "localhost" { Ok(Ipv4Addr::LOCALHOST.into()) } else { text.parse() }
}
