//! Builds a package of this workspace, alone, beside this program.

use std::env;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, ensure};

pub(crate) const WORKSPACE: &str = env!("CARGO_MANIFEST_DIR");

/// Where this program was built, and builds the others: `target/release` of whichever target directory.
pub(crate) fn folder() -> anyhow::Result<PathBuf> {
    let own = env::current_exe()?;
    Ok(own.parent().context("this program lies in no folder")?.to_owned())
}

/// Cargo, without what the run of this program has put into its environment: some build scripts would run again.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new("cargo");
    let inherited = env::vars_os().map(|(name, _)| name);
    let own = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "LD_LIBRARY_PATH"];
    for name in inherited.filter(|name| own.iter().any(|own| name.to_string_lossy().starts_with(own))) {
        command.env_remove(name);
    }
    command.current_dir(WORKSPACE);
    command
}

/// Builds one package for release.
pub(crate) fn package(name: &str) -> anyhow::Result<PathBuf> {
    let folder = folder()?;
    let target = folder.parent().context("this program lies in no target directory")?;
    let status = cargo()
        .args(["build", "--quiet", "--release", "--package", name, "--target-dir"])
        .arg(target)
        .status()?;
    ensure!(status.success(), "`{name}` does not build");
    Ok(folder.join(name))
}
