//! What the SDK adds to a program that has nothing else: `cargo bench --bench footprint`.
//!
//! It builds `measured/hello.rs` as a package of its own, with the versions of this repository's lock file, once for
//! each set of features into an empty directory, and then runs it. Linux tells it the time, memory and threads.

#![expect(clippy::print_stdout, reason = "a benchmark reports")]

use std::collections::BTreeSet;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

mod measured {
    pub(crate) mod quantile;
    pub(crate) mod sink;
}
use measured::quantile::quantile;
use measured::sink::{self, Sink};

/// What is built, and with which features of the SDK; without any SDK where there are none to name.
const BUILDS: [(&str, Option<&[&str]>); 4] = [
    ("no SDK", None),
    ("SDK, no features", Some(&[])),
    ("SDK, `tls`", Some(&["tls"])),
    ("SDK, default features", Some(&["tls", "otel"])),
];
const PROCESSES: u64 = 50;
/// Ticks a second of the times in `/proc`, on every Linux there is.
const TICKS: f64 = 100.0;

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

fn main() -> Outcome {
    if sink::is_sink() {
        return Ok(());
    }
    if !Path::new("/proc/self/stat").exists() {
        println!("footprint: measured on Linux only");
        return Ok(());
    }
    println!(
        "| hello world with | crates | build, CPU s | stripped, KiB | cold p50, ms | cold p99, ms | threads | resident, KiB | by `init`, KiB |"
    );
    println!("|---|---:|---:|---:|---:|---:|---:|---:|---:|");
    for (name, features) in BUILDS {
        let package = Package::write(features)?;
        let crates = package.crates()?;
        let (program, cpu) = package.build()?;
        let size = fs::metadata(&program)?.len() / 1024;
        print!("| {name} | {crates} | {cpu:.1} | {size} |");
        let running = if features.is_some() { run(&program)? } else { idle(&program)? };
        println!(" {running} |");
    }
    Ok(())
}

/// A package on disk, with nothing built.
struct Package {
    directory: PathBuf,
}

impl Package {
    fn write(features: Option<&[&str]>) -> Outcome<Self> {
        let root = env!("CARGO_MANIFEST_DIR");
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("footprint");
        if directory.exists() {
            fs::remove_dir_all(&directory)?;
        }
        fs::create_dir_all(directory.join("src"))?;
        let mut manifest = String::from(
            "[package]\nname = \"hello\"\nedition = \"2024\"\n\n[workspace]\n\n[profile.release]\nstrip = true\n",
        );
        let mut program = "fn main() {}\n";
        if let Some(features) = features {
            let sdk = format!("{{ path = {root:?}, default-features = false, features = {features:?} }}");
            manifest.extend(["\n[dependencies]\nbentolabs-sdk = ", &sdk, "\n"]);
            program = include_str!("measured/hello.rs");
            fs::copy(Path::new(root).join("Cargo.lock"), directory.join("Cargo.lock"))?;
        }
        fs::write(directory.join("Cargo.toml"), manifest)?;
        fs::write(directory.join("src/main.rs"), program)?;
        Ok(Self { directory })
    }

    fn cargo(&self) -> Command {
        let mut command = Command::new(env!("CARGO"));
        command.current_dir(&self.directory).env_remove("CARGO_TARGET_DIR").stderr(Stdio::inherit());
        command
    }

    /// Crates that come with it, itself not counted.
    fn crates(&self) -> Outcome<usize> {
        let tree =
            self.cargo().args(["tree", "--quiet", "--edges", "normal", "--prefix", "none"]).output()?;
        let tree = String::from_utf8(tree.stdout)?;
        let crates: BTreeSet<&str> = tree.lines().map(|line| line.trim_end_matches(" (*)")).collect();
        Ok(crates.len() - 1)
    }

    /// The program, and the processor time that went into it.
    fn build(&self) -> Outcome<(PathBuf, f64)> {
        let before = children_time()?;
        let status = self.cargo().args(["build", "--quiet", "--release"]).status()?;
        assert!(status.success(), "it does not build");
        Ok((self.directory.join("target/release/hello"), children_time()? - before))
    }
}

/// What processes that this one has waited for, and theirs, have taken of a processor, in seconds.
fn children_time() -> Outcome<f64> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    // The name of the program, in parentheses, may have blanks in it.
    let (_, fields) = stat.rsplit_once(')').ok_or("no statistics")?;
    let ticks =
        fields.split_whitespace().skip(13).take(2).map(str::parse).collect::<Result<Vec<f64>, _>>()?;
    Ok(ticks.iter().sum::<f64>() / TICKS)
}

fn idle(program: &Path) -> Outcome<String> {
    let times = cold(&mut Command::new(program))?;
    Ok(format!("{times} | – | – | –"))
}

fn run(program: &Path) -> Outcome<String> {
    let mut sink = Sink::start()?;
    let mut command = Command::new(program);
    command.env("BENTOLABS_API_KEY", "bl_pk_bench").env("BENTOLABS_BASE_URL", sink.url());
    let times = cold(&mut command)?;
    assert_eq!(sink.arrived()?.spans, PROCESSES, "not all spans have arrived");
    let figures = String::from_utf8(command.arg("figures").output()?.stdout)?;
    let figures = figures.split_whitespace().map(str::parse).collect::<Result<Vec<u64>, _>>()?;
    let [before, after, threads] = *figures else { return Err("hello says nothing".into()) };
    Ok(format!("{times} | {threads} | {after} | {}", after - before))
}

/// From the start of a process to its end, in milliseconds.
fn cold(command: &mut Command) -> Outcome<String> {
    let mut times = Vec::new();
    for _ in 0..PROCESSES {
        let start = Instant::now();
        assert!(command.status()?.success(), "hello failed");
        times.push(start.elapsed().as_secs_f64() * 1e3);
    }
    Ok(format!("{:.2} | {:.2}", quantile(&times, 0.5), quantile(&times, 0.99)))
}
