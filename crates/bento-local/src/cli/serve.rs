//! `bento serve`: the backend, until it is told to stop.

use std::io::{self, IsTerminal as _, Write as _};
use std::net::{AddrParseError, IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use bytesize::ByteSize;
use clap::Args;
use etcetera::BaseStrategy as _;
use tokio::time::MissedTickBehavior;

use super::error::CliError;
use super::output;
use crate::{Config, Run, Server};

/// How long a run must be quiet before it is printed.
const QUIET: Duration = Duration::from_secs(1);

/// How often quiet runs are looked for.
const TICK: Duration = Duration::from_millis(200);

/// What a limit has to leave room for: less is a unit that was forgotten.
const LEAST: ByteSize = ByteSize::mb(1);

/// What is shorter than any step of an agent makes every run unfinished.
const LEAST_TIME: Duration = Duration::from_secs(1);

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

const KEY: &str = "BENTO_SERVE_KEY";

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  bento serve                                  # http://127.0.0.1:8080, runs in a file of yours
  bento serve --memory --port 0                # a free port, nothing kept
  bento serve --keep-days 30 --max-size 10GB   # what is older or too much goes, oldest first
  bento serve --unfinished-after 1h            # agents that think for long
  BENTO_SERVE_KEY=bl_pk_… bento serve --host 0.0.0.0

The key is read from the variable BENTO_SERVE_KEY or from --key-file.
Once there is one, sending and reading want it.")]
pub(super) struct Serve {
    /// The address to listen on; beyond this machine only with a key
    #[arg(long, default_value = "127.0.0.1", value_parser = host)]
    host: IpAddr,
    /// The port to listen on; 0 takes a free one
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// The file that keeps the runs; made if it is not there [default: bento/bento.db where your programs keep data]
    #[arg(long, value_name = "PATH")]
    db: Option<PathBuf>,
    /// Keep runs in memory only, until the server stops
    #[arg(long, conflicts_with = "db")]
    memory: bool,
    /// Let runs go that many days after they started
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..))]
    keep_days: Option<u32>,
    /// Let the oldest runs go while all of them take more, such as 500MB [default: 10GiB in a file, 256MiB in memory]
    #[arg(long, value_name = "SIZE", value_parser = size)]
    max_size: Option<ByteSize>,
    /// A run counts as unfinished when its root has not ended and nothing came of it for so long [default: 5m]
    #[arg(long, value_name = "TIME", value_parser = time)]
    unfinished_after: Option<Duration>,
    /// What tokens cost, instead of the list that comes along
    #[arg(long, value_name = "FILE")]
    prices: Option<PathBuf>,
    /// A file that holds the key, `bl_pk_…`
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
    /// Print each run as a tree once it goes quiet, as is done on a terminal
    #[arg(long)]
    print_runs: bool,
}

impl Serve {
    pub(super) fn run(self) -> Result<ExitCode, CliError> {
        let key = self.key()?;
        if !self.host.is_loopback() && key.is_none() {
            return Err(CliError::Usage(format!(
                "{} can be reached from other machines, which needs a key: set {KEY}, or give --key-file",
                self.host
            )));
        }
        let database = if self.memory { None } else { Some(self.database()?) };
        let has_key = key.is_some();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            // Before anything is said: who reads where it listens may already want it to stop.
            let stop = Stop::listen()?;
            let server = Server::start(self.config(database.as_deref(), key))?;
            self.greet(&server, database.as_deref(), has_key)?;
            let prints = self.print_runs || io::stdout().is_terminal();
            until_stopped(&server, stop, prints).await?;
            server.stop();
            Ok::<_, CliError>(())
        })?;
        Ok(ExitCode::SUCCESS)
    }

    fn config(&self, database: Option<&Path>, key: Option<String>) -> Config {
        let mut config = Config::default().host(self.host).port(self.port);
        if let Some(file) = database {
            config = config.database(file);
        }
        if let Some(key) = key {
            config = config.key(key);
        }
        if let Some(days) = self.keep_days {
            config = config.keep(DAY * days);
        }
        if let Some(size) = self.max_size {
            config = config.max_bytes(size.as_u64());
        }
        if let Some(quiet) = self.unfinished_after {
            config = config.unfinished_after(quiet);
        }
        if let Some(file) = &self.prices {
            config = config.prices(file);
        }
        config
    }

    /// The file asked for, or the user's own, whose folder is made.
    fn database(&self) -> Result<PathBuf, CliError> {
        if let Some(path) = &self.db {
            return Ok(path.clone());
        }
        let home = etcetera::choose_base_strategy().map_err(|_| {
            CliError::Usage(
                "you have no home directory to keep runs in: give --db PATH or --memory".to_owned(),
            )
        })?;
        let folder = home.data_dir().join("bento");
        std::fs::create_dir_all(&folder).map_err(|error| at(&folder, &error))?;
        Ok(folder.join("bento.db"))
    }

    /// The key that others have to show, checked as the SDK does. It is never repeated.
    fn key(&self) -> Result<Option<String>, CliError> {
        let (key, origin) = match &self.key_file {
            Some(path) => {
                let key = std::fs::read_to_string(path).map_err(|error| at(path, &error))?;
                (key, path.display().to_string())
            }
            None => (std::env::var(KEY).unwrap_or_default(), KEY.to_owned()),
        };
        let key = key.trim();
        if key.is_empty() {
            return match self.key_file {
                None => Ok(None),
                Some(_) => Err(CliError::Usage(format!("{origin}: there is no key in it"))),
            };
        }
        let checked = bento::builder().api_key(key).base_url(super::remote::LOCAL).resolve_options();
        match checked {
            Ok(_) => Ok(Some(key.to_owned())),
            Err(error) => Err(CliError::Usage(format!("{origin}: {error}"))),
        }
    }

    fn greet(&self, server: &Server, database: Option<&Path>, has_key: bool) -> io::Result<()> {
        let mut out = io::stdout().lock();
        writeln!(out, "bento listens on {}; Ctrl-C stops it.", server.url())?;
        match database {
            Some(path) => writeln!(out, "Runs are kept in {}.", path.display())?,
            None => writeln!(out, "Runs are kept in memory, until it stops.")?,
        }
        if let Some(days) = self.keep_days {
            writeln!(out, "A run goes {days} days after it started.")?;
        }
        if let Some(size) = self.max_size {
            writeln!(out, "The oldest runs go while all of them take more than {}.", size.display().si())?;
        }
        let key = if has_key { "(the key it was given)" } else { "bl_pk_local" };
        let here = here(server.addr());
        writeln!(out, "\nSee the runs at http://{here}/, or on a terminal with `bento watch`.")?;
        writeln!(out, "\nPoint an SDK at it:\n")?;
        writeln!(out, "  BENTOLABS_BASE_URL=http://{here}\n  BENTOLABS_API_KEY={key}\n")?;
        if self.host.is_unspecified() {
            let this = here.ip();
            writeln!(out, "On other machines, this one's name or address takes the place of {this}.\n")?;
        }
        out.flush()?;
        if !self.host.is_loopback() {
            writeln!(
                io::stderr(),
                "bento: warning: other machines can reach {}, and what they send and read is not encrypted; \
                 whoever has the key sees every run",
                server.url()
            )?;
        }
        Ok(())
    }
}

