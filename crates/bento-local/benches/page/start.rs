//! How long `bento serve` takes until it listens.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::time::Instant;

use crate::figures::Figures;

pub(crate) fn measure() {
    let folder = tempfile::tempdir().unwrap();
    let mut figures = Figures::default();
    for number in 0..11 {
        let started = Instant::now();
        let mut server = Command::new(env!("CARGO_BIN_EXE_bento"))
            .args(["serve", "--port", "0", "--db"])
            .arg(folder.path().join(format!("{number}.db")))
            .env_clear()
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        // It says where it listens once it does.
        let mut lines = BufReader::new(server.stdout.take().unwrap()).lines();
        let listens = lines.any(|line| line.unwrap().contains("BENTOLABS_BASE_URL="));
        let took = started.elapsed();
        server.kill().unwrap();
        server.wait().unwrap();
        assert!(listens);
        figures.push(took.as_secs_f64() * 1e3);
    }
    figures.row("`bento serve` to where it listens, a new database", "ms", "1000");
}
