//! W9: what a program pays for having a contender in, told by Cargo, the file system and the kernel.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, ensure};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;

use crate::compile;
use crate::contest::{Found, Showing, progress};
use crate::process::Sink;
use crate::sink::Behaviour;

/// A hello-world as its users would build it.
#[derive(Debug)]
struct Build {
    name: &'static str,
    package: &'static str,
    features: &'static [&'static str],
    variant: &'static str,
}

const BUILDS: &[Build] = &[
    Build { name: "bento", package: "hello-bento", features: &[], variant: "-" },
    Build {
        name: "bento-tls",
        package: "hello-bento",
        features: &["--no-default-features", "--features", "tls"],
        variant: "-",
    },
    Build { name: "otel", package: "hello-otel", features: &[], variant: "json" },
    Build { name: "otel-tls", package: "hello-otel", features: &["--features", "tls"], variant: "json" },
    Build { name: "fastrace", package: "hello-fastrace", features: &[], variant: "-" },
    Build { name: "logfire", package: "hello-logfire", features: &[], variant: "-" },
    Build { name: "sentry", package: "hello-sentry", features: &[], variant: "-" },
];

pub(crate) const NAMES: [&str; 7] =
    ["bento", "bento-tls", "otel", "otel-tls", "fastrace", "logfire", "sentry"];

/// Builds each from nothing, in a folder of its own that is removed again.
pub(crate) fn measure(names: &[String]) -> anyhow::Result<Found> {
    let mut found = Found::new();
    for build in BUILDS {
        if names.is_empty() || names.iter().any(|name| name == build.name) {
            progress(&format!("w9: {}", build.name));
            let figures = footprint(build).with_context(|| format!("the footprint of {}", build.name))?;
            found.push((build.name.to_owned(), Showing { figures, ..Showing::default() }));
        }
    }
    progress("");
    Ok(found)
}

fn footprint(build: &Build) -> anyhow::Result<BTreeMap<String, f64>> {
    let folder = std::env::temp_dir().join(format!("rivals-{}-{}", build.name, std::process::id()));
    let measured = compiled(build, &folder);
    fs::remove_dir_all(&folder).ok();
    measured
}

fn compiled(build: &Build, folder: &Path) -> anyhow::Result<BTreeMap<String, f64>> {
    let before = children_cpu()?;
    let status = compile::cargo()
        .args(["build", "--quiet", "--release", "--package", build.package])
        .args(build.features)
        .arg("--target-dir")
        .arg(folder)
        .status()?;
    ensure!(status.success(), "it does not build");
    let cpu = children_cpu()? - before;
    let program = folder.join("release").join(build.package);
    ensure!(Command::new("strip").arg(&program).status()?.success(), "it cannot be stripped");
    let (before, resident, threads) = at_rest(build, &program)?;
    Ok([
        ("crates", crates(build)?),
        ("stripped", fs::metadata(&program)?.len() as f64 / 1e6),
        ("build", cpu),
        ("threads", threads),
        ("resident", resident / 1024.0),
        ("grown", (resident - before) / 1024.0),
    ]
    .map(|(key, value)| (key.to_owned(), value))
    .into())
}

/// What its users get with it: normal dependencies, without the program itself.
fn crates(build: &Build) -> anyhow::Result<f64> {
    let output = compile::cargo()
        .args(["tree", "--edges", "normal", "--prefix", "none", "--package", build.package])
        .args(build.features)
        .stderr(Stdio::inherit())
        .output()?;
    ensure!(output.status.success(), "it has no tree");
    let tree = String::from_utf8_lossy(&output.stdout);
    let packages: BTreeSet<_> =
        tree.lines().map(|line| line.trim_end_matches(" (*)").trim_end_matches(" (proc-macro)")).collect();
    Ok(packages.len() as f64 - 1.0)
}

/// Resident kilobytes before and after its init, and its threads then.
fn at_rest(build: &Build, program: &Path) -> anyhow::Result<(f64, f64, f64)> {
    let sink = Sink::start(Behaviour::Well)?;
    let output = Command::new(program).args([&sink.url(), build.variant, "look"]).output()?;
    ensure!(output.status.success(), "it fails");
    let line = String::from_utf8_lossy(&output.stdout).into_owned();
    let numbers: Vec<f64> = line.split_whitespace().map(str::parse).collect::<Result<_, _>>()?;
    let [before, resident, threads] = numbers.as_slice() else { anyhow::bail!("it said `{line}`") };
    Ok((*before, *resident, *threads))
}

/// Processor seconds of the processes that were waited for, and theirs: user and kernel.
fn children_cpu() -> anyhow::Result<f64> {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    Ok((usage.user_time().num_microseconds() + usage.system_time().num_microseconds()) as f64 / 1e6)
}