/// Waits for the signal, and prints what settles meanwhile.
async fn until_stopped(server: &Server, mut stop: Stop, prints: bool) -> io::Result<()> {
    let mut tick = tokio::time::interval(TICK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.wait() => break,
            _ = tick.tick(), if prints => server.take_settled(QUIET).iter().try_for_each(print)?,
        }
    }
    if prints {
        // What came in last has had no time to go quiet.
        server.take_settled(Duration::ZERO).iter().try_for_each(print)?;
    }
    Ok(())
}

/// Ctrl-C, or the system's wish that the program ends. It is listened for from the moment this is made.
#[cfg(unix)]
pub(super) struct Stop {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Stop {
    pub(super) fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    pub(super) async fn wait(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

/// Ctrl-C. It is listened for from the moment this is made.
#[cfg(windows)]
pub(super) struct Stop(tokio::signal::windows::CtrlC);

#[cfg(windows)]
impl Stop {
    pub(super) fn listen() -> io::Result<Self> {
        tokio::signal::windows::ctrl_c().map(Self)
    }

    pub(super) async fn wait(&mut self) {
        self.0.recv().await;
    }
}

fn print(run: &Run) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{}\n", run.tree().color(output::color()))?;
    out.flush()
}

fn at(path: &Path, error: &io::Error) -> CliError {
    io::Error::new(error.kind(), format!("{}: {error}", path.display())).into()
}

/// Where this machine finds a server: one that listens on every address is on none of that name.
fn here(mut listens: SocketAddr) -> SocketAddr {
    match listens.ip() {
        IpAddr::V4(any) if any.is_unspecified() => listens.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(any) if any.is_unspecified() => listens.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    listens
}

/// A size with its unit. A bare number would be bytes, and nearly every run too much.
fn size(text: &str) -> Result<ByteSize, String> {
    let size: ByteSize = text.parse()?;
    if text.ends_with(|last: char| last.is_ascii_digit()) {
        Err("it has no unit: write 10GB, or 500MB".to_owned())
    } else if size < LEAST {
        Err(format!("it is less than {LEAST}, which leaves nothing"))
    } else {
        Ok(size)
    }
}

/// A time with its unit, such as `90s`, `5m` or `1h 30m`.
fn time(text: &str) -> Result<Duration, String> {
    let time: jiff::SignedDuration =
        text.parse().map_err(|_| "it is no time with a unit: write 90s, 5m, or 1h".to_owned())?;
    Duration::try_from(time)
        .ok()
        .filter(|time| *time >= LEAST_TIME)
        .ok_or_else(|| format!("it is less than {} s", LEAST_TIME.as_secs()))
}

fn host(text: &str) -> Result<IpAddr, AddrParseError> {
    if text == "localhost" { Ok(Ipv4Addr::LOCALHOST.into()) } else { text.parse() }
}
