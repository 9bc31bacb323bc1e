//! The one door for fuzzing: each function takes any bytes, feeds a parser or the encoder with them, and asserts what
//! must hold whatever they are. It exists in tests and under `cargo fuzz` only.

mod answer;
mod any;
mod credential;
#[cfg(test)]
mod properties;
mod reader;
mod value;

pub use answer::{answer, retry_after};
pub use credential::{api_key, base_url};
pub use value::{truncation, value};

/// What a target does with an input.
pub type Check = fn(&[u8]);

/// Every target with its name, which is that of its corpus too.
pub const TARGETS: [(&str, Check); 6] = [
    ("answer", answer),
    ("api_key", api_key),
    ("base_url", base_url),
    ("retry_after", retry_after),
    ("truncation", truncation),
    ("value", value),
];

/// Bytes that are read from the front; past their end there are zeros.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take(&mut self, count: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(count.min(self.0.len()));
        self.0 = rest;
        taken
    }

    fn array<const N: usize>(&mut self) -> [u8; N] {
        let mut array = [0; N];
        let taken = self.take(N);
        array[..taken.len()].copy_from_slice(taken);
        array
    }

    fn byte(&mut self) -> u8 {
        let [byte] = self.array();
        byte
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn rest(self) -> String {
        String::from_utf8_lossy(self.0).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io;
    use std::path::Path;

    use super::*;

    #[test]
    #[cfg_attr(miri, ignore = "it reads the corpus from the disk")]
    fn the_committed_corpus_holds() -> io::Result<()> {
        let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz");
        if !fuzz.exists() {
            #[expect(clippy::print_stderr, reason = "a test that skips says so")]
            {
                eprintln!("skipped: the packaged crate has no corpus");
            }
            return Ok(());
        }
        for (target, check) in TARGETS {
            let inputs = fs::read_dir(fuzz.join("corpus").join(target))?;
            let inputs = inputs.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
            assert!(!inputs.is_empty(), "{target} has no corpus");
            for input in inputs {
                check(&fs::read(input)?);
            }
        }
        Ok(())
    }
}
